"""The annotated pages beside the repository: every post is found where it stands, and no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgraph import readers

pytestmark = pytest.mark.shared


def test_posts_of_annotated_pages_are_found(shared: Path) -> None:
    pages = {path.stem: path for folder in ("seeds", "gold/pages") for path in sorted((shared / folder).glob("*.txt"))}
    for gold in sorted((shared / "gold").glob("*.json")):
        (source,) = readers.sources([pages[gold.stem]])
        document = readers.read(source, max_bytes=1_000_000)
        wanted = json.loads(gold.read_text(encoding="utf-8"))
        assert [post.span.start for post in document] == [post["start"] for post in wanted["posts"]], gold.stem
        assert (document.title, document.site) == (wanted["document"]["title"], wanted["document"]["site"])
