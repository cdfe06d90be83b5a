"""RSS and Atom feeds. Each entry is an article; entries that answer others (Atom threading, RFC 4685) are comments on them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from lxml import etree

from kgraph.errors import Rejected
from kgraph.model.text import Document, PostKind, Source
from kgraph.readers.thread import Entry, Thread, split, the_only
from kgraph.readers.xml import child, local, parse_xml

_MAIL_AUTHOR = re.compile(r"\S+@\S+\s+\((.{1,80})\)\Z")


@dataclass(frozen=True, slots=True)
class FeedReader:
    name: str = "feed"
    media_types: tuple[str, ...] = (
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+xml",
        "text/xml",
        "application/xml",
    )
    endings: tuple[str, ...] = (".rss", ".atom", ".xml")
    reads: str = "RSS and Atom: every entry an article, with the entries that answer it"

    def recognises(self, head: bytes) -> bool:
        if b"wordpress.org/export/" in head:
            return False
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        return start.startswith(b"<") and re.search(rb"<(?:rss|rdf:RDF|(?:\w+:)?feed)[\s>]", head) is not None

    def read(self, source: Source) -> Document:
        return the_only(source, list(_threads(source)))

    def split(self, source: Source) -> Iterator[Source]:
        return split(source, _threads(source))


def _threads(source: Source) -> Iterator[Thread]:
    root = parse_xml(source)
    if local(root).lower() not in {"rss", "rdf", "feed"}:
        raise Rejected(source.name, f"is no feed: its root element is {local(root)!r}")
    channel = next((element for element in root if local(element) == "channel"), root)
    site, owner = child(channel, "title"), _author(channel)
    language = (channel.get("{http://www.w3.org/XML/1998/namespace}lang") or child(channel, "language") or "").partition("-")[
        0
    ] or None
    answers: dict[str, list[Entry]] = defaultdict(list)
    articles: list[tuple[etree._Element, Entry]] = []
    for element in root.iter():
        if local(element) not in {"item", "entry"}:
            continue
        entry = _entry(element, owner)
        if entry.reply_to is None:
            articles.append((element, entry))
        else:
            answers[entry.reply_to].append(entry)
    for element, article in articles:
        comments: list[Entry] = []
        waiting = [article.id] if article.id else []
        while waiting:
            found = answers.pop(waiting.pop(), [])
            comments.extend(found)
            waiting.extend(comment.id for comment in found if comment.id)
        thread = Thread(
            entries=(article, *sorted(comments, key=lambda entry: entry.created or "")),
            title=child(element, "title"),
            site=site,
            url=_link(element),
            language=language,
        )
        if any(entry.content.strip() for entry in thread.entries):
            yield thread


def _entry(element: etree._Element, owner: str | None) -> Entry:
    answered = next((inner.get("ref") for inner in element if local(inner) == "in-reply-to"), None)
    return Entry(
        content=_content(element),
        id=child(element, "id", "guid"),
        author=_author(element) or (owner if answered is None else None),
        created=_created(child(element, "published", "pubDate", "date", "updated", "issued")),
        reply_to=answered,
        kind=PostKind.COMMENT if answered is not None else PostKind.ARTICLE,
    )


def _content(element: etree._Element) -> str:
    for name in ("encoded", "content", "description", "summary"):
        for inner in element:
            if local(inner) != name:
                continue
            if len(inner):
                return "".join(etree.tostring(part, encoding="unicode", with_tail=True) for part in inner)
            if (inner.text or "").strip():
                return inner.text or ""
    return ""


def _author(element: etree._Element) -> str | None:
    for inner in element:
        if local(inner) in {"author", "creator", "managingEditor"}:
            name = child(inner, "name") or (inner.text or "").strip()
            found = _MAIL_AUTHOR.match(name)
            name = found[1] if found else name
            if name and "@" not in name:
                return name
    return None


def _link(element: etree._Element) -> str | None:
    for inner in element:
        if local(inner) == "link" and inner.get("rel", "alternate") == "alternate":
            link = inner.get("href") or (inner.text or "").strip()
            if link.startswith(("http://", "https://")):
                return link
    return None


def _created(written: str | None) -> str | None:
    """RSS dates are those of mail (RFC 822); Atom's are ISO 8601."""
    if written is None or written[:4].isdigit():
        return written
    try:
        return parsedate_to_datetime(written).isoformat()
    except (ValueError, TypeError, IndexError):
        return written


reader = FeedReader()
