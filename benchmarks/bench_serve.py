"""`kgraph serve` beside the native Oxigraph server and rdflib-endpoint, on the same graph, driven in turn in one run.

    python benchmarks/bench_serve.py [STORE] [--corpus ARCHIVE] [--seconds 3] [--rounds 2] [--write PAGE]

Needs `wrk` (Debian). STORE is a folder that `kgraph build` made; where it is not there yet, it is built from a sample of
ARCHIVE's threads, and without an archive a graph is made up. kgraph runs twice: *cold* with its cache off, and *cached*. Point,
star and two hops go through many things in turn. A row is one query at 8 and at 64 connections, each server in turn, and that
once more for each round; a rate is the mean of its rounds.
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
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import httpx

from bench_build import unpacked
from kgraph import queries
from kgraph.store import open_store

BASE = "http://example.org/"
SCHEMA = "https://schema.org/"
PREFIXES = f"PREFIX schema: <{SCHEMA}> PREFIX sioc: <http://rdfs.org/sioc/ns#> PREFIX kg: <https://w3id.org/kgraph#> "
MADE_UP = {
    "point lookup": ("SELECT ?this { ?this a schema:Claim }", "SELECT ?text { ?this schema:text ?text }"),
    "star, ~20 rows": (
        "SELECT DISTINCT ?this { ?s schema:about ?this }",
        "SELECT ?s ?text ?name ?position { ?s schema:about ?this ; schema:text ?text ; schema:name ?name ; "
        "schema:position ?position }",
    ),
    "two hops": (
        "SELECT ?this { ?this a schema:Claim }",
        "SELECT ?b ?text { ?this schema:citation ?a . ?a schema:citation ?b . ?b schema:text ?text }",
    ),
    "GROUP BY": ("", "SELECT ?topic (COUNT(?s) AS ?n) { ?s schema:about ?topic } GROUP BY ?topic"),
    "text filter": ("", 'SELECT ?s ?text { ?s schema:text ?text FILTER(CONTAINS(LCASE(?text), "numbered 77")) }'),
}
BUILT = {
    "point lookup": ("SELECT ?this { ?this a kg:Claim }", "SELECT ?text { ?this schema:text ?text }"),
    "star, ~20 rows": (
        "SELECT ?this { ?p sioc:has_container ?this } GROUP BY ?this HAVING(COUNT(?p) > 14 && COUNT(?p) < 28)",
        "SELECT ?p ?account ?n ?passage { ?p sioc:has_container ?this ; sioc:has_creator ?account ; schema:position ?n ; "
        "kg:evidence ?passage }",
    ),
    "two hops": (
        "SELECT ?this { ?this sioc:reply_of ?a }",
        "SELECT ?a ?person { ?this sioc:reply_of ?a . ?a sioc:has_creator ?account . ?account sioc:account_of ?person }",
    ),
    "GROUP BY": ("", "SELECT ?post (COUNT(?a) AS ?n) { ?a kg:inPost ?post } GROUP BY ?post"),
    "text filter": ("", 'SELECT ?c ?text { ?c a kg:Claim ; schema:text ?text FILTER(CONTAINS(LCASE(?text), "javascript")) }'),
}
LONG = {
    "100k rows": ("", "SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 100000"),
    "CONSTRUCT 50k": ("", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 50000"),
}
THINGS = 300
MOST_SECONDS = {8: 24, 64: 10}
"""How long a row may take, by its connections."""


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


def build_from(archive: Path, number: int, root: Path) -> None:
    """Builds a store from so many threads of the archive."""
    with tempfile.TemporaryDirectory() as folder:
        threads = unpacked(archive, Path(folder))
        chosen = random.Random(1).sample(threads, min(number, len(threads)))
        command = [Path(sys.executable).with_name("kgraph"), "build", *sorted(chosen), "--store", root, "--jobs", "2"]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)  # what is rejected is no fault of the rest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], url: str) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(12_000):
            with suppress(httpx.TransportError):
                httpx.get(url, params={"query": "ASK {}"})
                break
            time.sleep(0.05)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def memory(pid: int) -> int:
    """Proportional resident memory of the process and its children, in bytes."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # a worker that was there a moment ago
        return 0
    own = 1024 * int(next((line for line in lines if line.startswith("Pss:")), "Pss: 0").split()[1])
    return own + sum(memory(int(child)) for child in children)


