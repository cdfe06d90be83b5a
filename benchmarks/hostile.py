"""What one quiet client notices while others do their worst to `kgraph serve`: each kind of attack alone, then all together.

    python benchmarks/hostile.py STORE [--seconds 15] [--deadline 5] [--rate 50] [--write docs/reference/hostile-load.md]

The quiet client asks for one thing at a fixed rate, and its time counts from when a request was due, so that a stall counts
for every request that fell into it. The attackers come from other addresses (127.0.0.2 and so on) and go on until the time
is over. *Past deadline* is the longest that an attack's request took beyond the server's deadline.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx

PROGRAM = """
import sys
from kgraph.server.app import serve
from kgraph.server.limits import Limits
serve(sys.argv[1], port=int(sys.argv[2]), workers=2, limits=Limits(deadline=float(sys.argv[3])))
"""
ANOTHER = "0another0"
"""What stands in an attack's query where it is to have another number each time."""
CROSS_JOIN = "SELECT (COUNT(*) AS ?n0another0) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
EVERYTHING = "SELECT * { ?s0another0 ?p ?o }"
REGEX = """SELECT ?s0another0 { ?s0another0 ?p ?o . ?t ?q ?r
FILTER(REGEX(CONCAT(STR(?o), STR(?r)), "^((([a-z])+.)+[A-Z]([a-z])+)+$")) }"""
DEEP = "SELECT * { FILTER" + "(" * 50_000 + "0another0" + ")" * 50_000 + " }"
HUGE = "ASK {} # 0another0" + "x" * 1_000_000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Outcome:
    """How an attack's requests ended, and the longest that one took."""

    ends: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0

    def add(self, end: str, seconds: float) -> None:
        self.ends[end] += 1
        self.longest = max(self.longest, seconds)


@dataclass(frozen=True)
class Target:
    """The server under attack, until when, and with which deadline."""

    port: int
    until: float
    deadline: float

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.until


def client_at(address: str, target: Target) -> httpx.Client:
    transport = httpx.HTTPTransport(local_address=address)
    return httpx.Client(base_url=f"http://127.0.0.1:{target.port}", transport=transport, timeout=target.deadline + 20)


def asking(query: str, *, post: bool = False) -> Callable[[Target, str, Outcome], None]:
    """An attack that asks this over and over and reads what comes."""
    quoted = "query=" + quote(query)  # once: it is the server's work that counts

    def attack(target: Target, address: str, outcome: Outcome) -> None:
        with client_at(address, target) as client:
            while not target.over:
                asked = quoted.replace(ANOTHER, str(random.randrange(10**9))).encode()
                how = {"method": "POST", "content": asked, "headers": FORM} if post else {"method": "GET", "params": asked}
                began = time.monotonic()
                try:
                    with client.stream(url="/sparql", **how) as answer:
                        end = _read(answer, target)
                except httpx.TransportError as error:
                    end = type(error).__name__
                outcome.add(end, time.monotonic() - began)
                if end.startswith(("413", "400")):
                    time.sleep(0.05)  # such an answer comes at once: an attacker's own rate would be what is measured

    return attack


def _read(answer: httpx.Response, target: Target) -> str:
    if answer.status_code != 200:
        answer.read()
        retry = ", Retry-After" if "retry-after" in answer.headers else ""
        return f"{answer.status_code}{retry}"
    try:
        for _ in answer.iter_raw():
            if time.monotonic() > target.until + target.deadline:
                return "200, left by the client"
    except httpx.RemoteProtocolError:
        return "200, broken off"
    return "200, whole"


