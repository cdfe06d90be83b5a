"""Writing over HTTP: who may, what is checked, what is seen afterwards, and what a killed server leaves."""

from __future__ import annotations

import time

import httpx
import pyoxigraph as ox
import pytest

from kgraph.errors import StoreLocked
from kgraph.store import open_store

from .conftest import fill, serving
from .writers import AUTHORIZED, UPDATE, WRITING, kill_while_writing, update

STORE = "/rdf-graph-store"
NEW = "http://example.org/new"
BAD = "<http://example.org/c> a <https://w3id.org/kgraph#Claim> ."


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("writing") / "store"
    fill(root, things=10)
    with serving(root, env=WRITING) as served:
        yield served


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.url, timeout=30, headers=AUTHORIZED) as client:
        yield client


def ask(client, pattern):
    response = client.get("/sparql", params={"query": f"ASK {{ {pattern} }}"}, headers={"Accept": "text/csv"})
    return response.raise_for_status().text.strip() == "true"


def put(client, graph, turtle, **headers):
    return client.put(STORE, params={"graph": graph}, content=turtle, headers={"Content-Type": "text/turtle", **headers})


@pytest.mark.parametrize("path", ["/sparql", "/update"])
def test_what_was_acknowledged_is_seen_at_once(client, path):
    for number in range(5):
        written = f"GRAPH <{NEW}> {{ <http://example.org/s> <http://example.org/{path[1:]}> {number} }}"
        assert update(client, f"INSERT DATA {{ {written} }}", path).status_code == 204
        assert ask(client, written)
    posted = client.post(path, data={"update": f"DROP GRAPH <{NEW}>"})
    assert posted.status_code == 204
    assert not ask(client, f"GRAPH <{NEW}> {{ }}")


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        ({}, 'Bearer realm="kgraph"'),
        ({"Authorization": "Basic YTpi"}, 'Bearer realm="kgraph"'),
        ({"Authorization": "Bearer another"}, 'Bearer realm="kgraph", error="invalid_token"'),
        ({"Authorization": "Bearer é".encode()}, 'Bearer realm="kgraph", error="invalid_token"'),
    ],
)
def test_without_the_token_nothing_is_written(server, header, challenge):
    with httpx.Client(base_url=server.url, headers=header) as stranger:
        answers = [
            update(stranger, "DROP ALL"),
            update(stranger, "DROP ALL", "/update"),
            stranger.post("/sparql", data={"update": "DROP ALL"}),
            stranger.put(f"{STORE}?default", content=b""),
            put(stranger, NEW, ""),
            stranger.post(STORE, content=b""),
            stranger.delete(STORE, params={"graph": "http://example.org/doc/1"}),
            stranger.put("/doc/1", content=b""),
            stranger.delete("/doc/1"),
        ]
        assert {(answer.status_code, answer.headers.get("WWW-Authenticate")) for answer in answers} == {(401, challenge)}
        assert ask(stranger, "GRAPH <http://example.org/doc/1> { ?s ?p ?o }")


def test_a_server_without_a_token_offers_no_writing(start, tmp_path):
    fill(tmp_path / "store", things=3)
    with start(tmp_path / "store") as server, httpx.Client(base_url=server.url) as client:
        for answer in (
            client.post("/sparql", content="DROP ALL", headers={"Content-Type": UPDATE, **AUTHORIZED}),
            client.put("/doc/1", content=b"", headers=AUTHORIZED),
            client.delete(STORE, params={"graph": NEW}, headers=AUTHORIZED),
            client.post("/update", data={"update": "DROP ALL"}, headers={"Authorization": "Bearer"}),
        ):
            assert answer.status_code == 403
        description = client.get("/sparql", headers={"Accept": "text/turtle"}).text
        assert "SPARQL11Query" in description
        assert "SPARQL11Update" not in description


def test_the_description_offers_what_there_is(client):
    description = client.get("/sparql", headers={"Accept": "text/turtle"}).text
    for word in ("SPARQL11Query", "SPARQL11Update", "UnionDefaultGraph", "namedGraph", "<http://example.org/doc/1>"):
        assert word in description
    assert "BasicFederatedQuery" not in description


@pytest.mark.parametrize("accept", ["text/turtle", "application/ld+json", "application/n-triples", "text/html, */*;q=0.1"])
def test_what_the_shapes_refuse_is_not_written_and_reported_as_rdf(client, accept):
    headers = {"Accept": accept, "Content-Type": UPDATE}
    text = f"INSERT DATA {{ GRAPH <{NEW}> {{ {BAD} }} GRAPH <{NEW}2> {{ <x:a> <x:b> 1 }} }}"
    for answer in (client.post("/sparql", content=text, headers=headers), put(client, NEW, BAD, Accept=accept)):
        assert answer.status_code == 422
        media_type = answer.headers["Content-Type"].partition(";")[0]
        report = list(ox.parse(answer.content, ox.RdfFormat.from_media_type(media_type)))
        sh = "http://www.w3.org/ns/shacl#"
        assert any(quad.predicate.value == f"{sh}conforms" and quad.object.value == "false" for quad in report)
        assert any(quad.predicate.value == f"{sh}focusNode" for quad in report)
    assert not ask(client, f"GRAPH <{NEW}> {{ }}")
    assert not ask(client, f"GRAPH <{NEW}2> {{ }}")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("INSERT DATA {", 400),
        ("SELECT * { }", 400),
        ("LOAD <http://127.0.0.1:9/>", 403),
        (f"INSERT {{ GRAPH <{NEW}> {{ ?s ?p ?o }} }} WHERE {{ SERVICE <http://127.0.0.1:9/> {{ ?s ?p ?o }} }}", 403),
        ("INSERT DATA { <x:a> <x:b> 1 }", 403),
        ("DROP GRAPH <http://example.org/nowhere>", 400),
    ],
)
def test_an_update_that_cannot_be_done_says_why(client, text, status):
    answer = update(client, text)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_an_update_without_end_is_stopped_and_the_next_one_is_done(start, tmp_path):
    fill(tmp_path / "store", things=300)
    forever = f"INSERT {{ GRAPH <{NEW}> {{ ?a ?e ?i }} }} WHERE {{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }}"
    with (
        start(tmp_path / "store", env=WRITING, write_deadline=1.0) as server,
        httpx.Client(base_url=server.url, timeout=60, headers=AUTHORIZED) as client,
    ):
        began = time.monotonic()
        answer = update(client, forever)
        assert time.monotonic() - began < 3
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        assert update(client, f"INSERT DATA {{ GRAPH <{NEW}> {{ <x:a> <x:b> 1 }} }}").status_code == 204
        assert ask(client, f"GRAPH <{NEW}> {{ <x:a> <x:b> 1 }}")