def measure(url: str, queries: list[str], *, seconds: int, connections: int) -> tuple[float, int]:
    """Answers per second that were 200, and how many were not or came too late, by wrk going through the queries."""
    accept = "text/turtle" if "CONSTRUCT {" in queries[0] else "application/sparql-results+json"
    paths = ",".join(f"[[{url.partition('//')[2].partition('/')[2]}?query={quote(query, safe='')}]]" for query in queries)
    lua = (
        f'wrk.headers["Accept"] = "{accept}"\nlocal paths, n = {{{paths}}}, 0\n'
        "function request()\n  n = n % #paths + 1\n  return wrk.format('GET', '/' .. paths[n])\nend\n"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(lua)
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", script.name, url]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    rate, total = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"(\d+) requests in", said)
    assert rate
    assert total
    wrong = sum(int(number) for number in re.findall(r"(?:timeout|Non-2xx or 3xx responses:|read|write) (\d+)", said))
    return float(rate[1]) * max(0, int(total[1]) - wrong) / max(1, int(total[1])), wrong


def questions(root: Path, chosen: dict[str, tuple[str, str]]) -> dict[str, list[str]]:
    """Each query by its name, once for each of the things that it goes through."""
    found: dict[str, list[str]] = {}
    with open_store(root) as store:
        for name, (things, query) in (chosen | LONG).items():
            if not things:
                found[name] = [PREFIXES + query]
                continue
            lines = store.query(PREFIXES + things, media_type="text/csv").read().decode().splitlines()[1:]
            some = random.Random(1).sample(lines, min(THINGS, len(lines)))
            found[name] = [PREFIXES + query.replace("?this", f"<{thing}>") for thing in some]
    return found


def first_byte(url: str, query: str) -> float:
    """Seconds until the first byte of the answer's body, at best of five."""
    best = 60.0
    with httpx.Client(timeout=60) as client:
        for n in range(5):
            began = time.perf_counter()
            with client.stream(
                "GET", url, params={"query": f"{query} #{n}"}, headers={"Accept-Encoding": "identity"}
            ) as answer:
                next(answer.iter_raw(1))
                best = min(best, time.perf_counter() - began)
    return best


def while_streaming(url: str, pid: int) -> tuple[int, int, int]:
    """Bytes that a slow client took of a million rows; the memory of the processes a second after it began, and at most."""
    query = PREFIXES + "SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 1000000"
    taken, sizes = 0, []
    began = time.monotonic()
    with httpx.stream("GET", url, params={"query": query}, headers={"Accept-Encoding": "identity"}, timeout=60) as answer:
        for piece in answer.iter_raw(1 << 16):
            taken += len(piece)
            time.sleep(max(0.0, began + taken / 4e6 - time.monotonic()))
            if time.monotonic() - began > len(sizes) + 1:
                sizes.append(memory(pid))
            if time.monotonic() - began > 20:
                break
    sizes = sizes or [memory(pid)]
    return taken, sizes[0], max(sizes)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("store", type=Path, nargs="?")
    options.add_argument("--things", type=int, default=25_000, help="of the graph that is made up")
    options.add_argument("--corpus", type=Path, help="an archive of threads that STORE is built from if it is not there")
    options.add_argument("--threads", type=int, default=400, help="of the archive, at random")
    options.add_argument("--seconds", type=int, default=3)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--only", default="")
    options.add_argument("--without-rdflib", action="store_true", help="it takes some minutes to load a million triples")
    options.add_argument("--write", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = chosen.store or Path(folder) / "store"
        is_built = chosen.store is not None and (root.exists() or (chosen.corpus is not None and chosen.corpus.exists()))
        if is_built and not root.exists():
            build_from(chosen.corpus, chosen.threads, root)
        elif not is_built:
            fill(root, chosen.things)
        asked = questions(root, BUILT if is_built else MADE_UP)
        if is_built:
            asked |= {f"`{one.name}`": [one.text] for one in queries.all() if "SERVICE" not in one.text}
        asked = {name: texts for name, texts in asked.items() if chosen.only in name}
        with open_store(root) as store:
            triples = store.count()
        write = chosen.write.write_text if chosen.write else lambda _: 0
        write(report(root, folder, asked, triples, chosen))


def settle(pid: int, patience: float = 60.0) -> bool:
    """Waits until the server is done with what nobody waits for any more: it would slow down the next. Tells whether it is."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        before = computed(pid)
        time.sleep(0.2)
        if computed(pid) - before < 0.02:
            return True
    return False


def computed(pid: int) -> float:
    """Seconds that the process and its children have computed."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(computed(int(child)) for child in children)


def alone(url: str, query: str, timeout: float = 60.0) -> float:
    """Seconds that one answer takes a client by itself; without end where it is none, or takes longer than the timeout."""
    accept = "text/turtle, application/sparql-results+json"
    with httpx.Client(timeout=timeout, headers={"Accept": accept}) as client:
        began = time.perf_counter()
        try:
            answer = client.get(url, params={"query": query})
        except httpx.TransportError:
            return float("inf")
        return time.perf_counter() - began if answer.is_success else float("inf")


def report(root: Path, folder: str, asked: dict[str, list[str]], triples: int, chosen: argparse.Namespace) -> str:
    """Runs it all; says each row as it comes, and gives the page."""
    ports = {name: free_port() for name in ("native", "cold", "cached", "rdflib")}
    programs = Path(sys.executable).parent

    def ours(name: str, cache: int) -> list[str]:
        command = [str(programs / "kgraph"), "serve", "--store", str(root), "--port", str(ports[name])]
        return [*command, "--workers", str(chosen.workers), "--limits", f"cache_bytes={cache} deadline=120"]

    native = [str(programs / "oxigraph"), "serve-read-only"]
    native += ["--location", str((root / "current").resolve()), "--bind", f"127.0.0.1:{ports['native']}"]
    commands = {"native": native, "cold": ours("cold", 0), "cached": ours("cached", 64 << 20)}
    paths = {"native": "query", "rdflib": ""}
    urls = {name: f"http://127.0.0.1:{ports[name]}/{paths.get(name, 'sparql')}" for name in ports}
    rates: dict[tuple[str, int], dict[str, float]] = {}
    times: dict[str, float] = {}
    print("| query | connections | native | cold | cached |", flush=True)
    with ExitStack() as stack:
        pids = {name: stack.enter_context(running(command, urls[name])) for name, command in commands.items()}
        held: dict[str, int] = {}
        for name, texts in asked.items():
            for server in commands:  # warm
                times[name] = min(alone(urls[server], text) for text in texts[:50])
            for connections in (8, 64):
                batch = times[name] * connections / (os.cpu_count() or 1)
                if batch > MOST_SECONDS[connections]:
                    continue
                seconds = max(chosen.seconds, min(MOST_SECONDS[connections], int(3 * batch)))
                rounds = chosen.rounds if seconds <= 2 * chosen.seconds else 1
                row = rates[name, connections] = dict.fromkeys(commands, 0.0)
                for _ in range(rounds):
                    for server in commands:
                        row[server] += measure(urls[server], texts, seconds=seconds, connections=connections)[0] / rounds
                        held[server] = max(held.get(server, 0), memory(pids[server]))
                        settle(pids[server])
                figures = " | ".join(f"{rate:,.1f}" for rate in row.values())
                print(f"| {name} | {connections} | {figures} |", flush=True)
        many = PREFIXES + LONG["100k rows"][1]
        first = {server: first_byte(urls[server], many) for server in ("native", "cold")}
        streamed, before, most = while_streaming(urls["cold"], pids["cold"])
    if not chosen.without_rdflib:
        measure_rdflib(root, folder, asked, times, rates, urls["rdflib"], ports["rdflib"], chosen.seconds)
    page = PAGE.format(
        triples=triples, rows="\n".join(table(asked, times, rates)), cores=os.cpu_count(), load=os.getloadavg()[0],
        kept=", ".join(f"{server} {size >> 20} MB" for server, size in held.items()),
        seconds=chosen.seconds, most=MOST_SECONDS[8], rounds=chosen.rounds, workers=chosen.workers,
        native=1000 * first["native"], ours=1000 * first["cold"],
        streamed=streamed / 1e6, before=before >> 20, at_most=most >> 20,
    )  # fmt: skip
    print(page)
    return page


def measure_rdflib(
    root: Path,
    folder: str,
    asked: dict[str, list[str]],
    times: dict[str, float],
    rates: dict[tuple[str, int], dict[str, float]],
    url: str,
    port: int,
    seconds: int,
) -> None:
    """Adds the rates of rdflib-endpoint with 8 connections, those of one client at a time where it takes over a second.

    The quick queries come first, for it goes on with a query that nobody waits for; when it is at one for too long, it is left.
    """
    dump = Path(folder) / "all.nq"
    with open_store(root) as store, dump.open("wb") as out:
        store.dump(out, media_type="application/n-quads")
    program = str(Path(sys.executable).with_name("rdflib-endpoint"))
    with running([program, "serve", "--host", "127.0.0.1", "--port", str(port), str(dump)], url) as pid:
        for name in sorted((name for name in asked if (name, 8) in rates), key=times.__getitem__):
            took = alone(url, asked[name][0])
            if took == float("inf"):
                rates[name, 8]["rdflib"] = 0.0
                if not settle(pid):
                    return
                continue
            quick = took < 1
            rate = measure(url, asked[name], seconds=2 * seconds, connections=8)[0] if quick else 1 / took
            rates[name, 8]["rdflib"] = rate
            print(f"| {name} | 8 | rdflib-endpoint {rate:,.2f} |", flush=True)
            if not settle(pid):
                return


def table(
    asked: dict[str, list[str]], times: dict[str, float], rates: dict[tuple[str, int], dict[str, float]]
) -> Iterator[str]:
    columns = ("query", "alone", "connections", "native, req/s", "kgraph cold", "ratio", "kgraph cached", "ratio")
    yield f"| {' | '.join(columns)} | rdflib-endpoint | cold to it |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name in asked:
        for connections in (8, 64):
            if (row := rates.get((name, connections))) is not None:
                base, cold, cached, slow = (row.get(server) for server in ("native", "cold", "cached", "rdflib"))
                assert base is not None
                assert cold is not None
                assert cached is not None
                line = f"| {name} | {1000 * times[name]:,.1f} ms | {connections} | {base:,.1f} "
                line += f"| {cold:,.1f} | {ratio(cold, base)} | {cached:,.1f} | {ratio(cached, base)} "
                yield line + (f"| {slow:,.2f} | {ratio(cold, slow)} |" if slow is not None else "| – | – |")


def ratio(one: float, other: float) -> str:
    return f"{one / other:.2f}" if other > 0 else "–"


PAGE = """# Serving, measured

`make serving` writes this page (`benchmarks/bench_serve.py`): kgraph, the native Oxigraph server and rdflib-endpoint on the
same {triples:,} triples, driven by wrk in turn for {seconds} s and that {rounds} times, or once for up to {most} s where a
query takes long; with {workers} workers on {cores} processors that wrk shares (load over the last minute at the end:
{load:.1f}; trust ratios). Before the next, each server is let finish what it is at. Requests that failed or took over 30 s
do not count. *Alone* is one answer of kgraph's to one client. *Cold* is with the cache off. With 64 connections, queries are
left out whose first answers would take too long. rdflib-endpoint is driven last, from its memory: 0.00 is no answer within
a minute, and where one takes over a second it is the rate of one client.

{rows}

First byte of 100k rows, best of five: native {native:.1f} ms, kgraph {ours:.1f} ms. Most memory of a server's processes
together (proportional set size): {kept}. While a client took {streamed:.0f} MB of a million rows at 4 MB a second,
the processes of kgraph held {before} MB together a second after it began, and at most {at_most} MB from then on.
"""


if __name__ == "__main__":
    main()
