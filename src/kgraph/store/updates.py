"""A SPARQL 1.1 update taken apart into its operations: which graphs each may write to, and with which dataset it reads.

The parse is of the structure that matters here (grammar rules 29 to 52: prologues, operations, templates, `USING`); patterns
and triples are Oxigraph's to parse. What is no such structure is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kgraph.errors import BadQuery, FetchRefused
from kgraph.store import syntax
from kgraph.store.syntax import Token

NO_FETCHING = "this store follows neither SERVICE nor LOAD in an update: it would fetch from the address that is named"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, and all prologues up to it.

    `graphs` are the graphs that it may write to, as terms of the text that need the prologue; `everywhere` says that they
    are any named graphs; `unnamed` that it writes to the unnamed graph. `reads` says that it has a pattern to match,
    `clears` that it does no more than to empty graphs, `fetches` that it is a `LOAD`.
    """

    prologue: str
    body: str
    graphs: frozenset[str] = frozenset()
    everywhere: bool = False
    unnamed: bool = False
    reads: bool = False
    clears: bool = False
    fetches: bool = False

    @property
    def text(self) -> str:
        """The operation as an update of its own."""
        return f"{self.prologue}\n{self.body}"


@dataclass(slots=True)
class _Targets:
    graphs: set[str] = field(default_factory=set)
    everywhere: bool = False
    unnamed: bool = False


def operations(text: str, *, using: Sequence[str] = (), using_named: Sequence[str] = ()) -> list[Operation]:
    """The operations in order, each with this dataset (SPARQL 1.1 Protocol, 2.2.3) where it matches a pattern.

    Raises FetchRefused where a pattern has a `SERVICE` clause, BadQuery where the text is no update, or has a dataset of its
    own beside the one that is given. `LOAD SILENT` always ends well (Update, 3.1.4), so it is left out, as if it had failed.
    """
    found = syntax.tokens(text)
    if syntax.services(found):
        raise FetchRefused(NO_FETCHING)
    clause = " ".join([*(f"USING {_iri(one)}" for one in using), *(f"USING NAMED {_iri(one)}" for one in using_named)])
    return _Parser(text, found, clause).operations()


def _iri(graph: str) -> str:
    token = syntax.tokens(f"<{graph}>")
    if len(token) != 1 or token[0].kind != "iri":
        raise BadQuery(f"{graph!r} is no IRI, so it cannot name a graph")
    return f"<{graph}>"


