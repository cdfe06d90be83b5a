"""What tests of several parts share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kgraph.pipeline import Pipeline
from kgraph.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[1]


os.environ.setdefault("KGRAPH_AUTHORITIES", str(REPOSITORY / "build-tmp" / "authorities"))
"""Made once for all tests, and apart from what the person who runs them has installed."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of annotated pages and tools beside the repository; a test that needs it skips where it is absent."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "gold").is_dir():
        pytest.skip("../shared is absent")
    return folder


@pytest.fixture(scope="session")
def pipeline() -> Pipeline:
    """The standard pipeline, its language model loaded once."""
    return Pipeline.standard(Settings())
