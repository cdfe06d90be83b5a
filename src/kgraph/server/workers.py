"""The pool of query workers: who answers what, until when, from which snapshot.

pyoxigraph can neither time out nor cancel a query, so each runs in a process that can be killed: at its deadline, or when
its client has gone. A killed worker costs only its own request and is replaced at once. Under load a worker is sent a few
requests ahead, which saves it a wait for each; those that a long one would hold up are recalled, and go to others. A query
that has taken long goes on at the lowest priority, and another worker takes its place beside the others. What a worker
produces is taken off its hands as fast as it comes, into memory and then into a temporary file, so that a slow client holds
no worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import marshal
import mmap
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, cast

from kgraph import media
from kgraph.errors import KgraphError, QueryTimeout, StoreError
from kgraph.server import frames
from kgraph.server.asgi import Receive
from kgraph.server.limits import Limits
from kgraph.server.tally import Timings
from kgraph.store import snapshot

_SLOW = 0.2
_LONG = 0.5
_TOO_LONG = 2.0
_LOOK_FOR_LONG_EVERY = 0.05
_MANY = 8
_LOWEST_PRIORITY = 19
_AHEAD = 4
_PATIENCE = 0.01
_IN_MEMORY = 4 << 20
_LOOK_FOR_SNAPSHOT_EVERY = 1.0
_UNTIL_OPEN = 10.0
_UNTIL_REPLACED = 0.25


class Overloaded(StoreError):
    """More requests wait than the server takes on."""


class WorkerLost(StoreError):
    """The worker that ran this query died under it."""


class Spool:
    """Bytes between a worker and a client that reads at its own pace, in order.

    Raises, to the reader, what ended the answer before its end: an answer that was cut short never looks whole.
    """

    on_disk = 0
    """Bytes that all spools together hold on disk."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._memory: deque[bytes] = deque()
        self._in_memory = 0
        self._file: IO[bytes] | None = None
        self._written = self._read = 0
        self._ended = False
        self._error: KgraphError | None = None
        self._wake = asyncio.Event()
        self.cut = False

    def put(self, chunk: bytes) -> None:
        if self._file is None and self._in_memory + len(chunk) > _IN_MEMORY:
            self._file = TemporaryFile(buffering=0)  # noqa: SIM115  (closed by `close`)
        if self._file is None:
            self._memory.append(chunk)
            self._in_memory += len(chunk)
        else:
            self._file.seek(self._written)
            self._file.write(chunk)
            self._written += len(chunk)
            Spool.on_disk += len(chunk)
        self._wake.set()

    @property
    def full(self) -> bool:
        """Whether what is here must be read first: a quarter of the disk for one, all of it for all."""
        return self._written > 0 and (4 * self._written > self._most or Spool.on_disk > self._most)

    def end(self, error: KgraphError | None = None, *, cut: bool = False) -> None:
        self._ended = True
        self._error = error
        self.cut = cut
        self._wake.set()

    async def chunks(self, on_taken: Callable[[], None]) -> AsyncIterator[bytes]:
        while True:
            if self._memory:
                chunk = self._memory.popleft()
                self._in_memory -= len(chunk)
                yield chunk
            elif self._file is not None and self._read < self._written:
                self._file.seek(self._read)
                chunk = self._file.read(min(1 << 18, self._written - self._read))
                self._read += len(chunk)
                if self._read == self._written:
                    self._file.truncate(0)
                    Spool.on_disk -= self._written
                    self._read = self._written = 0
                on_taken()
                yield chunk
            elif self._ended:
                if self._error is not None:
                    raise self._error
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            Spool.on_disk -= self._written
            self._written = self._read = 0


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an answer: its form, the snapshot it was made from, and all of it where it is short."""

    form: media.Format
    snapshot: str
    body: bytes | None


class Job:
    """One request on its way. `head` is awaited first; the rest of a long answer comes from `chunks`; then `close`.

    When it has taken long enough for that to be worth a look, it is stopped as its client goes away.
    """

    def __init__(self, pool: Pool, request: bytes, deadline: float, receive: Receive | None) -> None:
        self._pool = pool
        self.request = request
        self.deadline = deadline
        self._receive = receive
        self._watch: asyncio.Task[None] | None = None
        self.head: asyncio.Future[Head] = pool.loop.create_future()
        self.worker: _Worker | None = None
        self.number = 0
        self.spool: Spool | None = None
        self.timer = pool.loop.call_later(deadline if receive is None else min(deadline, _SLOW), self._look)

    def _look(self) -> None:
        if self._watch is None and self._receive is not None and self.deadline > _SLOW:
            self._watch = asyncio.ensure_future(self._watch_client(self._receive))
            self.timer = self._pool.loop.call_later(self.deadline - _SLOW, self._look)
            return
        self.stop(QueryTimeout(f"the query took longer than its {self.deadline:g} seconds"))

    async def _watch_client(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.stop(WorkerLost("the client has gone"))

    def stop(self, reason: KgraphError) -> None:
        """Ends it now, with this reason, wherever it is: waiting, running or done."""
        worker = self.worker
        self.fail(reason)
        if worker is not None:
            worker.give_up(self)

    def fail(self, error: KgraphError) -> None:
        self.timer.cancel()
        self.worker = None
        if self.spool is not None:
            self.spool.end(error)
        elif not self.head.done():
            self.head.set_exception(error)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The rest of a long answer; raises what ended it before its end."""
        assert self.spool is not None
        async for chunk in self.spool.chunks(self._taken):
            yield chunk

    def _taken(self) -> None:
        if self.worker is not None and self.spool is not None and not self.spool.full:
            self.worker.resume()

    def close(self) -> None:
        """Nobody wants the answer any more."""
        if self.worker is not None:
            self.stop(WorkerLost("the client has gone"))
        self.timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if not self.head.cancel() and not self.head.cancelled():
            self.head.exception()  # looked at, or asyncio would report it as overlooked
        if self.spool is not None:
            self.spool.close()


