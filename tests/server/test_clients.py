"""What one client may cost the others: connections, requests in hand, large answers, slow reading."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from .conftest import Served, alive, fill
from .test_limits import ENDLESS_ROWS, FOREVER, HTTP, QUICK, ask

ROWS = "SELECT ?a ?c ?d ?f { ?a <https://schema.org/text> ?c . ?d <https://schema.org/about> ?f } LIMIT 60000"


@pytest.fixture
def root(tmp_path):
    fill(tmp_path / "store")
    return tmp_path / "store"


def connect(server: Served) -> socket.socket:
    return socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port), timeout=10)


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_one_client_with_too_many_requests_is_told_to_wait(start, root):
    with start(root, workers=2, deadline=1.5, per_client=3) as server, ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(lambda n: ask(server.url, FOREVER.replace("?n", f"?n{n}")), range(6)))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == 3
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
        assert ask(server.url, QUICK).status_code == 200


def test_a_client_can_ask_for_less_time(start, root):
    with start(root, workers=1, deadline=20.0) as server:
        began = time.monotonic()
        answer = HTTP.get(f"{server.url}/sparql", params={"query": FOREVER}, headers={"Prefer": "respond-async, wait=1"})
        assert answer.status_code == 503
        assert 1.0 <= time.monotonic() - began < 2.0


def test_queries_without_end_leave_room_for_others(start, root):
    with start(root, workers=1, deadline=6.0, long=1) as server, ThreadPoolExecutor(3) as clients:
        endless = [clients.submit(ask, server.url, FOREVER.replace("?n", f"?n{n}")) for n in range(2)]
        time.sleep(1.0)
        began = time.monotonic()
        for n in range(20):
            assert ask(server.url, QUICK.replace("#5", f"#{n}")).status_code == 200
        assert time.monotonic() - began < 1.0
        for answer in endless:
            assert (answer.result().status_code, "6 seconds" in answer.result().json()["detail"]) == (503, True)


def test_an_answer_over_its_limit_is_an_error_or_breaks_off(start, root):
    every = "SELECT ?s ?o { ?s ?p ?o }"
    with start(root, workers=1, answer_bytes=20_000) as server:
        assert ask(server.url, every).status_code == 413
    with start(root, workers=1, answer_rows=100) as server:
        for accept in ("json", "xml"):
            accept = {"Accept": f"application/sparql-results+{accept}"}
            assert HTTP.get(f"{server.url}/sparql", params={"query": every}, headers=accept).status_code == 413
            assert HTTP.get(f"{server.url}/sparql", params={"query": f"{every} LIMIT 100"}, headers=accept).status_code == 200
    with start(root, workers=1, answer_rows=20_000) as server, pytest.raises(httpx.RemoteProtocolError):
        ask(server.url, ROWS)


def test_a_query_that_would_overflow_the_parser_is_refused(start, root):
    with start(root, workers=1) as server:
        before = server.workers()
        for opening, closing in (("(", ")"), ("{", "}"), ("[", "]")):
            query = "SELECT * { " + opening * 20_000 + closing * 20_000 + " }"
            answer = HTTP.post(f"{server.url}/sparql", data={"query": query})
            assert answer.status_code == 400, answer.text
            assert "deep" in answer.json()["detail"]
        assert {*before} <= {*server.workers()}, "a parser without a stack kills its process"


def test_a_megabyte_of_query_is_too_large(start, root):
    with start(root, workers=1) as server:
        query = "ASK {}" + "#" * 999_994
        body = {"content": query, "headers": {"Content-Type": "application/sparql-query"}}
        assert HTTP.post(f"{server.url}/sparql", **body).status_code == 413
        assert HTTP.post(f"{server.url}/sparql", data={"query": query}).status_code == 413


def test_silent_connections_are_closed_and_starve_nobody(start, root):
    with start(root, workers=1, connections=50, patience=2.0) as server:
        idle = [connect(server) for _ in range(120)]
        try:
            for n, one in enumerate(idle):
                if n % 2:
                    one.send(b"GET /sparql?query=ASK HTTP/1.1\r\nHost: here\r\nAccept: ")
        except OSError:
            pass
        assert ask(server.url, QUICK).status_code == 200
        time.sleep(4.0)
        for one in idle:
            one.settimeout(1.0)
            try:
                said = one.recv(1000)
            except ConnectionResetError:
                said = b""
            assert said == b"" or b" 503 " in said
            one.close()


def test_a_short_answer_comes_in_one_piece(start, root):
    with start(root, workers=1) as server, connect(server) as client:
        for path in ("/sparql?query=ASK%20%7B%7D", "/health", "/nowhere"):
            client.send(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
            head, _, body = client.recv(1 << 20).partition(b"\r\n\r\n")
            (length,) = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
            assert len(body) == int(length) > 0


def test_a_reader_that_stops_taking_is_let_go_and_memory_stays_flat(start, root):
    with start(root, workers=1, patience=2.0, deadline=10.0, spooled_bytes=400 << 20) as server:
        assert ask(server.url, ROWS).status_code == 200
        before = resident(server.pid)
        with connect(server) as slow:
            request = f"GET /sparql?query={quote(ENDLESS_ROWS.replace('}', '} LIMIT 300000'))} HTTP/1.1\r\nHost: here\r\n\r\n"
            slow.send(request.encode())
            assert slow.recv(1000).startswith(b"HTTP/1.1 200")
            time.sleep(1.0)
            assert ask(server.url, QUICK).status_code == 200
            time.sleep(3.5)
            assert resident(server.pid) - before < 40 << 20
            last = b""
            with contextlib.suppress(ConnectionResetError):
                while chunk := slow.recv(1 << 20):
                    last = chunk
            assert not last.endswith(b"0\r\n\r\n")


def test_a_full_disk_of_slow_readers_does_not_hold_the_worker(start, root):
    with start(root, workers=1, deadline=20.0, spooled_bytes=8 << 20, long=1) as server:
        readers = [connect(server) for _ in range(2)]
        for n, reader in enumerate(readers):
            query = quote(ENDLESS_ROWS.replace("*", f"(?a AS ?a{n}) ?b ?c ?e ?f ?h"))
            reader.send(f"GET /sparql?query={query} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        time.sleep(2.0)
        began = time.monotonic()
        assert ask(server.url, QUICK).status_code == 200
        assert time.monotonic() - began < 3.0
        for reader in readers:
            reader.close()
        assert alive(server.pid)
