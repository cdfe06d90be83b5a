"""Queries that ask another endpoint: a real one, on loopback, which takes a setting that is for tests."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from .conftest import fill, serving

PORT_OF_NOBODY = 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A native Oxigraph server with one triple."""
    port, folder = free_port(), tmp_path_factory.mktemp("other")
    binary = Path(sys.executable).with_name("oxigraph")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [binary, "serve", "--location", folder / "store", "--bind", f"127.0.0.1:{port}"], stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(url)
            break
        except httpx.TransportError:
            time.sleep(0.05)
    turtle = b"<http://example.org/thing/3> <http://example.org/known> 'elsewhere' ."
    httpx.post(f"{url}/store?default", content=turtle, headers={"Content-Type": "text/turtle"}).raise_for_status()
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def silent():
    """A server that takes a request and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        threading.Thread(target=lambda: [listening.accept() for _ in range(20)], daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(scope="module")
def client(tmp_path_factory, other, silent):
    root = tmp_path_factory.mktemp("federated") / "store"
    fill(root, things=10)
    hosts = f"{other} {silent} 127.0.0.1:{PORT_OF_NOBODY}"
    env = {"KGRAPH_SERVICE_HOSTS": hosts, "KGRAPH_SERVICE_ALLOW_PRIVATE": "true"}
    with serving(root, env=env, service_deadline=1.0) as served, httpx.Client(base_url=served.url, timeout=30) as client:
        yield client


def ask(client, text, **headers):
    return client.get("/sparql", params={"query": text}, headers={"Accept": "text/csv", **headers})


def joined(endpoint):
    return f"""SELECT DISTINCT ?thing ?words {{ ?s <https://schema.org/about> ?thing .
    SERVICE <http://{endpoint}/query> {{ ?thing <http://example.org/known> ?words }} }}"""


def test_what_others_know_is_joined_to_what_is_here_and_not_kept(client, other):
    answer = ask(client, joined(other))
    assert answer.text.split("\r\n")[1] == "http://example.org/thing/3,elsewhere"
    assert "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert "elsewhere" in ask(client, joined(other), Accept="text/html").text


def test_an_endpoint_that_is_not_on_the_list_is_refused(client):
    assert ask(client, joined("127.0.0.1:9")).status_code == 403


def test_an_endpoint_that_does_not_answer_is_a_bad_gateway(client):
    answer = ask(client, joined(f"127.0.0.1:{PORT_OF_NOBODY}"), Accept="*/*")
    assert answer.status_code == 502


def test_a_silent_endpoint_costs_its_own_deadline_and_holds_up_nobody(client, silent):
    began = time.monotonic()
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(ask(client, joined(silent))))
    waiting.start()
    for _ in range(10):
        assert ask(client, "ASK { }").status_code == 200
    assert time.monotonic() - began < 1.0
    waiting.join()
    assert answers[0].status_code == 503
    assert "Retry-After" in answers[0].headers


def test_the_description_says_so(client):
    assert "BasicFederatedQuery" in client.get("/sparql", headers={"Accept": "text/turtle"}).text


def test_without_the_setting_a_private_address_is_not_asked(start, tmp_path, other):
    fill(tmp_path / "store", things=3)
    with (
        start(tmp_path / "store", env={"KGRAPH_SERVICE_HOSTS": f"{other} localhost"}) as served,
        httpx.Client(base_url=served.url, timeout=30) as client,
    ):
        assert ask(client, joined(other)).status_code == 403, "not over plain HTTP"
        answer = ask(client, joined("localhost").replace("http://localhost", "https://localhost"), Accept="*/*")
        assert (answer.status_code, "private" in answer.json()["detail"]) == (502, True)
