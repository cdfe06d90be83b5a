"""What the first stages find on a page made for a test, by the words of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kgraph.catalog import load
from kgraph.extract.coreference import resolve_anaphora
from kgraph.extract.entities import resolve_entities
from kgraph.extract.mentions import find_mentions
from kgraph.extract.thread import read_thread
from kgraph.model.annotations import Entity, EntityKind, Mention
from kgraph.model.text import Document

from .pages import Comment, page, parsed


@dataclass(frozen=True)
class Found:
    document: Document
    entities: tuple[Entity, ...]
    named: tuple[Mention, ...]
    anaphoric: tuple[Mention, ...]

    def names(self, kind: EntityKind) -> set[str]:
        """The words by which things of this kind are named, those who only head a post left out."""
        kinds = {entity.id: entity.kind for entity in self.entities}
        return {self.document.words(mention.span) for mention in self.named if kinds[mention.entity] is kind}

    def entity(self, name: str) -> Entity:
        return next(entity for entity in self.entities if name in (entity.name, *entity.aliases))

    def refers(self, words: str) -> set[str]:
        """The names of what the anaphoric mentions within these words of the page refer to."""
        start = self.document.text.index(words)
        within = range(start, start + len(words))
        names = {entity.id: entity.name for entity in self.entities}
        return {names[mention.entity] for mention in self.anaphoric if mention.span.start in within}


def found_on(document: Document) -> Found:
    posts = parsed(document)
    thread = read_thread(document, posts)
    entities, named = resolve_entities(document, thread, find_mentions(document, posts, thread, load()))
    return Found(document, entities, named, resolve_anaphora(document, posts, thread, entities, named))


def found(
    article: str,
    comments: Sequence[Comment] = (),
    *,
    by: str | None = "Vera Lind",
    title: str = "A Page",
    site: str = "The Shed Letters",
) -> Found:
    return found_on(page(article, comments, by=by, title=title, site=site))
