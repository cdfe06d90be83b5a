"""What lies between a worker that answers and a client that reads at its own pace."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from tempfile import TemporaryFile
from typing import IO

from kgraph.errors import KgraphError

_IN_MEMORY = 1 << 20
_PIECE = 1 << 18


class Spool:
    """Bytes in order: a little in memory, and in a temporary file what its owner has it move there.

    Files are written and read beside the event loop, since a busy disk holds up whoever waits for it. Raises, to the reader,
    what ended the answer before its end: an answer that was cut short never looks whole.
    """

    on_disk = 0
    """Bytes that all spools together hold on disk."""

    def __init__(self, most: int) -> None:
        """`most` is what all spools together may have on disk, in bytes; one of them may have a quarter."""
        self._most = most
        self._first: deque[bytes] = deque()
        self._in_first = 0
        self._file: IO[bytes] | None = None
        self._written = self._read = 0
        self._last: deque[bytes] = deque()
        self._moving = False
        self._ended = self._closed = False
        self._error: KgraphError | None = None
        self._wake = asyncio.Event()
        self.cut = False

    def put(self, piece: bytes) -> None:
        if self.ahead:
            self._last.append(piece)
        else:
            self._first.append(piece)
            self._in_first += len(piece)
        self._wake.set()

    @property
    def ahead(self) -> bool:
        """Whether more is here than a reader who keeps up would leave."""
        return self._written > 0 or self._in_first >= _IN_MEMORY or bool(self._last) or self._moving

    @property
    def full(self) -> bool:
        """Whether what is here must be read first."""
        return self._written > 0 and (4 * self._written > self._most or Spool.on_disk > self._most)

    async def make_room(self) -> None:
        """Moves what came last to the file; raises OSError where that cannot be written."""
        if self._moving or not self._last or self._closed:
            return
        if self._file is None:
            self._file = TemporaryFile(buffering=0)  # noqa: SIM115  (closed by `close`)
        moved = b"".join(self._last)
        self._last.clear()
        self._moving = True
        try:
            await asyncio.to_thread(_write, self._file.fileno(), moved, self._written)
            self._written += len(moved)
            Spool.on_disk += len(moved)
        finally:
            self._moving = False
            self._wake.set()
            self._close_if_nobody_reads()

    def end(self, error: KgraphError | None = None, *, cut: bool = False) -> None:
        self._ended = True
        self._error = error
        self.cut = cut
        self._wake.set()

    async def pieces(self, on_taken: Callable[[], object]) -> AsyncIterator[bytes]:
        """What was put in; `on_taken` is called whenever there is room for more."""
        while True:
            if self._first:
                piece = self._first.popleft()
                self._in_first -= len(piece)
            elif self._file is not None and self._read < self._written:
                piece = await asyncio.to_thread(os.pread, self._file.fileno(), _PIECE, self._read)
                self._read += len(piece)
                if self._read == self._written and not self._moving:
                    self._empty()
            elif self._last and not self._moving:
                piece = self._last.popleft()
            elif self._ended and not self._moving:
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

    def _empty(self) -> None:
        if self._file is not None:
            self._file.truncate(0)
        Spool.on_disk -= self._written
        self._written = self._read = 0

    def close(self) -> None:
        self._closed = True
        self._close_if_nobody_reads()

    def _close_if_nobody_reads(self) -> None:
        if self._closed and not self._moving and self._file is not None:
            self._empty()
            self._file.close()
            self._file = None


def _write(descriptor: int, moved: bytes, at: int) -> None:
    done = 0
    while done < len(moved):
        done += os.pwrite(descriptor, memoryview(moved)[done:], at + done)
