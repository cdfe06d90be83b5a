"""WordPress exports (WXR, an RSS feed with `wp:` elements): each post and page with its comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from kgraph.model.text import Document, PostKind, Source
from kgraph.readers.thread import Entry, Thread, split, the_only
from kgraph.readers.xml import child, local, parse_xml

_ARTICLE = "article"


@dataclass(frozen=True, slots=True)
class WordPressReader:
    name: str = "wordpress"
    media_types: tuple[str, ...] = ("application/vnd.wordpress.wxr+xml",)
    endings: tuple[str, ...] = (".wxr",)
    reads: str = "exports of a WordPress blog: every published post and page with its approved comments"

    def recognises(self, head: bytes) -> bool:
        return b"wordpress.org/export/" in head

    def read(self, source: Source) -> Document:
        return the_only(source, list(_threads(source)))

    def split(self, source: Source) -> Iterator[Source]:
        return split(source, _threads(source))


def _threads(source: Source) -> Iterator[Thread]:
    root = parse_xml(source)
    for channel in (element for element in root.iter() if local(element) == "channel"):
        names = {
            login: name
            for author in channel
            if local(author) == "author"
            and (login := child(author, "author_login"))
            and (name := child(author, "author_display_name"))
        }
        site, language = child(channel, "title"), (child(channel, "language") or "").partition("-")[0] or None
        for post in channel:
            if local(post) != "item" or child(post, "post_type") not in {None, "post", "page"}:
                continue
            if child(post, "status") not in {None, "publish"}:
                continue
            thread = _thread(post, names, site, language)
            if any(entry.content.strip() for entry in thread.entries):
                yield thread


def _thread(post: etree._Element, names: dict[str, str], site: str | None, language: str | None) -> Thread:
    creator = child(post, "creator")
    article = Entry(
        content=_content(post),
        id=_ARTICLE,
        author=names.get(creator, creator) if creator else None,
        created=child(post, "post_date_gmt", "pubDate", "post_date"),
        kind=PostKind.ARTICLE,
    )
    comments = [
        Entry(
            content=child(comment, "comment_content") or "",
            id=child(comment, "comment_id"),
            author=child(comment, "comment_author"),
            author_url=child(comment, "comment_author_url"),
            created=child(comment, "comment_date_gmt", "comment_date"),
            reply_to=child(comment, "comment_parent"),
        )
        for comment in post
        if local(comment) == "comment"
        and child(comment, "comment_approved") in {None, "1"}
        and child(comment, "comment_type") not in {"pingback", "trackback"}
    ]
    return Thread(
        entries=(article, *comments), title=child(post, "title"), site=site, url=child(post, "link"), language=language
    )


def _content(post: etree._Element) -> str:
    """The post's HTML, its paragraphs marked where the export leaves that to blank lines."""
    for element in post:
        if local(element) == "encoded" and "content" in str(element.tag):
            words = element.text or ""
            return words if "<p" in words else "".join(f"<p>{part}</p>" for part in words.split("\n\n"))
    return ""


reader = WordPressReader()
