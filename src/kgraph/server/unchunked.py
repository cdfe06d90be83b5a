"""Answers to HTTP/1.0, which may not be sent chunks (RFC 9112, 6.1): one of unknown length ends as its connection does.

A connection that is closed looks the same after the last byte and before it. So until the last byte is written the socket is
set to be reset when it is closed (SO_LINGER of 0), whoever closes it: a limit, an error, the end of this process.
"""

from __future__ import annotations

import socket
import struct
from http import HTTPStatus
from typing import cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from kgraph.server.asgi import Message, Send

_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Unchunked:
    """What stands before a cycle's own `send` and takes its place."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._send = cast("Send", cycle.send)
        self._until_closed = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start(message)
        elif self._until_closed:
            await self._send_body(message.get("body", b""))
            if message.get("more_body", False):
                return
            await self._cycle.flow.drain()
            self._reset_when_closed(False)
            message = {**message, "body": b""}
        await self._send(message)

    def _start(self, message: Message) -> None:
        sized = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
        if not sized and self._cycle.scope["method"] != "HEAD" and message["status"] not in _BODILESS:
            self._until_closed = True
            self._cycle.chunked_encoding = False
            self._reset_when_closed(True)

    async def _send_body(self, body: bytes) -> None:
        self._cycle.expected_content_length = len(body)  # or uvicorn would take it for too long
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    def _reset_when_closed(self, reset: bool) -> None:
        transport = self._cycle.transport
        if not transport.is_closing():
            transport.set_write_buffer_limits(0)  # so that `drain` waits for the last byte
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", reset, 0))
