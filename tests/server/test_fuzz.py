"""Whatever is asked, however it is asked for: no answer is a 500, and what the description promises is what comes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgraph import media

from .conftest import fill, serving

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
SEGMENTS = st.one_of(
    st.sampled_from(["1", "1.ttl", "1.nq.gz", "a/b", "%"]),
    st.text(min_size=1, max_size=20).filter(lambda text: text.strip(".") and not text.endswith("/")),
)
NUMBERS = st.one_of(st.integers().map(str), st.sampled_from(["1e3", "٣", "0x1", " 1", "9" * 5000]))
WHICH = st.integers(0, 1 << 16)
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]
ALLOWED = {200, 201, 204, 206, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 411, 413, 414, 415, 416, 422, 429, 501}


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


class Described:
    """A server and its description, which Hypothesis would show whole if this were a dataclass."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.description = client.get("/openapi.json").json()

    def promised(self, operation: dict, status: int) -> set[str] | None:
        """The media types in which an operation says that it answers with this status; None where it does not say so."""
        answer = operation["responses"].get(str(status))
        if answer is not None and "$ref" in answer:
            answer = self.description["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        return None if answer is None else set(answer.get("content", ()))


@pytest.fixture(scope="module", params=[None, "a long word"], ids=["without a token", "with the token"])
def described(request, tmp_path_factory) -> Iterator[Described]:
    """A server whose search index is there, and which may be written to where there is a token."""
    folder = tmp_path_factory.mktemp("fuzz")
    fill(folder / "store", things=10)
    env = {"KGRAPH_WRITE_TOKEN": request.param, "KGRAPH_LINKS": str(folder / "links.tsv")} if request.param else {}
    with serving(folder / "store", env=env) as server, httpx.Client(base_url=server.url, timeout=20) as client:
        for _ in range(200):
            if client.get("/search?q=words").status_code != 503:
                break
            time.sleep(0.05)
        client.headers["Authorization"] = f"Bearer {request.param}"
        yield Described(client)


def one_of(those: Sequence[str], which: int) -> str:
    return those[which % len(those)]


@settings(BOUNDED, max_examples=1000)
@given(
    which=st.tuples(WHICH, WHICH),
    method=st.sampled_from(METHODS),
    rest=SEGMENTS,
    pairs=st.lists(st.tuples(WHICH, st.one_of(QUERIES, NUMBERS, st.just("x:a"))), max_size=3),
    accept=ACCEPT,
    seen=VISIBLE,
    content=st.one_of(VISIBLE, QUERIES),
)
def test_every_described_route_answers_as_described(described, which, method, rest, pairs, accept, seen, content):
    path = one_of(sorted(described.description["paths"]), which[0])
    operation = described.description["paths"][path].get(method.lower(), {"parameters": []})
    names = [one["$ref"].rpartition("/")[2] for one in operation["parameters"]]
    types = ["text/plain", *operation.get("requestBody", {}).get("content", ())]
    answer = described.client.request(
        method,
        re.sub(r"{\w+}", quote(rest, safe=""), path),
        params=[(one_of(["", "q", *names], name), value) for name, value in pairs],
        headers={
            "Accept": accept.strip(),
            "If-None-Match": seen.strip(),
            "Range": f"bytes={seen.strip()}",
            "Content-Type": one_of(types, which[1]),
        },
        content=content.encode("utf-8", "replace") if method in {"POST", "PUT", "DELETE", "PATCH"} else None,
    )
    told(answer)
    if "responses" in operation:
        kinds = described.promised(operation, answer.status_code)
        assert kinds is not None, (method, path, answer.status_code)
        assert not kinds or method == "HEAD" or answer.headers["Content-Type"].partition(";")[0] in kinds, (method, path)


@BOUNDED
@given(
    kind=st.sampled_from(["doc", "platform", "person", "search", "relation", "static", "runs", ".well-known"]),
    rest=st.text(max_size=20),
)
def test_no_path_brings_a_500(client, kind, rest):
    told(client.get(f"/{kind}/{quote(rest)}"))
