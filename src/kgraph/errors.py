"""Every error that kgraph raises on purpose.

    KgraphError
    ├── Misuse               a command or a setting that cannot be meant      (exit 2)
    ├── Rejected             a source that cannot become a document           (counted, the run goes on)
    │   └── UnknownMediaType no reader takes this kind of source
    ├── Quarantined          a document that a gate refused                   (counted, the run goes on)
    ├── BadQuery             SPARQL that does not parse
    │   └── FetchRefused     SPARQL that would have the store fetch from elsewhere
    ├── BadGraph             RDF that does not parse, or a name that no graph can have
    ├── NotConforming        a write after which a graph would not pass the shapes gate
    ├── NotAcceptable        no representation in a type that was asked for
    └── StoreError           the store did not do what it was asked
        ├── StoreLocked      another process is writing
        ├── ServiceFailed    an endpoint that the query asks did not answer
        ├── NotWritable      the graph is made from the others
        ├── StoreUnreachable nothing answers at the store's address
        ├── SearchNotReady   the words of the graph are not indexed yet
        └── QueryTimeout     the answer was not there at its deadline

A message says what happened, to which value; `hint` says what to do next.
"""

from __future__ import annotations


class KgraphError(Exception):
    """The root of the tree: catching it catches all that kgraph raises on purpose."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # The default replays `args`, which lacks what subclasses take; errors cross process borders in a build.
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(cls: type[KgraphError], state: dict[str, object]) -> KgraphError:
    error = cls.__new__(cls)
    Exception.__init__(error, state.get("message"))
    error.__dict__.update(state)
    return error


class Misuse(KgraphError):
    """What was asked for cannot be meant: a path that does not exist, a format that does not fit."""


class Rejected(KgraphError):
    """A source that cannot become a document, with its name and the reason."""

    def __init__(self, source: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{source}: {reason}", hint=hint)
        self.source = source
        self.reason = reason


class UnknownMediaType(Rejected):
    """No reader takes this media type."""

    def __init__(self, source: str, media_type: str) -> None:
        super().__init__(source, f"no reader for {media_type!r}", hint="`kgraph readers` lists what can be read")
        self.media_type = media_type


class Quarantined(KgraphError):
    """What a gate refused: a document's graph, or of one that passed without them the single assertions.

    `document` is the document's reference, `report` the findings in words, `report_turtle` as a SHACL validation report,
    `quads` the refused graph as N-Quads.
    """

    def __init__(
        self, source: str, refused: str, *, document: str, gate: str, report: str, report_turtle: str, quads: bytes
    ) -> None:
        hint = "its graph and report are in the store's quarantine"
        super().__init__(f"{source}: the {gate} gate refused {refused}", hint=hint)
        self.source = source
        self.document = document
        self.gate = gate
        self.report = report
        self.report_turtle = report_turtle
        self.quads = quads


class BadQuery(KgraphError):
    """SPARQL that does not parse; `line` and `column` count from 1 where the parser gave a position."""

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class FetchRefused(BadQuery):
    """SPARQL that would have the store fetch from an address that the query names (`SERVICE`)."""


class BadGraph(KgraphError):
    """RDF that does not parse, or a name that no graph can have; `line` and `column` count from 1 where they are known."""

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class NotConforming(KgraphError):
    """A write that did not happen, since a graph would not pass the shapes gate; `report_turtle` is the gate's report."""

    def __init__(self, message: str, *, report_turtle: str) -> None:
        super().__init__(message)
        self.report_turtle = report_turtle


class NotAcceptable(KgraphError):
    """None of the media types that were asked for can be made from this answer."""


class StoreError(KgraphError):
    """The store did not do what it was asked."""


class StoreLocked(StoreError):
    """Another process holds the store open for writing."""


class ServiceFailed(StoreError):
    """An endpoint that the query asks by `SERVICE` did not answer, or may not be asked at its address."""


class NotWritable(StoreError):
    """The graph that was to be written is made from the others."""


class StoreUnreachable(StoreError):
    """Nothing answers at the store's address, or what answers is no SPARQL store."""


class SearchNotReady(StoreError):
    """The words of the graph are not indexed yet, so that nothing can be searched for."""


class QueryTimeout(StoreError):
    """The answer was not there at its deadline."""
