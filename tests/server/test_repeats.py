"""Requests that come again byte for byte: answered as before, until the graph is another."""

from __future__ import annotations

import socket
import time
from urllib.parse import quote, urlsplit

import httpx
import pytest

from kgraph.store import open_store

from .conftest import fill, quads

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s <https://schema.org/text> ?o }"
REQUEST = f"GET /sparql?query={quote(COUNT)} HTTP/1.1\r\nHost: here\r\nAccept: text/csv\r\n\r\n".encode()


class Line:
    """A connection that is spoken to in bytes."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=10)
        self._said = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, request: bytes) -> None:
        self._socket.sendall(request)

    def answer(self) -> tuple[bytes, bytes]:
        while b"\r\n\r\n" not in self._said:
            self._receive()
        head, _, self._said = self._said.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
        while len(self._said) < length:
            self._receive()
        body, self._said = self._said[:length], self._said[length:]
        return head, body

    def _receive(self) -> None:
        received = self._socket.recv(4096)
        assert received, "the connection was closed"
        self._said += received


@pytest.fixture
def root(tmp_path):
    fill(tmp_path / "store", things=10)
    return tmp_path / "store"


def undated(head: bytes) -> list[bytes]:
    return sorted(line for line in head.split(b"\r\n") if not line.startswith(b"date: "))


def repeated(url: str) -> int:
    metrics = httpx.get(f"{url}/metrics").text
    return int(float(metrics.partition('kgraph_cache_hits_total{cache="sparql"} ')[2].split()[0]))


def test_the_same_bytes_get_the_same_answer_and_count_as_requests(start, root):
    with start(root) as server, Line(server.url) as line:
        first = None
        for _ in range(5):
            line.send(REQUEST)
            head, body = line.answer()
            first = first or (undated(head), body)
            assert (undated(head), body) == first
        assert body == b"n\r\n20\r\n"
        assert repeated(server.url) == 4
        metrics = httpx.get(f"{server.url}/metrics").text
        assert 'kgraph_requests_total{route="/sparql",status="200"} 5.0' in metrics


def test_a_new_graph_changes_the_answer_to_the_same_bytes(start, root):
    with start(root) as server, Line(server.url) as line, open_store(root, write=True) as store:
        for _ in range(3):
            line.send(REQUEST)
            assert line.answer()[1] == b"n\r\n20\r\n"
        graph = "http://example.org/doc/3"
        store.replace(graph, quads(graph, 5))
        store.publish()
        until = time.monotonic() + 10
        while (line.send(REQUEST), line.answer()[1])[1] != b"n\r\n25\r\n":
            assert time.monotonic() < until


def test_bytes_in_the_middle_of_a_request_are_not_taken_for_one(start, root):
    with start(root) as server, Line(server.url) as line:
        for _ in range(3):
            line.send(REQUEST)
            line.answer()
        line.send(b"POST /sparql HTTP/1.1\r\nHost: here\r\nContent-Type: application/sparql-query\r\n")
        line.send(b"Content-Length: %d\r\n\r\n" % len(REQUEST))
        time.sleep(0.1)
        line.send(REQUEST)
        assert line.answer()[0].startswith(b"HTTP/1.1 400 ")
        line.send(b"GET /health HTTP/1.1\r\nX: ")
        time.sleep(0.1)
        line.send(REQUEST)
        assert line.answer()[1].startswith(b'{"status":"ok"')
        line.send(REQUEST + REQUEST)
        assert [line.answer()[1] for _ in range(2)] == [b"n\r\n20\r\n"] * 2


def test_one_who_repeats_is_not_silent(start, root):
    with start(root, patience=2.0) as server, Line(server.url) as line:
        for _ in range(12):
            line.send(REQUEST)
            assert line.answer()[1] == b"n\r\n20\r\n"
            time.sleep(0.4)


def test_what_is_asked_otherwise_is_answered_otherwise(start, root):
    with start(root) as server, Line(server.url) as line:
        for _ in range(3):
            line.send(REQUEST)
            head, _ = line.answer()
        etag = head.partition(b"etag: ")[2].partition(b"\r\n")[0]
        line.send(REQUEST.replace(b"\r\n\r\n", b"\r\nIf-None-Match: " + etag + b"\r\n\r\n"))
        assert line.answer()[0].startswith(b"HTTP/1.1 304 ")
        line.send(REQUEST.replace(b"Accept: text/csv", b"Accept: text/tab-separated-values"))
        assert line.answer()[1] == b"?n\n20\n"
        line.send(REQUEST.replace(b"Accept", b"Connection: close\r\nAccept"))
        assert b"connection: close" in line.answer()[0].lower()
