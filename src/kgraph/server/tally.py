"""Counting on the way of every request, at the cost of an addition: what `/metrics` tells is summed up here."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Timings:
    """How many durations, in seconds, there were of each length, and their sum; with the bytes that came of it."""

    __slots__ = ("_counts", "size", "total")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0
        self.size = 0

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    @property
    def number(self) -> int:
        return sum(self._counts)

    def include(self, others: Timings) -> None:
        """Adds all that the others have."""
        self._counts = [ours + theirs for ours, theirs in zip(self._counts, others._counts, strict=True)]
        self.total += others.total
        self.size += others.size

    def buckets(self) -> Iterator[tuple[str, float]]:
        """How many were at most so long, for each bound and then `+Inf`: Prometheus's cumulative buckets."""
        below = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self._counts, strict=True):
            below += count
            yield bound, below
