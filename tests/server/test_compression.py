"""Answers come compressed to those who ask for it, and are the same once unpacked."""

from __future__ import annotations

import gzip
import socket
from urllib.parse import urlsplit

import httpx
import pytest
import zstandard

from kgraph.server import compression

from .test_clients import ROWS
from .test_limits import QUICK

FEW = "SELECT ?s ?o { ?s <https://schema.org/text> ?o } ORDER BY ?s LIMIT 100"
UNPACK = {"gzip": gzip.decompress, "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body)}


def ask(client: httpx.Client, query: str, coding: str, **headers: str) -> tuple[httpx.Response, bytes]:
    with client.stream("GET", "/sparql", params={"query": query}, headers={"Accept-Encoding": coding, **headers}) as answer:
        return answer, b"".join(answer.iter_raw())


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("query", [FEW, ROWS], ids=["whole", "stream"])
def test_an_answer_comes_as_the_client_wants_it(client, query, coding):
    plain, body = ask(client, query, "identity")
    assert "content-encoding" not in plain.headers
    for _ in range(2):  # made, then kept
        packed, smaller = ask(client, query, coding)
        assert packed.headers["content-encoding"] == coding
        assert "accept-encoding" in packed.headers["vary"]
        assert len(smaller) < len(body) / 3
        assert UNPACK[coding](smaller) == body
        assert packed.headers["etag"] != plain.headers["etag"]
    for tag in (plain.headers["etag"], packed.headers["etag"]):
        assert ask(client, query, coding, **{"If-None-Match": tag})[0].status_code == 304


def test_a_small_answer_stays_as_it_is(client):
    assert "content-encoding" not in ask(client, QUICK, "gzip, zstd")[0].headers


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip", "gzip"),
        ("gzip;q=0.9, zstd;q=0.5", "gzip"),
        ("zstd;q=0, *", "gzip"),
        ("*;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("br", None),
        ("gzip;q=nan", None),
        (";;,=,q=1", None),
    ],
)
def test_the_coding_is_the_one_preferred(accepted, chosen):
    assert compression.chosen(accepted) == chosen


def test_a_compressed_stream_that_is_cut_short_is_never_taken_for_whole(start, tmp_path):
    from .conftest import fill
    from .test_limits import ENDLESS_ROWS

    fill(tmp_path / "store")
    with start(tmp_path / "store", workers=1, deadline=1.0) as server:
        with socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port), timeout=20) as one:
            query = ENDLESS_ROWS.replace(" ", "+").replace("{", "%7B").replace("}", "%7D")
            one.send(f"GET /sparql?query={query} HTTP/1.1\r\nHost: here\r\nAccept-Encoding: zstd\r\n\r\n".encode())
            said = b""
            while chunk := one.recv(1 << 20):
                said = (said + chunk)[-100:] if b"\r\n\r\n" in said else said + chunk
        assert not said.endswith(b"0\r\n\r\n")
