"""A server as the W3C's tests want it: with a default graph of its own, and open to whoever has the token."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.server.conftest import serving

TOKEN = "for the tests alone"


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    env = {"KGRAPH_WRITE_TOKEN": TOKEN, "KGRAPH_UNION_DEFAULT_GRAPH": "false"}
    with (
        serving(tmp_path_factory.mktemp("w3c") / "store", env=env) as served,
        httpx.Client(base_url=served.url, timeout=30, headers={"Authorization": f"Bearer {TOKEN}"}) as client,
    ):
        yield client
