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

from make_catalog import TOOLS, WIKIDATA_2019, Lists, home

from kgraph.link.kinds import is_place, kind_of

OUT = TOOLS.parent / "src" / "kgraph" / "link" / "things.csv"
COLUMNS = ("wikidata", "dbpedia", "label", "aliases", "kind", "description", "url", "source")
ALIASES = 6


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
        if is_place(description):
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
