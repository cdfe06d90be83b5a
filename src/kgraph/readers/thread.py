"""Threads whose posts are told apart by data: one form for all of them, its text, and its JSON.

The text that a thread becomes is headed by the title, then holds each post under its author's name, blocks divided by blank
lines. In JSON, a thread is an object with `posts`, and `title`, `site`, `url`, `language` where known; a post has `content`,
and `markup` (`html`, `markdown` or `text`), `id`, `author`, `author_url`, `created`, `reply_to` (an id) and `kind` (`article`
or `comment`).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kgraph import iris
from kgraph.errors import Rejected
from kgraph.model.text import Byline, Document, Post, PostKind, Source, Span
from kgraph.readers.base import decode
from kgraph.readers.dates import xsd
from kgraph.readers.markdown import render_markdown
from kgraph.readers.quoting import quoted_in
from kgraph.readers.rendering import Rendering, text_of_html

MEDIA_TYPE = "application/vnd.kgraph.thread+json"
MARKUPS = ("html", "markdown", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A post as data has it: `content` in `markup`, `created` in any form of date, `reply_to` the id of another entry."""

    content: str
    markup: str = "html"
    id: str | None = None
    author: str | None = None
    author_url: str | None = None
    created: str | None = None
    reply_to: str | None = None
    kind: PostKind = PostKind.COMMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Entries in the order of their page, and what is known of them all."""

    entries: tuple[Entry, ...]
    title: str | None = None
    site: str | None = None
    url: str | None = None
    language: str | None = None

    def as_json(self) -> bytes:
        """The same bytes for the same thread; what is None is left out."""
        known = {key: value for key, value in asdict(self).items() if value is not None and key != "entries"}
        posts = [{key: value for key, value in asdict(entry).items() if value is not None} for entry in self.entries]
        return json.dumps({**known, "posts": posts}, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def source_of(thread: Thread, *, id: str, name: str) -> Source:
    """A source that the reader of this form takes."""
    return Source(id, name, MEDIA_TYPE, thread.as_json(), thread.url)


def compose(source: Source, thread: Thread) -> Document:
    """The document of a thread. Entries without words are left out, and with them what they answered; an answer stands after
    what it answers.

    Raises:
        Rejected: no entry has words.
    """
    out = Rendering()
    if thread.title:
        out.block(" ".join(thread.title.split()))
    posts: list[Post] = []
    ids: dict[str, str] = {}
    for entry in _in_order(thread.entries):
        words = _words(entry, source.name)
        if not words:
            continue
        byline = None
        author = " ".join(entry.author.split()) if entry.author else ""
        if author:
            start = out.block(author)
            byline = Byline(author, Span(start, start + len(author)), entry.author_url or None)
        start = out.block(words)
        post = Post(
            id=f"{source.id}#p{len(posts)}",
            kind=entry.kind if not posts else PostKind.COMMENT,
            span=Span(start, start + len(words)),
            byline=byline,
            reply_to=ids.get(entry.reply_to) if entry.reply_to else None,
            created=xsd(entry.created) if entry.created else None,
        )
        posts.append(post)
        if entry.id:
            ids.setdefault(entry.id, post.id)
    if not posts:
        raise Rejected(source.name, "holds no words")
    text = out.text
    return Document(
        id=source.id,
        text=text,
        posts=tuple(_with_quoted(post, text) for post in posts),
        sha256=hashlib.sha256(source.content).hexdigest(),
        media_type=source.media_type,
        title=thread.title,
        site=thread.site,
        url=thread.url or source.url,
        language=thread.language,
    )


def _with_quoted(post: Post, text: str) -> Post:
    return Post(
        id=post.id,
        kind=post.kind,
        span=post.span,
        byline=post.byline,
        reply_to=post.reply_to,
        created=post.created,
        quoted=quoted_in(text, post.span),
    )


def _in_order(entries: Sequence[Entry]) -> Iterable[Entry]:
    """The article first, and no answer before what it answers; otherwise as they come."""
    known = {entry.id for entry in entries if entry.id}
    waiting: dict[str, list[Entry]] = defaultdict(list)
    out: list[Entry] = []
    done: set[str] = set()
    for entry in sorted(entries, key=lambda entry: entry.kind is not PostKind.ARTICLE):
        if entry.reply_to in known and entry.reply_to not in done and entry.reply_to != entry.id:
            assert entry.reply_to is not None
            waiting[entry.reply_to].append(entry)
            continue
        ready = [entry]
        while ready:
            next_ = ready.pop()
            out.append(next_)
            if next_.id and next_.id not in done:
                done.add(next_.id)
                ready.extend(reversed(waiting.pop(next_.id, [])))
    # Entries that answer each other in a circle stand where they came, with what they answer unknown.
    return [*out, *(entry for entries_ in waiting.values() for entry in entries_)]


def _words(entry: Entry, source: str) -> str:
    content = entry.content.replace("\0", " ")
    if entry.markup == "html":
        return text_of_html(content, source).strip()
    if entry.markup == "markdown":
        return render_markdown(content, source).text.strip()
    return content.strip()


def the_only(source: Source, threads: Sequence[Thread]) -> Document:
    """The document of a file that may hold many threads, and holds one."""
    if not threads:
        raise Rejected(source.name, "holds no thread")
    if len(threads) > 1:
        raise Rejected(
            source.name, f"holds {len(threads)} threads, each a document", hint="`kgraph build` reads them one by one"
        )
    return compose(source, threads[0])


def split(source: Source, threads: Iterable[Thread]) -> Iterator[Source]:
    """A source for each thread of a file, named after the file and its title."""
    for number, thread in enumerate(threads, 1):
        title = thread.title or f"thread {number}"
        slug = iris.document(title).partition("/")[2]
        yield source_of(thread, id=f"{source.id}-{slug}", name=f"{source.name}: {title}")


def load_json(source: Source) -> Any:
    """The value of a JSON source; `Rejected` where it is none."""
    try:
        return json.loads(decode(source))
    except json.JSONDecodeError as error:
        raise Rejected(source.name, f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Rejected(source.name, "nests deeper than JSON of a thread would") from None


def string(value: object) -> str | None:
    """A value of JSON as words: strings and numbers, None for what is neither or empty."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def _thread(value: object, source: Source) -> Thread:
    posts = value.get("posts") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(posts, list):
        raise Rejected(source.name, "is not a thread: an object with `posts` is wanted")
    entries: list[Entry] = []
    for number, post in enumerate(posts):
        if not isinstance(post, Mapping) or not isinstance(post.get("content"), str):
            raise Rejected(source.name, f"post {number} has no `content`")
        if post.get("markup", "html") not in MARKUPS or post.get("kind", "comment") not in set(PostKind):
            raise Rejected(source.name, f"post {number} is of an unknown `markup` or `kind`")
        entries.append(
            Entry(
                content=post["content"],
                markup=post.get("markup", "html"),
                id=string(post.get("id")),
                author=string(post.get("author")),
                author_url=string(post.get("author_url")),
                created=string(post.get("created")),
                reply_to=string(post.get("reply_to")),
                kind=PostKind(post.get("kind", "comment")),
            )
        )
    return Thread(
        entries=tuple(entries),
        title=string(value.get("title")),
        site=string(value.get("site")),
        url=string(value.get("url")),
        language=string(value.get("language")),
    )


@dataclass(frozen=True, slots=True)
class ThreadReader:
    name: str = "thread"
    media_types: tuple[str, ...] = (MEDIA_TYPE,)
    endings: tuple[str, ...] = (".json",)
    reads: str = "kgraph's own form of a thread, which readers of files with many threads split them into"

    def recognises(self, head: bytes) -> bool:  # noqa: ARG002  told by its name
        return False

    def read(self, source: Source) -> Document:
        return compose(source, _thread(load_json(source), source))


reader = ThreadReader()
