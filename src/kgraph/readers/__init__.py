"""Sources → documents. A reader is chosen by the source's media type; which there are, entry points say."""

from __future__ import annotations

from collections.abc import Iterable

from kgraph.errors import Rejected, UnknownMediaType
from kgraph.model.text import Document, Source
from kgraph.readers.base import Container, Reader
from kgraph.readers.registry import media_type_of, reader_of, supported
from kgraph.readers.sources import Sources, sources

__all__ = ["Container", "Reader", "Sources", "endings", "media_type_of", "read", "sources", "supported"]


def read(source: Source, *, max_bytes: int) -> Document:
    """The document of a source. What cannot become one raises `Rejected` (or `UnknownMediaType`), and nothing else."""
    reader = reader_of(source.media_type)
    if reader is None:
        raise UnknownMediaType(source.name, source.media_type)
    if len(source.content) > max_bytes:
        raise Rejected(source.name, f"holds more than {max_bytes:,} bytes", hint="KGRAPH_MAX_SOURCE_BYTES raises the limit")
    if not source.content.strip():
        raise Rejected(source.name, "is empty" if not source.content else "holds only white space")
    try:
        return reader.read(source)
    except (ValueError, RecursionError) as error:
        raise Rejected(source.name, f"the {reader.name} reader cannot make a document of it: {error}") from error


def endings(readers: Iterable[Reader]) -> set[str]:
    """How the names of files end that these readers take."""
    return {ending for reader in readers for ending in reader.endings}
