"""The pool of query workers: who answers what, until when, from which snapshot.

pyoxigraph can neither time out nor cancel a query, so each runs in a process that can be killed: at its deadline, or when its
client has gone. A killed worker costs only its own request and is replaced at once.

What is quick never waits for what is long. Every query begins among the quick ones. One that takes longer than they do is set
aside: it goes on, on processors that nobody else wants, while a worker that stood ready takes its place. Only so many go on
beside the others. Where that many do, and others wait, one more is put back as if it had not begun; it waits, with those that
were long before, for one of these places. Requests that a long one would hold up in the worker they were sent to are recalled,
and go to others.
"""

from __future__ import annotations

import asyncio
import contextlib
import marshal
import os
import re
import signal
from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from pathlib import Path

from kgraph.errors import StoreError
from kgraph.server import frames
from kgraph.server.asgi import Receive
from kgraph.server.limits import Limits
from kgraph.server.nursery import Nursery
from kgraph.server.spool import Spool
from kgraph.server.tally import Timings
from kgraph.server.workers import Job, Overloaded, Worker, WorkerLost
from kgraph.store import snapshot

_QUICK = 0.01
_STUCK = 0.2
_LONG_AGO = 1.0
_LATELY = 0.25
_TOO_LONG = 2.0
_LOOK_EVERY = 0.005
_SWEEP_EVERY = 0.05
_MANY = 8
_IN_RESERVE = 2
_SURELY = 2
_MOST_KNOWN = 1000
_LOOKED_AT = 4096
_LOOK_FOR_SNAPSHOT_EVERY = 1.0
_UNTIL_FEWER = 30.0
_UNTIL_OPEN = 5.0
_OPEN = marshal.dumps(frames.OPEN)
_UNTIL_REPLACED = 0.25
_VARIES = re.compile(r"""<[^<>\s]*>|"[^"\r\n]*"|'[^'\r\n]*'|[?$]\w+|\d+|\#[^\r\n]*""")


