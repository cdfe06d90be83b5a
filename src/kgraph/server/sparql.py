"""`/sparql`: the SPARQL 1.1 Protocol for queries, as a raw ASGI application.

Raw, because a framework's work for each request would cost more than most queries do. The ETag names the snapshot, the query
with its dataset, the media types that were negotiated and, of a search, the index; what it names never changes.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from http import HTTPStatus

from kgraph import media
from kgraph.errors import FetchRefused, KgraphError, NotConforming
from kgraph.server import compression, description, negotiate, requests
from kgraph.server.access import Access
from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.cache import Cache
from kgraph.server.clients import client_of
from kgraph.server.limits import Limits
from kgraph.server.observing import TEXT
from kgraph.server.pages import Pages
from kgraph.server.pool import Pool
from kgraph.server.repeats import Repeats
from kgraph.server.reports import send_report
from kgraph.server.requests import Asked
from kgraph.server.responses import (
    OPEN_TO_ALL,
    Problem,
    problem_of,
    send_empty,
    send_problem,
    send_whole,
)
from kgraph.server.streams import send_answer, send_coded, send_stream
from kgraph.server.writing import Writer
from kgraph.store.sparql import SEARCH

_VARIANT: Headers = [(b"cache-control", b"no-cache"), (b"vary", b"accept, accept-encoding"), *OPEN_TO_ALL]
_HEADERS = {form: [(b"content-type", form.content_type.encode()), *_VARIANT] for form in media.FORMATS}
_ALLOW = (b"allow", ", ".join(requests.METHODS).encode())
_PREFLIGHT: Headers = [
    _ALLOW,
    *OPEN_TO_ALL,
    (b"access-control-allow-methods", _ALLOW[1]),
    (b"access-control-allow-headers", b"Accept, Authorization, Content-Type, If-None-Match, Prefer"),
    (b"access-control-max-age", b"86400"),
]
_RELATIVE = re.compile(r"<(?![A-Za-z][A-Za-z0-9+.-]*:)[^<>\"{}|^`\\\x00-\x20]*>")
_ON_PAGES = (media.TSV.media_type, media.NTRIPLES.media_type)


class Sparql:
    """The endpoint as an ASGI application."""

    def __init__(
        self, pool: Pool, limits: Limits, pages: Pages, access: Access, writer: Writer | None, *, asking: Pool | None = None
    ) -> None:
        """`asking` are workers of their own for queries that ask other endpoints; without them such queries are refused."""
        self._pool = pool
        self._limits = limits
        self._pages = pages
        self._access = access
        self._writer = writer
        self._asking = asking
        self._cache = Cache(size=limits.cache_bytes, most=limits.cached_answer_bytes)
        self.repeats = Repeats(self._cache, lambda: (pool.snapshot, pool.searched))

    @property
    def cache(self) -> Cache:
        """The answers that are kept."""
        return self._cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        accept = header(scope, b"accept")
        asked = Asked("")
        try:
            if method == "OPTIONS":
                await send_empty(send, HTTPStatus.NO_CONTENT, _PREFLIGHT)
                return
            if method not in requests.METHODS:
                raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"a query comes by GET or POST, not by {method}", (_ALLOW,))
            asked = await requests.read(
                scope,
                receive,
                limit=self._limits.request_bytes,
                write_limit=self._limits.write_bytes,
                authorize=self._access.authorize,
            )
            scope[TEXT] = asked.text
            if asked.updates:
                await self._update(scope, send, asked)
            elif asked.text is None:
                await self._describe(scope, receive, send, accept)
            else:
                text = asked.text
                if _RELATIVE.search(text):  # or something like it: a base that is not needed changes nothing
                    text = f"BASE <{description.address_of(scope)}> {text}"
                try:
                    await self._answer(scope, receive, send, accept, asked, text)
                except FetchRefused:  # by a worker: to find a SERVICE clause takes time that is not the server's
                    if self._asking is None:
                        raise
                    await self._answer_with_others(scope, receive, send, accept, asked, text, self._asking)
        except NotConforming as error:
            await send_report(send, error, accept)
        except KgraphError as error:
            await self._explain(send, problem_of(error, retry_after=int(self._limits.deadline)), accept, asked)
        except Problem as problem:
            await self._explain(send, problem, accept, asked)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, accept: str, asked: Asked, text: str) -> None:
        types = negotiate.answer_types(accept)
        if negotiate.HTML in types:
            await self._show(receive, send, asked, text, self._pool, self._limits.deadline)
            return
        wanted = _wanted(types, accept)
        searched = self._pool.searched if SEARCH in text else ""
        key = f"{wanted} {asked.default_graphs} {asked.named_graphs} {searched} {text}"
        named = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        etag = _etag(self._pool.snapshot, named)
        accepted = header(scope, b"accept-encoding")
        coding = compression.chosen(accepted) if accepted and scope["method"] != "HEAD" else None
        if known := _known(scope, etag, coding):
            await send_empty(send, HTTPStatus.NOT_MODIFIED, [(b"etag", known), *_VARIANT])
            return
        if coding is not None and (cached := self._cache.get(coded := compression.etag_of(etag, coding))):
            self.repeats.remember(scope, coded, *cached)
            await send_whole(send, HTTPStatus.OK, *cached)
            return
        if cached := self._cache.get(etag):
            if coding is None or len(cached[1]) < compression.WORTH_IT:
                self.repeats.remember(scope, etag, *cached)
            await send_coded(send, *cached, etag, self._cache, coding)
            return
        limit = 1 if scope["method"] == "HEAD" else 0
        request = ("query", text, wanted, asked.default_graphs, asked.named_graphs, limit)
        job = self._pool.ask(request, requests.deadline(scope, self._limits.deadline), receive, client_of(scope))
        try:
            head = await job.head
            etag = _etag(head.snapshot, named)
            headers = [(b"etag", etag), *_HEADERS[head.form]]
            await send_answer(send, job, head, headers, etag, self._cache, coding)
        finally:
            job.close()

    async def _answer_with_others(
        self, scope: Scope, receive: Receive, send: Send, accept: str, asked: Asked, text: str, pool: Pool
    ) -> None:
        """Of what others say, nothing is kept: it may be something else the next time."""
        types = negotiate.answer_types(accept)
        if negotiate.HTML in types:
            await self._show(receive, send, asked, text, pool, self._limits.service_deadline)
            return
        wanted = _wanted(types, accept)
        limit = 1 if scope["method"] == "HEAD" else 0
        request = ("query", text, wanted, asked.default_graphs, asked.named_graphs, limit)
        job = pool.ask(request, requests.deadline(scope, self._limits.service_deadline), receive)
        try:
            head = await job.head
            kind = (b"content-type", head.form.content_type.encode())
            headers = [kind, (b"cache-control", b"no-store"), (b"vary", b"accept"), *OPEN_TO_ALL]
            if head.body is not None:
                await send_whole(send, HTTPStatus.OK, headers, head.body)
            else:
                await send_stream(send, job, headers)
        finally:
            job.close()

    async def _update(self, scope: Scope, send: Send, asked: Asked) -> None:
        assert self._writer is not None
        base = description.address_of(scope)
        await self._writer.write(("update", asked.text or "", asked.default_graphs or [], asked.named_graphs or [], base))
        await send_empty(send, HTTPStatus.NO_CONTENT, OPEN_TO_ALL)

    async def _describe(self, scope: Scope, receive: Receive, send: Send, accept: str) -> None:
        wanted = negotiate.graph_type(accept)
        if wanted == negotiate.HTML:
            await self._pages.send_form(send)
            return
        if wanted is None:
            raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"there is no description in {accept}")
        text = description.query(description.address_of(scope), self._access)
        await self._answer(scope, receive, send, wanted, Asked(text), text)

    async def _show(self, receive: Receive, send: Send, asked: Asked, text: str, pool: Pool, deadline: float) -> None:
        request = ("query", text, _ON_PAGES, asked.default_graphs, asked.named_graphs, self._limits.page_bytes)
        job = pool.ask(request, deadline, receive)
        try:
            head = await job.head
            body = head.body if head.body is not None else b"".join([chunk async for chunk in job.chunks()])
            await self._pages.send_answer(send, text, head.form, body, cut=job.spool is not None and job.spool.cut)
        finally:
            job.close()

    async def _explain(self, send: Send, problem: Problem, accept: str, asked: Asked) -> None:
        if negotiate.error_type(accept) == negotiate.HTML:
            await self._pages.send_problem(send, problem, asked.text or "")
        else:
            await send_problem(send, problem, accept)


def _etag(snapshot: str, named: str) -> bytes:
    return f'"{snapshot}-{named}"'.encode()


def _known(scope: Scope, etag: bytes, coding: str | None) -> bytes | None:
    """The tag of this very answer, plain or coded, if the client has it (RFC 9110, 13.1.2; compared weakly)."""
    said = header(scope, b"if-none-match")
    if not said or scope["method"] == "POST":
        return None
    tags = [tag.strip().removeprefix("W/").encode("latin-1") for tag in said.split(",")]
    ours = (etag,) if coding is None else (etag, compression.etag_of(etag, coding))
    return next((tag for tag in ours if tag in tags), None)


def _wanted(types: tuple[str | None, ...], accept: str) -> tuple[str, ...]:
    wanted = tuple(one for one in types if one is not None)
    if not wanted:
        offered = ", ".join(form.media_type for form in media.FORMATS)
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"there is no answer in {accept}; there is {offered}")
    return wanted
