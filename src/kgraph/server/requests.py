"""What a request to `/sparql` asks, by the SPARQL 1.1 Protocol (sections 2.1 and 2.2).

A query comes in the URL, in a form, or as the body itself; the dataset in `default-graph-uri` and `named-graph-uri`. An update
comes in a form or as the body, its dataset in `using-graph-uri` and `using-named-graph-uri`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from kgraph.server.asgi import Receive, Scope, header
from kgraph.server.responses import Problem

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
_CLOSE = ((b"connection", b"close"),)
_MOST_FIELDS = 10_000
_NO_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
METHODS = ("GET", "HEAD", "POST", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Asked:
    """A query or an update, and its dataset; `text` is None where a client asks for the service itself."""

    text: str | None
    default_graphs: list[str] | None = None
    named_graphs: list[str] | None = None
    updates: bool = False


async def read(scope: Scope, receive: Receive, *, limit: int, write_limit: int, authorize: Callable[[Scope], None]) -> Asked:
    """What is asked; raises Problem where the protocol has no such request, or its body is over the limit in bytes.

    `authorize` is asked before an update is given, and before its body is read where that is what its type says.
    """
    if len(scope["query_string"]) > limit:
        raise Problem(HTTPStatus.REQUEST_URI_TOO_LONG, f"a request holds {limit} bytes at most")
    if scope["method"] in ("GET", "HEAD"):
        in_url = fields(scope["query_string"])
        if any(name == "update" for name, _ in in_url):
            raise Problem(HTTPStatus.BAD_REQUEST, "an update cannot come by GET")
        return _asked(in_url)
    in_url = fields(scope["query_string"])
    media_type, _, parameters = header(scope, b"content-type").partition(";")
    media_type = media_type.strip().lower()
    if media_type not in (FORM, QUERY, UPDATE):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"a query is posted as {QUERY} or as {FORM}, an update as {UPDATE}, not as {media_type or 'nothing in particular'}",
            ((b"accept-post", f"{QUERY}, {FORM}, {UPDATE}".encode()),),
        )
    charset = parameters.partition("charset=")[2].strip(' "').lower()
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a query is posted in UTF-8, not in {charset}")
    if media_type == UPDATE:
        authorize(scope)
        if any(name in ("query", "update") for name, _ in in_url):
            raise Problem(HTTPStatus.BAD_REQUEST, "there is one request in the URL and another in the body")
        return _update([*in_url, ("update", _text(await body(scope, receive, write_limit)))])
    content = await body(scope, receive, limit)
    if media_type == QUERY:
        if any(name == "query" for name, _ in in_url):
            raise Problem(HTTPStatus.BAD_REQUEST, "there is one query in the URL and another in the body")
        return _asked([*in_url, ("query", _text(content))])
    pairs = fields(content)
    if any(name == "update" for name, _ in pairs):
        authorize(scope)
        return _update([*in_url, *pairs])
    asked = _asked([*in_url, *pairs])
    if asked.text is None:
        raise Problem(HTTPStatus.BAD_REQUEST, "the form has no field named query")
    return asked


def deadline(scope: Scope, most: float) -> float:
    """The seconds that this request is given: fewer than `most` where it would rather not wait (RFC 7240, 4.3)."""
    for preference in header(scope, b"prefer").split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        value = value.strip(' \t"')
        if name.strip().lower() == "wait" and value.isdecimal() and value.isascii():
            return min(most, float(value[:9]))
    return most


def _update(pairs: list[tuple[str, str]]) -> Asked:
    """An update and the dataset that its patterns match (2.2.1, 2.2.3)."""
    updates = [value for name, value in pairs if name == "update"]
    if len(updates) > 1 or any(name == "query" for name, _ in pairs):
        raise Problem(HTTPStatus.BAD_REQUEST, "one request holds one update, and no query beside it")
    using = [value for name, value in pairs if name == "using-graph-uri"]
    using_named = [value for name, value in pairs if name == "using-named-graph-uri"]
    return Asked(updates[0], using, using_named, updates=True)


def _asked(pairs: list[tuple[str, str]]) -> Asked:
    queries = [value for name, value in pairs if name == "query"]
    if len(queries) > 1:
        raise Problem(HTTPStatus.BAD_REQUEST, "one request holds one query")
    if len(pairs) == len(queries):
        return Asked(queries[0] if queries else None)
    defaults = [value for name, value in pairs if name == "default-graph-uri"]
    named = [value for name, value in pairs if name == "named-graph-uri"]
    if not defaults and not named:
        return Asked(queries[0] if queries else None)
    return Asked(queries[0] if queries else None, defaults, named)


def fields(encoded: bytes) -> list[tuple[str, str]]:
    """The parameters of a query string or of a form; raises Problem where they are not what a form would send."""
    pieces = encoded.split(b"&", _MOST_FIELDS)
    if len(pieces) > _MOST_FIELDS:
        raise Problem(HTTPStatus.BAD_REQUEST, f"a form has {_MOST_FIELDS} fields at most")
    pairs = (piece.partition(b"=") for piece in pieces if piece)
    return [(_decoded(name), _decoded(value)) for name, _, value in pairs]


def _decoded(encoded: bytes) -> str:
    """What is written in `application/x-www-form-urlencoded` (URL Standard, 5.1); raises Problem where it is not UTF-8.

    Python's own unquoting goes through the escapes one by one, for tens of milliseconds where an attacker sends only escapes;
    that of `unicode_escape` does not.
    """
    if b"%" not in encoded and b"+" not in encoded and encoded.isascii():
        return encoded.decode()
    encoded = encoded.replace(b"\\", b"%5C").replace(b"+", b" ")
    try:
        decoded = encoded.replace(b"%", b"\\x").decode("unicode_escape")
    except UnicodeDecodeError:  # there is a % that begins no escape, and stands for itself
        decoded = _NO_ESCAPE.sub(b"%25", encoded).replace(b"%", b"\\x").decode("unicode_escape")
    try:
        return decoded.encode("latin-1").decode()
    except UnicodeDecodeError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "the parameters are not percent-encoded UTF-8") from error


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"the query is not in UTF-8: {error.reason} at byte {error.start}") from error


async def body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """All of the body; raises Problem where it is over the limit in bytes, or breaks off."""
    said = header(scope, b"content-length")
    too_large = Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request holds {limit} bytes at most", _CLOSE)
    if said.isdigit() and int(said) > limit:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(HTTPStatus.BAD_REQUEST, "the request ended before its body did")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise too_large
        if not message.get("more_body"):
            return b"".join(chunks)
