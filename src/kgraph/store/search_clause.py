"""Search inside SPARQL: a graph that is not there stands for the search index.

    PREFIX kgs: <https://w3id.org/kgraph/search#>
    SELECT ?claim ?text WHERE {
      GRAPH kgs:index { ?claim kgs:matches "free maps" ; kgs:score ?score }
      ?claim schema:text ?text .
    }

Before the engine sees the query, each such clause is replaced by the rows that the index gives, as VALUES: to SPARQL it is then
a table like any other, which joins and is planned as such. What stands in the clause is one variable and, of it, the predicates
below, `kgs:matches` first among them and needed. Anything else in it, and the names anywhere else, is a bad query, since the
engine would take it for triples that are not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from kgraph.errors import BadQuery
from kgraph.store.fulltext import Found
from kgraph.store.sparql import SEARCH
from kgraph.store.syntax import Token, refused, tokens

Find = Callable[[str, str | None], Sequence[Found]]
"""The best matches of some words, among things of one class or of all."""

_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}
_BINDS = ("score", "excerpt", "kind")


@dataclass(slots=True)
class _Clause:
    """What one clause asks: the words, the class to find, and which variable each of its columns goes to."""

    words: str | None = None
    kind: str | None = None
    columns: dict[str, str] = field(default_factory=dict)


def expand(text: str, find: Find) -> str:
    """The query with its search clauses answered; raises BadQuery where one is not as it should be."""
    reading = _Tokens(text)
    written: list[str] = []
    done = 0
    while (token := reading.next()) is not None:
        if token.says("GRAPH") and reading.term(reading.peek()) == f"{SEARCH}index":
            reading.next()
            written += [text[done : token.start], _values(_clause(reading), find)]
            done = reading.end
        elif (reading.term(token) or "").startswith(SEARCH) and not reading.declaring:
            raise refused(text, token, f"{token.text} has a meaning only in GRAPH kgs:index {{ … }}")
    return "".join([*written, text[done:]])


class _Tokens:
    """The terminals of a query, one after the other, with the prefixes declared so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._all = tokens(text)
        self._at = 0
        self._prefixes: dict[str, str] = {}
        self.declaring = False
        """Whether the terminal taken last is the namespace of a prefix."""
        self.end = 0

    def peek(self) -> Token | None:
        return self._all[self._at] if self._at < len(self._all) else None

    def next(self) -> Token | None:
        token = self.peek()
        if token is None:
            return None
        self.declaring = token.kind == "iri" and self._at >= 2 and self._all[self._at - 2].says("PREFIX")
        if self.declaring:
            self._prefixes[self._all[self._at - 1].text] = token.text[1:-1]
        self._at += 1
        self.end = token.end
        return token

    def term(self, token: Token | None) -> str | None:
        """The IRI that a terminal stands for."""
        if token is None or token.kind not in ("iri", "name"):
            return None
        if token.kind == "iri":
            return token.text[1:-1]
        prefix, _, local = token.text.partition(":")
        namespace = self._prefixes.get(f"{prefix}:")
        return None if namespace is None else namespace + _ESCAPE.sub(lambda one: one[3] or one[0], local)

    def expect(self, mark: str) -> None:
        token = self.next()
        if token is None or not token.says(mark):
            raise refused(self.text, token, f"a search clause needs {mark} here")


def _clause(reading: _Tokens) -> _Clause:
    """`{ ?thing kgs:matches "words" ; kgs:score ?score ; kgs:excerpt ?excerpt ; kgs:kind ?kind }`"""
    clause = _Clause()
    reading.expect("{")
    clause.columns["thing"] = _variable(reading)
    while True:
        predicate = reading.next()
        name = (reading.term(predicate) or "").removeprefix(SEARCH)
        following = reading.peek()
        if name == "matches" and clause.words is None:
            reading.next()
            if following is None or following.kind != "string":
                raise refused(reading.text, following, "kgs:matches needs the words to look for, as a plain string")
            clause.words = _plain(following.text)
        elif name == "kind" and clause.kind is None and (kind := reading.term(following)) is not None:
            reading.next()
            clause.kind = kind
        elif name in _BINDS and name not in clause.columns:
            clause.columns[name] = _variable(reading)
        else:
            raise refused(reading.text, predicate, "a search clause has matches, score, excerpt and kind, each once")
        token = reading.next()
        if token is not None and token.says(";"):
            continue
        if token is not None and token.says("."):
            token = reading.next()
        if token is None or not token.says("}"):
            raise refused(reading.text, token, "a search clause is about one thing, and ends with }")
        if clause.words is None:
            raise refused(reading.text, token, 'a search clause needs kgs:matches "words"')
        return clause


def _variable(reading: _Tokens) -> str:
    token = reading.next()
    if token is None or token.kind != "variable":
        raise refused(reading.text, token, "a search clause needs a variable here")
    return f"?{token.text[1:]}"


def _values(clause: _Clause, find: Find) -> str:
    assert clause.words is not None
    columns = list(clause.columns.values())
    if len(set(columns)) < len(columns):
        raise BadQuery("a search clause gives each of its columns a variable of its own")
    rows = "".join(f"({' '.join(_cells(clause, found))})" for found in find(clause.words, clause.kind))
    return f"VALUES ({' '.join(columns)}) {{{rows}}}"


def _cells(clause: _Clause, found: Found) -> Iterator[str]:
    for name in clause.columns:
        if name == "thing":
            yield f"<{found.iri}>"
        elif name == "score":
            yield f'"{found.score:.4f}"^^<http://www.w3.org/2001/XMLSchema#decimal>'
        elif name == "kind":
            yield f"<{found.kind}>" if found.kind else "UNDEF"
        else:
            yield _quoted(found.excerpt)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def _plain(string: str) -> str:
    edge = 3 if string[:3] in ('"""', "'''") and len(string) >= 6 else 1
    return _ESCAPE.sub(_unescape, string[edge:-edge])


def _unescape(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    if code is None:
        return _CONTROL.get(escape[3], escape[3])
    return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else escape[0]
