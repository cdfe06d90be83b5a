"""`kgraph serve`, its cache off, beside the native Oxigraph server on the same snapshot: in turn, in one run.

    python benchmarks/bench_serve.py [--things 25000] [--seconds 4] [--connections 8] [--workers 2]

Needs `wrk` (Debian) and the `oxigraph` binary (PyPI). Point, star and two hops ask for another thing with every request. The
CPU time of a request, of all the server's processes together, says more than its rate on a machine that others use too.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx

from kgraph.store import open_store

BASE = "http://example.org/"
SCHEMA = "https://schema.org/"
QUERIES = {
    "point lookup": f"SELECT ?text WHERE {{ <{BASE}thing/%d> <{SCHEMA}text> ?text }}",
    "star, 20 rows": f"SELECT ?s ?text ?name ?position WHERE {{ ?s <{SCHEMA}about> <{BASE}topic/%d> ; <{SCHEMA}text> ?text ; "
    f"<{SCHEMA}name> ?name ; <{SCHEMA}position> ?position }}",
    "two hops": f"SELECT ?b ?text WHERE {{ <{BASE}thing/%d> <{SCHEMA}citation> ?a . ?a <{SCHEMA}citation> ?b . "
    f"?b <{SCHEMA}text> ?text }}",
    "GROUP BY": f"SELECT ?topic (COUNT(?s) AS ?n) WHERE {{ ?s <{SCHEMA}about> ?topic }} GROUP BY ?topic",
    "100k rows": "SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 100000",
    "CONSTRUCT 50k": "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 50000",
}
PROGRAM = """
import sys
from kgraph.server.app import serve
from kgraph.server.limits import Limits
serve(sys.argv[1], port=int(sys.argv[2]), workers=int(sys.argv[3]), limits=Limits(cache_bytes=int(sys.argv[4])))
"""


def fill(root: Path, things: int) -> int:
    chance = random.Random(1)
    graphs: dict[str, bytes] = {}
    for start in range(0, things, 250):
        graph = f"{BASE}doc/{start // 250}"
        lines = []
        for n in range(start, min(start + 250, things)):
            thing = f"<{BASE}thing/{n}>"
            lines += [
                f"{thing} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{SCHEMA}Claim> <{graph}> .",
                f'{thing} <{SCHEMA}text> "What was said in the place numbered {n}, at some length, by somebody" <{graph}> .',
                f'{thing} <{SCHEMA}name> "thing {n}" <{graph}> .',
                f'{thing} <{SCHEMA}position> "{n}"^^<http://www.w3.org/2001/XMLSchema#integer> <{graph}> .',
                f"{thing} <{SCHEMA}about> <{BASE}topic/{n % (things // 20)}> <{graph}> .",
            ]
            lines += [f"{thing} <{SCHEMA}citation> <{BASE}thing/{chance.randrange(things)}> <{graph}> ." for _ in range(3)]
        graphs[graph] = "\n".join(lines).encode()
    with open_store(root, write=True) as store:
        store.replace_many(graphs)
        return store.count()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], url: str) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                httpx.get(url, params={"query": "ASK {}"})
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def cpu_seconds(pid: int) -> float:
    """What the process and its children have used so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(cpu_seconds(int(child)) for child in children)


def measure(url: str, query: str, most: int, *, seconds: int, connections: int) -> tuple[float, int, str]:
    """Requests per second, how many there were, and the 99th percentile of their time, by wrk."""
    accept = "text/turtle" if query.startswith("CONSTRUCT") else "application/sparql-results+json"
    path = "?query=" + quote(query.replace("%d", "\0"), safe="").replace("%00", "%d")
    lua = (
        f'wrk.headers["Accept"] = "{accept}"\nlocal path = wrk.path or ""\n'
        f"function request()\n  return wrk.format('GET', path .. ([[{path.replace('%', '%%').replace('%%d', '%d')}]])"
        f":format(math.random(0, {most - 1})))\nend\n"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(lua)
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "20s", "-s", script.name, url]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        print(said, file=sys.stderr)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    total, slowest = re.search(r"(\d+) requests in", said), re.search(r"99%\s+(\S+)", said)
    assert rate
    assert total
    assert slowest
    return float(rate[1]), int(total[1]), slowest[1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--things", type=int, default=25_000)
    options.add_argument("--seconds", type=int, default=4)
    options.add_argument("--connections", type=int, default=8)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--only", default="")
    options.add_argument("--cache", type=int, default=0, help="bytes that the answer cache may hold")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "store"
        triples = fill(root, chosen.things)
        print(f"{triples:,} triples, {chosen.connections} connections, {chosen.workers} workers")
        print("| query | native, req/s | kgraph, req/s | ratio | native, CPU ms | kgraph, CPU ms | native p99 | kgraph p99 |")
        print("|---|---|---|---|---|---|---|---|")
        native, ours = f"127.0.0.1:{free_port()}", free_port()
        servers = {
            f"http://{native}/query": [
                str(Path(sys.executable).with_name("oxigraph")), "serve-read-only",
                "--location", str((root / "current").resolve()), "--bind", native,
            ],
            f"http://127.0.0.1:{ours}/sparql": [
                sys.executable, "-c", PROGRAM, str(root), str(ours), str(chosen.workers), str(chosen.cache),
            ],
        }  # fmt: skip
        for name, query in QUERIES.items():
            if chosen.only not in name:
                continue
            most = chosen.things // 20 if "topic/%d" in query else chosen.things
            measured = []
            for url, command in servers.items():
                with running(command, url) as pid:
                    for thing in range(50 if "%d" in query else 1):  # warm
                        httpx.get(url, params={"query": query.replace("%d", str(thing))}, timeout=60)
                    before = cpu_seconds(pid)
                    rate, total, slowest = measure(url, query, most, seconds=chosen.seconds, connections=chosen.connections)
                    measured.append((rate, 1000 * (cpu_seconds(pid) - before) / max(total, 1), slowest))
            (theirs, their_cpu, their_p99), (mine, my_cpu, my_p99) = measured
            rates = f"{theirs:,.1f} | {mine:,.1f} | {mine / max(theirs, 0.1):.2f}"
            print(f"| {name} | {rates} | {their_cpu:.3f} | {my_cpu:.3f} | {their_p99} | {my_p99} |", flush=True)


if __name__ == "__main__":
    main()