def test_nobody_else_writes_while_it_serves(server, tmp_path_factory):
    with pytest.raises(StoreLocked):
        open_store(server.log.with_suffix(""), write=True)


def test_a_graph_is_put_read_added_to_and_deleted(client):
    where = {"graph": NEW}
    assert put(client, NEW, "<> <x:p> 1 .").status_code == 201
    assert put(client, NEW, "<> <x:p> 2 .").status_code == 204
    assert (
        client.post(STORE, params=where, content=b"<a> <x:p> 3 .", headers={"Content-Type": "text/turtle"}).status_code == 204
    )
    read = client.get(STORE, params=where, headers={"Accept": "application/n-triples"})
    assert sorted(line.partition(" ")[0] for line in read.text.splitlines()) == ["<http://example.org/a>", f"<{NEW}>"]
    assert client.head(STORE, params=where).status_code == 200
    assert (
        client.get(
            STORE, params=where, headers={"If-None-Match": read.headers["ETag"], "Accept": "application/n-triples"}
        ).status_code
        == 304
    )
    assert client.delete(STORE, params=where).status_code == 204
    assert [client.request(method, STORE, params=where).status_code for method in ("GET", "HEAD", "DELETE")] == [404] * 3


def test_an_empty_graph_is_a_graph(client):
    assert put(client, NEW, "").status_code == 201
    assert client.get(STORE, params={"graph": NEW}).status_code == 200
    assert client.delete(STORE, params={"graph": NEW}).status_code == 204


def test_a_document_is_written_at_its_own_address_beside_its_page(client):
    turtle = {"Content-Type": "text/turtle"}
    assert client.put("/doc/über", content="<> <x:p> <#a> .", headers=turtle).status_code == 201
    assert client.get(STORE, params={"graph": "http://example.org/doc/über"}).status_code == 200
    assert "doc/über" in client.get("/doc/über", headers={"Accept": "application/n-triples"}).text
    assert client.get("/doc/über", headers={"Accept": "text/html"}).headers["Content-Type"].startswith("text/html")
    assert client.patch("/doc/über").status_code == 405
    assert client.put("/doc/über.ttl", content="", headers=turtle).status_code == 405
    assert client.put("/person/x", content="", headers=turtle).status_code == 405
    assert client.delete("/doc/über").status_code == 204


def test_a_new_graph_gets_a_name(client):
    made = [client.post(STORE, content=b"<x:a> <x:b> 1 .", headers={"Content-Type": "text/turtle"}) for _ in range(2)]
    names = [answer.headers["Location"] for answer in made]
    assert [answer.status_code for answer in made] == [201, 201]
    assert len(set(names)) == 2
    for name in names:
        assert name.startswith("http://example.org/rdf-graph-store/")
        path = name.removeprefix("http://example.org")
        assert client.get(path).status_code == 200
        assert client.delete(path).status_code == 204


@pytest.mark.parametrize(
    ("method", "query", "headers", "content", "status"),
    [
        ("GET", "", {}, b"", 400),
        ("GET", "?graph=relative", {}, b"", 400),
        ("GET", "?graph=x:a&default", {}, b"", 400),
        ("GET", "?graph=x:a&graph=x:b", {}, b"", 400),
        ("GET", "?default", {"Accept": "image/png"}, b"", 406),
        ("PUT", "?default", {"Content-Type": "text/turtle"}, b"", 403),
        ("PUT", "?graph=x:a", {"Content-Type": "text/csv"}, b"", 415),
        ("PUT", "?graph=x:a", {}, b"", 415),
        ("PUT", "?graph=x:a", {"Content-Type": "text/turtle; charset=utf-16"}, b"", 415),
        ("PUT", "?graph=x:a", {"Content-Type": "text/turtle"}, b"<a> <b> .", 400),
        ("PUT", "?graph=x:a", {"Content-Type": "application/n-triples"}, b"\xff", 400),
        ("PATCH", "?graph=x:a", {}, b"", 405),
    ],
)
def test_the_graph_store_says_what_it_cannot_do(client, method, query, headers, content, status):
    answer = client.request(method, STORE + query, headers=headers, content=content)
    assert answer.status_code == status, answer.text


def test_browsers_may_ask_whether_they_may_write(client):
    allowed = client.options(STORE).headers["Access-Control-Allow-Headers"]
    assert "Authorization" in allowed
    assert "Authorization" in client.options("/sparql").headers["Access-Control-Allow-Headers"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_server_that_is_killed_during_updates_loses_nothing_that_it_acknowledged(tmp_path):
    counts = kill_while_writing(tmp_path / "store", kills=12)
    assert (counts.kills, counts.lost, counts.half) == (12, 0, 0)
    assert counts.acknowledged >= 6
