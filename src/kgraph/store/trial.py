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
    stale = False
    for operation in operations:
        if union and stale and operation.reads:
            store.update(KEEP_UP_UNION)
            stale = False
        if operation.everywhere:
            touched.update(name for name in store.named_graphs() if isinstance(name, ox.NamedNode))
        store.update(operation.text, base_iri=base)
        if operation.everywhere:
            touched.update(name for name in store.named_graphs() if isinstance(name, ox.NamedNode))
        touched.update(_names(operation, base=base))
        if operation.unnamed and not union:
            touched.add(ox.DefaultGraph())
        stale = True
    return touched


def _names(operation: Operation, *, base: str | None) -> list[ox.NamedNode]:
    """The names of the graphs it writes to, made whole by its prologue as Oxigraph does it."""
    if not operation.graphs:
        return []
    values = " ".join(sorted(operation.graphs))
    found = ox.Store().query(f"{operation.prologue} SELECT ?graph {{ VALUES ?graph {{ {values} }} }}", base_iri=base)
    assert isinstance(found, ox.QuerySolutions)
    return [name for row in found if isinstance(name := row["graph"], ox.NamedNode)]
