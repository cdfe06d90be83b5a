"""Keeps the search index on the heels of the snapshots: a child process makes the index of each new one, out of the way.

While it does, searches are answered from the index before. `Pool.searched` names the snapshot that the index is of; it is part
of the ETag of every answer that a search went into, so that nothing stale is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

from kgraph.server.pool import Pool
from kgraph.store import fulltext

_LOOK_EVERY = 0.5


class Indexing:
    """Makes indexes from `start` to `stop`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    async def _follow(self) -> None:
        tried = ""
        while True:
            if self._pool.snapshot != tried:
                tried = self._pool.snapshot
                await self._make()
                made_from = await asyncio.to_thread(fulltext.made_from, self._pool.root)
                self._pool.searched = made_from or ""
            await asyncio.sleep(_LOOK_EVERY)

    async def _make(self) -> None:
        """Runs the child, which says on stderr what keeps it from making the index."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "kgraph.store.fulltext", str(self._pool.root), stdin=asyncio.subprocess.DEVNULL
        )
        try:
            await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
