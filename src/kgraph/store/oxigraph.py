"""The embedded store: Oxigraph on disk, one writer, readers on snapshots.

The unnamed graph is kept as the union of the named ones, since Oxigraph up to 0.5 counts a triple once for every graph that
has it when it makes the union itself (oxigraph #1919); so every commit writes to both. A store may be told otherwise
(`union=False`): then the unnamed graph is one of its own. An update is one transaction of the engine, through its write-ahead
log: killed at any point, the next opening finds all of it or nothing.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import pyoxigraph as ox

from kgraph import media
from kgraph.errors import (
    BadGraph,
    BadQuery,
    FetchRefused,
    Misuse,
    NotAcceptable,
    NotWritable,
    ServiceFailed,
    StoreError,
    StoreLocked,
)
from kgraph.store import Answer, mending, snapshot, trial, updates
from kgraph.store import quads as terms
from kgraph.store.sparql import SEARCH, bad_query, refuse_fetching, refuse_nesting

if TYPE_CHECKING:
    from kgraph.store import fulltext
    from kgraph.store.services import Services

_RESULTS = {form.media_type: ox.QueryResultsFormat.from_media_type(form.media_type) for form in media.RESULTS}
_RDF = {form.media_type: ox.RdfFormat.from_media_type(form.media_type) for form in media.RDF}
_UNION, _OWN, _BECOMING = "union", "own", "becoming "
UNION_IS_MADE = "the default graph is the union of the named ones, which are what can be written"
_ALONE = nullcontext()
_PREFERRED = ("application/sparql-results+json", "text/turtle")

GraphName = ox.NamedNode | ox.BlankNode | ox.DefaultGraph
Graphs = Mapping[GraphName, set[ox.Quad] | None]
"""What each graph holds; None where there is no such graph."""
Check = Callable[[Mapping[str | None, bytes]], None]
"""Takes graphs that are about to be written, by IRI (None: the unnamed one), as N-Triples; raises what is wrong with them."""


class OxigraphStore:
    """A `Store` in a folder. Writing publishes a snapshot when it closes, and on `publish`.

    `union` tells what the unnamed graph is: the union of the others, or a graph of its own. A writer may change it, and then
    it stays so; None leaves it as it is. A writer may come with the lock already `held`, and then it is not its to give back.
    With `services`, queries may ask the endpoints that these let them.
    """

    def __init__(
        self,
        root: Path,
        *,
        write: bool,
        union: bool | None = None,
        held: int | None = None,
        services: Services | None = None,
    ) -> None:
        self.root = root
        self._services = services
        self.snapshot: str | None = None
        self._index: fulltext.Index | None = None
        if write:
            root.mkdir(parents=True, exist_ok=True)
            self._held = snapshot.lock(root) if held is None else os.dup(held)
            try:
                with _errors():
                    self._store = ox.Store(root / "live")
                self.union = self._settled(union)
                for log in (root / "live").glob("LOG.old.*"):  # the engine keeps a thousand of them
                    log.unlink()
            except BaseException:
                os.close(self._held)
                raise
            self._close = self._close_writer
        else:
            _publish_what_a_dead_writer_left(root)
            taken = snapshot.acquire(root)
            self.snapshot = taken.id
            try:
                with _errors():
                    self._store = ox.Store.read_only(str(taken.path))
            except BaseException:
                taken.close()
                raise
            self._close = taken.close
            self.union = _kind_of_unnamed(root) != _OWN
        self._write = write

    def _settled(self, union: bool | None) -> bool:
        """Makes the unnamed graph what it should be, and ends what a writer that was killed had begun."""
        now = _kind_of_unnamed(self.root)
        wanted = now.removeprefix(_BECOMING) if union is None else _UNION if union else _OWN
        if now.startswith(_BECOMING):
            self._make_unnamed(now.removeprefix(_BECOMING))
            now = now.removeprefix(_BECOMING)
        if now != wanted:
            with _errors():
                if union and self._store.query("ASK { ?s ?p ?o FILTER NOT EXISTS { GRAPH ?g { ?s ?p ?o } } }"):
                    raise Misuse(
                        f"the unnamed graph of {self.root} holds triples of its own, which a union would lose",
                        hint="serve it with KGRAPH_UNION_DEFAULT_GRAPH=false, or move them to a named graph first",
                    )
            _set_kind_of_unnamed(self.root, _BECOMING + wanted)
            self._make_unnamed(wanted)
        return wanted == _UNION

    def _make_unnamed(self, kind: str) -> None:
        (self.root / "ahead").touch()
        with _errors():
            self._store.update(trial.KEEP_UP_UNION if kind == _UNION else "CLEAR DEFAULT")
        _set_kind_of_unnamed(self.root, kind)

    def replace(self, graph: str, quads: bytes) -> None:
        self.replace_many({graph: quads})

    def replace_many(self, graphs: Mapping[str, bytes]) -> None:
        self._commit({terms.name(graph): terms.parse(graph, quads) or None for graph, quads in graphs.items()})

    def update(
        self,
        text: str,
        *,
        check: Check,
        using: Sequence[str] = (),
        using_named: Sequence[str] = (),
        base: str | None = None,
    ) -> None:
        """Runs a SPARQL 1.1 update on a copy, has the graphs that it changed checked, and commits them all or none.

        `using` and `using_named` are the dataset of the request. Raises BadQuery, FetchRefused, NotWritable where it would
        write to the union, and what `check` raises.
        """
        refuse_nesting(text)
        operations = updates.operations(text, using=using, using_named=using_named)
        with _errors():
            trial.parse(operations, base=base)
        if any(operation.fetches for operation in operations):
            raise FetchRefused(updates.NO_FETCHING)
        if self.union and any(operation.unnamed and not operation.clears for operation in operations):
            raise NotWritable(UNION_IS_MADE)
        copy = self.root / "trial"
        shutil.rmtree(copy, ignore_errors=True)
        try:
            with _errors():
                self._store.backup(str(copy))
                tried = ox.Store(copy)
                touched = trial.run(tried, operations, base=base, union=self.union)
                after: dict[GraphName, set[ox.Quad] | None] = {
                    graph: new for graph in touched if (new := _content(tried, graph)) != _content(self._store, graph)
                }
                del tried
        finally:
            shutil.rmtree(copy, ignore_errors=True)
        check(_written(after))
        self._commit(after)

    def write(
        self, graph: str | None, contents: Sequence[tuple[bytes, str]] | None, *, base: str, check: Check, add: bool = False
    ) -> bool:
        """Makes this RDF the whole of the graph, or adds it; no contents at all (None) remove the graph.

        None as a graph is the unnamed one. Each of the contents comes with its media type. Graphs that they name are not told
        apart: all of it goes to this one. Gives whether the graph was there before. Raises BadGraph, NotWritable for the
        union, and what `check` raises.
        """
        name = ox.DefaultGraph() if graph is None else _graph_name(graph)
        if self.union and graph is None:
            raise NotWritable(UNION_IS_MADE)
        before = _content(self._store, name)
        after: set[ox.Quad] | None = None
        if contents is not None:
            after = set(before or ()) if add else set()
            after.update(*(_parsed(content, media_type, base, name) for content, media_type in contents))
        if after != before:
            check(_written({name: after}))
            self._commit({name: after})
        return before is not None

    def _commit(self, graphs: Graphs) -> None:
        """Makes each graph what is given in one transaction; one that is None is there no more."""
        if not self._write:
            raise StoreError(f"{self.root} is open for reading")
        removed: set[ox.Quad] = set()
        out_of_union: set[ox.Quad] = set()
        added: set[ox.Quad] = set()
        made: list[str] = []
        unlinked: list[str] = []
        emptied: list[str] = []
        for number, (name, new) in enumerate(graphs.items()):
            old = _content(self._store, name)
            target = f"GRAPH {name}" if isinstance(name, ox.NamedNode) else "DEFAULT"
            if old is None and new is not None:
                made.append(f"CREATE SILENT {target}")
            if old is not None and not new:
                emptied.append(f"{'DROP' if new is None else 'CLEAR'} SILENT {target}")
            old, new = old or set(), _apart(new or set(), number)
            if any(map(_has_blank, old)):
                # A blank node cannot be named in DELETE DATA. It belongs to one graph, so the union loses it too.
                pattern = "?s ?p ?o" if isinstance(name, ox.DefaultGraph) else f"GRAPH {name} {{ ?s ?p ?o }}"
                both = f"?s ?p ?o . {pattern}" if self.union else pattern
                unlinked.append(f"DELETE {{ {both} }} WHERE {{ {pattern} FILTER(ISBLANK(?s) || ISBLANK(?o)) }}")
                old = {quad for quad in old if not _has_blank(quad)}
            removed |= old - new if new else set()
            out_of_union |= old - new
            added |= new - old
        operations = [*made, *unlinked]
        if self.union and not added and self._leaves_nothing(graphs):
            emptied.append("CLEAR DEFAULT")
            out_of_union.clear()
        from_union = terms.triples(self._in_no_other_graph(out_of_union, added)).decode() if self.union else ""
        if removed or from_union:
            operations.append(f"DELETE DATA {{ {_data(removed)} {from_union} }}")
        if added:
            to_union = terms.triples(added).decode() if self.union else ""
            operations.append(f"INSERT DATA {{ {_data(added)} {to_union} }}")
        operations += emptied
        if operations:
            (self.root / "ahead").touch()
            with _errors():
                self._store.update(" ;\n".join(operations))

    def _leaves_nothing(self, graphs: Graphs) -> bool:
        """Whether no named graph will have anything once these are what they are to be."""
        return all(name in graphs and not graphs[name] for name in self._store.named_graphs())

    def _in_no_other_graph(self, removed: set[ox.Quad], added: set[ox.Quad]) -> Iterator[ox.Quad]:
        """Of the removed quads, one for each triple that no graph will state once they are gone and the others are there."""
        stays = {quad.triple for quad in added}
        seen: set[ox.Triple] = set()
        for quad in removed:
            if quad.triple in seen or quad.triple in stays:
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
        refuse_nesting(text)
        if self._services is None:
            refuse_fetching(text)
        else:
            text = self._services.rewritten(text)
        if SEARCH in text:
            text = self._searched(text)
        accepted = _PREFERRED if media_type is None else (media_type,) if isinstance(media_type, str) else media_type
        how: dict[str, Any] = {"base_iri": base}
        if default_graphs is not None or named_graphs is not None:
            how["default_graph"] = [terms.name(graph) for graph in default_graphs or ()]
            how["named_graphs"] = [terms.name(graph) for graph in named_graphs or ()]
        with _errors(), self._blaming_services():
            result = self._asked(text, how)
        forms: Mapping[str, object] = _RDF if isinstance(result, ox.QueryTriples) else _RESULTS
        chosen = next((one for one in accepted if one in forms), None)
        if chosen is None:
            kind = "RDF" if forms is _RDF else "SPARQL results"
            raise NotAcceptable(f"this query's answer is {kind}, which cannot be written as {' or '.join(accepted)}")

        def write_to(out: BinaryIO) -> None:
            with _errors(writing_to_a_file=True), self._blaming_services():
                result.serialize(out, forms[chosen])  # type: ignore[arg-type]

        return Answer(media.named(chosen), write_to)

    def _blaming_services(self) -> AbstractContextManager[None]:
        """An error that an endpoint is to blame for says so."""
        return _ALONE if self._services is None else _blaming(self._services)

    def _asked(self, text: str, how: Mapping[str, Any]) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        def is_in_no_triple(prologue: str, term: str) -> bool:
            anywhere = f"{{ {term} ?p ?o }} UNION {{ ?s ?p {term} }}"
            try:
                return not self._store.query(f"{prologue} ASK {{ {anywhere} UNION {{ GRAPH ?g {{ {anywhere} }} }} }}", **how)
            except SyntaxError:
                return False

        mended = mending.mended(text, is_in_no_triple)
        if mended != text:
            try:
                return self._store.query(mended, **how)
            except SyntaxError:  # then of the text itself, and where it is
                pass
        return self._store.query(text, **how)

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
                quads: Iterable[ox.Quad] = (
                    quad for name in names for quad in self._store.quads_for_pattern(None, None, None, terms.name(name))
                )
                if graph is None and not self.union:
                    quads = itertools.chain(self._store.quads_for_pattern(None, None, None, ox.DefaultGraph()), quads)
                ox.serialize(quads, out, _RDF[form.media_type], prefixes=PREFIXES)
            elif form.media_type in _RDF:
                source = terms.name(graph) if graph is not None else ox.DefaultGraph()
                self._store.dump(out, _RDF[form.media_type], from_graph=source, prefixes=PREFIXES)
            else:
                raise NotAcceptable(f"a graph cannot be written as {form.media_type}")

    @property
    def is_ahead(self) -> bool:
        """Whether there are commits that no snapshot has."""
        return (self.root / "ahead").exists()

    def publish(self) -> None:
        """Makes what was committed visible to readers from now on."""
        with _errors():
            self._store.flush()
            snapshot.publish(self.root, self._store.backup)
        (self.root / "ahead").unlink(missing_ok=True)

    def compact(self) -> None:
        with _errors():
            self._store.optimize()

    def _close_writer(self) -> None:
        try:
            if self.is_ahead or snapshot.current(self.root) is None:
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
def _blaming(services: Services) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:
        if services.failure is not None:
            raise ServiceFailed(services.failure) from error
        raise


class _errors:  # noqa: N801  (stands in `with`; a class, since a generator costs every query more)
    """Foreign exceptions stop here; what the caller's own file raises (it has an error number) does not."""

    __slots__ = ("_writing_to_a_file",)

    def __init__(self, *, writing_to_a_file: bool = False) -> None:
        self._writing_to_a_file = writing_to_a_file

    def __enter__(self) -> None: ...

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if isinstance(error, SyntaxError):
            raise bad_query(str(error)) from error
        if isinstance(error, RuntimeError):  # it parses, and cannot be evaluated: an unknown function
            raise BadQuery(str(error)) from error
        if isinstance(error, OSError | ValueError):
            if self._writing_to_a_file and isinstance(error, OSError) and error.errno is not None:
                return
            raise StoreError(f"the store failed: {error}") from error


