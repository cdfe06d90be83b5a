"""The types and properties that a reconciliation service offers of the graph: how they are called, and how values are read.

A type is a class of the graph, written with its prefix (`kg:Platform`); its IRI and the word for the kind name it too. A
property is written as its SPARQL path (`^schema:about`: what the claims about a thing are).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kgraph.model.annotations import EntityKind
from kgraph.server.names import Thing
from kgraph.server.questions import Reading, Row, term
from kgraph.vocab import PREFIXES

MOST_VALUES = 1_000
"""Values of one property of one thing."""
_MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Type:
    """What a thing can be."""

    kind: EntityKind
    id: str
    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """What can be asked of a thing. `pattern` binds `?value`, and `?name` where the value is a thing of the graph itself.

    `kinds` are those that have it.
    """

    id: str
    name: str
    description: str
    pattern: str
    kinds: frozenset[EntityKind] = frozenset(EntityKind)


@dataclass(frozen=True, slots=True)
class Value:
    """A value in words; `reference` where it is a thing of the graph."""

    words: str
    reference: str | None = None


TYPES = (
    Type(EntityKind.PLATFORM, "kg:Platform", "Platform", "A site, service, publication or program where people publish"),
    Type(EntityKind.PERSON, "schema:Person", "Person", "Somebody who writes, or is written about"),
    Type(EntityKind.ORGANIZATION, "schema:Organization", "Organization", "A company, an institution, a group"),
    Type(EntityKind.PLACE, "schema:Place", "Place", "A country, a city, a region"),
    Type(EntityKind.WORK, "schema:CreativeWork", "Work", "A book, an essay, a film"),
    Type(EntityKind.EVENT, "schema:Event", "Event", "Something that took place"),
    Type(EntityKind.TECHNOLOGY, "kg:Technology", "Technology", "A technique, a language, a format, a device"),
)
TYPE = {type.kind: type for type in TYPES}

_VALUE = "?this %s ?value"
_NAMED = "?this %s ?value . ?value schema:name ?name"
_CLAIM = "?claim %s . ?claim schema:text ?value"
PROPERTIES = (
    Property(id="schema:name", name="Name", description="Its fullest name", pattern=_VALUE % "schema:name"),
    Property(
        id="schema:alternateName",
        name="Other names",
        description="What else it is called",
        pattern=_VALUE % "schema:alternateName",
    ),
    Property(id="rdf:type", name="Type", description="The classes that it is in", pattern=_VALUE % "a"),
    Property(id="schema:url", name="Home page", description="The address of its home page", pattern=_VALUE % "schema:url"),
    Property(
        id="schema:sameAs", name="Same as", description="Accepted links to other graphs", pattern=_VALUE % "schema:sameAs"
    ),
    Property(
        id="skos:closeMatch",
        name="Close match",
        description="Proposed links to other graphs",
        pattern=_VALUE % "skos:closeMatch",
    ),
    Property(
        id="skos:exactMatch",
        name="Heading",
        description="Accepted headings of subject authorities",
        pattern=_VALUE % "skos:exactMatch",
    ),
    Property(
        id="schema:author",
        name="Author",
        description="Who made the work",
        pattern=_NAMED % "schema:author",
        kinds=frozenset({EntityKind.WORK}),
    ),
    Property(
        id="^schema:author",
        name="Works",
        description="What the person made",
        pattern=_NAMED % "^schema:author",
        kinds=frozenset({EntityKind.PERSON}),
    ),
    Property(
        id="^schema:about",
        name="Claims about it",
        description="What is claimed about it",
        pattern=_CLAIM % "schema:about ?this",
    ),
    Property(
        id="^kg:claimant",
        name="Claims by them",
        description="What the person claims",
        pattern=_CLAIM % "^kg:claim/kg:claimant ?this",
        kinds=frozenset({EntityKind.PERSON}),
    ),
    Property(
        id="^oa:hasBody/oa:hasTarget/oa:hasSource",
        name="Documents",
        description="The documents that mention it",
        pattern=_VALUE % "^oa:hasBody/oa:hasTarget/oa:hasSource",
    ),
)
PROPERTY = {property.id: property for property in PROPERTIES}

_KINDS: dict[str, EntityKind] = {}
for _type in TYPES:
    _prefix, _, _local = _type.id.partition(":")
    _KINDS |= dict.fromkeys((_type.id, PREFIXES[_prefix] + _local, _type.kind.value), _type.kind)


def kinds(types: Iterable[str]) -> frozenset[EntityKind]:
    """The kinds that these types are; what is no type of ours is left out."""
    return frozenset(_KINDS[type] for type in types if type in _KINDS)


async def values(
    reading: Reading, things: Sequence[Thing], properties: Sequence[Property]
) -> dict[tuple[str, str], list[Value]]:
    """What the things have of these properties, by reference and property, in the order of their words."""
    if not things:
        return {}
    this = " ".join(term(thing.iri) for thing in things)
    answers = await asyncio.gather(
        *(
            reading.rows(
                f"SELECT DISTINCT ?this ?value ?name WHERE {{ VALUES ?this {{ {this} }} {property.pattern} }} "
                f"ORDER BY ?this ?name ?value LIMIT {_MOST_ROWS}"
            )
            for property in properties
        )
    )
    references = {thing.iri: thing.reference for thing in things}
    bases = {thing.iri.removesuffix(thing.reference) for thing in things}
    found = dict[tuple[str, str], list[Value]]()
    for property, rows in zip(properties, answers, strict=True):
        for row in rows:
            cell = found.setdefault((references[row["this"]], property.id), [])
            if len(cell) < MOST_VALUES:
                cell.append(_value(row, bases))
    return found


def _value(row: Row, bases: Iterable[str]) -> Value:
    iri = row["value"]
    if "name" not in row:
        return Value(iri)
    return Value(row["name"], next((iri.removeprefix(base) for base in bases if iri.startswith(base)), iri))
