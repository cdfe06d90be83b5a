"""Runs the pipeline over many sources and loads what passes into a store.

- Sources are read in child processes and loaded in their own order, so that the same input gives the same store.
- What was committed stays, whatever ends the build; a source that fails, or takes its process down, costs itself only.
- A document that is refused leaves the graph that an earlier build loaded of it as it is.
"""

from __future__ import annotations

from kgraph.build.local import Outcome, build
from kgraph.build.report import BuildReport, Failure

__all__ = ["BuildReport", "Failure", "Outcome", "build"]
