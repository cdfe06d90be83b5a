"""What is written through a gathering transport goes out in its order, the head of a response together with what follows."""

from __future__ import annotations

import asyncio
import socket

from kgraph.server.gathering import Gathering

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


async def pieces(*rounds: list[bytes | list[bytes] | None]) -> list[bytes]:
    """What the other end receives in each round of writes: bytes by `write`, lists by `writelines`, None closes."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    with theirs:
        transport, _ = await loop.create_unix_connection(asyncio.Protocol, sock=ours)
        gathering = Gathering(transport, loop)
        received = []
        for writes in rounds:
            for data in writes:
                if data is None:
                    gathering.close()
                elif isinstance(data, list):
                    gathering.writelines(data)
                else:
                    gathering.write(data)
            received.append(await loop.sock_recv(theirs, 1 << 20))
        gathering.close()
        return received


def test_a_head_goes_with_its_body():
    assert asyncio.run(pieces([HEAD, b"body"], [b"more"])) == [HEAD + b"body", b"more"]


def test_a_head_that_nothing_follows_goes_by_itself():
    assert asyncio.run(pieces([HEAD], [b"body"])) == [HEAD, b"body"]


def test_a_head_goes_before_the_lines_of_the_next_response_and_before_the_end():
    assert b"".join(asyncio.run(pieces([HEAD, [b"next"]], [HEAD, None]))) == HEAD + b"next" + HEAD


def test_a_large_body_follows_its_head():
    body = bytes(100_000)
    assert asyncio.run(pieces([HEAD, body]))[0].startswith(HEAD + body[:10])
