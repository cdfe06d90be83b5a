"""The indexes of a kind of thing, `/platform/`, `/person/`, `/doc/`: names in pages of a hundred, by how much is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kgraph.server.document_page import Links, Ref
from kgraph.server.questions import Reading

PAGE = 100
LARGEST = 1_000_000
"""A page number beyond this asks for nothing that could be there."""

TITLES = {
    "platform": "Platforms", "person": "People", "organization": "Organizations", "place": "Places", "work": "Works",
    "event": "Events", "technology": "Technologies", "doc": "Documents", "account": "Accounts", "relation": "Relations",
    "run": "Runs", "software": "Software", "model": "Models", "catalog": "Catalogs",
}  # fmt: skip
_CLASSES = {
    "platform": "kg:Platform", "person": "schema:Person", "organization": "schema:Organization", "place": "schema:Place",
    "work": "schema:CreativeWork", "event": "schema:Event", "technology": "kg:Technology", "doc": "sioc:Thread",
    "account": "sioc:UserAccount", "relation": "rdf:Property", "run": "prov:Activity", "software": "prov:SoftwareAgent",
    "model": "prov:SoftwareAgent", "catalog": "prov:Entity",
}  # fmt: skip
_COUNTED = {
    "doc": ("posts", "?counted sioc:has_container ?thing"),
    "person": ("claims", "?counted kg:claimant ?thing"),
    "relation": ("propositions", "?counted rdf:predicate ?thing"),
    "account": ("posts", "?counted sioc:has_creator ?thing"),
    "run": ("results", "?counted prov:wasGeneratedBy ?thing"),
}
_ABOUT = ("claims about it", "?counted schema:about ?thing")
_NAME = {
    "doc": "dcterms:title", "relation": "rdfs:label", "account": "foaf:accountName", "catalog": "kg:catalogVersion",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexView:
    """One page of an index; `counted` says what the numbers are of."""

    kind: str
    title: str
    counted: str
    rows: list[tuple[Ref, int]]
    page: int
    more: bool


async def read(reading: Reading, kind: str, page: int, bases: Sequence[str]) -> IndexView:
    """The things of this kind, the most spoken of first; `page` counts from 1."""
    counted, pattern = _COUNTED.get(kind, _ABOUT)
    starts = " || ".join(f'STRSTARTS(STR(?thing), "{base}{kind}/")' for base in bases) or "false"
    rows = await reading.rows(f"""SELECT ?thing (SAMPLE(?names) AS ?name) (COUNT(DISTINCT ?counted) AS ?times) WHERE {{
      {{ SELECT DISTINCT ?thing WHERE {{ ?thing a {_CLASSES[kind]} FILTER({starts}) }} }}
      OPTIONAL {{ ?thing {_NAME.get(kind, "schema:name")} ?names }}
      OPTIONAL {{ {pattern} }}
    }} GROUP BY ?thing ORDER BY DESC(?times) ?name ?thing LIMIT {PAGE + 1} OFFSET {(page - 1) * PAGE}""")
    to = Links("", bases)
    return IndexView(
        kind=kind,
        title=TITLES[kind],
        counted=counted,
        rows=[(to.to(row["thing"], row.get("name")), int(row["times"])) for row in rows[:PAGE] if "thing" in row],
        page=page,
        more=len(rows) > PAGE,
    )
