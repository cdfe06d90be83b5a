"""Where graphs are kept: N-Quads bytes go in, answers come out as bytes in a W3C media type.

Terms never cross this seam, so that a store may as well be another process or another machine. Each document is one named
graph. A query without a dataset of its own sees the *union* of the named graphs as its default graph: one RDF graph, in which
a triple that several documents state is there once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol, Self

from kgraph import media

__all__ = ["Answer", "Store", "open_store"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave, not yet computed: writing it runs the query, and can be done once.

    `write_to` raises BadQuery, QueryTimeout or another StoreError as the query fails, and lets through what the file raises,
    which ends the query at its next row.
    """

    form: media.Format
    write_to: Callable[[BinaryIO], None]

    @property
    def media_type(self) -> str:
        return self.form.media_type

    @property
    def kind(self) -> media.Kind:
        return self.form.kind

    def read(self) -> bytes:
        """The whole answer at once."""
        buffer = BytesIO()
        self.write_to(buffer)
        return buffer.getvalue()


class Store(Protocol):
    """Named graphs that can be replaced, asked and written out. Every failure is a StoreError, but for bad queries."""

    def replace(self, graph: str, quads: bytes) -> None:
        """Makes these N-Quads, all in this graph, the whole of the graph; none at all remove it.

        When it returns, the new graph is there to stay; killed at any point before, the store has the old or the new one.
        """

    def replace_many(self, graphs: Mapping[str, bytes]) -> None:
        """Replaces each graph as `replace` does: all in one commit in an embedded store, one by one in a remote one."""

    def remove(self, graph: str) -> None:
        """Removes the graph, if there is one."""

    def publish(self) -> None:
        """Makes what was committed visible to other readers from now on, as closing the store does."""

    def compact(self) -> None:
        """Brings what was written bit by bit into order, for faster reading: some seconds for a million triples."""

    def graphs(self) -> list[str]:
        """The IRIs of the graphs that are not empty, sorted."""

    def count(self) -> int:
        """How many triples the union of the graphs has."""

    def query(
        self,
        text: str,
        *,
        media_type: str | Sequence[str] | None = None,
        default_graphs: Sequence[str] | None = None,
        named_graphs: Sequence[str] | None = None,
        base: str | None = None,
    ) -> Answer:
        """Asks a SPARQL 1.1 query.

        `media_type` is what the answer is wanted in, or several of which the first that can hold this answer is taken; without
        one it is JSON for results and Turtle for RDF. `default_graphs` and `named_graphs` are the dataset, over what the query
        says; where only one of them is given the other is empty. Raises BadQuery with the parser's words and position,
        FetchRefused where the query has `SERVICE`, NotAcceptable where no media type can hold the answer.
        """

    def dump(self, out: BinaryIO, *, media_type: str, graph: str | None = None) -> None:
        """Writes one graph, or all: as quads in a form that can name graphs, else the triples of their union."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


def open_store(where: str | Path, *, write: bool = False) -> Store:
    """The store at a folder, or at the http(s) URL of a SPARQL 1.1 server (see `remote` for how its services are found).

    Reading a folder reads its newest snapshot, beside a running build too. Raises StoreLocked where another process writes,
    StoreUnreachable where nothing answers, StoreError where a folder holds no graph yet.
    """
    if str(where).startswith(("http://", "https://")):
        from kgraph.store.remote import RemoteStore  # noqa: PLC0415  (query workers start without the HTTP client)

        return RemoteStore.at(str(where))
    from kgraph.store.oxigraph import OxigraphStore  # noqa: PLC0415

    return OxigraphStore(Path(where), write=write)
