"""The head of a response and what follows it at once, written together.

Uvicorn writes the head of a response by itself, and uvloop has each write go out as it comes: two system calls and two packets
for what fits in one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

_HEAD = b"HTTP/"
_COPIED = 1 << 16
"""More than this is not copied to be joined to a head."""


class Gathering:
    """A transport that keeps the head of a response until the next write, or until the event loop comes round."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if self._held:
            held, self._held = self._held, b""
            if len(data) > _COPIED:
                self._transport.writelines((held, data))
            else:
                self._transport.write(held + data)
        elif data.startswith(_HEAD):
            self._held = data
            self._loop.call_soon(self._let_go)
        else:
            self._transport.write(data)

    def writelines(self, data: Iterable[bytes]) -> None:
        self._let_go()
        self._transport.writelines(data)

    def close(self) -> None:
        self._let_go()
        self._transport.close()

    def _let_go(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)
