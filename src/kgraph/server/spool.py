"""What lies between a worker that answers and a client that reads at its own pace."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from tempfile import TemporaryFile
from typing import IO

from kgraph.errors import KgraphError

_IN_MEMORY = 1 << 20
_PIECE = 1 << 18


class Spool:
    """Bytes in order: a little in memory and, as its owner lets it, what comes after that in a temporary file.

    Raises, to the reader, what ended the answer before its end: an answer that was cut short never looks whole.
    """

    on_disk = 0
    """Bytes that all spools together hold on disk."""

    def __init__(self, most: int) -> None:
        """`most` is what all spools together may have on disk, in bytes; one of them may have a quarter."""
        self._most = most
        self._memory: deque[bytes] = deque()
        self._in_memory = 0
        self._file: IO[bytes] | None = None
        self._written = self._read = 0
        self._ended = False
        self._error: KgraphError | None = None
        self._wake = asyncio.Event()
        self.cut = False

    def put(self, piece: bytes) -> None:
        if not self.ahead:
            self._memory.append(piece)
            self._in_memory += len(piece)
        else:
            if self._file is None:
                self._file = TemporaryFile(buffering=0)  # noqa: SIM115  (closed by `close`)
            self._file.seek(self._written)
            self._file.write(piece)
            self._written += len(piece)
            Spool.on_disk += len(piece)
        self._wake.set()

    @property
    def ahead(self) -> bool:
        """Whether more is here than a reader who keeps up would leave: it should come slowly from now on."""
        return self._written > 0 or self._in_memory >= _IN_MEMORY

    @property
    def full(self) -> bool:
        """Whether what is here must be read first."""
        return self._written > 0 and (4 * self._written > self._most or Spool.on_disk > self._most)

    def end(self, error: KgraphError | None = None, *, cut: bool = False) -> None:
        self._ended = True
        self._error = error
        self.cut = cut
        self._wake.set()

    async def pieces(self, on_taken: Callable[[], None]) -> AsyncIterator[bytes]:
        """What was put in; `on_taken` is called whenever there is room for more."""
        while True:
            if self._memory:
                piece = self._memory.popleft()
                self._in_memory -= len(piece)
            elif self._written:
                piece = self._from_file()
            elif self._ended:
                if self._error is not None:
                    raise self._error
                return
            else:
                self._wake.clear()
                await self._wake.wait()
                continue
            if not self.ahead:
                on_taken()
            yield piece

    def _from_file(self) -> bytes:
        assert self._file is not None
        self._file.seek(self._read)
        piece = self._file.read(min(_PIECE, self._written - self._read))
        self._read += len(piece)
        if self._read == self._written:
            self._empty()
        return piece

    def _empty(self) -> None:
        if self._file is not None:
            self._file.truncate(0)
        Spool.on_disk -= self._written
        self._written = self._read = 0

    def close(self) -> None:
        if self._file is not None:
            self._empty()
            self._file.close()
            self._file = None
