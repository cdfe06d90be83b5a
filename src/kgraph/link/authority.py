"""What may be linked to: things of open-data graphs by name, in SQLite files that are searched and never loaded.

An *authority* answers which things a name may mean; it decides nothing. Each row says where it is from, in which version and
under which licence. A file is written once, under another name, and renamed: what is there is whole.

A name is found under its *form*: its slug, without a leading article; that of an organization also without what says its
legal form (`The Plaza Press, Inc.` is found as `plaza-press` too), that of a person also with initials. A form of five
letters or more is found with a slip of the pen, by halves: one slip leaves the first or the second half of a name as it
was.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from rapidfuzz.distance import OSA

from kgraph import iris
from kgraph.errors import KgraphError, Misuse
from kgraph.model.annotations import EntityKind

LEAST_LETTERS = 5
"""A shorter name with a slip of the pen is as likely another name."""
MOST_SLIPS = 2
_SCANNED = 2_000
_AT_ONCE = 50_000

_ARTICLE = re.compile(r"^(?:the|an?)\s+(?=\S)", re.IGNORECASE)
_SITE = re.compile(r"https?://(?:www\.)?(?P<host>[^\s/?#@:]+)(?::\d+)?/*", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+){0,11}")
_LEGAL_FORM = re.compile(
    r"(?:,?\s+(?:incorporated|inc|corporation|corp|company|co|limited|ltd|llc|llp|plc|gmbh|ag|s\.?a|n\.?v|b\.?v|oy|ab|as|spa|kg)\.?)+$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A thing that a name may mean, as a row of an authority.

    `id` is its IRI in an open-data graph, or a reference of the catalog (`platform/plaza`) where no source confirms one: such a
    row cannot be linked to, and keeps its name from being taken for another thing's. `same_as` are all its IRIs, `id` among
    them.
    `reference` is the catalog's for it, if it has it. `heading` says that the IRI names a heading of a subject authority rather
    than the thing itself.
    """

    id: str
    label: str
    kind: EntityKind | None
    aliases: tuple[str, ...] = ()
    description: str = ""
    url: str | None = None
    same_as: tuple[str, ...] = ()
    reference: str | None = None
    heading: bool = False
    source: str
    version: str
    licence: str

    def __post_init__(self) -> None:
        if not self.label.strip():
            raise ValueError(f"{self.id} has no label")
        if iris.is_absolute(self.id) and self.id not in self.same_as:
            object.__setattr__(self, "same_as", (self.id, *self.same_as))

    @property
    def domain(self) -> str | None:
        """The host of its home page, without `www.`; None where the page is one of somebody else's site."""
        return own_host(self.url) if self.url else None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.label, *self.aliases)


class Authority(Protocol):
    """A set of things that can be searched by name. Answers come in under a millisecond, and never change for one `version`."""

    name: str
    version: str

    def candidates(self, name: str, *, kind: EntityKind | None = None, limit: int = 10) -> Sequence[Candidate]:
        """The things that may be meant by this name, those whose label it is first, then by alias, then by a slip of the pen.

        Names with a slip are only looked for where nothing has the name itself. A `kind` is a hard filter.
        """

    def at_domain(self, host: str) -> Sequence[Candidate]:
        """The things whose home page is at this host, or at the nearest domain above it."""

    def starting_with(self, prefix: str, *, kind: EntityKind | None = None, limit: int = 10) -> Sequence[Candidate]:
        """The things with a name that begins so, shorter names first."""

    def get(self, id: str) -> Candidate | None:
        """The thing that has this id, this among its IRIs, or this as its reference in the catalog."""


def form(name: str) -> str:
    """What a name is found under."""
    bare = _ARTICLE.sub("", name.strip())
    if _PLAIN.fullmatch(bare):  # as nearly all names are: `slug` does the same, four times slower
        return bare.lower().replace(" ", "-")
    return iris.slug(bare)


def forms(candidate: Candidate) -> set[str]:
    """All that a thing is found under."""
    found = {form(name) for name in candidate.names}
    if candidate.kind is EntityKind.ORGANIZATION:
        found |= {form(bare) for name in candidate.names if (bare := _LEGAL_FORM.sub("", name)) != name and len(bare) > 1}
    if candidate.kind is EntityKind.PERSON:
        found |= {form(short) for short in _in_short(candidate.label)}
    return found - {""}


def _in_short(name: str) -> Iterator[str]:
    """A person's name as others write it: `Ana B. Lima` is also `Ana Lima`, `A. B. Lima`, `AB Lima`."""
    first, *middle, last = name.split() if name.count(" ") else (name, name)
    if not middle or not all(word[0].isupper() for word in (first, *middle, last)):
        return
    if all(len(word.rstrip(".")) == 1 for word in middle):
        yield f"{first} {last}"
    letters = [word[0] for word in (first, *middle)]
    yield f"{' '.join(letters)} {last}"
    yield f"{''.join(letters)} {last}"


def own_host(url: str) -> str | None:
    """The host of a home page that is a site's root; a page deeper in somebody's site claims no domain."""
    found = _SITE.fullmatch(url)
    return found["host"].casefold() if found else None


