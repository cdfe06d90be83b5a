"""An index of what a snapshot's things are called, in an SQLite file: by word, by prefix, with a slip of the pen.

`python -m kgraph.server.names STORE FOLDER` makes it, from the newest snapshot, and prints the file's path; a process of its
own, so that the server goes on meanwhile. A file is named after its snapshot and never changes.

A thing's *reference* is its IRI without the base (`platform/craigslist`). Of two bases, the one with more documents comes
first, and a reference under both is that one's thing: the server answers by path too. Names are compared in their *form*
(`kgraph.link.authority`), its words parted by spaces.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from kgraph import iris, media
from kgraph.link.authority import form, most_slips
from kgraph.model.annotations import EntityKind
from kgraph.store import Store
from kgraph.store.oxigraph import OxigraphStore

_FORMAT = "1"
_MOST_WORDS = 12
_WEIGHED = 60
"""Spellings that are compared letter by letter for one name; those that share its rarest words."""
_SCANNED = 2_000
_LEAST_LETTERS = 4
_MOST_BASES = 8
_SPELT_NEARLY = 4

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE thing (
    key INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, iri TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    others TEXT, urls TEXT, same_as TEXT, claims INTEGER NOT NULL, documents INTEGER NOT NULL
);
CREATE TABLE also (iri TEXT, thing INTEGER, PRIMARY KEY (iri, thing)) WITHOUT ROWID;
CREATE VIRTUAL TABLE spelling USING fts5(form, thing UNINDEXED, main UNINDEXED, tokenize = 'unicode61 remove_diacritics 0');
CREATE TABLE forwards (length INTEGER, word TEXT, PRIMARY KEY (length, word)) WITHOUT ROWID;
CREATE TABLE backwards (length INTEGER, word TEXT, PRIMARY KEY (length, word)) WITHOUT ROWID;
"""
_WORDS = """
CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, spelling, row);
INSERT INTO forwards SELECT length(term), term FROM temp.vocabulary ORDER BY 1, 2;
"""
_NAMES = "SELECT ?thing ?name WHERE { ?thing <https://schema.org/%s> ?name }"
_CLAIMS = "SELECT ?thing (COUNT(?claim) AS ?claims) WHERE { ?claim <https://schema.org/about> ?thing } GROUP BY ?thing"
_GRAPHS = "SELECT DISTINCT ?graph WHERE { GRAPH ?graph { ?s ?p ?o } }"
_DOCUMENTS = """SELECT ?thing (COUNT(?graph) AS ?documents) WHERE {
  { SELECT DISTINCT ?thing ?graph WHERE { GRAPH ?graph { ?thing <https://schema.org/name> ?name } } }
} GROUP BY ?thing"""
_DOCUMENT = re.compile(r"(?P<base>.*[/#])doc/[^/#]+")
_KINDS = frozenset(EntityKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One entity of the graph: `claims` are about it, `documents` name it."""

    reference: str
    iri: str
    kind: EntityKind
    name: str
    others: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()
    claims: int = 0
    documents: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.others)

    @property
    def description(self) -> str:
        """What tells it from its namesakes, in a line."""
        counted = [f"{self.claims:,} {'claim' if self.claims == 1 else 'claims'}"] if self.claims else []
        counted.append(f"{self.documents:,} {'document' if self.documents == 1 else 'documents'}")
        also = f"; also {', '.join(self.others[:4])}" if self.others else ""
        scope = self.reference.split("/")[1:-1]
        on = f" on {scope[0]}" if scope and self.kind is EntityKind.PERSON else ""
        return f"{self.kind}{on}; {' in '.join(counted)}{also}"


def words(name: str) -> str:
    """A name's form, its words parted by spaces."""
    return form(name).replace("-", " ")


def bare(address: str) -> str:
    """An address or IRI without what makes no difference to people: its scheme, `www.`, its last slash."""
    host, slash, path = (address.partition("://")[2] or address).partition("/")
    return f"{host.casefold().removeprefix('www.')}{slash}{path}".rstrip("/")


def likeness(wanted: str, spelling: str) -> float:
    """How alike two names are, given by their words: 1 for the same, less than 0.8 where one has words that the other lacks."""
    if wanted == spelling:
        return 1.0
    letters = fuzz.ratio(wanted, spelling)
    same_words = 0.98 * fuzz.token_sort_ratio(wanted, spelling)
    joined = 0.97 * fuzz.ratio(wanted.replace(" ", ""), spelling.replace(" ", ""))
    shorter, longer = sorted((len(wanted), len(spelling)))
    shared = fuzz.token_set_ratio(wanted, spelling) * (0.4 + 0.4 * shorter / longer)
    return max(letters, same_words, joined, shared) / 100


class Names:
    """The index of one snapshot. One thread at a time may ask it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        meta = dict(self._db.execute("SELECT key, value FROM meta"))
        self.snapshot: str = meta["snapshot"]
        self.base: str = meta["base"]
        self.things = int(meta["things"])

    def close(self) -> None:
        self._db.close()

    def like(self, name: str, *, limit: int = 25) -> list[tuple[Thing, float]]:
        """The things with a name like this, and how like it is, the likest first.

        An IRI or a reference finds what it names.
        """
        found = {thing.reference: (thing, 1.0) for thing in self.called(name)} if "/" in name or ":" in name else {}
        wanted = words(name)
        best = dict[int, tuple[float, int]]()
        query = self._query(wanted.split()[:_MOST_WORDS])
        rows = self._db.execute(
            "SELECT thing, form, main FROM spelling WHERE spelling MATCH ? ORDER BY rank LIMIT ?", (query, max(_WEIGHED, limit))
        )
        for key, spelling, main in rows:
            best[key] = max(best.get(key, (0.0, 0)), (likeness(wanted, spelling), main))
        ranked = sorted(best, key=lambda key: (best[key], -key), reverse=True)[:limit]
        for key, thing in self._by_key(ranked).items():
            found.setdefault(thing.reference, (thing, best[key][0]))
        return sorted(found.values(), key=lambda pair: (-pair[1], -pair[0].documents, -pair[0].claims, pair[0].reference))[
            :limit
        ]

    def called(self, iri: str) -> list[Thing]:
        """The things that this is the reference of, the IRI, an address or an IRI in another graph."""
        keys = self._db.execute(
            "SELECT key FROM thing WHERE reference = ? UNION SELECT thing FROM also WHERE iri = ?", (iri, bare(iri))
        )
        return list(self._by_key([key for (key,) in keys]).values())

    def get(self, references: Iterable[str]) -> dict[str, Thing]:
        """The things that have these references."""
        wanted = list(dict.fromkeys(references))
        rows = self._db.execute(
            "SELECT * FROM thing WHERE reference IN (SELECT value FROM json_each(?))", (json.dumps(wanted),)
        )
        return {thing.reference: thing for thing in map(_thing, rows)}

    def starting_with(self, prefix: str, *, limit: int, skip: int = 0) -> list[Thing]:
        """The things with a name that has these words, the last of them perhaps unfinished; all things where there is none.

        Names that begin so come first, then those that more claims are about.
        """
        if not prefix.strip():
            rows = self._db.execute(
                "SELECT key FROM thing ORDER BY claims DESC, documents DESC, key LIMIT ? OFFSET ?", (limit, skip)
            )
            return list(self._by_key([key for (key,) in rows]).values())
        exact = self.called(prefix) if "/" in prefix or ":" in prefix else []
        wanted = words(prefix)
        query = " ".join(f'"{word}"' for word in wanted.split()[:_MOST_WORDS]) + "*"
        rows = self._db.execute(
            "SELECT spelling.thing FROM spelling JOIN thing ON thing.key = spelling.thing WHERE spelling MATCH ? "
            "GROUP BY spelling.thing ORDER BY max(substr(form, 1, ?) = ?) DESC, claims DESC, documents DESC, spelling.thing "
            "LIMIT ? OFFSET ?",
            (query, len(wanted), wanted, limit, skip),
        )
        found = {thing.reference: thing for thing in (exact if not skip else [])}
        for thing in self._by_key([key for (key,) in rows]).values():
            found.setdefault(thing.reference, thing)
        return list(found.values())[:limit]

    def _by_key(self, keys: Sequence[int]) -> dict[int, Thing]:
        rows = self._db.execute("SELECT * FROM thing WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(keys),))
        found = {row[0]: _thing(row) for row in rows}
        return {key: found[key] for key in keys}

    def _query(self, wanted: Sequence[str]) -> str:
        """Any of these words, as they are, or, where no name has one, as it may have been meant; two words may be one."""
        meant = dict.fromkeys(wanted)
        if 1 < len(wanted) <= 3:
            meant["".join(wanted)] = None
        for word in wanted:
            if len(word) >= _LEAST_LETTERS and not self._known(word):
                meant |= dict.fromkeys(self._nearly(word))
        return " OR ".join(f'"{word}"' for word in meant) or '""'

    def _known(self, word: str) -> bool:
        return (
            self._db.execute("SELECT 1 FROM forwards WHERE length = ? AND word = ?", (len(word), word)).fetchone() is not None
        )

    def _nearly(self, word: str) -> list[str]:
        """The nearest words with a slip or two: one slip leaves the first or the second half of a word as it was."""
        half = len(word) // 2
        near = dict[str, int]()
        for table, start in (("forwards", word[: half - 1]), ("backwards", word[::-1][: len(word) - half - 1])):
            for length in range(len(word) - 1, len(word) + 2):
                rows = self._db.execute(
                    f"SELECT word FROM {table} WHERE length = ? AND word >= ? AND word < ? LIMIT ?",  # noqa: S608  (our names)
                    (length, start, start + "\U0010ffff", _SCANNED),
                )
                for (found,) in rows:
                    written = found if table == "forwards" else found[::-1]
                    slips = OSA.distance(word, written, score_cutoff=most_slips(word))
                    if slips <= most_slips(word):
                        near[written] = slips
        return sorted(near, key=lambda written: (near[written], written))[:_SPELT_NEARLY]


def _thing(row: tuple[object, ...]) -> Thing:
    _, reference, iri, kind, name, others, urls, same_as, claims, documents = row
    return Thing(
        reference=str(reference),
        iri=str(iri),
        kind=EntityKind(str(kind)),
        name=str(name),
        others=_many(others),
        urls=_many(urls),
        same_as=_many(same_as),
        claims=int(str(claims)),
        documents=int(str(documents)),
    )


def _many(column: object) -> tuple[str, ...]:
    return tuple(json.loads(str(column))) if column else ()


def make(root: Path, folder: Path) -> Path:
    """Makes the index of the newest snapshot, unless it is there; removes those of older ones.

    Raises StoreError where the store cannot be opened, OSError where the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with OxigraphStore(root, write=False) as store:
        snapshot = store.snapshot or ""
        path = folder / f"names-{_FORMAT}-{snapshot}.sqlite"
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=folder, prefix=".names-") as part:
                made = Path(part) / path.name
                _write(made, store, snapshot)
                made.replace(path)
    for other in folder.glob("names-*.sqlite"):
        if other != path:
            other.unlink(missing_ok=True)
    return path


