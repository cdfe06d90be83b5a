"""Texts, their posts and stretches of them.

Offsets count Unicode code points, as `len(str)` does; ranges are half-open. They point into the source as decoded, or, where
markup was stripped, into the text that the reader made of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes to read: `id` is the reference of the document they become, `name` what a person calls them (a path)."""

    id: str
    name: str
    media_type: str
    content: bytes
    url: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The code points from `start` up to but not including `end`; never empty."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"no span from {self.start} to {self.end}")

    def __len__(self) -> int:
        return self.end - self.start

    def __contains__(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end

    def of(self, text: str) -> str:
        """The words themselves."""
        return text[self.start : self.end]


class PostKind(StrEnum):
    ARTICLE = "article"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Byline:
    """A name that heads a post, as the page prints it; `span` is where, None if only the markup's data has it."""

    name: str
    span: Span | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An article or one comment, as far as the page's layout tells.

    `span` covers the post's own body, its heading left out. `byline` is None where nobody heads it. `reply_to` is the id of
    the post it answers where the page's structure says so (nesting, an id), else None: reading the words comes later.
    `quoted` are stretches that the layout marks as another's words (`>` lines, a block quote, `@Name said: "…"`).
    `created` is an xsd:date or xsd:dateTime in its lexical form.
    """

    id: str
    kind: PostKind
    span: Span
    byline: Byline | None = None
    reply_to: str | None = None
    created: str | None = None
    quoted: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One text with its posts in the order of the page; the article, where there is one, comes first.

    `sha256` is of the source's bytes. `pending` are names that head a comment whose body the source lacks.
    """

    id: str
    text: str
    posts: tuple[Post, ...]
    sha256: str
    media_type: str
    title: str | None = None
    site: str | None = None
    url: str | None = None
    language: str | None = None
    pending: tuple[Byline, ...] = ()

    def __post_init__(self) -> None:
        ids = set[str]()
        end = 0
        for post in self.posts:
            if post.span.start < end or post.span.end > len(self.text):
                raise ValueError(f"post {post.id} of {self.id} overlaps another or leaves the text")
            if post.reply_to is not None and post.reply_to not in ids:
                raise ValueError(f"post {post.id} of {self.id} answers {post.reply_to}, which does not come before it")
            end = post.span.end
            ids.add(post.id)
        if len(ids) != len(self.posts):
            raise ValueError(f"two posts of {self.id} share an id")
        if not self.posts:
            raise ValueError(f"{self.id} has no post")

    def __iter__(self) -> Iterator[Post]:
        return iter(self.posts)

    def words(self, span: Span) -> str:
        return self.text[span.start : span.end]

    def post(self, id: str) -> Post:
        return next(post for post in self.posts if post.id == id)

    @property
    def article(self) -> Post | None:
        return self.posts[0] if self.posts[0].kind is PostKind.ARTICLE else None

    @property
    def text_sha256(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()
