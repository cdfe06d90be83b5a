"""Marks in a text: ranges that may nest, touch and cross, as tags that only nest.

Offsets count code points from the text's beginning; ranges are half-open. Where two marks cross, the one that ranks higher is
closed and opened again, so that each stretch of text lies in exactly the marks that cover it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

DEEPEST = 12
"""Marks that cover one stretch; more of them would help nobody, and cost what a hostile text likes."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mark(Generic[T]):
    """What lies at `start` up to `end`; of two that begin together the lower rank, then the longer one, is outside."""

    start: int
    end: int
    rank: int
    of: T


@dataclass(frozen=True, slots=True)
class Text:
    words: str


@dataclass(frozen=True, slots=True)
class Open(Generic[T]):
    """`first` is whether the mark begins here, or only goes on."""

    of: T
    first: bool


@dataclass(frozen=True, slots=True)
class Close(Generic[T]):
    """`last` is whether the mark ends here, or only pauses."""

    of: T
    last: bool


Token = Text | Open[T] | Close[T]


def tokens(text: str, marks: Iterable[Mark[T]]) -> Iterator[Token[T]]:
    """The text with its marks as a sequence of tags that nest; marks that leave the text are cut to it, empty ones left out."""
    begins: dict[int, list[Mark[T]]] = defaultdict(list)
    edges = {0, len(text)}
    for mark in marks:
        start, end = max(0, mark.start), min(len(text), mark.end)
        if start < end:
            begins[start].append(Mark(start, end, mark.rank, mark.of))
            edges |= {start, end}
    places = sorted(edges)
    stack: list[Mark[T]] = []
    for here, there in zip(places, [*places[1:], None], strict=True):
        staying = [mark for mark in stack if mark.end > here]
        new = sorted(begins.get(here, ()), key=lambda mark: (mark.rank, -mark.end))[: DEEPEST - len(staying)]
        wanted = sorted([*staying, *new], key=lambda mark: (mark.rank, mark.start, -mark.end))
        kept = 0
        while kept < min(len(stack), len(wanted)) and stack[kept] is wanted[kept]:
            kept += 1
        for mark in reversed(stack[kept:]):
            yield Close(mark.of, last=mark.end == here)
        for mark in wanted[kept:]:
            yield Open(mark.of, first=mark.start == here)
        if there is not None:
            yield Text(text[here:there])
        stack = wanted
