"""The sentences of a post, as stretches of the document.

spaCy's borders are taken, cut at the borders that layout draws (a blank line, a list's next item), and mended where the
parser broke off in the middle of a clause. Hard-wrapped lines stay one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from spacy.tokens import Span as TokenSpan
from spacy.tokens import Token

from kgraph.extract.parse import ParsedPost
from kgraph.model.text import Span

_BREAK = re.compile(r"\n[ \t\r]*\n|\n(?=[ \t]*(?:[-•*–>]|\d{1,2}[.)])\s)")
_LINE_END = re.compile(r"[.!?:;…][\"”’')\]]*[ \t\r]*$")
_LINE = re.compile(r"^(?P<line>[^\n]*[^\s][^\n]*)\n[ \t]*(?P<next>.?)", re.MULTILINE)
_ASKS = re.compile(r"\?+[\"”’')\]*_!\s]*$")
_EDGE = ' \t\r\n"“”*_>-–—•'
_SHORT_LINE = 55
_OPENERS = frozenset(
    "After Also And Are As At But Did Do Does For From Had He How However If In It Its My No Not Now On Once Or She So Some "
    "That The Then There "
    "These They This Those Was We What When Where While Why With You Your".split()
)
"""Words that take a capital only at the start of a sentence, or in a title."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its tokens, and its stretch of the document with the white space and list marks around it cut off."""

    post: ParsedPost
    tokens: TokenSpan
    span: Span

    @property
    def text(self) -> str:
        return self.words(self.span)

    def words(self, span: Span) -> str:
        """What stands at a stretch of this post."""
        return self.post.text[span.start - self.post.start : span.end - self.post.start]

    @property
    def asks(self) -> bool:
        """Whether it ends as a question does."""
        return bool(_ASKS.search(self.text))


def sentences(post: ParsedPost) -> Iterator[Sentence]:
    """The sentences of a post in order; none spans a blank line, none is empty."""
    text = post.text
    borders = {match.start() for match in _BREAK.finditer(text)} | _ends_of_short_lines(text)
    starts = [0]
    for token in post.parse:
        end_before = post.parse[token.i - 1].idx + len(post.parse[token.i - 1]) if token.i else 0
        layout = any(position in borders for position in range(max(end_before - 1, 0), token.idx + 1)) if token.i else False
        opens = (token.is_sent_start and not _broken_off(text, end_before, token.idx)) or _begins(token)
        if token.i and (layout or opens) and starts[-1] != token.i:
            starts.append(token.i)
    for start, end in zip(starts, [*starts[1:], len(post.parse)], strict=True):
        sentence = _trimmed(post, start, end)
        if sentence is not None:
            yield sentence


def _ends_of_short_lines(text: str) -> set[int]:
    """Where a line ends that is too short to have been wrapped: an item of a bare list, a heading, a verse."""
    return {
        match.end("line")
        for match in _LINE.finditer(text)
        if _LINE_END.search(match["line"]) or (match["next"].isupper() and len(match["line"].strip()) < _SHORT_LINE)
    }


def _calls(token: Token) -> bool:
    """Whether a token is an address that opens a comment, and no part of what is said: `@Ana`."""
    return len(token) > 1 and token.text[0] == "@" and token.text[1].isalnum()


def _after_call(post: ParsedPost, start: int, end: int) -> int:
    """Where the words begin after `@Ana`, `@Ana:` or `@Ana said:`."""
    at = start + 1
    if at + 1 < end and post.parse[at].lower_ in {"said", "says", "wrote", "writes"} and post.parse[at + 1].text == ":":
        return at + 2
    return at + 1 if at < end and post.parse[at].text in {":", ","} else at


def _begins(token: Token) -> bool:
    """Whether a sentence begins where the parser saw none: after a stop and a space, after an address on the web, or with a
    capital on a word that has none within a sentence, where a line break was lost (`I did it myself You can too`).
    """
    if not token.i or not token.text[0].isupper() or not token.nbor(-1).whitespace_:
        return False
    before = token.nbor(-1)
    if before.text in {".", "!", "?"} or before.text.endswith(("!", "?")):
        return True
    if before.like_url and token.is_title:
        return True
    if token.text not in _OPENERS or token.i + 1 == len(token.doc) or not (before.is_lower or before.like_num):
        return False
    after = token.nbor(1)
    return after.is_lower and before.pos_ not in {"ADP", "DET", "CCONJ", "SCONJ"}


def _broken_off(text: str, end: int, start: int) -> bool:
    """Whether a border falls where no sentence ends: no mark before it, or a small letter after a dash or an ellipsis."""
    before, after = text[:end].rstrip(), text[start : start + 1]
    if "\n\n" in text[end:start] or not before:
        return False
    closed = before.rstrip("\"”’')]*_")
    return (
        not closed
        or closed[-1] not in ".!?:…"
        or (after.islower() and closed[-1] in "…:.")
        or (closed[-1] == ":" and "\n" not in text[end:start])
    )


def _trimmed(post: ParsedPost, start: int, end: int) -> Sentence | None:
    while start < end and (post.parse[start].is_space or not post.parse[start].text.strip(_EDGE) or _calls(post.parse[start])):
        start = _after_call(post, start, end) if _calls(post.parse[start]) else start + 1
    while end > start and (post.parse[end - 1].is_space or post.parse[end - 1].text in {"*", "_", "-"}):
        end -= 1
    if start == end:
        return None
    tokens = post.parse[start:end]
    return Sentence(post, tokens, post.span(tokens))
