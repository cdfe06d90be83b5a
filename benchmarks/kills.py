"""Kills servers and query workers under load, and publishes snapshots under load; counts what clients lose by it.

    python benchmarks/kills.py [--servers 50] [--workers 100] [--snapshots 30] [--clients 8]
                               [--write docs/reference/kill-test.md]

Every kill is a SIGKILL to a process of a real server over a store made for this. Ends with 1 where something is counted that
must not be.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.server.conftest import Served, fill, serving  # noqa: E402
from tests.server.writers import AUTHORIZED, WRITING, Killed, kill_while_writing, update  # noqa: E402

from kgraph.store import open_store  # noqa: E402

THINGS = 1000
POINT = "SELECT ?o {{ <http://example.org/doc/1#{n}> <https://schema.org/text> ?o }}"
EVERY = "SELECT ?s ?o {{ ?s <https://schema.org/text> ?o }} # {n}"
NUMBER = "SELECT ?o {{ <x:it> <x:number> ?o }} # {n}"
SET_NUMBER = (
    "DELETE WHERE {{ GRAPH <x:g> {{ <x:it> <x:number> ?o }} }} ; INSERT DATA {{ GRAPH <x:g> {{ <x:it> <x:number> {n} }} }}"
)


def values(answer: httpx.Response, name: str) -> set[str]:
    return {row[name]["value"] for row in answer.json()["results"]["bindings"]}


def at_once(work: Callable[[httpx.Client], None], url: str, clients: int) -> list[threading.Thread]:
    """Starts so many clients at this work, each with one connection of its own."""

    def run() -> None:
        with httpx.Client(base_url=url, timeout=60, limits=httpx.Limits(max_connections=1)) as client:
            work(client)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    return threads


@dataclass
class Answers:
    """How requests ended, and the longest that one took."""

    ends: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, end: str, seconds: float) -> None:
        with self.lock:
            self.ends[end] += 1
            self.longest = max(self.longest, seconds)


def kill_workers(root: Path, *, kills: int, clients: int) -> tuple[int, Answers]:
    """Kills one query worker after the other while clients ask, now and then for a long answer; gives back how many."""
    fill(root, things=THINGS)
    every = {f"http://example.org/doc/{document}#{n}" for document in (1, 2) for n in range(THINGS)}
    answers = Answers()
    over = threading.Event()

    def ask(client: httpx.Client) -> None:
        while not over.is_set():
            long, n = random.random() < 0.05, random.randrange(THINGS)
            query = EVERY.format(n=random.random()) if long else POINT.format(n=n) + f" # {random.random()}"
            began = time.monotonic()
            try:
                answer = client.get("/sparql", params={"query": query})
                if answer.status_code == 200:
                    right = values(answer, "s") == every if long else values(answer, "o") == {f"words {n}"}
                    end = "right" if right else "wrong"
                else:
                    end = "503" if answer.status_code == 503 else "wrong"
            except httpx.TransportError:
                end = "broken"
            answers.add(end, time.monotonic() - began)

    killed = 0
    with serving(root, workers=2) as server:
        threads = at_once(ask, server.url, clients)
        while killed < kills:
            time.sleep(random.uniform(0.05, 0.3))
            killed += kill_one(server)
        time.sleep(1.0)
        over.set()
        for thread in threads:
            thread.join()
    return killed, answers


def kill_one(server: Served) -> int:
    """How many query workers it killed: none while the last is all there is."""
    workers = server.workers()
    if len(workers) < 2:
        return 0
    try:
        os.kill(random.choice(workers), signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1


@dataclass(frozen=True)
class Seen:
    """An answer on one connection: when it was asked for and there, and the number in it; none where the request failed."""

    asked: float
    there: float
    number: int | None


@dataclass(frozen=True)
class Published:
    """What clients saw, one list a connection, while the numbers from 1 on were published at these times.

    From that time on no request may see an older one where the publication is `acknowledged`.
    """

    times: list[float]
    seen: list[list[Seen]]
    acknowledged: bool

    @property
    def asked(self) -> int:
        return sum(map(len, self.seen))

    @property
    def failed(self) -> int:
        return sum(one.number is None for client in self.seen for one in client)

    @property
    def went_back(self) -> int:
        """Answers with a smaller number than the one before on the same connection."""
        numbers = [[one.number for one in client if one.number is not None] for client in self.seen]
        return sum(after < before for client in numbers for before, after in itertools.pairwise(client))

    @property
    def behind(self) -> int:
        """Answers with a smaller number than the one that was published before they were asked for."""
        answers = [one for client in self.seen for one in client]
        return sum(one.number < bisect_left(self.times, one.asked) for one in answers if one.number is not None)

    def delays(self) -> tuple[list[float], list[float]]:
        """Seconds from each publication until the first client sees it, and until all do; without end where one never does."""
        first, last = [], []
        for number, published in enumerate(self.times, 1):
            there = [
                next((one.there for one in client if one.number is not None and one.number >= number), float("inf"))
                for client in self.seen
            ]
            first.append(max(0.0, min(there) - published))
            last.append(max(0.0, max(there) - published))
        return first, last

    @property
    def bad(self) -> int:
        """What must not be, counted."""
        never = sum(delay == float("inf") for delay in self.delays()[1])
        return self.failed + self.went_back + never + (self.behind if self.acknowledged else 0)


def publish_beside(root: Path, *, snapshots: int, clients: int) -> Published:
    """Publishes from this process, which writes to the store beside the server."""
    _begin(root)
    with serving(root, workers=2) as server, open_store(root, write=True) as store:

        def publish(number: int) -> None:
            store.replace("x:g", quad(number))
            store.publish()

        times, seen = _publish(server, publish, snapshots=snapshots, clients=clients, pause=2.0)
    return Published(times, seen, acknowledged=False)


def publish_over_http(root: Path, *, snapshots: int, clients: int) -> Published:
    """Publishes by updates, each of which is acknowledged."""
    _begin(root)
    with (
        serving(root, workers=2, env=WRITING) as server,
        httpx.Client(base_url=server.url, timeout=60, headers=AUTHORIZED) as writer,
    ):

        def publish(number: int) -> None:
            update(writer, SET_NUMBER.format(n=number)).raise_for_status()

        times, seen = _publish(server, publish, snapshots=snapshots, clients=clients, pause=0.5)
    return Published(times, seen, acknowledged=True)


def quad(number: int) -> bytes:
    return f'<x:it> <x:number> "{number}" <x:g> .\n'.encode()


def _begin(root: Path) -> None:
    with open_store(root, write=True) as store:
        store.replace("x:g", quad(0))


def _publish(
    server: Served, publish: Callable[[int], None], *, snapshots: int, clients: int, pause: float
) -> tuple[list[float], list[list[Seen]]]:
    """Publishes the numbers from 1 on with pauses of up to so many seconds, while clients ask for the number."""
    seen: list[list[Seen]] = []
    over = threading.Event()

    def ask(client: httpx.Client) -> None:
        mine: list[Seen] = []
        seen.append(mine)
        while not over.is_set():
            began = time.monotonic()
            number = None
            try:
                answer = client.get("/sparql", params={"query": NUMBER.format(n=random.random())})
                if answer.status_code == 200:
                    number = int(values(answer, "o").pop())
            except httpx.TransportError:
                pass
            mine.append(Seen(began, time.monotonic(), number))

    times = []
    threads = at_once(ask, server.url, clients)
    for number in range(1, snapshots + 1):
        time.sleep(random.uniform(0.2, 1.0) * pause)
        publish(number)
        times.append(time.monotonic())
    time.sleep(3.0)
    over.set()
    for thread in threads:
        thread.join()
    return times, seen


def told_of_servers(counts: Killed) -> str:
    return f"| {counts.kills} | {counts.acknowledged:,} | {counts.lost} | {counts.unanswered} | {counts.half} |"


def told_of_workers(kills: int, answers: Answers) -> str:
    ends = answers.ends
    lost = (ends["503"] + ends["broken"]) / kills
    return (
        f"| {kills} | {ends.total():,} | {ends['right']:,} | {ends['503']} | {ends['broken']} | {ends['wrong']} | {lost:.2f} "
        f"| {answers.longest:.2f} s |"
    )


def told_of_snapshots(how: str, found: Published) -> str:
    first, last = (f"{statistics.median(some):.2f} s / {max(some):.2f} s" for some in found.delays())
    behind = str(found.behind) if found.acknowledged else "–"
    return (
        f"| {how} | {len(found.times)} | {found.asked:,} | {found.failed} | {found.went_back} | {behind} | {first} | {last} |"
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--servers", type=int, default=50)
    options.add_argument("--workers", type=int, default=100)
    options.add_argument("--snapshots", type=int, default=30)
    options.add_argument("--clients", type=int, default=8)
    options.add_argument("--write", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts = kill_while_writing(Path(folder, "written"), kills=chosen.servers)
        servers = told_of_servers(counts)
        print(servers, flush=True)
        kills, answers = kill_workers(Path(folder, "asked"), kills=chosen.workers, clients=chosen.clients)
        workers = told_of_workers(kills, answers)
        print(workers, flush=True)
        beside = publish_beside(Path(folder, "beside"), snapshots=chosen.snapshots, clients=chosen.clients)
        over_http = publish_over_http(Path(folder, "over-http"), snapshots=chosen.snapshots, clients=chosen.clients)
        rows = {"by another process": beside, "by an update over HTTP": over_http}
        snapshots = "\n".join(told_of_snapshots(how, found) for how, found in rows.items())
        print(snapshots, flush=True)
    if chosen.write:
        tables = {"servers": servers, "workers": workers, "snapshots": snapshots}
        chosen.write.write_text(PAGE.format(**tables, clients=chosen.clients, cores=os.cpu_count(), load=os.getloadavg()[0]))
    too_many = max(0, answers.ends["503"] + answers.ends["broken"] - kills)
    return 1 if counts.lost + counts.half + answers.ends["wrong"] + too_many + beside.bad + over_http.bad else 0


PAGE = """# Kill test

