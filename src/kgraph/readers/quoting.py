"""Stretches of a post that its layout marks as another's words: `>` lines, and what stands in marks after `@Name said:`."""

from __future__ import annotations

import re

from kgraph.model.text import Span

_LINE = re.compile(r"[^\r\n]+")
_SAYS = re.compile(
    r"\s*(?:@\s?\S[^\r\n:“”\"„«]{0,60}|\S[^\r\n:“”\"„«.,;!?]{0,50}?\s(?:said|wrote|says|writes|asked|asks))\s*[:,]?\s*(?P<open>[“”\"„«])"
)
_CLOSES = {"“": "”", "”": "”", "„": "“”", "«": "»", '"': '"'}


def quoted_in(text: str, body: Span) -> tuple[Span, ...]:
    """The marked stretches of this body, in order."""
    found: list[Span] = []
    opening = _SAYS.match(text, body.start, min(body.end, body.start + 160))
    if opening is not None:
        stretch = _in_marks(text, opening.end(), body.end, opening["open"])
        if stretch is not None:
            found.append(stretch)
    start: int | None = None
    end = body.start
    if text.find(">", body.start, body.end) >= 0:
        for line in _LINE.finditer(text, body.start, body.end):
            words = line[0].strip()
            if not words:
                continue
            if words.startswith(">"):
                if start is None:
                    start = line.start() + line[0].index(">")
                end = line.start() + len(line[0].rstrip())
            elif start is not None:
                found.append(Span(start, end))
                start = None
        if start is not None:
            found.append(Span(start, end))
    return tuple(sorted(found))


def _in_marks(text: str, start: int, limit: int, mark: str) -> Span | None:
    """From an opening mark to the one that closes it, inner pairs passed over, within the paragraph."""
    stop = min((at for at in (text.find("\n\n", start, limit), text.find("\r\n\r\n", start, limit)) if at >= 0), default=limit)
    paragraph = text[start:stop].rstrip()
    end = len(paragraph)
    if mark == '"':
        if not paragraph.endswith('"'):
            closing = paragraph.find('"')
            end = closing if closing >= 0 else end
        else:
            end -= 1
    else:
        depth = 1
        for at, character in enumerate(paragraph):
            if character in _CLOSES[mark]:
                depth -= 1
            elif character in "“„«":
                depth += 1
            if depth == 0:
                end = at
                break
    lead = len(paragraph[:end]) - len(paragraph[:end].lstrip())
    end = len(paragraph[:end].rstrip())
    return Span(start + lead, start + end) if end > lead else None
