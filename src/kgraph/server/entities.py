"""What the graph names answers under its own name: `{base}platform/craigslist`, `{base}doc/who-draws-the-map`, and so on.

One address names the thing, and answers with a description of it, a page or RDF by the Accept header: status 200, with the
address of the representation itself in Content-Location (docs/decisions/0012-names-that-answer.md). Each representation has
that address of its own, the name with `.html`, `.ttl` and so on. A document is its named graph: its RDF is that graph, whole.
Of other things it is every triple with them at one end, and the names of what stands at the other.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from urllib.parse import parse_qs

from kgraph import iris, media
from kgraph.errors import KgraphError
from kgraph.server import addresses, document_page, entity_page, index_page
from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.dumps import Dumps
from kgraph.server.limits import Limits
from kgraph.server.pool import Pool
from kgraph.server.questions import Reading, term
from kgraph.server.rendering import PAGE, render
from kgraph.server.representations import Made, canonical, content_type, explain, is_read, links_of, negotiated
from kgraph.server.responses import Problem
from kgraph.store import quads

MOST_POINTING = 10_000
"""Triples that point to a thing, in its description: a run is pointed to by everything that it made."""
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

    def __init__(self, pool: Pool, limits: Limits, dumps: Dumps, made: Made) -> None:
        self._pool = pool
        self._limits = limits
        self._dumps = dumps
        self._made = made
        self._known: tuple[str, tuple[str, ...]] = ("", ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await is_read(scope, send):
            try:
                await self._answer(scope, receive, send, addresses.place(scope["path"]))
            except (KgraphError, Problem) as error:
                kind = scope["path"].strip("/").partition("/")[0]
                await explain(scope, send, error, kind=kind, title=index_page.TITLES.get(kind))

    async def _answer(self, scope: Scope, receive: Receive, send: Send, wanted: addresses.Place) -> None:
        kind, _, rest = wanted.reference.partition("/")
        form = wanted.form if wanted.suffix else negotiated(header(scope, b"accept"))
        if not rest and not wanted.suffix and (kind != "runs" or form is None):
            await self._index(scope, send, "run" if kind == "runs" else kind)
            return
        if wanted.coding and kind not in ("doc", "runs"):
            raise Problem(HTTPStatus.NOT_FOUND, "only a named graph is there compressed")
        links = links_of(addresses.path_of(wanted.reference), wanted.suffix, form)
        if form is None or kind not in ("doc", "runs"):
            await self._describe(scope, send, wanted, form, links)
            return
        reading = Reading(self._pool, deadline=self._limits.deadline)
        iri, _ = await self._find(reading, wanted.reference)
        await self._dumps.send(scope, receive, send, iri, form, wanted.coding, [*links, canonical(iri)])

    async def _describe(
        self, scope: Scope, send: Send, wanted: addresses.Place, form: media.Format | None, links: Headers
    ) -> None:
        kind = wanted.reference.partition("/")[0]
        named = f"{wanted.reference} {form.suffix if form else 'html'} {wanted.suffix}"
        headers = [*content_type(form), *links]

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
            return [canonical(iri)], body

        await self._made.send(scope, send, named, headers, make)

    async def _index(self, scope: Scope, send: Send, kind: str) -> None:
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("page", ["1"])[0]
        page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 0
        if not 1 <= page <= index_page.LARGEST or kind not in index_page.TITLES:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such page of the index")

        async def make(reading: Reading) -> tuple[Headers, bytes]:
            index = await index_page.read(reading, kind, page, await self.bases(reading))
            if page > 1 and not index.rows:
                raise Problem(HTTPStatus.NOT_FOUND, f"the index of {index.title.lower()} has no page {page}")
            return [], await asyncio.to_thread(render, "index.html", index=index)

        await self._made.send(scope, send, f"{kind}/ {page}", [*PAGE], make)

    async def bases(self, reading: Reading) -> tuple[str, ...]:
        """The bases that the documents are named under, the one with most of them first."""
        if self._known[0] != self._pool.snapshot:
            snapshot = self._pool.snapshot
            found = [row["base"] for row in await reading.rows(_BASES) if quads.is_iri(row.get("base", ""))]
            self._known = snapshot, tuple(dict.fromkeys([*found, iris.DEFAULT_BASE]))
        return self._known[1]

    async def _find(self, reading: Reading, reference: str) -> tuple[str, tuple[str, ...]]:
        """The IRI that this path names in the graph; raises Problem where there is none."""
        bases = await self.bases(reading)
        candidates = [base + reference for base in bases if quads.is_iri(base + reference)]
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


def _written(described: bytes, form: media.Format) -> bytes:
    """Sorted, so that the triples of one subject stand together, and the same description is the same bytes."""
    lines = b"".join(sorted(described.splitlines(keepends=True)))
    return lines if form is media.NTRIPLES else quads.convert(lines, source=media.NTRIPLES, target=form)
