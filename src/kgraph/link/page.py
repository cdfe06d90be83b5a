"""What linking looks at: a document's names and the words around them, from an extraction or from the graph made of one.

Both give the same, so that a store can be linked anew without its sources.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rdflib import Graph, URIRef
from rdflib.term import Node

from kgraph.model.annotations import EntityKind, Mention
from kgraph.model.extraction import Extraction
from kgraph.model.text import Span
from kgraph.vocab import DCTERMS, FOAF, KG, OA, RDF, SCHEMA, SIOC

WINDOW = 240
"""Code points before and after a name that count as the words around it."""

_KINDS = {
    KG.Platform: EntityKind.PLATFORM,
    FOAF.Person: EntityKind.PERSON,
    SCHEMA.Organization: EntityKind.ORGANIZATION,
    SCHEMA.Place: EntityKind.PLACE,
    SCHEMA.Event: EntityKind.EVENT,
    KG.Technology: EntityKind.TECHNOLOGY,
    SCHEMA.CreativeWork: EntityKind.WORK,
}
"""In this order: a platform may be an organization as well by its types."""

_URL = re.compile(r"(?:https?://|www\.)(?:[^\s/@]+@)?(?P<host>[\w.-]+)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9@])|\n\s*\n")


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """The text of one post, from `start` on in the document."""

    start: int
    text: str

    def __contains__(self, span: Span) -> bool:
        return self.start <= span.start and span.end <= self.start + len(self.text)

    def local(self, span: Span) -> Span:
        return Span(span.start - self.start, span.end - self.start)


@dataclass(frozen=True, slots=True, order=True)
class Naming:
    """A name in the text: where, and how sure the extraction was of it."""

    span: Span
    confidence: float
    rule: str


@dataclass(frozen=True, slots=True, order=True)
class Named:
    """A thing under the names that the document gives it, in the order of the alphabet, the fullest apart."""

    id: str
    kind: EntityKind
    name: str
    aliases: tuple[str, ...]
    namings: tuple[Naming, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A document as linking sees it. `named` leaves out its `authors`, the ids of those who wrote it: no machine links them."""

    document: str
    title: str
    parts: tuple[Part, ...]
    named: tuple[Named, ...]
    authors: frozenset[str]

    @classmethod
    def of(cls, extraction: Extraction) -> Page:
        document = extraction.document
        known = {entity.id: entity for entity in (*extraction.thread.people, *extraction.entities)}
        authors = {account.person for account in extraction.thread.accounts}
        mentions = [(mention.entity, Naming(mention.span, *_judged(mention))) for mention in extraction.mentions]
        return cls._made(
            document.id,
            document.title or "",
            [Part(post.span.start, document.words(post.span)) for post in document.posts],
            {id: (entity.kind, entity.name, entity.aliases) for id, entity in known.items() if id not in authors},
            mentions,
            authors,
        )

    @classmethod
    def of_graph(cls, graph: Graph, document: str, *, base: str) -> Page:
        """The page that a document's graph describes; `document` is its reference."""

        def reference(node: Node) -> str:
            return str(node).removeprefix(base)

        authors = set(graph.objects(None, SIOC.account_of))
        known = dict[str, tuple[EntityKind, str, tuple[str, ...]]]()
        for node, name in graph.subject_objects(SCHEMA.name):
            types = set(graph.objects(node, RDF.type))
            kind = next((kind for class_, kind in _KINDS.items() if class_ in types), None)
            if kind is not None and node not in authors:
                aliases = tuple(map(str, graph.objects(node, SCHEMA.alternateName)))
                known[reference(node)] = (kind, str(name), aliases)
        mentions = []
        for node in graph.subjects(RDF.type, OA.Annotation):
            passage, entity = graph.value(node, OA.hasTarget), graph.value(node, OA.hasBody)
            rule, confidence = str(graph.value(node, KG.rule)), float(str(graph.value(node, KG.confidence)))
            if passage is not None and entity is not None:
                mentions.append((reference(entity), Naming(_passage(graph, passage)[0], confidence, rule)))
        posts = (graph.value(post, KG.evidence) for post in graph.subjects(RDF.type, SIOC.Post))
        passages = [_passage(graph, passage) for passage in posts if passage is not None]
        title = str(graph.value(URIRef(base + document), DCTERMS.title) or "")
        return cls._made(
            document, title, [Part(span.start, words) for span, words in passages], known, mentions, map(reference, authors)
        )

    @classmethod
    def _made(
        cls,
        document: str,
        title: str,
        parts: Iterable[Part],
        known: Mapping[str, tuple[EntityKind, str, Sequence[str]]],
        mentions: Iterable[tuple[str, Naming]],
        authors: Iterable[str],
    ) -> Page:
        ordered = tuple(sorted(parts))
        names = {id: frozenset(map(str.casefold, (name, *aliases))) for id, (_, name, aliases) in known.items()}
        namings = dict[str, list[Naming]]()
        for id, naming in mentions:
            part = _part(ordered, naming.span)
            # What is no name of the thing ("the site", "it") refers to it by other words.
            if id in names and part is not None and part.local(naming.span).of(part.text).casefold() in names[id]:
                namings.setdefault(id, []).append(naming)
        named = [
            Named(id, kind, name, tuple(sorted(set(aliases) - {name})), tuple(sorted(namings.get(id, ()))))
            for id, (kind, name, aliases) in known.items()
        ]
        return cls(document=document, title=title, parts=ordered, named=tuple(sorted(named)), authors=frozenset(authors))

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The hosts of all web addresses in the text."""
        found = (match["host"].casefold().removeprefix("www.") for part in self.parts for match in _URL.finditer(part.text))
        return frozenset(host.rstrip(".") for host in found)

    def around(self, naming: Naming) -> tuple[str, str]:
        """The words before and after the name, within its post."""
        part, span = self._at(naming)
        return part.text[max(0, span.start - WINDOW) : span.start], part.text[span.end : span.end + WINDOW]

    def words(self, naming: Naming) -> str:
        part, span = self._at(naming)
        return span.of(part.text)

    def sentence(self, naming: Naming) -> str:
        """The sentence that has the name, on one line."""
        part, span = self._at(naming)
        before = [match.end() for match in _SENTENCE_END.finditer(part.text, 0, span.start)]
        after = _SENTENCE_END.search(part.text, span.end)
        return " ".join(part.text[before[-1] if before else 0 : after.start() + 1 if after else None].split())

    def _at(self, naming: Naming) -> tuple[Part, Span]:
        part = _part(self.parts, naming.span)
        assert part is not None
        return part, part.local(naming.span)


def _judged(mention: Mention) -> tuple[float, str]:
    return mention.judgement.confidence, mention.judgement.rule


def _part(parts: Sequence[Part], span: Span) -> Part | None:
    at = bisect_right(parts, span.start, key=lambda part: part.start) - 1
    return parts[at] if at >= 0 and span in parts[at] else None


def _passage(graph: Graph, passage: Node) -> tuple[Span, str]:
    start = end = 0
    words = ""
    for selector in graph.objects(passage, OA.hasSelector):
        exact = graph.value(selector, OA.exact)
        if exact is not None:
            words = str(exact)
        else:
            start, end = int(str(graph.value(selector, OA.start))), int(str(graph.value(selector, OA.end)))
    return Span(start, end), words
