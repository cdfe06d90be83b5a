"""What is loaded is what a dump gives back, byte by byte: shown against the store's own engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pyoxigraph
from hypothesis import given
from hypothesis import strategies as st
from rdflib import PROV, RDF, Graph, Literal, URIRef
from tests.rdf.example import BASE, DOC, extraction

from kgraph.rdf import Run, run_quads, runs_graph, to_graph, to_quads
from kgraph.rdf.terms import decimal, integer, moment, url
from kgraph.validate import ShapesGate

S, P = URIRef("http://a.example/s"), URIRef("http://a.example/p")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def through_the_store(quads: bytes) -> bytes:
    store = pyoxigraph.Store()
    store.load(quads, format=pyoxigraph.RdfFormat.N_QUADS)
    return b"".join(sorted(store.dump(format=pyoxigraph.RdfFormat.N_QUADS).splitlines(keepends=True)))


def quads_of(*objects: Literal | URIRef) -> bytes:
    graph = Graph()
    for object_ in objects:
        graph.add((S, P, object_))
    return to_quads(graph, name="http://a.example/g")


def test_document_comes_back_from_the_store_as_it_was_loaded():
    quads = to_quads(to_graph(extraction(), base=BASE, run="run/1"), name=BASE + DOC)
    assert through_the_store(quads) == quads


def test_lines_are_sorted_and_each_is_ended():
    quads = to_quads(to_graph(extraction(), base=BASE, run="run/1"), name=BASE + DOC)
    lines = quads.splitlines(keepends=True)
    assert lines == sorted(set(lines))
    assert all(line.endswith(f" <{BASE}{DOC}> .\n".encode()) for line in lines)


def test_empty_graph_is_no_bytes():
    assert to_quads(Graph(), name=BASE) == b""


@given(TEXTS)
def test_any_text_comes_back_as_it_was_loaded(text):
    quads = quads_of(Literal(text))
    assert through_the_store(quads) == quads


@given(st.floats(0, 1) | st.floats(-1e6, 1e6), st.integers(-(2**62), 2**62))
def test_any_number_comes_back_as_it_was_loaded(number, count):
    quads = quads_of(decimal(number), integer(count))
    assert through_the_store(quads) == quads


def test_confidence_has_no_trailing_zero():
    assert [str(decimal(number)) for number in (1.0, 0.5, 0.0, -0.0, 0.123456, 1e-7)] == ["1", "0.5", "0", "0", "0.1235", "0"]


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.none() | st.integers(-14 * 60, 14 * 60))
def test_any_moment_comes_back_as_it_was_loaded(time, minutes):
    zoned = time if minutes is None else time.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    for lexical in (zoned.isoformat(), zoned.isoformat(timespec="milliseconds"), zoned.date().isoformat()):
        found = moment(lexical)
        assert found is not None
        quads = quads_of(found)
        assert through_the_store(quads) == quads


@given(
    st.from_regex(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})?)?", fullmatch=True
    )
)
def test_moment_is_one_that_the_store_keeps_or_none(lexical):
    found = moment(lexical)
    if found is not None:
        quads = quads_of(found)
        assert through_the_store(quads) == quads


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map("https://a.example".__add__)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map("http://".__add__)
    | TEXTS
)
def test_web_address_is_one_that_the_store_takes_or_none(text):
    found = url(text)
    if found is not None:
        quads = quads_of(found)
        assert through_the_store(quads) == quads


def test_web_address_is_mended_where_that_is_enough():
    assert url("http://a.example/b c?d=|e") == URIRef("http://a.example/b%20c?d=%7Ce")
    assert url("http://a.example/100%") == URIRef("http://a.example/100%25")
    assert [url(text) for text in ("a.example", "mailto:a@a.example", "http://", "http://[a", "")] == [None] * 5


RUN = Run(software={"kgraph": "0.1.0"}, models={"english": "3.8.0"}, catalog="7", settings={"base": BASE})
ENDED = datetime(2026, 3, 1, 8, 30, tzinfo=timezone(timedelta(hours=1)))


def test_run_is_described_in_the_graph_of_runs():
    quads = run_quads(RUN, base=BASE, ended=ENDED)
    assert through_the_store(quads) == quads
    assert all(line.endswith(f"<{runs_graph(BASE)}> .".encode()) for line in quads.splitlines())
    graph = Graph().parse(data=quads.replace(f" <{runs_graph(BASE)}> .".encode(), b" ."), format="nt")
    assert (URIRef(BASE + RUN.id), RDF.type, PROV.Activity) in graph
    assert graph.value(URIRef(BASE + RUN.id), PROV.endedAtTime).toPython() == ENDED
    assert b'"2026-03-01T07:30:00Z"' in quads
    report = ShapesGate().check(graph)
    assert not report.findings, report.as_text()


def test_run_is_named_by_versions_and_settings_and_not_by_time():
    other = Run(software={"kgraph": "0.1.0"}, models={"english": "3.8.0"}, catalog="8", settings={"base": BASE})
    assert RUN.id == Run(software={"kgraph": "0.1.0"}, models={"english": "3.8.0"}, catalog="7", settings={"base": BASE}).id
    assert RUN.id != other.id
    later = run_quads(RUN, base=BASE, ended=datetime(2027, 1, 1, tzinfo=UTC))
    assert len(set(later.splitlines()) ^ set(run_quads(RUN, base=BASE, ended=ENDED).splitlines())) == 2
