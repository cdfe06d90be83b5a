"""`/review`: the links that wait for people, to decide on in the browser. For those who have the write token.

What waits is read from the snapshot: links that are proposed or ambiguous, and that nobody has decided on since. A decision is
a row of the SSSOM file that `kgraph link review` writes as well, and takes effect at the next `kgraph link` or build.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

from kgraph.errors import KgraphError
from kgraph.link import AuthorityFile, Candidate, Page, authorities, judgements
from kgraph.link.judgements import Judgements, Table
from kgraph.link.page import Naming, Part
from kgraph.link.review import DECISIONS, judgement
from kgraph.model.annotations import LinkStatus
from kgraph.model.text import Span
from kgraph.server import requests
from kgraph.server.access import Access
from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.document_page import Links, Ref
from kgraph.server.limits import Limits
from kgraph.server.pages import POLICY
from kgraph.server.pool import Pool
from kgraph.server.questions import Reading, Row, term
from kgraph.server.rendering import render
from kgraph.server.responses import Problem, problem_of, send_empty, send_whole
from kgraph.server.search import Bases
from kgraph.server.sessions import Session, Sessions, is_from_here
from kgraph.store.quads import is_iri

PATH = "/review"
PER_PAGE = 10
MOST = 10_000
"""Names that wait, of all that do: those that stand in most documents."""
LONGEST_NAME = 100
_SENTENCES = 3
_LOOKED_AT = 60
"""Mentions of a name among which its sentences are looked for: some are other words for the thing."""
_FORM_BYTES = 1 << 16
SEALED = ("entity", "name", "target", "label", "heading")

_HEADERS: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", POLICY.encode()),
    # Under no-referrer browsers send `Origin: null` with a form, which could not be told from a forged one.
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
_WHICH = "VALUES ?status { kg:proposed kg:ambiguous } ?link kg:status ?status ; kg:entity ?entity"
_OPEN = f"""SELECT ?entity (COUNT(DISTINCT ?graph) AS ?documents)
  (GROUP_CONCAT(DISTINCT STR(?target); separator=" ") AS ?targets) WHERE {{ GRAPH ?graph {{ {_WHICH} ; kg:target ?target }} }}
GROUP BY ?entity ORDER BY DESC(?documents) ?entity LIMIT {MOST}"""
_SHOWN = f"""SELECT ?entity ?status ?target (MAX(?score) AS ?best) WHERE {{
  VALUES ?entity {{ %(these)s }} GRAPH ?graph {{ {_WHICH} ; kg:target ?target ; kg:score ?score }}
}} GROUP BY ?entity ?status ?target"""
_SIGNALS = f"""SELECT DISTINCT ?entity ?target ?signal WHERE {{
  VALUES ?entity {{ %(these)s }} GRAPH ?graph {{ {_WHICH} ; kg:target ?target ; kg:signal ?signal }}
}} ORDER BY ?signal"""
_NAMES = """SELECT DISTINCT ?entity ?property ?name WHERE {
  VALUES ?entity { %(these)s } VALUES ?property { schema:name schema:alternateName } ?entity ?property ?name
} ORDER BY DESC(?property) ?name"""
_MENTIONS = f"""SELECT DISTINCT ?graph ?title ?passage ?start ?end ?words WHERE {{
  {{ SELECT DISTINCT ?graph ?passage ?start ?end ?words WHERE {{
    VALUES ?entity {{ %(this)s }}
    GRAPH ?graph {{
      {_WHICH} .
      ?mention oa:hasBody ?entity ; oa:hasTarget ?passage .
      ?passage oa:hasSelector ?position , ?quote . ?position oa:start ?start ; oa:end ?end . ?quote oa:exact ?words
    }}
  }} ORDER BY ?graph ?start LIMIT {_LOOKED_AT} }}
  OPTIONAL {{ ?graph dcterms:title ?title }}
}} ORDER BY ?graph ?start"""
_POST = """SELECT ?start ?text WHERE {
  GRAPH %(graph)s {
    ?post a sioc:Post ; kg:evidence ?passage .
    ?passage oa:hasSelector ?position , ?quote . ?position oa:start ?start ; oa:end ?end . ?quote oa:exact ?text
  } FILTER(?start <= %(start)d && %(end)d <= ?end)
} ORDER BY DESC(?start) LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence around a name, with where in which document the name stands."""

    before: str
    words: str
    after: str
    where: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A thing that a name may mean, under all IRIs that links give for it; `target` is the one that a decision is about."""

    target: str
    targets: tuple[Ref, ...]
    label: str
    description: str
    source: str
    heading: bool
    score: float
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An entity whose links wait; `entity` is its reference."""

    entity: str
    at: Ref
    status: str
    documents: int
    sentences: tuple[Sentence, ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One page of what waits, of `pages`; `judged` decisions are in the file that is called `file`."""

    page: int
    pages: int
    total: int
    shown: tuple[Waiting, ...]
    judged: int
    file: str


