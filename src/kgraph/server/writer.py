"""The one process that writes: it owns the store, tries each write, has the shapes gate look at it, commits it and publishes.

`python -m kgraph.server.writer CONNECTION LOCK STORE UNION`: the descriptors of its end of a socket pair and of the store's
lock, which its parent holds; `UNION` is what the unnamed graph is to be: union, own, or as-it-is.

A frame either way is its length (four bytes, big-endian) and a value in Python's marshal form. Down come the requests below,
one at a time. Up go `READY` once, then for each request `COMMITTING` where it is checked and will change the store, and in
the end `DONE` with whether the graph was there before, or `ERROR`. It may be killed at any point; before `COMMITTING` nothing
has changed.
"""

from __future__ import annotations

import ctypes
import logging
import marshal
import signal
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from rdflib import Graph

from kgraph.errors import BadGraph, BadQuery, FetchRefused, KgraphError, Misuse, NotConforming, NotWritable, StoreError
from kgraph.store import snapshot
from kgraph.store.oxigraph import OxigraphStore
from kgraph.validate import Report, ShapesGate

LENGTH = struct.Struct("!I")
READY, COMMITTING, DONE, ERROR = range(4)

UpdateRequest = tuple[str, str, list[str], list[str], str]
"""`"update"`, the text, the graphs of `using-graph-uri` and `using-named-graph-uri`, the base."""

WriteRequest = tuple[str, str | None, list[tuple[bytes, str]] | None, str, bool]
"""`"write"`, the graph (None: the unnamed one), contents with their media types (None: remove it), the base, add or replace."""

_PR_SET_PDEATHSIG = 1
_UNION = {"union": True, "own": False, "as-it-is": None}
_ERRORS: dict[str, type[KgraphError]] = {
    kind.__name__: kind for kind in (BadGraph, BadQuery, FetchRefused, Misuse, NotConforming, NotWritable, StoreError)
}


def frame(value: tuple[Any, ...]) -> bytes:
    payload = marshal.dumps(value)
    return LENGTH.pack(len(payload)) + payload


def error_from_wire(kind: str, message: str, more: dict[str, Any]) -> KgraphError:
    return _ERRORS[kind](message, **more)


def _error_to_wire(error: KgraphError) -> tuple[int, str, str, dict[str, Any]]:
    kind = type(error) if type(error).__name__ in _ERRORS else StoreError
    more = {name: getattr(error, name) for name in ("line", "column", "report_turtle") if hasattr(error, name)}
    return ERROR, kind.__name__, str(error), more


def _serve(connection: socket.socket, store: OxigraphStore, gate: ShapesGate) -> None:
    incoming = connection.makefile("rb")

    def check(graphs: Mapping[str | None, bytes]) -> None:
        report = sum((gate.check(_graph(triples)) for triples in graphs.values()), Report())
        if not report.conforms:
            raise NotConforming(
                "a graph would not pass the shapes gate, so nothing was written", report_turtle=report.as_turtle()
            )
        connection.sendall(frame((COMMITTING,)))

    while (request := _read(incoming)) is not None:
        existed = False
        try:
            if request[0] == "update":
                _, text, using, using_named, base = request
                store.update(text, using=using, using_named=using_named, base=base, check=check)
            else:
                _, graph, contents, base, add = request
                existed = store.write(graph, contents, base=base, add=add, check=check)
            if store.is_ahead:
                store.publish()
        except KgraphError as error:
            connection.sendall(frame(_error_to_wire(error)))
        else:
            connection.sendall(frame((DONE, existed)))


def _graph(triples: bytes) -> Graph:
    return Graph(bind_namespaces="none").parse(data=triples, format="nt")


def _read(incoming: BinaryIO) -> tuple[Any, ...] | None:
    prefix = incoming.read(LENGTH.size)
    if len(prefix) < LENGTH.size:
        return None
    value: tuple[Any, ...] = marshal.loads(incoming.read(LENGTH.unpack(prefix)[0]))  # noqa: S302  (from our own parent)
    return value


def main(connection: int, lock: int, root: Path, union: bool | None) -> None:
    # Ctrl-C goes to the whole group: the server decides when its children end. If it dies itself, so do they.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    logging.getLogger("rdflib").setLevel(logging.CRITICAL)  # of literals that are none of their type the gate tells
    parent = socket.socket(fileno=connection)
    try:
        with OxigraphStore(root, write=True, union=union, held=lock) as store:
            if store.is_ahead or snapshot.current(root) is None:
                store.publish()
            gate = ShapesGate()
            parent.sendall(frame((READY,)))
            _serve(parent, store, gate)
    except KgraphError as error:
        parent.sendall(frame(_error_to_wire(error)))
    except (BrokenPipeError, ConnectionResetError):
        return


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), _UNION[sys.argv[4]])
