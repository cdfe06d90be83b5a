"""Topics of a Discourse forum as its API gives them (`/t/ID.json`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kgraph.errors import Rejected
from kgraph.model.text import Document, PostKind, Source
from kgraph.readers.thread import Entry, Thread, compose, load_json, string


@dataclass(frozen=True, slots=True)
class DiscourseReader:
    name: str = "discourse"
    media_types: tuple[str, ...] = ("application/vnd.discourse.topic+json",)
    endings: tuple[str, ...] = ()
    reads: str = "a topic of a Discourse forum, as JSON"

    def recognises(self, head: bytes) -> bool:
        return head.lstrip().startswith(b"{") and b'"post_stream"' in head

    def read(self, source: Source) -> Document:
        topic = load_json(source)
        stream = topic.get("post_stream") if isinstance(topic, Mapping) else None
        posts = stream.get("posts") if isinstance(stream, Mapping) else None
        if not isinstance(topic, Mapping) or not isinstance(posts, list):
            raise Rejected(source.name, "is not a Discourse topic: `post_stream.posts` is missing")
        entries = tuple(_entry(post, first=number == 0) for number, post in enumerate(posts) if isinstance(post, Mapping))
        return compose(source, Thread(entries=entries, title=string(topic.get("title"))))


def _entry(post: Mapping[str, object], *, first: bool) -> Entry:
    return Entry(
        content=string(post.get("cooked")) or "",
        id=string(post.get("post_number")),
        author=string(post.get("name")) or string(post.get("username")),
        created=string(post.get("created_at")),
        reply_to=string(post.get("reply_to_post_number")),
        kind=PostKind.ARTICLE if first else PostKind.COMMENT,
    )


reader = DiscourseReader()
