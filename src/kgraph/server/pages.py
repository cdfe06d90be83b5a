"""The pages for people. Whatever comes out of the graph is a stranger's words: escaped, linked only where it is http(s).

No page has a script, and the policy that goes with each allows none, nor a style or an address of elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from kgraph import __version__, media, queries
from kgraph.errors import KgraphError
from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.pool import Pool
from kgraph.server.responses import OPEN_TO_ALL, Problem, send_problem, send_whole

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ROWS = 500
_HEADERS: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
    (b"vary", b"accept"),
    *OPEN_TO_ALL,
]
_EXAMPLE = """SELECT ?type (COUNT(?thing) AS ?things) WHERE {
  ?thing a ?type .
}
GROUP BY ?type
ORDER BY DESC(?things)
"""
_COUNTS = """PREFIX kg: <https://w3id.org/kgraph#>
PREFIX schema: <https://schema.org/>
PREFIX sioc: <http://rdfs.org/sioc/ns#>
SELECT ?documents ?posts ?people ?platforms ?claims ?assertions WHERE {
  { SELECT (COUNT(?d) AS ?documents) WHERE { ?d a sioc:Thread } }
  { SELECT (COUNT(?p) AS ?posts) WHERE { ?p a sioc:Post } }
  { SELECT (COUNT(?h) AS ?people) WHERE { ?h a schema:Person } }
  { SELECT (COUNT(?s) AS ?platforms) WHERE { ?s a kg:Platform } }
  { SELECT (COUNT(?c) AS ?claims) WHERE { ?c a kg:Claim } }
  { SELECT (COUNT(?a) AS ?assertions) WHERE { ?a a kg:Assertion } }
}"""
_TERM = re.compile(
    r"""
      <(?P<iri>[^>]*)>
    | "(?P<text>(?:[^"\\]|\\.)*)"(?:@(?P<language>[\w-]+)|\^\^<(?P<datatype>[^>]*)>)?
    | (?P<other>[^\s]+)
    """,
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One term as it is shown: its words, where it leads if that is on the web, its language or datatype."""

    words: str
    href: str | None = None
    note: str | None = None


class Pages:
    """Renders the pages; what they count is asked once for each snapshot."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._counted: tuple[str, dict[str, int]] | None = None
        self._templates = Environment(
            loader=PackageLoader("kgraph.server"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["urlquote"] = lambda text: quote(text, safe="")
        self._templates.filters["thousands"] = lambda number: f"{number:,}"

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """The home page, as an ASGI application."""
        if scope["method"] not in ("GET", "HEAD"):
            problem = Problem(HTTPStatus.METHOD_NOT_ALLOWED, "a page can only be read", ((b"allow", b"GET, HEAD"),))
            await send_problem(send, problem, header(scope, b"accept"))
            return
        await self._send(send, "home.html", counts=await self._counts(), queries=queries.all())

    async def send_form(self, send: Send) -> None:
        await self._send(send, "sparql.html", text=_EXAMPLE, answer=None, problem=None)

    async def send_answer(self, send: Send, text: str, form: media.Format, body: bytes, *, cut: bool) -> None:
        lines = body.decode(errors="replace").split("\n")
        complete = lines[:-1] if cut or lines[-1] == "" else lines
        if form is media.NTRIPLES:
            columns, rows = ["subject", "predicate", "object"], complete
            cells = [list(_cells(line.removesuffix("."))) for line in rows[:_ROWS]]
        else:
            columns, rows = [name.removeprefix("?") for name in complete[0].split("\t")] if complete else [], complete[1:]
            cells = [[_cell(field) for field in line.split("\t")] for line in rows[:_ROWS]]
        if form is media.TSV and columns in (["true"], ["false"]) and not rows:  # ASK
            columns, cells = ["answer"], [[Cell(columns[0])]]
        answer = {"columns": columns, "rows": cells, "more": cut or len(rows) > _ROWS}
        await self._send(send, "sparql.html", text=text, answer=answer, problem=None)

    async def send_problem(self, send: Send, problem: Problem, text: str) -> None:
        await self._send(send, "sparql.html", text=text, answer=None, problem=problem)

    async def _send(self, send: Send, template: str, *, problem: Problem | None = None, **values: object) -> None:
        page = self._templates.get_template(template).render(version=__version__, problem=problem, **values)
        status = problem.status if problem else HTTPStatus.OK
        await send_whole(send, status, [*_HEADERS, *(problem.headers if problem else ())], page.encode())

    async def _counts(self) -> dict[str, int]:
        """How many of each kind are in the snapshot; nothing where that cannot be told in a moment."""
        if self._counted is None or self._counted[0] != self._pool.snapshot:
            try:
                job = self._pool.ask(("query", _COUNTS, (media.TSV.media_type,), None, None, 0), deadline=5.0)
                try:
                    head = await job.head
                finally:
                    job.close()
            except KgraphError:
                return {}
            names, numbers = (head.body or b"").decode().splitlines()
            counted = dict(zip(names.replace("?", "").split("\t"), map(int, numbers.split("\t")), strict=True))
            self._counted = head.snapshot, counted
        return self._counted[1]


def _cells(line: str) -> Iterator[Cell]:
    return (_shown(match) for match in _TERM.finditer(line))


def _cell(field: str) -> Cell:
    match = _TERM.fullmatch(field)
    return _shown(match) if match else Cell(field)


def _shown(term: re.Match[str]) -> Cell:
    if (iri := term["iri"]) is not None:
        return Cell(iri, href=iri if iri.startswith(("http://", "https://")) else None)
    if (text := term["text"]) is not None:
        return Cell(_ESCAPED.sub(_unescape, text), note=term["language"] or term["datatype"])
    return Cell(term["other"])


def _unescape(escaped: re.Match[str]) -> str:
    code = escaped[1] or escaped[2]
    return chr(int(code, 16)) if code else _CONTROL.get(escaped[3], escaped[3])
