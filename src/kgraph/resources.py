"""Finds the folders that travel with kgraph: in a checkout they lie beside `src/`, in an installed wheel inside the package."""

from __future__ import annotations

from pathlib import Path

from kgraph.errors import Misuse

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]


def folder(name: str) -> Path:
    """The path of `ontology`, `shapes`, `queries` or `seeds`."""
    for candidate in (_PACKAGE / "_resources" / name, _CHECKOUT / name):
        if candidate.is_dir():
            return candidate
    raise Misuse(f"this installation of kgraph lacks its folder {name!r}", hint="install the wheel again")
