"""Files, folders and stdin → sources, with ids that stay.

A file is named after its stem, a file in a folder after its path from there, a thread in a file of many after both; where
two would share an id, the later has some digits of its content's hash in it. In a folder, hidden files, files that no reader
takes, and those that speak of the folder (README, LICENSE, …) are passed over.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from kgraph import iris
from kgraph.errors import Misuse, Rejected
from kgraph.model.text import Source
from kgraph.readers import jekyll
from kgraph.readers.base import Container, Reader
from kgraph.readers.registry import ending_of, media_type_of, reader_of, supported

STDIN = "-"
_HEAD = 4096
_OF_THE_FOLDER = frozenset({"readme", "license", "licence", "notice", "copying", "changelog", "contributing", "authors"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a source is read from: a file, the files of a thread's folder, or stdin."""

    name: str
    stem: str
    folder: Path | None = None
    files: tuple[Path, ...] = ()


class Sources:
    """Sources, read one at a time as they are asked for. The length counts files and folders: a file of many threads is one."""

    def __init__(self, places: tuple[_Place, ...], max_bytes: int | None, stdin: BinaryIO | None) -> None:
        self._places = places
        self._max_bytes = max_bytes
        self._stdin = stdin

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Source]:
        taken: set[str] = set()
        for place in self._places:
            for source in _split(self._load(place)):
                if source.id in taken:
                    source = replace(source, id=f"{source.id}-{hashlib.sha256(source.content).hexdigest()[:8]}")
                taken.add(source.id)
                yield source

    def _load(self, place: _Place) -> Source:
        most = -1 if self._max_bytes is None else self._max_bytes + 1
        id = iris.document(place.stem)
        if place.folder is not None:
            content = jekyll.bundle(place.folder, place.files, max_bytes=self._max_bytes)
            return Source(id, place.name, jekyll.MEDIA_TYPE, content)
        if place.files:
            with place.files[0].open("rb") as file:
                content = file.read(most)
        else:
            content = (self._stdin or sys.stdin.buffer).read(most)
        return Source(id, place.name, media_type_of(place.name, content[:_HEAD]), content)


def sources(paths: Iterable[str | Path], *, max_bytes: int | None = None, stdin: BinaryIO | None = None) -> Sources:
    """The sources of files, of folders, and of `-`, in the order given, a folder's by path.

    No more than one byte above `max_bytes` of a source is read, enough for `read` to reject it.

    Raises:
        Misuse: a path that does not exist or may not be read, a folder with nothing to read in it.
    """
    places: list[_Place] = []
    for path in paths:
        if str(path) == STDIN:
            places.append(_Place("stdin", "stdin"))
            continue
        path = Path(path)
        if not path.exists():
            raise Misuse(f"{path} does not exist")
        if path.is_dir():
            places.extend(_in_folder(path))
        else:
            places.append(_file(path, path.name))
    for file in (file for place in places for file in place.files):
        if not os.access(file, os.R_OK):
            raise Misuse(f"{file} may not be read")
    return Sources(tuple(places), max_bytes, stdin)


def _file(path: Path, shown: str) -> _Place:
    ending = ending_of(shown)
    return _Place(str(path), shown[: len(shown) - len(ending)] or shown, files=(path,))


def _in_folder(root: Path) -> list[_Place]:
    known = {ending for reader in supported() for ending in reader.endings}
    places: list[_Place] = []
    for at, folders, names in os.walk(root):
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        folder = Path(at)
        files = jekyll.files_of(folder)
        if files:
            folders.clear()
            stem = folder.relative_to(root).as_posix() if folder != root else folder.resolve().name
            places.append(_Place(str(folder), stem, folder, files))
            continue
        for name in sorted(names):
            if name.startswith(".") or name.partition(".")[0].lower() in _OF_THE_FOLDER or ending_of(name) not in known:
                continue
            places.append(_file(folder / name, (folder / name).relative_to(root).as_posix()))
    if not places:
        raise Misuse(f"{root} holds nothing that can be read", hint="`kgraph readers` lists what can be")
    return places


def _split(source: Source) -> Iterator[Source]:
    """The threads of a source that holds several; a source that cannot be split goes on whole, for `read` to say why."""
    reader: Reader | None = reader_of(source.media_type)
    if not isinstance(reader, Container):
        yield source
        return
    try:
        threads = list(reader.split(source))
    except Rejected:
        threads = []
    if len(threads) < 2:
        yield source
    else:
        yield from threads
