"""The benchmarks of the server run, in small: that they measure at all, not what."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import fill

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def run(script: str, *arguments: str | Path) -> str:
    command = [sys.executable, BENCHMARKS / script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_serving_is_measured_beside_the_others(tmp_path):
    page = tmp_path / "page.md"
    run("bench_serve.py", "--things", "1000", "--seconds", "1", "--rounds", "1", "--only", "point", "--write", page)
    rows = [line.split(" | ") for line in page.read_text().splitlines() if line.startswith("| point lookup")]
    assert [row[2] for row in rows] == ["8", "64"]
    for row in rows:
        native, cold, cached = (float(row[place].replace(",", "")) for place in (3, 4, 6))
        assert min(native, cold, cached) > 0
    assert float(rows[0][8]) > 0, "rdflib-endpoint answers"


@pytest.mark.slow
def test_hostile_load_is_measured_and_fails_nobody_else(tmp_path):
    fill(tmp_path / "store")
    page = tmp_path / "page.md"
    run("hostile.py", tmp_path / "store", "--seconds", "2", "--deadline", "1", "--rate", "20", "--write", page)
    rows = [line.strip("| ").split(" | ") for line in page.read_text().splitlines() if re.match(r"\| (?!attack)", line)]
    assert len(rows) == 9
    for row in rows[:-1]:
        assert row[6].startswith("0 of "), row
