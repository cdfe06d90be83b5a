"""The SHACL gate: pySHACL over the shapes of a folder, loaded once.

pySHACL's own entry point takes the shapes apart again for every graph, and checks a property shape that hangs on a node shape
for one focus node at a time. Both cost more than the checking itself, so the gate prepares what does not change:

- a property shape takes over the targets of the node shape it hangs on, which SHACL allows (section 2.1.3) and which changes
  no result, and is then checked for all its focus nodes at once;
- shapes and constraints are made once, and pySHACL evaluates them for each graph.

That leans on pySHACL's internals: its version is pinned, and tests/validate/test_pyshacl_pin.py holds every report of the gate
against one of `pyshacl.validate`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyshacl.constraints import CONSTRAINT_PARAMETERS_MAP
from pyshacl.pytypes import SHACLExecutor
from pyshacl.shapes_graph import ShapesGraph
from rdflib import OWL, RDF, RDFS, SH, Graph, URIRef
from rdflib.term import Node

from kgraph import resources
from kgraph.errors import Misuse
from kgraph.validate.report import Finding, Report, Severity

ONTOLOGY_META = "ontology-meta.ttl"
"""The shapes of the ontology itself: they lie beside the others and have no part in the gate."""

_TARGETS = (SH.targetNode, SH.targetClass, SH.targetSubjectsOf, SH.targetObjectsOf)
_SEVERITIES: dict[Node, Severity] = {SH.Violation: Severity.VIOLATION, SH.Warning: Severity.WARNING, SH.Info: Severity.INFO}


class ShapesGate:
    """Checks graphs against the shapes of a folder, by default those that travel with kgraph.

    One gate may check any number of graphs, one after another.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._shapes = load_shapes(folder if folder is not None else resources.folder("shapes"))
        prepared = _spread_targets(self._shapes)
        shapes = ShapesGraph(prepared)
        self._executor = SHACLExecutor()
        self._checks = [
            (shape, constraints)
            for shape in sorted(shapes.shapes, key=lambda shape: str(shape.node))
            if not shape.deactivated and _has_target(prepared, shape.node) and (constraints := _constraints(shape))
        ]

    def check(self, graph: Graph) -> Report:
        """What the shapes find in this graph. It is read and never changed."""
        findings: list[Finding] = []
        graph = _View(graph.store, graph.identifier)
        for shape, constraints in self._checks:
            focus_nodes = shape.focus_nodes(graph)
            if not focus_nodes:
                continue
            values = shape.value_nodes(graph, focus_nodes)
            for constraint in constraints:
                _, results = constraint.evaluate(self._executor, graph, values, [shape, constraint])
                findings.extend(_finding(triples) for _, _, triples in results)
        return Report(tuple(findings))


class _View(Graph):
    """A graph that is true without being counted: for every result pySHACL asks `graph or …`, which counts all its triples."""

    def __bool__(self) -> bool:
        return True


def load_shapes(folder: Path) -> Graph:
    """All shapes of a folder's Turtle files, those of the ontology itself left out."""
    files = sorted(path for path in folder.glob("*.ttl") if path.name != ONTOLOGY_META)
    if not files:
        raise Misuse(f"no shapes in {str(folder)!r}", hint="a folder of shapes holds Turtle files named *.ttl")
    shapes = Graph()
    for path in files:
        shapes.parse(path, format="turtle")
    return shapes


def _spread_targets(shapes: Graph) -> Graph:
    """The same shapes with each property shape as its own target's keeper, where nothing else refers to its node shape."""
    spread = Graph()
    spread += shapes
    for node_shape, property_shape in shapes.subject_objects(SH.property):
        targets = [(target, value) for target in _TARGETS for value in shapes.objects(node_shape, target)]
        referred_to = (None, None, node_shape) in shapes
        is_class = any((node_shape, RDF.type, kind) in shapes for kind in (RDFS.Class, OWL.Class))
        deactivated = (node_shape, SH.deactivated, None) in shapes
        if not targets or referred_to or is_class or deactivated:
            continue
        spread.remove((node_shape, SH.property, property_shape))
        for target, value in targets:
            spread.add((property_shape, target, value))
    return spread


def _has_target(shapes: Graph, shape: Node) -> bool:
    implicit = any((shape, RDF.type, kind) in shapes for kind in (RDFS.Class, OWL.Class))
    return implicit or any((shape, target, None) in shapes for target in _TARGETS)


def _constraints(shape: Any) -> list[Any]:
    """The shape's constraints, one of each component, as pySHACL's `Shape.validate` finds them."""
    components = dict.fromkeys(
        CONSTRAINT_PARAMETERS_MAP[parameter]
        for parameter in sorted(shape.sg.graph.predicates(shape.node))
        if parameter in CONSTRAINT_PARAMETERS_MAP
    )
    custom = [component.make_validator_for_shape(shape) for component in shape.find_custom_constraints()]
    return [component(shape) for component in components] + custom


def _finding(triples: list[tuple[Node, Node, Any]]) -> Finding:
    """A result of pySHACL; a node comes with the graph it is of, a literal by itself."""
    stated: dict[Node, Node] = {}
    for _, predicate, value in triples:
        stated.setdefault(predicate, value[1] if isinstance(value, tuple) else value)
    path = stated.get(SH.resultPath)
    return Finding(
        focus=stated[SH.focusNode],
        shape=stated[SH.sourceShape],
        message=str(stated[SH.resultMessage]),
        value=stated.get(SH.value),
        path=path if isinstance(path, URIRef) else None,
        severity=_SEVERITIES.get(stated[SH.resultSeverity], Severity.VIOLATION),
    )
