"""Whole answers over raw ASGI, and errors in the form that the client reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from kgraph.errors import (
    BadGraph,
    BadQuery,
    FetchRefused,
    KgraphError,
    NotAcceptable,
    NotWritable,
    QueryTimeout,
    SearchNotReady,
    ServiceFailed,
)
from kgraph.server import negotiate
from kgraph.server.asgi import Headers, Send
from kgraph.server.frames import AnswerTooLarge
from kgraph.server.workers import Overloaded, WorkerLost

OPEN_TO_ALL: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Retry-After, Link, Location"),
    (b"x-content-type-options", b"nosniff"),
]


_PIECE = 1 << 18


@dataclass(eq=False)
class Problem(Exception):
    """An error as the client is told of it; `headers` go with it."""

    status: HTTPStatus
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    line: int | None = None
    column: int | None = None


def problem_of(error: KgraphError, *, retry_after: int = 1) -> Problem:
    """What an error means in HTTP."""
    again = ((b"retry-after", str(retry_after).encode()),)
    if isinstance(error, FetchRefused):
        return Problem(HTTPStatus.FORBIDDEN, str(error))
    if isinstance(error, ServiceFailed):
        return Problem(HTTPStatus.BAD_GATEWAY, str(error))
    if isinstance(error, NotWritable):
        return Problem(HTTPStatus.FORBIDDEN, str(error))
    if isinstance(error, BadQuery | BadGraph):
        return Problem(HTTPStatus.BAD_REQUEST, str(error), line=error.line, column=error.column)
    if isinstance(error, NotAcceptable):
        return Problem(HTTPStatus.NOT_ACCEPTABLE, str(error))
    if isinstance(error, QueryTimeout | Overloaded | WorkerLost | SearchNotReady):
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), again)
    if isinstance(error, AnswerTooLarge):
        return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))


async def send_whole(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", str(len(body)).encode())],
        }
    )
    for at in range(0, max(len(body), 1), _PIECE):  # a slow client is not to have all of it waiting in the server's memory
        more = at + _PIECE < len(body)
        await send({"type": "http.response.body", "body": body[at : at + _PIECE], "more_body": more})


async def send_empty(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """An answer that has no body by its nature: 204, 304, and all to HEAD."""
    await send({"type": "http.response.start", "status": status, "headers": [*headers]})
    await send({"type": "http.response.body", "body": b""})


async def send_problem(send: Send, problem: Problem, accept: str) -> None:
    """Says what is wrong as a problem in JSON (RFC 9457), or in plain text."""
    plain = negotiate.error_type(accept) == negotiate.PLAIN
    if plain:
        body = f"{problem.detail}\n".encode()
    else:
        fields: dict[str, str | int | None]
        fields = {"title": problem.status.phrase, "status": problem.status.value, "detail": problem.detail}
        if problem.line is not None:
            fields |= {"line": problem.line, "column": problem.column}
        body = json.dumps(fields, ensure_ascii=False).encode()
    kind = b"text/plain; charset=utf-8" if plain else negotiate.PROBLEM.encode()
    headers = [(b"content-type", kind), (b"vary", b"accept"), (b"cache-control", b"no-store")]
    await send_whole(send, problem.status, [*headers, *OPEN_TO_ALL, *problem.headers], body)
