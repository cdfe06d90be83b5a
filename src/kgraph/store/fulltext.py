"""The words of a snapshot, searchable: one SQLite FTS5 file beside the snapshots, `search.sqlite`.

Each claim, question and other thing with a `schema:text` is a row, and so is each name of a thing. Words are folded (case,
diacritics) and stemmed as English. The file is made whole under another name and then takes its place, so that a reader has
the old one or the new one; which snapshot it was made from stands in it.

    python -m kgraph.store.fulltext STORE

makes it for the newest snapshot. The server runs that as a child process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import pyoxigraph as ox

from kgraph.errors import BadQuery, SearchNotReady, StoreError
from kgraph.store import snapshot

MOST = 1000
"""Things that one search finds; the best of them."""
OPEN, CLOSE = "⁅", "⁆"
"""What stands around a word that was found, in an excerpt."""

_FORM = 1
_FILE = "search.sqlite"
_SCHEMA = "https://schema.org/"
_KG = "https://w3id.org/kgraph#"
_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_TEXTS = (f"{_SCHEMA}text",)
_NAMES = (f"{_SCHEMA}name", f"{_SCHEMA}alternateName", "http://purl.org/dc/terms/title")
_KINDS = (
    f"{_KG}Claim", f"{_KG}Question", f"{_KG}Platform", "http://rdfs.org/sioc/ns#Thread", f"{_SCHEMA}Person", f"{_SCHEMA}Place",
    f"{_SCHEMA}Event", f"{_KG}Technology", f"{_SCHEMA}CreativeWork", f"{_SCHEMA}Organization",
)  # fmt: skip
"""Of a thing's classes the first of these is its kind; one that has none of them is what its first class says."""
_RANK = {kind: place for place, kind in enumerate(_KINDS)}
_RANKED = "bm25(4.0, 1.0)"
"""A word of a name says more than a word of a text."""
_EXCERPT_WORDS = 40
_TERM = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"|(?P<word>\w+)(?P<star>\*?))')
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was found: its IRI and class, how well it fits (more is better), and its words with those found marked."""

    iri: str
    kind: str
    score: float
    excerpt: str


def expression(words: str) -> str:
    """What a person typed, as an FTS5 expression: all words, "phrases" and beginn* must occur, -words must not.

    Raises BadQuery where nothing is left to look for.
    """
    wanted: list[str] = []
    unwanted: list[str] = []
    for term in _TERM.finditer(words):
        inner = term["phrase"] if term["phrase"] is not None else term["word"]
        if re.search(r"\w", inner):
            (unwanted if term["minus"] else wanted).append(f'"{inner}"{term["star"] or ""}')
    if not wanted:
        raise BadQuery(f"there is no word to look for in {words!r}")
    return " AND ".join(wanted) + "".join(f" NOT {one}" for one in unwanted)


class Index:
    """The search file of a store, opened again when a newer one has taken its place."""

    def __init__(self, root: Path) -> None:
        self._path = root / _FILE
        self._opened: tuple[int, sqlite3.Connection] | None = None

    def find(self, words: str, kind: str | None = None) -> list[Found]:
        """The best matches, of this class or of any, best first and in the same order each time.

        Raises BadQuery where there is no word to look for, SearchNotReady where there is no index yet.
        """
        rows = self._connection().execute(
            "SELECT iri, kind, -rank, snippet(found, -1, ?, ?, '…', ?) FROM found "
            "WHERE found MATCH ? AND rank MATCH ? AND (? IS NULL OR kind = ?) ORDER BY rank",
            (OPEN, CLOSE, _EXCERPT_WORDS, expression(words), _RANKED, kind, kind),
        )
        best: dict[str, Found] = {}
        for row in rows:
            found = Found(*row)
            best.setdefault(found.iri, found)  # by its best name
            if len(best) == MOST:
                break
        return list(best.values())

    def _connection(self) -> sqlite3.Connection:
        try:
            inode = self._path.stat().st_ino
            if self._opened is None or self._opened[0] != inode:
                connection = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
                self.close()
                self._opened = inode, connection
        except (FileNotFoundError, sqlite3.Error) as error:
            raise SearchNotReady("there is no search index yet", hint="`kgraph serve` makes it") from error
        return self._opened[1]

    def close(self) -> None:
        if self._opened is not None:
            self._opened[1].close()
            self._opened = None


def made_from(root: Path) -> str | None:
    """The snapshot that the store's search file was made from; None where there is no such file, or one of another form."""
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(f"{(root / _FILE).absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        with contextlib.closing(connection):
            form, made = connection.execute("SELECT form, snapshot FROM made").fetchone()
            return str(made) if form == _FORM else None
    return None


def make(root: Path) -> str:
    """Makes the search file of the newest snapshot, unless it is there, and gives the snapshot's id; raises StoreError."""
    held = snapshot.acquire(root)
    try:
        if made_from(root) == held.id:
            return held.id
        part = root / f"search.{os.getpid()}.part"
        try:
            with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as connection:
                _fill(connection, ox.Store.read_only(str(held.path)), held.id)
            part.replace(root / _FILE)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"the search index of {root} cannot be made: {error}") from error
        finally:
            part.unlink(missing_ok=True)
        return held.id
    finally:
        held.close()


def _fill(connection: sqlite3.Connection, store: ox.Store, made: str) -> None:
    # Nothing reads the file before it is whole, and one that a crash cuts short is never given its name.
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; BEGIN")
    connection.execute(
        "CREATE VIRTUAL TABLE found USING fts5(name, text, iri UNINDEXED, kind UNINDEXED, "
        "tokenize = 'porter unicode61 remove_diacritics 2')"
    )
    connection.executemany("INSERT INTO found (name, text, iri, kind) VALUES (?, ?, ?, ?)", _rows(store))
    connection.execute("INSERT INTO found (found) VALUES ('optimize')")
    connection.execute("CREATE TABLE made (form INTEGER, snapshot TEXT)")
    connection.execute("INSERT INTO made VALUES (?, ?)", (_FORM, made))
    connection.execute("COMMIT")


def _rows(store: ox.Store) -> Iterator[tuple[str, str, str, str]]:
    """One for each literal of a thing, however many graphs state it."""
    seen: set[bytes] = set()
    for predicates, place in ((_NAMES, 0), (_TEXTS, 1)):
        for predicate in map(ox.NamedNode, predicates):
            for quad in store.quads_for_pattern(None, predicate, None):
                thing, words = quad.subject, quad.object
                if isinstance(thing, ox.NamedNode) and isinstance(words, ox.Literal):
                    stated = blake2b(f"{thing} {words.value}".encode(), digest_size=16).digest()
                    if stated not in seen:
                        seen.add(stated)
                        row = ["", "", thing.value, _kind(store.quads_for_pattern(thing, _TYPE, None))]
                        row[place] = words.value.replace(OPEN, "").replace(CLOSE, "")
                        yield row[0], row[1], row[2], row[3]


def _kind(types: Iterable[ox.Quad]) -> str:
    classes = (quad.object.value for quad in types if isinstance(quad.object, ox.NamedNode))
    return min(classes, key=lambda iri: (_RANK.get(iri, len(_KINDS)), iri), default="")


def main(root: Path) -> int:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # the server's death is this process's
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)  # those who ask come first
    try:
        make(root)
    except StoreError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
