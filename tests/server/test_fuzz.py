"""Whatever is asked, however it is asked for: no answer is a 500, and what the description promises is what comes."""

from __future__ import annotations

from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgraph import media

BOUNDED = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TYPES = [name for form in media.FORMATS for name in (form.media_type, *form.aliases)]
VISIBLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
RANGES = st.sampled_from([*TYPES, "text/html", "*/*", "text/*", "application/*", "image/png", "", ";", ",", "*", "text", "/"])
WEIGHTS = st.sampled_from(
    ["", ";q=0", ";q=1", ";q=0.5", ";q=", ";q=2", ";q=-1", ";q=nan", "; charset=utf-8;q=.3", ";;", ";q=1.0000"]
)
ACCEPT = st.one_of(VISIBLE, st.lists(st.builds(str.__add__, RANGES, WEIGHTS), max_size=5).map(", ".join))
QUERIES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["ASK {}", "SELECT * { ?s ?p ?o } LIMIT 3", "CONSTRUCT WHERE { ?s ?p ?o } LIMIT 3", "DESCRIBE <a:b>", "DROP ALL"]
    ),
    st.lists(
        st.sampled_from("SELECT ASK CONSTRUCT * { } ( ) ?s ?p <a:b> . ; FILTER REGEX '' 1 BIND AS GROUP BY \\ \" '''".split())
    ).map(" ".join),
)
NAMES = st.sampled_from(["query", "update", "default-graph-uri", "named-graph-uri", "using-graph-uri", "q", "", "query[]"])
CODINGS = st.one_of(VISIBLE, st.sampled_from(["gzip", "zstd;q=1, gzip;q=0", "*", "identity;q=0", "gzip;q=", "br"]))
ALLOWED = {200, 204, 303, 304, 307, 308, 400, 403, 404, 405, 406, 411, 413, 414, 415, 416, 422, 429, 501}


def told(answer: httpx.Response) -> None:
    assert answer.status_code in ALLOWED, (
        answer.status_code,
        answer.text[:300],
        str(answer.request.url)[:300],
    )


@BOUNDED
@given(accept=ACCEPT, query=QUERIES, coding=CODINGS, prefer=VISIBLE)
def test_no_header_and_no_query_brings_a_500(client, accept, query, coding, prefer):
    headers = {"Accept": accept, "Accept-Encoding": coding, "Prefer": f"wait={prefer}"}
    answer = client.get("/sparql", params={"query": query}, headers={name: value.strip() for name, value in headers.items()})
    if prefer.strip().startswith("0") and answer.status_code == 503:
        return  # it would not wait at all
    told(answer)


@BOUNDED
@given(pairs=st.lists(st.tuples(NAMES, QUERIES), max_size=4), accept=ACCEPT, post=st.booleans())
def test_no_parameters_bring_a_500(client, pairs, accept, post):
    headers = {"Accept": accept.strip()}
    encoded = str(httpx.QueryParams(pairs))
    if post:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        told(client.post("/sparql", content=encoded.encode(), headers=headers))
    else:
        told(client.get(f"/sparql?{encoded}", headers=headers))


@BOUNDED
@given(
    raw=st.binary(max_size=60),
    kind=st.sampled_from(["application/sparql-query", "application/x-www-form-urlencoded", "a/b", ""]),
)
def test_no_bytes_bring_a_500(client, raw, kind):
    told(client.post("/sparql", content=raw, headers={"Content-Type": kind}))
    told(client.get("/sparql?" + "".join(f"%{byte:02X}" if byte % 3 else chr(33 + byte % 90) for byte in raw).replace("#", "")))


@BOUNDED
@given(accept=ACCEPT, rest=st.text(max_size=20), which=st.randoms(use_true_random=False))
def test_every_described_route_answers_as_described(client, accept, rest, which):
    described = client.get("/openapi.json").json()["paths"]
    assert {"/sparql", "/health", "/dump.ttl"} <= described.keys()
    path = which.choice(sorted(described))
    if "get" not in described[path]:
        return
    answer = client.get(path, params={"q": rest}, headers={"Accept": accept.strip()})
    told(answer)
    assert str(answer.status_code) in described[path]["get"]["responses"], (path, answer.status_code)


@BOUNDED
@given(
    kind=st.sampled_from(["doc", "platform", "person", "search", "relation", "static", "runs", ".well-known"]),
    rest=st.text(max_size=20),
)
def test_no_path_brings_a_500(client, kind, rest):
    told(client.get(f"/{kind}/{quote(rest)}"))
