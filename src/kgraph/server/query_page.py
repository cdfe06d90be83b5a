"""`/query`: an editor for SPARQL with the named queries beside it, and `/queries.json`: those queries for programs.

The editor is YASGUI, from a copy in this package (`web/` makes it). It is the one page with a script. The policy that goes with
it lets that script talk to this server alone. Without a script the page points to the form at `/sparql`, and so do its links.
"""

from __future__ import annotations

import json

from kgraph import queries
from kgraph.server.asgi import Headers
from kgraph.server.assets import Asset
from kgraph.server.rendering import render
from kgraph.vocab import PREFIXES

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
]
_JSON: Headers = [(b"content-type", b"application/json"), (b"access-control-allow-origin", b"*")]


def routes() -> dict[str, Asset]:
    """The page and its list of queries, by their paths."""
    page = render("query.html", queries=queries.all())
    return {"/query": Asset(page, _PAGE), "/queries.json": Asset(_listed(), _JSON)}


def _listed() -> bytes:
    listed = [
        {
            "name": query.name,
            "title": query.title,
            "question": query.question,
            "parameters": [{"name": one.name, "meaning": one.meaning} for one in query.parameters],
            "query": query.text,
        }
        for query in queries.all()
    ]
    return json.dumps({"prefixes": PREFIXES, "queries": listed}, ensure_ascii=False).encode()
