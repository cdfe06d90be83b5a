"""Makes `src/kgraph/link/things.csv`: known things with their Wikidata ids, which the shipped authority is built from.

    python tools/make_authority.py [--cache FOLDER] [--shared ../shared]

It takes the entries of three lists at the versions in `catalog-sources.toml`: brands and operators of the name suggestion
index, the well-known entities of the Wikidata selection of 2019, and the people of the table of confirmed ids. An entry is
taken where its description says what kind of thing it is; what has none, or one that fits no kind of kgraph's, is left out.
The same versions give the same bytes. What the catalog's own tables say is not repeated here: kgraph joins both when it
makes the authority.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterator
from pathlib import Path

from make_catalog import TOOLS, WIKIDATA_2019, Lists, fits, home, words_of

OUT = TOOLS.parent / "src" / "kgraph" / "link" / "things.csv"
COLUMNS = ("wikidata", "dbpedia", "label", "aliases", "kind", "description", "url", "source")
ALIASES = 6

YEARS = re.compile(r"\((?:born |b\. )?\d{4}(?:[–-](?:\d{4})?)?\)|\bborn (?:in )?\d{4}\b")
CALLING = words_of(
    "actor", "actress", "singer", "songwriter", "musician", "guitarist", "drummer", "bassist", "pianist", "violinist",
    "rapper", "composer", "conductor", "producer", "director", "filmmaker", "screenwriter", "cinematographer", "film editor",
    "comedian", "comic", "model", "writer", "author", "novelist", "poet", "playwright", "essayist", "journalist", "columnist",
    "critic", "cartoonist", "politician", "statesman", "diplomat", "lawyer", "jurist", "judge", "president of",
    "prime minister of", "king of", "queen of", "emperor", "monarch", "philosopher", "theologian", "historian", "economist",
    "sociologist", "psychologist", "physicist", "chemist", "mathematician", "astronomer", "biologist", "naturalist",
    "scientist", "engineer", "inventor", "architect", "painter", "sculptor", "artist", "photographer", "designer",
    "choreographer", "dancer", "businessman", "businesswoman", "entrepreneur", "activist", "trade unionist", "revolutionary",
    "footballer", "(football|basketball|baseball|hockey|tennis|soccer|cricket|rugby) player", "athlete", "boxer", "wrestler",
    "sportsperson", "coach", "explorer", "general", "admiral", "saint", "pope", "presenter", "television personality",
    "voice artist", "lyricist", "record producer", "disc jockey", "DJ", "puppeteer", "animator", "makeup artist", "executive",
    "performer", "entertainer",
)  # fmt: skip
NOBODY = words_of(
    "film", "films", "album", "song", "single", "novel", "book", "series", "sitcom", "band", "duo", "group", "award", "genre",
    "character", "fictional", "occupation", "profession", "person who", "someone", "musical", "play", "label", "company",
    "corporation", "magazine", "newspaper", "list", "episode", "game", "school", "college", "university", "ceremony",
    "festival", "studio", "instrument", "family", "organi[sz]ation", "city", "person that", "title", "term", "role", "people",
    "office", "position",
)  # fmt: skip
WORK = words_of(
    "film", "films", "movie", "album", "song", "novel", "book",
    "(television|TV|drama|comedy|animated|sitcom|cartoon|web) series", "sitcom",
    "(television|TV|radio) (show|program|programme|drama|miniseries)", "miniseries", "video game", "stage play", "play by",
    "opera", "musical", "poem", "short story", "painting", "trilogy", "film series", "comic strip", "comic book",
)  # fmt: skip
NO_WORK = words_of(
    "genre", "award", "awards", "character", "company", "studio", "person", "actor", "actress", "director", "band",
    "festival", "type of", "form of", "label", "franchise", "channel", "network", "publisher", "term", "technique", "process",
    "style", "industry",
)  # fmt: skip
PLACE = words_of(
    "city", "town", "village", "capital", "commune", "municipality", "county", "borough", "district", "suburb",
    "neighbou?rhood", "state (of|in)", "U\\.S\\. state", "province", "region", "country", "island", "archipelago", "river",
    "lake", "mountain", "sea", "ocean", "peninsula", "territory", "continent", "sovereign state", "republic", "kingdom",
    "metropolitan area", "department (of|in)", "prefecture", "parish", "canton", "voivodeship", "oblast", "ward of",
    "area (of|in)", "shire", "bay", "desert", "constituent country",
)  # fmt: skip
NO_PLACE = words_of(
    "club", "team", "university", "college", "company", "airport", "station", "award", "politician", "person", "actor",
    "film", "album", "people", "language", "band", "party", "newspaper", "school", "army", "dynasty", "war", "treaty",
    "chain", "bank", "network", "museum", "former", "historical", "fictional", "operator", "retailer", "type of", "kind of",
    "president of", "king of", "championship", "railway", "government", "institution", "governor", "mayor", "member",
    "constituency", "electoral", "organi[sz]ation", "agency", "transit", "authority", "service", "utility", "festival",
)  # fmt: skip
EVENT = words_of(
    "war", "battle", "revolution", "(Summer|Winter) Olympics", "Olympic Games", "multi-sport event", "world's fair",
    "conflict", "(football|sports|music|film|arts) (tournament|festival)", "annual (conference|festival)", "attacks",
    "earthquake", "hurricane",
)  # fmt: skip
NO_EVENT = words_of(
    "film", "album", "novel", "series", "award", "general", "politician", "veteran", "department", "ministry", "type of",
    "act of",
)  # fmt: skip


BY = re.compile(r"\b(?:by|of|about|starring|from|with|for)\b.*", re.IGNORECASE)
OFFICE = re.compile(r"\b(?:of the|of [A-Z]\w+)\b")


def kind_of(label: str, description: str) -> str | None:
    """What kind of thing a Wikidata description speaks of; None where it fits none or several."""
    if not description or not (label[0].isupper() or label[0].isdigit() or any(c.isupper() for c in label)):
        return None
    for kind in ("platform", "technology", "organization"):
        if fits(kind, description) is not None:
            return kind
    kinds = set()
    called = CALLING.search(description) or YEARS.search(description)
    if called and not NOBODY.search(description) and " " in label and not OFFICE.search(label):
        kinds.add("person")
    if WORK.search(description) and not NO_WORK.search(description) and not CALLING.search(BY.sub("", description)):
        kinds.add("work")
    if PLACE.search(description) and not NO_PLACE.search(description):
        kinds.add("place")
    if EVENT.search(description) and not NO_EVENT.search(description) and not WORK.search(description):
        kinds.add("event")
    return kinds.pop() if len(kinds) == 1 else None


def plain(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f|\ufeff]", " ", text).replace("''", "").split())


def of_wikidata(lists: Lists) -> Iterator[dict[str, str]]:
    for item in lists.wikidata():
        label, description = plain(item["label"]), plain(item["description"])
        kind = kind_of(label, description) if label else None
        if kind is None or not item["wikipedia"]:
            continue
        aliases = dict.fromkeys(plain(alias) for alias in item["aliases"].split("|"))
        yield {
            "wikidata": item["wikidata"],
            "dbpedia": "",
            "label": label,
            "aliases": "|".join([alias for alias in aliases if is_alias(alias, label)][:ALIASES]),
            "kind": kind,
            "description": description,
            "url": "",
            "source": " ".join(WIKIDATA_2019[:2]),
        }


_LATIN_NAME = re.compile(r"[\w .,'’&!+()/-]+")


def is_alias(alias: str, label: str) -> bool:
    """Whether it can stand for the name in an English text: Latin letters, a capital, more than two of them."""
    if alias == label or len(alias) < 3 or not any(c.isupper() for c in alias):
        return False
    return _LATIN_NAME.fullmatch(alias) is not None and max(alias) < "\u0250"


def of_brands(lists: Lists) -> Iterator[dict[str, str]]:
    """Every brand and every operator with an id; the index says that they are companies or institutions."""
    known = lists.json("name-suggestion-index", "package/dist/wikidata/wikidata.min.json")["wikidata"]
    names = dict[str, dict[str, None]]()
    for path, group in lists.json("name-suggestion-index", "package/dist/json/nsi.min.json")["nsi"].items():
        tag = {"brands": "brand", "operators": "operator"}.get(path.split("/")[0])
        for item in group["items"] if tag else ():
            if (name := item["tags"].get(tag)) and (id := item["tags"].get(f"{tag}:wikidata")) in known:
                names.setdefault(id, {})[plain(name)] = None
    source = " ".join(lists.source("name-suggestion-index")[:2])
    for id, called in names.items():
        label, description = plain(known[id].get("label") or next(iter(called))), plain(known[id].get("description", ""))
        if PLACE.search(description) and not NO_PLACE.search(description):
            continue  # a town that runs its own waterworks is the town
        if re.search(r"school district|multi academy trust", description):
            continue
        yield {
            "wikidata": id,
            "dbpedia": "",
            "label": label,
            "aliases": "|".join([name for name in called if name != label and len(name) > 1][:ALIASES]),
            "kind": "organization",
            "description": description,
            "url": next((u for site in known[id].get("officialWebsites", []) if (u := home(site))), ""),
            "source": source,
        }


def confirmed(lists: Lists) -> Iterator[dict[str, str]]:
    """The people of `verified-ids.tsv`; its platforms and organizations are in the catalog's tables."""
    for fact in lists.confirmed():
        if fact["kind"] == "person":
            yield {
                "wikidata": fact["wikidata"],
                "dbpedia": fact["dbpedia_resource"],
                "label": fact["name"],
                "aliases": "",
                "kind": fact["kind"],
                "description": plain(" ".join(re.findall(r"\((.*)\)", fact["dbpedia_resource"])).replace("_", " ")),
                "url": "",
                "source": " ".join(lists.confirmed_source[:2]),
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=TOOLS.parent / "build-tmp" / "catalog")
    parser.add_argument("--shared", type=Path, default=TOOLS.parent.parent / "shared")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    lists = Lists(options.cache, options.shared)
    rows = dict[str, dict[str, str]]()
    for row in (*of_wikidata(lists), *of_brands(lists), *confirmed(lists)):
        if known := rows.get(row["wikidata"] or row["dbpedia"]):
            known["url"] = known["url"] or row["url"]
            known["dbpedia"] = known["dbpedia"] or row["dbpedia"]
            known["source"] = "|".join(dict.fromkeys([*known["source"].split("|"), row["source"]]))
        else:
            rows[row["wikidata"] or row["dbpedia"]] = row
    with options.out.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(sorted(rows.values(), key=lambda row: (int(row["wikidata"][1:] or 0), row["dbpedia"])))
    print(f"{len(rows)} things in {options.out}")


if __name__ == "__main__":
    main()
