"""Plain text. The document's text is the source as decoded, to the last character."""

from __future__ import annotations

from dataclasses import dataclass

from kgraph.model.text import Document, Source
from kgraph.readers.base import decode, of_layout
from kgraph.readers.layout import read_layout


@dataclass(frozen=True, slots=True)
class TextReader:
    name: str = "text"
    media_types: tuple[str, ...] = ("text/plain",)
    endings: tuple[str, ...] = (".txt", ".text")
    reads: str = "an article with its comments: bulleted, set in, under rules, or headed by names and dates"

    def recognises(self, head: bytes) -> bool:  # noqa: ARG002  text is what is left when no other form shows
        return False

    def read(self, source: Source) -> Document:
        text = decode(source)
        return of_layout(source, text, read_layout(text))


reader = TextReader()
