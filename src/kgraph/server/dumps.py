"""`/dump.ttl` and `/dump.nt`: all triples of all documents, streamed from a worker."""

from __future__ import annotations

from http import HTTPStatus

from kgraph import media
from kgraph.errors import KgraphError
from kgraph.server.asgi import Receive, Scope, Send, header
from kgraph.server.cache import Cache
from kgraph.server.limits import Limits
from kgraph.server.responses import OPEN_TO_ALL, Problem, problem_of, send_empty, send_problem
from kgraph.server.streams import send_answer
from kgraph.server.workers import Pool

_UNKEPT = Cache(size=0, most=0)


class Dump:
    """One dump as an ASGI application."""

    def __init__(self, pool: Pool, limits: Limits, form: media.Format) -> None:
        self._pool = pool
        self._limits = limits
        self._form = form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accept = header(scope, b"accept")
        if scope["method"] not in ("GET", "HEAD"):
            allow = (b"allow", b"GET, HEAD")
            await send_problem(send, Problem(HTTPStatus.METHOD_NOT_ALLOWED, "a dump can only be read", (allow,)), accept)
            return
        etag = f'"{self._pool.snapshot}-{self._form.suffix}"'.encode()
        headers = [(b"content-type", self._form.content_type.encode()), (b"etag", etag), (b"cache-control", b"no-cache")]
        headers += OPEN_TO_ALL
        known = header(scope, b"if-none-match")
        if scope["method"] == "HEAD" or etag.decode() in known:
            await send_empty(send, HTTPStatus.NOT_MODIFIED if etag.decode() in known else HTTPStatus.OK, headers)
            return
        try:
            job = self._pool.ask(("dump", self._form.media_type, None), self._limits.dump_deadline, receive)
            try:
                await send_answer(send, job, await job.head, headers, etag, _UNKEPT)
            finally:
                job.close()
        except KgraphError as error:
            await send_problem(send, problem_of(error), accept)
