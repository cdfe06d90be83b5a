"""One query worker as the server sees it, and what it is given to do.

A worker is sent a few requests ahead of the one it is at, which saves both processes a wait for each. What it produces is
taken off its hands as fast as the client takes it, and beyond that slowly, into a file (`spool`), so that a slow client holds
no worker.
"""

from __future__ import annotations

import asyncio
import marshal
import mmap
import os
import signal
import socket
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from kgraph import media
from kgraph.errors import KgraphError, QueryTimeout, StoreError
from kgraph.server import frames
from kgraph.server.asgi import Receive
from kgraph.server.spool import Spool

if TYPE_CHECKING:
    from kgraph.server.pool import Pool

_AHEAD = 4
_PATIENCE = 0.01
_WATCHED_AFTER = 0.2
_ALL_OF_A_PROCESS = 2
"""With the bits of a process id, the clock of what all its threads have computed (`CPUCLOCK_SCHED` in Linux)."""


class Overloaded(StoreError):
    """More requests wait than the server takes on."""


class WorkerLost(StoreError):
    """The worker that ran this query died under it."""


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

    def __init__(self, pool: Pool, request: bytes, deadline: float, receive: Receive | None, client: str) -> None:
        self._pool = pool
        self.request = request
        self.client = client
        self.shape = 0
        """What kind of query it is, where that was looked at."""
        self.is_long = False
        self._deadline = deadline
        self._asked = pool.loop.time()
        self._receive = receive
        self._watch: asyncio.Task[None] | None = None
        self.head: asyncio.Future[Head] = pool.loop.create_future()
        self.held: Head | None = None
        """The head of a long answer that nobody was told of yet, so that it can still be begun again."""
        self.worker: Worker | None = None
        self.number = 0
        self.spool: Spool | None = None

    def look(self, now: float) -> None:
        """Ends it if it is past its deadline; looks whether its client is still there if it takes long."""
        if now - self._asked >= self._deadline:
            self.stop(QueryTimeout(f"the query took longer than its {self._deadline:g} seconds"))
        elif self._watch is None and self._receive is not None and now - self._asked >= _WATCHED_AFTER:
            self._watch = asyncio.ensure_future(self._watch_client(self._receive))

    async def _watch_client(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.stop(WorkerLost("the client has gone"))

    def begin(self) -> None:
        """Lets the client have what is held."""
        if self.held is not None and not self.head.done():
            self.head.set_result(self.held)
        self.held = None

    def begin_again(self) -> None:
        """Forgets what is held."""
        self.held = None
        self.worker = None
        if self.spool is not None:
            self.spool.close()
            self.spool = None

    def finish(self, head: Head | None = None) -> None:
        """It is answered: by this, if it was not begun before."""
        if head is not None and not self.head.done():
            self.head.set_result(head)
        self.worker = None
        self._pool.jobs.discard(self)

    def fail(self, error: KgraphError) -> None:
        self.finish()
        if not self.head.done():
            self.head.set_exception(error)
        elif self.spool is not None:
            self.spool.end(error)

    def stop(self, reason: KgraphError) -> None:
        """Ends it now, with this reason, wherever it is: waiting, running or done."""
        worker = self.worker
        self.fail(reason)
        if worker is not None:
            worker.give_up(self)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The rest of a long answer; raises what ended it before its end."""
        assert self.spool is not None
        async for piece in self.spool.pieces(self._taken):
            yield piece

    def _taken(self) -> None:
        if self.worker is not None:
            self.worker.resume()

    def close(self) -> None:
        """Nobody wants the answer any more."""
        if self.worker is not None:
            self.stop(WorkerLost("the client has gone"))
        self._pool.jobs.discard(self)
        if self._watch is not None:
            self._watch.cancel()
        if not self.head.cancel() and not self.head.cancelled():
            self.head.exception()  # looked at, or asyncio would report it as overlooked
        if self.spool is not None:
            self.spool.close()


class Worker(asyncio.Protocol):
    """The server's end of one worker process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._transport: asyncio.Transport
        self._outgoing: list[bytes] = []
        self._incoming = b""
        self._passing = 0
        self._jobs: deque[Job] = deque()
        self._next = 1
        self._began = 0.0
        self._computed = 0.0
        self._killed = False
        self.paused = False
        """Whether it waits for a reader."""
        self._policy = os.SCHED_OTHER
        self.retired = False
        self.pid: int | None = None
        self.snapshot = ""
        self.generation = 0
        """The number of the snapshot that it has open; it grows with each one."""
        self.ready: asyncio.Future[None] = pool.loop.create_future()
        memory = os.memfd_create("kgraph-recalled")
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                os.ftruncate(memory, mmap.PAGESIZE)
                self._recalled = mmap.mmap(memory, mmap.PAGESIZE)
                pool.nursery.fork(theirs.fileno(), memory)
            finally:
                os.close(memory)
        ours.setblocking(False)
        self._socket = ours

    async def connect(self) -> None:
        """Waits until it takes requests; raises StoreError where it cannot open the store."""
        await self._pool.loop.create_unix_connection(lambda: self, sock=self._socket)
        await self.ready

    @property
    def idle(self) -> bool:
        return not self._jobs

    @property
    def job(self) -> Job | None:
        """What it is at."""
        return self._jobs[0] if self._jobs else None

    @property
    def ahead(self) -> int:
        """How many requests wait here for their turn."""
        return len(self._jobs) - 1 if self._jobs else 0

    def been(self, now: float) -> float:
        """For how many seconds it has been at one request; 0 where it does nothing, or is ending."""
        return now - self._began if self._jobs and not self._killed else 0.0

    def worked(self) -> float:
        """For how many seconds it has computed at this request, since this was first asked about it."""
        if self.pid is None or self._killed or not self._jobs:
            return 0.0
        computed = time.clock_gettime(~self.pid << 3 | _ALL_OF_A_PROCESS)
        self._computed = self._computed or computed
        return computed - self._computed

    def takes_more(self, now: float) -> bool:
        """Whether a request sent ahead would not wait for long."""
        return 0 < len(self._jobs) < _AHEAD and not (self.retired or self._killed) and now - self._began < _PATIENCE

    def keeps_waiting(self, now: float) -> bool:
        """Whether something was sent ahead that should go to others by now."""
        return len(self._jobs) > 1 and now - self._began >= _PATIENCE

    def start(self, job: Job) -> None:
        if not self._jobs:
            self._began = self._pool.loop.time()
            self._computed = 0.0
        job.worker = self
        job.number = self._next
        self._next += 1
        self._jobs.append(job)
        if not self._outgoing:  # what is started in one round of the event loop is sent at once
            self._pool.loop.call_soon(self._send)
        self._outgoing += (frames.PREFIX.pack(len(job.request), frames.ASK, job.number), job.request)

    def _send(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"".join(self._outgoing))
        self._outgoing.clear()

    def recall(self) -> list[Job]:
        """Takes back what was sent ahead."""
        if self._jobs:  # the lower end first: in between, nothing is skipped that should not be
            frames.NUMBER.pack_into(self._recalled, 0, self._jobs[0].number + 1)
            frames.NUMBER.pack_into(self._recalled, frames.NUMBER.size, self._next)
        jobs = list(self._jobs)[1:]
        while len(self._jobs) > 1:
            self._jobs.pop().worker = None
        return jobs

    def give_back(self) -> Job:
        """Ends the process, and gives back what it is at for another to begin it again."""
        job = self._jobs.popleft()
        job.begin_again()
        self.kill()
        return job

    def give_up(self, job: Job) -> None:
        """Stops the request if it is being worked on; lets it go if it only waits its turn."""
        if self._jobs[0] is job:
            self.kill()
        else:
            self._jobs.remove(job)

    def kill(self) -> None:
        self._killed = True
        if self.pid is not None:  # else as soon as it has said it
            os.kill(self.pid, signal.SIGKILL)
        self._resume()  # or the end of the connection would not be read

    def schedule(self, policy: int) -> bool:
        """Has the system schedule it otherwise (sched(7)); tells whether it does."""
        if self.pid is not None and policy != self._policy:
            try:
                os.sched_setscheduler(self.pid, policy, os.sched_param(0))
            except OSError:
                return False
            self._policy = policy
        return True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._incoming:
            data = self._incoming + data
        at, size = 0, frames.PREFIX.size
        while True:
            if self._passing:
                piece = data[at : at + self._passing]
                at += len(piece)
                self._passing -= len(piece)
                if piece:
                    self._pass_on(piece)
            if len(data) - at < size:
                break
            length, tag, number = frames.PREFIX.unpack_from(data, at)
            if tag == frames.DATA:
                self._passing = length
                self._passed = number
                at += size
                continue
            if len(data) - at - size < length:
                break
            self._frame(tag, number, data[at + size : at + size + length])
            at += size + length
        self._incoming = data[at:]

    def _pass_on(self, piece: bytes) -> None:
        """Takes a piece of a long answer."""
        job = self.job
        if job is not None and job.number == self._passed and job.worker is self and job.spool is not None:
            job.spool.put(piece)
            if job.spool.ahead and not self.paused:
                self.paused = True
                self._transport.pause_reading()

    def _frame(self, tag: int, number: int, payload: bytes) -> None:
        job = self.job
        if tag == frames.HELLO:
            self.pid = int(payload)
            if self._killed:
                self.kill()
        elif tag == frames.READY:
            self.snapshot = payload.decode()
            self.generation = int(self.snapshot.partition("-")[0])
            if not self.ready.done():
                self.ready.set_result(None)
            elif job is not None and job.number == number:
                job.finish()
                self._next_job()
                self._pool.give_work(self)
        elif job is None or job.number != number or job.worker is not self:
            return  # the answer to a request that was recalled too late, or given up
        elif tag == frames.WHOLE:
            self._finish(job, Head(media.FORMATS[payload[0]], self.snapshot, payload[1:]))
        elif tag == frames.HEAD:
            job.spool = Spool(self._pool.spooled_bytes)
            job.held = Head(media.FORMATS[payload[0]], self.snapshot, None)
            if not self._pool.may_put_back(self):
                job.begin()
        elif tag == frames.END:
            assert job.spool is not None
            job.begin()
            job.spool.end(cut=bool(payload[0]))
            self._finish(job)
        elif tag == frames.ERROR:
            job.fail(frames.error_from_wire(marshal.loads(payload)))  # noqa: S302  (from our own child)
            self._finish(job)

    def _finish(self, job: Job, head: Head | None = None) -> None:
        job.finish(head)
        worked = self.worked() if self._computed else 0.0
        began = self._began
        self._next_job()
        self._resume()
        self._pool.done(self, job, self._began - began, worked)

    def _next_job(self) -> None:
        self._jobs.popleft()
        self._began, self._computed = self._pool.loop.time(), 0.0

    def resume(self) -> None:
        """Takes more of what it has, unless that must wait for its reader."""
        if self.job is None or self.job.spool is None or not self.job.spool.full:
            self._resume()

    def _resume(self) -> None:
        if self.paused:
            self.paused = False
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
        job = self.job if self.job is not None and self.job.worker is self else None
        if job is not None:
            job.worker = None
        self._recalled.close()
        self._pool.lost(self, job, ahead, expected=expected)
