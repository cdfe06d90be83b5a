"""Updates tried on a copy, and graphs written whole: what is checked, what is committed, what the union becomes."""

from __future__ import annotations

import re

import pytest

from kgraph.errors import BadGraph, BadQuery, FetchRefused, Misuse, NotWritable
from kgraph.store import updates
from kgraph.store.oxigraph import OxigraphStore

G, H = "http://example.org/g", "http://example.org/h"
PREFIX = "PREFIX : <http://example.org/>\n"


@pytest.fixture(params=[True, False], ids=["union", "own"])
def store(request, tmp_path):
    with OxigraphStore(tmp_path / "store", write=True, union=request.param) as store:
        yield store


def update(store, text, check=lambda _graphs: None, **dataset):
    store.update(PREFIX + text, check=check, base="http://example.org/base", **dataset)


def rows(store, pattern):
    answer = (
        store.query(
            f"{PREFIX}SELECT {' '.join(dict.fromkeys(re.findall(r'[?][a-z]+', pattern)))} {{ {pattern} }}",
            media_type="text/csv",
        )
        .read()
        .decode()
    )
    return sorted(line.replace("http://example.org/", "") for line in answer.split("\r\n")[1:-1])


def default(store):
    return rows(store, "?s ?p ?o FILTER(!ISBLANK(?s) && !ISBLANK(?o))")


def test_what_is_changed_is_checked_and_nothing_else(store):
    update(store, "INSERT DATA { GRAPH :g { :a :p 1 } GRAPH :h { :b :p 2 } }")
    seen = []
    update(store, "INSERT { GRAPH ?g { ?s :q ?o } } WHERE { GRAPH ?g { ?s :p ?o FILTER(?o > 1) } }", seen.append)
    (changed,) = seen
    assert list(changed) == [H]
    assert changed[H].count(b"\n") == 2


def test_what_the_check_refuses_changes_nothing(store):
    update(store, "INSERT DATA { GRAPH :g { :a :p 1 } }")

    def refuse(_graphs):
        raise BadGraph("no")

    with pytest.raises(BadGraph):
        update(store, "DELETE WHERE { GRAPH :g { ?s ?p ?o } } ; INSERT DATA { GRAPH :h { :b :p 2 } }", refuse)
    assert store.graphs() == [G]
    assert rows(store, "GRAPH ?g { ?s ?p ?o }") == ["g,a,p,1"]
    assert not (store.root / "trial").exists()


def test_the_union_follows_between_operations_and_at_the_end(tmp_path):
    with OxigraphStore(tmp_path / "store", write=True) as store:
        update(store, "INSERT DATA { GRAPH :g { :a :p 1 , 2 } GRAPH :h { :a :p 2 } }")
        update(
            store,
            "DELETE DATA { GRAPH :g { :a :p 2 } } ; INSERT DATA { GRAPH :g { :b :p [] } } ;"
            "INSERT { GRAPH :k { ?s :seen ?o } } WHERE { ?s :p ?o FILTER(!ISBLANK(?o)) }",
        )
        assert rows(store, "GRAPH :k { ?s ?p ?o }") == ["a,seen,1", "a,seen,2"]
        assert default(store) == ["a,p,1", "a,p,2", "a,seen,1", "a,seen,2"]
        update(store, "DROP GRAPH :h ; COPY :g TO :c")
        assert default(store) == ["a,p,1", "a,seen,1", "a,seen,2"]
        assert store.count() == 5, "a blank node is of one graph"
        update(store, "DROP GRAPH :g")
        assert store.count() == 4
        update(store, "CLEAR ALL")
        assert store.count() == 0
        update(store, "DROP ALL")
        assert store.graphs() == []


@pytest.mark.parametrize("text", ["INSERT DATA { :a :p 1 }", "CLEAR DEFAULT", "ADD :g TO DEFAULT", "DELETE WHERE { ?s ?p ?o }"])
def test_the_union_cannot_be_written_to(tmp_path, text):
    with OxigraphStore(tmp_path / "store", write=True) as store, pytest.raises(NotWritable):
        update(store, text)


def test_an_unnamed_graph_of_its_own_can_be_written_to(tmp_path):
    with OxigraphStore(tmp_path / "store", write=True, union=False) as store:
        update(store, "INSERT DATA { :a :p [] , 1 . GRAPH :g { :b :p 2 } }")
        assert store.count() == 2
        update(store, "MOVE DEFAULT TO :h")
        assert (store.count(), len(rows(store, "GRAPH :h { ?s ?p ?o }"))) == (0, 2)
        assert store.write(None, [(b"[] <p> 1 .", "text/turtle")], base=G, check=lambda _graphs: None)
        assert store.count() == 1


