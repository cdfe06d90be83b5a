"""What one server spends on its clients."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds, bytes and counts; what would go over one ends with 413, 414, 429 or 503, and never takes the server along."""

    deadline: float = 30.0
    """For a query, from its arrival to the end of its evaluation; a request may ask for less (`Prefer: wait=`)."""
    dump_deadline: float = 600.0
    service_deadline: float = 20.0
    """For a query that asks other endpoints by `SERVICE`."""
    write_deadline: float = 60.0
    """For a write, from its turn until it is checked; what is checked is not stopped."""
    waiting_writes: int = 64
    """Writes that wait for their turn, one at a time; one more is told to come again."""
    write_bytes: int = 64 << 20
    """For the body of a write."""
    request_bytes: int = 1 << 19
    answer_bytes: int = 1 << 30
    answer_rows: int = 5_000_000
    waiting: int = 256
    """Queries that wait for a worker; one more is told to come again."""
    per_client: int = 100
    """Requests that one address may have in hand."""
    long: int = 4
    """Queries that go on beside the quick ones once they have taken long (or one for each worker); others wait for a place."""
    connections: int = 2000
    """Beyond these, the one that has been silent longest is closed."""
    patience: float = 20.0
    """For a client that neither sends what it began nor takes what it is sent."""
    spooled_bytes: int = 1 << 30
    """Of all answers together that wait on disk for their readers."""
    cache_bytes: int = 64 << 20
    cached_answer_bytes: int = 1 << 20
    page_bytes: int = 256 << 10
    """Of an answer that is shown as a page; the page says that there is more."""
