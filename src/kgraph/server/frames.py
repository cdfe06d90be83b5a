"""What passes between the server and a query worker over their socket pair.

A frame is its payload's length (four bytes, big-endian), a tag (one byte), the number of the request (eight bytes) and the
payload. Down to the worker goes `ASK`, a request in Python's marshal form: both ends are the same interpreter. Up comes
`HELLO`, the worker's process id in digits, then `READY` with its snapshot, and that again for each `OPEN`, which has the worker
open the newest one; then for each request in turn either `WHOLE` (a short answer), or `HEAD`, any number of `DATA` and one
`END`, or at any point before the end one `ERROR`. `WHOLE` and `HEAD` begin with one byte, the index of the answer's form in
`media.FORMATS`; `END` says in one byte whether the answer was cut at the request's limit.

A few requests may be sent ahead. Those behind one that takes long are recalled, all but the first: two numbers in memory
that both processes share (eight bytes each) say from which on and below which a request is to be skipped, without an answer.
"""

from __future__ import annotations

import struct

from kgraph.errors import BadQuery, FetchRefused, KgraphError, NotAcceptable, SearchNotReady, ServiceFailed, StoreError

PREFIX = struct.Struct("!IBQ")
NUMBER = struct.Struct("=Q")
ASK, HELLO, READY, WHOLE, HEAD, DATA, END, ERROR = range(8)

QueryRequest = tuple[str, str, tuple[str, ...], list[str] | None, list[str] | None, int]
"""`"query"`, the text, the media types by preference, default graphs, named graphs, the limit in bytes (0: none)."""

DumpRequest = tuple[str, str, str | None]
"""`"dump"`, the media type, one graph or all."""

PRIVATE = "private addresses too"
"""Among the hosts that a worker is started with: lets it reach private addresses."""

OPEN = ("open",)
"""Asks a worker to open the newest snapshot."""


class AnswerTooLarge(StoreError):
    """The answer has more bytes or rows than this server gives to one query."""


_ERRORS: dict[str, type[KgraphError]] = {
    kind.__name__: kind
    for kind in (BadQuery, FetchRefused, NotAcceptable, StoreError, AnswerTooLarge, SearchNotReady, ServiceFailed)
}


def frame(tag: int, number: int, payload: bytes) -> bytes:
    return PREFIX.pack(len(payload), tag, number) + payload


def error_to_wire(error: KgraphError) -> tuple[str, str, int | None, int | None]:
    kind = type(error).__name__ if type(error).__name__ in _ERRORS else StoreError.__name__
    return kind, error.message, getattr(error, "line", None), getattr(error, "column", None)


def error_from_wire(wire: tuple[str, str, int | None, int | None]) -> KgraphError:
    kind, message, line, column = wire
    known = _ERRORS[kind]
    return known(message, line=line, column=column) if issubclass(known, BadQuery) else known(message)
