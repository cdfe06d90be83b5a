"""Submissions of Reddit with their comments, as its API gives them (the page's address with `.json`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kgraph.errors import Rejected
from kgraph.model.text import Document, PostKind, Source
from kgraph.readers.thread import Entry, Thread, compose, load_json, string


@dataclass(frozen=True, slots=True)
class RedditReader:
    name: str = "reddit"
    media_types: tuple[str, ...] = ("application/vnd.reddit.listing+json",)
    endings: tuple[str, ...] = ()
    reads: str = "a submission on Reddit with its comments, as JSON"

    def recognises(self, head: bytes) -> bool:
        start = b"".join(head[:200].split())
        return start.startswith((b'[{"kind":"Listing"', b'{"kind":"Listing"'))

    def read(self, source: Source) -> Document:
        listings = load_json(source)
        entries: list[Entry] = []
        title = site = url = None
        stack = list(
            reversed(
                [thing for listing in (listings if isinstance(listings, list) else [listings]) for thing in _things(listing)]
            )
        )
        while stack:
            thing = stack.pop()
            data = thing.get("data")
            if not isinstance(data, Mapping) or thing.get("kind") not in {"t1", "t3"}:
                continue
            if thing["kind"] == "t3":
                title = title or string(data.get("title"))
                site = site or string(data.get("subreddit_name_prefixed"))
                url = url or _url(data.get("permalink"))
            entries.append(_entry(data, PostKind.ARTICLE if thing["kind"] == "t3" else PostKind.COMMENT))
            stack.extend(reversed(list(_things(data.get("replies")))))
        if not entries:
            raise Rejected(source.name, "is not a submission on Reddit: no listing holds one")
        return compose(source, Thread(entries=tuple(entries), title=title, site=site, url=url))


def _things(listing: object) -> Iterator[Mapping[str, object]]:
    data = listing.get("data") if isinstance(listing, Mapping) else None
    children = data.get("children") if isinstance(data, Mapping) else None
    if isinstance(children, list):
        yield from (child for child in children if isinstance(child, Mapping))


def _entry(data: Mapping[str, object], kind: PostKind) -> Entry:
    words = string(data.get("selftext" if kind is PostKind.ARTICLE else "body")) or ""
    parent = string(data.get("parent_id"))
    gone = words in {"[deleted]", "[removed]"}
    return Entry(
        content="" if gone else words,
        markup="markdown",
        id=string(data.get("name")),
        author=string(data.get("author")),
        created=_created(data.get("created_utc")),
        reply_to=parent if parent and parent.startswith("t1_") else None,
        kind=kind,
    )


def _created(seconds: object) -> str | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 1e11:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()


def _url(permalink: object) -> str | None:
    return f"https://www.reddit.com{permalink}" if isinstance(permalink, str) and permalink.startswith("/") else None


reader = RedditReader()