class _Parser:
    def __init__(self, text: str, found: list[Token], clause: str) -> None:
        self._text = text
        self._tokens = found
        self._clause = clause
        self._at = 0
        self._prologue: list[str] = []

    def operations(self) -> list[Operation]:
        found: list[Operation] = []
        while True:
            self._read_prologue()
            if self._peek() is None:
                return found
            if (operation := self._operation()) is not None:
                found.append(operation)
            if self._peek() is None:
                return found
            self._expect(";")

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _fail(self, message: str) -> BadQuery:
        return syntax.refused(self._text, self._peek(), message)

    def _says(self, *words: str) -> bool:
        token = self._peek()
        return token is not None and token.says(*words)

    def _take(self, *words: str) -> bool:
        if self._says(*words):
            self._at += 1
            return True
        return False

    def _expect(self, *words: str) -> None:
        if not self._take(*words):
            raise self._fail(f"expected {' or '.join(words)}")

    def _term(self) -> str:
        token = self._peek()
        if token is None or token.kind not in ("iri", "name"):
            raise self._fail("expected an IRI")
        self._at += 1
        return token.text

    def _read_prologue(self) -> None:
        while self._says("BASE", "PREFIX", "VERSION"):
            first = self._tokens[self._at]
            self._at += 1
            if first.says("PREFIX"):
                name = self._peek()
                if name is None or name.kind != "name" or not name.text.endswith(":"):
                    raise self._fail("expected a prefix")
                self._at += 1
            last = self._peek()
            if last is None or last.kind != ("string" if first.says("VERSION") else "iri"):
                raise self._fail("expected an IRI")
            self._at += 1
            self._prologue.append(self._text[first.start : last.end])

    def _operation(self) -> Operation | None:
        first = self._tokens[self._at]
        targets = _Targets()
        self._at += 1
        if first.says("LOAD"):
            silent = self._take("SILENT")
            self._term()
            if self._take("INTO"):
                self._expect("GRAPH")
                self._term()
            return None if silent else Operation("", "", fetches=True)
        if first.says("CLEAR", "DROP"):
            self._take("SILENT")
            self._graph_ref(targets)
            return self._made(first, targets, clears=targets.everywhere)
        if first.says("CREATE"):
            self._take("SILENT")
            self._expect("GRAPH")
            targets.graphs.add(self._term())
            return self._made(first, targets)
        if first.says("ADD", "MOVE", "COPY"):
            self._take("SILENT")
            self._graph_or_default(targets if first.says("MOVE") else _Targets())
            self._expect("TO")
            self._graph_or_default(targets)
            return self._made(first, targets, reads=True)
        if first.says("INSERT", "DELETE") and self._take("DATA"):
            self._quads(targets, "")
            return self._made(first, targets)
        if first.says("DELETE") and self._take("WHERE"):
            block = self._peek()
            self._quads(targets, "")
            assert block is not None
            pattern = self._text[block.start : self._tokens[self._at - 1].end]
            if self._clause:  # the short form has no place for a dataset: this is what it is short for
                return self._made(first, targets, text=f"DELETE {pattern} {self._clause} WHERE {pattern}", reads=True)
            return self._made(first, targets, reads=True)
        return self._modify(first, targets)

    def _modify(self, first: Token, targets: _Targets) -> Operation:
        default = ""
        if first.says("WITH"):
            if self._clause:
                raise self._conflict(first, "WITH")
            default = self._term()
            self._expect("DELETE", "INSERT")
        elif not first.says("DELETE", "INSERT"):
            raise syntax.refused(self._text, first, "expected an operation of SPARQL 1.1 Update")
        deletes = self._tokens[self._at - 1].says("DELETE")
        self._quads(targets, default)
        if deletes and self._take("INSERT"):
            self._quads(targets, default)
        while self._says("USING"):
            if self._clause:
                raise self._conflict(self._tokens[self._at], "USING")
            self._at += 1
            self._take("NAMED")
            self._term()
        where = self._peek()
        self._expect("WHERE")
        assert where is not None
        self._block()
        text = self._text[first.start : self._tokens[self._at - 1].end]
        if self._clause:
            cut = where.start - first.start
            text = f"{text[:cut]}{self._clause} {text[cut:]}"
        return self._made(first, targets, text=text, reads=True)

    def _conflict(self, token: Token, word: str) -> BadQuery:
        return syntax.refused(self._text, token, f"the request has a dataset, and so has the update with its {word}")

    def _graph_ref(self, targets: _Targets) -> None:
        if self._take("GRAPH"):
            targets.graphs.add(self._term())
        elif self._take("DEFAULT"):
            targets.unnamed = True
        elif self._take("NAMED"):
            targets.everywhere = True
        elif self._take("ALL"):
            targets.everywhere = targets.unnamed = True
        else:
            raise self._fail("expected GRAPH, DEFAULT, NAMED or ALL")

    def _graph_or_default(self, targets: _Targets) -> None:
        if self._take("DEFAULT"):
            targets.unnamed = True
        else:
            self._take("GRAPH")
            targets.graphs.add(self._term())

    def _quads(self, targets: _Targets, default: str) -> None:
        """`{ triples GRAPH g { triples } triples }`; triples outside of a GRAPH are of the default one."""
        self._expect("{")
        while not self._take("}"):
            if self._take("GRAPH"):
                name = self._peek()
                if name is not None and name.kind == "variable":
                    self._at += 1
                    targets.everywhere = True
                else:
                    targets.graphs.add(self._term())
                self._block()
            elif self._peek() is None or self._says("{"):
                raise self._fail("expected quads")
            else:
                if not self._says("."):
                    targets.graphs.update({default} if default else ())
                    targets.unnamed = targets.unnamed or not default
                self._at += 1

    def _block(self) -> None:
        self._expect("{")
        depth = 1
        while depth:
            if self._peek() is None:
                raise self._fail("expected }")
            depth += self._says("{") - self._says("}")
            self._at += 1

    def _made(
        self, first: Token, targets: _Targets, *, text: str | None = None, reads: bool = False, clears: bool = False
    ) -> Operation:
        own = text if text is not None else self._text[first.start : self._tokens[self._at - 1].end]
        prologue = "\n".join(self._prologue)
        graphs, everywhere, unnamed = frozenset(targets.graphs), targets.everywhere, targets.unnamed
        return Operation(prologue, own, graphs, everywhere, unnamed, reads, clears)
