"""The child processes of a build: order, deaths, starts that fail, and a parent that goes away."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from kgraph.build.workers import Lost, run
from kgraph.errors import Misuse


def double(task: int) -> int:
    return task * 2


def make_double() -> Callable[[int], int]:
    return double


def slow_first(task: int) -> int:
    time.sleep(0.5 if task == 0 else 0)
    return task


def make_slow_first() -> Callable[[int], int]:
    return slow_first


def die_on_three(task: int) -> int:
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def make_mortal() -> Callable[[int], int]:
    return die_on_three


def make_nothing() -> Callable[[int], int]:
    raise Misuse("no model", hint="install it")


def make_a_corpse() -> Callable[[int], int]:
    os._exit(7)


def echo(task: bytes) -> bytes:
    return task


def make_echo() -> Callable[[bytes], bytes]:
    return echo


def test_results_come_in_the_order_of_the_tasks():
    assert list(run(make_slow_first, range(20), jobs=2)) == list(range(20))


def test_no_task_starts_no_process():
    assert list(run(make_nothing, [], jobs=2)) == []


def test_a_death_costs_only_the_task_it_held():
    assert list(run(make_mortal, range(7), jobs=2)) == [0, 1, 2, Lost(-signal.SIGKILL), 4, 5, 6]


def test_a_process_that_dies_idle_costs_no_task():
    def tasks() -> Iterator[int]:
        yield 1
        time.sleep(0.2)
        yield 2

    # The first result is held back while its process is killed; the second task then goes to a new one.
    results = run(make_pid, tasks(), jobs=1)
    first = next(results)
    assert isinstance(first, int)
    os.kill(first, signal.SIGKILL)
    time.sleep(0.2)
    rest = list(results)
    assert len(rest) == 1


def pid(task: int) -> int:
    return os.getpid()


def make_pid() -> Callable[[int], int]:
    return pid


def test_a_start_that_fails_is_raised_with_its_hint():
    with pytest.raises(Misuse, match="install it"):
        list(run(make_nothing, range(3), jobs=1))


def test_a_process_that_dies_while_it_starts_is_an_error():
    with pytest.raises(Exception, match="code 7"):
        list(run(make_a_corpse, range(3), jobs=1))


def test_large_tasks_and_results_do_not_block_each_other():
    tasks = [bytes(3_000_000)] * 6
    assert list(run(make_echo, tasks, jobs=2)) == tasks


def test_tasks_are_taken_as_they_are_needed():
    taken = []

    def tasks() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = run(make_double, tasks(), jobs=1)
    assert next(results) == 0
    assert len(taken) < 50
    results.close()


def test_closing_ends_the_processes():
    results = run(make_pid, range(10), jobs=1)
    child = next(results)
    results.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
