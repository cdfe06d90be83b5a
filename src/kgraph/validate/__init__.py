"""The two gates that a document's graph passes before it is loaded, and their report.

Evidence: every passage holds the very words of the text. Shapes: the graph is what `shapes/*.ttl` say it must be.
"""

from __future__ import annotations

from kgraph.validate.evidence import check_evidence
from kgraph.validate.report import Finding, Report, Severity
from kgraph.validate.shapes import ShapesGate

__all__ = ["Finding", "Report", "Severity", "ShapesGate", "check_evidence"]
