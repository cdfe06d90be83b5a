"""What is right, what is too much and what is missing, by the definitions of the annotation guidelines.

Claims match when the token F1 of their spans is at least 0.5, one to one, best matches first; who says them, about what and
against whom is asked of matched claims only. Entities match on type and one equal name. Posts match by where they start.
What is `optional` in the gold is neither a hit nor an error. Scores add up, so that a sum over pages is their micro average.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Set
from dataclasses import dataclass, field

from kgraph.evaluate.page import Page, PageClaim

NEAR = 80
"""How far, in code points, a found post may start from the annotated one."""

_TOKEN = re.compile(r"\w+")

Figures = dict[str, float | dict[str, float | int]]


@dataclass(frozen=True, slots=True)
class Counts:
    """Hits, wrong ones and missing ones."""

    hits: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.hits + other.hits, self.wrong + other.wrong, self.missed + other.missed)

    @classmethod
    def between(cls, found: Set[Hashable], gold: Set[Hashable]) -> Counts:
        return cls(len(found & gold), len(found - gold), len(gold - found))

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.wrong) if self.hits + self.wrong else 0.0

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def figures(self) -> dict[str, float | int]:
        return {
            "p": round(self.precision, 3),
            "r": round(self.recall, 3),
            "f1": round(self.f1, 3),
            "tp": self.hits,
            "fp": self.wrong,
            "fn": self.missed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Counts, not ratios: `posts` and `matched` are what the shares below them are of."""

    entities: Mapping[str, Counts] = field(default_factory=dict)
    posts: int = 0
    posts_found: int = 0
    posts_extra: int = 0
    authors: int = 0
    replies: int = 0
    claims: Counts = Counts()
    matched: int = 0
    claimants: int = 0
    kinds: int = 0
    about: Counts = Counts()
    stance: Counts = Counts()
    reported: Counts = Counts()

    def __add__(self, other: Score) -> Score:
        types = sorted({*self.entities, *other.entities})
        return Score(
            entities={type: self.entities.get(type, Counts()) + other.entities.get(type, Counts()) for type in types},
            posts=self.posts + other.posts,
            posts_found=self.posts_found + other.posts_found,
            posts_extra=self.posts_extra + other.posts_extra,
            authors=self.authors + other.authors,
            replies=self.replies + other.replies,
            claims=self.claims + other.claims,
            matched=self.matched + other.matched,
            claimants=self.claimants + other.claimants,
            kinds=self.kinds + other.kinds,
            about=self.about + other.about,
            stance=self.stance + other.stance,
            reported=self.reported + other.reported,
        )

    def figures(self) -> Figures:
        """The ratios by name, rounded to three places, in the order that they are read."""
        figures: Figures = {f"entity {type}": counts.figures() for type, counts in self.entities.items()}
        posts = self.posts or 1
        figures["posts"] = {
            "found": round(self.posts_found / posts, 3),
            "author": round(self.authors / posts, 3),
            "reply_to": round(self.replies / posts, 3),
            "extra": self.posts_extra,
        }
        matched = self.matched or 1
        figures["claims"] = self.claims.figures()
        figures["claimant"] = round(self.claimants / matched, 3)
        figures["kind"] = round(self.kinds / matched, 3)
        figures["about"] = self.about.figures()
        figures["stance"] = self.stance.figures()
        figures["reported"] = self.reported.figures()
        return figures


def compare(found: Page, gold: Page, text: str) -> Score:
    """The score of a found page against an annotated one; both point into `text`."""
    entities = _match_entities(found, gold)
    posts = _match_posts(found, gold)
    post_pairs = [(mine, right) for mine in found.posts for right in gold.posts if posts.get(mine.id) == right.id]
    claims, claim_pairs = _match_claims(found, gold, text)
    about = stance = reported = Counts()
    claimants = kinds = 0
    for mine, right in claim_pairs:
        claimants += bool(found.names(mine.claimant) & gold.names(right.claimant))
        kinds += mine.kind == right.kind
        about += Counts.between({entities.get(id, f"?{id}") for id in mine.about}, right.about)
        stances = {(posts.get(id, entities.get(id, f"?{id}")), toward) for id, toward in mine.stances}
        stance += Counts.between(stances, right.stances)
        reported += Counts.between({"reported"} if mine.reported else set(), {"reported"} if right.reported else set())
    return Score(
        entities={
            type: _entity_counts(type, found, gold, entities) for type in sorted({entity.type for entity in gold.entities})
        },
        posts=len(gold.posts),
        posts_found=len(posts),
        posts_extra=len(found.posts) - len(posts),
        authors=sum(bool(found.names(mine.author) & gold.names(right.author)) for mine, right in post_pairs),
        replies=sum(right.reply_to is None or posts.get(mine.reply_to or "") == right.reply_to for mine, right in post_pairs),
        claims=claims,
        matched=len(claim_pairs),
        claimants=claimants,
        kinds=kinds,
        about=about,
        stance=stance,
        reported=reported,
    )


def _match_entities(found: Page, gold: Page) -> dict[str, str]:
    """Found ids to gold ids, one to one."""
    pairs = dict[str, str]()
    for mine in found.entities:
        taken = set(pairs.values())
        for right in gold.entities:
            if right.id not in taken and right.type == mine.type and right.names & mine.names:
                pairs[mine.id] = right.id
                break
    return pairs


def _entity_counts(type: str, found: Page, gold: Page, pairs: Mapping[str, str]) -> Counts:
    matched = set(pairs.values())
    wanted = [entity.id for entity in gold.entities if entity.type == type and not entity.optional]
    return Counts(
        hits=sum(id in matched for id in wanted),
        wrong=sum(entity.type == type and entity.id not in pairs for entity in found.entities),
        missed=sum(id not in matched for id in wanted),
    )


def _match_posts(found: Page, gold: Page) -> dict[str, str]:
    """Found ids to gold ids: to each annotated post the found one that starts nearest."""
    pairs = dict[str, str]()
    for right in gold.posts:
        nearest = min(found.posts, key=lambda post: abs(post.start - right.start), default=None)
        if nearest is not None and abs(nearest.start - right.start) <= NEAR:
            pairs[nearest.id] = right.id
    return pairs


def _match_claims(found: Page, gold: Page, text: str) -> tuple[Counts, list[tuple[PageClaim, PageClaim]]]:
    mine, right = ([_tokens(text, claim) for claim in page.claims] for page in (found, gold))
    candidates = [
        (2 * len(a & b) / (len(a) + len(b)), i, j)
        for i, a in enumerate(mine)
        for j, b in enumerate(right)
        if a & b and 2 * len(a & b) / (len(a) + len(b)) >= 0.5
    ]
    pairs = dict[int, int]()
    taken = set[int]()
    for _, i, j in sorted(candidates, reverse=True):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    # A found claim that lies wholly inside an optional one is no error either.
    optional = [span for span, claim in zip(right, gold.claims, strict=True) if claim.optional]
    counts = Counts(
        hits=sum(not gold.claims[j].optional for j in taken),
        wrong=sum(i not in pairs and not (span and any(span <= other for other in optional)) for i, span in enumerate(mine)),
        missed=sum(j not in taken and not claim.optional for j, claim in enumerate(gold.claims)),
    )
    return counts, [(found.claims[i], gold.claims[j]) for i, j in pairs.items()]


def _tokens(text: str, claim: PageClaim) -> set[tuple[int, int]]:
    """Where the words of a claim begin and end in the text; one that its border cuts is another word."""
    words = _TOKEN.finditer(text[claim.start : claim.end])
    return {(claim.start + word.start(), claim.start + word.end()) for word in words}