def _write(path: Path, store: Store, snapshot: str) -> None:
    documents = (_DOCUMENT.fullmatch(graph) for (graph,) in _rows(store, _GRAPHS))
    bases = [base for base, _ in Counter(sorted(match["base"] for match in documents if match)).most_common(_MOST_BASES)]
    things = {row.reference: row for row in reversed(list(_things(store, bases)))}
    connection = sqlite3.connect(path)
    try:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        for key, (_, thing) in enumerate(sorted(things.items()), 1):
            columns = (
                json.dumps(many, ensure_ascii=False) if many else None for many in (thing.others, thing.urls, thing.same_as)
            )
            connection.execute(
                "INSERT INTO thing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (key, thing.reference, thing.iri, thing.kind.value, thing.name, *columns, thing.claims, thing.documents),
            )
            also = {(bare(iri), key) for iri in (thing.iri, *thing.urls, *thing.same_as)}
            connection.executemany("INSERT INTO also VALUES (?, ?)", also)
            main = words(thing.name)
            hosts = [
                host.removeprefix("www.")
                for url in thing.urls
                if (host := urlsplit(url).hostname) and urlsplit(url).path in ("", "/")
            ]
            spelt = dict.fromkeys([main, *map(words, thing.others), *map(words, hosts)])
            connection.executemany("INSERT INTO spelling VALUES (?, ?, ?)", [(one, key, one == main) for one in spelt])
        connection.executescript(_WORDS)
        backwards = [(length, word[::-1]) for length, word in connection.execute("SELECT length, word FROM forwards")]
        connection.executemany("INSERT INTO backwards VALUES (?, ?)", sorted(backwards))
        meta = {"snapshot": snapshot, "base": next(iter(bases), iris.DEFAULT_BASE), "things": str(len(things))}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
        connection.execute("INSERT INTO spelling(spelling) VALUES ('optimize')")
        connection.commit()
    finally:
        connection.close()


