"""A name in a text, and the choice between overlapping proposals of names."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from kgraph.catalog import Entry
from kgraph.extract.parse import ParsedPost
from kgraph.model.annotations import EntityKind, Judgement
from kgraph.model.text import Document, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A name in a post, `surface` its words with single spaces.

    It is of `person` where it is somebody of the thread, of `entry` where the catalog has it. `creators` are the spans of the
    names of a work's creators.
    """

    post: str
    span: Span
    surface: str
    kind: EntityKind
    judgement: Judgement
    entry: Entry | None = None
    person: str | None = None
    creators: tuple[Span, ...] = ()


class Rank(IntEnum):
    """How sure a way to find names is: where two names overlap, the higher rank wins."""

    TAGGED = 10
    SITE = 20
    PERSON = 30
    WORDED = 40
    CATALOG_CONTEXT = 50
    CATALOG = 60
    TITLE = 65
    CALLED = 70
    WORK_BY = 80
    CREATOR = 90
    FULL_NAME = 100


@dataclass(frozen=True, slots=True)
class Proposal:
    """A name that a finder puts forward, and how sure such finders are."""

    rank: Rank
    named: Named


def choose(proposals: Iterable[Proposal]) -> list[Named]:
    """The proposals without overlaps, in the order of the text: the surer wins, then the longer, then the earlier."""
    chosen: list[Named] = []
    for proposal in sorted(proposals, key=lambda p: (-p.rank, -len(p.named.span), p.named.span)):
        span = proposal.named.span
        at = bisect_left(chosen, span, key=lambda named: named.span)
        if not any(named.span.overlaps(span) for named in chosen[max(at - 1, 0) : at + 1]):
            chosen.insert(at, proposal.named)
    return chosen


_LOOSE_START = re.compile(r"^(?:[\s,:;!?\"'“”‘’(){}\[\]*_~`@-]|\.(?![A-Z]))+")
_LOOSE_END = re.compile(r"(?:['’]s|(?<=s)['’]|[\s.,:;!?\"“”‘’(){}\[\]*_~`-])+$")


def propose(
    document: Document,
    post: ParsedPost,
    span: Span,
    kind: EntityKind,
    rank: Rank,
    judgement: Judgement,
    *,
    entry: Entry | None = None,
    person: str | None = None,
    creators: tuple[Span, ...] = (),
    trim: bool = True,
) -> Iterator[Proposal]:
    """One proposal, the possessive and the marks around the name left out; none where nothing is left."""
    if trim:
        words = span.of(document.text)
        start = span.start + len(words) - len(_LOOSE_START.sub("", words))
        end = span.start + len(_LOOSE_END.sub("", words))
        if end <= start:
            return
        span = Span(start, end)
    named = Named(
        post=post.post.id,
        span=span,
        surface=" ".join(span.of(document.text).split()),
        kind=kind,
        judgement=judgement,
        entry=entry,
        person=person,
        creators=creators,
    )
    yield Proposal(rank, named)
