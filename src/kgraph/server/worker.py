"""A query worker: a process that opens the newest snapshot and answers one query at a time, until it is killed.

It is forked by the `nursery` and given the descriptors of its end of the socket pair, and of the shared memory, that `frames`
describes; the folder; what a query's answer may have at most; the hosts that its `SERVICE` may ask.
"""

from __future__ import annotations

import marshal
import mmap
import os
import resource
import socket
import sys
from dataclasses import dataclass
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
_WHOLE = 1 << 15
"""Up to so many bytes, an answer is sent in one piece; a longer one begins as soon as it has them."""

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


_FEWER = "ask with LIMIT, or load a dump"


class _Enough(Exception):
    """The limit of the request is reached."""


@dataclass(frozen=True, slots=True)
class Most:
    """What an answer may have, in bytes and rows, and what its query may allocate, in bytes."""

    size: int
    rows: int
    memory: int


_UNBOUNDED = Most(sys.maxsize, sys.maxsize, sys.maxsize)


class _Output:
    """Sends what is written as one frame if it is short, else as a stream.

    At `limit` bytes (0 for none) the answer is cut, which its end says; over `most` it ends in an error. Rows are counted by
    what ends each in this form, where there is such a thing.
    """

    def __init__(self, connection: socket.socket, number: int, form: media.Format, limit: int, most: Most) -> None:
        self._connection = connection
        self._number = number
        self._form = _INDEX[form.media_type]
        self._limit = limit or sys.maxsize
        self._most = most
        self._left = most.size
        self._row_end = _ROW_ENDS.get(form.media_type)
        self._rows_left = most.rows
        self._tail = b""
        self._sent = False
        self._waiting: list[bytes] = []
        self._size = 0

    def write(self, chunk: bytes) -> int:
        self._waiting.append(chunk)
        self._size += len(chunk)
        if self._size >= self._limit:
            raise _Enough
        if self._size >= (_CHUNK if self._sent else _WHOLE):
            self._pass_on()
        return len(chunk)

    def flush(self) -> None: ...

    def _pass_on(self) -> None:
        chunk = b"".join(self._waiting)
        self._check(chunk)
        if not self._sent:
            self._connection.sendall(frames.frame(frames.HEAD, self._number, self._form))
            self._sent = True
        self._connection.sendall(frames.frame(frames.DATA, self._number, chunk))
        self._limit -= self._size
        self._waiting.clear()
        self._size = 0

    def _check(self, chunk: bytes) -> None:
        self._left -= len(chunk)
        if self._left < 0:
            raise frames.AnswerTooLarge(f"the answer has more than {self._most.size} bytes", hint=_FEWER)
        if self._row_end is not None:
            joined = self._tail + chunk
            self._rows_left -= joined.count(self._row_end)
            if self._rows_left < 0:
                raise frames.AnswerTooLarge(f"the answer has more than {self._most.rows} rows", hint=_FEWER)
            self._tail = joined[1 - len(self._row_end) :] if len(self._row_end) > 1 else b""

    def finish(self, *, cut: bool) -> None:
        if self._sent or cut:
            self._pass_on()
            self._connection.sendall(frames.frame(frames.END, self._number, bytes([cut])))
        else:
            whole = b"".join(self._waiting)
            self._check(whole)
            self._connection.sendall(frames.frame(frames.WHOLE, self._number, self._form + whole))


def _answer(store: OxigraphStore, request: tuple[object, ...], connection: socket.socket, number: int, most: Most) -> None:
    if request[0] == "dump":
        _, media_type, graph = cast("frames.DumpRequest", request)
        output = _Output(connection, number, media.named(media_type), 0, _UNBOUNDED)
        store.dump(cast("BinaryIO", output), media_type=media_type, graph=graph)
        output.finish(cut=False)
        return
    _, text, media_types, default_graphs, named_graphs, limit = cast("frames.QueryRequest", request)
    try:
        for graph in (*(default_graphs or ()), *(named_graphs or ())):
            quads.name(graph)
    except StoreError as error:
        raise BadQuery(error.message) from error
    answer = store.query(text, media_type=media_types, default_graphs=default_graphs, named_graphs=named_graphs)
    output = _Output(connection, number, answer.form, limit, most)
    try:
        answer.write_to(cast("BinaryIO", output))
    except _Enough:
        output.finish(cut=True)
    else:
        output.finish(cut=False)


def serve(connection: socket.socket, recalled: mmap.mmap, root: Path, most: Most, services: Services | None) -> None:
    """Answers until the other end closes."""
    incoming = connection.makefile("rb")
    store = OxigraphStore(root, write=False, services=services)
    _bound(most.memory)
    connection.sendall(frames.frame(frames.READY, 0, (store.snapshot or "").encode()))
    while prefix := incoming.read(frames.PREFIX.size):
        length, _, number = frames.PREFIX.unpack(prefix)
        request = incoming.read(length)
        if frames.NUMBER.unpack_from(recalled)[0] <= number < frames.NUMBER.unpack_from(recalled, frames.NUMBER.size)[0]:
            continue
        asked = marshal.loads(request)  # noqa: S302  (from our own parent)
        if asked == frames.OPEN:
            _bound(None)
            newer = OxigraphStore(root, write=False, services=services)
            store.close()
            store = newer
            _bound(most.memory)
            connection.sendall(frames.frame(frames.READY, number, (store.snapshot or "").encode()))
            continue
        try:
            _answer(store, asked, connection, number, most)
        except KgraphError as error:
            connection.sendall(frames.frame(frames.ERROR, number, marshal.dumps(frames.error_to_wire(error))))


def _bound(memory: int | None) -> None:
    """Lets this process allocate so many bytes more, or any number; it ends where it would have yet more (getrlimit(2))."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    soft = hard
    if memory is not None:
        pages = int(Path("/proc/self/statm").read_text().split()[5])
        soft = pages * mmap.PAGESIZE + memory
    resource.setrlimit(resource.RLIMIT_DATA, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def main(connection: int, memory: int, root: Path, most: Most, *hosts: str) -> None:
    """What a process does that was forked to be a worker."""
    end = socket.socket(fileno=connection)
    try:
        end.sendall(frames.frame(frames.HELLO, 0, str(os.getpid()).encode()))
        serve(end, mmap.mmap(memory, mmap.PAGESIZE), root, most, _services(hosts))
    except ConnectionError:
        return


def _services(hosts: tuple[str, ...]) -> Services | None:
    if not hosts:
        return None
    from kgraph.store.services import Services  # noqa: PLC0415  (its HTTP client is not for those who ask nobody)

    return Services([host for host in hosts if host != frames.PRIVATE], allow_private=frames.PRIVATE in hosts)
