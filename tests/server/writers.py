"""Clients that write until their server is killed, and what of their updates is there afterwards."""

from __future__ import annotations

import csv
import os
import random
import signal
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import httpx

from kgraph.errors import StoreLocked
from kgraph.store import open_store

from .conftest import serving

TOKEN = "a long word"
WRITING = {"KGRAPH_WRITE_TOKEN": TOKEN, "KGRAPH_BASE": "http://example.org/"}
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
UPDATE = "application/sparql-update"

_TRIPLES = 15
_STAMPED = """DELETE {{ GRAPH ?g {{ ?s <x:stamp> ?o }} }}
WHERE {{ GRAPH ?g {{ ?s <x:stamp> ?o }} FILTER(?g IN (<x:g{name}>, <x:h{name}>)) }} ;
INSERT DATA {{ GRAPH <x:g{name}> {{ {triples} }} GRAPH <x:h{name}> {{ {triples} }} }}"""


def update(client: httpx.Client, text: str, path: str = "/sparql", **params: str) -> httpx.Response:
    return client.post(path, content=text, params=params, headers={"Content-Type": UPDATE})


@dataclass
class Writer:
    """A client that puts the next number in the place of the last, in two graphs of its own at once."""

    name: int
    sent: int = 0
    acknowledged: int = 0
    answers: int = 0

    def write_until_killed(self, url: str) -> None:
        with httpx.Client(base_url=url, timeout=30, headers=AUTHORIZED) as client:
            while True:
                self.sent += 1
                triples = " ".join(f"<x:{self.name}/{n}> <x:stamp> {self.sent} ." for n in range(_TRIPLES))
                try:
                    answer = update(client, _STAMPED.format(name=self.name, triples=triples))
                except httpx.TransportError:
                    return
                if answer.status_code == 204:
                    self.acknowledged = self.sent
                    self.answers += 1


@dataclass
class Killed:
    """Counts of kills and updates. `unanswered` are updates that were done, and whose answer the kill cut off."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    unanswered: int = 0
    half: int = 0


def kill_while_writing(root: Path, *, kills: int, clients: int = 2) -> Killed:
    """Serves the store and kills the server while these clients write, so many times; every other time after an answer."""
    chance = random.Random(11)
    writers = [Writer(name) for name in range(clients)]
    counts = Killed()
    for _ in range(kills):
        before = sum(writer.answers for writer in writers)
        with serving(root, workers=1, env=WRITING) as server:
            threads = [threading.Thread(target=writer.write_until_killed, args=(server.url,)) for writer in writers]
            for thread in threads:
                thread.start()
            patience = time.monotonic() + 20
            while counts.kills % 2 and sum(writer.answers for writer in writers) == before and time.monotonic() < patience:
                time.sleep(0.01)
            time.sleep(chance.uniform(0.05, 1.0))
            os.kill(server.pid, signal.SIGKILL)
            for thread in threads:
                thread.join()
        counts.kills += 1
        graphs, union = _left(root)
        whole = union == set().union(*graphs.values())
        for writer in writers:
            one, other = graphs[f"x:g{writer.name}"], graphs[f"x:h{writer.name}"]
            numbers = {number for _, number in one | other}
            whole = whole and one == other and len(one) in (0, _TRIPLES) and len(numbers) <= 1
            there = max(numbers, default=0)
            counts.lost += there not in (writer.acknowledged, writer.sent)
            counts.unanswered += there == writer.sent
            writer.sent = writer.acknowledged = there
        counts.half += not whole
    counts.acknowledged = sum(writer.answers for writer in writers)
    return counts


def _left(root: Path) -> tuple[dict[str, set[tuple[str, int]]], set[tuple[str, int]]]:
    """Subjects and numbers: in each graph, and in the union of all."""
    for _ in range(200):  # until the last of the server's processes is gone
        try:
            open_store(root, write=True).close()
            break
        except StoreLocked:
            time.sleep(0.01)
    graphs: dict[str, set[tuple[str, int]]] = defaultdict(set)
    with open_store(root) as store:
        for graph, subject, number in _rows(store, "SELECT ?g ?s ?o { GRAPH ?g { ?s ?p ?o } }"):
            graphs[graph].add((subject, int(number)))
        return graphs, {(subject, int(number)) for subject, number in _rows(store, "SELECT ?s ?o { ?s ?p ?o }")}


def _rows(store, query: str) -> list[list[str]]:
    return list(csv.reader(store.query(query, media_type="text/csv").read().decode().splitlines()))[1:]
