from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdflib import RDF, Graph, Literal, URIRef
from tests.rdf import example
from tests.rdf.example import BASE, DOC, TEXT, extraction, words

from kgraph.rdf import to_graph
from kgraph.rdf.terms import integer
from kgraph.validate import Severity, check_evidence
from kgraph.validate.report import SHAPES
from kgraph.vocab import KG, OA


@pytest.fixture
def graph() -> Graph:
    return to_graph(extraction(), base=BASE, run="run/1")


def selector(kind: str) -> URIRef:
    span = words("Volunteers keep the map honest.")
    return URIRef(f"{BASE}{DOC}#at-{span.start}-{span.end}-{kind}")


def passage() -> URIRef:
    return URIRef(str(selector("quote")).removesuffix("-quote"))


def checks(graph: Graph, text: str = TEXT) -> list[str]:
    return [finding.shape.removeprefix(SHAPES) for finding in check_evidence(graph, text).findings]


def test_graph_of_the_mapping_stands_on_its_text(graph):
    report = check_evidence(graph, TEXT)
    assert not report.findings, report.as_text()
    assert report.conforms


@pytest.mark.parametrize("term", ["exact", "prefix", "suffix"])
def test_planted_quotation_is_found(graph, term):
    graph.set((selector("quote"), OA[term], Literal("Nobody keeps the map honest.")))
    (finding,) = check_evidence(graph, TEXT).findings
    assert finding.shape == SHAPES[f"Evidence-{term}"]
    assert finding.focus == passage()
    assert finding.value == Literal("Nobody keeps the map honest.")
    assert finding.severity is Severity.VIOLATION


def test_message_shows_what_the_text_has(graph):
    graph.set((selector("quote"), OA.exact, Literal("Volunteers ruin the map.")))
    assert "'Volunteers keep the map honest.'" in check_evidence(graph, TEXT).as_text()


def test_shifted_position_is_found(graph):
    start = graph.value(selector("position"), OA.start).toPython()
    graph.set((selector("position"), OA.start, integer(start + 1)))
    assert checks(graph) == ["Evidence-exact"]


@pytest.mark.parametrize(("start", "end"), [(0, 10_000), (10_000, 10_001), (9, 9), (9, 8), (-5, 4)])
def test_position_outside_the_text_is_found(graph, start, end):
    graph.set((selector("position"), OA.start, integer(start)))
    graph.set((selector("position"), OA.end, integer(end)))
    assert "Evidence-within" in checks(graph)


@pytest.mark.parametrize(
    ("kind", "term"), [("position", "start"), ("position", "end"), ("quote", "exact"), ("quote", "prefix")]
)
def test_passage_that_cannot_be_checked_is_found(graph, kind, term):
    removed = graph.value(selector(kind), OA[term])
    graph.remove((selector(kind), OA[term], None))
    assert checks(graph) == ["Evidence-readable"]
    graph.add((selector(kind), OA[term], removed))
    assert checks(graph) == []
    graph.add((selector(kind), OA[term], Literal("another")))
    assert checks(graph) == ["Evidence-readable"]


def test_position_that_is_no_number_is_found(graph):
    graph.set((selector("position"), OA.start, Literal("the start")))
    assert checks(graph) == ["Evidence-readable"]


def test_claim_on_the_words_of_another_post_is_found(graph):
    assertion = URIRef(f"{BASE}{DOC}#assertion-lanes")
    graph.set((assertion, KG.evidence, passage()))
    (finding,) = check_evidence(graph, TEXT).findings
    assert finding.focus == assertion
    assert finding.shape == SHAPES["Evidence-in-post"]


def test_other_text_than_the_graph_was_made_from_is_found(graph):
    assert "Evidence-digest" in checks(graph, TEXT + "One more word.")


def test_offsets_count_code_points():
    assert "☂" in TEXT
    assert words(example.UNHEADED).start > TEXT.index("☂")
    graph = to_graph(extraction(), base=BASE, run="run/1")
    assert checks(graph) == []
    utf16 = graph.value(selector("position"), OA.start).toPython() + 1
    graph.set((selector("position"), OA.start, integer(utf16)))
    assert checks(graph) == ["Evidence-exact"]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200), st.data())
def test_passages_of_any_text_verify(text, drawn):
    document = example.document()
    whole = example.Span(0, len(text))
    document = dataclasses.replace(document, text=text, posts=(dataclasses.replace(document.posts[0], span=whole),))
    start = drawn.draw(st.integers(0, len(text) - 1))
    end = drawn.draw(st.integers(start + 1, len(text)))
    mention = dataclasses.replace(extraction().mentions[0], span=example.Span(start, end))
    thread = dataclasses.replace(example.thread(), replies=(), quotations=(), inferences=())
    graph = to_graph(
        dataclasses.replace(
            extraction(),
            document=document,
            thread=thread,
            mentions=(mention,),
            claims=(),
            assertions=(),
            questions=(),
            links=(),
        ),
        base=BASE,
        run="run/1",
    )
    assert len(list(graph.subjects(RDF.type, OA.SpecificResource))) == len({whole, mention.span})
    assert checks(graph, text) == []
