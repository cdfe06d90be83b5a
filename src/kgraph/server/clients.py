"""How many requests each client has in hand, by its address."""

from __future__ import annotations

from http import HTTPStatus

from kgraph.server.asgi import Scope, Send, header
from kgraph.server.responses import Problem, send_problem


def client_of(scope: Scope) -> str:
    """Whom the request is from: an address, or nothing where there is none."""
    address = scope.get("client")
    return address[0] if address else ""


class Clients:
    """Counts requests from their arrival to the end of their answers; `most` is what one address may have at once.

    The address is that of the connection, or what a proxy on this machine says it is (`X-Forwarded-For`).
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._in_hand: dict[str, int] = {}

    def enter(self, scope: Scope) -> str | None:
        """Counts one more; gives whom to count it off again, or None where it is one too many."""
        client = client_of(scope)
        number = self._in_hand.get(client, 0)
        if number >= self._most:
            return None
        self._in_hand[client] = number + 1
        return client

    def leave(self, client: str) -> None:
        number = self._in_hand[client]
        if number > 1:
            self._in_hand[client] = number - 1
        else:
            del self._in_hand[client]

    async def refuse(self, scope: Scope, send: Send) -> None:
        detail = f"{self._most} requests from your address are in hand already"
        # The body of the request was not read: what comes after it on this connection could not be told from it.
        close = ((b"retry-after", b"1"), (b"connection", b"close"))
        await send_problem(send, Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, close), header(scope, b"accept"))
