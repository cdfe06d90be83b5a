"""Finds what packages offer kgraph through entry points; kgraph's own parts come in the same way."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Any

READERS = "kgraph.readers"


@cache
def load(group: str) -> dict[str, Any]:
    """The objects that are registered in a group, by name, in the order of their names."""
    return {entry.name: entry.load() for entry in sorted(entry_points(group=group), key=lambda entry: entry.name)}
