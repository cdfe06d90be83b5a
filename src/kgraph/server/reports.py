"""What the shapes gate found in a write that it refused: 422 with the validation report as RDF."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from kgraph import media
from kgraph.errors import NotConforming
from kgraph.server import negotiate
from kgraph.server.asgi import Headers, Send
from kgraph.server.responses import OPEN_TO_ALL, send_whole
from kgraph.store import quads

_SHACL = {"sh": "http://www.w3.org/ns/shacl#"}


async def send_report(send: Send, error: NotConforming, accept: str) -> None:
    """The report in the RDF that the client reads, in Turtle where it reads none."""
    form = media.named(negotiate.triples_type(accept) or media.TURTLE.media_type)
    body = error.report_turtle.encode()
    if form is not media.TURTLE:
        body = await asyncio.to_thread(quads.convert, body, source=media.TURTLE, target=form, prefixes=_SHACL)
    headers: Headers = [(b"content-type", form.content_type.encode()), (b"vary", b"accept"), (b"cache-control", b"no-store")]
    await send_whole(send, HTTPStatus.UNPROCESSABLE_ENTITY, [*headers, *OPEN_TO_ALL], body)
