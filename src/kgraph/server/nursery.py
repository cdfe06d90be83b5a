"""Where query workers come from: one process that has imported what a worker needs, and forks.

`python -m kgraph.server.nursery CONTROL SERVER STORE BYTES ROWS MEMORY [HOST…]`: the descriptor of its end of a socket pair,
the server's process id, then what `worker.main` takes. A new interpreter would be at its imports for a tenth of a second; a
fork is ready within some ten milliseconds, so that a worker which had to be killed is replaced before anybody waits for it. No
store is open here when it forks: a worker opens its own.

A worker is forked twice and so handed to the server, which is a subreaper (prctl(2)): it is the server that a worker dies
with and is reaped by, and the end of the nursery costs nothing but another nursery.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from kgraph.server import worker

_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 1, 15, 36
_UNTIL_ADOPTED = 1.0
_TUNED = "glibc.malloc.tcache_count=512"
"""Keeps more of what a query allocates at hand for the next: a tenth of a query's time where it allocates much."""


class Nursery:
    """The server's end."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """`arguments` are those of each worker: the store, and what follows."""
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self) -> None:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self.stop()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "kgraph.server.nursery", str(theirs.fileno()), str(os.getpid()), *self._arguments]
            environment = {"GLIBC_TUNABLES": _TUNED, **os.environ}
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environment)

    def fork(self, connection: int, memory: int) -> None:
        """Has a worker forked that owns these descriptors; it says on the connection who it is."""
        for _ in range(2):  # where the nursery was killed, another one takes its place
            if self._control is not None:
                with suppress(ConnectionError):
                    socket.send_fds(self._control, [b"\0"], [connection, memory])
                    return
            self.start()
        raise ChildProcessError("the process that query workers are forked from does not live")

    def stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def main(control: socket.socket, server: int, root: Path, most: worker.Most, hosts: Sequence[str]) -> None:
    """Forks as it is told to, until the server closes its end."""
    # Ctrl-C goes to the whole group: the server decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent(server)
    _call_it("kgraph-nursery")
    gc.collect()
    gc.freeze()
    while True:
        _, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not descriptors:
            return
        between = os.fork()
        if between == 0:
            if os.fork() == 0:
                control.close()
                _be_a_worker(server, root, most, hosts, *descriptors)
            os._exit(0)
        os.waitpid(between, 0)
        for descriptor in descriptors:
            os.close(descriptor)


def _be_a_worker(server: int, root: Path, most: worker.Most, hosts: Sequence[str], connection: int, memory: int) -> None:
    try:
        _call_it("kgraph-query")
        until = time.monotonic() + _UNTIL_ADOPTED
        while os.getppid() != server and time.monotonic() < until:
            time.sleep(0.0002)
        _end_with_parent(server)
        worker.main(connection, memory, root, most, *hosts)
    except KeyboardInterrupt:
        pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def _end_with_parent(parent: int) -> None:
    """Has this process killed when its parent ends, in mid-query too; ends it where it has ended already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _call_it(name: str) -> None:
    """The name that `ps` and `top` show."""
    _prctl(_PR_SET_NAME, name.encode())


def _prctl(option: int, value: int | bytes) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")


if __name__ == "__main__":
    main(
        socket.socket(fileno=int(sys.argv[1])),
        int(sys.argv[2]),
        Path(sys.argv[3]),
        worker.Most(int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6])),
        sys.argv[7:],
    )