def idle(target: Target, address: str, outcome: Outcome) -> None:
    """500 connections that say nothing, or begin a request and say no more."""
    held: list[socket.socket] = []
    for n in range(500):
        one = socket.create_connection(("127.0.0.1", target.port), timeout=10, source_address=(address, 0))
        if n % 2:
            one.send(b"GET /sparql?query=ASK HTTP/1.1\r\nHost: here\r\nX: ")
        held.append(one)
    began = time.monotonic()
    while not target.over:
        time.sleep(0.1)
    for one in held:
        one.setblocking(False)
        try:
            outcome.add("closed by the server" if one.recv(1) == b"" else "told so", 0.0)
        except ConnectionResetError:
            outcome.add("closed by the server", 0.0)
        except BlockingIOError:
            outcome.add(f"open after {time.monotonic() - began:.0f} s", 0.0)
        one.close()


def slow_reader(target: Target, address: str, outcome: Outcome) -> None:
    """Asks for everything and takes a thousand bytes of it a second."""
    while not target.over:
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.bind((address, 0))
            one.settimeout(30)
            one.connect(("127.0.0.1", target.port))
            query = quote(EVERYTHING.replace(ANOTHER, str(random.randrange(10**9))))
            one.send(f"GET /sparql?query={query} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
            said = b""
            try:
                while not target.over:
                    chunk = one.recv(1000)
                    said = said or chunk
                    if not chunk:
                        break
                    time.sleep(1.0)
            except OSError:
                pass
            status = said[9:12].decode(errors="replace")
            outcome.add(f"{status}, {'slow until left' if target.over else 'ended'}" if said else "refused", 0.0)
            time.sleep(0.2)


ATTACKS: dict[str, tuple[int, Callable[[Target, str, Outcome], None]]] = {
    "three-way cross join": (2, asking(CROSS_JOIN)),
    "SELECT * over everything": (1, asking(EVERYTHING)),
    "catastrophic regex": (2, asking(REGEX)),
    "1 MB query": (1, asking(HUGE, post=True)),
    "50,000 nested parentheses": (1, asking(DEEP, post=True)),
    "500 idle connections": (1, idle),
    "50 slow readers": (50, slow_reader),
}


def quiet_times(target: Target, subjects: list[str], rate: float) -> list[float]:
    """Seconds from when each request was due until its answer was there; a failed one counts as without end."""
    took: list[float] = []
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=target.deadline + 20)
    due = time.monotonic()
    while not target.over:
        time.sleep(max(0.0, due - time.monotonic()))
        query = quote(f"SELECT ?p ?o {{ <{random.choice(subjects)}> ?p ?o }} # {random.random()}")
        try:
            connection.request("GET", f"/sparql?query={query}", headers={"Accept": "application/sparql-results+json"})
            answer = connection.getresponse()
            answer.read()
            took.append(time.monotonic() - due if answer.status == 200 else float("inf"))
        except (OSError, http.client.HTTPException):
            took.append(float("inf"))
            connection.close()
        due += 1 / rate
    return sorted(took)


def percentile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


