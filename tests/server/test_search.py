"""`/search`: what is found, how it is shown, and that it follows the snapshots."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.server.test_pages import HTML, Page

from kgraph.store import open_store

BASE = "http://localhost:8000/"
KG, SCHEMA = "https://w3id.org/kgraph#", "https://schema.org/"
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
CLAUSE = "PREFIX kgs: <https://w3id.org/kgraph/search#> SELECT ?s WHERE { GRAPH kgs:index { ?s kgs:matches '%s' } }"


def document(slug: str, *claims: str) -> dict[str, bytes]:
    graph = f"<{BASE}doc/{slug}>"
    ann, atlas = f"<{BASE}person/forum/ann>", f"<{BASE}platform/atlas>"
    lines = [
        f"{graph} {TYPE} <http://rdfs.org/sioc/ns#Thread> {graph} .",
        f'{graph} <http://purl.org/dc/terms/title> "About {slug}" {graph} .',
        f"{ann} {TYPE} <{SCHEMA}Person> {graph} .",
        f'{ann} <{SCHEMA}name> "Ann" {graph} .',
        f"{atlas} {TYPE} <{KG}Platform> {graph} .",
        f'{atlas} <{SCHEMA}name> "Open Atlas" {graph} .',
    ]
    for number, text in enumerate(claims):
        claim, assertion = f"<{BASE}doc/{slug}#claim-{number}>", f"<{BASE}doc/{slug}#assertion-{number}>"
        lines += [
            f"{claim} {TYPE} <{KG}Claim> {graph} .",
            f'{claim} <{SCHEMA}text> "{text}" {graph} .',
            f"{assertion} <{KG}claim> {claim} {graph} .",
            f"{assertion} <{KG}claimant> {ann} {graph} .",
        ]
    return {f"{BASE}doc/{slug}": "\n".join(lines).encode()}


def write(root: Path, **documents: list[str]) -> None:
    with open_store(root, write=True) as store:
        for slug, claims in documents.items():
            store.replace_many(document(slug, *claims))


def wait_for(client: httpx.Client, q: str, *, total: int) -> httpx.Response:
    for _ in range(200):
        response = client.get("/search", params={"q": q})
        if response.is_success and response.json()["total"] == total:
            return response
        assert response.status_code in (200, 503)
        time.sleep(0.05)
    pytest.fail(f"{q} is not found: {response.text}")


@pytest.fixture(scope="module")
def searched(tmp_path_factory) -> Iterator[httpx.Client]:
    from tests.server.conftest import serving

    root = tmp_path_factory.mktemp("search") / "store"
    claims = [f"Sentence {n} about cheese." for n in range(45)]
    write(root, maps=["The atlas is free.", "<script>alert('atlas')</script>"], cheese=claims)
    with serving(root) as served, httpx.Client(base_url=served.url, timeout=20) as client:
        wait_for(client, "cheese", total=46)
        yield client


def test_claims_come_with_who_makes_them_and_where(searched):
    found = searched.get("/search", params={"q": "atlas"}).json()
    assert (found["total"], found["page"], found["pages"]) == (3, 1, 1)
    assert [one["kind"] for one in found["results"]] == ["platform", "claim", "claim"]
    claim = next(one for one in found["results"] if one["text"] == "The atlas is free.")
    assert claim["marked"] == [[4, 9]]
    assert claim["href"] == "/doc/maps#claim-0"
    assert claim["by"] == [{"name": "Ann", "href": "/person/forum/ann"}]
    assert claim["document"] == {"title": "About maps", "href": "/doc/maps"}
    assert found["results"][0]["document"] is None


def test_one_kind_can_be_asked_for(searched):
    found = searched.get("/search", params={"q": "atlas", "kind": "platform"}).json()
    assert [one["iri"] for one in found["results"]] == [f"{BASE}platform/atlas"]
    assert searched.get("/search", params={"q": "atlas", "kind": "cheese"}).status_code == 400


def test_pages_hold_each_thing_once(searched):
    seen = []
    for page in (1, 2, 3):
        found = searched.get("/search", params={"q": "cheese", "page": page}).json()
        assert (found["total"], found["pages"]) == (46, 3)
        seen += [one["iri"] for one in found["results"]]
    assert len(seen) == len(set(seen)) == 46
    _, page = Page(""), Page(searched.get("/search", params={"q": "cheese", "page": 2}, headers=HTML).text)
    assert [link["href"] for link in page.all("a") if link.get("rel")] == ["/search?q=cheese&page=1", "/search?q=cheese&page=3"]


def test_the_page_marks_words_and_escapes_them(searched):
    response = searched.get("/search", params={"q": "alert atlas"}, headers=HTML)
    page = Page(response.text)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert len(page.all("mark")) == 2
    assert not page.all("script")
    assert "<script>alert('atlas')</script>" in page.words


@pytest.mark.parametrize(
    ("params", "status"),
    [({"q": "!?"}, 400), ({"q": "a" * 501}, 400), ({"q": "a", "page": "0"}, 400), ({"q": "a", "page": "9999"}, 400), ({}, 400)],
)
def test_what_cannot_be_searched_for_is_explained(searched, params, status):
    response = searched.get("/search", params=params)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    page = searched.get("/search", params=params, headers=HTML)
    assert page.status_code == (status if params else 200)
    assert 'name="q"' in page.text


def test_more_parameters_than_there_are_are_refused(searched):
    assert searched.get(f"/search?q=a{'&b' * 200}").status_code == 200
    assert searched.get(f"/search?q=a{'&b' * 20_000}").status_code == 400


@pytest.mark.parametrize(
    "q", ['"', '" OR "', "a' } GRAPH ?g { ?s ?p ?o", "\\", "\\u0022 } #", "NEAR(a b)", "{}", "⁅a⁆", "\x00b", "*"]
)
def test_no_words_break_out_of_the_query(searched, q):
    assert searched.get("/search", params={"q": q}).status_code in (200, 400)


def test_the_clause_answers_over_http(searched):
    answer = searched.get("/sparql", params={"query": CLAUSE % "free"}, headers={"Accept": "text/csv"})
    assert answer.text.split() == ["s", f"{BASE}doc/maps#claim-0"]
    assert searched.get("/sparql", params={"query": CLAUSE % "!"}).status_code == 400


def test_an_answer_is_known_by_its_tag(searched):
    first = searched.get("/search", params={"q": "atlas"})
    again = searched.get("/search", params={"q": "atlas"}, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert first.headers["Vary"] == "accept"


def test_a_new_snapshot_is_searched_without_a_failed_request(start, tmp_path):
    root = tmp_path / "store"
    write(root, old=["Quokkas smile."])
    with start(root) as served, httpx.Client(base_url=served.url, timeout=20) as client:
        wait_for(client, "quokkas", total=1)
        assert client.get("/sparql", params={"query": CLAUSE % "wombats"}).json()["results"]["bindings"] == []
        write(root, new=["Wombats dig."])
        wait_for(client, "wombats", total=1)
        assert len(client.get("/sparql", params={"query": CLAUSE % "wombats"}).json()["results"]["bindings"]) == 1
