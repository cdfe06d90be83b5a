"""An update tried on a copy of the store, operation by operation, with the union kept up between them."""

from __future__ import annotations

from collections.abc import Sequence

import pyoxigraph as ox

from kgraph.store.updates import Operation

KEEP_UP_UNION = (
    "DELETE { ?s ?p ?o } WHERE { ?s ?p ?o FILTER NOT EXISTS { GRAPH ?g { ?s ?p ?o } } } ;"
    "INSERT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } FILTER NOT EXISTS { ?s ?p ?o } }"
)


def parse(operations: Sequence[Operation], *, base: str | None) -> None:
    """Raises SyntaxError where Oxigraph cannot read an operation; nothing else is asked of them yet."""
    # Oxigraph 0.5 reads no prologue after some operations; with the last one, which has all in it, each is read as it should.
    bodies = [operation.body for operation in operations if not operation.fetches]
    together = operations[-1].prologue + "\n" + " ;\n".join(bodies) if bodies else ""
    try:
        ox.Store().update(together, base_iri=base)  # there is nothing in it that a pattern could match
    except (RuntimeError, OSError):
        return


def run(
    store: ox.Store, operations: Sequence[Operation], *, base: str | None, union: bool
) -> set[ox.NamedNode | ox.DefaultGraph]:
    """Runs the operations, and gives the graphs that they may have written to; with `union` never the unnamed one."""
    touched: set[ox.NamedNode | ox.DefaultGraph] = set()
    behind = _Behind()
    last_to_read = max((place for place, operation in enumerate(operations) if operation.reads), default=0)
    for place, operation in enumerate(operations):
        if union and operation.reads:
            behind.catch_up(store)
        names = _names(operation, base=base)
        if union and place < last_to_read:
            behind.expect(store, operation, names)
        if operation.everywhere:
            touched.update(name for name in store.named_graphs() if isinstance(name, ox.NamedNode))
        store.update(operation.text, base_iri=base)
        if operation.everywhere:
            touched.update(name for name in store.named_graphs() if isinstance(name, ox.NamedNode))
        touched.update(names)
        if operation.unnamed and not union:
            touched.add(ox.DefaultGraph())
    return touched


class _Behind:
    """How far the union lags behind the named graphs: what these were when it was last kept up."""

    def __init__(self) -> None:
        self._everywhere = False
        self._before: dict[ox.NamedNode, set[ox.Quad]] = {}

    def expect(self, store: ox.Store, operation: Operation, names: Sequence[ox.NamedNode]) -> None:
        self._everywhere |= operation.everywhere
        for name in names:
            if name not in self._before:
                self._before[name] = set(store.quads_for_pattern(None, None, None, name))

    def catch_up(self, store: ox.Store) -> None:
        if self._everywhere:
            store.update(KEEP_UP_UNION)
        else:
            for name, before in self._before.items():
                after = set(store.quads_for_pattern(None, None, None, name))
                store.extend(_unnamed(quad) for quad in after - before)
                for quad in before - after:
                    stated = store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
                    if all(isinstance(other.graph_name, ox.DefaultGraph) for other in stated):
                        store.remove(_unnamed(quad))
        self._everywhere = False
        self._before = {}


def _unnamed(quad: ox.Quad) -> ox.Quad:
    return ox.Quad(quad.subject, quad.predicate, quad.object)


def _names(operation: Operation, *, base: str | None) -> list[ox.NamedNode]:
    """The names of the graphs it writes to, made whole by its prologue as Oxigraph does it."""
    if not operation.graphs:
        return []
    values = " ".join(sorted(operation.graphs))
    found = ox.Store().query(f"{operation.prologue} SELECT ?graph {{ VALUES ?graph {{ {values} }} }}", base_iri=base)
    assert isinstance(found, ox.QuerySolutions)
    return [name for row in found if isinstance(name := row["graph"], ox.NamedNode)]
