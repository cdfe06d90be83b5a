"""Words of a text for comparing it with another: folded, with where each stands.

Curly and straight apostrophes and quotation marks, case and the width of spaces make no difference between two words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kgraph.model.text import Span

_WORD = re.compile(r"\w+(?:['’ʼ]\w+)*")
_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "…": "..."})


@dataclass(frozen=True, slots=True)
class Word:
    """A folded word and its place in the document."""

    form: str
    start: int
    end: int


def straighten(text: str) -> str:
    """The text with typographic quotation marks and apostrophes made plain."""
    return text if text.isascii() else text.translate(_STRAIGHT)


def fold(text: str) -> str:
    """The text as two quoters would agree on: plain marks, one case, single spaces."""
    return " ".join(straighten(text).casefold().split())


def words_of(text: str, span: Span) -> list[Word]:
    """The words within a stretch of a text, in order."""
    return [
        Word(straighten(match.group()).casefold(), match.start(), match.end())
        for match in _WORD.finditer(text, span.start, span.end)
    ]
