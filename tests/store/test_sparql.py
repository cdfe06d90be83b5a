"""`SERVICE` is found wherever it stands, and nowhere else; a server on loopback counts what was fetched all the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgraph.errors import BadQuery, FetchRefused
from kgraph.store.sparql import bad_query, has_dataset, refuse_fetching

CLAUSE = "SERVICE <http://127.0.0.1:9/> { ?s ?p ?o }"


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT * {{ {CLAUSE} }}",
        f"ASK {{ {CLAUSE} }}",
        f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {CLAUSE} }}",
        f"DESCRIBE ?s WHERE {{ {CLAUSE} }}",
        "SELECT * { SeRvIcE SILENT ?where { ?s ?p ?o } }",
        "PREFIX e: <http://e/> SELECT * { SERVICE e:x { ?s ?p ?o } }",
        f"SELECT * {{ OPTIONAL {{ {{ SELECT * {{ {CLAUSE} }} }} }} }}",
        f"SELECT * {{ ?a ?b ?c FILTER NOT EXISTS {{ {CLAUSE} }} }}",
        f"SELECT (EXISTS {{ {CLAUSE} }} AS ?x) {{ }}",
        f"SELECT * {{ ?s ?p 1 }} HAVING (EXISTS {{ {CLAUSE} }})",
        f"SELECT * {{ {{ }} UNION {{ GRAPH ?g {{ ?s ?p ?o MINUS {{ {CLAUSE} }} }} }} }}",
        # what a reader of comments, strings, IRIs or escapes could be led past
        f"SELECT * {{ # a comment\r {CLAUSE} }}",
        f"SELECT * {{ <http://e/#> ?p ?o . {CLAUSE} }}",
        f"PREFIX e: <http://e/> SELECT * {{ e:a\\# ?p ?o . {CLAUSE} \n }}",
        f'SELECT * {{ ?s ?p "\\u0022 }} # " . {CLAUSE} }}',
        f"SELECT * {{ ?s ?p '''it's # ''' . {CLAUSE} }}",
        f'SELECT * {{ ?s ?p """a " # \\""" " """ . {CLAUSE} }}',
        f"SELECT * {{ ?s ?p '\\'# ' . {CLAUSE} }}",
        f"SELECT * {{ ?s ?p ?o FILTER(?o<2) . {CLAUSE} FILTER(?o>1) }}",
        f"SELECT * {{ ?s ?p true{CLAUSE} }}",
        f"SELECT * {{ ?s ?p 1{CLAUSE} }}",
        f"SELECT * {{ {CLAUSE.replace(' ', 'SILENT', 1)} }}",
        "PREFIX : <http://e/> SELECT * { ?s ?p trueSERVICE:x { } }",
        "PREFIX : <http://e/> SELECT * { FILTER(true)SERVICE:x { } }",
    ],
)
def test_service_is_refused_wherever_it_stands(query):
    with pytest.raises(FetchRefused):
        refuse_fetching(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?service { ?service ?p ?o }",
        "PREFIX service: <http://service/> SELECT * { service:service ?p ?o }",
        'SELECT * { ?s ?p "customer SERVICE <x> { }" }',
        "SELECT * { ?s ?p ?o } # SERVICE <http://e/> { }",
        "SELECT * { <http://e/SERVICE> ?p '''SERVICE''' }",
        "SELECT * { this is no SPARQL",
    ],
)
def test_the_mere_word_is_not_refused(query):
    refuse_fetching(query)


def test_what_the_parser_cannot_read_is_refused_with_its_position():
    with pytest.raises(BadQuery) as caught:
        refuse_fetching("SELECT * {\n SERVICE }")
    assert caught.value.line is not None


def test_a_query_nested_past_the_parser_is_refused():
    with pytest.raises(BadQuery):
        refuse_fetching("SELECT * " + "{ " * 3000 + CLAUSE + " }" * 3000)


@given(st.text(alphabet=st.sampled_from(list("\"'\\#<>{}\r\n u0022x")), max_size=40))
def test_no_words_before_it_hide_a_clause_that_the_engine_would_run(words):
    import pyoxigraph as ox

    query = f"ASK {{ {words} {CLAUSE} }}"
    try:
        refuse_fetching(query)
    except BadQuery:
        return
    # Not refused: then the engine must see no clause either. With one it would try port 9, and fail with an OSError.
    try:
        ox.Store().query(query)
    except SyntaxError:
        return


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM <http://e/g> { }", True),
        ("select * from named <http://e/g> { }", True),
        ("CONSTRUCT { ?s ?p ?o } FROM<http://e/g> WHERE { ?s ?p ?o }", True),
        ("SELECT ?from { ?from e:from 'FROM <x>' } # FROM <y>", False),
        ("PREFIX from: <http://from/> SELECT * { from:from ?p ?o }", False),
    ],
)
def test_a_dataset_clause_is_told_from_the_word(query, expected):
    assert has_dataset(query) is expected


def test_a_message_without_position_stays_whole():
    assert bad_query("what?").message == "what?"
    assert bad_query("error at 3:5: expected }").column == 5
