"""Sources → documents. A reader is chosen by the source's media type; which there are, entry points say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from kgraph import plugins
from kgraph.errors import Rejected, UnknownMediaType
from kgraph.model.text import Document, Source
from kgraph.readers.base import Container, Reader

__all__ = ["Container", "Reader", "media_type_of", "read", "supported"]

_UNKNOWN = "application/octet-stream"
_BINARY = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
)


def supported() -> list[Reader]:
    """The readers that are installed, by name."""
    return [reader for reader in plugins.load(plugins.READERS).values() if isinstance(reader, Reader)]


def read(source: Source, *, max_bytes: int) -> Document:
    """The document of a source. What cannot become one raises `Rejected` (or `UnknownMediaType`), and nothing else."""
    media_type = source.media_type.partition(";")[0].strip().lower()
    reader = next((reader for reader in supported() if media_type in reader.media_types), None)
    if reader is None:
        raise UnknownMediaType(source.name, media_type)
    if len(source.content) > max_bytes:
        raise Rejected(source.name, f"holds more than {max_bytes:,} bytes", hint="KGRAPH_MAX_SOURCE_BYTES raises the limit")
    if not source.content.strip():
        raise Rejected(source.name, "is empty" if not source.content else "holds only white space")
    try:
        return reader.read(source)
    except (ValueError, RecursionError) as error:
        raise Rejected(source.name, f"the {reader.name} reader cannot make a document of it: {error}") from error


def media_type_of(name: str, head: bytes) -> str:
    """The media type of a file by its first bytes where those are plain, else by its name's ending."""
    readers = supported()
    for start, media_type in _BINARY:
        if head.startswith(start) and not any(reader.recognises(head) for reader in readers):
            return media_type
    for reader in readers:
        if reader.recognises(head):
            return reader.media_types[0]
    ending = PurePath(name).suffix.lower()
    for reader in readers:
        if ending in reader.endings:
            return reader.media_types[0]
    return "text/plain" if not ending and b"\0" not in head else _UNKNOWN


def endings(readers: Iterable[Reader]) -> set[str]:
    return {ending for reader in readers for ending in reader.endings}
