"""Pages made for a test: an article and comments, without a reader in between."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from kgraph.extract.claims import Claims, find_claims
from kgraph.extract.parse import ParsedPost, parse
from kgraph.extract.thread import read_thread
from kgraph.model.annotations import Assertion, EntityKind, Judgement, Mention
from kgraph.model.extraction import Thread
from kgraph.model.text import Byline, Document, Post, PostKind, Span

Comment = tuple[str | None, str]


def page(
    article: str, comments: Sequence[Comment] = (), *, by: str | None = None, title: str = "A Page", site: str = "The Site"
) -> Document:
    """A document of an article by `by` and comments of (heading or None, body)."""
    text, posts = "", []
    for number, (name, body) in enumerate([(by, article), *comments]):
        heading = f"  • {name}\n\n" if name else ""
        start = len(text) + len(heading)
        byline = Byline(name, Span(len(text) + 4, len(text) + 4 + len(name))) if name else None
        kind = PostKind.COMMENT if number else PostKind.ARTICLE
        posts.append(Post(id=f"p{number}", kind=kind, span=Span(start, start + len(body)), byline=byline))
        text += f"{heading}{body}\n\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Document(
        id="doc/page", text=text, posts=tuple(posts), sha256=digest, media_type="text/plain", title=title, site=site
    )


def parsed(document: Document) -> tuple[ParsedPost, ...]:
    return parse(document)


def thread_of(document: Document) -> Thread:
    return read_thread(document, parsed(document))


def mention(document: Document, words: str, entity: str) -> Mention:
    """The first place of these words as a mention of an entity."""
    start = document.text.index(words)
    span = Span(start, start + len(words))
    post = next(post.id for post in document if span in post.span)
    return Mention(post=post, span=span, entity=entity, judgement=Judgement(1.0, "test"))


def platform(name: str) -> str:
    return f"{EntityKind.PLATFORM}/{name.casefold()}"


def claims_of(document: Document, mentions: Sequence[Mention] = ()) -> Claims:
    posts = parsed(document)
    return find_claims(document, posts, read_thread(document, posts), mentions)


def assertion_of(document: Document, words: str, mentions: Sequence[Mention] = ()) -> Assertion:
    """The assertion whose sentence holds these words."""
    start = document.text.index(words)
    found = claims_of(document, mentions)
    return next(a for a in found.assertions if a.span.start <= start < a.span.end)
