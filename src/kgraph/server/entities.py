"""What the graph names answers under its own name: `{base}platform/craigslist`, `{base}doc/who-draws-the-map`, and so on.

One address names the thing, and answers with a description of it, a page or RDF by the Accept header: status 200, with the
address of the representation itself in Content-Location (docs/decisions/0012-names-that-answer.md). Each representation has
that address of its own, the name with `.html`, `.ttl` and so on. A document is its named graph: its RDF is that graph, whole.
Of other things it is every triple with them at one end, and the names of what stands at the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from http import HTTPStatus
from urllib.parse import parse_qs

from kgraph import __version__, iris, media
from kgraph.errors import KgraphError
from kgraph.server import addresses, document_page, entity_page, index_page, negotiate
from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.cache import Cache
from kgraph.server.dumps import Dumps
from kgraph.server.limits import Limits
from kgraph.server.questions import Reading, is_iri, term
from kgraph.server.rendering import PAGE, render
from kgraph.server.responses import OPEN_TO_ALL, Problem, problem_of, send_empty, send_problem, send_whole
from kgraph.server.workers import Pool
from kgraph.store import quads

MOST_POINTING = 10_000
"""Triples that point to a thing, in its description: a run is pointed to by everything that it made."""
METHODS = ("GET", "HEAD", "OPTIONS")
_ALLOW = (b"allow", ", ".join(METHODS).encode())
_PREFLIGHT: Headers = [
    _ALLOW,
    (b"access-control-allow-methods", _ALLOW[1]),
    (b"access-control-allow-headers", b"Accept, If-None-Match, Range, If-Range"),
    (b"access-control-max-age", b"86400"),
    *OPEN_TO_ALL,
]
_BASES = """SELECT ?base (COUNT(*) AS ?graphs) WHERE {
  GRAPH ?graph { } FILTER(REGEX(STR(?graph), "^https?://.*/doc/[^/]*$")) BIND(REPLACE(STR(?graph), "doc/[^/]*$", "") AS ?base)
} GROUP BY ?base ORDER BY DESC(?graphs) ?base LIMIT 8"""
_DESCRIPTION = f"""CONSTRUCT {{ %(this)s ?p ?o . ?s ?q %(this)s . ?o ?named ?name . ?s ?itsNamed ?itsName }} WHERE {{
  {{
    %(this)s ?p ?o . OPTIONAL {{ VALUES ?named {{ schema:name rdfs:label foaf:accountName dcterms:title }} ?o ?named ?name }}
  }} UNION {{
    {{ SELECT ?s ?q WHERE {{ ?s ?q %(this)s }} LIMIT {MOST_POINTING} }}
    OPTIONAL {{
      VALUES ?itsNamed {{ schema:name schema:text rdfs:label foaf:accountName dcterms:title }} ?s ?itsNamed ?itsName
    }}
  }}
}}"""


class Entities:
    """Everything under a base of the graph, and the index of each kind, as one ASGI application."""

    def __init__(self, pool: Pool, limits: Limits, dumps: Dumps) -> None:
        self._pool = pool
        self._limits = limits
        self._dumps = dumps
        self._cache = Cache(size=limits.cache_bytes // 2, most=max(limits.cached_answer_bytes, 2 << 20))
        self._bases: tuple[str, tuple[str, ...]] = ("", ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "OPTIONS":
                await send_empty(send, HTTPStatus.NO_CONTENT, _PREFLIGHT)
            elif scope["method"] not in METHODS:
                raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, "what the graph names can only be read here", (_ALLOW,))
            else:
                await self._answer(scope, receive, send, addresses.place(scope["path"]))
        except KgraphError as error:
            await self._explain(scope, send, problem_of(error))
        except Problem as problem:
            await self._explain(scope, send, problem)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, wanted: addresses.Place) -> None:
        kind, _, rest = wanted.reference.partition("/")
        form = wanted.form if wanted.suffix else _negotiated(header(scope, b"accept"))
        if not rest and not wanted.suffix and (kind != "runs" or form is None):
            await self._index(scope, send, "run" if kind == "runs" else kind)
            return
        links = _links(wanted.reference, wanted.suffix)
        if form is None or kind not in ("doc", "runs"):
            await self._describe(scope, send, wanted, form, links)
            return
        reading = Reading(self._pool, deadline=self._limits.deadline)
        iri, _ = await self._find(reading, wanted.reference)
        if not wanted.suffix:
            links.append((b"content-location", f"{addresses.path_of(wanted.reference)}.{form.suffix}".encode()))
            links.append((b"vary", b"accept"))
        await self._dumps.send(scope, receive, send, iri, form, wanted.coding, [*links, _canonical(iri)])

    async def _describe(
        self, scope: Scope, send: Send, wanted: addresses.Place, form: media.Format | None, links: Headers
    ) -> None:
        kind = wanted.reference.partition("/")[0]
        named = f"{wanted.reference} {form.suffix if form else 'html'} {wanted.suffix}"
        headers = [*(PAGE if form is None else [(b"content-type", form.content_type.encode())]), *links]
        if not wanted.suffix:
            suffix = form.suffix if form else "html"
            headers.append((b"content-location", f"{addresses.path_of(wanted.reference)}.{suffix}".encode()))
            headers.append((b"vary", b"accept"))

        async def make(reading: Reading) -> tuple[Headers, bytes]:
            iri, bases = await self._find(reading, wanted.reference)
            if form is not None:
                described = await reading.triples(_DESCRIPTION % {"this": term(iri)})
                body = await asyncio.to_thread(_written, described, form)
            elif kind == "doc":
                document = await document_page.read(reading, iri, bases)
                body = await asyncio.to_thread(render, "document.html", document=document)
            else:
                thing = await entity_page.read(reading, iri, kind, bases)
                body = await asyncio.to_thread(render, "entity.html", thing=thing)
            return [_canonical(iri)], body

        await self._send(scope, send, named, headers, make)

    async def _index(self, scope: Scope, send: Send, kind: str) -> None:
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("page", ["1"])[0]
        page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 0
        if not 1 <= page <= index_page.LARGEST or kind not in index_page.TITLES:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such page of the index")

        async def make(reading: Reading) -> tuple[Headers, bytes]:
            index = await index_page.read(reading, kind, page, await self._known_bases(reading))
            if page > 1 and not index.rows:
                raise Problem(HTTPStatus.NOT_FOUND, f"the index of {index.title.lower()} has no page {page}")
            return [], await asyncio.to_thread(render, "index.html", index=index)

        await self._send(scope, send, f"{kind}/ {page}", [*PAGE], make)

    async def _send(
        self,
        scope: Scope,
        send: Send,
        named: str,
        headers: Headers,
        make: Callable[[Reading], Awaitable[tuple[Headers, bytes]]],
    ) -> None:
        """Answers from what is known of this snapshot, else makes the answer and keeps it."""
        name = blake2b(f"{__version__} {named}".encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        etag = f'"{self._pool.snapshot}-{name}"'
        cached = self._cache.get(etag.encode())
        if cached is None:
            more, body, snapshot = await self._one_snapshot(make)
            etag = f'"{snapshot}-{name}"'
            cached = [*headers, *more, (b"etag", etag.encode()), (b"cache-control", b"no-cache"), *OPEN_TO_ALL], body
            self._cache.put(etag.encode(), *cached)
        known = header(scope, b"if-none-match")
        if known and (known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(","))):
            kept = [one for one in cached[0] if one[0] != b"content-type"]
            await send_empty(send, HTTPStatus.NOT_MODIFIED, kept)
        elif scope["method"] == "HEAD":
            await send_empty(send, HTTPStatus.OK, [*cached[0], (b"content-length", str(len(cached[1])).encode())])
        else:
            await send_whole(send, HTTPStatus.OK, *cached)

    async def _one_snapshot(self, make: Callable[[Reading], Awaitable[tuple[Headers, bytes]]]) -> tuple[Headers, bytes, str]:
        """What `make` makes, and the snapshot that all of it came from; made again where that changed in between."""
        while True:
            reading = Reading(self._pool, deadline=self._limits.deadline)
            more, body = await make(reading)
            if len(reading.snapshots) == 1:
                return more, body, reading.snapshots.pop()

    async def _known_bases(self, reading: Reading) -> tuple[str, ...]:
        """The bases that the documents are named under, the one with most of them first."""
        if self._bases[0] != self._pool.snapshot:
            snapshot = self._pool.snapshot
            found = [row["base"] for row in await reading.rows(_BASES) if is_iri(row.get("base", ""))]
            self._bases = snapshot, tuple(dict.fromkeys([*found, iris.DEFAULT_BASE]))
        return self._bases[1]

    async def _find(self, reading: Reading, reference: str) -> tuple[str, tuple[str, ...]]:
        """The IRI that this path names in the graph; raises Problem where there is none."""
        bases = await self._known_bases(reading)
        candidates = [base + reference for base in bases if is_iri(base + reference)]
        if candidates:
            values = " ".join(map(term, candidates))
            rows = await reading.rows(
                f"SELECT DISTINCT ?this WHERE {{ VALUES ?this {{ {values} }} {{ ?this ?p ?o }} UNION {{ GRAPH ?this {{ }} }} }}"
            )
            known = {row["this"] for row in rows}
            for candidate in candidates:
                if candidate in known:
                    return candidate, bases
        raise Problem(HTTPStatus.NOT_FOUND, f"the graph has nothing named {reference}")

    async def _explain(self, scope: Scope, send: Send, problem: Problem) -> None:
        accept = header(scope, b"accept")
        if negotiate.error_type(accept) != negotiate.HTML:
            await send_problem(send, problem, accept)
            return
        kind = scope["path"].strip("/").partition("/")[0]
        title = index_page.TITLES.get(kind)
        body = await asyncio.to_thread(render, "problem.html", problem=problem, kind=kind, title=title)
        headers = [*PAGE, (b"vary", b"accept"), (b"cache-control", b"no-store"), *OPEN_TO_ALL, *problem.headers]
        await send_whole(send, problem.status, headers, body)


def _negotiated(accept: str) -> media.Format | None:
    """What to describe a thing in, None for a page; raises Problem where nothing fits."""
    chosen = negotiate.graph_type(accept)
    if chosen is None:
        offered = ", ".join(form.media_type for form in addresses.DESCRIPTIONS)
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"there is no description in {accept}; there is text/html, {offered}")
    return None if chosen == negotiate.HTML else media.named(chosen)


def _links(reference: str, suffix: str) -> Headers:
    """Link headers (RFC 8288) to the other representations."""
    path = addresses.path_of(reference)
    found = [f'<{path}.html>; rel="alternate"; type="text/html"'] if suffix != "html" else []
    for form in addresses.DESCRIPTIONS:
        if form.suffix != suffix:
            relation = "describedby alternate" if form is media.TURTLE else "alternate"
            found.append(f'<{path}.{form.suffix}>; rel="{relation}"; type="{form.media_type}"')
    return [(b"link", ", ".join(found).encode())]


def _canonical(iri: str) -> tuple[bytes, bytes]:
    """The name itself, as a URI."""
    scheme, _, rest = iri.partition(":")
    return b"link", f'<{scheme}:{addresses.path_of(rest)[1:]}>; rel="canonical"'.encode()


def _written(described: bytes, form: media.Format) -> bytes:
    """Sorted, so that the triples of one subject stand together, and the same description is the same bytes."""
    lines = b"".join(sorted(described.splitlines(keepends=True)))
    return lines if form is media.NTRIPLES else quads.convert(lines, source=media.NTRIPLES, target=form)
