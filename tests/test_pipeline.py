"""A document's way through the pipeline: what passes, what is refused alone, what is refused whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rdflib import SH, Graph, Literal, URIRef

from kgraph import iris
from kgraph.errors import Quarantined, Rejected
from kgraph.iris import DEFAULT_BASE
from kgraph.model.annotations import Stance, Toward
from kgraph.model.text import Source
from kgraph.rdf import to_graph
from kgraph.vocab import KG, OA, RDF, SCHEMA

THREAD = """Rail Notes
Slow Trains
by Ada Marsh

Night trains are the quietest hotels in Europe. Ryanair made flying cheap, but it did not make it pleasant.

  • Ben Ode

    I disagree, Ada. Sleeping cars are too expensive for families.

  • Dora Quill

    The corridors were noisy when I rode one last autumn. Nobody at the railway answered my letter.

  • Emil

    Railways should publish their fares. Then everybody could compare them with a flight.

  • Cleo

    I looked it up. Wikipedia has a list of every night train that still runs.
"""


@pytest.fixture
def source() -> Source:
    return Source(iris.document("slow-trains"), "slow-trains.txt", "text/plain", THREAD.encode())


@pytest.fixture
def plain(pipeline, source):
    """The extraction without a fault."""
    return pipeline.extract(pipeline.read(source))


def misquote(graph: Graph, thing: URIRef) -> None:
    passage = graph.value(thing, KG.evidence)
    (quote,) = (selector for selector in graph.objects(passage, OA.hasSelector) if (selector, OA.exact, None) in graph)
    graph.set((quote, OA.exact, Literal("words that nobody wrote")))


def mapping_that_misquotes(pipeline, reference: str):
    def map_(extraction):
        graph = pipeline.map(extraction)
        thing = URIRef(DEFAULT_BASE + reference)
        if (thing, KG.evidence, None) in graph:
            misquote(graph, thing)
        return graph

    return replace(pipeline, map=map_)


def test_a_thread_passes_with_its_counts(pipeline, source, plain):
    passed = pipeline(source)
    assert passed.refused is None
    assert passed.graph == DEFAULT_BASE + "doc/slow-trains"
    assert passed.posts == 5
    assert passed.claims == len(plain.claims) > 0
    assert passed.triples == passed.quads.count(b"\n") == len(set(passed.quads.splitlines()))
    assert DEFAULT_BASE + "platform/wikipedia" in passed.platforms
    assert any(iri.endswith("ada-marsh") for iri in passed.people)


def test_the_same_source_gives_the_same_bytes(pipeline, source):
    assert pipeline(source).quads == pipeline(source).quads


def test_a_wrong_quotation_costs_its_assertion_alone(pipeline, source, plain):
    planted = plain.assertions[-1]
    passed = mapping_that_misquotes(pipeline, planted.id)(source)
    assert planted.id.encode() not in passed.quads
    assert passed.claims == len(plain.claims) - 1
    assert b"words that nobody wrote" not in passed.quads
    assert passed.refused is not None
    assert "words that nobody wrote" in passed.refused.report
    assert "ValidationReport" in passed.refused.report_turtle
    assert planted.id.encode() in passed.refused.quads
    for other in plain.assertions[:-1]:
        assert other.id.encode() in passed.quads


def test_what_answers_a_refused_assertion_no_longer_points_to_it(pipeline, source, plain):
    first, last = plain.assertions[0], plain.assertions[-1]
    stance = Stance(target=first.post, toward=Toward.DISPUTES, judgement=last.judgement, responds_to=first.id)
    answering = replace(plain, assertions=(*plain.assertions[:-1], replace(last, stances=(stance,))))
    assert first.id.encode() in replace(pipeline, extract=lambda document: answering)(source).quads
    planted = mapping_that_misquotes(pipeline, first.id)
    passed = replace(planted, extract=lambda document: answering)(source)
    assert first.id.encode() not in passed.quads
    assert last.id.encode() in passed.quads


def test_an_assertion_on_words_of_another_post_is_refused_alone(pipeline, source, plain):
    first, last = plain.assertions[0], plain.assertions[-1]
    moved = replace(plain, assertions=(*plain.assertions[:-1], replace(last, span=first.span)))
    passed = replace(pipeline, extract=lambda document: moved)(source)
    assert passed.refused is not None
    assert last.id.encode() not in passed.quads
    assert first.id.encode() in passed.quads


def test_a_post_that_misquotes_itself_condemns_the_document(pipeline, source, plain):
    with pytest.raises(Quarantined, match="evidence gate refused it") as refused:
        mapping_that_misquotes(pipeline, plain.document.posts[0].id)(source)
    assert refused.value.document == "doc/slow-trains"
    assert b"words that nobody wrote" in refused.value.quads


def test_a_broken_shape_condemns_the_document(pipeline, source, plain):
    claim = URIRef(DEFAULT_BASE + plain.claims[0].id)

    def map_(extraction):
        graph = to_graph(extraction, base=DEFAULT_BASE, run=pipeline.run.id)
        graph.remove((claim, SCHEMA.text, None))
        return graph

    with pytest.raises(Quarantined, match="shapes gate refused it") as refused:
        replace(pipeline, map=map_)(source)
    assert str(claim) in refused.value.report
    assert (None, RDF.type, SH.ValidationReport) in Graph().parse(data=refused.value.report_turtle, format="turtle")


@pytest.mark.parametrize("content", [b"", b"   \n", b"\x89PNG\r\n\x1a\n\x00\x00", bytes(2_000)])
def test_what_is_no_text_is_rejected(pipeline, content):
    with pytest.raises(Rejected):
        pipeline(Source("doc/x", "x.txt", "text/plain", content))
