"""Disqus exports: one thread a page that was commented on. The page itself is not in them, but for its title."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from kgraph.model.text import Document, PostKind, Source
from kgraph.readers.thread import Entry, Thread, split, the_only
from kgraph.readers.xml import child, local, parse_xml

_INTERNALS = "{http://disqus.com/disqus-internals}id"


@dataclass(frozen=True, slots=True)
class DisqusReader:
    name: str = "disqus"
    media_types: tuple[str, ...] = ("application/vnd.disqus+xml",)
    endings: tuple[str, ...] = ()
    reads: str = "exports of Disqus comments: a thread for each page, its comments with their answers"

    def recognises(self, head: bytes) -> bool:
        return b"http://disqus.com" in head and b"<disqus" in head

    def read(self, source: Source) -> Document:
        return the_only(source, list(_threads(source)))

    def split(self, source: Source) -> Iterator[Source]:
        return split(source, _threads(source))


def _inner(element: etree._Element, name: str) -> etree._Element | None:
    return next((inner for inner in element if local(inner) == name), None)


def _entry(post: etree._Element, kind: PostKind) -> Entry:
    author, parent = _inner(post, "author"), _inner(post, "parent")
    return Entry(
        content=child(post, "message") or "",
        id=post.get(_INTERNALS) if kind is PostKind.COMMENT else "article",
        author=child(author, "name", "username") if author is not None else None,
        author_url=child(author, "link") if author is not None else None,
        created=child(post, "createdAt"),
        reply_to=parent.get(_INTERNALS) or None if parent is not None else None,
        kind=kind,
    )


def _threads(source: Source) -> Iterator[Thread]:
    root = parse_xml(source)
    posts: dict[str | None, list[Entry]] = defaultdict(list)
    for post in root:
        if local(post) == "post" and "true" not in {child(post, "isDeleted"), child(post, "isSpam")}:
            thread = _inner(post, "thread")
            posts[thread.get(_INTERNALS) if thread is not None else None].append(_entry(post, PostKind.COMMENT))
    for thread in root:
        comments = posts.get(thread.get(_INTERNALS)) if local(thread) == "thread" else None
        if not comments:
            continue
        page = _entry(thread, PostKind.ARTICLE)
        comments.sort(key=lambda entry: entry.created or "")
        entries = (page, *comments) if page.content.strip() else tuple(comments)
        yield Thread(entries=entries, title=child(thread, "title"), url=child(thread, "link"))


reader = DisqusReader()
