"""One thing in several representations: which one a client gets, where the others are, and each made once for a snapshot.

The address of the thing negotiates by the Accept header and says in Content-Location which representation it gave; each
representation has an address of its own, the thing's with a suffix.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from http import HTTPStatus

from kgraph import __version__, media
from kgraph.errors import KgraphError
from kgraph.server import addresses, negotiate
from kgraph.server.asgi import Headers, Scope, Send, header
from kgraph.server.cache import Cache
from kgraph.server.limits import Limits
from kgraph.server.pool import Pool
from kgraph.server.questions import Reading
from kgraph.server.rendering import PAGE, render
from kgraph.server.responses import OPEN_TO_ALL, Problem, problem_of, send_empty, send_problem, send_whole

_UNTIL_TAKEN_UP = 0.05
_METHODS = b"GET, HEAD, OPTIONS"
_PREFLIGHT: Headers = [
    (b"allow", _METHODS),
    (b"access-control-allow-methods", _METHODS),
    (b"access-control-allow-headers", b"Accept, If-None-Match, If-Modified-Since, Range, If-Range"),
    (b"access-control-max-age", b"86400"),
    *OPEN_TO_ALL,
]

Make = Callable[[Reading], Awaitable[tuple[Headers, bytes]]]
"""Makes an answer from the graph: headers of its own, and the body."""


async def is_read(scope: Scope, send: Send) -> bool:
    """Whether the request is to read; another one is answered here."""
    if scope["method"] in ("GET", "HEAD"):
        return True
    if scope["method"] == "OPTIONS":
        await send_empty(send, HTTPStatus.NO_CONTENT, _PREFLIGHT)
    else:
        problem = Problem(HTTPStatus.METHOD_NOT_ALLOWED, "this can only be read", ((b"allow", _METHODS),))
        await explain(scope, send, problem)
    return False


def negotiated(accept: str) -> media.Format | None:
    """What to describe a thing in, None for a page; raises Problem where nothing fits."""
    chosen = negotiate.graph_type(accept)
    if chosen is None:
        offered = ", ".join(form.media_type for form in media.RDF)
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"there is no description in {accept}; there is text/html, {offered}")
    return None if chosen == negotiate.HTML else media.named(chosen)


def content_type(form: media.Format | None) -> Headers:
    """The headers that say what a representation is; a page has its policy among them."""
    return [*PAGE] if form is None else [(b"content-type", form.content_type.encode())]


def links_of(path: str, suffix: str, given: media.Format | None) -> Headers:
    """Link headers (RFC 8288) to the other representations; without a suffix, also which one is given and that it varies."""
    own = given.suffix if given else "html"
    found = [f'<{path}.html>; rel="alternate"; type="text/html"'] if own != "html" else []
    for form in media.RDF:
        if form.suffix != own:
            relation = "describedby alternate" if form is media.TURTLE else "alternate"
            found.append(f'<{path}.{form.suffix}>; rel="{relation}"; type="{form.media_type}"')
    headers: Headers = [(b"link", ", ".join(found).encode())]
    if not suffix:
        headers += [(b"content-location", f"{path}.{own}".encode()), (b"vary", b"accept")]
    return headers


def canonical(iri: str) -> tuple[bytes, bytes]:
    """The Link header that tells a thing's own name, as a URI."""
    scheme, _, rest = iri.partition(":")
    return b"link", f'<{scheme}:{addresses.path_of(rest)[1:]}>; rel="canonical"'.encode()


async def explain(scope: Scope, send: Send, error: KgraphError | Problem, *, kind: str = "", title: str | None = None) -> None:
    """Says what is wrong as the client reads it; a page also points to the index of this kind of thing."""
    problem = problem_of(error) if isinstance(error, KgraphError) else error
    accept = header(scope, b"accept")
    if negotiate.error_type(accept) != negotiate.HTML:
        await send_problem(send, problem, accept)
        return
    body = await asyncio.to_thread(render, "problem.html", problem=problem, kind=kind, title=title)
    headers = [*PAGE, (b"vary", b"accept"), (b"cache-control", b"no-store"), *OPEN_TO_ALL, *problem.headers]
    await send_whole(send, problem.status, headers, body)


class Made:
    """Answers that are made from the graph once for each snapshot, and kept while there is room."""

    def __init__(self, pool: Pool, limits: Limits) -> None:
        self._pool = pool
        self._deadline = limits.deadline
        self._cache = Cache(size=limits.cache_bytes // 2, most=max(limits.cached_answer_bytes, 2 << 20))

    @property
    def cache(self) -> Cache:
        """The answers that are kept."""
        return self._cache

    async def send(self, scope: Scope, send: Send, named: str, headers: Headers, make: Make) -> None:
        """Answers from what was made before, else makes it; `named` tells the answer from all others of its snapshot."""
        name = blake2b(f"{__version__} {named}".encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        etag = f'"{self._pool.snapshot}-{name}"'
        answer = self._cache.get(etag.encode())
        if answer is None:
            more, body, snapshot = await self._one_snapshot(make)
            etag = f'"{snapshot}-{name}"'
            answer = [*headers, *more, (b"etag", etag.encode()), (b"cache-control", b"no-cache"), *OPEN_TO_ALL], body
            self._cache.put(etag.encode(), *answer)
        known = header(scope, b"if-none-match")
        if known and (known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(","))):
            kept = [one for one in answer[0] if one[0] != b"content-type"]
            await send_empty(send, HTTPStatus.NOT_MODIFIED, kept)
        elif scope["method"] == "HEAD":
            await send_empty(send, HTTPStatus.OK, [*answer[0], (b"content-length", str(len(answer[1])).encode())])
        else:
            await send_whole(send, HTTPStatus.OK, *answer)

    async def _one_snapshot(self, make: Make) -> tuple[Headers, bytes, str]:
        """What `make` makes, and the snapshot that all of it came from; made again where that changed in between."""
        while True:
            reading = Reading(self._pool, deadline=self._deadline)
            snapshot = self._pool.snapshot
            more, body = await make(reading)
            if len(reading.snapshots | {snapshot}) == 1:
                return more, body, snapshot
            await asyncio.sleep(_UNTIL_TAKEN_UP)
