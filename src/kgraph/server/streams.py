"""An answer on its way from a worker to a client: whole if it is short, else as a stream that ends properly or breaks."""

from __future__ import annotations

import asyncio

from kgraph.errors import KgraphError
from kgraph.server import compression
from kgraph.server.asgi import Headers, Send
from kgraph.server.cache import Cache
from kgraph.server.responses import send_whole
from kgraph.server.workers import Head, Job


async def send_stream(send: Send, job: Job, headers: Headers, *, coding: str | None = None, keep: int = 0) -> bytes | None:
    """Sends a long answer as it comes; gives back all that was sent if it has at most `keep` bytes.

    One that breaks off is left without the end that HTTP/1.1 puts to a stream, so that the client sees it broken.
    """
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    kept: list[bytes] | None = []
    size = 0
    coder = compression.coder(coding) if coding is not None else None
    try:
        async for chunk in job.chunks():
            if coder is not None:  # beside the event loop, which goes on in between
                chunk = await asyncio.to_thread(coder.code, chunk)
            size += len(chunk)
            if kept is not None:
                kept.append(chunk)
                kept = kept if size <= keep else None
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except KgraphError:
        return None
    last = coder.end() if coder is not None else b""
    await send({"type": "http.response.body", "body": last})
    if kept is not None:
        kept.append(last)
    return b"".join(kept) if kept is not None else None


async def send_answer(
    send: Send, job: Job, head: Head, headers: Headers, etag: bytes, cache: Cache, coding: str | None = None
) -> None:
    """Sends an answer, short or long, and keeps it, as it was sent, if it may be kept; `etag` is that of the plain answer."""
    if head.body is not None:
        cache.put(etag, headers, head.body)
        await send_coded(send, headers, head.body, etag, cache, coding)
        return
    if coding is not None:
        etag, headers = _as_coded(etag, headers, coding)
    body = await send_stream(send, job, headers, coding=coding, keep=cache.most)
    if body is not None and job.spool is not None and not job.spool.cut:
        cache.put(etag, headers, body)


async def send_coded(send: Send, headers: Headers, body: bytes, etag: bytes, cache: Cache, coding: str | None) -> None:
    """Sends a whole answer, made smaller if that is wanted and worth it; that is done once for one that is kept."""
    if coding is not None and len(body) >= compression.WORTH_IT:
        body = compression.coded(body, coding)
        etag, headers = _as_coded(etag, headers, coding)
        cache.put(etag, headers, body)
    await send_whole(send, 200, headers, body)


def _as_coded(etag: bytes, headers: Headers, coding: str) -> tuple[bytes, Headers]:
    tag = compression.etag_of(etag, coding)
    return tag, [(b"etag", tag), (b"content-encoding", coding.encode()), *(one for one in headers if one[0] != b"etag")]
