"""Brings facts about linked things into a graph of their own, with where they are from and under which licence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rdflib import Graph, Literal, URIRef

from kgraph import __version__, iris, media
from kgraph.build.local import with_earlier_runs
from kgraph.link.facts import Fact
from kgraph.rdf import Run, runs_graph, to_quads
from kgraph.settings import Settings
from kgraph.store import Store, open_store
from kgraph.vocab import DCTERMS, PROV, RDF

_ACCEPTED = """SELECT DISTINCT ?target WHERE {
  GRAPH ?document {
    ?link a <https://w3id.org/kgraph#Link> ; <https://w3id.org/kgraph#status> <https://w3id.org/kgraph#accepted> ;
      <https://w3id.org/kgraph#target> ?target
  }
} ORDER BY ?target"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrichReport:
    """How many linked things were asked about, how many of them something was found of, and how many facts."""

    things: int
    found: int
    facts: int
    graph: str


def enrich(
    settings: Settings,
    facts: Callable[[Sequence[str]], Iterable[Fact]],
    *,
    source: str,
    licence: str,
) -> EnrichReport:
    """Asks `facts` about the targets of all accepted links, and makes what it gives the graph `{base}enrichment/{source}`.

    `source` is an IRI or a file's name; `licence` an IRI. The graph is replaced as a whole, so that what
    the source no longer says is gone.

    Raises:
        StoreError: the store cannot be written to.
        KgraphError: the source cannot be asked or read.
    """
    base = settings.base
    name = base + iris.entity("enrichment", source)
    run = Run(software={"kgraph": __version__}, settings={"base": base, "source": source, "licence": licence})
    with open_store(settings.store) as store:
        things = linked(store)
    graph = Graph(bind_namespaces="none")
    found = set(facts(things)) if things else set()
    for fact in found:
        graph.add(fact)
    if found:
        _describe(graph, URIRef(name), run=URIRef(base + run.id), source=source, licence=licence)
    with open_store(settings.store, write=True) as store:
        store.replace(name, to_quads(graph, name=name))
        if found:
            ended = datetime.now(UTC).replace(microsecond=0)
            store.replace(runs_graph(base), with_earlier_runs(store, [run], base=base, ended=ended))
    return EnrichReport(things=len(things), found=len({subject for subject, _, _ in found}), facts=len(found), graph=name)


def linked(store: Store) -> list[str]:
    """The targets of the accepted links of all documents."""
    answer = json.loads(store.query(_ACCEPTED, media_type=media.JSON.media_type).read())
    return [row["target"]["value"] for row in answer["results"]["bindings"]]


def _describe(graph: Graph, name: URIRef, *, run: URIRef, source: str, licence: str) -> None:
    graph.add((name, RDF.type, PROV.Entity))
    graph.add((name, DCTERMS.source, URIRef(source) if iris.is_absolute(source) else Literal(source)))
    graph.add((name, DCTERMS.license, URIRef(licence)))
    graph.add((name, PROV.wasGeneratedBy, run))
    graph.add((run, RDF.type, PROV.Activity))