_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (key INTEGER PRIMARY KEY, source TEXT, version TEXT, licence TEXT, heading INTEGER);
CREATE TABLE thing (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL, label TEXT NOT NULL, kind TEXT, aliases TEXT, description TEXT, url TEXT,
    same_as TEXT, reference TEXT, source INTEGER NOT NULL
);
CREATE TABLE form (length INTEGER, form TEXT, thing INTEGER, label INTEGER, PRIMARY KEY (length, form, thing)) WITHOUT ROWID;
CREATE TABLE backwards (length INTEGER, form TEXT, thing INTEGER, PRIMARY KEY (length, form, thing)) WITHOUT ROWID;
CREATE TABLE iri (iri TEXT, thing INTEGER, PRIMARY KEY (iri, thing)) WITHOUT ROWID;
CREATE TABLE domain (host TEXT, thing INTEGER, PRIMARY KEY (host, thing)) WITHOUT ROWID;
"""
_FORMAT = "2"


def write(path: Path, candidates: Iterable[Candidate], *, name: str, version: str) -> int:
    """Writes an authority file and gives back how many things it has. What stood at `path` is replaced when all is written.

    Of two rows of one id the first counts.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".making-") as folder:
        made = Path(folder) / path.name
        connection = sqlite3.connect(made)
        try:
            count = _fill(connection, candidates, name, version)
        finally:
            connection.close()
        made.replace(path)
    return count


def _fill(connection: sqlite3.Connection, candidates: Iterable[Candidate], name: str, version: str) -> int:
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;" + _SCHEMA)
    sources = dict[tuple[str, str, str, bool], int]()
    seen = set[str]()
    rows = _Rows(connection)
    for row in candidates:
        if row.id in seen or not (found := forms(row)):
            continue
        seen.add(row.id)
        key = len(seen)
        source = sources.setdefault((row.source, row.version, row.licence, row.heading), len(sources) + 1)
        others = [iri for iri in row.same_as if iri != row.id]
        rows.add(
            "thing",
            key,
            row.id,
            row.label,
            row.kind.value if row.kind else None,
            json.dumps(row.aliases, ensure_ascii=False) if row.aliases else None,
            row.description or None,
            row.url,
            json.dumps(others) if others else None,
            row.reference,
            source,
        )
        label = form(row.label)
        for one in found:
            rows.add("form", len(one), one, key, one == label)
            if len(one) >= LEAST_LETTERS:
                rows.add("backwards", len(one), one[::-1], key)
        for iri in {row.id, row.reference or row.id, *row.same_as}:
            rows.add("iri", iri, key)
        if row.domain:
            rows.add("domain", row.domain, key)
        if key % _AT_ONCE == 0:
            rows.flush()
    for known, key in sources.items():
        rows.add("source", key, *known)
    made = datetime.now(UTC).replace(microsecond=0).isoformat()
    for field, value in {"name": name, "version": version, "format": _FORMAT, "things": str(len(seen)), "made": made}.items():
        rows.add("meta", field, value)
    rows.flush()
    connection.commit()
    return len(seen)


