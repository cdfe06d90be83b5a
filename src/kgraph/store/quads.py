"""The bytes that cross the seam: N-Quads of one graph in, N-Triples to engines that are told the graph apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyoxigraph as ox

from kgraph import media
from kgraph.errors import StoreError


def name(graph: str) -> ox.NamedNode:
    """The graph's name as a term; raises StoreError where it is no absolute IRI."""
    try:
        return ox.NamedNode(graph)
    except ValueError as error:
        raise StoreError(f"{graph!r} is no IRI, so it cannot name a graph") from error


def is_iri(text: str) -> bool:
    """Whether this is an absolute IRI (RFC 3987), which a graph or a query can name."""
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


def parse(graph: str, quads: bytes) -> set[ox.Quad]:
    """The quads, checked to be N-Quads and all in this graph; raises StoreError."""
    try:
        parsed = set(ox.parse(quads, ox.RdfFormat.N_QUADS, rename_blank_nodes=True))
    except (SyntaxError, ValueError) as error:
        raise StoreError(f"what should be the graph {graph} is no N-Quads: {error}") from error
    expected = name(graph)
    if stray := next((quad for quad in parsed if quad.graph_name != expected), None):
        raise StoreError(f"a quad of {graph} names the graph {stray.graph_name}: {stray.triple}")
    return parsed


def triples(quads: Iterable[ox.Quad]) -> bytes:
    """The quads' triples, each once, as N-Triples: which is also how SPARQL writes them in a block of data."""
    return ox.serialize({quad.triple for quad in quads}, format=ox.RdfFormat.N_TRIPLES) or b""


def convert(content: bytes, *, source: media.Format, target: media.Format, prefixes: Mapping[str, str] | None = None) -> bytes:
    """A graph in another form, with the usual prefixes and these; raises StoreError where it does not parse."""
    from kgraph.vocab import PREFIXES  # noqa: PLC0415  (imports rdflib, which query workers do without)

    try:
        triples = ox.parse(content, ox.RdfFormat.from_media_type(source.media_type))
        form = ox.RdfFormat.from_media_type(target.media_type)
        written = ox.serialize(triples, format=form, prefixes={**PREFIXES, **(prefixes or {})})
    except SyntaxError as error:
        raise StoreError(f"this is no {source.name}: {error}") from error
    assert written is not None
    return written
