"""The built wheel, in an empty environment, away from the checkout: the same command, with all that it needs inside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def run(*command: object, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KGRAPH_", "PYTHON"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, REPOSITORY, cwd=out)
    (made,) = out.glob("*.whl")
    return made


@pytest.mark.slow
def test_the_wheel_carries_what_lies_outside_of_src(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("ontology", "shapes", "queries", "seeds"):
        for path in (REPOSITORY / folder).iterdir():
            if path.is_file():
                assert f"kgraph/_resources/{folder}/{path.name}" in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "benchmarks/"))]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_wheel_builds_and_answers_in_an_empty_environment(wheel, tmp_path):
    python, kgraph = tmp_path / "venv" / "bin" / "python", tmp_path / "venv" / "bin" / "kgraph"
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", REPOSITORY / "requirements.lock", cwd=tmp_path)
    run(*pip, "--no-deps", "--no-index", wheel, cwd=tmp_path)
    run(python, "-m", "pip", "check", cwd=tmp_path)
    where = "from kgraph import resources; print(resources.folder('seeds'))"
    seeds = Path(run(python, "-c", where, cwd=tmp_path).strip())
    assert seeds.is_relative_to(tmp_path)
    assert "text/plain" in run(kgraph, "readers", cwd=tmp_path)
    run(kgraph, "build", seeds, cwd=tmp_path)
    run(kgraph, "validate", cwd=tmp_path)
    assert "craigslist" in run(kgraph, "query", "platforms-by-claims", "--format", "csv", cwd=tmp_path)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_carry_hashes_and_name_no_registry_or_machine(lock):
    text = (REPOSITORY / lock).read_text()
    assert not re.search(
        r"://|^\s*-|file:/|/home/|/root/|/opt/|/tmp/", re.sub(r"^ +--hash=sha256:\w+( \\)?$", "", text, flags=re.M), re.M
    )
    pins = re.split(r"\n(?=[\w.-]+(?:\[[\w,-]+\])?==)", "\n" + text)[1:]
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)
