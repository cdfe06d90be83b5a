"""What the pages show is what comes out."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from types import ModuleType

import pytest

from kgraph import resources

ROOT = resources.folder("seeds").parent


@pytest.fixture(scope="module")
def examples() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_examples", ROOT / "docs" / "make_examples.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_examples"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_answers_in_the_pages_are_those_of_the_server(examples: ModuleType):
    with examples.served() as ask:
        for path in examples.PAGES:
            page = path.read_text(encoding="utf-8")
            assert "<!-- answer: " in page
            assert page == examples.filled(page, ask), "run: python docs/make_examples.py"


def test_tutorial_cuts_the_words_that_it_shows():
    tutorial = (ROOT / "docs" / "tutorial" / "first-graph.md").read_text(encoding="utf-8")
    command = re.search(r"python3 -c '(?P<code>[^']+)'\n\n    (?P<words>.+)", tutorial)
    assert command
    shown = subprocess.run([sys.executable, "-c", command["code"]], cwd=ROOT, check=True, capture_output=True, text=True)
    assert shown.stdout.rstrip("\n") == command["words"]


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} points to {target}"