def test_a_store_changes_what_its_unnamed_graph_is(tmp_path):
    with OxigraphStore(tmp_path / "store", write=True) as store:
        update(store, "INSERT DATA { GRAPH :g { :a :p 1 } }")
    with OxigraphStore(tmp_path / "store", write=True, union=False) as store:
        assert store.count() == 0
    with OxigraphStore(tmp_path / "store", write=True) as store:
        assert not store.union
        update(store, "INSERT DATA { GRAPH :h { :b :p 1 } }")
        assert store.count() == 0
    with OxigraphStore(tmp_path / "store", write=True, union=True) as store:
        assert store.count() == 2
    with OxigraphStore(tmp_path / "store", write=True, union=False) as store:
        update(store, "INSERT DATA { :c :p 1 }")
    with pytest.raises(Misuse):
        OxigraphStore(tmp_path / "store", write=True, union=True)


def test_empty_graphs_stay(store):
    update(store, "CREATE GRAPH :g")
    assert store.graphs() == [G]
    assert store.write(H, [(b"", "text/turtle")], base=G, check=print) is False
    assert store.graphs() == [G, H]
    update(store, "CLEAR GRAPH :g ; DROP GRAPH :h")
    assert store.graphs() == [G]


def test_a_graph_is_written_whole_added_to_and_removed(store):
    def write(content, **how):
        contents = None if content is None else [(one, "text/turtle") for one in content]
        return store.write(G, contents, base="http://example.org/", check=lambda _graphs: None, **how)

    assert write([b"<a> <p> 1 . [] <p> 2 ."]) is False
    assert write([b"<b> <p> 3 ."]) is True
    assert rows(store, "GRAPH :g { ?s ?p ?o }") == ["b,p,3"]
    assert write([b"<c> <p> 4 .", b"<d> <p> 5 ."], add=True) is True
    assert rows(store, "GRAPH :g { ?s ?p ?o }") == ["b,p,3", "c,p,4", "d,p,5"]
    assert write(None) is True
    assert write(None) is False
    assert store.graphs() == []


def test_rdf_that_does_not_parse_is_refused_with_its_position(store):
    with pytest.raises(BadGraph) as caught:
        store.write(G, [(b"<a> <p> .\n", "text/turtle")], base=G, check=print)
    assert caught.value.line == 1


@pytest.mark.parametrize("text", ["LOAD <http://127.0.0.1:9/>", "CLEAR ALL ; LOAD <http://127.0.0.1:9/> INTO GRAPH :g"])
def test_load_is_refused(store, text):
    with pytest.raises(FetchRefused):
        update(store, text)


def test_load_silent_does_nothing(store):
    update(store, "LOAD SILENT <http://127.0.0.1:9/> INTO GRAPH :g ; CREATE GRAPH :h")
    assert store.graphs() == [H]


@pytest.mark.parametrize("silent", ["", "SILENT "])
def test_service_is_refused_in_a_pattern(store, silent):
    with pytest.raises(FetchRefused):
        update(store, f"INSERT {{ GRAPH :g {{ ?s ?p ?o }} }} WHERE {{ SERVICE {silent}<http://127.0.0.1:9/> {{ ?s ?p ?o }} }}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CLEAR XYZ",
        "INSERT DATA { GRAPH :g { :a :p } }",
        "SELECT * { }",
        "CLEAR ALL CLEAR ALL",
        "INSERT DATA {",
        "LOADSILENT<x>",
    ],
)
def test_what_is_no_update_is_refused(store, text):
    if not text:
        update(store, text)  # the grammar lets an update be empty
        return
    with pytest.raises(BadQuery):
        update(store, text)


def test_the_dataset_of_the_request_is_what_patterns_match(store):
    update(store, "INSERT DATA { GRAPH :g { :a :p 1 } GRAPH :h { :b :p 2 } GRAPH :k { :c :p 3 } }")
    update(store, "INSERT { GRAPH :r { ?s :in ?g } } WHERE { ?s :p ?o . GRAPH ?g { ?t ?u ?v } }", using=[G], using_named=[H])
    assert rows(store, "GRAPH :r { ?s ?p ?o }") == ["a,in,h"]
    update(store, "DELETE WHERE { GRAPH ?g { ?s ?p ?o } }", using_named=[H])
    assert store.graphs() == [G, H, "http://example.org/k", "http://example.org/r"]
    assert rows(store, "GRAPH :h { ?s ?p ?o }") == []


@pytest.mark.parametrize(
    "text", ["WITH :g DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", "DELETE { GRAPH :g { ?s ?p ?o } } USING :g WHERE { }"]
)
def test_two_datasets_are_refused(store, text):
    with pytest.raises(BadQuery):
        update(store, text, using=[G])


def test_no_name_of_a_graph_gets_out_of_its_brackets():
    with pytest.raises(BadQuery):
        updates.operations("DELETE WHERE { ?s ?p ?o }", using=["http://e/> WHERE { } ; DROP ALL ; #"])
