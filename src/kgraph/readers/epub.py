"""EPUB books: their chapters in reading order, as one text."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import unquote

from kgraph.errors import Rejected
from kgraph.model.text import Document, Source
from kgraph.readers.base import decode, of_layout, with_credit
from kgraph.readers.layout import read_layout
from kgraph.readers.rendering import Rendering, parse_html, render
from kgraph.readers.xml import child, local, parse_xml

MOST_BYTES = 50_000_000
"""What the files of a book may unpack to, all together."""


@dataclass(frozen=True, slots=True)
class EpubReader:
    name: str = "epub"
    media_types: tuple[str, ...] = ("application/epub+zip",)
    endings: tuple[str, ...] = (".epub",)
    reads: str = "the text of EPUB books"

    def recognises(self, head: bytes) -> bool:
        return head.startswith(b"PK\x03\x04") and b"application/epub+zip" in head[:100]

    def read(self, source: Source) -> Document:
        try:
            with zipfile.ZipFile(BytesIO(source.content)) as archive:
                return _read(source, _Archive(source, archive))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise Rejected(source.name, f"is not an EPUB that can be read: {error}") from None


class _Archive:
    """A zip file that unpacks no more than a bound."""

    def __init__(self, source: Source, archive: zipfile.ZipFile) -> None:
        self._source = source
        self._archive = archive
        self._left = MOST_BYTES

    def source(self, name: str) -> Source:
        """A file of the archive as a source of its own."""
        try:
            with self._archive.open(name) as file:
                content = file.read(self._left + 1)
        except KeyError:
            raise Rejected(self._source.name, f"lacks its file {name!r}") from None
        self._left -= len(content)
        if self._left < 0:
            raise Rejected(self._source.name, f"unpacks to more than {MOST_BYTES:,} bytes")
        return Source(self._source.id, f"{self._source.name}/{name}", "application/xml", content)


def _read(source: Source, archive: _Archive) -> Document:
    container = parse_xml(archive.source("META-INF/container.xml"))
    package_path = next((element.get("full-path") for element in container.iter() if local(element) == "rootfile"), None)
    if package_path is None:
        raise Rejected(source.name, "names no package document")
    package = parse_xml(archive.source(package_path))
    files = {item.get("id"): item.get("href") for item in package.iter() if local(item) == "item"}
    about = next((element for element in package if local(element) == "metadata"), package)
    rendering = Rendering()
    for reference in package.iter():
        href = files.get(reference.get("idref")) if local(reference) == "itemref" else None
        if not href:
            continue
        chapter = archive.source(posixpath.normpath(posixpath.join(posixpath.dirname(package_path), unquote(href))))
        if chapter.content.strip():
            root = parse_html(decode(chapter), chapter.name)
            body = root.find("body")
            render(body if body is not None else root, rendering)
    text = rendering.text
    if not text.strip():
        raise Rejected(source.name, "shows no text")
    document = of_layout(source, text, read_layout(text, headings=rendering.headings))
    language = (child(about, "language") or "").partition("-")[0] or None
    return with_credit(
        document, title=child(about, "title"), author=child(about, "creator"), created=child(about, "date"), language=language
    )


reader = EpubReader()
