"""What every reader keeps to: spans inside the text, none over another, names verbatim; a document or `Rejected`."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.readers.samples import SAMPLES

from kgraph import readers
from kgraph.errors import Rejected, UnknownMediaType
from kgraph.model.text import Document, Source
from kgraph.readers import Reader

LIMIT = 5_000_000
READERS = {reader.name: reader for reader in readers.supported()}

relaxed = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def read(reader: Reader, content: bytes) -> Document:
    return readers.read(Source("doc/page", "page", reader.media_types[0], content), max_bytes=LIMIT)


def keeps_to_the_contract(document: Document) -> None:
    end = 0
    for post in document:
        assert end <= post.span.start < post.span.end <= len(document.text)
        end = post.span.end
        words = document.words(post.span)
        assert words == words.strip()
        assert post.id.startswith(f"{document.id}#")
        for quoted in post.quoted:
            assert quoted in post.span
        if post.byline is not None:
            assert post.byline.name == post.byline.name.strip() != ""
            if post.byline.span is not None:
                assert document.words(post.byline.span) == post.byline.name
                assert not post.byline.span.overlaps(post.span)
        assert post.created is None or post.created[:4].isdigit()
    assert len(document.sha256) == 64


def read_or_rejected(reader: Reader, content: bytes) -> None:
    with contextlib.suppress(Rejected):
        keeps_to_the_contract(read(reader, content))


@pytest.fixture(params=sorted(READERS))
def reader(request: pytest.FixtureRequest) -> Reader:
    return READERS[request.param]


def test_sample_is_read(reader: Reader) -> None:
    document = read(reader, SAMPLES[reader.name])
    keeps_to_the_contract(document)
    assert [post.byline.name for post in document if post.byline] == ["Oda Field", "Bram", "Cas Veen"]
    assert document.posts[2].reply_to in {None, document.posts[1].id}
    assert document.title == "Lanterns on the Hill"


def test_same_source_gives_the_same_document(reader: Reader) -> None:
    assert read(reader, SAMPLES[reader.name]) == read(reader, SAMPLES[reader.name])


def test_reader_says_what_it_reads(reader: Reader) -> None:
    assert all([reader.media_types, reader.reads, reader.name])


@pytest.mark.parametrize("content", [b"", b" \n", b"\0\0\0", b"\x89PNG\r\n\x1a\n\0", b"\xff" * 50, b"{", b"<", b"[]", b"{}"])
def test_garbage_is_rejected_or_read(reader: Reader, content: bytes) -> None:
    read_or_rejected(reader, content)


@relaxed
@given(content=st.binary(max_size=400))
def test_random_bytes_are_rejected_or_read(reader: Reader, content: bytes) -> None:
    read_or_rejected(reader, content)


@relaxed
@given(cut=st.floats(0, 1), noise=st.binary(max_size=12), at=st.floats(0, 1))
def test_damaged_sample_is_rejected_or_read(reader: Reader, cut: float, noise: bytes, at: float) -> None:
    sample = SAMPLES[reader.name]
    sample = sample[: round(cut * len(sample))]
    place = round(at * len(sample))
    read_or_rejected(reader, sample[:place] + noise + sample[place:])


LINES = st.sampled_from(
    [
        "",
        "  ",
        "Oda Field",
        "  • Oda Field",
        "    • Bram",
        "    What I said then.",
        "What I said then, at some length, and would say again.",
        "@Oda said: “What I said”",
        "  • @Oda: thank you",
        "--- Bram wrote on 3 May 2019 ---",
        "Bram says:",
        "  Cas says:",
        "On 3 May 2019, Bram wrote:",
        "> What I said then",
        "Cas — 2019-05-03",
        "Posted by Cas on 3 May 2019",
        "1. Cas",
        "2. Bram",
        "[Bram]",
        "Bram: I said so",
        "-----",
        "3 comments",
        "3 May 2019",
        "by Oda Field",
        "From: Bram",
        "Reply",
        "Leave a comment",
        "\t• Tab",
        "Bram (in reply to Oda Field):",
    ]
)


@relaxed
@given(lines=st.lists(LINES, max_size=25), ends=st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_layout_is_read(lines: list[str], ends: str) -> None:
    for name in ("text", "markdown"):
        try:
            keeps_to_the_contract(read(READERS[name], ends.join(lines).encode()))
        except Rejected:
            assert not "".join(lines).strip() or name == "markdown"


def test_unknown_media_type_is_refused_by_name() -> None:
    with pytest.raises(UnknownMediaType, match="image/png"):
        readers.read(Source("doc/x", "x.png", "image/png", b"\x89PNG"), max_bytes=LIMIT)


@pytest.mark.parametrize(
    "deep", ["[" * 100_000, '{"posts":' * 50_000, "<div>" * 100_000, "<a><b>" * 60_000, "> " * 100_000, "- " * 50_000]
)
def test_deep_nesting_is_rejected_or_read(reader: Reader, deep: str) -> None:
    read_or_rejected(reader, deep.encode())


def test_thread_form_round_trips() -> None:
    thread = json.loads(SAMPLES["thread"])
    assert [post["author"] for post in thread["posts"]] == ["Oda Field", "Bram", "Cas Veen"]
