"""Queries that Oxigraph 0.5 answers otherwise than SPARQL 1.1 says, said so that it answers right.

- `GROUP_CONCAT` gives a simple literal (18.5.1.7); Oxigraph keeps a language tag that all values share. `STR` drops it.
- A path of length zero from a term leads to that term whether or not any triple has it (18.4); Oxigraph finds nothing where
  none has. Then the path can lead nowhere else, and the pattern says no more than what its variable is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kgraph.store import syntax
from kgraph.store.syntax import Token

_ANY_LENGTH, _AT_MOST_ONE = re.compile(r"\*(?<=[\w>)].)\s"), re.compile(r"\?(?<=[\w>)].)\s")
"""Paths that can have length zero. Two patterns, for what a pattern begins with is found at once: every query is searched."""


def mended(text: str, is_in_no_triple: Callable[[str, str], bool]) -> str:
    """The query as Oxigraph should be asked it. What the terminals do not tell for sure stays as it is.

    `is_in_no_triple` says of a term, written as in the query and after its prologue, that the dataset has it in no triple.
    """
    if _ANY_LENGTH.search(text) is None and _AT_MOST_ONE.search(text) is None and "group_concat" not in text.casefold():
        return text
    found = syntax.tokens(text)
    edits = [*_concatenations(found), *_paths_from_nowhere(text, found, is_in_no_triple)]
    for start, end, words in sorted(edits, reverse=True):
        text = text[:start] + words + text[end:]
    return text


Edit = tuple[int, int, str]


def _concatenations(found: Sequence[Token]) -> list[Edit]:
    edits: list[Edit] = []
    for place, token in enumerate(found[:-1]):
        if token.says("GROUP_CONCAT") and found[place + 1].says("("):
            end = _closing(found, place + 1)
            if end is not None:
                edits += [(token.start, token.start, "STR("), (found[end].end, found[end].end, ")")]
    return edits


def _closing(found: Sequence[Token], opening: int) -> int | None:
    depth = 0
    for place in range(opening, len(found)):
        depth += found[place].says("(") - found[place].says(")")
        if depth == 0:
            return place
    return None


def _paths_from_nowhere(text: str, found: Sequence[Token], is_in_no_triple: Callable[[str, str], bool]) -> list[Edit]:
    edits: list[Edit] = []
    opening = next((place for place, token in enumerate(found) if token.says("{")), len(found))
    for place in range(opening + 1, len(found)):
        if not found[place - 1].says("{", ".", "}"):
            continue
        after = _path(found, place + 1)
        if after is None or after + 1 >= len(found):
            continue
        subject, object_, then = found[place], found[after], found[after + 1]
        ends = sorted((subject, object_), key=lambda token: token.kind == "variable")
        if ends[0].kind not in ("iri", "name") or ends[1].kind != "variable":
            continue
        if (then.says(".", "}", "{") or then.kind == "word") and is_in_no_triple(_prologue(text, found), ends[0].text):
            edits.append((subject.start, object_.end, f"VALUES {ends[1].text} {{ {ends[0].text} }}"))
    return edits


def _path(found: Sequence[Token], place: int) -> int | None:
    """Where a path that begins here, and may have length zero as a whole, is over."""
    if place < len(found) and found[place].says("^"):
        place += 1
    if place >= len(found):
        return None
    if found[place].says("("):
        end = _closing(found, place)
        if end is None:
            return None
        place = end
    elif found[place].kind not in ("iri", "name") and found[place].text != "a":
        return None
    place += 1
    return place + 1 if place < len(found) and found[place].says("*", "?") else None


def _prologue(text: str, found: Sequence[Token]) -> str:
    """The text before the form of the query."""
    first = next((token for token in found if token.says("SELECT", "CONSTRUCT", "DESCRIBE", "ASK")), None)
    return text[: first.start] if first is not None else ""
