"""Which readers there are, and which of them takes a source."""

from __future__ import annotations

from functools import cache

from kgraph import plugins
from kgraph.readers.base import Reader

_UNKNOWN = "application/octet-stream"
_BINARY = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
)


@cache
def supported() -> tuple[Reader, ...]:
    """The readers that are installed, by name."""
    return tuple(reader for reader in plugins.load(plugins.READERS).values() if isinstance(reader, Reader))


def reader_of(media_type: str) -> Reader | None:
    """The reader of a media type, its parameters left out."""
    media_type = media_type.partition(";")[0].strip().lower()
    return next((reader for reader in supported() if media_type in reader.media_types), None)


def ending_of(name: str) -> str:
    """The longest ending of a file's name that a reader takes (`.thread.json`, not `.json`), else what follows its last dot."""
    name = name.lower()
    endings = [ending for reader in supported() for ending in reader.endings if name.endswith(ending)]
    if endings:
        return max(endings, key=len)
    stem, dot, last = name.rpartition(".")
    return dot + last if stem and "/" not in last else ""


def media_type_of(name: str, head: bytes) -> str:
    """The media type of a file by its first bytes where those are plain, else by its name's ending."""
    for reader in supported():
        if reader.recognises(head):
            return reader.media_types[0]
    for start, media_type in _BINARY:
        if head.startswith(start):
            return media_type
    ending = ending_of(name)
    for reader in supported():
        if ending in reader.endings:
            return reader.media_types[0]
    return "text/plain" if not ending and b"\0" not in head else _UNKNOWN