class _Rows:
    """Rows that wait to be written, in the order of their keys, which spares the engine most of its work."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting = dict[str, list[tuple[str | int | None, ...]]]()

    def add(self, table: str, *values: str | int | None) -> None:
        self._waiting.setdefault(table, []).append(values)

    def flush(self) -> None:
        for table, rows in self._waiting.items():
            marks = ", ".join("?" * len(rows[0]))
            self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", sorted(rows) if table != "thing" else rows)  # noqa: S608
        self._waiting.clear()


_THING = (
    "SELECT thing.id, label, kind, aliases, description, url, same_as, reference, source.source, version, licence, heading, "
    "thing.key FROM thing JOIN source ON source.key = thing.source "
)


class AuthorityFile:
    """An `Authority` in a file that `write` made; it can be shared by threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
            meta = dict(self._db.execute("SELECT key, value FROM meta"))
        except sqlite3.Error as error:
            raise KgraphError(f"{path} is no authority file: {error}", hint="`kgraph authority load` makes one") from error
        if meta.get("format") != _FORMAT:
            raise KgraphError(f"{path} was made by another version of kgraph", hint="install or load it again")
        self.name: str = meta["name"]
        self.version: str = meta["version"]
        self.things = int(meta["things"])
        self.made: str = meta["made"]

    def __len__(self) -> int:
        return self.things

    def __iter__(self) -> Iterator[Candidate]:
        """Every row, in the order it was written."""
        return (_candidate(row) for row in self._db.execute(_THING + "ORDER BY thing.key"))

    def candidates(self, name: str, *, kind: EntityKind | None = None, limit: int = 10) -> Sequence[Candidate]:
        wanted = form(name)
        found = self._things(
            "WHERE thing.key IN (SELECT thing FROM form WHERE length = ? AND form = ?) AND (? IS NULL OR kind = ?)",
            (len(wanted), wanted, kind, kind),
        )
        if not found and sum(map(str.isalnum, wanted)) >= LEAST_LETTERS:
            return self._with_slips(wanted, kind, limit)
        return sorted(found, key=lambda row: form(row.label) != wanted)[:limit]

    def _with_slips(self, wanted: str, kind: EntityKind | None, limit: int) -> list[Candidate]:
        half = len(wanted) // 2  # the first half is taken one shorter, for two letters that change places in the middle
        near = dict[int, int]()
        for length in range(len(wanted) - 1, len(wanted) + 2):
            for table, part in (("form", wanted[: half - 1]), ("backwards", wanted[::-1][: len(wanted) - half])):
                rows = self._db.execute(
                    f"SELECT form, thing FROM {table} WHERE length = ? AND form >= ? AND form < ? LIMIT ?",  # noqa: S608 - our names
                    (length, part, part + "\U0010ffff", _SCANNED),
                )
                for found, thing in rows:
                    written = found if table == "form" else found[::-1]
                    slips = OSA.distance(wanted, written, score_cutoff=most_slips(wanted))
                    if slips <= most_slips(wanted):
                        near[thing] = min(slips, near.get(thing, slips))
        if not near:
            return []
        nearest = sorted(near, key=lambda thing: (near[thing], thing))[: 8 * limit]
        marks = ", ".join("?" * len(nearest))
        full = self._db.execute(
            _THING + f"WHERE thing.key IN ({marks}) AND (? IS NULL OR kind = ?)",
            (*nearest, kind, kind),
        ).fetchall()
        return [_candidate(row) for row in sorted(full, key=lambda row: nearest.index(row[-1]))][:limit]

    def at_domain(self, host: str) -> Sequence[Candidate]:
        labels = host.casefold().rstrip(".").split(":")[0].split(".")
        for start in range(max(len(labels) - 1, 0)):
            found = self._things(
                "WHERE thing.key IN (SELECT thing FROM domain WHERE host = ?)", (".".join(labels[start:]).removeprefix("www."),)
            )
            if found:
                return found
        return []

    def starting_with(self, prefix: str, *, kind: EntityKind | None = None, limit: int = 10) -> Sequence[Candidate]:
        wanted = form(prefix)
        found = dict[str, Candidate]()
        (longest,) = self._db.execute("SELECT max(length) FROM form").fetchone()
        for length in range(len(wanted), (longest or 0) + 1):
            rows = self._things(
                "WHERE thing.key IN (SELECT thing FROM form WHERE length = ? AND form >= ? AND form < ? LIMIT ?) "
                "AND (? IS NULL OR kind = ?) LIMIT ?",
                (length, wanted, wanted + "\U0010ffff", _SCANNED, kind, kind, limit),
            )
            found |= {row.id: row for row in rows}
            if len(found) >= limit:
                break
        return list(found.values())[:limit]

    def get(self, id: str) -> Candidate | None:
        found = self._things("WHERE thing.key IN (SELECT thing FROM iri WHERE iri = ?)", (id,))
        return next((row for row in found if row.id == id), found[0] if found else None)

    def sources(self) -> list[tuple[str, str, str, int]]:
        """Source, version, licence and number of rows, the largest first."""
        return self._db.execute(
            "SELECT source.source, version, licence, count(*) AS rows FROM thing JOIN source ON source.key = thing.source "
            "GROUP BY source.key ORDER BY rows DESC"
        ).fetchall()

    def _things(self, where: str, values: Sequence[object]) -> list[Candidate]:
        return [_candidate(row) for row in self._db.execute(f"{_THING}{where}", values)]

    def close(self) -> None:
        self._db.close()


@lru_cache(maxsize=4096)
def most_slips(wanted: str) -> int:
    """How many slips of the pen a name may have: one, or two where it is long."""
    return 1 if len(wanted) < 2 * LEAST_LETTERS else MOST_SLIPS


def _candidate(row: Sequence[str | int | None]) -> Candidate:
    id, label, kind, aliases, description, url, others, reference, source, version, licence, heading, _ = row
    more = tuple(json.loads(str(others))) if others else ()
    return Candidate(
        id=str(id),
        label=str(label),
        kind=EntityKind(str(kind)) if kind else None,
        aliases=tuple(json.loads(str(aliases))) if aliases else (),
        description=str(description or ""),
        url=str(url) if url else None,
        same_as=more,
        reference=str(reference) if reference else None,
        heading=bool(heading),
        source=str(source),
        version=str(version),
        licence=str(licence),
    )


def installed(folder: Path) -> list[AuthorityFile]:
    """The authorities that were installed or loaded, by name."""
    return [AuthorityFile(path) for path in sorted(folder.expanduser().glob("*.sqlite")) if not path.name.startswith("kgraph-")]


def installed_path(folder: Path, name: str) -> Path:
    """Where the authority of this name lies; raises Misuse where the name cannot be one."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) or name.startswith("kgraph"):
        raise Misuse(f"an authority cannot be named {name!r}", hint="use small letters, digits and dashes; `kgraph` is taken")
    return folder.expanduser() / f"{name}.sqlite"
