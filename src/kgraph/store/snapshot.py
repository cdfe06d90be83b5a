"""Snapshots: copies of the store that do not change, which readers open while the writer goes on.

    store/
      live/           the writer's; nobody else opens it
      lock            held by the one writer
      ahead           there while `live` has commits that no snapshot has yet
      snapshots/7/    hard links to the files of `live` as they were
      current         symbolic link to the newest one, swapped at once
      search.sqlite   the words of one of the newest, if a server made them searchable (see `fulltext`)

A reader holds a shared lock on the snapshot's folder, which the kernel drops when the reader dies; the writer removes old
snapshots that nobody holds.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kgraph.errors import StoreError, StoreLocked


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that is held open until `close`; `id` differs between any two snapshots that ever were."""

    id: str
    path: Path
    _lock: int

    def close(self) -> None:
        os.close(self._lock)


def lock(root: Path) -> int:
    """Takes the writer's lock and gives its descriptor, whose closing gives it back; raises StoreLocked."""
    descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreLocked(
            f"another process is writing to {root}", hint="wait until it is done, or choose another --store"
        ) from None
    return descriptor


def current(root: Path) -> str | None:
    """The path, below the root, of the newest snapshot; costs one system call."""
    try:
        return os.readlink(root / "current")  # noqa: PTH115  (called every second by a server: no Path to build)
    except FileNotFoundError:
        return None


def pointer_to(number: int) -> str:
    """The path, below the root, of the snapshot of this number."""
    return f"snapshots/{number}"


def acquire(root: Path) -> Snapshot:
    """Holds the newest snapshot; raises StoreError where there is none."""
    while True:
        pointed = current(root)
        if pointed is None:
            raise StoreError(f"there is no graph in {root} yet", hint="`kgraph build` makes one")
        path = root / pointed
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                made = (path / "CURRENT").stat().st_mtime_ns
            except BaseException:
                os.close(descriptor)
                raise
        except (FileNotFoundError, BlockingIOError):
            if current(root) == pointed and not path.exists():
                raise StoreError(f"{root / 'current'} points to a snapshot that is not there") from None
            continue  # removed between our two looks: a newer one is there
        return Snapshot(id=f"{path.name}-{made:x}", path=path, _lock=descriptor)


def publish(root: Path, backup: Callable[[str], None]) -> None:
    """Makes the writer's state the newest snapshot; `backup` copies it into a folder that does not exist yet."""
    folder = root / "snapshots"
    folder.mkdir(exist_ok=True)
    for unfinished in (path for path in folder.iterdir() if not path.name.isdigit()):  # by a writer that was killed
        shutil.rmtree(unfinished)
    number = 1 + max((int(path.name) for path in folder.iterdir()), default=0)
    made = folder / str(number)
    part = made.with_suffix(".part")
    backup(str(part))
    part.rename(made)
    pointer = root / "current.part"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(made.relative_to(root), target_is_directory=True)
    pointer.replace(root / "current")
    for old in folder.iterdir():
        if old != made:
            _remove_unless_held(old)


def _remove_unless_held(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)
