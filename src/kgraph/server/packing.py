"""Compresses a dump, on processors that nobody else wants: `python -m kgraph.server.packing PLAIN PACKED gz|zst`."""

from __future__ import annotations

import gzip
import os
import shutil
import sys
from pathlib import Path

import zstandard

_ZSTANDARD_LEVEL = 9


def pack(plain: Path, packed: Path, coding: str) -> None:
    """Makes the file beside its place and moves it there whole; it has the time of the plain one."""
    part = packed.with_name(f".{packed.name}.{os.getpid()}")
    with plain.open("rb") as source, part.open("wb") as out:
        if coding == "gz":
            # Neither a name nor a time goes in: the same graph gives the same bytes.
            with gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=6, mtime=0) as into:
                shutil.copyfileobj(source, into, 1 << 20)
        else:
            zstandard.ZstdCompressor(level=_ZSTANDARD_LEVEL, write_checksum=True).copy_stream(
                source, out, size=plain.stat().st_size
            )
    shutil.copystat(plain, part)
    part.replace(packed)


if __name__ == "__main__":
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    pack(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