class Pool:
    """Query workers on the newest snapshot of the store at `root`."""

    def __init__(self, root: Path, *, size: int, limits: Limits, services: Sequence[str] = ()) -> None:
        self.root = root
        most = (limits.answer_bytes, limits.answer_rows, limits.query_memory)
        self.nursery = Nursery([str(root), *map(str, most), *services])
        self.spooled_bytes = limits.spooled_bytes
        self.loop: asyncio.AbstractEventLoop
        self.snapshot = ""
        self.searched = ""
        """The snapshot whose words can be searched; mostly the newest, else one shortly before it."""
        self.took = Timings()
        """What workers spent on each request."""
        self.died = 0
        """Workers that ended while they were needed."""
        self.jobs: set[Job] = set()
        """What is waiting or being worked on."""
        self._size = size
        self._queue = limits.waiting
        self._most_long = max(limits.long, size)
        self._workers: set[Worker] = set()
        self._quick: set[Worker] = set()
        self._idle: list[Worker] = []
        self._long: set[Worker] = set()
        self._reserve: list[Worker] = []
        self._starting = 0
        self._waiting: deque[Job] = deque()
        self._waiting_long: deque[Job] = deque()
        self._known: OrderedDict[int, int] = OrderedDict()
        """How many queries of a shape were long since one was quick."""
        self._last_quick = self._last_long = self._last_sweep = 0.0
        self._spooling = False
        self._policy = os.SCHED_OTHER
        self._looking: asyncio.TimerHandle | None = None
        self._pointer: str | None = None
        self._generation = 0
        self._taking_up = asyncio.Lock()
        self._tasks: set[asyncio.Future[object]] = set()
        self._follower: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def ready(self) -> bool:
        """Whether a query would find a worker."""
        return not self._stopping and bool(self._quick)

    @property
    def serving(self) -> int:
        """How many workers take queries, without those in reserve or at long ones."""
        return len(self._quick)

    @property
    def pointer(self) -> str | None:
        """The path, below the root, of the snapshot that answers."""
        return self._pointer

    @property
    def waiting(self) -> int:
        """How many requests wait for a worker."""
        return self._number_waiting(long=False) + self._number_waiting(long=True)

    def _number_waiting(self, *, long: bool) -> int:
        return len(self._waiting_long) if long else len(self._waiting) + sum(worker.ahead for worker in self._quick)

    async def start(self) -> None:
        """Raises StoreError where the store cannot be opened."""
        self.loop = asyncio.get_running_loop()
        self.nursery.start()
        started = await asyncio.gather(*(self._spawn() for _ in range(self._size)), return_exceptions=True)
        failed = next((one for one in started if isinstance(one, BaseException)), None)
        if failed is not None:
            await self.stop()
            raise failed
        self._reserve += (one for one in started if isinstance(one, Worker))
        await self.renew()
        self._follower = asyncio.create_task(self._follow())

    def end(self) -> None:
        """Ends all that is asked, waiting or going on: the server stops."""
        self._stopping = True
        for job in list(self.jobs):
            job.stop(Overloaded(_STOPPING))

    async def stop(self) -> None:
        self.end()
        if self._follower is not None:
            self._follower.cancel()
        for worker in self._workers:
            worker.kill()
        while self._workers or self._tasks:
            await asyncio.sleep(0.01)
        self.nursery.stop()

    def ask(
        self,
        request: frames.QueryRequest | frames.DumpRequest,
        deadline: float,
        receive: Receive | None = None,
        client: str = "",
    ) -> Job:
        """Sends it to a worker, or lets it wait for one; raises Overloaded where too many wait already.

        `receive` is where the client's going away would be heard (ASGI); `client` tells whom it is for: where long queries
        wait, clients take turns.
        """
        if self._stopping:
            raise Overloaded(_STOPPING)
        job = Job(self, marshal.dumps(request), deadline, receive, client)
        if self._known:
            job.shape = _shape(request)
        long = self._known.get(job.shape, 0) >= _SURELY
        if not self._idle and (waiting := self._number_waiting(long=long)) >= self._queue:
            raise Overloaded(f"{waiting} queries wait already")
        self.jobs.add(job)
        if long:
            self._waiting_long.append(job)
            self._dispatch()
        elif self._idle:
            self._idle.pop().start(job)
        elif self._waiting or not self._send_ahead(job):
            self._waiting.append(job)
        self._look_on()
        return job

    def _send_ahead(self, job: Job) -> bool:
        now = self.loop.time()
        least = None
        for worker in self._quick:
            if worker.takes_more(now) and worker.generation >= self._generation:
                least = worker if least is None or worker.ahead < least.ahead else least
        if least is not None:
            least.start(job)
        return least is not None

    def may_put_back(self, worker: Worker) -> bool:
        """Whether what this worker is at could be long, with no place for it to go on."""
        return worker not in self._long and len(self._long) >= self._most_long

    def done(self, worker: Worker, job: Job, took: float, worked: float) -> None:
        """The worker has answered this, in so many seconds and so much work, and can do something else."""
        self.took.add(took)
        if took < _QUICK or (worker in self._long and worked < _QUICK):
            self._last_quick = self.loop.time()
            self._known.pop(job.shape, None)
        self.give_work(worker)

    def give_work(self, worker: Worker) -> None:
        """Has it do what is to be done next, if anything is."""
        if worker.generation > self._generation:
            self._advance(worker)
        if worker.retired:
            worker.retire()
        elif worker.generation < self._generation:
            if worker in self._long:
                self._retire(worker)
                self._keep_up()
            elif worker.idle:
                self._open_newest(worker)
        elif worker in self._long:
            if (job := self._next_long()) is not None:
                self._start_long(worker, job)
            else:
                self._take_back(worker)
        elif worker in self._quick:
            if (job := self._next()) is not None:
                worker.start(job)
            elif worker.idle:
                self._idle.append(worker)

    def _open_newest(self, worker: Worker) -> None:
        """Has the worker open the newest snapshot; one that does not come to it is ended."""
        job = Job(self, _OPEN, _UNTIL_OPEN, None, "")
        job.head.cancel()  # nobody waits for it
        self.jobs.add(job)
        worker.start(job)
        self._look_on()

    def _advance(self, newest: Worker) -> None:
        """Lets nobody answer from before the snapshot that this worker has open: no client may see an older one after it."""
        self._generation, self.snapshot = newest.generation, newest.snapshot
        self._pointer = snapshot.pointer_to(newest.generation)
        idle, self._idle = self._idle, []
        for worker in (*idle, *self._reserve):
            if worker is not newest:
                self.give_work(worker)

    def _next(self) -> Job | None:
        """Where many wait, the oldest may never be answered in time: those who came last still can be (adaptive LIFO)."""
        while self._waiting:
            job = self._waiting.pop() if len(self._waiting) > _MANY else self._waiting.popleft()
            if job in self.jobs:
                return job
        return None

    def _next_long(self) -> Job | None:
        """Of the clients that have the fewest long queries going on, the one that has waited longest."""
        self._waiting_long = deque(job for job in self._waiting_long if job in self.jobs)
        if not self._waiting_long:
            return None
        going_on = Counter(worker.job.client for worker in self._long if worker.job is not None)
        job = min(self._waiting_long, key=lambda one: going_on[one.client])
        self._waiting_long.remove(job)
        return job

    def _take_back(self, worker: Worker) -> None:
        """Makes it one of the quick ones again, or of those in reserve."""
        self._long.discard(worker)
        if worker.schedule(self._policy):
            self._reserve.append(worker)
        else:
            self._retire(worker)
        self._keep_up()

    def _retire(self, worker: Worker) -> None:
        self._forget(worker)
        worker.retire()

    def _forget(self, worker: Worker) -> None:
        self._quick.discard(worker)
        self._long.discard(worker)
        for some in (self._idle, self._reserve):
            with contextlib.suppress(ValueError):
                some.remove(worker)

    def _keep_up(self) -> None:
        """Has as many take queries as should, from the reserve, and gets others ready."""
        while self._reserve and len(self._quick) < self._size:
            worker = self._reserve.pop()
            self._quick.add(worker)
            self.give_work(worker)
        wanted = self._size - len(self._quick) + _IN_RESERVE - len(self._reserve) - self._starting
        for _ in range(0 if self._stopping else wanted):
            self._starting += 1
            self._later(self._add())

    async def _add(self) -> None:
        pause = 0.05
        while not self._stopping:
            try:
                worker = await self._spawn()
            except StoreError:
                await asyncio.sleep(pause)
                pause = min(2 * pause, 2.0)
            else:
                worker.schedule(self._policy)
                self._reserve.append(worker)
                self.give_work(worker)
                break
        self._starting -= 1
        self._keep_up()
        self._dispatch()

    async def _spawn(self) -> Worker:
        try:
            worker = Worker(self)
        except OSError as error:
            raise StoreError(f"no query worker can be started: {error}") from error
        self._workers.add(worker)
        await worker.connect()
        return worker

    def lost(self, worker: Worker, job: Job | None, ahead: list[Job], *, expected: bool) -> None:
        """Does without the worker, which was at this job; what was sent ahead to it goes to others."""
        self._workers.discard(worker)
        self._forget(worker)
        self.died += not expected
        if self._stopping:
            for one in ahead:
                one.fail(Overloaded(_STOPPING))
        self._waiting.extendleft(reversed(ahead))
        self._later(self._bury(worker.pid, job))
        self._keep_up()
        self._dispatch()

    async def _bury(self, pid: int | None, job: Job | None) -> None:
        """Waits for the end of a process, and tells the client of its job what ended it."""
        signalled = await _end_of(pid) if pid is not None else None
        if job is not None:
            job.fail(WorkerLost(_TOO_MUCH if signalled == signal.SIGABRT else "the process that ran the query died"))

    def _dispatch(self) -> None:
        while self._waiting and self._idle:
            self.give_work(self._idle.pop())
        while self._waiting_long and len(self._long) < self._most_long and (self._reserve or self._idle):
            if (job := self._next_long()) is None:
                break
            worker = self._reserve.pop() if self._reserve else self._idle.pop()
            self._quick.discard(worker)
            self._long.add(worker)
            self._start_long(worker, job)
            self._keep_up()

    def _start_long(self, worker: Worker, job: Job) -> None:
        worker.start(job)
        worker.worked()  # from here on

    def _look_on(self) -> None:
        if self._looking is None:
            self._looking = self.loop.call_later(_LOOK_EVERY, self._look)

    def _look(self) -> None:
        """What is done a few times in the time that a quick query may take, as long as there is anything to do."""
        now = self.loop.time()
        if now - self._last_sweep >= _SWEEP_EVERY:
            self._last_sweep = now
            for job in list(self.jobs):
                job.look(now)
        for worker in self._quick:
            if worker.keeps_waiting(now):
                self._waiting.extendleft(reversed(worker.recall()))
        self._make_room(now)
        self._spool_on()
        self._dispatch()
        self._looking = self.loop.call_later(_LOOK_EVERY, self._look) if self.jobs else None

    def _make_room(self, now: float) -> None:
        """Sees to it that long queries hold up nobody."""
        for worker in [one for one in self._quick if one.been(now) > _QUICK]:
            if worker.worked() < _QUICK and worker.been(now) < _STUCK:
                continue  # it waits for a processor, as those do who are to have its place
            job = worker.job
            assert job is not None
            if job.request is _OPEN:  # no query: it has a deadline of its own
                continue
            self._learn(job)
            self._last_long = now
            # What was begun while there was a place cannot be put back, and keeps none from the quick for that.
            places = self._most_long + (self._size if job.head.done() else 0)
            if len(self._long) < places:
                self._quick.discard(worker)
                self._long.add(worker)
                self._waiting.extendleft(reversed(worker.recall()))
                job.begin()
            elif not self._waiting:
                if worker.been(now) > _STUCK:
                    job.begin()
            elif not job.head.done() and len(self._waiting_long) < self._queue:
                self._waiting.extendleft(reversed(worker.recall()))
                self._waiting_long.append(worker.give_back())
                self._forget(worker)
            elif worker.been(now) > _TOO_LONG:
                job.stop(Overloaded(_TOO_MANY))
        if self._waiting_long and len(self._long) >= self._most_long:
            self._end_one_that_waits_for_its_reader(now)
        if self._waiting or now - self._last_quick < _LATELY:
            for worker in self._long:
                worker.schedule(os.SCHED_IDLE)
        self._schedule(now)
        self._keep_up()

    def _schedule(self, now: float) -> None:
        """Has workers come at once where they share the processors with long queries, and else not interrupt the server."""
        policy = os.SCHED_OTHER if self._long or now - self._last_long < _LONG_AGO else os.SCHED_BATCH
        if policy != self._policy:
            self._policy = policy
            for worker in (*self._quick, *self._reserve):
                worker.schedule(policy)

    def _end_one_that_waits_for_its_reader(self, now: float) -> None:
        for worker in self._long:
            job = worker.job
            if job is not None and job.spool is not None and job.spool.full and worker.been(now) > _TOO_LONG:
                job.stop(Overloaded(_TOO_MANY))
                return

    def _learn(self, job: Job) -> None:
        """Remembers what kind of query is long: more of that kind begin where long ones go on, and wait there."""
        if job.is_long:
            return
        job.is_long = True
        shape = job.shape = job.shape or _shape(marshal.loads(job.request))  # noqa: S302  (our own)
        self._known[shape] = self._known.get(shape, 0) + 1
        self._known.move_to_end(shape)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        if self._known[shape] == _SURELY and self._waiting:
            waiting, self._waiting = self._waiting, deque()
            for one in waiting:
                one.shape = one.shape or _shape(marshal.loads(one.request))  # noqa: S302
                (self._waiting_long if one.shape == shape else self._waiting).append(one)

    def _spool_on(self) -> None:
        """Has one answer that is ahead of its reader go on into its file: one at a time, for that is the server's own work."""
        if not self._spooling:
            for worker in self._workers:
                if worker.paused and worker.job is not None and not (worker.job.spool is None or worker.job.spool.full):
                    self._spooling = True
                    self._later(self._spool(worker, worker.job, worker.job.spool))
                    return

    async def _spool(self, worker: Worker, job: Job, spool: Spool) -> None:
        try:
            await spool.make_room()
        except OSError as error:
            job.stop(StoreError(f"an answer that waits for its reader could not be kept: {error}"))
        finally:
            self._spooling = False
        if worker.job is job:
            worker.resume()

    async def renew(self) -> None:
        """Has the newest snapshot answer what is asked from now on.

        Workers open it where they are; those that are at something for long make way for new ones. Raises StoreError where
        it cannot be opened.
        """
        async with self._taking_up:
            await self._take_up(snapshot.current(self.root))

    async def _follow(self) -> None:
        """Looks for newer snapshots."""
        while True:
            await asyncio.sleep(_LOOK_FOR_SNAPSHOT_EVERY)
            async with self._taking_up:
                newest = snapshot.current(self.root)
                if newest != self._pointer:
                    with contextlib.suppress(StoreError):  # the old one goes on answering; the next look tries again
                        self._reserve.append(await self._spawn())
                        await self._take_up(newest)
            if self.loop.time() - self._last_long > _UNTIL_FEWER:
                self._known.clear()
                if len(self._reserve) > _IN_RESERVE:
                    self._retire(self._reserve[0])

    async def _take_up(self, pointer: str | None) -> None:
        """Opens the newest snapshot in all workers, and lets those go that do not come to it."""
        newest = snapshot.acquire(self.root)
        newest.close()
        self._pointer, self._generation = pointer, int(newest.id.partition("-")[0])
        for worker in self._long:
            worker.retire()
        old = [*self._idle, *self._reserve]
        self._idle.clear()
        for worker in old:
            self.give_work(worker)
        self._keep_up()
        patience = self.loop.time() + _UNTIL_REPLACED
        while behind := [one for one in self._workers if not one.retired and self._is_behind(one)]:
            if self.loop.time() > patience:
                for worker in behind:
                    self._retire(worker)
                break
            await asyncio.sleep(0.001)
        self.snapshot = newest.id
        self._keep_up()

    def _is_behind(self, worker: Worker) -> bool:
        return worker.ready.done() and worker.generation < self._generation

    def _later(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_TOO_MUCH = "the query would have taken more memory than this server gives to one, or its process died"
_STOPPING = "the server is stopping"
_TOO_MANY = "others wait, and as many long queries run as this server takes on"


def _shape(request: tuple[object, ...]) -> int:
    """The same for two queries that differ only in their names, values and comments."""
    return hash(_VARIES.sub(" ", str(request[1])[:_LOOKED_AT]))


async def _end_of(pid: int) -> int | None:
    """Waits until a child ends, and gives the signal that ended it, if one did."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(watched, ended.set)
    try:
        await ended.wait()
        _, status = os.waitpid(pid, os.WNOHANG)
        return os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    except ChildProcessError:
        return None
    finally:
        loop.remove_reader(watched)
        os.close(watched)
