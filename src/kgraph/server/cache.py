"""Whole answers by their ETag, which names the snapshot: nothing in here can go stale."""

from __future__ import annotations

from collections import OrderedDict

from kgraph.server.asgi import Headers

Answer = tuple[Headers, bytes]


class Cache:
    """The answers used last, up to so many bytes together; `most` is the largest that is kept."""

    def __init__(self, *, size: int, most: int) -> None:
        self.most = min(size, most)
        self.hits = 0
        self._size = self._room = size
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()

    @property
    def size(self) -> int:
        """Bytes of the answers that are kept."""
        return self._size - self._room

    def get(self, etag: bytes) -> Answer | None:
        answer = self._answers.get(etag)
        if answer is not None:
            self._answers.move_to_end(etag)
            self.hits += 1
        return answer

    def put(self, etag: bytes, headers: Headers, body: bytes) -> None:
        if len(body) > self.most or etag in self._answers:
            return
        self._answers[etag] = (headers, body)
        self._room -= len(body)
        while self._room < 0:
            _, (_, oldest) = self._answers.popitem(last=False)
            self._room += len(oldest)
