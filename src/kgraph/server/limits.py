"""What one server spends on its clients."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from kgraph.errors import Misuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds, bytes and counts; what would go over one ends with 413, 414, 429 or 503, and never takes the server along."""

    deadline: float = 30.0
    """For a query, from its arrival to the end of its evaluation; a request may ask for less (`Prefer: wait=`)."""
    query_memory: int = 1 << 30
    """That one query may allocate; one that would have more ends with its process."""
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
    cached_answer_bytes: int = 32 << 20
    page_bytes: int = 256 << 10
    """Of an answer that is shown as a page; the page says that there is more."""

    @classmethod
    def of(cls, text: str | None) -> Self:
        """The limits with those that are named otherwise: `deadline=10 long=8`. Raises Misuse where one cannot be meant."""
        kinds: dict[str, type[float]] = {field.name: type(getattr(cls(), field.name)) for field in fields(cls)}
        chosen: dict[str, float] = {}
        for word in (text or "").split():
            name, _, value = word.partition("=")
            if name not in kinds:
                raise Misuse(f"there is no limit {name!r}", hint="there are " + ", ".join(kinds))
            try:
                chosen[name] = kinds[name](value)
            except ValueError as error:
                raise Misuse(f"{name} cannot be {value!r}", hint=f"give it as {name}={getattr(cls(), name)}") from error
            if not chosen[name] >= 0:
                raise Misuse(
                    f"{name} cannot be {value!r}: it is below nothing", hint=f"give it as {name}={getattr(cls(), name)}"
                )
        return cls(**chosen)  # type: ignore[arg-type]
