"""`/openapi.json`: whatever clients may ask, and how they are answered, from the tables below.

FastAPI itself sees next to nothing of it, since nearly all routes are raw. A failure is a component of the description that is
called by its status and a key of `_TOLD`: `404-either`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from fastapi import FastAPI

from kgraph import media
from kgraph.link.review import DECISIONS
from kgraph.server import addresses, dumps, graphs, index_page, negotiate, ontology, reconcile, requests, review, search, void
from kgraph.server.reconciliation import MOST_QUERIES
from kgraph.server.schemas import (
    BATCH,
    COUNT,
    EXTENSION,
    IRI,
    QUERY,
    REFERENCE,
    SCHEMAS,
    STRING,
    UPDATE,
    by_key,
    list_of,
    named,
    object_of,
)
from kgraph.server.sessions import COOKIE

_Part = dict[str, Any]

_HTML, _JSON = negotiate.HTML, negotiate.JSON
_RDF = tuple(form.media_type for form in media.RDF)
_TRIPLES = tuple(form.media_type for form in graphs.FORMS)
_PROBLEM = (negotiate.PROBLEM, negotiate.PLAIN)
_TOLD: dict[str, tuple[str, ...]] = {
    "problem": _PROBLEM,
    "either": (*_PROBLEM, _HTML),
    "page": (_HTML,),
    "plain": (negotiate.PLAIN,),
    "report": _TRIPLES,
    "headers": (),
}
"""The media types that a failure may be told in, `either` for browsers too; a report is of the shapes, in RDF."""
_REASONS = {
    "304": "As the client has it",
    "400": "This does not parse, contradicts itself, or is nothing that could be meant",
    "401": "The token is missing or wrong, as `WWW-Authenticate` says",
    "403": "Nobody may: no token is set, or it would fetch from elsewhere, or write to what is made from other graphs",
    "404": "There is nothing of this name",
    "405": "What is at this address can only be read",
    "406": "No accepted type can hold the answer",
    "413": "The request is over its limit, or the answer would be",
    "414": "The address is over the limit of a request",
    "415": "The body is of another type than those below",
    "416": "There is no such range",
    "422": "The shapes refuse what the graph would be; this is their report, and nothing changed",
    "429": "Too many requests of this client are in hand; `Retry-After` says when to come again",
    "500": "The file of judgements cannot be read or written",
    "502": "An endpoint that the query asks by SERVICE does not answer",
    "503": "The deadline passed, too much waits, or it is not ready yet; `Retry-After` says when to come again",
}


_PARAMETERS: dict[str, tuple[str, _Part, str]] = {
    "rest": ("path", REFERENCE, "May hold slashes. A suffix (`.html`, `.ttl` …) asks for one representation, without Accept"),
    "suffix": (
        "path",
        {"type": "string", "pattern": r"^[a-z]+(\.[a-z]+)?$"},
        f"One of html, {', '.join(form.suffix for form in media.RDF)}",
    ),
    "query": ("query", QUERY, "The query. Without it: what the service is, or a form"),
    "default-graph-uri": ("query", list_of(IRI), "The default graph of the dataset"),
    "named-graph-uri": ("query", list_of(IRI), "The named graphs of the dataset"),
    "using-graph-uri": ("query", list_of(IRI), "The default graph that an update's patterns match"),
    "using-named-graph-uri": ("query", list_of(IRI), "The named graphs that an update's patterns match"),
    "graph": ("query", IRI, "The graph; this, or `default`"),
    "default": ("query", {"enum": [""]}, "The default graph; this, or `graph`"),
    "q": ("query", {"type": "string", "maxLength": search.LONGEST}, "What to look for"),
    "kind": ("query", {"enum": list(search.KINDS)}, "The only kind to look among"),
    "page": ("query", {"type": "integer", "minimum": 1}, "Counts from 1"),
    "prefix": ("query", STRING, "What a name begins with"),
    "cursor": ("query", COUNT, "How many to leave out"),
    "limit": ("query", COUNT, "How many to give"),
    "type": ("query", STRING, "The type whose properties are asked for"),
    "id": ("query", REFERENCE, "The thing, without the base: `platform/craigslist`"),
    "queries": ("query", BATCH, f"A batch of {MOST_QUERIES} queries at most, by key"),
    "extend": ("query", EXTENSION, "A data extension query"),
    "If-None-Match": ("header", STRING, "The tags that the client has"),
    "Range": ("header", STRING, "The stretch of bytes that is wanted"),
    "Prefer": ("header", STRING, "`wait=N`: fewer seconds than the limit"),
}
_DONE = {"description": "Done: durable, and seen by every query from now on"}
_TOKEN, _SESSION = {"token": list[str]()}, {"session": list[str]()}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "The server's KGRAPH_WRITE_TOKEN"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": f"Given by {review.PATH} for the token"},
}


def describe(app: FastAPI) -> None:
    """Has the application describe all that it answers."""
    own = app.openapi

    def whole() -> _Part:
        if app.openapi_schema is None:
            paths = _paths()
            own().update(paths=paths, components=_components(paths))
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]


def _paths() -> _Part:
    dataset = "default-graph-uri named-graph-uri"
    using = "using-graph-uri using-named-graph-uri"
    writes = "400 401 403 413 414 415 422:report 503"
    answers = _content(*(form.media_type for form in media.FORMATS), _HTML)
    form = dict.fromkeys((*dataset.split(), *using.split()), list_of(IRI))
    asked = {**_content(requests.QUERY, requests.UPDATE), **_form(query=QUERY, update=UPDATE, **form)}
    return {
        "/": _read("A page: what this is, what is in it, questions to start from", _content(_HTML)),
        "/sparql": {
            **_read(
                "SPARQL 1.1 Query, or what the service is",
                answers,
                f"query {dataset} Prefer If-None-Match",
                "400 403 406 413 414 502 503",
                "either",
            ),
            "post": _asked(
                "SPARQL 1.1 Query or Update, which takes the token",
                f"{dataset} {using} Prefer",
                {"200": _answer(answers), "204": _DONE, **_failures(f"{writes} 406 502", "either")},
                requestBody=_body(asked),
                security=[{}, _TOKEN],
            ),
        },
        "/update": {
            "post": _asked(
                "SPARQL 1.1 Update",
                using,
                {"204": _DONE, **_failures(writes, "either")},
                requestBody=_body({**_content(requests.UPDATE), **_form("update", update=UPDATE, **form)}),
                security=[_TOKEN],
            )
        },
        graphs.PATH: _read("A graph", _content(*_TRIPLES), "graph default If-None-Match", "400 404 406 413 503")
        | _writes("graph default", "POST to neither makes a graph, named in `Location`"),
        f"{graphs.PATH}/{{rest}}": _read(
            "The graph of this address", _content(*_TRIPLES), "rest If-None-Match", "400 404 406 413 503"
        )
        | _writes("rest"),
        **{
            path: _read("The whole graph", _content(*_types_of(path)), "If-None-Match Range", "413 503", "either")
            for path in dumps.PATHS
        },
        **_entities(),
        **{path: _described("The ontology", path) for path in ontology.ROUTES},
        **{path: _described("The dataset", path, "413 503") for path in void.ROUTES},
        search.PATH: _read(
            "What is found by its words",
            _content(_JSON, _HTML, holds=named("Found")),
            "q kind page If-None-Match",
            "400 503",
            "either",
        ),
        review.PATH: _review(),
        "/query": _read("An editor for queries", _content(_HTML), "If-None-Match"),
        "/queries.json": _read("The named queries", _content(_JSON, holds=named("NamedQueries")), "If-None-Match"),
        **_reconcile(),
        "/metrics": _read("Counts for Prometheus", _content("text/plain", "application/openmetrics-text")),
        "/health": _probe("Whether the process answers", object_of("status version", status=STRING, version=STRING)),
        "/ready": _probe(
            "Whether queries would be answered, and from which snapshot",
            object_of("status snapshot", status=STRING, snapshot=STRING),
            "503",
        ),
    }


def _described(summary: str, path: str, failures: str = "") -> _Part:
    """What is at this path in the form that its suffix says, without one in every form."""
    failures += "" if addresses.place(path).suffix else " 406"
    return _read(summary, _content(*_types_of(path)), "If-None-Match", failures, "either")


def _entities() -> _Part:
    described = _content(_HTML, *_RDF)
    found = {}
    for kind, title in index_page.TITLES.items():
        found[f"/{kind}/"] = _read(f"The index: {title}", _content(_HTML), "page If-None-Match", "404 406 413 503", "either")
        found[f"/{kind}/{{rest}}"] = _read(
            f"What the graph says of one: {title}", described, "rest If-None-Match", "404 406 413 503", "either"
        )
    coded = described | _content(*addresses.CODINGS.values())
    for path, parameters in (("/doc/{rest}", "rest"), ("/runs", "page"), ("/runs.{suffix}", "suffix")):
        found[path] = _read(
            "A named graph, as a page or whole", coded, f"{parameters} If-None-Match Range", "404 406 413 503", "either"
        )
    found["/doc/{rest}"] |= _writes("rest", refused="405:either")
    found["/runs"] |= _writes("")
    return found


def _writes(parameters: str, more: str = "", *, refused: str = "") -> _Part:
    """PUT, POST and DELETE of a graph; `refused` are failures that only this route has."""
    failures = f"400 401 403 503 {refused}"
    written = {"201": {"description": "Done, and the graph is new"}, "204": _DONE}
    written |= _failures(f"{failures} 404:either 413 415 422:report", "problem")
    parts = {"multipart/form-data": {"schema": by_key(STRING)}}
    body = {"requestBody": _body(_content(*_TRIPLES)), "security": [_TOKEN]}
    posted = {**body, "requestBody": _body({**_content(*_TRIPLES), **parts})}
    return {
        "put": _asked("Replaces the graph", parameters, written, **body),
        "post": _asked(f"Adds to the graph{'. ' if more else ''}{more}", parameters, written, **posted),
        "delete": _asked(
            "Removes the graph",
            parameters,
            {"204": _DONE, **_failures(f"{failures} 404:either", "problem")},
            security=[_TOKEN],
        ),
    }


def _review() -> _Part:
    fields = dict.fromkeys(("token", "author", *review.SEALED, "seal", "page"), STRING)
    read = _read("The links that wait for people", _content(_HTML), "page", "401 403 500 503", "page")
    for one in read.values():
        one["security"] = [_SESSION]
    return {
        **read,
        "post": _asked(
            "Begins a session, with `token` and `author`, or decides on a link, with the fields of a form of the page",
            "",
            {"303": {"description": "Done"}, **_failures("400 401 403 413 415 500", "page")},
            requestBody=_body(_form(**fields, decision={"enum": list(DECISIONS)})),
            security=[{}, _SESSION],
        ),
    }


def _reconcile() -> _Part:
    """Both versions of the service, and the routes below either."""
    old, new = reconcile.ROOT, f"{reconcile.ROOT}/1.0"
    either = {"anyOf": [named("Manifest"), named("Matches02"), named("Table")]}
    batch = {"queries": BATCH, "extend": EXTENSION}
    found = {
        old: _read("0.2: the manifest, or what is asked", _content(_JSON, holds=either), "queries extend", "400 413 503")
        | {"post": _posted("0.2: candidates, or values of properties", _form(**batch), either)},
        new: _read("1.0-draft: the manifest", _content(_JSON, holds=named("Manifest")), "", "400 503"),
        f"{new}/match": {"post": _posted("1.0-draft: candidates", _content(_JSON, holds=named("Batch10")), named("Matches10"))},
        f"{new}/extend": {
            "post": _posted("1.0-draft: values of properties", _content(_JSON, holds=named("Extension")), named("Table"))
        },
    }
    for root in (old, new):
        for what in ("entity", "property", "type"):
            suggested = _content(_JSON, holds=named("Suggestions"))
            found[f"{root}/suggest/{what}"] = _read(f"What may be meant: {what}", suggested, "prefix cursor", "400 503")
        proposed = _content(_JSON, holds=named("Proposals"))
        found[f"{root}/extend/propose"] = _read("The properties of a type", proposed, "type limit", "400")
        found[f"{root}/preview"] = _read("A small page on a thing", _content(_HTML), "id", "400 404 503")
    return found


def _components(paths: _Part) -> _Part:
    responses = {
        name: {"description": _REASONS[name[:3]], "content": _content(*_TOLD[name[4:]])}
        for name in sorted(set(re.findall('#/components/responses/([^"]*)', json.dumps(paths))))
    }
    parameters = {
        name: {"name": name, "in": where, "schema": schema, "description": meaning, "required": where == "path"}
        for name, (where, schema, meaning) in _PARAMETERS.items()
    }
    return {"schemas": SCHEMAS, "parameters": parameters, "responses": responses, "securitySchemes": _SCHEMES}


def _read(summary: str, content: _Part, parameters: str = "", failures: str = "", told: str = "problem") -> _Part:
    """GET and HEAD. What the parameters make possible is answered: 304 by If-None-Match, 206, 400 and 416 by Range."""
    good = {"200": _answer(content)}
    if "If-None-Match" in parameters:
        failures += " 304:headers"
    if "Range" in parameters:
        good["206"] = {"description": "The stretch of it", "content": content | _content("multipart/byteranges")}
        failures += " 400:plain 416:plain"
    bodiless = {status: {"description": answer["description"]} for status, answer in good.items()}
    return {
        "get": _asked(summary, parameters, good | _failures(failures, told)),
        "head": _asked(summary, parameters, bodiless | _failures(failures, "headers")),
    }


def _posted(summary: str, content: _Part, answer: _Part) -> _Part:
    answers = {"200": _answer(_content(_JSON, holds=answer)), **_failures("400 413 503", "problem")}
    return _asked(summary, "", answers, requestBody=_body(content))


def _probe(summary: str, answer: _Part, *others: str) -> _Part:
    answers = {status: _answer(_content(_JSON, holds=answer)) for status in ("200", *others)}
    return {"get": _asked(summary, "", answers | _failures("", "problem"))}


def _asked(summary: str, parameters: str, responses: _Part, **more: Any) -> _Part:
    these = [{"$ref": f"#/components/parameters/{one}"} for one in parameters.split()]
    return {"summary": summary, "parameters": these, "responses": responses, **more}


def _failures(statuses: str, told: str) -> _Part:
    """`400 422:report`: the first is told as `told` says, the second in its own way; with HEAD, neither has a body."""
    found = {}
    for one in (*statuses.split(), "429:problem"):
        status, _, own = one.partition(":")
        found[status] = {"$ref": f"#/components/responses/{status}-{told if told == 'headers' else own or told}"}
    return found


def _answer(content: _Part) -> _Part:
    return {"description": "The answer", "content": content}


def _body(content: _Part) -> _Part:
    return {"required": True, "content": content}


def _content(*media_types: str, holds: _Part | None = None) -> _Part:
    """Bodies by their types; `holds` is the schema of what is plain JSON."""
    schemas = {_JSON: holds, negotiate.PROBLEM: named("Problem"), media.JSON.media_type: named("Bindings")}
    return {one: {"schema": schema} if (schema := schemas.get(one)) else {} for one in media_types}


def _form(needed: str = "", /, **fields: _Part) -> _Part:
    return {requests.FORM: {"schema": object_of(needed, **fields)}}


def _types_of(path: str) -> tuple[str, ...]:
    """What may come from a path: by its suffix one type, without one a page or any form of RDF."""
    place = addresses.place(path)
    if place.coding:
        return (addresses.CODINGS[place.coding],)
    if place.suffix:
        return (place.form.media_type if place.form else _HTML,)
    return (_HTML, *_RDF)