What clients lose when processes of a server are killed (`SIGKILL`), and when a new snapshot comes, both under load:
`make kills` writes this page (`benchmarks/kills.py`). The clients run on the same machine, which has {cores} processors (load
over the last minute at the end: {load:.1f}).

## The server
It is killed while two clients write to it without a pause, each of whose updates replaces the same 15 triples in two graphs;
every other time not before an update was acknowledged. Then the store is opened, and compared with what was sent and
acknowledged. *Unanswered* updates were done, and the kill cut off their answer. *Half done* counts the kills after which the
two graphs of an update differed, or the default graph was not the union of all.

| Kills | Acknowledged | Of these lost | Unanswered | Half done |
|---:|---:|---:|---:|---:|
{servers}

## Query workers
One of them after the other is killed, at intervals of 0.05 to 0.3 s, while {clients} clients ask two workers without a pause
and compare each answer with what they know to be right. One request in twenty is for 2,000 rows, which come as a stream. A kill
may cost the one request that the worker was at: an answer of 503 or, of a stream that has begun, one that breaks off.

| Kills | Asked | Right | 503 | Broken off | Wrong | Lost per kill | Longest |
|---:|---:|---:|---:|---:|---:|---:|---:|
{workers}

## New snapshots
A number in the graph is replaced by the next, while {clients} clients ask for it without a pause, each on a connection of its
own. *Went back* counts answers with a smaller number than the one before on the same connection, *behind* those with a smaller
one than was acknowledged before they were asked for. A server looks once a second for what another process has published; what
is written over HTTP is seen by every request after the acknowledgement. Times count from the publication or the
acknowledgement, median / longest, and are 0 where it was seen before the acknowledgement had arrived.

| Published | Times | Asked | Failed | Went back | Behind | First client sees it | All do |
|---|---:|---:|---:|---:|---:|---:|---:|
{snapshots}
"""

if __name__ == "__main__":
    sys.exit(main())
