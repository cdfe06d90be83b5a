"""The embedded store: Oxigraph on disk, one writer, readers on snapshots.

The unnamed graph is kept as the union of the named ones, since Oxigraph up to 0.5 counts a triple once for every graph that
has it when it makes the union itself (oxigraph #1919); so every commit writes to both. An update is one transaction of the
engine, through its write-ahead log: killed at any point, the next opening finds all of it or nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import pyoxigraph as ox

from kgraph import media
from kgraph.errors import BadQuery, NotAcceptable, StoreError, StoreLocked
from kgraph.store import Answer, snapshot
from kgraph.store import quads as terms
from kgraph.store.sparql import SEARCH, bad_query, refuse_fetching

if TYPE_CHECKING:
    from kgraph.store import fulltext

_RESULTS = {form.media_type: ox.QueryResultsFormat.from_media_type(form.media_type) for form in media.RESULTS}
_RDF = {form.media_type: ox.RdfFormat.from_media_type(form.media_type) for form in media.RDF}
_PREFERRED = ("application/sparql-results+json", "text/turtle")


class OxigraphStore:
    """A `Store` in a folder. Writing publishes a snapshot when it closes, and on `publish`."""

    def __init__(self, root: Path, *, write: bool) -> None:
        self.root = root
        self.snapshot: str | None = None
        self._index: fulltext.Index | None = None
        if write:
            root.mkdir(parents=True, exist_ok=True)
            self._held = snapshot.lock(root)
            try:
                with _errors():
                    self._store = ox.Store(root / "live")
                for log in (root / "live").glob("LOG.old.*"):  # the engine keeps a thousand of them
                    log.unlink()
            except BaseException:
                os.close(self._held)
                raise
            self._close = self._close_writer
        else:
            _publish_what_a_dead_writer_left(root)
            held = snapshot.acquire(root)
            self.snapshot = held.id
            try:
                with _errors():
                    self._store = ox.Store.read_only(str(held.path))
            except BaseException:
                held.close()
                raise
            self._close = held.close
        self._write = write

    def replace(self, graph: str, quads: bytes) -> None:
        self.replace_many({graph: quads})

    def replace_many(self, graphs: Mapping[str, bytes]) -> None:
        if not self._write:
            raise StoreError(f"{self.root} is open for reading")
        before: set[ox.Quad] = set()
        after: set[ox.Quad] = set()
        operations: list[str] = []
        for graph, quads in graphs.items():
            name = terms.name(graph)
            with _errors():
                old = set(self._store.quads_for_pattern(None, None, None, name))
            new = terms.parse(graph, quads)
            if any(map(_has_blank, old)):
                # A blank node cannot be named in DELETE DATA. It belongs to one graph, so the union loses it too.
                operations.append(
                    f"DELETE {{ ?s ?p ?o . GRAPH {name} {{ ?s ?p ?o }} }} "
                    f"WHERE {{ GRAPH {name} {{ ?s ?p ?o FILTER(ISBLANK(?s) || ISBLANK(?o)) }} }}"
                )
                old = {quad for quad in old if not _has_blank(quad)}
            before |= old
            after |= new
        removed, added = before - after, after - before
        if removed:
            operations.append(f"DELETE DATA {{ {_data(removed)} {terms.triples(self._in_no_other_graph(removed)).decode()} }}")
        if added:
            operations.append(f"INSERT DATA {{ {_data(added)} {terms.triples(added).decode()} }}")
        kept = {quad.graph_name for quad in after}
        operations += [f"DROP SILENT GRAPH {name}" for name in map(terms.name, graphs) if name not in kept]
        if operations:
            (self.root / "ahead").touch()
            with _errors():
                self._store.update(" ;\n".join(operations))

    def _in_no_other_graph(self, removed: set[ox.Quad]) -> Iterator[ox.Quad]:
        """Of these quads, one for each triple that no graph will state once they are gone."""
        seen: set[ox.Triple] = set()
        for quad in removed:
            if quad.triple in seen:
                continue
            seen.add(quad.triple)
            stated = self._store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
            if all(other in removed or isinstance(other.graph_name, ox.DefaultGraph) for other in stated):
                yield quad

    def remove(self, graph: str) -> None:
        self.replace_many({graph: b""})

    def graphs(self) -> list[str]:
        with _errors():
            return sorted(name.value for name in self._store.named_graphs())

    def count(self) -> int:
        with _errors():
            solutions = self._store.query("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
            assert isinstance(solutions, ox.QuerySolutions)
            return int(next(solutions)["n"].value)

    def query(
        self,
        text: str,
        *,
        media_type: str | Sequence[str] | None = None,
        default_graphs: Sequence[str] | None = None,
        named_graphs: Sequence[str] | None = None,
        base: str | None = None,
    ) -> Answer:
        refuse_fetching(text)
        if SEARCH in text:
            text = self._searched(text)
        accepted = _PREFERRED if media_type is None else (media_type,) if isinstance(media_type, str) else media_type
        with _errors():
            if default_graphs is None and named_graphs is None:
                result = self._store.query(text, base_iri=base)
            else:
                result = self._store.query(
                    text,
                    base_iri=base,
                    default_graph=[terms.name(graph) for graph in default_graphs or ()],
                    named_graphs=[terms.name(graph) for graph in named_graphs or ()],
                )
        forms: Mapping[str, object] = _RDF if isinstance(result, ox.QueryTriples) else _RESULTS
        chosen = next((one for one in accepted if one in forms), None)
        if chosen is None:
            kind = "RDF" if forms is _RDF else "SPARQL results"
            raise NotAcceptable(f"this query's answer is {kind}, which cannot be written as {' or '.join(accepted)}")

        def write_to(out: BinaryIO) -> None:
            with _errors(writing_to_a_file=True):
                result.serialize(out, forms[chosen])  # type: ignore[arg-type]

        return Answer(media.named(chosen), write_to)

    def _searched(self, text: str) -> str:
        """The query with its search clauses answered; raises SearchNotReady where there is no index."""
        from kgraph.store import fulltext, search_clause  # noqa: PLC0415  (few queries need them)

        if self._index is None:
            self._index = fulltext.Index(self.root)
        return search_clause.expand(text, self._index.find)

    def dump(self, out: BinaryIO, *, media_type: str, graph: str | None = None) -> None:
        from kgraph.vocab import PREFIXES  # noqa: PLC0415  (imports rdflib, which query workers mostly do without)

        form = media.named(media_type)
        with _errors(writing_to_a_file=True):
            if graph is not None and not self._store.contains_named_graph(terms.name(graph)):
                raise StoreError(f"there is no graph {graph}", hint="`kgraph query documents` lists them")
            if form.datasets:
                names = [graph] if graph is not None else self.graphs()
                quads = (quad for name in names for quad in self._store.quads_for_pattern(None, None, None, terms.name(name)))
                ox.serialize(quads, out, _RDF[form.media_type], prefixes=PREFIXES)
            elif form.media_type in _RDF:
                source = terms.name(graph) if graph is not None else ox.DefaultGraph()
                self._store.dump(out, _RDF[form.media_type], from_graph=source, prefixes=PREFIXES)
            else:
                raise NotAcceptable(f"a graph cannot be written as {form.media_type}")

    def publish(self) -> None:
        """Makes what was committed visible to readers from now on."""
        with _errors():
            self._store.flush()
            snapshot.publish(self.root, self._store.backup)
        (self.root / "ahead").unlink(missing_ok=True)

    def _close_writer(self) -> None:
        try:
            if (self.root / "ahead").exists() or snapshot.current(self.root) is None:
                self.publish()
        finally:
            del self._store
            os.close(self._held)

    def close(self) -> None:
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _publish_what_a_dead_writer_left(root: Path) -> None:
    """A writer that was killed has commits that no snapshot shows: the next one to come publishes them, if it may write."""
    if (root / "ahead").exists() and os.access(root, os.W_OK):
        try:
            OxigraphStore(root, write=True).close()
        except StoreLocked:
            return  # a writer is alive, and will publish by itself


@contextmanager
def _errors(*, writing_to_a_file: bool = False) -> Iterator[None]:
    """Foreign exceptions stop here; what the caller's own file raises (it has an error number) does not."""
    try:
        yield
    except SyntaxError as error:
        raise bad_query(str(error)) from error
    except RuntimeError as error:  # it parses, and cannot be evaluated: an unknown function
        raise BadQuery(str(error)) from error
    except (OSError, ValueError) as error:
        if writing_to_a_file and isinstance(error, OSError) and error.errno is not None:
            raise
        raise StoreError(f"the store failed: {error}") from error


def _has_blank(quad: ox.Quad) -> bool:
    return isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode)


def _data(quads: Iterable[ox.Quad]) -> str:
    """The quads as SPARQL's QuadData."""
    graphs: dict[object, list[ox.Quad]] = {}
    for quad in quads:
        graphs.setdefault(quad.graph_name, []).append(quad)
    return "\n".join(f"GRAPH {name} {{\n{terms.triples(quads).decode()}}}" for name, quads in graphs.items())
