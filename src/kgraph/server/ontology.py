"""`/ontology`: the vocabulary that the graph is written in, as a page and in every form of RDF.

Its namespace is https://w3id.org/kgraph#, which leads to the published copy; this is the one of this installation. The page has
an anchor for every term, so that `/ontology#Claim` is where `kg:Claim` is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, Graph, Literal, URIRef
from rdflib.term import Node

from kgraph import media, resources
from kgraph.errors import KgraphError
from kgraph.server import addresses
from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.document_page import Ref
from kgraph.server.questions import Reading
from kgraph.server.rendering import curie, render
from kgraph.server.representations import Made, canonical, content_type, explain, is_read, links_of, negotiated
from kgraph.server.responses import Problem
from kgraph.store import quads
from kgraph.vocab import KG

PATH = "/ontology"
ROUTES = (PATH, *(f"{PATH}.{suffix}" for suffix in ("html", *(form.suffix for form in media.RDF))))
_ONTOLOGY = URIRef("https://w3id.org/kgraph")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term; `facts` are what it is a part of, and what it goes between."""

    anchor: str
    curie: str
    label: str
    definition: str
    examples: tuple[str, ...]
    facts: tuple[tuple[str, tuple[Ref, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    title: str
    about: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OntologyView:
    title: str
    description: str
    version: str
    license: Ref
    sections: tuple[Section, ...]


class Ontology:
    """The ontology as an ASGI application. What it is made of does not change while the server runs."""

    def __init__(self, made: Made) -> None:
        self._made = made

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if not await is_read(scope, send):
            return
        wanted = addresses.place(scope["path"])
        try:
            form = wanted.form if wanted.suffix else negotiated(header(scope, b"accept"))
            headers = [*content_type(form), *links_of(PATH, wanted.suffix, form), canonical(str(_ONTOLOGY))]

            async def make(_reading: Reading) -> tuple[Headers, bytes]:
                return [], await asyncio.to_thread(_written, form)

            await self._made.send(scope, send, f"{PATH} {form.suffix if form else 'html'} {wanted.suffix}", headers, make)
        except (KgraphError, Problem) as error:
            await explain(scope, send, error)


def _written(form: media.Format | None) -> bytes:
    content = (resources.folder("ontology") / "kgraph.ttl").read_bytes()
    if form is None:
        return render("ontology.html", ontology=view(content))
    return content if form is media.TURTLE else quads.convert(content, source=media.TURTLE, target=form)


@cache
def view(content: bytes) -> OntologyView:
    """The ontology, in Turtle, in the order that people read it."""
    graph = Graph().parse(data=content, format="turtle")
    schemes = sorted(graph.subjects(RDF.type, SKOS.ConceptScheme), key=lambda scheme: _words(graph, scheme, RDFS.label))
    sections = [
        Section(title="Classes", about="", terms=_terms(graph, graph.subjects(RDF.type, OWL.Class))),
        Section(
            title="Properties",
            about="",
            terms=_terms(
                graph, {*graph.subjects(RDF.type, OWL.ObjectProperty), *graph.subjects(RDF.type, OWL.DatatypeProperty)}
            ),
        ),
        *(
            Section(
                title=_words(graph, scheme, RDFS.label),
                about=_words(graph, scheme, SKOS.definition),
                terms=_terms(graph, graph.subjects(SKOS.inScheme, scheme)),
            )
            for scheme in schemes
        ),
    ]
    return OntologyView(
        title=_words(graph, _ONTOLOGY, DCTERMS.title),
        description=_words(graph, _ONTOLOGY, DCTERMS.description),
        version=_words(graph, _ONTOLOGY, OWL.versionInfo),
        license=_ref(next(graph.objects(_ONTOLOGY, DCTERMS.license), Literal(""))),
        sections=tuple(section for section in sections if section.terms),
    )


def _terms(graph: Graph, terms: Iterable[Node]) -> tuple[Term, ...]:
    return tuple(
        Term(
            anchor=str(term).removeprefix(str(KG._NS)),
            curie=curie(str(term)),
            label=_words(graph, term, RDFS.label),
            definition=_words(graph, term, SKOS.definition),
            examples=tuple(sorted(map(str, graph.objects(term, SKOS.example)))),
            facts=tuple(
                (name, refs)
                for name, property in (
                    ("a kind of", RDFS.subClassOf),
                    ("from", RDFS.domain),
                    ("to", RDFS.range),
                    ("a kind of", RDFS.subPropertyOf),
                    ("inverse of", OWL.inverseOf),
                )
                if (
                    refs := tuple(
                        _ref(one) for one in sorted(graph.objects(term, property), key=str) if isinstance(one, URIRef)
                    )
                )
            ),
        )
        for term in sorted(set(terms), key=str)
        if str(term).startswith(str(KG._NS))
    )


def _words(graph: Graph, subject: Node, property: URIRef) -> str:
    return min(map(str, graph.objects(subject, property)), default="")


def _ref(node: Node) -> Ref:
    iri = str(node)
    if iri.startswith(str(KG._NS)):
        return Ref(curie(iri), f"#{iri.removeprefix(str(KG._NS))}")
    return Ref(curie(iri), iri if iri.startswith(("http://", "https://")) else None)
