"""A real server in a process of its own, on a free loopback port, over a small store."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from kgraph.store import open_store

HOSTILE = "<script>alert('x')</script> & \\\"quoted\\\""
PROGRAM = """
import sys
from kgraph.server.access import Access
from kgraph.server.app import serve
from kgraph.server.limits import Limits
from kgraph.settings import Settings
_, root, port, workers, *limits = sys.argv
numbers = {name: type(getattr(Limits(), name))(number) for name, number in (limit.split("=") for limit in limits)}
serve(root, port=int(port), workers=int(workers), limits=Limits(**numbers), access=Access.of(Settings()))
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its address, its process, and what it said on stderr."""

    url: str
    pid: int
    log: Path

    def workers(self) -> list[int]:
        """The process ids of its query workers."""
        return [pid for pid in children_of(self.pid) if told_of(pid, "comm").strip() == "kgraph-query" and alive(pid)]


def told_of(pid: int, what: str) -> str:
    """What the system says of a process; nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/{what}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children_of(pid: int) -> list[int]:
    return [int(child) for child in told_of(pid, f"task/{pid}/children").split()]


def quads(graph: str, things: int) -> bytes:
    lines = [
        f'<{graph}#{n}> <https://schema.org/text> "words {n}"@en <{graph}> .\n'
        f"<{graph}#{n}> <https://schema.org/about> <http://example.org/thing/{n % 7}> <{graph}> .\n"
        for n in range(things)
    ]
    lines.append(f'<http://example.org/thing/0> <https://schema.org/name> "{HOSTILE}" <{graph}> .\n')
    return "".join(lines).encode()


def fill(root: Path, *, things: int = 1000) -> None:
    with open_store(root, write=True) as store:
        store.replace_many({graph: quads(graph, things) for graph in ("http://example.org/doc/1", "http://example.org/doc/2")})


@contextmanager
def serving(root: Path, *, workers: int = 2, env: Mapping[str, str] | None = None, **limits: float) -> Iterator[Served]:
    """Starts it, with these settings beside those of the environment, and stops it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = root.with_suffix(".log")
    arguments = [str(root), str(port), str(workers), *(f"{name}={value}" for name, value in limits.items())]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, *arguments],
            stdout=out,
            stderr=out,
            env={**os.environ, **(env or {})},
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            if process.poll() is not None:
                pytest.fail(log.read_text())
            try:
                if httpx.get(f"{url}/ready").is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        yield Served(url, process.pid, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert "Traceback" not in log.read_text(), log.read_text()


Start = Callable[..., AbstractContextManager[Served]]


@pytest.fixture
def start() -> Start:
    return serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("server") / "store"
    fill(root)
    with serving(root) as served:
        yield served


@pytest.fixture
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits for its parent to look at it does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
