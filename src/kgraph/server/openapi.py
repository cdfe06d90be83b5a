"""What is said of the raw routes in `/openapi.json`, which FastAPI cannot see for itself."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from kgraph import media
from kgraph.server.dumps import PATHS

_Part = dict[str, Any]

_PROBLEM: _Part = {
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "line": {"type": "integer"},
        "column": {"type": "integer"},
    },
}
_TEXT: _Part = {"schema": {"type": "string"}}
_FAILURES = {
    "400": "The query does not parse, or the protocol knows no such request",
    "403": "An update, or a query that would fetch from elsewhere",
    "405": "Another method",
    "406": "No accepted type can hold the answer",
    "413": "The request is too large, or the answer would be",
    "414": "The address is too long",
    "415": "A query that is posted as something else",
    "422": "A write after which the graph would not fit its shapes",
    "429": "Too many requests of this client are in hand",
    "503": "The deadline passed, too much waits, or the process that answered died",
}


def describe(app: FastAPI) -> None:
    """Has the application describe its raw routes beside its own."""
    own = app.openapi

    def whole() -> _Part:
        if app.openapi_schema is None:
            own()["paths"] |= {"/sparql": _sparql(), "/": {"get": _page("What is in the graph")}, **dict(map(_dump, PATHS))}
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]


def _failures(*but: str) -> _Part:
    content = {"application/problem+json": {"schema": _PROBLEM}, "text/plain": _TEXT, "text/html": _TEXT}
    return {status: {"description": words, "content": content} for status, words in _FAILURES.items() if status not in but}


def _sparql() -> _Part:
    answers = {form.media_type: _TEXT for form in media.FORMATS} | {"text/html": _TEXT}
    answers |= {media.JSON.media_type: {"schema": {"type": "object"}}}
    graphs = [
        {"name": name, "in": "query", "schema": {"type": "array", "items": {"type": "string", "format": "iri"}}}
        for name in ("default-graph-uri", "named-graph-uri")
    ]
    wait = {
        "name": "Prefer",
        "in": "header",
        "schema": {"type": "string"},
        "description": "`wait=N`: fewer seconds than the limit",
    }
    query = {"name": "query", "in": "query", "schema": {"type": "string"}, "description": "Without it: what the service is"}
    responses = {"200": {"description": "The answer", "content": answers}, "304": {"description": "As the client has it"}}
    form = {"type": "object", "required": ["query"], "properties": {"query": {"type": "string"}}}
    posted = {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": form}, "application/sparql-query": _TEXT},
    }
    return {
        "get": {
            "summary": "SPARQL 1.1 query, or the service description",
            "parameters": [query, *graphs, wait],
            "responses": responses | _failures("415", "422"),
        },
        "post": {
            "summary": "SPARQL 1.1 query",
            "parameters": [*graphs, wait],
            "requestBody": posted,
            "responses": responses | _failures(),
        },
    }


def _page(summary: str) -> _Part:
    return {"summary": summary, "responses": {"200": {"description": "A page", "content": {"text/html": _TEXT}}}}


def _dump(path: str) -> tuple[str, _Part]:
    binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    responses: _Part = {
        "200": {"description": "The whole of the dump", "content": binary},
        "206": {"description": "The range that was asked for", "content": binary},
        "304": {"description": "As the client has it"},
        "416": {"description": "There is no such range"},
    }
    return path, {
        "get": {"summary": "All triples of all documents", "responses": responses | _failures("403", "414", "415", "422")}
    }
