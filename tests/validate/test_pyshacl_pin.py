"""The gate prepares pySHACL's shapes by itself; what it reports must be what `pyshacl.validate` reports.

A new version of pySHACL is taken up by raising the pin in pyproject.toml and running this.
"""

from __future__ import annotations

from importlib.metadata import requires, version
from pathlib import Path

import pyshacl
import pytest
from rdflib import SH, Graph, Literal
from tests.rdf.example import BASE, extraction

from kgraph import resources
from kgraph.rdf import to_graph
from kgraph.validate import ShapesGate
from kgraph.validate.shapes import load_shapes

GATE = ShapesGate()
EXAMPLES = Path(__file__).parents[1] / "shapes"
SHAPES = load_shapes(resources.folder("shapes"))

ODD_SHAPES = """
@prefix : <http://odd.example/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

:Shared a sh:PropertyShape ; sh:path :name ; sh:minCount 1 ; sh:message "name" .
:Cat a sh:NodeShape , rdfs:Class ; sh:property :Shared .
:Dog a sh:NodeShape ; sh:targetClass :DogClass ; sh:property :Shared , :Dog-owner ; sh:nodeKind sh:IRI ; sh:message "dog" .
:Dog-owner a sh:PropertyShape ; sh:path :owner ; sh:node :Owner ; sh:message "owner" ; sh:severity sh:Info .
:Owner a sh:NodeShape ; sh:targetClass :OwnerClass ; sh:property :Owner-name .
:Owner-name a sh:PropertyShape ; sh:path :name ; sh:maxCount 1 ; sh:message "one name" .
:Off a sh:NodeShape ; sh:deactivated true ; sh:targetClass :DogClass ; sh:property :Off-name .
:Off-name a sh:PropertyShape ; sh:path :name ; sh:maxCount 0 ; sh:message "off" .
:Asked a sh:NodeShape ; sh:targetClass :DogClass ; sh:sparql :Asked-query .
:Asked-query a sh:SPARQLConstraint ; sh:message "barks" ;
    sh:select "SELECT $this ?value WHERE { $this <http://odd.example/barks> ?value }" .
:Or a sh:NodeShape ; sh:targetSubjectsOf :owner ; sh:message "tag" ;
    sh:or ( [ sh:path :tag ; sh:minCount 1 ] [ sh:path :chip ; sh:minCount 1 ] ) .
"""
ODD_DATA = """
@prefix : <http://odd.example/> .
:tom a :Cat .
:rex a :DogClass ; :owner :max ; :barks "loud" .
:max a :OwnerClass ; :name "Max" , "Maxi" .
[] a :DogClass ; :name "Stray" .
"""


def told(report: Graph) -> set[tuple[object, ...]]:
    terms = (SH.focusNode, SH.sourceShape, SH.value, SH.resultSeverity, SH.resultMessage)
    return {tuple(report.value(result, term) for term in terms) for result in report.objects(None, SH.result)}


def found(gate: ShapesGate, graph: Graph) -> set[tuple[object, ...]]:
    return {
        (finding.focus, finding.shape, finding.value, SH[finding.severity], Literal(finding.message))
        for finding in gate.check(graph).findings
    }


def test_installed_pyshacl_is_the_pinned_one():
    pinned = [line for line in requires("kgraph-discourse") or [] if line.startswith("pyshacl")]
    assert pinned == [f"pyshacl=={version('pyshacl')}"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/*.ttl")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_gate_reports_what_pyshacl_reports(path):
    graph = Graph().parse(EXAMPLES / "context.ttl").parse(path)
    _, report, _ = pyshacl.validate(graph, shacl_graph=SHAPES)
    assert found(GATE, graph) == told(report)


def test_gate_finds_nothing_where_pyshacl_finds_nothing():
    graph = Graph() + to_graph(extraction(), base=BASE, run="run/1")
    conforms, _, text = pyshacl.validate(graph, shacl_graph=SHAPES)
    assert conforms, text
    assert not GATE.check(graph).findings


def test_gate_reports_what_pyshacl_reports_for_shapes_of_every_make(tmp_path):
    (tmp_path / "odd.ttl").write_text(ODD_SHAPES)
    graph = Graph().parse(data=ODD_DATA, format="turtle")
    _, report, _ = pyshacl.validate(graph, shacl_graph=load_shapes(tmp_path))
    reported = found(ShapesGate(tmp_path), graph)
    assert reported == told(report)
    assert len({shape for _, shape, *_ in reported}) == 6
