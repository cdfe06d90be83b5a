"""A page as an annotator sees it: its posts, entities and claims, read from a gold file or from a document's graph.

Both sides become the same values, so the metrics never know which they hold. Offsets count code points; ranges are half-open.
An id means something only within its page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rdflib import Graph
from rdflib.term import Node

from kgraph.errors import Misuse
from kgraph.vocab import KG, OA, RDF, SCHEMA, SIOC

_ARTICLE = re.compile(r"^(?:the|a|an)\s+")

# An entity of several classes counts under the first of them: a platform that a company runs is a platform.
_CLASSES: tuple[tuple[str, Node], ...] = (
    ("Person", SCHEMA.Person),
    ("Platform", KG.Platform),
    ("Organization", SCHEMA.Organization),
    ("Place", SCHEMA.Place),
    ("Event", SCHEMA.Event),
    ("Work", SCHEMA.CreativeWork),
    ("Technology", KG.Technology),
)


def normal(name: str) -> str:
    """A name as the guidelines compare it: case folded, a leading article dropped."""
    return _ARTICLE.sub("", name.strip().casefold())


@dataclass(frozen=True, slots=True)
class PagePost:
    id: str
    author: str
    reply_to: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PageEntity:
    """`names` are normal forms of the name and its aliases; an `optional` one is neither a hit nor an error."""

    id: str
    type: str
    names: frozenset[str]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class PageClaim:
    """`stances` are pairs of a target's id and `supports` or `disputes`; `reported` where the words are another's."""

    id: str
    post: str
    start: int
    end: int
    kind: str
    claimant: str
    about: frozenset[str] = frozenset()
    stances: frozenset[tuple[str, str]] = frozenset()
    reported: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    posts: tuple[PagePost, ...]
    entities: tuple[PageEntity, ...]
    claims: tuple[PageClaim, ...]

    def names(self, id: str) -> frozenset[str]:
        """What the entity of this id is called; the id itself where no entity has it."""
        return next((entity.names for entity in self.entities if entity.id == id), frozenset({normal(id)}))


def gold_page(path: Path) -> Page:
    """The page of a gold file.

    Raises:
        Misuse: the file is not in the gold format.
    """
    try:
        return _from_gold(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Misuse(f"{path} is no gold file: {type(error).__name__}: {error}") from error


def _from_gold(gold: Mapping[str, Any]) -> Page:
    authors = {post["id"]: post["author"] for post in gold["posts"]}
    return Page(
        posts=tuple(
            PagePost(post["id"], post["author"] or "", post.get("reply_to"), post["start"], post["end"])
            for post in gold["posts"]
        ),
        entities=tuple(
            PageEntity(
                id=entity["id"],
                type=entity["type"],
                names=frozenset(map(normal, [entity["name"], *entity.get("aliases", ())])),
                optional=entity.get("optional", False),
            )
            for entity in gold["entities"]
        ),
        claims=tuple(
            PageClaim(
                id=claim["id"],
                post=claim["post"],
                start=claim["start"],
                end=claim["end"],
                kind=claim["kind"],
                claimant=claim.get("claimant") or authors.get(claim["post"]) or "",
                about=frozenset(claim.get("about", ())),
                stances=frozenset(_stances(claim.get("stance"))),
                reported=bool(claim.get("reported_by_source")),
                optional=claim.get("optional", False),
            )
            for claim in gold["claims"]
        ),
    )


def _stances(stance: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if stance:
        toward = stance["toward"]
        for target in toward if isinstance(toward, list) else [toward]:
            yield target, stance["is"]


def found_page(graph: Graph) -> Page:
    """The page that a document's graph describes, in the terms of the ontology alone; ids are IRIs."""
    return Page(posts=tuple(_posts(graph)), entities=tuple(_entities(graph)), claims=tuple(_claims(graph)))


def _posts(graph: Graph) -> Iterator[PagePost]:
    posts = []
    for post in set(graph.subjects(RDF.type, SIOC.Post)):
        account = graph.value(post, SIOC.has_creator)
        author = graph.value(account, SIOC.account_of) if account is not None else None
        parent = graph.value(post, SIOC.reply_of)
        for start, end in _spans(graph, post)[:1]:
            posts.append(PagePost(str(post), str(author or ""), str(parent) if parent else None, start, end))
    yield from sorted(posts, key=lambda post: (post.start, post.id))


def _entities(graph: Graph) -> Iterator[PageEntity]:
    seen = {*graph.subjects(RDF.type, SIOC.Thread), *graph.subjects(RDF.type, SIOC.Post)}
    for type, class_ in _CLASSES:
        for entity in sorted(set(graph.subjects(RDF.type, class_)) - seen, key=str):
            names = [*graph.objects(entity, SCHEMA.name), *graph.objects(entity, SCHEMA.alternateName)]
            if names:
                seen.add(entity)
                yield PageEntity(str(entity), type, frozenset(normal(str(name)) for name in names))


def _claims(graph: Graph) -> Iterator[PageClaim]:
    authors = {post.id: post.author for post in _posts(graph)}
    claims = []
    for assertion in set(graph.subjects(RDF.type, KG.Assertion)):
        claim = graph.value(assertion, KG.claim)
        post = str(graph.value(assertion, KG.inPost) or "")
        claimant = graph.value(assertion, KG.claimant)
        for start, end in _spans(graph, assertion)[:1]:
            claims.append(
                PageClaim(
                    id=str(assertion),
                    post=post,
                    start=start,
                    end=end,
                    kind=str(graph.value(claim, KG.kind) or "").rsplit("#", 1)[-1].lower(),
                    claimant=str(claimant or "") or authors.get(post, ""),
                    about=frozenset(str(entity) for entity in graph.objects(claim, SCHEMA.about)),
                    stances=frozenset(
                        (str(target), toward)
                        for term, toward in ((KG.supports, "supports"), (KG.disputes, "disputes"))
                        for target in graph.objects(assertion, term)
                    ),
                    reported=graph.value(assertion, KG.reportedFrom) is not None,
                )
            )
    yield from sorted(claims, key=lambda claim: (claim.start, claim.id))


def _spans(graph: Graph, subject: Node) -> list[tuple[int, int]]:
    """The stretches that a thing stands on, first one first."""
    spans = []
    for passage in graph.objects(subject, KG.evidence):
        for selector in graph.objects(passage, OA.hasSelector):
            start, end = graph.value(selector, OA.start), graph.value(selector, OA.end)
            if start is not None and end is not None:
                spans.append((int(str(start)), int(str(end))))
    return sorted(spans)
