"""Graphs for the pages: one with everything that a document can hold, and one whose every word is hostile."""

from __future__ import annotations

import warnings

from rdflib import Dataset, Graph, Literal, URIRef
from tests.rdf import example

from kgraph import media
from kgraph.rdf import to_graph, to_quads
from kgraph.vocab import CITO, DCTERMS, FOAF, KG, OA, RDF, SCHEMA, SIOC

BASE = example.BASE
DOC = f"{BASE}{example.DOC}"
HOSTILE_DOC = f"{BASE}doc/hostile"
SCRIPT = "<script>alert(1)</script>"
BREAKOUT = '"><img src=x onerror=alert(2)>'
END_OF_DATA = "</script><script>alert(3)</script>"
TURNED = "\u202eright to left\u2066\u200f mixed"
LONG = "w" * 10_000
TEXT = f"{SCRIPT} said {BREAKOUT} to {TURNED}. {LONG} ends."


_RDFLIB = {"turtle": "turtle", "ntriples": "nt", "rdfxml": "xml", "jsonld": "json-ld", "trig": "trig", "nquads": "nquads"}


def parsed(content: bytes, form: media.Format) -> Dataset:
    """What another library reads in this; it warns of its own internals."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return Dataset().parse(data=content, format=_RDFLIB[form.name])


def graphs_of(dataset: Dataset) -> set[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return {str(quad[3]) for quad in dataset.quads()}


def triples_of(dataset: Dataset) -> set[tuple[object, object, object]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return {quad[:3] for quad in dataset.quads()}


def example_quads() -> bytes:
    return to_quads(to_graph(example.extraction(), base=BASE, run="run/1"), name=DOC)


def hostile_quads() -> bytes:
    """A post of hostile words, in which claims, a quotation and mentions nest, touch and cross."""
    graph = Graph()
    doc, post, person = URIRef(HOSTILE_DOC), URIRef(f"{HOSTILE_DOC}#p0"), URIRef(f"{BASE}person/hostile")
    account, platform = URIRef(f"{BASE}account/hostile/h"), URIRef(f"{BASE}platform/hostile")

    def passage(start: int, end: int) -> URIRef:
        node = URIRef(f"{doc}#at-{start}-{end}")
        at, quote = URIRef(f"{node}-position"), URIRef(f"{node}-quote")
        graph.add((node, OA.hasSource, doc))
        graph.add((node, OA.hasSelector, at))
        graph.add((node, OA.hasSelector, quote))
        graph.add((at, OA.start, Literal(start)))
        graph.add((at, OA.end, Literal(end)))
        graph.add((quote, OA.exact, Literal(TEXT[start:end])))
        graph.add((quote, OA.prefix, Literal(TEXT[max(0, start - 32) : start])))
        graph.add((quote, OA.suffix, Literal(TEXT[end : end + 32])))
        return node

    for subject, predicate, object in (
        (doc, RDF.type, SIOC.Thread),
        (doc, DCTERMS.title, Literal(END_OF_DATA)),
        (doc, DCTERMS.source, URIRef("javascript:alert(4)")),
        (doc, SCHEMA.isPartOf, platform),
        (post, RDF.type, SIOC.Post),
        (post, SIOC.has_container, doc),
        (post, SIOC.has_creator, account),
        (post, SIOC.reply_of, post),
        (post, CITO.disagreesWith, post),
        (post, SCHEMA.position, Literal(1)),
        (post, KG.evidence, passage(0, len(TEXT))),
        (account, RDF.type, SIOC.UserAccount),
        (account, FOAF.accountName, Literal(BREAKOUT)),
        (account, SIOC.account_of, person),
        (person, RDF.type, SCHEMA.Person),
        (person, SCHEMA.name, Literal(SCRIPT)),
        (person, SCHEMA.alternateName, Literal(LONG)),
        (platform, RDF.type, KG.Platform),
        (platform, SCHEMA.name, Literal(END_OF_DATA)),
        (platform, SCHEMA.alternateName, Literal(TURNED)),
        (platform, SCHEMA.url, URIRef("javascript:alert(5)")),
    ):
        graph.add((subject, predicate, object))
    for number, (start, end) in enumerate(((0, len(TEXT)), (0, 20), (10, 40), (30, 60), (10, len(TEXT)))):
        claim, assertion = URIRef(f"{doc}#claim-{number}"), URIRef(f"{doc}#assertion-{number}")
        mention = URIRef(f"{doc}#mention-{number}")
        for subject, predicate, object in (
            (claim, RDF.type, KG.Claim),
            (claim, SCHEMA.text, Literal(TEXT[start:end])),
            (claim, SCHEMA.about, platform),
            (claim, KG.kind, KG.factual),
            (assertion, RDF.type, KG.Assertion),
            (assertion, KG.claim, claim),
            (assertion, KG.claimant, person),
            (assertion, KG.inPost, post),
            (assertion, KG.attitude, KG.asserts),
            (assertion, KG.reportedFrom, Literal(BREAKOUT)),
            (assertion, KG.disputes, platform),
            (assertion, KG.evidence, passage(start, end)),
            (mention, RDF.type, OA.Annotation),
            (mention, OA.hasBody, platform),
            (mention, OA.hasTarget, passage(start + 3, end)),
        ):
            graph.add((subject, predicate, object))
    return to_quads(graph, name=HOSTILE_DOC)
