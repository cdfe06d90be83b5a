"""What every store promises, whatever stands behind it."""

from __future__ import annotations

import json
from io import BytesIO

import pyoxigraph as ox
import pytest

from kgraph.errors import BadQuery, FetchRefused, NotAcceptable, StoreError
from kgraph.media import FORMATS, NQUADS, RDF, RESULTS, Format, Kind
from kgraph.store import Store

ONE, TWO = "http://example.org/doc/one", "http://example.org/doc/two"
SELECT = "SELECT ?s ?p ?o WHERE { ?s ?p ?o }"


def quads(graph: str, *lines: str) -> bytes:
    return "".join(f"{line} <{graph}> .\n" for line in lines).encode()


def said(number: int, words: str = "words") -> str:
    return f'<http://example.org/claim/{number}> <https://schema.org/text> "{words}"'


def parsed(content: bytes, form: Format) -> set[ox.Quad]:
    return set(ox.parse(content, ox.RdfFormat.from_media_type(form.media_type)))


def triples(content: bytes, form: Format) -> set[ox.Triple]:
    return {quad.triple for quad in parsed(content, form)}


def rows(store: Store, text: str = SELECT, **dataset: object) -> list[dict[str, str]]:
    answer = json.loads(store.query(text, media_type="application/sparql-results+json", **dataset).read())
    return [{name: cell["value"] for name, cell in row.items()} for row in answer["results"]["bindings"]]


def test_replacing_a_graph_leaves_nothing_of_the_old_one(store):
    store.replace(ONE, quads(ONE, said(1), said(2)))
    store.replace(TWO, quads(TWO, said(3)))
    store.replace(ONE, quads(ONE, said(2), said(4)))
    assert store.graphs() == [ONE, TWO]
    assert {row["s"][-1] for row in rows(store)} == {"2", "3", "4"}
    assert store.count() == 3


def test_many_graphs_are_replaced_together(store):
    store.replace_many({ONE: quads(ONE, said(1)), TWO: quads(TWO, said(2))})
    assert store.graphs() == [ONE, TWO]


def test_a_triple_that_two_graphs_state_is_counted_once(store):
    store.replace_many({graph: quads(graph, said(1)) for graph in (ONE, TWO)})
    assert store.count() == 1
    store.remove(ONE)
    assert store.count() == 1
    store.remove(TWO)
    assert store.count() == 0


def test_replacing_with_nothing_removes_the_graph(store):
    store.replace(ONE, quads(ONE, said(1)))
    store.replace(ONE, b"")
    assert store.graphs() == []
    assert rows(store) == []


def test_removing_what_is_not_there_does_nothing(store):
    store.remove(ONE)
    assert store.graphs() == []


@pytest.mark.parametrize(
    "content",
    [b"this is no N-Quads", quads(TWO, said(1)), b'<http://example.org/a> <http://example.org/b> "c" .\n'],
    ids=["not N-Quads", "another graph", "no graph"],
)
def test_quads_that_are_not_of_the_graph_are_refused_and_nothing_changes(store, content):
    store.replace(ONE, quads(ONE, said(1)))
    with pytest.raises(StoreError):
        store.replace(ONE, content)
    assert store.count() == 1


def test_a_graph_name_that_is_no_iri_is_refused(store):
    with pytest.raises(StoreError):
        store.replace("no iri", b"")


@pytest.mark.parametrize("words", ["“curly” ’tis", r"back\\slash \\u0041 \\", r"two\nlines\r\n", r"\"} ; DROP ALL #", "\t🜁"])
def test_words_come_out_as_they_went_in(store, words):
    store.replace(ONE, quads(ONE, said(1, words)))
    (expected,) = ox.parse(quads(ONE, said(1, words)), ox.RdfFormat.N_QUADS)
    assert rows(store)[0]["o"] == expected.object.value


def test_blank_nodes_stay_apart_between_graphs_and_go_with_theirs(store):
    line = '_:b <https://schema.org/name> "somebody"'
    store.replace_many({ONE: quads(ONE, line, "_:b <http://example.org/knows> _:c"), TWO: quads(TWO, line)})
    query = "SELECT DISTINCT ?s { GRAPH ?g { ?s <https://schema.org/name> ?n } }"
    assert len(rows(store, query)) == 2
    store.replace(ONE, quads(ONE, line))
    assert len(rows(store, query)) == 2
    assert store.count() == 2
    store.remove(TWO)
    assert store.count() == 1


