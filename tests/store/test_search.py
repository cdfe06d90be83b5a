"""The search index of a snapshot, and the clause by which SPARQL asks it."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgraph.errors import BadQuery, SearchNotReady
from kgraph.store import fulltext, open_store
from kgraph.store.fulltext import Found
from kgraph.store.search_clause import expand

KG = "https://w3id.org/kgraph#"
SCHEMA = "https://schema.org/"
BASE = "http://example.org/"
PROLOGUE = f"PREFIX kgs: <https://w3id.org/kgraph/search#> PREFIX kg: <{KG}> PREFIX schema: <{SCHEMA}>\n"
THINGS = {
    "platform/atlas": ("Platform", "name", ["Open Atlas", "The Open Atlas of the World"]),
    "person/zoe": ("Person", "name", ["Zoë Müller"]),
    "doc/a#claim-1": ("Claim", "text", ["The atlas is drawn by volunteers."]),
    "doc/a#claim-2": ("Claim", "text", ["Volunteers draw maps for nothing."]),
    "doc/b#claim-3": ("Claim", "text", ['Nobody "pays" for a map\\n with \\u2045brackets\\u2046.']),
    "doc/b#question-4": ("Question", "text", ["Who draws the map?"]),
}


def quads(things: dict[str, tuple[str, str, list[str]]]) -> bytes:
    graph = f"<{BASE}doc/all>"
    lines = []
    for name, (kind, predicate, texts) in things.items():
        namespace = SCHEMA if kind == "Person" else KG
        lines.append(f"<{BASE}{name}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{namespace}{kind}> {graph} .")
        lines += [
            f'<{BASE}{name}> <{SCHEMA}{predicate}> "{text.replace(chr(34), chr(92) + chr(34))}" {graph} .' for text in texts
        ]
    return "\n".join(lines).encode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with open_store(tmp_path, write=True) as store:
        store.replace(f"{BASE}doc/all", quads(THINGS))
    fulltext.make(tmp_path)
    return tmp_path


def found(root: Path, words: str, kind: str | None = None) -> list[str]:
    index = fulltext.Index(root)
    try:
        return [one.iri.removeprefix(BASE) for one in index.find(words, kind)]
    finally:
        index.close()


def rows(root: Path, query: str) -> list[dict[str, str]]:
    with open_store(root) as store:
        return list(csv.DictReader(io.StringIO(store.query(PROLOGUE + query, media_type="text/csv").read().decode())))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("atlas", ["platform/atlas", "doc/a#claim-1"]),
        ("ATLAS volunteer", ["doc/a#claim-1"]),
        ("drawing", ["doc/b#question-4", "doc/a#claim-2"]),
        ('"draw maps"', ["doc/a#claim-2"]),
        ('"maps draw"', []),
        ("zoe muller", ["person/zoe"]),
        ("volun*", ["doc/a#claim-2", "doc/a#claim-1"]),
        ("volun", []),
        ("map -nobody", ["doc/b#question-4", "doc/a#claim-2"]),
        ("zeppelin", []),
    ],
)
def test_what_is_found_holds_all_words_the_best_first(root, words, expected):
    assert found(root, words) == expected


def test_a_thing_is_found_once_by_its_best_name(root):
    index = fulltext.Index(root)
    (thing,) = index.find("atlas", f"{KG}Platform")
    index.close()
    assert (thing.iri, thing.kind, thing.excerpt) == (f"{BASE}platform/atlas", f"{KG}Platform", "Open ⁅Atlas⁆")


@pytest.mark.parametrize("words", ["", "  ", "-map", '""', "!?", '"-"', "*"])
def test_no_word_to_look_for_is_a_bad_query(root, words):
    with pytest.raises(BadQuery, match="no word"):
        found(root, words)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_an_expression_or_a_bad_query(words):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE found USING fts5(text)")
    try:
        connection.execute("SELECT * FROM found WHERE found MATCH ?", (fulltext.expression(words),)).fetchall()
    except BadQuery:
        return
    finally:
        connection.close()


def test_without_an_index_a_search_is_not_ready(tmp_path):
    with open_store(tmp_path, write=True) as store:
        store.replace(f"{BASE}doc/all", quads(THINGS))
        assert fulltext.made_from(tmp_path) is None
        with pytest.raises(SearchNotReady):
            store.query(PROLOGUE + 'SELECT * { GRAPH kgs:index { ?s kgs:matches "map" } }')


def test_an_index_is_made_once_for_a_snapshot_and_taken_up_by_open_readers(root):
    index = fulltext.Index(root)
    made, before = fulltext.made_from(root), (root / "search.sqlite").stat().st_ino
    assert fulltext.make(root) == made
    assert (root / "search.sqlite").stat().st_ino == before
    assert index.find("zeppelin") == []
    with open_store(root, write=True) as store:
        store.replace(
            f"{BASE}doc/new", quads({"doc/c#claim-5": ("Claim", "text", ["A zeppelin."])}).replace(b"/all>", b"/new>")
        )
    assert fulltext.make(root) != made
    assert [one.iri for one in index.find("zeppelin")] == [f"{BASE}doc/c#claim-5"]
    index.close()
    assert not list(root.glob("*.part"))


def test_a_search_clause_joins_with_the_graph(root):
    query = """SELECT ?claim ?text ?score ?excerpt WHERE {
      GRAPH kgs:index { ?claim kgs:matches "map" ; kgs:kind kg:Claim ; kgs:score ?score ; kgs:excerpt ?excerpt . }
      ?claim schema:text ?text
    } ORDER BY DESC(?score)"""
    got = rows(root, query)
    assert [row["claim"].removeprefix(BASE) for row in got] == ["doc/a#claim-2", "doc/b#claim-3"]
    assert got[0]["text"] == "Volunteers draw maps for nothing."
    assert got[0]["excerpt"] == "Volunteers draw ⁅maps⁆ for nothing."
    assert got[1]["excerpt"] == 'Nobody "pays" for a ⁅map⁆\n with brackets.'
    assert float(got[0]["score"]) > float(got[1]["score"]) > 0


def test_search_clauses_stand_anywhere_a_graph_does(root):
    query = """# GRAPH kgs:index { ?no kgs:matches "comment" }
    SELECT (COUNT(DISTINCT ?s) AS ?n) ("GRAPH kgs:index {" AS ?string) WHERE {
      { graph <https://w3id.org/kgraph/search#index> { $s kgs:matches 'atlas' } }
      UNION { { SELECT ?s { GRAPH kgs:index { ?s kgs:matches \"\"\"zo\\u00EB\"\"\" } } } }
      OPTIONAL { ?s schema:name ?name FILTER(STRLEN(?name) > 3) }
    }"""
    assert rows(root, query) == [{"n": "3", "string": "GRAPH kgs:index {"}]
    assert rows(root, 'SELECT ?s { GRAPH kgs:index { ?s kgs:matches "zeppelin" } }') == []


@pytest.mark.parametrize(
    ("clause", "complaint"),
    [
        ("GRAPH kgs:index { ?s ?p ?o }", "each once"),
        ("GRAPH kgs:index { ?s kgs:score ?score }", "needs kgs:matches"),
        ("GRAPH kgs:index { ?s kgs:matches ?words }", "as a plain string"),
        ('GRAPH kgs:index { kg:Claim kgs:matches "a" }', "needs a variable"),
        ('GRAPH kgs:index { ?s kgs:matches "a" ; kgs:matches "b" }', "each once"),
        ('GRAPH kgs:index { ?s kgs:matches "a" . ?t kgs:matches "b" }', "one thing"),
        ('GRAPH kgs:index { ?s kgs:matches "a"@en }', "one thing"),
        ('GRAPH kgs:index { ?s kgs:matches "a" ; kgs:score ?s }', "variable of its own"),
        ('GRAPH kgs:index { ?s kgs:matches "a"', "ends with }"),
        ("GRAPH kgs:index", "needs {"),
        ('?s kgs:matches "a"', "only in GRAPH"),
        ('GRAPH kgs:index { ?s kgs:matches "!" }', "no word"),
    ],
)
def test_a_search_clause_that_is_not_one_is_refused_with_its_place(root, clause, complaint):
    with pytest.raises(BadQuery, match=complaint):
        rows(root, f"SELECT * {{ {clause} }}" if clause.endswith("}") or "?s kgs" in clause[:8] else f"SELECT * {{ {clause}")


def test_the_place_of_a_mistake_is_told(root):
    with pytest.raises(BadQuery) as caught:
        rows(root, "SELECT * {\n  GRAPH kgs:index { ?s ?p ?o }\n}")
    assert (caught.value.line, caught.value.column) == (3, 24)


@given(st.text(alphabet="\"'\\n\r\nab⁅ é{}<>", max_size=30))
def test_no_excerpt_ends_the_query_early(excerpt):
    import pyoxigraph as ox

    text = PROLOGUE + 'SELECT ?e { GRAPH kgs:index { ?s kgs:matches "a" ; kgs:excerpt ?e } }'
    query = expand(text, lambda words, kind: [Found("http://e.org/s", "", 1.0, excerpt)])
    (solution,) = ox.Store().query(query)
    assert solution["e"].value == excerpt
