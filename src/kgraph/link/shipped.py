"""The authority that travels with kgraph: the catalog's entries joined with `things.csv`, made into a file at its first use.

Rows of one Wikidata id, or of one name, kind and domain, are one thing, and so are nations and states of one name. The
catalog's word wins where both say something. `tools/make_authority.py` makes the table; the lists, their versions and
licences stand in each row.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from kgraph import catalog, iris
from kgraph.catalog import Entry
from kgraph.link.authority import AuthorityFile, Candidate, form, write
from kgraph.model.annotations import EntityKind

NAME = "kgraph"
WIKIDATA, DBPEDIA = "http://www.wikidata.org/entity/{}", "http://dbpedia.org/resource/{}"
LICENCES = {"wikidata-2019": "CC0-1.0", "name-suggestion-index": "BSD-3-Clause", "verified-ids": "CC0-1.0"}
"""Of the lists in `things.csv`; the catalog's rows name their own."""

_REALMS = {
    "continent": re.compile(r"^continent\b"),
    "country": re.compile(r"^(?:[\w-]+ )?(?:country|sovereign state|republic|state in)\b(?!.*\b(?:former|historical)\b)"),
    "state": re.compile(r"\bstate (?:of|in) the United States\b"),
}
"""How a description says that a place is the one of its name: nations and states share theirs with towns."""

_TABLE = Path(__file__).with_name("things.csv")


def candidates() -> Iterator[Candidate]:
    """Every row, those of the catalog first."""
    things = {row.id: row for row in _things()}
    by_home = {(form(row.label), row.kind, row.domain): row.id for row in things.values() if row.domain}
    places = dict[str, list[str]]()
    for row in things.values():
        if row.kind is EntityKind.PLACE:
            places.setdefault(form(row.label), []).append(row.id)
    for entry in catalog.load().entries:
        row = _of_catalog(entry)
        same = things.pop(row.id, None)
        if same is None and not iris.is_absolute(row.id) and row.domain:
            same = things.pop(by_home.get((form(row.label), row.kind, row.domain), ""), None)
        if same is None and entry.category in _REALMS:
            named = [
                id
                for id in places.get(form(row.label), ())
                if id in things and _REALMS[entry.category].search(things[id].description)
            ]
            same = things.pop(named[0]) if len(named) == 1 else None
        yield row if same is None else _joined(row, same)
    yield from things.values()


def version() -> str:
    """Sixteen hexadecimal digits that stand for both tables' bytes."""
    return iris.digest(catalog.load().version, hashlib.sha256(_TABLE.read_bytes()).hexdigest())


@lru_cache(maxsize=4)
def shipped(folder: Path) -> AuthorityFile:
    """The file in this folder, made there if need be; in a folder of its own where that cannot be written to."""
    stands_for = version()
    path = folder.expanduser() / f"{NAME}-{stands_for}.sqlite"
    if not path.exists():
        try:
            write(path, candidates(), name=NAME, version=stands_for)
        except OSError:
            path = Path(tempfile.mkdtemp(prefix="kgraph-")) / path.name
            write(path, candidates(), name=NAME, version=stands_for)
    return AuthorityFile(path)


def _of_catalog(entry: Entry) -> Candidate:
    named = [source.rpartition(" ") for source in entry.source.split("|")]
    return Candidate(
        id=entry.same_as[0] if entry.same_as else entry.id,
        label=entry.name,
        kind=entry.kind,
        aliases=entry.aliases,
        description=entry.category,
        url=entry.url,
        same_as=entry.same_as,
        reference=entry.id,
        source="|".join(name for name, _, _ in named),
        version="|".join(version for _, _, version in named),
        licence=entry.licence,
    )


def _things() -> Iterator[Candidate]:
    for row in csv.DictReader(io.StringIO(_TABLE.read_text("utf-8"), newline="")):
        named = [source.rpartition(" ") for source in row["source"].split("|")]
        patterns = ((WIKIDATA, row["wikidata"]), (DBPEDIA, row["dbpedia"]))
        same_as = tuple(pattern.format(id) for pattern, id in patterns if id)
        yield Candidate(
            id=same_as[0],
            label=row["label"],
            kind=EntityKind(row["kind"]),
            aliases=tuple(row["aliases"].split("|")) if row["aliases"] else (),
            description=row["description"],
            url=row["url"] or None,
            same_as=same_as,
            source="|".join(name for name, _, _ in named),
            version="|".join(version for _, _, version in named),
            licence="|".join(LICENCES[name] for name, _, _ in named),
        )


def _joined(row: Candidate, same: Candidate) -> Candidate:
    """One thing of two rows, under the first one's name and kind."""
    known = {form(name) for name in row.names}
    sources = zip(
        (*row.source.split("|"), *same.source.split("|")), (*row.version.split("|"), *same.version.split("|")), strict=True
    )
    named = dict.fromkeys(sources)
    return replace(
        row,
        id=row.id if iris.is_absolute(row.id) else same.id,
        aliases=(*row.aliases, *(name for name in same.names if form(name) not in known)),
        description=f"{row.description}: {same.description}" if same.description else row.description,
        url=row.url or same.url,
        same_as=tuple(dict.fromkeys([*row.same_as, *same.same_as])),
        source="|".join(name for name, _ in named),
        version="|".join(version for _, version in named),
        licence="|".join(dict.fromkeys([*row.licence.split("|"), *same.licence.split("|")])),
    )


__all__ = ["NAME", "candidates", "shipped", "version"]
