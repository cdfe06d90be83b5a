"""What a query's text tells before it is run.

Oxigraph cannot be told not to follow `SERVICE`: it fetches, without a time-out, from any address the query names, the
machine's own network included. So such queries are refused here, before the engine sees them.
"""

from __future__ import annotations

import re

from kgraph.errors import BadQuery, FetchRefused
from kgraph.store import syntax

SEARCH = "https://w3id.org/kgraph/search#"
"""What the names of a search clause begin with (`search_clause`): a query without these words has none."""

_DEEPEST = 100
_POSITION = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)


def bad_query(words: str) -> BadQuery:
    """What Oxigraph says of a query that does not parse, with its position taken out of the words."""
    position = _POSITION.fullmatch(words)
    if position is None:
        return BadQuery(words)
    line, column = int(position[1]), int(position[2])
    return BadQuery(f"line {line}, column {column}: {position[3]}", line=line, column=column)


def refuse_fetching(text: str) -> None:
    """Raises FetchRefused where the query has a `SERVICE` clause."""
    if "service" not in text.casefold():
        return
    found = syntax.tokens(text)
    for place in syntax.services(found):
        at = syntax.refused(text, found[place], "")
        raise FetchRefused(
            "this store does not follow SERVICE: it would fetch from the address that the query names",
            line=at.line,
            column=at.column,
        )


def refuse_nesting(text: str) -> None:
    """Raises BadQuery where brackets stand so deep in each other that Oxigraph's parser would run out of its stack."""
    if sum(map(text.count, "({[")) + text.count("<<") <= _DEEPEST:
        return
    depth = 0
    for token in syntax.terminals(text):
        if token.kind == "iri":  # Oxigraph may take it for a comparison
            depth += token.text.count("(") - token.text.count(")") + token.text.count("[") - token.text.count("]")
        else:
            depth += token.says("(", "{", "[", "<<") - token.says(")", "}", "]", ">>")
        if depth > _DEEPEST:
            raise syntax.refused(text, token, f"brackets are nested more than {_DEEPEST} deep")


def has_dataset(text: str) -> bool:
    """Whether the query names its own dataset (`FROM`, `FROM NAMED`)."""
    return any(token.says("FROM") for token in syntax.terminals(text))
