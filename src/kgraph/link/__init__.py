"""From entities to open-data graphs: each link a proposal with its score and signals, never a merged identity.

A catalog row that a mention was read as names the same thing in Wikidata or DBpedia where the row's source confirms it. The
link is accepted where the text's name is safe on sight, or its surroundings spoke for the row; else it is proposed. People
are never linked by machine.
"""

from __future__ import annotations

from dataclasses import replace

from kgraph import iris
from kgraph.catalog import Ambiguity, Catalog, Entry
from kgraph.model.annotations import Entity, EntityKind, Link, LinkStatus
from kgraph.model.extraction import Extraction

ACCEPTED_SCORE = 0.75


def link(extraction: Extraction, catalog: Catalog) -> Extraction:
    """The same extraction with the links of its entities."""
    sureness: dict[str, float] = {}
    for mention in extraction.mentions:
        if not mention.anaphoric:
            sureness[mention.entity] = max(sureness.get(mention.entity, 0.0), mention.judgement.confidence)
    links = []
    for entity in extraction.entities:
        entry = catalog.by_id(entity.id)
        if entry is None or entity.kind is EntityKind.PERSON:
            continue
        links.extend(_links(extraction.document.id, entity, entry, sureness.get(entity.id, 0.0)))
    return replace(extraction, links=tuple(links))


def _links(document: str, entity: Entity, entry: Entry, sureness: float) -> list[Link]:
    safe = entry.ambiguity is Ambiguity.NONE
    score = round(max(sureness, 0.95 if safe else 0.0), 3)
    signals = ("catalog-row", "unambiguous-name" if safe else "context-of-the-name")
    return [
        Link(
            id=f"{document}#link-{iris.digest(entity.id, target)}",
            entity=entity.id,
            target=target,
            score=score,
            status=LinkStatus.ACCEPTED if score >= ACCEPTED_SCORE else LinkStatus.PROPOSED,
            signals=signals,
        )
        for target in entry.same_as
    ]
