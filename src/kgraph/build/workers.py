"""Child processes that each make one callable and apply it to task after task.

Results come out in the order of the tasks, so that what is built does not depend on which process was faster. A process that
dies costs the task it held and nothing else. A task goes only to a process that waits for one: were it queued in the pipe of a
busy process, a large task going in and a large result coming out could wait for each other for ever.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar

from kgraph.errors import KgraphError

Task = TypeVar("Task")
Result = TypeVar("Result")

# Not fork: the parent holds the store open, and threads of its own.
_SPAWN = multiprocessing.get_context("spawn")

_AHEAD = 16
"""Tasks per process that may be under way behind the oldest unfinished one: what bounds memory behind a slow task."""


@dataclass(frozen=True, slots=True)
class Lost:
    """In place of the result of a task whose process died; `exitcode` is negative where a signal ended it."""

    exitcode: int | None


def run(make: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task], *, jobs: int) -> Iterator[Result | Lost]:
    """The result of each task, in the order of the tasks, made by up to `jobs` processes.

    `make`, tasks and results must pickle; what `make` returns stays in its process, and raises only what should end that.

    Raises:
        KgraphError: a process could not make its callable, or died before it had.
    """
    numbered = enumerate(tasks)
    waiting = deque[tuple[int, Task]]()
    done = dict[int, Result | Lost]()
    workers = list[_Worker[Task, Result]]()
    taken = out = 0
    exhausted = False
    try:
        while not exhausted or out < taken:
            while not exhausted and len(waiting) < jobs and taken - out < _AHEAD * jobs:
                if (following := next(numbered, None)) is None:
                    exhausted = True
                else:
                    waiting.append(following)
                    taken += 1
            _hand_out(waiting, workers)
            if len(workers) < jobs and sum(worker.starting for worker in workers) < len(waiting):
                workers.append(_Worker(make))
            while out in done:
                yield done.pop(out)
                out += 1
            for worker in _heard(workers):
                number = worker.task
                result = worker.receive()
                if isinstance(result, Lost):
                    workers.remove(worker)
                if number is not None:
                    done[number] = result
    finally:
        for worker in workers:
            worker.stop()


def _hand_out(waiting: deque[tuple[int, Task]], workers: list[_Worker[Task, Result]]) -> None:
    for worker in [worker for worker in workers if worker.idle]:
        if not waiting:
            return
        if worker.give(*waiting[0]):
            waiting.popleft()
        else:
            workers.remove(worker)


def _heard(workers: list[_Worker[Task, Result]]) -> list[_Worker[Task, Result]]:
    """The workers that have something to say, waiting for the first of them; none if none of them is at work."""
    at_work = {worker.connection: worker for worker in workers if not worker.idle}
    return [at_work[connection] for connection in wait(list(at_work)) if isinstance(connection, Connection)] if at_work else []


class _Worker(Generic[Task, Result]):
    """A child process: it starts, then is idle or holds the task of one number."""

    def __init__(self, make: Callable[[], Callable[[Task], Result]]) -> None:
        self.connection, theirs = _SPAWN.Pipe()
        self.process: SpawnProcess = _SPAWN.Process(target=_work, args=(make, theirs), daemon=True)
        self.starting = True
        self.task: int | None = None
        with _no_interrupt():
            self.process.start()
        theirs.close()

    @property
    def idle(self) -> bool:
        return not self.starting and self.task is None

    def give(self, number: int, task: Task) -> bool:
        """Whether the process took the task; if not, it had died before."""
        try:
            self.connection.send(task)
        except OSError:
            self.stop()
            return False
        self.task = number
        return True

    def receive(self) -> Result | Lost:
        """What the process made of its task, or that it died; None for the word that it has started."""
        try:
            message: Any = self.connection.recv()
        except (EOFError, OSError):
            self.stop()
            if self.starting:
                raise KgraphError(
                    f"a build process ended with code {self.process.exitcode} before it could read anything",
                    hint="is there memory enough for --jobs?",
                ) from None
            return Lost(self.process.exitcode)
        if self.starting and message is not None:
            raise message
        self.starting = False
        self.task = None
        return message  # type: ignore[no-any-return]

    def stop(self) -> None:
        """Ends the process, at once where it is at work."""
        self.connection.close()
        if not self.idle:
            self.process.join(0.2)
            self.process.terminate()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Processes started here never see Ctrl-C, from their first instruction on: the parent hears it and ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(make: Callable[[], Callable[[Any], Any]], connection: Connection) -> None:
    """The life of a child: a word that it has started, then a result for each task, until its parent closes the pipe."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        try:
            apply = make()
        except KgraphError as error:
            connection.send(error)
            return
        connection.send(None)
        # What `make` made stays, so that looking for garbage in it is wasted; what a task leaves is looked for once, after it.
        # Measured on threads of comments: a tenth of a build's time.
        gc.collect()
        gc.freeze()
        gc.disable()
        while True:
            try:
                task = connection.recv()
            except EOFError:
                return
            connection.send(apply(task))
            del task
            gc.collect()
