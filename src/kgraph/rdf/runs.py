"""What made the documents' graphs, as PROV: one prov:Activity for each set of versions and settings.

A run is named by what it ran with and not by when, so that the documents' graphs, which point to it, stay byte-stable. When it
ended stands in the graph `{base}runs` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rdflib import Graph, Literal, URIRef

from kgraph import iris
from kgraph.rdf.quads import to_quads
from kgraph.rdf.terms import moment
from kgraph.vocab import DCTERMS, KG, PROV, RDF, SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a build runs with: `software` and `models` map names to versions, `settings` those that change its output."""

    software: Mapping[str, str]
    models: Mapping[str, str] = field(default_factory=dict)
    catalog: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.software:
            raise ValueError("a run names the software that makes it")

    @property
    def id(self) -> str:
        """The run's reference: the same versions and settings give the same one."""
        parts = [f"{kind}\x1e{name}\x1e{value}" for kind, named in self._parts() for name, value in sorted(named.items())]
        return f"run/{iris.digest(*parts, self.catalog or '')}"

    def _parts(self) -> tuple[tuple[str, Mapping[str, str]], ...]:
        return ("software", self.software), ("model", self.models), ("setting", self.settings)


def runs_graph(base: str) -> str:
    """The IRI of the graph that all runs are described in."""
    return f"{base}runs"


def run_quads(run: Run, *, base: str, ended: datetime) -> bytes:
    """The description of a run that ended at `ended` (with a time zone), as N-Quads in the graph of runs."""
    graph = Graph()
    activity = URIRef(base + run.id)
    graph.add((activity, RDF.type, PROV.Activity))
    time = moment(ended.astimezone(UTC).isoformat())
    assert time is not None
    graph.add((activity, PROV.endedAtTime, time))
    for kind, named in (("software", run.software), ("model", run.models)):
        for name, version in named.items():
            agent = URIRef(f"{base}{iris.entity(kind, version, name)}")
            graph.add((activity, PROV.wasAssociatedWith, agent))
            graph.add((agent, RDF.type, PROV.SoftwareAgent))
            graph.add((agent, SCHEMA.name, Literal(name)))
            graph.add((agent, SCHEMA.softwareVersion, Literal(version)))
    if run.catalog is not None:
        catalog = URIRef(f"{base}{iris.entity('catalog', run.catalog)}")
        graph.add((activity, PROV.used, catalog))
        graph.add((catalog, RDF.type, PROV.Entity))
        graph.add((catalog, KG.catalogVersion, Literal(run.catalog)))
    for name, value in run.settings.items():
        graph.add((activity, DCTERMS.description, Literal(f"{name}={value}")))
    return to_quads(graph, name=runs_graph(base))
