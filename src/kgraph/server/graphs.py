"""`/rdf-graph-store`: the SPARQL 1.1 Graph Store HTTP Protocol, raw ASGI.

A graph is named in the query (`?graph=`, `?default`), or by the path: `/rdf-graph-store/x` and `/doc/x` are the graphs `x` and
`doc/x` under the base. Reading is a dump from a query worker; writing goes to the one writer, and takes a token.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from email import policy
from email.parser import BytesParser
from hashlib import blake2b
from http import HTTPStatus

from kgraph import iris, media
from kgraph.errors import KgraphError, NotConforming
from kgraph.server import addresses, description, negotiate, requests
from kgraph.server.access import Access
from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.limits import Limits
from kgraph.server.pool import Pool
from kgraph.server.questions import term
from kgraph.server.reports import send_report
from kgraph.server.responses import OPEN_TO_ALL, Problem, problem_of, send_empty, send_problem, send_whole
from kgraph.server.streams import send_stream
from kgraph.server.writing import Writer
from kgraph.store.quads import is_iri

PATH = "/rdf-graph-store"
FORMS = tuple(form for form in media.RDF if not form.datasets)
"""What a graph is read and written in: forms that name graphs of their own would say it twice."""

_TYPES = {media_type: form for form in FORMS for media_type in (form.media_type, *form.aliases)} | {
    "text/plain": media.NTRIPLES,
    "application/json": media.JSONLD,
}
_METHODS = "GET, HEAD, PUT, POST, DELETE, OPTIONS"
_ALLOW = (b"allow", _METHODS.encode())
_PREFLIGHT: Headers = [
    _ALLOW,
    *OPEN_TO_ALL,
    (b"access-control-allow-methods", _METHODS.encode()),
    (b"access-control-allow-headers", b"Accept, Authorization, Content-Type, If-None-Match"),
    (b"access-control-max-age", b"86400"),
]
_LETTERS = re.compile(r"((?:%[89A-Fa-f][0-9A-Fa-f])+)")
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Graphs:
    """The graph store, by the query of the request or by its path."""

    def __init__(self, pool: Pool, limits: Limits, access: Access, writer: Writer | None) -> None:
        self._pool = pool
        self._limits = limits
        self._access = access
        self._writer = writer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accept = header(scope, b"accept")
        try:
            method = scope["method"]
            if method == "OPTIONS":
                await send_empty(send, HTTPStatus.NO_CONTENT, _PREFLIGHT)
            elif method in ("GET", "HEAD"):
                await self._read(scope, receive, send, self._named(scope))
            elif method in ("PUT", "POST", "DELETE"):
                self._access.authorize(scope)
                await self._write(scope, receive, send)
            else:
                raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"a graph knows {_METHODS}, not {method}", (_ALLOW,))
        except NotConforming as error:
            await send_report(send, error, accept)
        except KgraphError as error:
            await send_problem(send, problem_of(error, retry_after=int(self._limits.deadline)), accept)
        except Problem as problem:
            await send_problem(send, problem, accept)

    def _named(self, scope: Scope, *, may_be_new: bool = False) -> str | None:
        """The graph's IRI, None for the default one; with `may_be_new` an empty one where the request names none."""
        if scope["path"] != PATH:
            iri = self._access.base + _iri_path(scope)
            if not is_iri(iri):
                raise Problem(HTTPStatus.BAD_REQUEST, f"{iri!r} is no IRI")
            return iri
        fields = requests.fields(scope["query_string"])
        graphs = [value for name, value in fields if name == "graph"]
        default = any(name == "default" for name, _ in fields)
        if default and not graphs:
            return None
        if len(graphs) + default > 1:
            raise Problem(HTTPStatus.BAD_REQUEST, "a request is about one graph: either graph=…, once, or default")
        if not graphs:
            if may_be_new:
                return ""
            raise Problem(HTTPStatus.BAD_REQUEST, f"which graph? {PATH}?graph=… names one, {PATH}?default is the default graph")
        if not is_iri(graphs[0]):
            raise Problem(HTTPStatus.BAD_REQUEST, f"{graphs[0]!r} is no absolute IRI, so it names no graph")
        return graphs[0]

    async def _read(self, scope: Scope, receive: Receive, send: Send, graph: str | None) -> None:
        accept = header(scope, b"accept")
        chosen = negotiate.triples_type(accept)
        if chosen is None:
            offered = ", ".join(form.media_type for form in FORMS)
            raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"there is no graph in {accept}; there is {offered}")
        if graph is not None and not await self._exists(graph):
            raise Problem(HTTPStatus.NOT_FOUND, f"there is no graph {graph}")
        form = media.named(chosen)
        headers = [(b"content-type", form.content_type.encode()), (b"cache-control", b"no-cache"), (b"vary", b"accept")]
        headers += OPEN_TO_ALL
        name = blake2b(f"{form.name} {graph}".encode(), digest_size=12).hexdigest()
        etag = f'"{self._pool.snapshot}-{name}"'
        if etag in (one.strip().removeprefix("W/") for one in header(scope, b"if-none-match").split(",")):
            await send_empty(send, HTTPStatus.NOT_MODIFIED, [(b"etag", etag.encode()), *headers])
            return
        if scope["method"] == "HEAD":
            await send_empty(send, HTTPStatus.OK, [(b"etag", etag.encode()), *headers])
            return
        job = self._pool.ask(("dump", form.media_type, graph), self._limits.dump_deadline, receive)
        try:
            head = await job.head
            headers.append((b"etag", f'"{head.snapshot}-{name}"'.encode()))
            if head.body is not None:
                await send_whole(send, HTTPStatus.OK, headers, head.body)
            else:
                await send_stream(send, job, headers)
        finally:
            job.close()

    async def _exists(self, graph: str) -> bool:
        job = self._pool.ask(
            ("query", f"ASK {{ GRAPH {term(graph)} {{ }} }}", (media.CSV.media_type,), None, None, 0), self._limits.deadline
        )
        try:
            return b"true" in ((await job.head).body or b"")
        finally:
            job.close()

    async def _write(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._writer is not None
        method = scope["method"]
        graph = self._named(scope, may_be_new=method == "POST")
        if method == "DELETE":
            existed = await self._writer.write(("write", graph, None, self._access.base, False))
            if not existed:
                raise Problem(HTTPStatus.NOT_FOUND, f"there is no graph {graph}")
            await send_empty(send, HTTPStatus.NO_CONTENT, OPEN_TO_ALL)
            return
        contents = _contents(scope, await requests.body(scope, receive, self._limits.write_bytes))
        headers: Headers = [*OPEN_TO_ALL]
        if graph == "":
            graph = await self._new(contents)
            headers.append((b"location", graph.encode()))
        base = graph if graph is not None else description.address_of(scope, PATH) + "?default"
        existed = await self._writer.write(("write", graph, contents, base, method == "POST"))
        await send_empty(send, HTTPStatus.NO_CONTENT if existed else HTTPStatus.CREATED, headers)

    async def _new(self, contents: list[tuple[bytes, str]]) -> str:
        """A name for a new graph, from what is in it, and from a number where a graph with just that is there."""
        number = 0
        while True:
            parts = [str(number), *(content.decode("latin-1") for content, _ in contents)]
            graph = f"{self._access.base}{PATH[1:]}/{iris.digest(*parts)}"
            if not await self._exists(graph):
                return graph
            number += 1


class Beside:
    """What is under the base: `pages` show it, and what is a graph can be written to by its own address."""

    def __init__(self, pages: Application, graphs: Graphs) -> None:
        self._pages = pages
        self._graphs = graphs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = addresses.place(scope["path"])
        graph = place.reference == "runs" or (place.reference.startswith("doc/") and place.reference != "doc/")
        writable = graph and not place.suffix and not place.coding
        writes = scope["method"] in ("PUT", "POST", "DELETE", "PATCH")
        await (self._graphs if writes and writable else self._pages)(scope, receive, send)


def _iri_path(scope: Scope) -> str:
    """The path as it stands in an IRI: escapes that spell letters of other scripts undone, those of ASCII left."""
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("ascii", "replace").removeprefix("/")
    return "".join(part if number % 2 == 0 else _unescaped(part) for number, part in enumerate(_LETTERS.split(path)))


def _unescaped(escapes: str) -> str:
    try:
        text = bytes.fromhex(escapes.replace("%", "")).decode()
    except UnicodeDecodeError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "the path is not percent-encoded UTF-8") from error
    return text


def _contents(scope: Scope, body: bytes) -> list[tuple[bytes, str]]:
    """The RDF of a request with its media types: one graph, or several in the parts of a form."""
    content_type = header(scope, b"content-type")
    if not content_type.lower().startswith("multipart/form-data"):
        return [(body, _form_of(content_type))]
    message = BytesParser(policy=policy.HTTP).parsebytes(
        b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + body
    )
    if not message.is_multipart():
        raise Problem(HTTPStatus.BAD_REQUEST, "the parts of the form cannot be told apart")
    parts = []
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        parts.append((payload, _form_of(str(part.get("content-type", "")))))
    return parts


def _form_of(content_type: str) -> str:
    media_type, _, parameters = content_type.partition(";")
    form = _TYPES.get(media_type.strip().lower())
    charset = parameters.lower().partition("charset=")[2].partition(";")[0].strip(' "')
    if form is None or charset not in ("", "utf-8", "utf8", "us-ascii"):
        known = ", ".join(one.media_type for one in FORMS)
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"a graph is written in UTF-8 as {known}, not as {content_type or 'nothing in particular'}",
            ((b"accept-post", known.encode()),),
        )
    return form.media_type
