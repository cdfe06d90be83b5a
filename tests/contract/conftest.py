"""The stores that the contract is held against; the remote one is a real server on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kgraph.store import Store, open_store


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def oxigraph_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A native Oxigraph server, empty at first."""
    port = free_port()
    location = tmp_path_factory.mktemp("oxigraph")
    binary = Path(sys.executable).with_name("oxigraph")
    with (location / "log").open("wb") as log:
        server = subprocess.Popen(
            [binary, "serve", "--location", location / "store", "--bind", f"127.0.0.1:{port}"], stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(url)
            break
        except httpx.TransportError:
            time.sleep(0.05)
    yield url
    server.terminate()
    server.wait(10)


@pytest.fixture(params=["embedded", "remote"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "embedded":
        with open_store(tmp_path / "store", write=True) as store:
            yield store
        return
    with open_store(request.getfixturevalue("oxigraph_url"), write=True) as store:
        yield store
        for graph in store.graphs():
            store.remove(graph)
