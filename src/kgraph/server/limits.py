"""What one server spends on its clients."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds and bytes; a request that would go over one ends with 413, 414 or 503, never by taking the server with it."""

    deadline: float = 30.0
    """For a query, from its arrival to the end of its evaluation."""
    dump_deadline: float = 600.0
    request_bytes: int = 1 << 20
    waiting: int = 256
    """Queries that wait for a worker; one more is told to come again."""
    cache_bytes: int = 64 << 20
    cached_answer_bytes: int = 1 << 20
    page_bytes: int = 256 << 10
    """Of an answer that is shown as a page; the page says that there is more."""
