"""Writes docs/reference/ontology.md from ontology/kgraph.ttl and shapes/*.ttl: `python docs/reference/make_ontology.py`.

tests/ontology/test_ontology.py fails where the page is not what this writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rdflib import DCTERMS, OWL, RDF, RDFS, SH, SKOS, Graph, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from kgraph import resources
from kgraph.validate.report import SHAPES
from kgraph.validate.shapes import load_shapes
from kgraph.vocab import KG, PREFIXES

PAGE = Path(__file__).with_name("ontology.md")
_PREFIXES = {**PREFIXES, "ksh": str(SHAPES), "owl": str(OWL)}
_TARGETS = {
    SH.targetClass: "every {}",
    SH.targetSubjectsOf: "whatever has {}",
    SH.targetObjectsOf: "whatever {} points to",
}

_HEAD = """# The ontology

What the graph is made of. This page is written by `python docs/reference/make_ontology.py` from `ontology/kgraph.ttl` and
`shapes/*.ttl`; a test fails when it is out of date.

The namespace `kg:` is <{namespace}>, version {version}, free of rights ([CC0]({licence})).
How its terms stand to schema.org, SIOC, AIF, PROV and Web Annotation is in `ontology/alignments.ttl`.

Names of things are IRIs under the base, by default `http://localhost:8000/`:

| Thing | IRI |
|---|---|
| document, and the graph that holds it | `{{base}}doc/{{slug}}` |
| post | `{{base}}doc/{{slug}}#p7` |
| passage, its selectors | `…#at-{{start}}-{{end}}`, `…#at-{{start}}-{{end}}-position`, `…#at-{{start}}-{{end}}-quote` |
| mention | `…#mention-{{start}}-{{end}}` |
| claim, assertion and other findings | `…#claim-{{hash}}`, `…#assertion-{{hash}}` |
| inferred reply | `…#reply-p7` |
| account | `{{base}}account/{{site}}/{{slug}}` |
| person | `{{base}}person/{{slug}}`, or `{{base}}person/{{site}}/{{slug}}` where the name alone is not enough |
| platform and other things | `{{base}}platform/{{slug}}`, `{{base}}organization/{{slug}}`, … |
| relation, the predicate of propositions | `{{base}}relation/{{slug}}` |
| run | `{{base}}run/{{hash}}`, described in the graph `{{base}}runs` |

Passages count Unicode code points of the document's text, half-open.
"""


def page() -> str:
    """The page's Markdown."""
    ontology = Graph().parse(resources.folder("ontology") / "kgraph.ttl")
    shapes = load_shapes(resources.folder("shapes"))
    header = URIRef("https://w3id.org/kgraph")
    parts = [
        _HEAD.format(
            namespace=KG._NS,
            version=ontology.value(header, OWL.versionInfo),
            licence=ontology.value(header, DCTERMS.license),
        ),
        "## What each node has\n",
        "Checked by the shapes: a graph that breaks one is not loaded. The last column is what the report then says.\n",
        *_nodes(shapes),
        "## Terms of kg:\n",
        "### Classes\n",
        *_terms(ontology, OWL.Class),
        "### Properties\n",
        *_terms(ontology, OWL.ObjectProperty, OWL.DatatypeProperty, RDF.Property),
        "### Concepts\n",
        *_schemes(ontology),
    ]
    return "\n".join(parts)


def _nodes(shapes: Graph) -> Iterator[str]:
    for shape in sorted(shapes.subjects(RDF.type, SH.NodeShape)):
        targets = [
            words.format(_or(shapes, shape, predicate))
            for predicate, words in _TARGETS.items()
            if (shape, predicate, None) in shapes
        ]
        yield f"### {_local(shape)}\n"
        yield f"{shapes.value(shape, RDFS.comment)} Checked for {', '.join(targets)}.\n"
        yield "| Property | How many | Shape | What the report says |\n|---|---|---|---|"
        for property_shape in sorted(shapes.objects(shape, SH.property)):
            path = _path(shapes, shapes.value(property_shape, SH.path))
            severity = shapes.value(property_shape, SH.severity)
            message = str(shapes.value(property_shape, SH.message))
            if severity is not None:
                message = f"({_local(severity)}) {message}"
            yield f"| `{path}` | {_count(shapes, property_shape)} | `{_short(property_shape)}` | {message} |"
        yield ""


def _terms(ontology: Graph, *types: URIRef) -> Iterator[str]:
    yield "| Term | Meaning | Domain | Range |\n|---|---|---|---|"
    for term in sorted(
        {term for type_ in types for term in ontology.subjects(RDF.type, type_) if str(term).startswith(str(KG._NS))}
    ):
        ends = [ontology.value(term, end) for end in (RDFS.domain, RDFS.range)]
        parent = ontology.value(term, RDFS.subClassOf)
        meaning = _meaning(ontology, term) + (f" A kind of `{_short(parent)}`." if parent is not None else "")
        yield (
            f"| `{_short(term)}` | {meaning} | "
            + " | ".join(f"`{_short(end)}`" if end is not None else "" for end in ends)
            + " |"
        )
    yield ""


def _schemes(ontology: Graph) -> Iterator[str]:
    yield "| Scheme | Concept | Meaning |\n|---|---|---|"
    for scheme in sorted(ontology.subjects(RDF.type, SKOS.ConceptScheme)):
        yield f"| `{_short(scheme)}` | | {_meaning(ontology, scheme)} |"
        for concept in sorted(ontology.subjects(SKOS.inScheme, scheme)):
            yield f"| | `{_short(concept)}` | {_meaning(ontology, concept)} |"
    yield ""


def _meaning(ontology: Graph, term: Node) -> str:
    example = ontology.value(term, SKOS.example)
    return str(ontology.value(term, SKOS.definition)) + (f" Example: {example}" if example is not None else "")


def _or(shapes: Graph, shape: Node, predicate: URIRef) -> str:
    return " or ".join(f"`{_short(value)}`" for value in sorted(shapes.objects(shape, predicate)))


def _count(shapes: Graph, shape: Node) -> str:
    least, most = (shapes.value(shape, term) for term in (SH.minCount, SH.maxCount))
    low = int(str(least)) if least is not None else 0
    if most is None:
        return f"{low} or more" if low else "any"
    high = int(str(most))
    return str(low) if low == high else f"{low} to {high}"


def _path(shapes: Graph, path: Node | None) -> str:
    if isinstance(path, URIRef):
        return _short(path)
    inverse, either = shapes.value(path, SH.inversePath), shapes.value(path, SH.alternativePath)
    if inverse is not None:
        return f"^{_path(shapes, inverse)}"
    if either is not None:
        return " or ".join(_path(shapes, step) for step in Collection(shapes, either))
    return "/".join(_path(shapes, step) for step in Collection(shapes, path))


def _short(term: Node) -> str:
    for prefix, namespace in _PREFIXES.items():
        if str(term).startswith(namespace):
            return f"{prefix}:{str(term).removeprefix(namespace)}"
    return str(term)


def _local(term: Node) -> str:
    return _short(term).partition(":")[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
