"""What a connection may cost that asks nothing, asks slowly, or does not take its answer.

Once a second every connection is looked at. One that waits for its client, to begin a request, to go on with one or to take
what was written, is closed when nothing has moved for the client's patience. Nothing is done for a request by itself, but that
a request which comes again byte for byte is answered here (`repeats`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from kgraph.server.asgi import Scope
from kgraph.server.gathering import Gathering
from kgraph.server.limits import Limits
from kgraph.server.repeats import REQUEST, Repeat, Repeats, rendered
from kgraph.server.unchunked import Unchunked

Observe = Callable[[Repeat, tuple[str, int] | None], None]

_LOOK_EVERY = 1.0
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 20\r\nconnection: close\r\n\r\ntoo many connections"
)


class Connection(HttpToolsProtocol):
    """Uvicorn's connection, under limits; the first three are set by the subclass that `guarded` makes."""

    limits: Limits
    repeats: Repeats
    observe: Observe
    _look: asyncio.TimerHandle | None = None
    _before: tuple[object, int, int] | None = None
    _still = 0
    _begun = _ended = 0
    _repeated = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", Gathering(transport, self.loop))
        if self._look is None:  # one round for all connections, as long as there are any
            type(self)._look = self.loop.call_later(_LOOK_EVERY, self._go_round)
        if len(self.connections) > self.limits.connections and not self._make_room():
            transport.write(_FULL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        between = self._begun == self._ended and (cycle is None or cycle.response_complete)
        if between and (repeat := self.repeats.find(data)) is not None and not self.flow.write_paused:
            self._unset_keepalive_if_required()  # the round that looks at every connection does the same
            self._repeated += 1
            self.transport.writelines(rendered(repeat, self.server_state.default_headers))
            self.observe(repeat, self.client)
            return
        begun = self._begun
        super().data_received(data)
        if between and begun + 1 == self._begun == self._ended and self.scope["method"] == "GET" and self.cycle.keep_alive:
            cast("Scope", self.scope)[REQUEST] = data

    def on_message_begin(self) -> None:
        self._begun += 1
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._ended += 1
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.scope["http_version"] < "1.1":
            self.cycle.send = Unchunked(self.cycle).send  # type: ignore[assignment, method-assign]

    def waits_for(self) -> tuple[object, int, int] | None:
        """What the client is waited for to change, or None where it is the server's turn."""
        buffered = self.transport.get_write_buffer_size()
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is None or cycle.response_complete:
            return cycle, self._repeated, buffered
        return (cycle, len(cycle.body), buffered) if buffered or cycle.more_body else None

    def _make_room(self) -> bool:
        """Closes the connection that has been silent longest."""
        others = (cast("Connection", one) for one in self.connections if one is not self)
        silent = max((one for one in others if one.waits_for() is not None), key=lambda one: one._still, default=None)
        if silent is not None:
            silent.transport.abort()
        return silent is not None

    def _go_round(self) -> None:
        kind = type(self)
        kind._look = self.loop.call_later(_LOOK_EVERY, self._go_round) if self.connections else None
        for one in [cast("Connection", one) for one in self.connections]:
            now = one.waits_for()
            one._still = one._still + 1 if now is not None and now == one._before else 0
            one._before = now
            if one._still * _LOOK_EVERY >= self.limits.patience:
                one.transport.abort()


def guarded(limits: Limits, repeats: Repeats, observe: Observe) -> type[asyncio.Protocol]:
    """The class of connections under these limits; `observe` is told of each request that is answered here."""
    attributes: dict[str, Any] = {"limits": limits, "repeats": repeats, "observe": staticmethod(observe)}
    return cast("type[asyncio.Protocol]", type("Guarded", (Connection,), attributes))
