from __future__ import annotations

import pytest
from rdflib import RDF, SH, Graph, Literal, URIRef
from tests.rdf.example import BASE, DOC, extraction

from kgraph.errors import Misuse
from kgraph.rdf import to_graph
from kgraph.validate import Finding, Report, Severity, ShapesGate
from kgraph.validate.report import SHAPES
from kgraph.vocab import KG


def finding(name: str, severity: Severity = Severity.VIOLATION) -> Finding:
    return Finding(
        focus=URIRef(f"http://a.example/{name}"), shape=SHAPES["Claim-text"], message=f"Mend {name}.", severity=severity
    )


def test_empty_report_conforms_and_says_so():
    assert Report().conforms
    assert Report().as_text() == "Nothing to mend.\n"


def test_warning_conforms_and_violation_does_not():
    assert Report((finding("a", Severity.WARNING), finding("b", Severity.INFO))).conforms
    assert not Report((finding("a", Severity.WARNING), finding("b"))).conforms


def test_findings_have_one_order():
    assert (
        Report((finding("b"), finding("a")))
        == Report((finding("a"), finding("b")))
        == Report((finding("b"),)) + Report((finding("a"),))
    )


def test_text_says_what_to_mend_where_and_by_which_check():
    long = Finding(
        focus=URIRef("http://a.example/a"), shape=SHAPES["Claim-text"], message="Mend it.", value=Literal("x" * 1000)
    )
    assert Report((long,)).as_text() == (
        "Violation: Mend it.\n"
        "  at     http://a.example/a\n"
        f"  value  '{'x' * 199}…'\n"
        "  check  https://w3id.org/kgraph/shapes#Claim-text\n\n"
    )


def test_turtle_is_a_validation_report_that_stays_the_same():
    report = Report((finding("a"), finding("b", Severity.WARNING)))
    turtle = report.as_turtle()
    assert turtle == report.as_turtle()
    graph = Graph().parse(data=turtle, format="turtle")
    (node,) = graph.subjects(RDF.type, SH.ValidationReport)
    assert graph.value(node, SH.conforms) == Literal(False)
    results = list(graph.objects(node, SH.result))
    assert {graph.value(result, SH.resultSeverity) for result in results} == {SH.Violation, SH.Warning}
    assert {str(graph.value(result, SH.resultMessage)) for result in results} == {"Mend a.", "Mend b."}


def test_gate_names_node_shape_path_and_value():
    graph = to_graph(extraction(), base=BASE, run="run/1")
    claim = URIRef(f"{BASE}{DOC}#claim-lanes")
    graph.set((claim, KG.kind, KG.certain))
    (found,) = ShapesGate().check(graph).findings
    assert (found.focus, found.shape, found.path, found.value) == (claim, SHAPES["Claim-kind"], KG.kind, KG.certain)
    assert found.message.startswith("Give the claim one kg:kind")


def test_gate_leaves_the_graph_as_it_is():
    graph = to_graph(extraction(), base=BASE, run="run/1")
    before = set(graph)
    gate = ShapesGate()
    assert gate.check(graph) == gate.check(graph) == Report()
    assert set(graph) == before


def test_gate_forgets_one_graph_before_the_next():
    gate, bad = ShapesGate(), to_graph(extraction(), base=BASE, run="run/1")
    bad.remove((URIRef(f"{BASE}{DOC}#claim-lanes"), KG.kind, None))
    good = to_graph(extraction(), base=BASE, run="run/1")
    assert [gate.check(graph).conforms for graph in (good, bad, good)] == [True, False, True]


def test_folder_without_shapes_is_misuse(tmp_path):
    with pytest.raises(Misuse, match="no shapes"):
        ShapesGate(tmp_path)
