"""Graphs as N-Quads bytes: one canonical line a quad, sorted by its bytes, each line ended.

The lines are those of canonical N-Triples (RDF 1.1 N-Triples, section 4), which is also what the store's dump holds: sorted,
a dump of a document's graph equals what was loaded.
"""

from __future__ import annotations

from rdflib import XSD, BNode, Graph, Literal, URIRef
from rdflib.term import Node

_ESCAPES = {code: f"\\u{code:04X}" for code in [*range(0x20), 0x7F]}
_ESCAPES |= {ord(sign): escape for sign, escape in {
    "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\",
}.items()}  # fmt: skip
_STRING = str(XSD.string)


def to_quads(graph: Graph, *, name: str) -> bytes:
    """All triples of a graph as quads of the named graph `name`; the same triples give the same bytes.

    Literals are written in the lexical form that they have: `terms` makes those that the store would not rewrite.
    """
    end = f" <{name}> .\n"
    lines = [f"{_written(s)} <{p}> {_written(o)}{end}" for s, p, o in graph]
    lines.sort()  # by code point, which is the order of their UTF-8 bytes too
    return "".join(lines).encode()


def to_triples(quads: bytes) -> bytes:
    """The triples of quads that `to_quads` wrote, as N-Triples: each line without its graph's name."""
    return b"".join(line[: line.rindex(b" <")] + b" .\n" for line in quads.splitlines())


def _written(term: Node) -> str:
    if isinstance(term, URIRef):
        return f"<{term}>"
    if isinstance(term, Literal):
        quoted = f'"{term.translate(_ESCAPES)}"'
        if term.language:
            return f"{quoted}@{term.language.lower()}"
        datatype = term.datatype
        return quoted if datatype is None or datatype == _STRING else f"{quoted}^^<{datatype}>"
    assert isinstance(term, BNode)
    return f"_:{term}"
