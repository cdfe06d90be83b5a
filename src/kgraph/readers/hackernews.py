"""Stories of Hacker News with their comments, as the Algolia API gives them (`/api/v1/items/ID`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kgraph.errors import Rejected
from kgraph.model.text import Document, PostKind, Source
from kgraph.readers.thread import Entry, Thread, compose, load_json, string


@dataclass(frozen=True, slots=True)
class HackerNewsReader:
    name: str = "hackernews"
    media_types: tuple[str, ...] = ("application/vnd.hackernews.item+json",)
    endings: tuple[str, ...] = ()
    reads: str = "a story of Hacker News with its comments, as JSON of the Algolia API"

    def recognises(self, head: bytes) -> bool:
        return head.lstrip().startswith(b"{") and b'"created_at_i"' in head

    def read(self, source: Source) -> Document:
        story = load_json(source)
        if not isinstance(story, Mapping) or not isinstance(story.get("children"), list):
            raise Rejected(source.name, "is not an item of Hacker News: `children` is missing")
        entries = [_entry(story, None, PostKind.ARTICLE)]
        stack: list[tuple[object, str | None]] = [(child, None) for child in reversed(story["children"])]
        while stack:
            comment, parent = stack.pop()
            if not isinstance(comment, Mapping):
                continue
            entry = _entry(comment, parent, PostKind.COMMENT)
            entries.append(entry)
            children = comment.get("children")
            if isinstance(children, list):
                stack.extend((child, entry.id) for child in reversed(children))
        thread = Thread(
            entries=tuple(entries), title=string(story.get("title")), site="Hacker News", url=string(story.get("url"))
        )
        return compose(source, thread)


def _entry(item: Mapping[str, object], parent: str | None, kind: PostKind) -> Entry:
    return Entry(
        content=string(item.get("text")) or "",
        id=string(item.get("id")),
        author=string(item.get("author")),
        created=string(item.get("created_at")),
        reply_to=parent,
        kind=kind,
    )


reader = HackerNewsReader()
