"""`/dump.ttl`, `.trig`, `.nt`, `.nq`, each plain, `.gz` and `.zst`: files, made once for a snapshot.

They lie in `dumps/{snapshot}/` beside the store's snapshots, or in a temporary folder where the store cannot be written to. A
query worker writes the graph out and a child process compresses it, one dump at a time, so that the others go on answering. The
first who asks waits until the file is whole. A file's name in there says the graph, the form and the coding; the folder's name
is the snapshot, from which the ETag is made.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path

from starlette.responses import FileResponse

from kgraph import iris, media
from kgraph.errors import KgraphError, StoreError
from kgraph.server import addresses
from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.limits import Limits
from kgraph.server.pool import Pool
from kgraph.server.representations import explain, is_read
from kgraph.server.responses import OPEN_TO_ALL, send_empty

ALL = tuple(
    (f"/dump.{form.suffix}{'.' if coding else ''}{coding}", form, coding)
    for form in addresses.DUMPS
    for coding in ("", *addresses.CODINGS)
)
PATHS = tuple(path for path, _, _ in ALL)


@dataclass(frozen=True, slots=True)
class DumpFile:
    """A dump on disk; `sha256` is of its bytes, `made` when the snapshot was."""

    path: Path
    snapshot: str
    size: int
    made: datetime
    sha256: str


class Dumps:
    """The files of all snapshots, and the whole graph's as an ASGI application."""

    def __init__(self, pool: Pool, limits: Limits) -> None:
        self._pool = pool
        self._limits = limits
        self._making: dict[tuple[str, str], asyncio.Task[DumpFile]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._root: Path | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = addresses.place(scope["path"])
        assert wanted.form is not None
        if await is_read(scope, send):
            try:
                await self.send(scope, receive, send, None, wanted.form, wanted.coding, [])
            except KgraphError as error:
                await explain(scope, send, error)

    async def send(
        self, scope: Scope, receive: Receive, send: Send, graph: str | None, form: media.Format, coding: str, more: Headers
    ) -> None:
        """Answers with this graph, or all, by the conditions and ranges of the request; `more` are headers that go with it."""
        file = await self.file(graph, form, coding)
        etag = f'"{file.snapshot}-{file.path.name}"'
        kind = addresses.CODINGS[coding] if coding else form.content_type
        headers = [(b"etag", etag.encode()), (b"cache-control", b"no-cache"), *more, *OPEN_TO_ALL]
        headers.append((b"last-modified", format_datetime(file.made, usegmt=True).encode()))
        if _has_it(scope, etag, file.made):
            await send_empty(send, HTTPStatus.NOT_MODIFIED, headers)
            return
        response = FileResponse(file.path, media_type=kind)
        response.raw_headers += headers
        await response(_in_bytes(scope), receive, send)

    async def file(self, graph: str | None, form: media.Format, coding: str) -> DumpFile:
        """The dump of the snapshot that is served now, made if it is not there; raises StoreError."""
        name = f"{'dump' if graph is None else iris.digest(graph)}.{form.suffix}{'.' if coding else ''}{coding}"
        snapshot = self._pool.snapshot
        key = (snapshot, name)
        if key not in self._making or (self._making[key].done() and not _usable(self._making[key])):
            self._making = {known: task for known, task in self._making.items() if known[0] == snapshot or not task.done()}
            self._making[key] = asyncio.create_task(self._make(graph, form, coding, name))
        return await asyncio.shield(self._making[key])

    async def all(self, patience: float) -> dict[str, DumpFile]:
        """The dumps of the whole graph by their names: those that are there after so many seconds. The others will be."""
        making = {path[1:]: asyncio.ensure_future(self.file(None, form, coding)) for path, form, coding in ALL}
        await asyncio.wait(making.values(), timeout=patience)
        return {name: task.result() for name, task in making.items() if task.done()}

    async def _make(self, graph: str | None, form: media.Format, coding: str, name: str) -> DumpFile:
        if coding:
            plain = await self.file(graph, form, "")
            path = plain.path.with_name(name)
            if not path.exists():
                async with self._one_at_a_time:
                    await _pack(plain.path, path, coding)
            return await asyncio.to_thread(_look, path)
        path = self._folder(self._pool.snapshot) / name
        if path.exists():
            return await asyncio.to_thread(_look, path)
        async with self._one_at_a_time:
            job = self._pool.ask(("dump", form.media_type, graph), self._limits.dump_deadline)
            try:
                head = await job.head
                path = self._folder(head.snapshot) / name
                part = path.with_name(f".{name}.{os.getpid()}")
                with part.open("wb") as out:
                    if head.body is not None:
                        out.write(head.body)
                    else:
                        async for chunk in job.chunks():
                            await asyncio.to_thread(out.write, chunk)
            finally:
                job.close()
            os.utime(part, ns=(made := _made(head.snapshot), made))
            part.replace(path)
        return await asyncio.to_thread(_look, path)

    def _folder(self, snapshot: str) -> Path:
        """The folder of this snapshot's dumps; those of all but this and the last one before it are removed."""
        if self._root is None:
            beside = self._pool.root / "dumps"
            try:
                beside.mkdir(exist_ok=True)
                self._root = beside if os.access(beside, os.W_OK) else Path(tempfile.mkdtemp(prefix="kgraph-dumps-"))
            except OSError:
                self._root = Path(tempfile.mkdtemp(prefix="kgraph-dumps-"))
        folder = self._root / snapshot
        if not folder.exists():
            folder.mkdir()
            # The last one stays for those who are still reading it.
            others = sorted((path for path in self._root.iterdir() if path != folder), key=lambda path: path.stat().st_mtime)
            for old in others[:-1]:
                shutil.rmtree(old, ignore_errors=True)
        return folder


def _usable(task: asyncio.Task[DumpFile]) -> bool:
    """Whether a making that ended left a file that is still there."""
    return not task.cancelled() and task.exception() is None and task.result().path.exists()


async def _pack(plain: Path, packed: Path, coding: str) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kgraph.server.packing", str(plain), str(packed), coding, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        if await child.wait():
            raise StoreError(f"{packed.name} could not be made", hint="the server's log says why")
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def _look(path: Path) -> DumpFile:
    """What is known of the file; its checksum is kept beside it."""
    beside = path.with_name(f"{path.name}.sha256")
    if not beside.exists():
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        part = path.with_name(f".{path.name}.sha256.{os.getpid()}")
        part.write_text(f"{digest}  {path.name}\n")
        part.replace(beside)
    about = path.stat()
    return DumpFile(
        path=path,
        snapshot=path.parent.name,
        size=about.st_size,
        made=datetime.fromtimestamp(int(about.st_mtime), UTC),
        sha256=beside.read_text().split()[0],
    )


def time_of(snapshot: str) -> datetime:
    """When the snapshot was made, to the second."""
    return datetime.fromtimestamp(_made(snapshot) // 10**9, UTC)


def _made(snapshot: str) -> int:
    """When the snapshot was made, in nanoseconds, which its id ends with."""
    return int(snapshot.rpartition("-")[2], 16)


def _in_bytes(scope: Scope) -> Scope:
    """Without a range in other units, which is to be ignored (RFC 9110, 14.2)."""
    if header(scope, b"range").lower().startswith("bytes="):
        return scope
    return {**scope, "headers": [one for one in scope["headers"] if one[0] != b"range"]}


def _has_it(scope: Scope, etag: str, made: datetime) -> bool:
    """Whether the client has this very file (RFC 9110, 13.1.2 and 13.1.3)."""
    if known := header(scope, b"if-none-match"):
        return known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(","))
    if since := header(scope, b"if-modified-since"):
        try:
            return made <= parsedate_to_datetime(since)
        except (ValueError, TypeError):
            return False
    return False