def test_the_dataset_of_a_request_wins(store):
    store.replace_many({ONE: quads(ONE, said(1)), TWO: quads(TWO, said(2))})
    assert len(rows(store)) == 2
    assert [row["s"][-1] for row in rows(store, default_graphs=[ONE])] == ["1"]
    assert rows(store, named_graphs=[ONE]) == []
    named = "SELECT ?g ?s WHERE { GRAPH ?g { ?s ?p ?o } }"
    assert [row["g"] for row in rows(store, named, named_graphs=[TWO])] == [TWO]
    assert rows(store, named, default_graphs=[TWO]) == []
    assert [row["s"][-1] for row in rows(store, f"SELECT ?s FROM <{TWO}> WHERE {{ ?s ?p ?o }}")] == ["2"]


def test_a_relative_iri_is_resolved_against_the_base(store):
    store.replace(ONE, quads(ONE, said(1)))
    assert rows(store, "SELECT ?o WHERE { <claim/1> ?p ?o }", base="http://example.org/") == [{"o": "words"}]


@pytest.mark.parametrize("form", RESULTS, ids=lambda form: form.name)
@pytest.mark.parametrize("query", [SELECT, "ASK { ?s ?p ?o }"])
def test_results_come_in_every_form(store, form, query):
    store.replace(ONE, quads(ONE, said(1)))
    answer = store.query(query, media_type=form.media_type)
    assert (answer.media_type, answer.kind) == (form.media_type, Kind.RESULTS)
    assert (b"words" if "SELECT" in query else b"true") in answer.read()


@pytest.mark.parametrize("form", RDF, ids=lambda form: form.name)
def test_rdf_comes_in_every_form(store, form):
    store.replace(ONE, quads(ONE, said(1), said(2)))
    answer = store.query("CONSTRUCT WHERE { ?s ?p ?o }", media_type=form.media_type)
    assert triples(answer.read(), form) == triples(quads(ONE, said(1), said(2)), NQUADS)


def test_without_a_type_the_answer_is_json_or_turtle(store):
    assert store.query("ASK {}").media_type == "application/sparql-results+json"
    assert store.query("CONSTRUCT WHERE { ?s ?p ?o }").media_type == "text/turtle"


def test_the_first_type_that_can_hold_the_answer_is_taken(store):
    both = ("text/turtle", "text/csv")
    assert store.query("ASK {}", media_type=both).media_type == "text/csv"
    assert store.query("CONSTRUCT WHERE { ?s ?p ?o }", media_type=both).media_type == "text/turtle"


def test_a_type_that_cannot_hold_the_answer_is_refused(store):
    with pytest.raises(NotAcceptable):
        store.query("ASK {}", media_type="text/turtle").read()


def test_bad_query_is_refused_with_its_position(store):
    with pytest.raises(BadQuery) as caught:
        store.query("SELECT * WHERE {\n ?s ?p }").read()
    assert caught.value.line == 2
    assert caught.value.column


def test_a_query_that_cannot_be_evaluated_is_refused(store):
    with pytest.raises((BadQuery, StoreError)):  # a server may not tell the two apart
        store.query("SELECT (<http://example.org/no-function>(1) AS ?x) { }").read()


def test_service_is_refused(store):
    with pytest.raises(FetchRefused):
        store.query("SELECT * { SERVICE SILENT <http://127.0.0.1:9/> { ?s ?p ?o } }")


@pytest.mark.parametrize("form", RDF, ids=lambda form: form.name)
@pytest.mark.parametrize("graph", [ONE, None])
def test_a_dump_holds_what_went_in(store, form, graph):
    content = {ONE: quads(ONE, said(1), said(2)), TWO: quads(TWO, said(2), said(3))}
    store.replace_many(content)
    out = BytesIO()
    store.dump(out, media_type=form.media_type, graph=graph)
    wanted = b"".join(content.values()) if graph is None else content[ONE]
    assert triples(out.getvalue(), form) == triples(wanted, NQUADS)
    if form.datasets:
        assert parsed(out.getvalue(), form) == parsed(wanted, NQUADS)


def test_a_dump_of_a_graph_that_is_not_there_is_refused(store):
    with pytest.raises(StoreError):
        store.dump(BytesIO(), media_type="text/turtle", graph=ONE)


def test_every_form_has_a_name_of_its_own():
    assert len({form.name for form in FORMATS}) == len(FORMATS)
    assert len({form.media_type for form in FORMATS}) == len(FORMATS)
