"""The lines of a text that hold words.

Offsets count code points of the text; indentation is a width, with tab stops every four.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_LINES = 500_000
"""Lines beyond which no thread is looked for: at a hundred characters a line, that is the largest source by default."""

_LINE = re.compile(r"[^\r\n]+")
_BRANCHES = re.compile(r"[\s│┃├└╰╎┆↳⤷─]+(?=[^\s│┃├└╰╎┆↳⤷─])")
_RULE = re.compile(r"[-=*_~#·•—–+\s]{3,}\Z")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank: where its words start and end, how far they are set in, whether a blank line stands before."""

    start: int
    end: int
    indent: int
    after_blank: bool

    def __len__(self) -> int:
        return self.end - self.start


def lines_of(text: str) -> list[Line]:
    """The lines with words, in order; at most `MOST_LINES` and one."""
    lines: list[Line] = []
    last_end = 0
    for found in _LINE.finditer(text):
        raw = found[0]
        words = raw.strip()
        if not words:
            continue
        lead = len(raw) - len(raw.lstrip())
        branches = _BRANCHES.match(raw, 0, lead + 80)
        if branches is not None and branches.end() > lead:
            lead = branches.end()
            words = raw[lead:].rstrip()
        start = found.start() + lead
        gap = text[last_end : found.start()]
        breaks = gap.count("\n") or gap.count("\r")
        lines.append(Line(start, start + len(words), len(raw[:lead].expandtabs(4)), breaks > 1 or not lines))
        last_end = found.end() if not raw.endswith((" ", "\t")) else start + len(words)
        if len(lines) > MOST_LINES:
            break
    return lines


def is_rule(words: str) -> bool:
    """Whether a line is only a rule between other things (`-----`, `* * *`)."""
    return len(words) < 200 and _RULE.match(words) is not None
