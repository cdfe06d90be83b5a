"""Which words of a post another post repeats.

Quoting is found by repetition, not by marks: an index of the five-word sequences of the earlier posts gives the places where
a stretch was said before, and each place is followed as far as the words agree, over small alterations. Linear in the length
of the thread but for texts that repeat themselves, which a cap on places per sequence bounds.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from kgraph.extract.words import Word, fold, words_of
from kgraph.model.annotations import Fidelity
from kgraph.model.text import Document, Span

SEED = 5
"""Words that must agree in a row for a repetition to begin."""
UNMARKED = 8
"""Words that must be repeated where no mark or layout says that somebody is quoted."""
_PLACES = 8
_SLIP = 3
_OPENING = "“\"«„‘'>*_"
_CLOSING = "”\"»’'*_.!?…"
_QUOTED = re.compile(r"“[^”]{8,2000}”|\"[^\"\n]{8,2000}\"|«[^»]{8,2000}»|„[^“”]{8,2000}[“”]")


@dataclass(frozen=True, slots=True)
class Repetition:
    """The stretch `span` of `post` that says again what `source_span` of the earlier `source_post` says."""

    post: str
    span: Span
    source_post: str
    source_span: Span
    words: int
    marked: bool
    fidelity: Fidelity


def quoted_stretches(document: Document, body: Span) -> list[Span]:
    """The stretches of a body that stand in quotation marks."""
    return [Span(*match.span()) for match in _QUOTED.finditer(document.text, body.start, body.end)]


def find_repetitions(document: Document) -> tuple[Repetition, ...]:
    """Every stretch of a post that repeats an earlier post, in the order of the text; none overlaps another."""
    index: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    posts: list[list[Word]] = []
    found: list[Repetition] = []
    for number, post in enumerate(document.posts):
        words = words_of(document.text, post.span)
        seeds = _seeds(words)
        if number:
            marked = [*post.quoted, *quoted_stretches(document, post.span)]
            found.extend(_repetitions_in(document, number, words, seeds, posts, index, marked))
        posts.append(words)
        for at, seed in enumerate(seeds):
            places = index[seed]
            if len(places) < _PLACES:
                places.append((number, at))
    return tuple(found)


def _seeds(words: list[Word]) -> list[tuple[str, ...]]:
    """The words' forms from each place on, `SEED` at a time."""
    forms = [word.form for word in words]
    return list(zip(*(forms[skip:] for skip in range(SEED)), strict=False))


def _repetitions_in(
    document: Document,
    number: int,
    words: list[Word],
    seeds: list[tuple[str, ...]],
    posts: list[list[Word]],
    index: dict[tuple[str, ...], list[tuple[int, int]]],
    marked: list[Span],
) -> list[Repetition]:
    found: list[Repetition] = []
    at = 0
    while at < len(seeds):
        places = index.get(seeds[at])
        if not places:
            at += 1
            continue
        runs = [(_follow(words, at, posts[source], start), source, start) for source, start in places]
        (length, source_length), source, start = max(runs, key=lambda run: (run[0][0], run[1]))
        span = Span(words[at].start, words[at + length - 1].end)
        in_marks = any(span.overlaps(stretch) for stretch in marked)
        if length < UNMARKED and not in_marks:
            at += 1
            continue
        said = posts[source][start : start + source_length]
        source_span = Span(said[0].start, said[-1].end)
        same = fold(span.of(document.text)) == fold(source_span.of(document.text))
        found.append(
            Repetition(
                post=document.posts[number].id,
                span=_with_marks(document, document.posts[number].span, span),
                source_post=document.posts[source].id,
                source_span=source_span,
                words=length,
                marked=in_marks,
                fidelity=Fidelity.VERBATIM if same else Fidelity.ALTERED,
            )
        )
        at += length
    return found


def _follow(words: list[Word], at: int, said: list[Word], start: int) -> tuple[int, int]:
    """How many words agree from here on in either post, slips of up to three words in a row forgiven."""
    i, j = at, start
    end_i, end_j = at, start
    while i < len(words) and j < len(said):
        if words[i].form == said[j].form:
            i, j = i + 1, j + 1
            end_i, end_j = i, j
            continue
        step = _after_slip(words, i, said, j)
        if step is None:
            break
        i, j = i + step[0], j + step[1]
    return end_i - at, end_j - start


def _after_slip(words: list[Word], i: int, said: list[Word], j: int) -> tuple[int, int] | None:
    """The smallest skip after which three words in a row agree again, None where there is none."""
    for total in range(1, 2 * _SLIP + 1):
        for skip in range(max(0, total - _SLIP), min(total, _SLIP) + 1):
            ours, theirs = words[i + skip : i + skip + 3], said[j + total - skip : j + total - skip + 3]
            if len(ours) == 3 and [word.form for word in ours] == [word.form for word in theirs]:
                return skip, total - skip
    return None


def _with_marks(document: Document, body: Span, span: Span) -> Span:
    """The stretch with the quotation marks and the stop that hug it."""
    text, start, end = document.text, span.start, span.end
    while start > body.start and text[start - 1] in _OPENING:
        start -= 1
    while end < body.end and text[end] in _CLOSING:
        end += 1
    return Span(start, end)