@contextmanager
def serving(store: Path, deadline: float) -> Iterator[tuple[int, int]]:
    """The server's port and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(store), str(port), str(deadline)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(400):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/ready").is_success:
                    break
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def memory(pid: int) -> int:
    """Proportional resident memory of the process and its children, in bytes."""
    total = 0
    with contextlib.suppress(OSError, StopIteration):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total = 1024 * int(next(line for line in lines if line.startswith("Pss:")).split()[1])
        total += sum(memory(int(child)) for child in children)
    return total


@dataclass(frozen=True)
class Result:
    """What one attack, or all of them, did."""

    outcomes: dict[str, Outcome]
    quiet: list[float]
    memory: int


def run(store: Path, attacks: list[str], *, seconds: float, deadline: float, rate: float) -> Result:
    """Attacks a server of its own for so long while a quiet client asks."""
    with serving(store, deadline) as (port, pid):
        base = f"http://127.0.0.1:{port}/sparql"
        found = httpx.get(base, params={"query": "SELECT DISTINCT ?s { ?s ?p ?o } LIMIT 2000"}, timeout=60).json()
        subjects = [row["s"]["value"] for row in found["results"]["bindings"] if row["s"]["type"] == "uri"]
        target = Target(port, time.monotonic() + seconds, deadline)
        outcomes = {name: Outcome() for name in attacks}
        threads = [
            threading.Thread(target=attack, args=(target, f"127.0.{kind + 1}.{n % 250 + 1}", outcomes[name]), daemon=True)
            for kind, (name, (clients, attack)) in enumerate(ATTACKS.items())
            if name in attacks
            for n in range(clients)
        ]
        for thread in threads:
            thread.start()
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as aside:  # attackers' work is not to delay its clock
            quiet = aside.submit(quiet_times, target, subjects, rate).result()
        held = memory(pid)
        for thread in threads:
            thread.join(deadline + 30)
    return Result(outcomes, quiet, held)


def told(outcome: Outcome, deadline: float) -> str:
    ends = "; ".join(f"{count:,} × {end}" for end, count in outcome.ends.most_common(4)) or "none ended"
    late = f"{max(0.0, outcome.longest - deadline):.2f} s" if outcome.longest else "–"
    return f"{ends} | {late}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("store", type=Path)
    options.add_argument("--seconds", type=float, default=15)
    options.add_argument("--deadline", type=float, default=5)
    options.add_argument("--rate", type=float, default=50)
    options.add_argument("--write", type=Path)
    chosen = options.parse_args()
    settings = {"seconds": chosen.seconds, "deadline": chosen.deadline, "rate": chosen.rate}
    before = run(chosen.store, [], **settings)
    calm = percentile(before.quiet, 0.99)
    lines = [
        "| attack | how its requests ended | past deadline | quiet p50 | quiet p99 | p99 / quiet alone | failed | memory |",
        "|---|---|---|---|---|---|---|---|",
    ]

    def row(name: str, ends: str, result: Result) -> str:
        p50, p99 = percentile(result.quiet, 0.5), percentile(result.quiet, 0.99)
        lost = sum(one == float("inf") for one in result.quiet)
        quiet = f"{1000 * p50:.1f} ms | {1000 * p99:.1f} ms | {p99 / calm:.1f} | {lost} of {len(result.quiet)}"
        return f"| {name} | {ends} | {quiet} | {result.memory >> 20} MB |"

    lines.append(row("none", "– | –", before))
    print("\n".join(lines), flush=True)
    for name in ATTACKS:
        result = run(chosen.store, [name], **settings)
        lines.append(row(name, told(result.outcomes[name], chosen.deadline), result))
        print(lines[-1], flush=True)
    result = run(chosen.store, list(ATTACKS), **settings)
    ends = Outcome()
    for name, outcome in result.outcomes.items():
        ends.ends.update(outcome.ends)
        # Its own answer, which is read while all else goes on, may rightly take longer than the query.
        ends.longest = max(ends.longest, outcome.longest if name != "SELECT * over everything" else 0.0)
    lines.append(row("all together", told(ends, chosen.deadline), result))
    print(lines[-1], flush=True)
    if chosen.write:
        chosen.write.write_text(PAGE.format(table="\n".join(lines), cores=os.cpu_count(), load=os.getloadavg()[0], **settings))


PAGE = """# Hostile load

What one quiet client notices while others do their worst: `make hostile` writes this page (`benchmarks/hostile.py`).

The server has two workers and a deadline of {deadline:g} s. The quiet client asks for one thing {rate:g} times a second for
{seconds:g} s, never the same twice, and its time counts from when a request was due: a stall counts for every request in it.
The attackers come from other addresses on the same machine, so that their own work competes with the server and the quiet
client for the same {cores} processors (load over the last minute at the end: {load:.1f}). *Past deadline* is the longest that
one request of the attack took beyond the deadline.

{table}

A slow reader is not ended while it goes on reading: its answer waits on disk, and no worker for it. An answer that is
"broken off" lacks the end of its stream, by which every HTTP/1.1 client tells it from a whole one.
"""

if __name__ == "__main__":
    main()
