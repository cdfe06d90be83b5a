"""Linking the documents of a store anew, from their graphs alone.

The links of a document are taken out with what followed from them, and made again from its names and words, which stand in its
graph. What did not change is not written: the same authorities and judgements leave the store as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

from rdflib import Graph, URIRef

from kgraph import iris, media
from kgraph.build.local import with_earlier_runs
from kgraph.errors import KgraphError
from kgraph.link import Page
from kgraph.link.authority import installed_path, write
from kgraph.link.reconciliation import Service, candidates_from
from kgraph.model.annotations import Link
from kgraph.pipeline import standard_linker
from kgraph.rdf import link_triples, runs_graph, to_quads
from kgraph.settings import Settings
from kgraph.store import Store, open_store
from kgraph.validate import ShapesGate
from kgraph.vocab import KG, PROV, RDF, SCHEMA, SKOS

_FOLLOWS = (SCHEMA.sameAs, SKOS.closeMatch, SKOS.exactMatch)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelinkReport:
    """How many documents were looked at and changed, and how many links there are now of each status."""

    documents: int
    changed: int
    statuses: Mapping[str, int]


def pages(store: Store, *, base: str) -> Iterator[tuple[str, Graph, Page]]:
    """Each document of the store: the name of its graph, the graph, and what linking sees of it."""
    for name in store.graphs():
        reference = name.removeprefix(base)
        if name.startswith(base) and reference.startswith("doc/"):
            triples = BytesIO()
            store.dump(triples, media_type=media.NTRIPLES.media_type, graph=name)
            graph = Graph(bind_namespaces="none").parse(data=triples.getvalue(), format=media.NTRIPLES.media_type)
            yield name, graph, Page.of_graph(graph, reference, base=base)


RECONCILED = "reconciled"
"""The authority that holds what a reconciliation service named."""


def gather(settings: Settings, url: str) -> tuple[int, tuple[str, ...]]:
    """Asks a reconciliation service for every name of the store and keeps its candidates as an authority, `reconciled`.

    Gives back how many things it named, and what failed, a line each. A service that named nothing leaves the authority as it
    is.
    """
    service = Service(url, cache=settings.reconcile_cache.expanduser())
    try:
        with open_store(settings.store) as store:
            named = {name for _, _, page in pages(store, base=settings.base) for thing in page.named for name in thing.names}
        found = {one.id: one for candidates in candidates_from(service, sorted(named)).values() for one in candidates}
        if found:
            ordered = [found[id] for id in sorted(found)]
            version = iris.digest(*(f"{one.id} {one.version}" for one in ordered))
            write(installed_path(settings.authorities, RECONCILED), ordered, name=RECONCILED, version=version)
        return len(found), tuple(str(failure) for failure in service.failures)
    finally:
        service.close()


def relink(settings: Settings, *, progress: Callable[[str], None] | None = None) -> RelinkReport:
    """Links every document of the store anew and publishes what changed.

    Raises:
        StoreError: the store cannot be written to.
        Misuse: the file of judgements cannot be meant.
        KgraphError: a document's graph would no longer conform; nothing of it is written.
    """
    linker, run = standard_linker(settings)
    gate = ShapesGate()
    statuses = Counter[str]()
    documents = changed = 0
    with open_store(settings.store, write=True) as store:
        for name, graph, page in pages(store, base=settings.base):
            documents += 1
            before = set(graph)
            links = linker.links(page)
            _replace(graph, links, base=settings.base, run=run.id)
            statuses.update(link.status.value for link in links)
            if set(graph) != before:
                report = gate.check(graph)
                if not report.conforms:
                    raise KgraphError(f"the links of {name} do not conform: {report.as_text()}")
                store.replace(name, to_quads(graph, name=name))
                changed += 1
            if progress is not None:
                progress(name)
        if changed:
            ended = datetime.now(UTC).replace(microsecond=0)
            store.replace(runs_graph(settings.base), with_earlier_runs(store, [run], base=settings.base, ended=ended))
    return RelinkReport(documents=documents, changed=changed, statuses=dict(sorted(statuses.items())))


def _replace(graph: Graph, links: tuple[Link, ...], *, base: str, run: str) -> None:
    judged = set[URIRef]()
    for node in list(graph.subjects(RDF.type, KG.Link)):
        entity, target = graph.value(node, KG.entity), graph.value(node, KG.target)
        judged |= {URIRef(str(one)) for one in graph.objects(node, PROV.wasGeneratedBy)}
        graph.remove((node, None, None))
        for predicate in _FOLLOWS if target is not None else ():
            graph.remove((entity, predicate, target))
    for activity in judged:
        if (None, PROV.wasGeneratedBy, activity) not in graph:
            graph.remove((activity, None, None))
    for link in links:
        for triple in link_triples(link, base=base, run=run):
            graph.add(triple)
