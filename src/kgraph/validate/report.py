"""What a gate found, for programs, for a person to read and as a SHACL validation report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rdflib import SH, BNode, Graph, Literal, URIRef
from rdflib.namespace import Namespace
from rdflib.term import Node

from kgraph.vocab import PREFIXES, RDF

SHAPES = Namespace("https://w3id.org/kgraph/shapes#")
"""What shapes are named under; the evidence gate's checks are named beside them."""


class Severity(StrEnum):
    """A violation stops the graph; a warning and an info are for a person to look at."""

    VIOLATION = "Violation"
    WARNING = "Warning"
    INFO = "Info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be: at which node, by which check, what to do, and the value where one is at fault."""

    focus: Node
    shape: Node
    message: str
    value: Node | None = None
    path: URIRef | None = None
    severity: Severity = Severity.VIOLATION

    @property
    def order(self) -> tuple[str, str, str, str]:
        return (str(self.focus), str(self.shape), "" if self.value is None else self.value.n3(), self.message)


@dataclass(frozen=True, slots=True)
class Report:
    """Findings in a fixed order: that of their nodes, then of their checks."""

    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "findings", tuple(sorted(self.findings, key=lambda finding: finding.order)))

    def __add__(self, other: Report) -> Report:
        return Report(self.findings + other.findings)

    @property
    def conforms(self) -> bool:
        """Whether the graph may be loaded: no finding is a violation."""
        return all(finding.severity is not Severity.VIOLATION for finding in self.findings)

    def as_text(self) -> str:
        """One paragraph a finding; the empty report says that all is well."""
        if not self.findings:
            return "Nothing to mend.\n"
        return "".join(_paragraph(finding) for finding in self.findings)

    def as_turtle(self) -> str:
        """A sh:ValidationReport; as SHACL has it (section 3.6.1.1), sh:conforms is false where there is any result."""
        graph = Graph(bind_namespaces="none")
        for prefix, namespace in {**PREFIXES, "sh": str(SH), "ksh": str(SHAPES)}.items():
            graph.bind(prefix, namespace)
        report = BNode("report")
        graph.add((report, RDF.type, SH.ValidationReport))
        graph.add((report, SH.conforms, Literal(not self.findings)))
        for number, finding in enumerate(self.findings, 1):
            result = BNode(f"result{number:06}")
            graph.add((report, SH.result, result))
            graph.add((result, RDF.type, SH.ValidationResult))
            graph.add((result, SH.focusNode, finding.focus))
            graph.add((result, SH.sourceShape, finding.shape))
            graph.add((result, SH.resultSeverity, SH[finding.severity]))
            graph.add((result, SH.resultMessage, Literal(finding.message)))
            if finding.path is not None:
                graph.add((result, SH.resultPath, finding.path))
            if finding.value is not None:
                graph.add((result, SH.value, finding.value))
        return graph.serialize(format="turtle")


def _paragraph(finding: Finding) -> str:
    lines = [f"{finding.severity}: {finding.message}", f"  at     {finding.focus}"]
    if finding.value is not None:
        shown = str(finding.value)
        lines.append(f"  value  {shown if len(shown) <= 200 else shown[:199] + '…'!r}")
    lines.append(f"  check  {finding.shape}")
    return "\n".join(lines) + "\n\n"