class Review:
    """The page, its sign-in and its decisions, as an ASGI application."""

    def __init__(self, pool: Pool, limits: Limits, access: Access, bases: Bases) -> None:
        self._pool = pool
        self._deadline = limits.deadline
        self._access = access
        self._bases = bases
        self._sessions = Sessions(access.write_token, path=PATH) if access.write_token else None
        self._open: tuple[str, list[Row], list[AuthorityFile]] = ("", [], [])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] not in ("GET", "HEAD", "POST"):
                allowed = ((b"allow", b"GET, HEAD, POST"),)
                raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, "this page is read, or sent back with a decision", allowed)
            if self._sessions is None:
                raise Problem(HTTPStatus.FORBIDDEN, "This server was started without a write token, so nobody can decide here.")
            if scope["method"] == "POST":
                await self._take(scope, receive, send, self._sessions)
            else:
                await self._show(scope, send, self._sessions)
        except KgraphError as error:
            await self._send(send, problem=problem_of(error))
        except Problem as problem:
            await self._send(send, problem=problem)

    async def _show(self, scope: Scope, send: Send, sessions: Sessions) -> None:
        session = sessions.of(scope)
        if session is None:
            await self._ask_for_token(send, "")
            return
        asked = dict(requests.fields(scope["query_string"])).get("page", "1")
        page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1
        queue = await self._queue(Reading(self._pool, deadline=self._deadline), page)

        def seal(*values: object) -> str:
            return sessions.seal(session, *map(str, values))

        await self._send(send, queue=queue, session=session, seal=seal)

    async def _ask_for_token(self, send: Send, why: str) -> None:
        challenge = ((b"www-authenticate", b'Bearer realm="kgraph"'),)
        await self._send(send, problem=Problem(HTTPStatus.UNAUTHORIZED, why, challenge), asks=True)

    async def _take(self, scope: Scope, receive: Receive, send: Send, sessions: Sessions) -> None:
        if not is_from_here(scope):
            raise Problem(HTTPStatus.FORBIDDEN, "This form did not come from a page of this server.")
        if header(scope, b"content-type").partition(";")[0].strip().lower() != requests.FORM:
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a decision is posted as {requests.FORM}")
        form = dict(requests.fields(await requests.body(scope, receive, _FORM_BYTES)))
        if "token" in form:
            await self._sign_in(scope, send, sessions, form)
            return
        session = sessions.of(scope)
        if session is None:
            await self._ask_for_token(send, "The session is over, and nothing was decided.")
            return
        await self._decide(form, session, sessions)
        page = form.get("page", "1")
        query = {"page": page} if page.isascii() and page.isdigit() and page != "1" else {}
        await self._go(send, f"{PATH}?{urlencode(query)}" if query else PATH)

    async def _sign_in(self, scope: Scope, send: Send, sessions: Sessions, form: Mapping[str, str]) -> None:
        name = " ".join(form.get("author", "").split())
        if not sessions.is_token(form["token"]):
            await self._ask_for_token(send, "This is not the write token.")
        elif not name or len(name) > LONGEST_NAME or not name.isprintable():
            await self._ask_for_token(send, f"A judgement has a name under it, of {LONGEST_NAME} characters at most.")
        else:
            secure = scope["scheme"] == "https" or header(scope, b"origin").lower().startswith("https:")
            await self._go(send, PATH, sessions.begin(name, secure=secure))

    async def _decide(self, form: Mapping[str, str], session: Session, sessions: Sessions) -> None:
        entity, name, target, label, heading = values = [form.get(field, "") for field in SEALED]
        if not sessions.is_sealed(session, form.get("seal", ""), *values):
            raise Problem(HTTPStatus.FORBIDDEN, "This form was not given to you by this server, so nothing was decided.")
        decision = form.get("decision", "")
        if decision not in DECISIONS or (not target and decision != "nothing"):
            raise Problem(HTTPStatus.BAD_REQUEST, f"a decision is one of {', '.join(DECISIONS)}")
        judged = partial(
            _judged,
            entity=entity,
            name=name,
            target=None if decision == "nothing" else target,
            label="" if decision == "nothing" else label,
            rejected=decision == "reject",
            author=session.name,
            heading=heading == "True",
        )
        await asyncio.to_thread(judgements.change, self._access.links, judged, base=self._access.base)

    async def _queue(self, reading: Reading, page: int) -> Queue:
        judged, count = await asyncio.to_thread(self._judgements)
        rows, searched = await self._waiting(reading)
        left = await asyncio.to_thread(_undecided, rows, judged, searched, self._access.base)
        pages = max(1, -(-len(left) // PER_PAGE))
        page = min(max(page, 1), pages)
        shown = left[(page - 1) * PER_PAGE : page * PER_PAGE]
        return Queue(
            page=page,
            pages=pages,
            total=len(left),
            shown=tuple(await self._read(reading, shown, judged, searched)) if shown else (),
            judged=count,
            file=self._access.links.name,
        )

    def _judgements(self) -> tuple[Judgements, int]:
        table = judgements.read(self._access.links, base=self._access.base)
        return judgements.judgements(table, name=str(self._access.links)), len(table.rows)

    async def _waiting(self, reading: Reading) -> tuple[list[Row], list[AuthorityFile]]:
        """The entities with open links in the snapshot, and what may be linked to; asked once for each snapshot."""
        snapshot = self._pool.snapshot
        if self._open[0] != snapshot:
            rows = [row for row in await reading.rows(_OPEN) if is_iri(row.get("entity", ""))]
            self._open = snapshot, rows, await asyncio.to_thread(authorities, self._access.authorities)
        return self._open[1], self._open[2]

    async def _read(
        self, reading: Reading, rows: Sequence[Row], judged: Judgements, searched: Sequence[AuthorityFile]
    ) -> list[Waiting]:
        these = {"these": " ".join(term(row["entity"]) for row in rows)}
        links, signals, names, bases = await asyncio.gather(
            reading.rows(_SHOWN % these), reading.rows(_SIGNALS % these), reading.rows(_NAMES % these), self._bases(reading)
        )
        to = Links("", bases)
        found: list[Waiting] = []
        for row in rows:
            iri = row["entity"]
            entity = iri.removeprefix(self._access.base)
            known = [_on_a_line(one["name"]) for one in names if one["entity"] == iri]
            own = [one for one in links if one["entity"] == iri]
            said = [one for one in signals if one["entity"] == iri]
            offers = await asyncio.to_thread(_offers, own, said, _rejected(judged, entity), searched)
            found.append(
                Waiting(
                    entity=entity,
                    at=to.to(iri, known[0] if known else None),
                    status=" and ".join(sorted({one["status"].rpartition("#")[2] for one in own})),
                    documents=int(row["documents"]),
                    sentences=tuple(await _sentences(reading, iri, known, to)),
                    offers=tuple(offers),
                )
            )
        return found

    async def _go(self, send: Send, where: str, *headers: tuple[bytes, bytes]) -> None:
        location = (b"location", where.encode())
        await send_empty(
            send, HTTPStatus.SEE_OTHER, [location, (b"cache-control", b"no-store"), (b"content-length", b"0"), *headers]
        )

    async def _send(self, send: Send, *, problem: Problem | None = None, asks: bool = False, **values: object) -> None:
        shown = {"queue": None, "session": None, "seal": None, "writable": self._sessions is not None, **values}
        body = await asyncio.to_thread(render, "review.html", problem=problem, asks=asks, longest=LONGEST_NAME, **shown)
        headers = [*_HEADERS, *(problem.headers if problem else ())]
        await send_whole(send, problem.status if problem else HTTPStatus.OK, headers, body)


def _judged(
    table: Table, *, entity: str, name: str, target: str | None, label: str, rejected: bool, author: str, heading: bool
) -> Table:
    today = datetime.now(UTC).date()
    return table.with_rows([judgement(table, entity, name, target, label, rejected, author=author, on=today, heading=heading)])


def _rejected(judged: Judgements, entity: str) -> frozenset[str]:
    return frozenset(one.target for one in judged.of(entity) if one.target and one.status is LinkStatus.REJECTED)


def _undecided(rows: Sequence[Row], judged: Judgements, searched: Sequence[AuthorityFile], base: str) -> list[Row]:
    """The rows of entities that nobody has decided on, and that have a target left that nobody has rejected."""
    left = []
    for row in rows:
        entity = row["entity"].removeprefix(base)
        if entity == row["entity"] or any(verdict.settles for verdict in judged.of(entity)):
            continue
        rejected = _rejected(judged, entity)
        if any(_is_open(target, rejected, searched) for target in row["targets"].split()):
            left.append(row)
    return left


def _is_open(target: str, rejected: frozenset[str], searched: Sequence[AuthorityFile]) -> bool:
    """Whether a target is one to decide on, and not rejected under this or another of its IRIs."""
    if not target.startswith(("http://", "https://")):
        return False
    candidate = _known(target, searched) if rejected else None
    return rejected.isdisjoint(candidate.same_as if candidate else (target,))


def _known(target: str, searched: Sequence[AuthorityFile]) -> Candidate | None:
    return next((found for authority in searched if (found := authority.get(target)) is not None), None)


def _offers(
    links: Sequence[Row], signals: Sequence[Row], rejected: frozenset[str], searched: Sequence[AuthorityFile]
) -> list[Offer]:
    """The candidates of one entity, the likeliest first: links to one thing under several IRIs are one."""
    things: dict[str, tuple[Candidate | None, list[Row]]] = {}
    for link in sorted(links, key=lambda one: one["target"]):
        if _is_open(link["target"], rejected, searched):
            candidate = _known(link["target"], searched)
            things.setdefault(candidate.id if candidate else link["target"], (candidate, []))[1].append(link)
    offers = []
    for candidate, own in things.values():
        targets = tuple(dict.fromkeys(link["target"] for link in own))
        first = next((iri for iri in candidate.same_as if iri in targets), targets[0]) if candidate else targets[0]
        offers.append(
            Offer(
                target=first,
                targets=tuple(Ref(target, target) for target in targets),
                label=_on_a_line(candidate.label) if candidate else "",
                description=candidate.description if candidate else "",
                source=f"{candidate.source} {candidate.version} ({candidate.licence})" if candidate else "",
                heading=candidate.heading if candidate else False,
                score=max(float(link["best"]) for link in own),
                signals=tuple(dict.fromkeys(one["signal"] for one in signals if one["target"] in targets)),
            )
        )
    return sorted(offers, key=lambda offer: (-offer.score, offer.target))


async def _sentences(reading: Reading, iri: str, names: Sequence[str], to: Links) -> list[Sentence]:
    """The first sentences that have one of the entity's names."""
    known = {name.casefold() for name in names}
    found: dict[str, Sentence] = {}
    for row in await reading.rows(_MENTIONS % {"this": term(iri)}):
        if len(found) == _SENTENCES:
            break
        if _on_a_line(row["words"]).casefold() in known:
            span = Span(int(row["start"]), int(row["end"]))
            place = {"graph": term(row["graph"]), "start": span.start, "end": span.end}
            for post in await reading.rows(_POST % place):
                sentence = _sentence(row, span, post, to)
                found.setdefault(sentence.before + sentence.words + sentence.after, sentence)
    return list(found.values())


def _sentence(row: Row, span: Span, post: Row, to: Links) -> Sentence:
    part = Part(int(post["start"]), post["text"])
    page = Page(document=row["graph"], title="", parts=(part,), named=(), authors=frozenset())
    before, marked, after = page.sentence(Naming(span, 1.0, "")).partition(_on_a_line(row["words"]))
    return Sentence(before, marked, after, to.to(row["passage"], row.get("title")))


def _on_a_line(words: str) -> str:
    """As the file of judgements has it, and as a form brings it back: browsers write line ends their own way."""
    return " ".join(words.split())
