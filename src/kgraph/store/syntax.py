"""SPARQL as terminals: what stands in a query or an update, without deciding what it means.

The terminals are those of SPARQL 1.1, section 19.8, the longest match first. A bare word in SPARQL is always a keyword: every
name has a colon, every variable a mark before it. So what a text may do (fetch, write, name its dataset) can be told exactly
from its terminals. Positions are offsets into the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kgraph.errors import BadQuery

_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_CHAR = rf"{_BASE}_0-9\u00b7\u0300-\u036f\u203f-\u2040-"
_PLX = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"
_LOCAL = rf"(?:[{_BASE}_:0-9]|{_PLX})(?:(?:[{_CHAR}.:]|{_PLX})*(?:[{_CHAR}:]|{_PLX}))?"
_TERMINAL = re.compile(
    rf"""
      (?P<space>[\x20\t\r\n]+|\#[^\r\n]*)
    | (?P<iri><[^<>"{{}}|^`\\\x00-\x20]*(?:\\[uU][0-9A-Fa-f]+[^<>"{{}}|^`\\\x00-\x20]*)*>)
    | (?P<string>(?P<quote>\"\"\"|''')(?:(?!(?P=quote))(?:\\.|[^\\]))*(?P=quote)|"(?:\\.|[^"\\\r\n])*"|'(?:\\.|[^'\\\r\n])*')
    | (?P<variable>[?$][{_BASE}_0-9][{_BASE}_0-9\u00b7\u0300-\u036f\u203f-\u2040]*)
    | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*(?:--[A-Za-z]+)?)
    | (?P<blank>_:[{_BASE}_0-9](?:[{_CHAR}.]*[{_CHAR}])?)
    | (?P<name>(?:[{_BASE}](?:[{_CHAR}.]*[{_CHAR}])?)?:(?:{_LOCAL})?)
    | (?P<word>[{_BASE}_][{_BASE}_0-9]*)
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    | (?P<mark><<|>>|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SERVICE_PREFIX = re.compile(r"service(?:silent)?$")


@dataclass(frozen=True, slots=True)
class Token:
    """A terminal: its kind (iri, string, variable, language, blank, name, word, number, mark), its words, where it stands."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def says(self, *words: str) -> bool:
        """Whether it is one of these keywords (given in capitals), or one of these marks."""
        return self.text.upper() in words if self.kind == "word" else self.kind == "mark" and self.text in words


def tokens(text: str) -> list[Token]:
    """The terminals in order, without white space and comments."""
    return list(terminals(text))


def terminals(text: str) -> Iterator[Token]:
    """The same, one after the other: for those who may not need them all."""
    for match in _TERMINAL.finditer(text):
        kind = match.lastgroup
        if kind != "space":
            yield Token("string" if kind == "quote" else str(kind), match[0], match.start())


def services(found: Sequence[Token]) -> list[int]:
    """Where among the terminals a `SERVICE` clause begins.

    Oxigraph does not take the longest match everywhere: it reads `trueSERVICE<x>` and, before a brace, `SERVICE:x` as the
    clause. A text that leans on that is told here as well.
    """
    places = []
    for place, token in enumerate(found):
        if token.kind == "word" and "SERVICE" in token.text.upper():
            places.append(place)
        elif token.kind == "name" and _SERVICE_PREFIX.search(token.text.partition(":")[0].casefold()):
            places += [place] if place + 1 < len(found) and found[place + 1].says("{") else []
    return places


def refused(text: str, token: Token | None, message: str) -> BadQuery:
    """The text is refused at this terminal, or at its end."""
    at = token.start if token is not None else len(text)
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return BadQuery(f"line {line}, column {column}: {message}", line=line, column=column)
