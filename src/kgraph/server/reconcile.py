"""The reconciliation service: others join their tables to the things of this graph.

`/reconcile` speaks version 0.2 of the Reconciliation API, `/reconcile/1.0` the draft of 1.0: their manifests contradict each
other, so each has an address of its own (docs/decisions/0011-reconciliation.md). Names are looked up in an index of the
snapshot (`kgraph.server.names`), which a process of its own makes when the first request needs it; while that takes long, the
index of the snapshot before answers.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from kgraph.errors import KgraphError, StoreError
from kgraph.server import requests
from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.limits import Limits
from kgraph.server.matching import matches
from kgraph.server.names import Names, Thing
from kgraph.server.pool import Pool
from kgraph.server.properties import PROPERTIES, PROPERTY, TYPE, TYPES, values
from kgraph.server.questions import Reading, term
from kgraph.server.reconciliation import (
    Extension,
    Json,
    Version,
    Version02,
    Version10,
    parse,
    proposed,
    suggested,
    suggested_things,
)
from kgraph.server.rendering import render
from kgraph.server.responses import OPEN_TO_ALL, Problem, problem_of, send_empty, send_problem, send_whole

ROOT = "/reconcile"
_BELOW = ("/suggest/entity", "/suggest/property", "/suggest/type", "/preview", "/extend/propose")
_VERSIONS: dict[str, Version] = {f"{ROOT}/1.0": Version10(), ROOT: Version02()}
PATHS = (*_VERSIONS, *(root + below for root in _VERSIONS for below in _BELOW), f"{ROOT}/1.0/match", f"{ROOT}/1.0/extend")

_SUGGESTED = 10
_MOST_IDS = 1_000
_PATIENCE = 3.0
"""Seconds that a request waits for a newer index where an older one could answer."""
_LONGEST = 600.0
_JSON = (b"content-type", b"application/json; charset=utf-8")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")
_STYLE = (
    "body{font:14px/1.4 system-ui,sans-serif;margin:8px;color:#222;background:#fff}h1{font-size:16px;margin:0}"
    "p{margin:2px 0}.kind{color:#666}blockquote{margin:4px 0;padding-left:8px;border-left:2px solid #ccc}"
)
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors *"
)
_CLAIMS = "SELECT DISTINCT ?text WHERE {{ ?claim schema:about {} ; schema:text ?text }} ORDER BY ?text LIMIT 2"

T = TypeVar("T")


class Index:
    """The names of the newest snapshot, asked in a thread of their own."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._names: Names | None = None
        self._making: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "names")
        self._folder: Path | None = None

    async def ask(self, question: Callable[[Names], T]) -> T:
        """What the names answer; raises StoreError where there are none."""
        if self._names is None or self._names.snapshot != self._pool.snapshot:
            if self._making is None or self._making.done():
                self._making = asyncio.create_task(self._make())
                self._making.add_done_callback(lambda task: task.cancelled() or task.exception())  # seen, if nobody waits
            await asyncio.wait([self._making], timeout=_PATIENCE if self._names else None)
            if self._making.done() and (error := self._making.exception()) and self._names is None:
                raise error
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, question)

    def _answer(self, question: Callable[[Names], T]) -> T:
        assert self._names is not None
        return question(self._names)

    async def _make(self) -> None:
        made = await asyncio.to_thread(self._run)
        if self._names is None or self._names.path != made:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._take_up, made)

    def _take_up(self, path: Path) -> None:
        old, self._names = self._names, Names(path)
        if old is not None:
            old.close()

    def _run(self) -> Path:
        command = [sys.executable, "-m", "kgraph.server.names", str(self._pool.root), str(self._where())]
        try:
            made = subprocess.run(
                command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_LONGEST, check=True
            )
        except (subprocess.SubprocessError, OSError) as error:
            said = str(getattr(error, "stderr", None) or error).strip().splitlines()
            raise StoreError(f"the index of names cannot be made: {said[-1] if said else error}") from error
        return Path(made.stdout.strip())

    def _where(self) -> Path:
        """A folder beside the snapshots; one of its own where the store is only to be read."""
        if self._folder is None:
            if os.access(self._pool.root, os.W_OK):
                self._folder = self._pool.root / "cache"
            else:
                self._folder = Path(tempfile.mkdtemp(prefix="kgraph-"))
                atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder


