"""Our figures against the scoring tools that come with the annotated pages, and against the figures once reached."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kgraph import readers
from kgraph.evaluate import evaluate, pairs

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "extraction-quality.json"
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def quality() -> ModuleType:
    spec = importlib.util.spec_from_file_location("extraction_quality", BENCHMARKS / "extraction_quality.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def evaluation(shared, pipeline):
    return evaluate(pairs(shared / "gold", shared), pipeline)


def test_every_gold_file_has_its_page(shared):
    found = pairs(shared / "gold", shared)
    assert len(found) >= 3
    assert all(gold.stem == page.stem for gold, page in found)


def test_figures_equal_those_of_the_tools(shared, pipeline, evaluation, tmp_path):
    for gold, page in pairs(shared / "gold", shared):
        (source,) = readers.sources([page])
        dump, found = tmp_path / "dump.nq", tmp_path / "found.json"
        dump.write_bytes(pipeline(source).quads)
        tools = [sys.executable, str(shared / "tools" / "graph_to_gold.py"), str(dump), "*"]
        found.write_bytes(subprocess.run(tools, check=True, capture_output=True).stdout)
        score = [sys.executable, str(shared / "tools" / "score.py"), str(found), str(gold), str(page), "--json"]
        theirs = json.loads(subprocess.run(score, check=True, capture_output=True).stdout)
        assert evaluation.pages[gold.stem].figures() == theirs, gold.stem


def test_no_figure_has_dropped(evaluation):
    before = json.loads(REFERENCE.read_text())
    flat = quality().flattened
    reached = flat(evaluation.figures()["all pages"])
    dropped = {
        name: (value, reached[name])
        for name, value in flat(before["all pages"]).items()
        if reached.get(name, 0.0) < value - 0.01
    }
    assert not dropped, "`make evaluate` shows where; it also writes the new figures, if they are meant"
