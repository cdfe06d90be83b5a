"""A small graph with namesakes, for tests of the reconciliation service and of its clients."""

from __future__ import annotations

from pathlib import Path

from kgraph.store import open_store

BASE = "http://example.org/kg/"
DOCUMENT = f"{BASE}doc/one"
SCHEMA = "https://schema.org/"


def thing(reference: str, name: str, *, graph: str = DOCUMENT, **more: str | list[str]) -> str:
    """A thing's triples as N-Quads; of `more`, what starts like an address is an IRI."""
    lines = [f"<{BASE}{reference}> <{SCHEMA}name> {_term(name)} <{graph}> ."]
    for term, values in more.items():
        every = values if isinstance(values, list) else [values]
        lines += [f"<{BASE}{reference}> <{SCHEMA}{term}> {_term(value)} <{graph}> ." for value in every]
    return "\n".join(lines) + "\n"


def claim(number: int, about: str, text: str) -> str:
    return (
        f"<{DOCUMENT}#claim-{number}> <{SCHEMA}about> <{BASE}{about}> <{DOCUMENT}> .\n"
        f"<{DOCUMENT}#claim-{number}> <{SCHEMA}text> {_term(text)} <{DOCUMENT}> .\n"
    )


def _term(value: str) -> str:
    if value.startswith(("http://", "https://")):
        return f"<{value}>"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fill(root: Path) -> None:
    quads = [
        thing(
            "platform/craftlist",
            "Craftlist",
            alternateName="craft-list",
            url="https://www.craftlist.example/",
            sameAs=["http://dbpedia.org/resource/Craftlist", "http://www.wikidata.org/entity/Q1"],
        ),
        thing("platform/smallads", "Smallads"),
        thing("platform/mercury", "Mercury"),
        thing("technology/mercury", "Mercury"),
        thing("person/ana-lima", "Ana Lima"),
        thing("person/board/mark", "Mark"),
        thing("place/portland-oregon", "Portland", sameAs="http://www.wikidata.org/entity/Q2"),
        thing("place/portland-maine", "Portland", sameAs="http://www.wikidata.org/entity/Q3"),
        thing("work/the-long-list", "The Long List", author=f"{BASE}person/ana-lima"),
        thing("work/markup", "<script>alert('x')</script>"),
        thing("organization/plaza", "Plaza Press"),
        claim(1, "platform/craftlist", "Craftlist emptied the shops."),
    ]
    with open_store(root, write=True) as store:
        store.replace(DOCUMENT, "".join(quads).encode())
