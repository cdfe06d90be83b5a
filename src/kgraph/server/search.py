"""`/search?q=`: claims and questions by their words, people, platforms, documents and other things by their names.

The answer is a page, or JSON by the Accept header. What is found, and in which order, is what the search clause of SPARQL gives
(`kgraph.store.search_clause`).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from kgraph.errors import BadQuery, KgraphError, SearchNotReady
from kgraph.server import negotiate, requests
from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.document_page import Links, Ref
from kgraph.server.pool import Pool
from kgraph.server.questions import Reading, Row, term
from kgraph.server.rendering import PAGE, render
from kgraph.server.representations import Made, explain, is_read
from kgraph.server.responses import Problem, problem_of, send_whole
from kgraph.store.fulltext import CLOSE, MOST, OPEN
from kgraph.store.quads import is_iri
from kgraph.vocab import KG, SCHEMA, SIOC

PATH = "/search"
PER_PAGE = 20
LONGEST = 500
KINDS = {
    "claim": ("Claims", KG.Claim), "question": ("Questions", KG.Question), "platform": ("Platforms", KG.Platform),
    "person": ("People", SCHEMA.Person), "document": ("Documents", SIOC.Thread),
    "organization": ("Organizations", SCHEMA.Organization), "place": ("Places", SCHEMA.Place),
    "work": ("Works", SCHEMA.CreativeWork), "event": ("Events", SCHEMA.Event), "technology": ("Technologies", KG.Technology),
}  # fmt: skip
_NAMED = {str(iri): name for name, (_, iri) in KINDS.items()}
_JSON: Headers = [(b"content-type", b"application/json")]
_SPLIT = re.compile(f"[{OPEN}{CLOSE}]")

Bases = Callable[[Reading], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One thing that was found. Of `words`, every second piece is what was looked for."""

    iri: str
    kind: str
    score: float
    words: tuple[str, ...]
    at: Ref
    by: tuple[Ref, ...] = ()
    """Who claims or asks it."""
    document: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One page of what was found; `page` counts from 1, and `total` stops at what one search finds."""

    q: str
    kind: str | None
    page: int
    total: int
    shown: tuple[Result, ...]

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))


class Search:
    """The search page as an ASGI application."""

    def __init__(self, pool: Pool, made: Made, bases: Bases) -> None:
        self._pool = pool
        self._made = made
        self._bases = bases

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if not await is_read(scope, send):
            return
        q = ""
        as_page = negotiate.listing_type(header(scope, b"accept")) == negotiate.HTML
        try:
            q, kind, page = _asked(scope)
            if not q and as_page:
                await self._send_page(send, q, None)
            else:
                await self._answer(scope, send, q, kind, page, as_page=as_page)
        except (BadQuery, SearchNotReady, Problem) as error:
            problem = problem_of(error) if isinstance(error, KgraphError) else error
            await (self._send_page(send, q, problem) if as_page else explain(scope, send, problem))
        except KgraphError as error:
            await explain(scope, send, error)

    async def _answer(self, scope: Scope, send: Send, q: str, kind: str | None, page: int, *, as_page: bool) -> None:
        async def make(reading: Reading) -> tuple[Headers, bytes]:
            results = await read(reading, q, kind, page, await self._bases(reading))
            written = _page if as_page else _json
            return [], await asyncio.to_thread(written, results)

        named = f"search {self._pool.searched} {as_page} {kind} {page} {q}"
        await self._made.send(scope, send, named, [*(PAGE if as_page else _JSON), (b"vary", b"accept")], make)

    async def _send_page(self, send: Send, q: str, problem: Problem | None) -> None:
        body = render("search.html", q=q, kind=None, kinds=KINDS, results=None, problem=problem, most=MOST)
        headers = [*PAGE, (b"vary", b"accept"), (b"cache-control", b"no-cache"), *(problem.headers if problem else ())]
        await send_whole(send, problem.status if problem else HTTPStatus.OK, headers, body)


def _asked(scope: Scope) -> tuple[str, str | None, int]:
    """The words, the kind and the page; raises Problem where they cannot be meant."""
    given = dict(requests.fields(scope["query_string"]))
    q = given.get("q", "").strip()
    kind = given.get("kind") or None
    page = given.get("page", "1")
    if len(q) > LONGEST:
        raise Problem(HTTPStatus.BAD_REQUEST, f"a search has {LONGEST} characters at most")
    if kind is not None and kind not in KINDS:
        raise Problem(HTTPStatus.BAD_REQUEST, f"there is no kind {kind!r}; there is {', '.join(KINDS)}")
    if not (page.isascii() and page.isdigit() and len(page) < 5 and 1 <= int(page) <= -(-MOST // PER_PAGE)):
        raise Problem(HTTPStatus.BAD_REQUEST, f"there is no page {page!r}; pages go from 1 to {-(-MOST // PER_PAGE)}")
    return q, kind, int(page)


async def read(reading: Reading, q: str, kind: str | None, page: int, bases: Sequence[str]) -> Results:
    """One page of what is found; raises BadQuery where there is no word to look for, SearchNotReady."""
    only = f"; kgs:kind {term(str(KINDS[kind][1]))} " if kind else ""
    found = await reading.rows(f"""PREFIX kgs: <https://w3id.org/kgraph/search#>
    SELECT ?thing ?kind ?score ?excerpt WHERE {{
      GRAPH kgs:index {{
        ?thing kgs:matches {json.dumps(q)} {only}; kgs:kind ?kind ; kgs:score ?score ; kgs:excerpt ?excerpt
      }}
    }} ORDER BY DESC(?score)""")
    rows = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    things = [row["thing"] for row in rows if is_iri(row["thing"])]
    more = await _more(reading, things) if things else []
    to = Links("", bases)
    shown = tuple(_result(row, [one for one in more if one.get("thing") == row["thing"]], to) for row in rows)
    return Results(q=q, kind=kind, page=page, total=len(found), shown=shown)


async def _more(reading: Reading, things: Sequence[str]) -> list[Row]:
    """Who says it, and the title of the document that it is in."""
    values = f"VALUES ?thing {{ {' '.join(map(term, things))} }}"
    inside = " ".join(f"({term(iri)} {term(iri.partition('#')[0])})" for iri in things if "#" in iri)
    return await reading.rows(f"""SELECT DISTINCT ?thing ?who ?name ?document ?title WHERE {{
      {{ {values} ?assertion kg:claim ?thing ; kg:claimant ?who . ?who schema:name ?name }}
      UNION {{ {values} ?thing kg:asker ?who . ?who schema:name ?name }}
      UNION {{ VALUES (?thing ?document) {{ {inside} }} ?document dcterms:title ?title }}
    }} ORDER BY ?thing ?name ?who""")


def _result(row: Row, more: Sequence[Row], to: Links) -> Result:
    return Result(
        iri=row["thing"],
        kind=_NAMED.get(row.get("kind", ""), ""),
        score=float(row["score"]),
        words=tuple(_SPLIT.split(row["excerpt"])),
        at=to.to(row["thing"], None),
        by=tuple(dict.fromkeys(to.to(one["who"], one["name"]) for one in more if "who" in one)),
        document=next((to.to(one["document"], one["title"]) for one in more if "document" in one), None),
    )


def _page(results: Results) -> bytes:
    return render("search.html", q=results.q, kind=results.kind, kinds=KINDS, results=results, problem=None, most=MOST)


def _json(results: Results) -> bytes:
    shown = [
        {
            "iri": one.iri,
            "kind": one.kind or None,
            "score": one.score,
            "text": "".join(one.words),
            "marked": _offsets(one.words),
            "href": one.at.href,
            "by": [{"name": who.name, "href": who.href} for who in one.by],
            "document": {"title": one.document.name, "href": one.document.href} if one.document else None,
        }
        for one in results.shown
    ]
    listed = {"q": results.q, "kind": results.kind, "total": results.total, "page": results.page, "pages": results.pages}
    return json.dumps({**listed, "results": shown}, ensure_ascii=False).encode("utf-8", "replace")


def _offsets(words: Sequence[str]) -> list[tuple[int, int]]:
    """Where in the joined words those stand that were looked for, half-open, in code points."""
    at = 0
    found: list[tuple[int, int]] = []
    for place, piece in enumerate(words):
        if place % 2:
            found.append((at, at + len(piece)))
        at += len(piece)
    return found
