"""What reconciliation costs: `python benchmarks/bench_reconcile.py [--things 100000]`.

Serves a graph of made-up people, platforms and places, and asks for 10,000 names in batches of 50, one after the other, as a
client does: half as they are, a quarter with a slip of the pen, a quarter that are nobody's.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from kgraph.link.reconciliation import Service
from kgraph.store import open_store

BASE = "http://example.org/"
START = "br cr dr fl gr k l m n p pl s sh st t th tr v w z".split()
MIDDLE = "a e i o u ai ea ou".split()
END = "b ck d ffin g ldon ll m ndra ng nt r rton s ssen st ster t vin x".split()
KINDS = ("person", "person", "platform", "organization", "place", "work")


def word(random_: random.Random) -> str:
    return random_.choice(START) + random_.choice(MIDDLE) + random_.choice(END) + random_.choice(["", "", *MIDDLE])


def names(random_: random.Random, number: int) -> list[str]:
    return [" ".join(word(random_).capitalize() for _ in range(random_.choice((1, 2, 2, 3)))) for _ in range(number)]


def fill(root: Path, called: list[str]) -> None:
    with open_store(root, write=True) as store:
        graphs = {}
        for document in range(0, len(called), 200):
            graph = f"{BASE}doc/{document}"
            lines = []
            for number, name in enumerate(called[document : document + 200], document):
                thing = f"<{BASE}{KINDS[number % len(KINDS)]}/{number}>"
                lines.append(f'{thing} <https://schema.org/name> "{name}" <{graph}> .')
                lines.append(f"<{graph}#claim-{number}> <https://schema.org/about> {thing} <{graph}> .")
            graphs[graph] = "\n".join(lines).encode()
        store.replace_many(graphs)


def slip(random_: random.Random, name: str) -> str:
    at = random_.randrange(1, max(2, len(name) - 1))
    return random_.choice((name[:at] + name[at + 1 :], name[:at] + name[at : at + 1] * 2 + name[at + 1 :]))


def ask(random_: random.Random, called: list[str], place: int) -> str:
    """Half as they are, a quarter with a slip, a quarter that are nobody's."""
    name = random_.choice(called)
    return (name, name, slip(random_, name), f"{word(random_)}qq {word(random_)}zz")[place % 4]


def memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--things", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=10_000)
    options = parser.parse_args()
    random_ = random.Random(7)
    called = names(random_, options.things)
    asked = [ask(random_, called, place) for place in range(options.asked)]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "store"
        fill(root, called)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen(
            [Path(sys.executable).with_name("kgraph"), "serve", "--store", str(root), "--port", str(port)]
        )
        try:
            measure(server.pid, f"http://127.0.0.1:{port}", root, asked)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


def measure(pid: int, url: str, root: Path, asked: list[str]) -> None:
    with httpx.Client(base_url=url, timeout=600) as client:
        for _ in range(200):
            try:
                if client.get("/ready").is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        before, started = memory(pid), time.perf_counter()
        client.get("/reconcile").raise_for_status()
        print(f"index made and taken up: {time.perf_counter() - started:.1f} s")
        (index,) = (root / "cache").glob("names-*")
        taken, hits = [], 0
        for at in range(0, len(asked), 50):
            batch = {f"q{n}": {"query": name, "limit": 10} for n, name in enumerate(asked[at : at + 50])}
            sent = time.perf_counter()
            answer = client.post("/reconcile", data={"queries": json.dumps(batch)}).raise_for_status().json()
            taken.append(time.perf_counter() - sent)
            hits += sum(bool(one["result"]) and one["result"][0]["name"] == batch[key]["query"] for key, one in answer.items())
        size, ordered = index.stat().st_size / 1e6, sorted(taken)
        print(f"its size on disk: {size:.0f} MB; memory of the server: {before:.0f} MB before, {memory(pid):.0f} MB after")
        middle, most = 1e3 * statistics.median(taken), 1e3 * ordered[int(0.95 * len(ordered))]
        print(f"a batch of 50: median {middle:.0f} ms, 95 % {most:.0f} ms")
        print(f"{len(asked):,} names: {sum(taken):.1f} s; {hits:,} have their own name first")
        with tempfile.TemporaryDirectory() as cache:
            service, sent = Service(f"{url}/reconcile", cache=Path(cache)), time.perf_counter()
            service.answers(asked)
            first, again = time.perf_counter() - sent, time.perf_counter()
            service.answers(asked)
            print(f"by kgraph's own client, cold: {first:.1f} s; from its cache: {time.perf_counter() - again:.1f} s")
            service.close()
        sent = time.perf_counter()
        for prefix in ("k", "st", "bre", "Mai", "s t"):
            client.get("/reconcile/suggest/entity", params={"prefix": prefix}).raise_for_status()
        print(f"a suggestion: {200 * (time.perf_counter() - sent):.0f} ms")


if __name__ == "__main__":
    main()
