"""Clients that speak HTTP/1.0, as nginx does to what stands behind it: they get no chunks, and see an answer that broke off."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from urllib.parse import quote, urlsplit

import pytest
import uvicorn

from kgraph.server.cache import Cache
from kgraph.server.connections import guarded
from kgraph.server.limits import Limits
from kgraph.server.repeats import Repeats

from .conftest import Served, fill
from .test_limits import ENDLESS_ROWS, FOREVER, QUICK

ROWS = "SELECT ?a ?c ?d ?f { ?a <https://schema.org/text> ?c . ?d <https://schema.org/about> ?f } LIMIT 60000"


@pytest.fixture
def root(tmp_path):
    fill(tmp_path / "store")
    return tmp_path / "store"


def asked(server: Served, query: str, *, method: str = "GET") -> socket.socket:
    one = socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port), timeout=20)
    one.send(f"{method} /sparql?query={quote(query)} HTTP/1.0\r\n\r\n".encode())
    return one


def until_closed(one: socket.socket, *, pause: float = 0.0) -> tuple[list[str], bytes]:
    """The lines of the head, in lower case, and the body; raises ConnectionResetError."""
    said = b""
    while chunk := one.recv(1 << 16):
        said += chunk
        time.sleep(pause)
    head, _, body = said.partition(b"\r\n\r\n")
    return head.decode().lower().split("\r\n"), body


@pytest.mark.parametrize("pause", [0.0, 0.005])
def test_a_long_answer_comes_whole_and_without_chunks(start, root, pause):
    with start(root, workers=1) as server, asked(server, ROWS) as one:
        head, body = until_closed(one, pause=pause)
    assert head[0] == "http/1.1 200 ok"
    assert "connection: close" in head
    assert not any(line.startswith(("transfer-encoding:", "content-length:")) for line in head)
    assert len(json.loads(body)["results"]["bindings"]) == 60000


def test_an_answer_whose_length_is_known_says_it(start, root):
    with start(root, workers=1, deadline=1.0) as server:
        for query, status in ((QUICK, 200), (FOREVER, 503)):
            with asked(server, query) as one:
                head, body = until_closed(one)
            assert f" {status} " in head[0]
            assert f"content-length: {len(body)}" in head
        with asked(server, ROWS, method="HEAD") as one:
            assert until_closed(one)[1] == b""


def test_an_answer_that_breaks_off_is_reset(start, root):
    with start(root, workers=1, deadline=1.0) as server, asked(server, ENDLESS_ROWS) as one:
        assert one.recv(100).startswith(b"HTTP/1.1 200")
        with pytest.raises(ConnectionResetError):
            until_closed(one)
    with start(root, workers=1, answer_rows=20_000) as server, asked(server, ROWS) as one, pytest.raises(ConnectionResetError):
        until_closed(one)


def test_an_answer_is_reset_when_its_server_is_killed(start, root):
    with start(root, workers=1) as server, asked(server, ENDLESS_ROWS) as one:
        assert one.recv(100).startswith(b"HTTP/1.1 200")
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(ConnectionResetError):
            until_closed(one)


def test_an_answer_is_reset_when_its_last_bytes_are_not_taken():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": bytes(32 << 20)})

    kind = guarded(Limits(patience=1.0), Repeats(Cache(size=0, most=0), lambda: None), lambda *_: None)
    config = uvicorn.Config(app, http=kind, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=server.run, args=([listening],))
        serving.start()
        try:
            with socket.create_connection(listening.getsockname(), timeout=20) as one:
                one.send(b"GET / HTTP/1.0\r\n\r\n")
                assert one.recv(100).startswith(b"HTTP/1.1 200")
                time.sleep(3.0)
                with pytest.raises(ConnectionResetError):
                    until_closed(one)
        finally:
            server.should_exit = True
            serving.join(20)
