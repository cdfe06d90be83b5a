"""What a query's text tells before it is run.

Oxigraph cannot be told not to follow `SERVICE`: it fetches, without a time-out, from any address the query names, the
machine's own network included. So such queries are refused here, before the engine sees them. A regular expression alone
would be fooled both ways (a variable `?service`, a keyword behind a trick with comments), hence two steps. First the
grammar's terminals in which words mean nothing are blanked out: comments, strings, IRIs and escapes. Where the word is
still there, a real parse decides. What that parser cannot read is refused.
"""

from __future__ import annotations

import re

from kgraph.errors import BadQuery, FetchRefused

# SPARQL 1.1, 19.8: the terminals STRING_LITERAL_*, IRIREF and PN_LOCAL_ESC, and comments, which end at CR as well as at LF.
_OPAQUE = re.compile(
    r'''
      (?P<quote>"""|\'\'\')(?:(?!(?P=quote))(?:\\.|[^\\]))*(?P=quote)
    | "(?:\\.|[^"\\\r\n])*"
    | '(?:\\.|[^'\\\r\n])*'
    | <[^<>"{}|^`\\\x00-\x20]*(?:\\[uU][0-9A-Fa-f]+[^<>"{}|^`\\\x00-\x20]*)*>
    | \#[^\r\n]*
    | \\.
    ''',
    re.VERBOSE | re.DOTALL,
)
_POSITION = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
_FROM = re.compile(r"(?<![\w?$:.-])FROM(?![\w:.-])", re.IGNORECASE)


def bad_query(words: str) -> BadQuery:
    """What Oxigraph says of a query that does not parse, with its position taken out of the words."""
    position = _POSITION.fullmatch(words)
    if position is None:
        return BadQuery(words)
    line, column = int(position[1]), int(position[2])
    return BadQuery(f"line {line}, column {column}: {position[3]}", line=line, column=column)


def refuse_fetching(text: str) -> None:
    """Raises FetchRefused where the query has a `SERVICE` clause, BadQuery where that cannot be told."""
    if "service" not in text.casefold():
        return
    bare = _bare(text)
    if "service" in bare.casefold() and _has_service(bare):
        raise FetchRefused("this store does not follow SERVICE: it would fetch from the address that the query names")


def has_dataset(text: str) -> bool:
    """Whether the query names its own dataset (`FROM`, `FROM NAMED`)."""
    return _FROM.search(_bare(text)) is not None


def _bare(text: str) -> str:
    """The query with its comments blank, and x for what stands in strings, IRIs and escapes; positions stay."""
    return _OPAQUE.sub(_blank, text).replace("\r", "\n")


def _blank(terminal: re.Match[str]) -> str:
    words = terminal[0]
    if words[0] == "#":
        return " " * len(words)
    if words[0] == "\\":
        return "x" * len(words)
    edge = len(terminal["quote"] or words[0])
    return words[:edge] + re.sub(r"[^\r\n]", "x", words[edge:-edge]) + words[-edge:]


def _has_service(bare: str) -> bool:
    # rdflib takes 0.2 s to import: only queries with the word in them pay that.
    from pyparsing import ParseException, ParseResults  # noqa: PLC0415
    from rdflib.plugins.sparql.parser import parseQuery  # noqa: PLC0415
    from rdflib.plugins.sparql.parserutils import CompValue  # noqa: PLC0415

    try:
        parsed = parseQuery(bare)
    except ParseException as error:
        raise BadQuery(f"line {error.lineno}, column {error.col}: {error.msg}", line=error.lineno, column=error.col) from error
    except RecursionError as error:
        raise BadQuery("the query is nested too deeply to tell whether it has a SERVICE clause") from error
    waiting: list[object] = [parsed]
    while waiting:
        node = waiting.pop()
        if isinstance(node, CompValue):
            if node.name == "ServiceGraphPattern":
                return True
            waiting.extend(node.values())
        elif isinstance(node, ParseResults | list | tuple):
            waiting.extend(node)
    return False
