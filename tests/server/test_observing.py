"""`/metrics` and the log of accesses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.server.conftest import Served, fill

from kgraph.server.tally import Timings

LABELS = ("route", "cache", "status", "le")
QUERY = "SELECT (COUNT(*) AS ?secret) WHERE { ?s ?p ?o }"


def samples(url: str) -> dict[tuple[str, ...], float]:
    response = httpx.get(f"{url}/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, *(sample.labels[name] for name in LABELS if name in sample.labels)): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(start, tmp_path):
    fill(tmp_path / "store")
    with start(tmp_path / "store") as served:
        for query in (QUERY, QUERY, "SELECT"):
            httpx.get(f"{served.url}/sparql", params={"query": query})
        for path in ("/doc/none", "/nowhere/" + "x" * 50, "/static/kgraph.css", "/search?q=words"):
            httpx.get(served.url + path)
        seen = samples(served.url)
    assert seen["kgraph_requests_total", "/sparql", "200"] == 2
    assert seen["kgraph_requests_total", "/sparql", "400"] == 1
    assert seen["kgraph_requests_total", "/doc/", "404"] == 1
    assert seen["kgraph_requests_total", "other", "404"] == 1
    assert seen["kgraph_requests_total", "/static/", "200"] == 1
    assert seen["kgraph_request_duration_seconds_count", "/sparql"] == 3
    assert seen["kgraph_request_duration_seconds_bucket", "/sparql", "+Inf"] == 3
    assert seen["kgraph_response_bytes_total", "/static/"] > 1000
    assert seen["kgraph_cache_hits_total", "sparql"] == 1
    assert seen["kgraph_cache_bytes", "sparql"] > 0
    assert seen["kgraph_query_duration_seconds_count",] >= 2
    assert seen["kgraph_ready",] == 1
    assert seen["kgraph_workers",] == 2
    assert seen["kgraph_queries_waiting",] == 0
    assert 0 <= seen["kgraph_snapshot_age_seconds",] < 120
    assert seen["process_resident_memory_bytes",] > 1e6
    assert not any("xxxx" in label for sample in seen for label in sample)


def test_lost_workers_are_counted(start, tmp_path):
    fill(tmp_path / "store")
    with start(tmp_path / "store") as served:
        assert samples(served.url)["kgraph_workers_lost_total",] == 0
        os.kill(served.workers()[0], signal.SIGKILL)
        for _ in range(100):
            seen = samples(served.url)
            if seen["kgraph_workers_lost_total",] == 1 and seen["kgraph_workers",] == 2:
                break
            time.sleep(0.05)
        else:
            pytest.fail("the worker was not counted, or not replaced")


def test_metrics_can_only_be_read_and_come_as_openmetrics_too(client):
    assert client.post("/metrics").status_code == 405
    openmetrics = client.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert openmetrics.headers["Content-Type"].startswith("application/openmetrics-text")
    assert openmetrics.text.endswith("# EOF\n")


def test_accesses_are_logged_without_addresses_and_queries(tmp_path, server: Served):
    fill(tmp_path / "store")
    environment = {**os.environ, "KGRAPH_ACCESS_LOG": "true"}
    command = [
        sys.executable,
        "-c",
        "from kgraph.cli import main; main()",
        "serve",
        "--port",
        "0",
        "--store",
        str(tmp_path / "store"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr
        url = process.stderr.readline().rsplit(maxsplit=1)[-1].rstrip("/")
        for _ in range(200):
            if httpx.get(f"{url}/ready").is_success:
                break
            time.sleep(0.05)
        for query in (QUERY, QUERY, "SELECT ?secret"):
            httpx.get(f"{url}/sparql", params={"query": query})
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    asked = [line for line in lines if line["route"] == "/sparql"]
    assert [line["status"] for line in asked] == [200, 200, 400]
    assert asked[0]["query"] == asked[1]["query"] != asked[2]["query"]
    assert len({line["client"] for line in lines}) == 1
    assert all(line["ms"] >= 0 and line["bytes"] > 0 and "cut" not in line for line in asked)
    assert "secret" not in said
    assert "127.0.0.1" not in "".join(line for line in said.splitlines() if line.startswith("{"))


def test_nothing_is_logged_unless_asked_for(server: Served, client):
    client.get("/health")
    assert not [line for line in server.log.read_text().splitlines() if line.startswith("{")]


def test_a_duration_falls_into_every_bucket_that_is_long_enough():
    timings = Timings()
    for seconds in (0.001, 0.0011, 7.0, 1000.0):
        timings.add(seconds)
    buckets = dict(timings.buckets())
    assert (buckets["0.001"], buckets["0.0025"], buckets["5.0"], buckets["10.0"], buckets["30.0"]) == (1, 2, 2, 3, 3)
    assert buckets["+Inf"] == 4
    assert timings.total == pytest.approx(1007.0021)
