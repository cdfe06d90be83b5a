"""Requests that come again byte for byte, answered from the cache without being read.

A dashboard asks the same over and over. Where an answer came from the cache, the bytes of its request are remembered with its
ETag; the same bytes, whole and by themselves on a connection, get the same answer while the snapshot is the same and the answer
is kept. Everything that could change the answer is in those bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kgraph.server.asgi import Headers, Scope
from kgraph.server.cache import Cache

REQUEST = "kgraph.request"
"""Where a scope keeps the bytes of a request that came whole and by itself, if there is no more to it than its head."""

_MOST = 10_000
_LONGEST = 8192
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Repeat:
    """An answer as it goes out, but for the headers that the server puts first; and what its request was taken for."""

    head: bytes
    body: bytes
    scope: Scope


class Repeats:
    """The requests that came last, up to so many; `version` is asked whether answers may have changed since."""

    def __init__(self, cache: Cache, version: Callable[[], object]) -> None:
        self._cache = cache
        self._version = version
        self._valid: object = None
        self._known: dict[bytes, tuple[bytes, Repeat]] = {}

    def remember(self, scope: Scope, etag: bytes, headers: Headers, body: bytes) -> None:
        """The request of this scope was answered by what the cache keeps under this tag."""
        request = scope.get(REQUEST)
        if request is None or len(request) > _LONGEST or len(body) > _LARGEST:  # which is sent as its client takes it
            return
        if self._valid != self._version() or len(self._known) >= _MOST:
            self._known.clear()
            self._valid = self._version()
        lines = [*(name + b": " + value for name, value in headers), b"content-length: " + str(len(body)).encode()]
        kept = {name: value for name, value in scope.items() if name != REQUEST}
        self._known[request] = etag, Repeat(b"\r\n".join(lines) + b"\r\n\r\n", body, kept)

    def find(self, request: bytes) -> Repeat | None:
        """What answers these bytes."""
        known = self._known.get(request)
        if known is None:
            return None
        if self._valid != self._version() or self._cache.get(known[0]) is None:
            del self._known[request]
            return None
        return known[1]


def rendered(repeat: Repeat, first: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """The response as it goes over the line, with these headers first."""
    own = b"".join([name + b": " + value + b"\r\n" for name, value in first])
    return [b"HTTP/1.1 200 OK\r\n" + own + repeat.head, repeat.body]
