"""An answer on its way from a worker to a client: whole if it is short, else as a stream that ends properly or breaks."""

from __future__ import annotations

from kgraph.errors import KgraphError
from kgraph.server.asgi import Headers, Send
from kgraph.server.cache import Cache
from kgraph.server.responses import send_whole
from kgraph.server.workers import Head, Job


async def send_stream(send: Send, job: Job, headers: Headers, *, keep: int = 0) -> bytes | None:
    """Sends a long answer as it comes; gives it back whole if it has at most `keep` bytes.

    One that breaks off is left without the end that HTTP/1.1 puts to a stream, so that the client sees it broken.
    """
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    kept: list[bytes] | None = []
    size = 0
    try:
        async for chunk in job.chunks():
            size += len(chunk)
            if kept is not None:
                kept.append(chunk)
                kept = kept if size <= keep else None
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except KgraphError:
        return None
    await send({"type": "http.response.body", "body": b""})
    return b"".join(kept) if kept is not None else None


async def send_answer(send: Send, job: Job, head: Head, headers: Headers, etag: bytes, cache: Cache) -> None:
    """Sends an answer, short or long, and keeps it if it may be kept."""
    if head.body is not None:
        cache.put(etag, headers, head.body)
        await send_whole(send, 200, headers, head.body)
        return
    body = await send_stream(send, job, headers, keep=cache.most)
    if body is not None and job.spool is not None and not job.spool.cut:
        cache.put(etag, headers, body)
