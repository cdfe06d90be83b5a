"""The server's side of writing: one write at a time goes to the process that owns the store, and readers get what it made.

A write is answered once a snapshot with it is published and every query from then on is asked of that. An update cannot be
cancelled, so its process is killed at the deadline, before it commits; the store is as it was, and a new process takes over.
"""

from __future__ import annotations

import asyncio
import contextlib
import marshal
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from kgraph.errors import QueryTimeout, StoreError
from kgraph.server import writer
from kgraph.server.limits import Limits
from kgraph.server.pool import Pool
from kgraph.server.workers import Overloaded, WorkerLost
from kgraph.store import snapshot

_UNTIL_COMMITTED = 600.0


class Writer:
    """Owns the store at the pools' folder for as long as the server runs."""

    def __init__(self, pools: Sequence[Pool], limits: Limits, *, union: bool | None) -> None:
        self._pools = pools
        self._root = pools[0].root
        self._limits = limits
        self._union = "as-it-is" if union is None else "union" if union else "own"
        self._lock = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._incoming: asyncio.StreamReader
        self._outgoing: asyncio.StreamWriter
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def start(self) -> None:
        """Takes the store for its own; raises StoreLocked where another process writes to it, StoreError where none can."""
        self._root.mkdir(parents=True, exist_ok=True)
        self._lock = snapshot.lock(self._root)
        try:
            await self._spawn()
        except BaseException:
            os.close(self._lock)
            raise

    async def stop(self) -> None:
        """Lets it finish what it is at, and gives the store back."""
        async with self._turn:
            await self._end(kill=False)
            os.close(self._lock)

    async def write(self, request: writer.UpdateRequest | writer.WriteRequest) -> bool:
        """Does it; gives whether the graph was there before. When this returns, it is there to stay, and seen by all.

        Raises BadQuery, BadGraph, FetchRefused, NotWritable, NotConforming as the write fails, and QueryTimeout, Overloaded or
        another StoreError.
        """
        if self._waiting >= self._limits.waiting_writes:
            raise Overloaded(f"{self._waiting} writes wait already")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._write(request)
        finally:
            self._waiting -= 1

    async def _write(self, request: writer.UpdateRequest | writer.WriteRequest) -> bool:
        if self._process is None:
            await self._spawn()
        try:
            async with asyncio.timeout(self._limits.write_deadline):
                self._outgoing.write(writer.frame(request))
                await self._outgoing.drain()
                answer = await self._receive()
            if answer[0] == writer.COMMITTING:
                # What is checked is not stopped: the client would not know whether it happened.
                async with asyncio.timeout(_UNTIL_COMMITTED):
                    answer = await self._receive()
        except TimeoutError as error:
            await self._end(kill=True)
            raise QueryTimeout(f"the write took longer than its {self._limits.write_deadline:g} seconds") from error
        except (OSError, asyncio.IncompleteReadError) as error:
            await self._end(kill=True)
            raise WorkerLost("the process that writes died; look whether the write happened") from error
        except asyncio.CancelledError:
            await self._end(kill=True)
            raise
        if answer[0] == writer.ERROR:
            raise writer.error_from_wire(*answer[1:])
        newest = snapshot.current(self._root)
        await asyncio.gather(*(pool.renew() for pool in self._pools if pool.pointer != newest))
        return bool(answer[1])

    async def _receive(self) -> tuple[Any, ...]:
        (length,) = writer.LENGTH.unpack(await self._incoming.readexactly(writer.LENGTH.size))
        value: tuple[Any, ...] = marshal.loads(await self._incoming.readexactly(length))  # noqa: S302  (from our own child)
        return value

    async def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = [str(theirs.fileno()), str(self._lock), str(self._root), self._union]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kgraph.server.writer", *arguments],
                pass_fds=[theirs.fileno(), self._lock],
                stdin=subprocess.DEVNULL,
            )
        self._incoming, self._outgoing = await asyncio.open_connection(sock=ours)
        try:
            answer = await self._receive()
        except (OSError, asyncio.IncompleteReadError) as error:
            await self._end(kill=True)
            raise StoreError(f"no process could open {self._root} for writing") from error
        if answer[0] == writer.ERROR:
            await self._end(kill=True)
            raise writer.error_from_wire(*answer[1:])

    async def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        self._outgoing.close()
        with contextlib.suppress(OSError):
            await self._outgoing.wait_closed()
        await asyncio.get_running_loop().run_in_executor(None, process.wait)