class Reconcile:
    """Both versions of the service, as one ASGI application at `PATHS`."""

    def __init__(self, pool: Pool, limits: Limits) -> None:
        self._pool = pool
        self._limits = limits
        self._index = Index(pool)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accept = header(scope, b"accept")
        root = next(root for root in _VERSIONS if scope["path"].startswith(root))
        below = scope["path"].removeprefix(root)
        allowed = _methods(root, below)
        try:
            if scope["method"] == "OPTIONS":
                await send_empty(send, HTTPStatus.NO_CONTENT, _preflight(allowed))
                return
            if scope["method"] not in allowed:
                allow = (b"allow", ", ".join(allowed).encode())
                raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"{scope['path']} takes {' and '.join(allowed)}", (allow,))
            headers, body = await self._answer(scope, receive, _VERSIONS[root], below)
        except KgraphError as error:
            await send_problem(send, problem_of(error), accept)
        except Problem as problem:
            await send_problem(send, problem, accept)
        else:
            if scope["method"] == "HEAD":
                await send_empty(send, HTTPStatus.OK, [*headers, (b"content-length", str(len(body)).encode())])
            else:
                await send_whole(send, HTTPStatus.OK, headers, body)

    async def _answer(self, scope: Scope, receive: Receive, version: Version, below: str) -> tuple[Headers, bytes]:
        in_url = dict(requests.fields(scope["query_string"]))
        if below == "/preview":
            return await self._preview(in_url.get("id", ""))
        if below.startswith("/suggest/"):
            return _json(await self._suggest(below.removeprefix("/suggest/"), in_url))
        if below == "/extend/propose":
            return _json(proposed(in_url.get("type", ""), _count(in_url["limit"]) if "limit" in in_url else None))
        posted = await requests.body(scope, receive, self._limits.request_bytes) if scope["method"] == "POST" else b""
        if isinstance(version, Version10):
            if below == "/match":
                return await self._match(version, posted)
            if below == "/extend":
                return await self._extend(version, posted)
        else:
            asked = in_url | dict(requests.fields(posted))
            if "queries" in asked:
                return await self._match(version, asked["queries"])
            if "extend" in asked:
                return await self._extend(version, asked["extend"])
            if scope["method"] == "POST":
                raise Problem(HTTPStatus.BAD_REQUEST, "a form has a field queries or a field extend")
        base = await self._index.ask(lambda names: names.base)
        return _json(version.manifest(_address(scope), base))

    async def _match(self, version: Version, batch: str | bytes) -> tuple[Headers, bytes]:
        def match(names: Names) -> tuple[Headers, bytes]:
            queries = version.queries(parse(batch))
            return _json(version.results({key: matches(names, query) for key, query in queries.items()}))

        return await self._index.ask(match)

    async def _suggest(self, what: str, asked: Mapping[str, str]) -> Json:
        prefix, skip = asked.get("prefix", ""), _count(asked.get("cursor") or "0")
        if what == "entity":
            things = await self._index.ask(lambda names: names.starting_with(prefix, limit=_SUGGESTED, skip=skip))
            return suggested_things(things)
        return suggested(TYPES if what == "type" else PROPERTIES, prefix, skip)

    async def _extend(self, version: Version, query: str | bytes) -> tuple[Headers, bytes]:
        asked = Extension(parse(query))
        if len(asked.ids) > _MOST_IDS:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a data extension query holds {_MOST_IDS:,} ids at most")
        things = await self._index.ask(lambda names: names.get(asked.ids))
        properties = [PROPERTY[id] for id in asked.properties if id in PROPERTY]
        reading = Reading(self._pool, deadline=self._limits.deadline)
        table = await values(reading, list(things.values()), properties)
        return await asyncio.to_thread(lambda: _json(version.table(asked, table)))

    async def _preview(self, id: str) -> tuple[Headers, bytes]:
        things = await self._index.ask(lambda names: names.get([id]))
        thing: Thing | None = things.get(id)
        if thing is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"the graph has nothing named {id!r}")
        reading = Reading(self._pool, deadline=self._limits.deadline)
        claims = [row["text"] for row in await reading.rows(_CLAIMS.format(term(thing.iri)))]
        page = render("preview.html", thing=thing, type=TYPE[thing.kind].name, claims=claims, style=_STYLE)
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", _POLICY.encode()),
            (b"referrer-policy", b"no-referrer"),
            *OPEN_TO_ALL,
        ]
        return headers, page


def routes(pool: Pool, limits: Limits) -> dict[str, Reconcile]:
    """The service by its paths."""
    return dict.fromkeys(PATHS, Reconcile(pool, limits))


def _methods(root: str, below: str) -> tuple[str, ...]:
    if below in ("/match", "/extend"):
        return ("POST", "OPTIONS")
    return ("GET", "HEAD", "POST", "OPTIONS") if root == ROOT and not below else ("GET", "HEAD", "OPTIONS")


def _preflight(allowed: tuple[str, ...]) -> Headers:
    methods = ", ".join(allowed).encode()
    return [
        (b"allow", methods),
        (b"access-control-allow-methods", methods),
        (b"access-control-allow-headers", b"Accept, Accept-Language, Content-Type"),
        (b"access-control-max-age", b"86400"),
        *OPEN_TO_ALL,
    ]


def _json(answer: Json) -> tuple[Headers, bytes]:
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return [_JSON, (b"cache-control", b"no-cache"), *OPEN_TO_ALL], body


def _count(text: str) -> int:
    with contextlib.suppress(ValueError):
        if 0 <= int(text) <= 1_000_000:
            return int(text)
    raise Problem(HTTPStatus.BAD_REQUEST, f"{text[:40]!r} is no number to count to")


def _address(scope: Scope) -> str:
    """Where the client reached the server."""
    host = header(scope, b"host")
    if not _HOST.fullmatch(host):
        name, port = scope.get("server") or ("localhost", 8000)
        host = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    return f"{scope['scheme']}://{host}"
