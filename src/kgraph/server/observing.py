"""What the server sees of its requests: `/metrics` in Prometheus's form, and a log of accesses where one is wanted.

Counts are added up in `tally` as requests pass, and put into words by prometheus_client when somebody looks. A log line is one
JSON object on stderr, written by a thread so that a full pipe holds up nobody. It has no address and no query, but a hash of
each: that of the address is keyed with a secret which ends with the process.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Collection, Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from hashlib import blake2b
from http import HTTPStatus
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from kgraph.server import addresses
from kgraph.server.asgi import Receive, Scope, Send, header
from kgraph.server.cache import Cache
from kgraph.server.pool import Pool
from kgraph.server.repeats import Repeat
from kgraph.server.responses import Problem, send_problem, send_whole
from kgraph.server.tally import Timings

TEXT = "kgraph.text"
"""Where a scope keeps the query that a request asks."""
_KINDS = {kind: f"/{kind}/" for kind in addresses.KINDS}


class Sent:
    """`send` of one request, and what went through it."""

    __slots__ = ("_send", "size", "status", "whole")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.size = 0
        self.whole = False

    def __call__(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        if message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
        elif message["type"] == "http.response.start":
            self.status = message["status"]
        return self._send(message)


class _Whole(NamedTuple):
    """What was sent in one piece."""

    status: int
    size: int
    whole: bool = True


class Observing:
    """Counts requests, and logs them where `log` says so; also `/metrics` as an ASGI application."""

    def __init__(self, pool: Pool, *, caches: Mapping[str, Cache], routes: Collection[str], log: bool) -> None:
        self._known = {path: "/static/" if path.startswith("/static/") else path for path in routes}
        self._requests: dict[tuple[str, int], Timings] = {}
        self._log = _Log() if log else None
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Server(pool, caches, self._requests))
        ProcessCollector(registry=self._registry)

    def add(self, scope: Scope, sent: Sent | _Whole, seconds: float) -> None:
        """Counts a request that is done with."""
        path = scope["path"]
        route = self._known.get(path) or _KINDS.get(path[1:].partition("/")[0], "other")
        timings = self._requests.get((route, sent.status))
        if timings is None:
            timings = self._requests[route, sent.status] = Timings()
        timings.add(seconds)
        timings.size += sent.size
        if self._log is not None:
            self._log.put(scope, route, sent, seconds)

    def add_repeat(self, repeat: Repeat, client: tuple[str, int] | None) -> None:
        """Counts a request that was answered as it came."""
        scope = (
            repeat.scope
            if any(name == b"x-forwarded-for" for name, _ in repeat.scope["headers"])
            else {**repeat.scope, "client": client}
        )
        self.add(scope, _Whole(HTTPStatus.OK, len(repeat.body)), 0.0)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            problem = Problem(HTTPStatus.METHOD_NOT_ALLOWED, "metrics can only be read", ((b"allow", b"GET, HEAD"),))
            await send_problem(send, problem, header(scope, b"accept"))
            return
        encode, content_type = choose_encoder(header(scope, b"accept"))
        headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store"), (b"vary", b"accept")]
        await send_whole(send, HTTPStatus.OK, headers, encode(self._registry))

    def close(self) -> None:
        """Writes what is still to be logged."""
        if self._log is not None:
            self._log.close()


class _Server(Collector):
    """The sums as Prometheus's metric families."""

    def __init__(self, pool: Pool, caches: Mapping[str, Cache], requests: Mapping[tuple[str, int], Timings]) -> None:
        self._pool = pool
        self._caches = caches
        self._requests = requests

    def collect(self) -> Iterable[Metric]:
        requests = CounterMetricFamily("kgraph_requests", "Requests that are done with", labels=["route", "status"])
        routes: defaultdict[str, Timings] = defaultdict(Timings)
        for (route, status), timings in self._requests.items():
            requests.add_metric([route, str(status)], timings.number)
            routes[route].include(timings)
        sizes = CounterMetricFamily("kgraph_response_bytes", "Bytes of their bodies", labels=["route"])
        durations = HistogramMetricFamily(
            "kgraph_request_duration_seconds", "From the arrival of a request to the end of its answer", labels=["route"]
        )
        for route, timings in routes.items():
            sizes.add_metric([route], timings.size)
            durations.add_metric([route], [*timings.buckets()], timings.total)
        queries = HistogramMetricFamily("kgraph_query_duration_seconds", "What query workers spent on one query")
        queries.add_metric([], [*self._pool.took.buckets()], self._pool.took.total)
        hits = CounterMetricFamily("kgraph_cache_hits", "Answers that were kept from before", labels=["cache"])
        kept = GaugeMetricFamily("kgraph_cache_bytes", "Bytes of the answers that are kept", labels=["cache"])
        for name, cache in self._caches.items():
            hits.add_metric([name], cache.hits)
            kept.add_metric([name], cache.size)
        yield from (requests, sizes, durations, queries, hits, kept)
        yield GaugeMetricFamily("kgraph_queries_waiting", "Queries that wait for a worker", self._pool.waiting)
        yield GaugeMetricFamily("kgraph_workers", "Processes that take queries", self._pool.serving)
        yield CounterMetricFamily("kgraph_workers_lost", "Workers that died or were killed in mid-query", self._pool.died)
        yield GaugeMetricFamily("kgraph_ready", "Whether a query would be answered", self._pool.ready)
        yield GaugeMetricFamily("kgraph_snapshot_age_seconds", "Since the snapshot that answers was made", self._age())
        behind = self._pool.searched != self._pool.snapshot
        yield GaugeMetricFamily("kgraph_search_behind", "Whether the search index is of an older snapshot", behind)

    def _age(self) -> float:
        """A snapshot's id ends with the time at which it was made, in nanoseconds as hexadecimal digits."""
        made = self._pool.snapshot.rpartition("-")[2]
        return max(0.0, time.time() - int(made, 16) / 1e9) if made else 0.0


class _Log:
    """Lines of JSON, written to stderr in their order by a thread of their own."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._writing = Thread(target=self._write, name="access log", daemon=True)
        self._writing.start()

    def put(self, scope: Scope, route: str, sent: Sent | _Whole, seconds: float) -> None:
        client, text = scope.get("client"), scope.get(TEXT)
        line: dict[str, object] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": scope["method"],
            "route": route,
            "path": scope["path"],
            "status": sent.status,
            "bytes": sent.size,
            "ms": round(1000 * seconds, 2),
            "client": _hash(client[0], self._secret) if client else None,
        }
        if text is not None:
            line["query"] = _hash(text)
        if not sent.whole:
            line["cut"] = True
        self._lines.put(json.dumps(line))

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            print(line, file=sys.stderr, flush=self._lines.empty())

    def close(self) -> None:
        self._lines.put(None)
        self._writing.join()


def _hash(text: str, key: bytes = b"") -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=key).hexdigest()
