"""Files, folders and stdin become sources whose ids stay."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from tests.readers.samples import JEKYLL, SAMPLES

from kgraph import readers
from kgraph.errors import Misuse, Rejected
from kgraph.model.text import Source

LIMIT = 1_000_000


def test_file_is_named_after_its_stem(tmp_path: Path) -> None:
    (tmp_path / "On Lanterns.txt").write_text("Some words on lanterns.")
    (source,) = readers.sources([tmp_path / "On Lanterns.txt"])
    assert (source.id, source.media_type) == ("doc/on-lanterns", "text/plain")


def test_folder_is_walked_in_order_and_what_is_no_page_passed_over(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "sub/a.md", "README.md", ".hidden.txt", "picture.png", ".git/x.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("Some words.")
    assert [source.id for source in readers.sources([tmp_path])] == ["doc/a", "doc/b", "doc/sub-a"]


def test_sources_that_would_share_an_id_are_told_apart_by_content(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("One.")
    (tmp_path / "a.txt").write_text("Two.")
    ids = [source.id for source in readers.sources([tmp_path])]
    assert ids[0] == "doc/a"
    assert ids[1].startswith("doc/a-")
    assert ids == [source.id for source in readers.sources([tmp_path])]


def test_folder_of_a_post_and_comments_is_one_source(tmp_path: Path) -> None:
    for name, content in JEKYLL.items():
        path = tmp_path / "threads" / "lanterns" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (source,) = readers.sources([tmp_path / "threads"])
    document = readers.read(source, max_bytes=LIMIT)
    assert source.id == "doc/lanterns"
    assert [(post.byline and post.byline.name, post.reply_to) for post in document] == [
        ("Oda Field", None),
        ("Bram", None),
        ("Cas Veen", "doc/lanterns#p1"),
    ]
    assert [post.created for post in document] == [None, "2019-05-04T10:00:00-07:00", "2019-05-05"]


def test_stdin_is_a_source() -> None:
    (source,) = readers.sources(["-"], stdin=io.BytesIO(SAMPLES["html"]))
    assert (source.id, source.media_type) == ("doc/stdin", "text/html")


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - {"jekyll"}))
def test_form_is_told_by_content_or_name(tmp_path: Path, name: str) -> None:
    (reader,) = (reader for reader in readers.supported() if reader.name == name)
    path = tmp_path / f"page{(reader.endings or ('.json' if SAMPLES[name][:1] in b'[{' else '.xml',))[0]}"
    path.write_bytes(SAMPLES[name])
    (source,) = readers.sources([path])
    assert source.media_type == reader.media_types[0]


def test_file_of_many_threads_gives_a_source_for_each(tmp_path: Path) -> None:
    feed = SAMPLES["feed"].replace(
        b"</feed>", b"<entry><id>urn:z</id><title>Oil</title><content>Oil again, and at length.</content></entry></feed>"
    )
    (tmp_path / "blog.atom").write_bytes(feed)
    found = list(readers.sources([tmp_path]))
    assert [source.id for source in found] == ["doc/blog-lanterns-on-the-hill", "doc/blog-oil"]
    assert [len(readers.read(source, max_bytes=LIMIT).posts) for source in found] == [3, 1]
    with pytest.raises(Rejected, match="holds 2 threads"):
        readers.read(Source("doc/blog", "blog.atom", "application/atom+xml", feed), max_bytes=LIMIT)


def test_no_more_of_a_source_is_read_than_its_limit_takes(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_bytes(b"word " * 1000)
    (source,) = readers.sources([tmp_path], max_bytes=100)
    assert len(source.content) == 101
    with pytest.raises(Rejected, match="more than 100 bytes"):
        readers.read(source, max_bytes=100)


def test_path_that_does_not_exist_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="does not exist"):
        readers.sources([tmp_path / "absent.txt"])


def test_folder_with_nothing_to_read_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="nothing that can be read"):
        readers.sources([tmp_path])


def test_entities_of_xml_are_not_expanded(tmp_path: Path) -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><rss><channel><item><title>&b;</title>'
    )
    (tmp_path / "bomb.rss").write_text(f"{bomb}<description>&b;</description></item></channel></rss>")
    (source,) = readers.sources([tmp_path])
    with pytest.raises(Rejected, match="entities"):
        readers.read(source, max_bytes=LIMIT)
