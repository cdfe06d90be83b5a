"""Answers made smaller on their way (RFC 9110, 8.4): zstd where the client takes it, else gzip.

The levels are the fast ones: what is saved on the line must not be lost in the wait for it.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Protocol

import zstandard

ZSTD, GZIP = "zstd", "gzip"
WORTH_IT = 1400
"""Bytes that about fit one packet: no answer below this is made smaller."""

_ZSTD_LEVEL = 1
_GZIP_LEVEL = 1
_WITH_GZIP_HEADER = 31


class Coder(Protocol):
    """Codes a stream piece by piece; what was put in so far can be decoded from what came out so far."""

    def code(self, piece: bytes) -> bytes: ...

    def end(self) -> bytes: ...


class _Zstd:
    def __init__(self) -> None:
        self._coder = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compressobj()

    def code(self, piece: bytes) -> bytes:
        return self._coder.compress(piece) + self._coder.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def end(self) -> bytes:
        return self._coder.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)


class _Gzip:
    def __init__(self) -> None:
        self._coder = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _WITH_GZIP_HEADER)

    def code(self, piece: bytes) -> bytes:
        return self._coder.compress(piece) + self._coder.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._coder.flush()


def coder(coding: str) -> Coder:
    return _Zstd() if coding == ZSTD else _Gzip()


def coded(body: bytes, coding: str) -> bytes:
    """The whole of a body at once."""
    if coding == ZSTD:
        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)
    whole = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _WITH_GZIP_HEADER)
    return whole.compress(body) + whole.flush()


@lru_cache(maxsize=256)
def chosen(accept_encoding: str) -> str | None:
    """The coding that the client prefers of those there are, zstd among equals; None for none (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = next((_weight(one) for one in parameters if one.partition("=")[0].strip() == "q"), 1.0)
    offers = {name: weights.get(name, weights.get("*", 0.0)) for name in (ZSTD, GZIP)}
    best = max(offers, key=lambda name: offers[name])
    return best if offers[best] > 0 and offers[best] >= weights.get("identity", 0.0) else None


def _weight(parameter: str) -> float:
    value = parameter.partition("=")[2].strip()
    return float(value) if value.replace(".", "", 1).isdecimal() and value.isascii() else 0.0


def etag_of(etag: bytes, coding: str) -> bytes:
    """The tag of the coded representation, which is another one than the plain (RFC 9110, 8.8.3.3)."""
    return etag[:-1] + b"-" + coding.encode() + b'"'
