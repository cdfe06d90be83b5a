"""From a document to an extraction: who wrote what, who and what is named, and what is claimed.

The stages run in one direction: parse → thread → mentions → entities → anaphora → claims. Each is a function of what came
before.
"""

from __future__ import annotations

from collections.abc import Collection

from kgraph.catalog import Catalog
from kgraph.catalog import load as load_catalog
from kgraph.extract.claims import find_claims
from kgraph.extract.coreference import resolve_anaphora
from kgraph.extract.entities import resolve_entities
from kgraph.extract.mentions import find_mentions
from kgraph.extract.parse import ParsedPost, model, model_version, parse
from kgraph.extract.thread import read_thread
from kgraph.model.extraction import Extraction
from kgraph.model.text import Document

__all__ = ["Extractor", "model_version"]


class Extractor:
    """Reads documents with the shipped English model and a catalog; made once per process.

    `rejected` are the ids of identity inferences that a curator has undone.
    """

    def __init__(self, catalog: Catalog | None = None, *, rejected: Collection[str] = ()) -> None:
        self.catalog = catalog or load_catalog()
        self.rejected = frozenset(rejected)
        model()

    def __call__(self, document: Document) -> Extraction:
        """All that is found in one document."""
        # What spaCy learns of new words is forgotten with the document, so that a long run does not grow. Nothing of the parse
        # outlives the zone: an extraction holds strings and spans.
        with model().memory_zone():
            return self._extract(document, parse(document))

    def _extract(self, document: Document, posts: tuple[ParsedPost, ...]) -> Extraction:
        thread = read_thread(document, posts, rejected=self.rejected)
        named = find_mentions(document, posts, thread, self.catalog)
        entities, mentions = resolve_entities(document, thread, named)
        anaphoric = resolve_anaphora(document, posts, thread, entities, mentions)
        mentions = tuple(sorted((*mentions, *anaphoric), key=lambda mention: mention.span))
        found = find_claims(document, posts, thread, mentions)
        return Extraction(
            document=document,
            thread=thread,
            entities=entities,
            mentions=mentions,
            claims=found.claims,
            assertions=found.assertions,
            questions=found.questions,
        )