def _kind_of_unnamed(root: Path) -> str:
    """What the file `unnamed` says that the graph without a name is; where there is none, the union."""
    try:
        return (root / "unnamed").read_text()
    except FileNotFoundError:
        return _UNION


def _set_kind_of_unnamed(root: Path, kind: str) -> None:
    part = root / "unnamed.part"
    part.write_text(kind)
    part.replace(root / "unnamed")


def _content(store: ox.Store, graph: GraphName) -> set[ox.Quad] | None:
    """The quads of a graph, None where there is no such graph."""
    if isinstance(graph, ox.NamedNode) and not store.contains_named_graph(graph):
        return None
    with _errors():
        return set(store.quads_for_pattern(None, None, None, graph))


def _apart(quads: set[ox.Quad], number: int) -> set[ox.Quad]:
    """The quads with blank nodes that no other graph has."""

    def own(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Any:
        return ox.BlankNode(f"{term.value}g{number}") if isinstance(term, ox.BlankNode) else term

    return {
        ox.Quad(own(quad.subject), quad.predicate, own(quad.object), quad.graph_name) if _has_blank(quad) else quad
        for quad in quads
    }


def _parsed(content: bytes, media_type: str, base: str, graph: GraphName) -> set[ox.Quad]:
    form = _RDF.get(media.named(media_type).media_type)
    assert form is not None
    try:
        parsed = ox.parse(content, form, base_iri=base, rename_blank_nodes=True)
        return {ox.Quad(quad.subject, quad.predicate, quad.object, graph) for quad in parsed}
    except (SyntaxError, ValueError) as error:
        line, column = (error.lineno, error.offset) if isinstance(error, SyntaxError) else (None, None)
        raise BadGraph(f"this is no {media.named(media_type).media_type}: {error.args[0]}", line=line, column=column) from error


def _graph_name(graph: str) -> ox.NamedNode:
    try:
        return terms.name(graph)
    except StoreError as error:
        raise BadGraph(error.message) from error


def _written(graphs: Graphs) -> dict[str | None, bytes]:
    """The graphs that are there, each as N-Triples."""
    return {
        name.value if isinstance(name, ox.NamedNode) else None: terms.triples(quads)
        for name, quads in graphs.items()
        if quads is not None
    }


def _has_blank(quad: ox.Quad) -> bool:
    return isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode)


def _data(quads: Iterable[ox.Quad]) -> str:
    """The quads as SPARQL's QuadData."""
    graphs: dict[GraphName, list[ox.Quad]] = {}
    for quad in quads:
        graphs.setdefault(quad.graph_name, []).append(quad)
    return "\n".join(
        f"GRAPH {name} {{\n{triples}}}" if isinstance(name, ox.NamedNode) else triples
        for name, triples in ((name, terms.triples(own).decode()) for name, own in graphs.items())
    )