class _Worker(asyncio.Protocol):
    """The server's end of one worker process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._received = bytearray()
        self._jobs: deque[Job] = deque()
        self._next = 1
        self.began = 0.0
        self._transport: asyncio.Transport
        self._paused = False
        self.ready: asyncio.Future[None] = pool.loop.create_future()
        self.snapshot = ""
        self.retired = False
        self._killed = False
        self.long = False
        memory = os.memfd_create("kgraph-recalled")
        os.ftruncate(memory, mmap.PAGESIZE)
        self._recalled = mmap.mmap(memory, mmap.PAGESIZE)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kgraph.server.worker", str(theirs.fileno()), str(memory), str(pool.root), *pool.most],
                pass_fds=[theirs.fileno(), memory],
                stdin=subprocess.DEVNULL,
            )
        os.close(memory)
        self._socket = ours

    async def connect(self) -> None:
        await self._pool.loop.create_unix_connection(lambda: self, sock=self._socket)
        await self.ready

    @property
    def idle(self) -> bool:
        return not self._jobs

    @property
    def ahead(self) -> int:
        """How many requests wait here for their turn."""
        return max(0, len(self._jobs) - 1)

    @property
    def paused(self) -> bool:
        """Whether it waits for a reader."""
        return self._paused

    def is_at_length(self, now: float) -> bool:
        """Whether it has been at one request for so long that others should not wait for it."""
        return bool(self._jobs) and not self._killed and now - self.began > _LONG

    def set_aside(self) -> list[Job]:
        """Lets it go on at the lowest priority; gives back what waits here."""
        self.long = True
        os.setpriority(os.PRIO_PROCESS, self.process.pid, _LOWEST_PRIORITY)
        return self.recall()

    def take_back(self) -> bool:
        """Makes it one of the others again, where the system lets it have its priority back."""
        try:
            os.setpriority(os.PRIO_PROCESS, self.process.pid, 0)
        except OSError:
            return False
        self.long = False
        return True

    def end(self, reason: KgraphError) -> None:
        """Stops what it is at."""
        self._jobs[0].stop(reason)

    def is_behind(self, pointer: str | None) -> bool:
        """Whether it has an older snapshot open than this one (by its path below the root)."""
        return pointer is not None and self.ready.done() and _number(self.snapshot) < _number(pointer.rpartition("/")[2])

    def takes_more(self, now: float) -> bool:
        """Whether a request sent ahead would not wait for long."""
        return 0 < len(self._jobs) < _AHEAD and not (self.retired or self._killed or self.long) and now - self.began < _PATIENCE

    def start(self, job: Job) -> None:
        if not self._jobs:
            self.began = self._pool.loop.time()
        job.worker = self
        job.number = self._next
        self._next += 1
        self._jobs.append(job)
        self._transport.write(frames.PREFIX.pack(len(job.request), frames.ASK, job.number) + job.request)

    def recall(self) -> list[Job]:
        """Takes back what was sent ahead."""
        if self._jobs:  # the lower end first: in between, nothing is skipped that should not be
            frames.NUMBER.pack_into(self._recalled, 0, self._jobs[0].number + 1)
            frames.NUMBER.pack_into(self._recalled, frames.NUMBER.size, self._next)
        jobs = list(self._jobs)[1:]
        while len(self._jobs) > 1:
            self._jobs.pop().worker = None
        return jobs

    def give_up(self, job: Job) -> None:
        """Stops the request if it is being worked on; lets it go if it only waits its turn."""
        if self._jobs[0] is job:
            self.kill()
        else:
            self._jobs.remove(job)

    def kill(self) -> None:
        self._killed = True
        self.process.kill()
        self.resume()  # or the end of the connection would not be read

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._received:
            self._received += data
            data = bytes(self._received)
        at, size = 0, frames.PREFIX.size
        while len(data) - at >= size:
            length, tag, number = frames.PREFIX.unpack_from(data, at)
            if len(data) - at - size < length:
                break
            self._frame(tag, number, data[at + size : at + size + length])
            at += size + length
        self._received = bytearray(data[at:]) if at < len(data) else bytearray()

    def _frame(self, tag: int, number: int, payload: bytes) -> None:
        job = self._jobs[0] if self._jobs else None
        if tag == frames.READY:
            self.snapshot = payload.decode()
            if not self.ready.done():
                self.ready.set_result(None)
            elif job is not None and job.number == number:
                job.head.set_result(Head(media.JSON, self.snapshot, b""))
                self._finish(job)
        elif job is None or job.number != number or job.worker is not self:
            return  # the answer to a request that was recalled too late, or given up
        elif tag == frames.WHOLE:
            job.head.set_result(Head(media.FORMATS[payload[0]], self.snapshot, payload[1:]))
            self._finish(job)
        elif tag == frames.HEAD:
            job.spool = Spool(self._pool.spooled_bytes)
            job.head.set_result(Head(media.FORMATS[payload[0]], self.snapshot, None))
        elif tag == frames.DATA:
            assert job.spool is not None
            job.spool.put(payload)
            if job.spool.full and not self._paused:
                self._paused = True
                self._transport.pause_reading()
        elif tag == frames.END:
            assert job.spool is not None
            job.spool.end(cut=bool(payload[0]))
            self._finish(job)
        elif tag == frames.ERROR:
            job.fail(frames.error_from_wire(marshal.loads(payload)))  # noqa: S302  (from our own child)
            self._finish(job)

    def _finish(self, job: Job) -> None:
        job.timer.cancel()
        job.worker = None
        self._jobs.popleft()
        now = self._pool.loop.time()
        self._pool.took.add(now - self.began)
        self.began = now
        self.resume()
        self._pool.free(self)

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def retire(self) -> None:
        """Lets it finish what it is at, and no more."""
        self.retired = True
        if not self._jobs and self.ready.done():
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        expected = self.retired or not self.ready.done()
        self.retired = True
        if not self.ready.done():
            self.ready.set_exception(StoreError(f"a query worker could not open {self._pool.root}"))
        ahead = self.recall()
        if self._jobs and self._jobs[0].worker is self:
            self._jobs[0].fail(WorkerLost("the process that ran the query died"))
        self._recalled.close()
        self._pool.lost(self, ahead, expected=expected)


class Pool:
    """Query workers on the newest snapshot of the store at `root`."""

    def __init__(self, root: Path, *, size: int, limits: Limits, services: Sequence[str] = ()) -> None:
        self.root = root
        self.most = (str(limits.answer_bytes), str(limits.answer_rows), *services)
        self.spooled_bytes = limits.spooled_bytes
        self.loop: asyncio.AbstractEventLoop
        self.snapshot = ""
        self.searched = ""
        """The snapshot whose words can be searched; mostly the newest, else one shortly before it."""
        self.took = Timings()
        """What workers spent on each request."""
        self.died = 0
        """Workers that ended while they were needed."""
        self._size = size
        self._queue = limits.waiting
        self._long = limits.long
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._spare: _Worker | None = None
        self._waiting: deque[Job] = deque()
        self._recalling: asyncio.TimerHandle | None = None
        self._pointer: str | None = None
        self._taking_up = asyncio.Lock()
        self._tasks: set[asyncio.Future[object]] = set()
        self._follower: asyncio.Task[None] | None = None
        self._minder: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def ready(self) -> bool:
        """Whether a query would find a worker."""
        return not self._stopping and any(worker.ready.done() and not worker.retired for worker in self._workers)

    @property
    def serving(self) -> int:
        """How many workers take queries now."""
        return sum(not (worker.retired or worker.long or worker is self._spare) for worker in self._workers)

    @property
    def pointer(self) -> str | None:
        """The path, below the root, of the snapshot that answers."""
        return self._pointer

    @property
    def waiting(self) -> int:
        """How many requests wait for a worker."""
        return len(self._waiting) + sum(worker.ahead for worker in self._workers)

    @property
    def pids(self) -> list[int]:
        """The processes that answer now."""
        return [worker.process.pid for worker in self._workers if not worker.retired]

    async def start(self) -> None:
        """Raises StoreError where the store cannot be opened."""
        self.loop = asyncio.get_running_loop()
        await self._take_up(snapshot.current(self.root))
        self._follower = asyncio.create_task(self._follow())
        self._minder = asyncio.create_task(self._mind())

    async def stop(self) -> None:
        self._stopping = True
        for job in self._waiting:
            job.fail(StoreError("the server is stopping"))
        for task in (self._follower, self._minder):
            if task is not None:
                task.cancel()
        for worker in self._workers:
            worker.kill()
        while self._workers or self._tasks:
            await asyncio.sleep(0.01)

    def ask(self, request: frames.QueryRequest | frames.DumpRequest, deadline: float, receive: Receive | None = None) -> Job:
        """Sends it to a worker, or lets it wait for one; raises Overloaded where too many wait already.

        `receive` is where the client's going away would be heard (ASGI).
        """
        if not self._idle and (waiting := self.waiting) >= self._queue:
            raise Overloaded(f"{waiting} queries wait already")
        job = Job(self, marshal.dumps(request), deadline, receive)
        if self._idle:
            self._idle.pop().start(job)
        elif self._waiting or not self._send_ahead(job):
            self._waiting.append(job)
        return job

    def _send_ahead(self, job: Job) -> bool:
        now = self.loop.time()
        taking = (one for one in self._workers if one.takes_more(now) and not one.is_behind(self._pointer))
        least = min(taking, key=_ahead, default=None)
        if least is None:
            return False
        least.start(job)
        if self._recalling is None:
            self._recalling = self.loop.call_later(_PATIENCE, self._recall)
        return True

    def _recall(self) -> None:
        """Takes back what waits behind a request that takes long."""
        self._recalling = None
        now = self.loop.time()
        for worker in self._workers:
            if worker.ahead:
                if now - worker.began < _PATIENCE:
                    self._recalling = self._recalling or self.loop.call_later(_PATIENCE, self._recall)
                else:
                    self._waiting.extendleft(reversed(worker.recall()))
        self._dispatch()

    def _dispatch(self) -> None:
        while self._waiting and self._idle:
            self.free(self._idle.pop())

    def free(self, worker: _Worker) -> None:
        if not worker.retired and worker.long and (self.serving >= self._size or not worker.take_back()):
            worker.retired = True
            self._later(self._replace())
        if worker.retired:
            worker.retire()
            return
        if worker.is_behind(self._pointer):
            if worker.idle:
                worker.start(Job(self, marshal.dumps(frames.OPEN), _UNTIL_OPEN, None))
            return
        if worker is self._spare:
            return
        while self._waiting:
            # Where many wait, the oldest may never be answered in time: those who came last still can be (adaptive LIFO).
            job = self._waiting.pop() if len(self._waiting) > _MANY else self._waiting.popleft()
            if not job.head.done():
                worker.start(job)
                return
        if worker.idle:
            self._idle.append(worker)

    def lost(self, worker: _Worker, ahead: list[Job], *, expected: bool) -> None:
        """Does without the worker; what was sent ahead to it goes to others."""
        self._workers.discard(worker)
        self.died += not expected
        if worker in self._idle:
            self._idle.remove(worker)
        if self._stopping:
            for job in ahead:
                job.fail(StoreError("the server is stopping"))
        else:
            self._waiting.extendleft(reversed(ahead))
            self._dispatch()
        self._later(self.loop.run_in_executor(None, worker.process.wait))
        if worker is self._spare:
            self._spare = None
        if not expected and not self._stopping:
            if not worker.long and worker.ready.done() and self.serving < self._size:
                self._put_in_spare()
            else:
                self._later(self._replace())

    async def _replace(self) -> None:
        pause = 0.05
        while not self._stopping and (self.serving < self._size or self._spare is None):
            try:
                worker = await self._spawn()
                if self.serving > self._size:  # newer ones came while it started, or it is the spare one
                    if self._spare is None and worker.snapshot == self.snapshot:
                        self._spare = worker
                        continue
                    worker.retired = True
                self.free(worker)
            except StoreError:
                await asyncio.sleep(pause)
                pause = min(2 * pause, 2.0)

    async def _spawn(self) -> _Worker:
        worker = _Worker(self)
        self._workers.add(worker)
        await worker.connect()
        return worker

    def _put_in_spare(self) -> None:
        """Puts the worker that stands ready in the place of one that is set aside or gone, and gets another ready."""
        spare, self._spare = self._spare, None
        if spare is not None and not spare.retired:
            self.free(spare)
        self._later(self._replace())

    async def _mind(self) -> None:
        """Sees to it that long queries hold up nobody."""
        while True:
            await asyncio.sleep(_LOOK_FOR_LONG_EVERY)
            now = self.loop.time()
            at_length = [one for one in self._workers if one.is_at_length(now)]
            for worker in [one for one in at_length if not (one.long or one.retired)]:
                aside = [one for one in self._workers if one.long]
                if len(aside) < self._long:
                    self._waiting.extendleft(reversed(worker.set_aside()))
                    self._put_in_spare()
                elif self._waiting and now - worker.began > _TOO_LONG:
                    (next((one for one in aside if one.paused), worker)).end(
                        Overloaded("others wait, and as many long queries run as this server takes on")
                    )
            self._dispatch()

    async def renew(self) -> None:
        """Has the newest snapshot answer what is asked from now on.

        Workers open it where they are; those that are at something for long make way for new ones. Raises StoreError where
        it cannot be opened.
        """
        async with self._taking_up:
            self._pointer = snapshot.current(self.root)
            idle = [*self._idle, *([self._spare] if self._spare is not None else [])]
            self._idle.clear()
            for worker in idle:
                self.free(worker)
            patience = self.loop.time() + _UNTIL_REPLACED
            while behind := [one for one in self._workers if not one.retired and one.is_behind(self._pointer)]:
                if self.loop.time() > patience:
                    for worker in behind:
                        worker.retire()
                    break
                await asyncio.sleep(0.001)
            newest = snapshot.acquire(self.root)
            self.snapshot = newest.id
            newest.close()
            self._later(self._replace())

    async def _follow(self) -> None:
        """Looks for newer snapshots."""
        while True:
            await asyncio.sleep(_LOOK_FOR_SNAPSHOT_EVERY)
            async with self._taking_up:
                newest = snapshot.current(self.root)
                if newest != self._pointer:
                    with contextlib.suppress(StoreError):  # the old one goes on answering; the next look tries again
                        await self._take_up(newest)

    async def _take_up(self, pointer: str | None) -> None:
        """Opens the newest snapshot in new workers, then lets the old ones go as they finish."""
        old = [worker for worker in self._workers if not worker.retired]
        spawned = await asyncio.gather(*(self._spawn() for _ in range(self._size)), return_exceptions=True)
        workers = [one for one in spawned if isinstance(one, _Worker)]
        if len(workers) < self._size:
            for worker in workers:
                worker.retire()
            self._later(self._replace())  # of those that died meanwhile
            raise next(one for one in spawned if isinstance(one, BaseException))
        self._idle.clear()
        self._pointer, self.snapshot = pointer, workers[0].snapshot
        for worker in workers:
            self.free(worker)
        for worker in old:
            worker.retire()
        self._spare = None
        self._later(self._replace())

    def _later(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _number(snapshot: str) -> int:
    return int(snapshot.partition("-")[0])


def _ahead(worker: _Worker) -> int:
    return worker.ahead
