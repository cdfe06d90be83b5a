"""An extraction as RDF: a document's graph, the description of the run that made it, and both as N-Quads bytes."""

from __future__ import annotations

from kgraph.rdf.mapping import link_triples, to_graph
from kgraph.rdf.quads import to_quads, to_triples
from kgraph.rdf.runs import Run, run_quads, runs_graph

__all__ = ["Run", "link_triples", "run_quads", "runs_graph", "to_graph", "to_quads", "to_triples"]
