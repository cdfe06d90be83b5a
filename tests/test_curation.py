"""Inferences are undone by a line in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgraph import curation
from kgraph.errors import Misuse

BASE = "http://localhost:8000/"


def test_a_line_undoes_an_inference_by_iri_or_reference(tmp_path: Path) -> None:
    file = tmp_path / "curation.txt"
    file.write_text(f"# not him\n\n  {BASE}doc/a#identity-1  \ndoc/b#identity-2\n")
    assert curation.undone(file, base=BASE) == {"doc/a#identity-1", "doc/b#identity-2"}


def test_no_file_undoes_nothing(tmp_path: Path) -> None:
    assert curation.undone(tmp_path / "none.txt", base=BASE) == frozenset()


@pytest.mark.parametrize("line", ["http://elsewhere.example/doc/a#identity-1", "doc/a", "he is not Kevin #1"])
def test_a_line_that_names_no_inference_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    file = tmp_path / "curation.txt"
    file.write_text(f"# first\n{line}\n")
    with pytest.raises(Misuse, match="line 2"):
        curation.undone(file, base=BASE)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "curation.txt"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Misuse, match="UTF-8"):
        curation.undone(file, base=BASE)