def _things(store: Store, bases: Sequence[str]) -> Iterator[Thing]:
    """Every thing of the graph, those under the first base first."""
    named, others, urls, same_as = (_grouped(store, term) for term in ("name", "alternateName", "url", "sameAs"))
    claims = {iri: int(number) for iri, number in _rows(store, _CLAIMS)}
    documents = {iri: int(number) for iri, number in _rows(store, _DOCUMENTS)}
    for base in bases:
        for iri, names in named.items():
            reference = iri.removeprefix(base)
            kind = reference.partition("/")[0]
            if iri == reference or kind not in _KINDS or not reference[len(kind) + 1 :] or not names[0].strip():
                continue
            yield Thing(
                reference=reference,
                iri=iri,
                kind=EntityKind(kind),
                name=names[0],
                others=tuple(
                    name for name in dict.fromkeys([*names[1:], *others.get(iri, ())]) if name != names[0] and name.strip()
                ),
                urls=tuple(urls.get(iri, ())),
                same_as=tuple(same_as.get(iri, ())),
                claims=claims.get(iri, 0),
                documents=documents.get(iri, 0),
            )


def _grouped(store: Store, term: str) -> dict[str, list[str]]:
    found = dict[str, list[str]]()
    for iri, value in _rows(store, _NAMES % term):
        found.setdefault(iri, []).append(value)
    return {iri: sorted(values) for iri, values in found.items()}


def _rows(store: Store, query: str) -> Iterator[list[str]]:
    with tempfile.TemporaryFile() as spooled:
        store.query(query, media_type=media.CSV.media_type).write_to(spooled)
        spooled.seek(0)
        lines: TextIO = io.TextIOWrapper(spooled, encoding="utf-8", newline="")
        rows = csv.reader(lines)
        next(rows)
        yield from rows


if __name__ == "__main__":
    os.nice(10)  # those who wait for an answer come first
    csv.field_size_limit(1 << 24)
    print(make(Path(sys.argv[1]), Path(sys.argv[2])))
