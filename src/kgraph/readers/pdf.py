"""PDF. The text is what its pages show, in the order in which they draw it; scanned pages hold none."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from io import BytesIO

from pypdf import PdfReader as PdfFile

from kgraph.errors import Rejected
from kgraph.model.text import Document, Source
from kgraph.readers.base import of_layout, with_credit
from kgraph.readers.layout import read_layout

MOST_PAGES = 2000
MOST_CHARACTERS = 20_000_000


@dataclass(frozen=True, slots=True)
class PdfReader:
    name: str = "pdf"
    media_types: tuple[str, ...] = ("application/pdf",)
    endings: tuple[str, ...] = (".pdf",)
    reads: str = "the text of PDF files"

    def recognises(self, head: bytes) -> bool:
        return head.startswith(b"%PDF-")

    def read(self, source: Source) -> Document:
        title, author, text = _text(source)
        if not text.strip():
            raise Rejected(source.name, "holds no text, only pictures of it perhaps")
        text = text.replace("\0", " ")
        return with_credit(of_layout(source, text, read_layout(text)), title=title, author=author)


def _text(source: Source) -> tuple[str | None, str | None, str]:
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        file = PdfFile(BytesIO(source.content))
        if file.is_encrypted and not file.decrypt(""):
            raise Rejected(source.name, "is encrypted")
        if len(file.pages) > MOST_PAGES:
            raise Rejected(source.name, f"has more than {MOST_PAGES} pages")
        pages: list[str] = []
        left = MOST_CHARACTERS
        for page in file.pages:
            pages.append(page.extract_text().strip())
            left -= len(pages[-1])
            if left < 0:
                raise Rejected(source.name, f"holds more than {MOST_CHARACTERS:,} characters")
        about = file.metadata
        title, author = (about.title, about.author) if about is not None else (None, None)
    except Rejected:
        raise
    except Exception as error:  # pypdf raises errors of many kinds on malformed files, and names no root for them
        raise Rejected(source.name, f"is not a PDF that can be read: {error}") from error
    return _plain(title), _plain(author), "\n\n".join(page for page in pages if page)


def _plain(value: object) -> str | None:
    return " ".join(value.split()) or None if isinstance(value, str) else None


reader = PdfReader()
