"""A query worker: a process that opens the newest snapshot and answers one query at a time, until it is killed.

`python -m kgraph.server.worker CONNECTION MEMORY STORE BYTES ROWS [HOST…]`: the descriptors of its end of the socket pair,
and of the shared memory, that `frames` describes; the folder; what a query's answer may have at most; the hosts that its
`SERVICE` may ask.
It imports little, since the server waits for it to start after it had to kill one.
"""

from __future__ import annotations

import ctypes
import gc
import marshal
import mmap
import signal
import socket
import sys
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from kgraph import media
from kgraph.errors import BadQuery, KgraphError, StoreError
from kgraph.server import frames
from kgraph.store import quads
from kgraph.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from kgraph.store.services import Services

_CHUNK = 1 << 16
_PR_SET_PDEATHSIG = 1
_INDEX = {form.media_type: bytes([place]) for place, form in enumerate(media.FORMATS)}


_ROW_ENDS = {
    media.JSON.media_type: b'}},{"',
    media.XML.media_type: b"</result>",
    media.CSV.media_type: b"\n",
    media.TSV.media_type: b"\n",
    media.NTRIPLES.media_type: b"\n",
    media.NQUADS.media_type: b"\n",
}
"""What stands between two rows and nowhere in a value, but for line ends in CSV, which so count too."""


class _Enough(Exception):
    """The limit of the request is reached."""


@dataclass(frozen=True, slots=True)
class Most:
    """What an answer may have."""

    size: int
    rows: int


class _Rows(RawIOBase):
    """Passes on what is written while it has no more rows than it may."""

    def __init__(self, output: _Output, row_end: bytes, most: int) -> None:
        self._output = output
        self._row_end = row_end
        self._most = most
        self._left = most
        self._tail = b""

    def write(self, chunk: bytes) -> int:  # type: ignore[override]
        joined = self._tail + chunk
        self._left -= joined.count(self._row_end)
        if self._left < 0:
            raise frames.AnswerTooLarge(f"the answer has more than {self._most} rows", hint="ask with LIMIT, or load a dump")
        self._tail = joined[1 - len(self._row_end) :] if len(self._row_end) > 1 else b""
        return self._output.write(chunk)


class _Output(RawIOBase):
    """Sends what is written as one frame if it is short, else as a stream.

    In bytes: at `limit` (0 for none) the answer is cut, which its end says; over `most` it ends in an error.
    """

    def __init__(self, connection: socket.socket, number: int, limit: int, most: int = sys.maxsize) -> None:
        self._connection = connection
        self._number = number
        self._limit = limit or sys.maxsize
        self._left = self._most = most
        self._sent = False
        self._waiting: list[bytes] = []
        self._size = 0
        self.form = b""

    def write(self, chunk: bytes) -> int:  # type: ignore[override]
        self._waiting.append(chunk)
        self._size += len(chunk)
        self._limit -= len(chunk)
        if self._limit <= 0:
            raise _Enough
        self._left -= len(chunk)
        if self._left < 0:
            raise frames.AnswerTooLarge(f"the answer has more than {self._most} bytes", hint="ask with LIMIT, or load a dump")
        if self._size >= _CHUNK:
            self._pass_on()
        return len(chunk)

    def _pass_on(self) -> None:
        if not self._sent:
            self._connection.sendall(frames.frame(frames.HEAD, self._number, self.form))
            self._sent = True
        self._connection.sendall(frames.frame(frames.DATA, self._number, b"".join(self._waiting)))
        self._waiting.clear()
        self._size = 0

    def finish(self, *, cut: bool) -> None:
        if not self._sent and not cut:
            self._connection.sendall(frames.frame(frames.WHOLE, self._number, self.form + b"".join(self._waiting)))
        else:
            self._pass_on()
            self._connection.sendall(frames.frame(frames.END, self._number, bytes([cut])))


def _answer(store: OxigraphStore, request: tuple[object, ...], connection: socket.socket, number: int, most: Most) -> None:
    if request[0] == "dump":
        _, media_type, graph = cast("frames.DumpRequest", request)
        output = _Output(connection, number, 0)
        output.form = _INDEX[media_type]
        store.dump(cast("BinaryIO", output), media_type=media_type, graph=graph)
        output.finish(cut=False)
        return
    _, text, media_types, default_graphs, named_graphs, limit = cast("frames.QueryRequest", request)
    try:
        for graph in (*(default_graphs or ()), *(named_graphs or ())):
            quads.name(graph)
    except StoreError as error:
        raise BadQuery(error.message) from error
    output = _Output(connection, number, limit, most.size)
    answer = store.query(text, media_type=media_types, default_graphs=default_graphs, named_graphs=named_graphs)
    output.form = _INDEX[answer.media_type]
    row_end = _ROW_ENDS.get(answer.media_type)
    try:
        answer.write_to(cast("BinaryIO", _Rows(output, row_end, most.rows) if row_end else output))
    except _Enough:
        output.finish(cut=True)
    else:
        output.finish(cut=False)


def serve(connection: socket.socket, recalled: mmap.mmap, root: Path, most: Most, services: Services | None) -> None:
    """Answers until the other end closes."""
    incoming = connection.makefile("rb")
    store = OxigraphStore(root, write=False, services=services)
    connection.sendall(frames.frame(frames.READY, 0, (store.snapshot or "").encode()))
    gc.freeze()
    while prefix := incoming.read(frames.PREFIX.size):
        length, _, number = frames.PREFIX.unpack(prefix)
        request = incoming.read(length)
        if frames.NUMBER.unpack_from(recalled)[0] <= number < frames.NUMBER.unpack_from(recalled, frames.NUMBER.size)[0]:
            continue
        asked = marshal.loads(request)  # noqa: S302  (from our own parent)
        if asked == frames.OPEN:
            newer = OxigraphStore(root, write=False, services=services)
            store.close()
            store = newer
            connection.sendall(frames.frame(frames.READY, number, (store.snapshot or "").encode()))
            continue
        try:
            _answer(store, asked, connection, number, most)
        except KgraphError as error:
            connection.sendall(frames.frame(frames.ERROR, number, marshal.dumps(frames.error_to_wire(error))))


def main(connection: int, memory: int, root: Path, most: Most, *hosts: str) -> None:
    # Ctrl-C goes to the whole group: the server decides when its workers end. If it dies itself, so do they, in mid-query too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        serve(socket.socket(fileno=connection), mmap.mmap(memory, mmap.PAGESIZE), root, most, _services(hosts))
    except (BrokenPipeError, ConnectionResetError):
        return


def _services(hosts: tuple[str, ...]) -> Services | None:
    if not hosts:
        return None
    from kgraph.store.services import Services  # noqa: PLC0415  (its HTTP client is not for those who ask nobody)

    return Services([host for host in hosts if host != frames.PRIVATE], allow_private=frames.PRIVATE in hosts)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Most(int(sys.argv[4]), int(sys.argv[5])), *sys.argv[6:])
