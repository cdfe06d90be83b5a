"""Every property shape has an example that passes and one that fails by this shape alone.

`context.ttl` is a small conforming graph; an example is read together with it and shows only the node that it is about.
A file `failing-{name}.ttl` in the folder of a class is meant for the property shape `{Class}-{name}`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyshacl
import pytest
from rdflib import RDF, RDFS, SH, Graph, URIRef

from kgraph import resources
from kgraph.validate import Severity, ShapesGate
from kgraph.validate.report import SHAPES
from kgraph.validate.shapes import ONTOLOGY_META, load_shapes

HERE = Path(__file__).parent
FOLDER = resources.folder("shapes")
FILES = sorted(path for path in FOLDER.glob("*.ttl") if path.name != ONTOLOGY_META)
PASSING = sorted(HERE.glob("*/passing.ttl"))
FAILING = sorted(HERE.glob("*/failing-*.ttl"))

BESIDE = {
    # What is wrong with one value is wrong for another shape as well, by the nature of the two.
    "Assertion-claimant": {"Assertion-author"},
    "Assertion-disputes": {"Thing-type"},
    "Claim-about": {"Thing-type"},
    "Question-asker": {"Question-author"},
    "ReplyInference-parent": {"ReplyInference-agrees"},
}


@cache
def gate() -> ShapesGate:
    return ShapesGate()


@cache
def shapes_of(folder: str) -> Graph:
    return Graph().parse(FOLDER / f"{folder}.ttl")


def example(path: Path) -> Graph:
    return Graph().parse(HERE / "context.ttl").parse(path)


def node_shape(folder: str) -> URIRef:
    return shapes_of(folder).value(predicate=RDF.type, object=SH.NodeShape, any=False)


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", PASSING, ids=named)
def test_passing_example_conforms(path):
    report = gate().check(example(path))
    assert not report.findings, report.as_text()


@pytest.mark.parametrize("path", FAILING, ids=named)
def test_failing_example_names_the_shape_it_is_meant_for(path):
    shape = f"{node_shape(path.parent.name).removeprefix(SHAPES)}-{path.stem.removeprefix('failing-')}"
    report = gate().check(example(path))
    found = {finding.shape.removeprefix(SHAPES) for finding in report.findings}
    assert found == {shape} | BESIDE.get(shape, set()), report.as_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shape_file_is_of_one_class_with_examples_for_each_property_shape(path):
    shapes = shapes_of(path.stem)
    node = node_shape(path.stem)
    properties = set(shapes.objects(node, SH.property))
    assert properties == set(shapes.subjects(RDF.type, SH.PropertyShape))
    assert shapes.value(node, RDFS.comment)
    names = {property_shape.removeprefix(f"{node}-") for property_shape in properties}
    assert {example.stem.removeprefix("failing-") for example in (HERE / path.stem).glob("failing-*.ttl")} == names
    assert (HERE / path.stem / "passing.ttl").is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_property_shape_is_an_iri_that_says_what_to_mend(path):
    shapes = shapes_of(path.stem)
    for shape in shapes.subjects(RDF.type, SH.PropertyShape):
        assert isinstance(shape, URIRef)
        assert str(shape).startswith(SHAPES)
        message = shapes.value(shape, SH.message, any=False)
        assert message is not None, shape
        assert message.endswith("."), message


def test_no_shape_of_the_gate_runs_a_query():
    assert not list(load_shapes(FOLDER).triples((None, SH.sparql, None)))


def test_warning_alone_lets_a_graph_pass():
    report = gate().check(example(HERE / "reply-inference" / "failing-evidence.ttl"))
    assert [finding.severity for finding in report.findings] == [Severity.WARNING]
    assert report.conforms


def test_shapes_conform_to_the_shapes_of_shacl_itself():
    empty = Graph()
    shapes = load_shapes(FOLDER) + Graph().parse(FOLDER / ONTOLOGY_META)
    conforms, _, text = pyshacl.validate(empty, shacl_graph=shapes, meta_shacl=True)
    assert conforms, text
