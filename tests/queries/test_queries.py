"""Every named query gives the rows that one reads off the two small threads of `graph.trig`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyoxigraph
import pytest

from kgraph import queries
from kgraph.errors import Misuse
from kgraph.queries import NamedQuery

HERE = Path(__file__).parent
REFERENCE = HERE.parents[1] / "docs" / "reference" / "queries.md"

each_query = pytest.mark.parametrize("query", queries.all(), ids=lambda query: query.name)
LOCAL = [query for query in queries.all() if not query.name.startswith("federated-")]
"""The others ask a second endpoint: tests/queries/test_federated.py."""
each_local_query = pytest.mark.parametrize("query", LOCAL, ids=lambda query: query.name)


@pytest.fixture(scope="module")
def graph() -> pyoxigraph.Store:
    store = pyoxigraph.Store()
    store.load(path=str(HERE / "graph.trig"))
    return store


def rows(graph: pyoxigraph.Store, text: str, *, union: bool) -> list[list[str]]:
    """The header and the rows in the order of the answer; of a CONSTRUCT, the triples in the order of their terms."""
    answer = graph.query(text, use_default_graph_as_union=union)
    if isinstance(answer, pyoxigraph.QueryTriples):
        triples = sorted({(triple.subject.value, triple.predicate.value, triple.object.value) for triple in answer})
        return [["subject", "predicate", "object"], *map(list, triples)]
    assert isinstance(answer, pyoxigraph.QuerySolutions)
    table = answer.serialize(format=pyoxigraph.QueryResultsFormat.CSV)
    assert table is not None
    return list(csv.reader(io.StringIO(table.decode())))


def test_there_are_at_least_fourteen_queries():
    assert len(queries.all()) >= 14


@each_local_query
def test_query_gives_the_expected_rows(query: NamedQuery, graph: pyoxigraph.Store):
    expected = list(csv.reader((HERE / "expected" / f"{query.name}.csv").read_text(encoding="utf-8").splitlines()))
    assert len(expected) > 1, "a query whose answer is empty shows nothing"
    assert rows(graph, query.text, union=True) == expected


@each_local_query
def test_answer_is_the_same_whatever_the_default_graph_is(query: NamedQuery, graph: pyoxigraph.Store):
    assert rows(graph, query.text, union=False) == rows(graph, query.text, union=True)


@each_query
def test_query_says_what_it_answers(query: NamedQuery):
    assert query.title
    assert query.question.endswith("?")
    for parameter in query.parameters:
        assert f"VALUES ?{parameter.name} " in query.text


@each_query
def test_query_is_in_the_reference(query: NamedQuery):
    reference = REFERENCE.read_text(encoding="utf-8")
    assert f"`{query.name}`" in reference
    assert query.question in reference
    for parameter in query.parameters:
        assert f"`?{parameter.name}`" in reference


def test_every_expected_answer_belongs_to_a_query():
    assert {path.stem for path in (HERE / "expected").glob("*.csv")} == {query.name for query in LOCAL}


def test_unknown_name_is_refused_with_the_names_that_come_near():
    with pytest.raises(Misuse, match="claims-about-platform"):
        queries.get("claims-about-platfrom")


def test_query_is_found_by_its_name():
    assert queries.get("thread-tree").parameters[0].name == "documentTitle"


def test_file_without_a_title_is_refused(tmp_path: Path):
    path = tmp_path / "untitled.rq"
    path.write_text("# question: Is there a title?\n\nASK {}\n", encoding="utf-8")
    with pytest.raises(Misuse, match="title"):
        queries.parse(path)


def test_comment_below_the_header_is_no_part_of_it(tmp_path: Path):
    path = tmp_path / "late.rq"
    path.write_text("# title: A\n# question: B?\n\nASK {}\n# title: C\n", encoding="utf-8")
    assert queries.parse(path).title == "A"
