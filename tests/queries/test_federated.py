"""The federated queries over two real endpoints: the small threads here, what others say of the same things there."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pyoxigraph
import pytest
from tests.contract.conftest import oxigraph_url  # noqa: F401  (a fixture)

from kgraph import queries
from kgraph.errors import FetchRefused
from kgraph.store import open_store

HERE = Path(__file__).parent
CRAIGSLIST = "https://example.org/entity/craigslist"
ELSEWHERE = f"""
<{CRAIGSLIST}> <http://www.w3.org/2000/01/rdf-schema#label> "Craigslist"@en , "Die Liste"@de ;
  <http://schema.org/description> "classified advertisements website"@en ;
  <http://xmlns.com/foaf/0.1/homepage> <https://www.craigslist.org/> .
"""


@pytest.fixture(scope="module")
def elsewhere(oxigraph_url: str) -> str:  # noqa: F811
    httpx.post(f"{oxigraph_url}/store?default", content=ELSEWHERE, headers={"Content-Type": "text/turtle"}).raise_for_status()
    return f"{oxigraph_url}/query"


def asked(name: str, endpoint: str) -> list[list[str]]:
    """The rows of a query whose service is this endpoint and whose things are those of the small threads."""
    text, services = re.subn(r"SERVICE <https://[^>]+>", f"SERVICE <{endpoint}>", queries.get(name).text)
    text, filters = re.subn(r'STRSTARTS\(STR\(\?thing\), "[^"]+"\)', 'STRSTARTS(STR(?thing), "https://example.org/")', text)
    assert (services, filters) == (1, 1)
    store = pyoxigraph.Store()
    store.load(path=str(HERE / "graph.trig"))
    answer = store.query(text)
    assert isinstance(answer, pyoxigraph.QuerySolutions)
    return [[term.value if term is not None else "" for term in row] for row in answer]


def test_names_and_descriptions_come_from_elsewhere(elsewhere):
    (row,) = asked("federated-wikidata", elsewhere)
    assert row[:3] == ["craigslist", "Craigslist", "classified advertisements website"]
    assert int(row[3]) > 0
    assert row[4] == CRAIGSLIST


def test_claims_go_on_to_a_home_page_elsewhere(elsewhere):
    rows = asked("federated-dbpedia", elsewhere)
    assert rows
    assert {(row[0], row[1]) for row in rows} == {("craigslist", "https://www.craigslist.org/")}


@pytest.mark.parametrize("name", ["federated-wikidata", "federated-dbpedia"])
def test_the_store_itself_does_not_fetch(name, tmp_path):
    with open_store(tmp_path / "store", write=True) as store, pytest.raises(FetchRefused):
        store.query(queries.get(name).text)
