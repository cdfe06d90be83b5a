"""The SPARQL 1.1 Protocol for queries, over real HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from urllib.parse import parse_qsl, quote, quote_plus

import httpx
import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgraph import media
from kgraph.server.requests import fields
from kgraph.server.responses import Problem

SELECT = "SELECT ?s ?o WHERE { ?s <https://schema.org/text> ?o } ORDER BY ?s LIMIT 2"
CONSTRUCT = "CONSTRUCT { ?s <http://example.org/said> ?o } WHERE { ?s <https://schema.org/text> ?o } LIMIT 2"
ONE, TWO = "http://example.org/doc/1", "http://example.org/doc/2"
DIRECT = "application/sparql-query"
COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s <https://schema.org/text> ?o }"


def counted(response: httpx.Response) -> int:
    return int(response.raise_for_status().json()["results"]["bindings"][0]["n"]["value"])


@pytest.mark.parametrize("form", media.RESULTS, ids=lambda form: form.name)
@pytest.mark.parametrize("query", [SELECT, "ASK { ?s ?p ?o }"], ids=["SELECT", "ASK"])
def test_results_come_in_the_form_that_is_asked_for(client, form, query):
    response = client.get("/sparql", params={"query": query}, headers={"Accept": form.media_type})
    assert response.status_code == 200
    assert response.headers["Content-Type"].partition(";")[0] == form.media_type
    if form is media.JSON:
        json.loads(response.content)
    elif form is media.XML:
        ET.fromstring(response.content)
    assert ("words 0" if query == SELECT else "true") in response.text


@pytest.mark.parametrize("form", media.RDF, ids=lambda form: form.name)
def test_rdf_comes_in_the_form_that_is_asked_for(client, form):
    response = client.get("/sparql", params={"query": CONSTRUCT}, headers={"Accept": form.media_type})
    assert response.headers["Content-Type"].partition(";")[0] == form.media_type
    assert len(list(ox.parse(response.content, ox.RdfFormat.from_media_type(form.media_type)))) == 2


@pytest.mark.parametrize(
    ("accept", "results", "rdf"),
    [
        (None, "application/sparql-results+json", "text/turtle"),
        ("*/*", "application/sparql-results+json", "text/turtle"),
        ("application/json", "application/sparql-results+json", "application/ld+json"),
        ("text/csv;q=0.5, application/sparql-results+xml;q=0.8", "application/sparql-results+xml", None),
        ("text/*;q=0.3, text/csv;q=0", "text/tab-separated-values", "text/turtle"),
        ("text/csv, */*;q=0.1", "text/csv", "text/turtle"),
        ("text/turtle, text/csv;q=0.2", "text/csv", "text/turtle"),
        ("image/png", None, None),
        ("application/n-quads", None, "application/n-quads"),
    ],
)
def test_the_accept_header_decides(client, accept, results, rdf):
    headers = {"Accept": accept} if accept else {}
    if not accept:
        del client.headers["Accept"]
    for query, expected in ((SELECT, results), (CONSTRUCT, rdf)):
        response = client.get("/sparql", params={"query": query}, headers=headers)
        if expected is None:
            assert response.status_code == 406
        else:
            assert (response.status_code, response.headers["Content-Type"].partition(";")[0]) == (200, expected)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    accept=st.one_of(
        st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40),
        st.lists(
            st.builds(
                "{};q={}".format,
                st.sampled_from([*(form.media_type for form in media.FORMATS), "*/*", "text/*", "text/html", "a/b", "/"]),
                st.one_of(st.floats(-2, 2), st.text("0.19x", max_size=4)),
            ),
            max_size=4,
        ).map(", ".join),
    ),
    query=st.sampled_from([SELECT, CONSTRUCT, "ASK {}", "SELECT", None]),
)
def test_no_accept_header_ends_in_a_server_error(client, accept, query):
    response = client.get("/sparql", params={"query": query} if query else {}, headers={"Accept": accept.strip()})
    assert response.status_code in (200, 400, 406)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query_string=st.one_of(
        st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=60),
        st.binary(max_size=20).map(lambda raw: "query=" + "".join(f"%{byte:02x}" for byte in raw)),
    )
)
def test_no_query_string_ends_in_a_server_error(client, query_string):
    request = client.build_request("GET", "/sparql")
    request.url = httpx.URL(f"{client.base_url}/sparql").copy_with(query=query_string.encode())
    assert client.send(request).status_code in (200, 400, 403, 406)


def test_a_query_comes_by_post_in_both_ways(client):
    form = client.post("/sparql", data={"query": COUNT})
    direct = client.post("/sparql", content=COUNT, headers={"Content-Type": "application/sparql-query; charset=utf-8"})
    assert counted(form) == counted(direct) == 2000


@pytest.mark.parametrize("method", ["GET", "form", "direct"])
def test_the_dataset_of_the_request_is_taken(client, method):
    def ask(query: str, **dataset: object) -> httpx.Response:
        if method == "GET":
            return client.get("/sparql", params={"query": query, **dataset})
        if method == "form":
            return client.post("/sparql", data={"query": query, **dataset})
        headers = {"Content-Type": DIRECT}
        return client.post("/sparql", params=dataset, content=query, headers=headers)

    named = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s <https://schema.org/text> ?o } }"
    assert counted(ask(COUNT)) == counted(ask(named)) == 2000
    assert counted(ask(COUNT, **{"default-graph-uri": ONE})) == 1000
    assert counted(ask(COUNT, **{"default-graph-uri": [ONE, TWO]})) == 2000
    assert counted(ask(COUNT, **{"named-graph-uri": ONE})) == 0
    assert counted(ask(named, **{"named-graph-uri": ONE, "default-graph-uri": TWO})) == 1000


def test_a_triple_of_two_documents_is_one_in_the_default_graph(client):
    query = "SELECT (COUNT(*) AS ?n) WHERE { ?s <https://schema.org/name> ?o }"
    assert counted(client.get("/sparql", params={"query": query})) == 1


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (400, {"method": "GET", "params": {"query": "SELECT * WHERE { ?s ?p"}}),
        (400, {"method": "GET", "params": {"query": ""}}),
        (400, {"method": "GET", "params": {"query": ["ASK {}", "ASK {}"]}}),
        (400, {"method": "GET", "params": {"update": "DROP ALL"}}),
        (400, {"method": "POST", "data": {"other": "x"}}),
        (400, {"method": "POST", "data": {"query": ["ASK {}", "ASK {}"]}}),
        (400, {"method": "POST", "content": b"ASK \xff", "headers": {"Content-Type": DIRECT}}),
        (400, {"method": "POST", "content": b"query=%ff", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}),
        (403, {"method": "POST", "data": {"update": "DROP ALL"}}),
        (403, {"method": "POST", "content": b"DROP ALL", "headers": {"Content-Type": "application/sparql-update"}}),
        (403, {"method": "GET", "params": {"query": "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"}}),
        (405, {"method": "PUT", "content": b"ASK {}"}),
        (405, {"method": "DELETE"}),
        (406, {"method": "GET", "params": {"query": "ASK {}"}, "headers": {"Accept": "text/turtle"}}),
        (413, {"method": "POST", "content": b" " * 2_000_000, "headers": {"Content-Type": DIRECT}}),
        (415, {"method": "POST", "content": b"ASK {}", "headers": {"Content-Type": "text/plain"}}),
        (415, {"method": "POST", "content": b"ASK {}"}),
        (
            415,
            {
                "method": "POST",
                "content": "ASK {}".encode("utf-16"),
                "headers": {"Content-Type": f"{DIRECT}; charset=UTF-16"},
            },
        ),
    ],
)
@pytest.mark.parametrize("explained", ["application/problem+json", "text/plain"])
def test_what_is_no_good_request_is_told_so(client, status, request_, explained):
    headers = {"Accept": f"application/sparql-results+json;q=0.5, {explained}"} | request_.get("headers", {})
    response = client.request(url="/sparql", **request_ | {"headers": headers})
    assert response.status_code == status
    if status == 405:
        assert response.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    if "Accept" not in request_.get("headers", {}):
        assert response.headers["Content-Type"].startswith(explained)
    if response.headers["Content-Type"] == "application/problem+json":
        assert response.json()["status"] == status
        assert response.json()["detail"]


def test_a_bad_query_is_explained_with_its_position(client):
    problem = client.get("/sparql", params={"query": "SELECT * WHERE {\n  ?s ?p }"}).json()
    assert problem["status"] == 400
    assert (problem["line"], problem["detail"][:7]) == (2, "line 2,")


def test_a_body_in_pieces_is_limited_too(client):
    pieces = (b" " * 100_000 for _ in range(20))
    response = client.post("/sparql", content=pieces, headers={"Content-Type": DIRECT})
    assert response.status_code == 413


def test_an_answer_is_known_again_by_its_etag(client):
    first = client.get("/sparql", params={"query": SELECT})
    tag = first.headers["ETag"]
    again = client.get("/sparql", params={"query": SELECT}, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    other_type = client.get("/sparql", params={"query": SELECT}, headers={"Accept": "text/csv"})
    other_query = client.get("/sparql", params={"query": COUNT})
    other_dataset = client.get("/sparql", params={"query": SELECT, "default-graph-uri": ONE})
    assert len({tag, other_type.headers["ETag"], other_query.headers["ETag"], other_dataset.headers["ETag"]}) == 4
    assert client.get("/sparql", params={"query": SELECT}).content == first.content
    assert client.post("/sparql", data={"query": SELECT}, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("query", [SELECT, "SELECT * { ?a ?b ?c }", "SELECT"])
def test_head_tells_what_get_would(client, query):
    uncoded = {"Accept-Encoding": "identity"}  # whether an answer is worth coding is only known when it is made
    got = client.get("/sparql", params={"query": query}, headers=uncoded)
    head = client.head("/sparql", params={"query": query}, headers=uncoded)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers.get("ETag") == got.headers.get("ETag")
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


def test_a_page_elsewhere_may_ask(client):
    preflight = client.options("/sparql", headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert client.get("/sparql", params={"query": "ASK {}"}).headers["Access-Control-Allow-Origin"] == "*"
    assert client.get("/sparql", params={"query": "ASK"}).headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("form", media.RDF, ids=lambda form: form.name)
def test_the_service_describes_itself(client, form):
    response = client.get("/sparql", headers={"Accept": form.media_type})
    triples = {quad.triple for quad in ox.parse(response.content, ox.RdfFormat.from_media_type(form.media_type))}
    sd = "http://www.w3.org/ns/sparql-service-description#"
    endpoint = ox.NamedNode(f"{client.base_url}/sparql")
    assert ox.Triple(endpoint, ox.NamedNode(f"{sd}endpoint"), endpoint) in triples
    assert ox.Triple(endpoint, ox.NamedNode(f"{sd}feature"), ox.NamedNode(f"{sd}UnionDefaultGraph")) in triples


def test_a_forged_host_does_not_reach_the_description(client):
    response = client.get("/sparql", headers={"Host": "x> } #", "Accept": "text/turtle"})
    assert response.status_code == 200
    assert "x>" not in response.text


@pytest.mark.parametrize(("path", "form"), [("/dump.ttl", media.TURTLE), ("/dump.nt", media.NTRIPLES)])
def test_a_dump_holds_the_union(client, path, form):
    response = client.get(path)
    assert response.headers["Content-Type"] == form.content_type
    triples = [quad.triple for quad in ox.parse(response.content, ox.RdfFormat.from_media_type(form.media_type))]
    assert len(triples) == len(set(triples)) == 4001
    known = client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert known.status_code == 304
    assert client.head(path).headers["ETag"] == response.headers["ETag"]
    assert client.post(path).status_code == 405


def test_health_and_readiness_are_told(client):
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/ready").json()["snapshot"]
    assert client.get("/nothing").status_code == 404


def test_a_short_answer_has_its_length_and_a_long_one_comes_in_pieces(client):
    assert "Content-Length" in client.get("/sparql", params={"query": "ASK {}"}).headers
    with client.stream("GET", "/sparql", params={"query": "SELECT * { GRAPH ?g { ?s ?p ?o } }"}) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert len(json.loads(response.read())["results"]["bindings"]) == 4002


def test_serving_nothing_is_refused(tmp_path):
    program = f"from kgraph.server.app import serve; serve({str(tmp_path)!r})"
    refused = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "there is no graph" in refused.stderr


@given(
    st.lists(st.tuples(st.text(max_size=20), st.text(max_size=30)), max_size=4),
    st.sampled_from([quote_plus, quote, lambda text, **_: quote(text, safe="<>{}?* ")]),
)
def test_parameters_are_read_as_they_were_written(pairs, quoted):
    assert fields("&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs).encode()) == pairs


@given(st.text("%aA0fzx\\&=+u{N}é", max_size=30))
def test_unusual_parameters_are_read_as_the_standard_library_reads_them(text):
    try:
        expected = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(Problem):
            fields(text.encode())
    else:
        assert fields(text.encode()) == expected


def test_parameters_without_number_are_refused_and_long_ones_take_no_time():
    with pytest.raises(Problem):
        fields(b"a=&" * 10_001)
    began = time.process_time()
    assert fields(b"query=" + b"%28" * 100_000) == [("query", "(" * 100_000)]
    assert time.process_time() - began < 0.05
