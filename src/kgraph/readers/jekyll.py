"""A folder with a post and its comments as data files, as static site generators keep them.

The folder is one source: a JSON object of its files' contents by name, `post.md` beside `comments/*.yml`. A comment file has
`message` (HTML or Markdown), `name`, `date`, `id`, and `replyToId` where it answers another.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import yaml

from kgraph.errors import Rejected
from kgraph.model.text import Document, PostKind, Source
from kgraph.readers.base import decode
from kgraph.readers.dates import xsd
from kgraph.readers.markdown import front_matter
from kgraph.readers.thread import Entry, Thread, compose, load_json

MEDIA_TYPE = "application/vnd.kgraph.jekyll-thread+json"
_POST = (".md", ".markdown", ".html")
_COMMENTS = (".yml", ".yaml", ".json")
_PARENT = ("replyToId", "replying_to", "reply_to", "parent", "_parent")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_YAML = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Keeps every scalar a string, and builds no objects."""


def files_of(folder: Path) -> tuple[Path, ...]:
    """The post's file and those of its comments; empty where the folder is no thread."""
    comments = folder / "comments"
    if not comments.is_dir():
        return ()
    posts = sorted(path for path in folder.iterdir() if path.suffix.lower() in _POST and path.is_file())
    if len(posts) != 1:
        return ()
    return (posts[0], *sorted(path for path in comments.iterdir() if path.suffix.lower() in _COMMENTS and path.is_file()))


def bundle(folder: Path, files: Sequence[Path], *, max_bytes: int | None) -> bytes:
    """The files of a thread as one source's content; more than `max_bytes` of them is cut off just above that."""
    contents: dict[str, str] = {}
    size = 0
    for path in files:
        content = path.read_bytes() if max_bytes is None else _read_at_most(path, max_bytes + 1 - size)
        size += len(content)
        contents[path.relative_to(folder).as_posix()] = content.decode("utf-8", "surrogateescape")
        if max_bytes is not None and size > max_bytes:
            break
    return json.dumps(contents, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def _read_at_most(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most)


@dataclass(frozen=True, slots=True)
class JekyllReader:
    name: str = "jekyll"
    media_types: tuple[str, ...] = (MEDIA_TYPE,)
    endings: tuple[str, ...] = ()
    reads: str = "a folder with a post (front matter and Markdown) and comments/*.yml beside it"

    def recognises(self, head: bytes) -> bool:  # noqa: ARG002  a folder is told by what lies in it
        return False

    def read(self, source: Source) -> Document:
        value = load_json(source)
        if not isinstance(value, dict) or not all(isinstance(content, str) for content in value.values()):
            raise Rejected(source.name, "is not a folder's files by name")
        files = {
            name: decode(Source(source.id, f"{source.name}/{name}", "text/plain", content.encode("utf-8", "surrogateescape")))
            for name, content in value.items()
            if content.strip()
        }
        posts = [name for name in files if PurePosixPath(name).suffix.lower() in _POST]
        if len(posts) > 1:
            raise Rejected(source.name, f"holds {len(posts)} posts where one is wanted")
        entries = [_comment(text, f"{source.name}/{name}") for name, text in files.items() if name not in posts]
        entries.sort(key=lambda entry: (_moment(entry.created), entry.id or ""))
        fields: Mapping[str, str] = {}
        if posts:
            fields, body = front_matter(files[posts[0]])
            article = Entry(
                content=body,
                markup="html" if posts[0].lower().endswith(".html") else "markdown",
                author=fields.get("author"),
                created=fields.get("date"),
                kind=PostKind.ARTICLE,
            )
            entries.insert(0, article)
        return compose(source, Thread(entries=tuple(entries), title=html.unescape(fields.get("title", "")) or None))


def _comment(text: str, name: str) -> Entry:
    try:
        # JSON is YAML too.
        fields = yaml.load(text, Loader=_YAML)  # noqa: S506  a loader that builds strings, lists and mappings only
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Rejected(name, f"is not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(fields, dict):
        raise Rejected(name, "is not a comment: fields such as `name` and `message` are wanted")

    def field(*names: str) -> str | None:
        return next((fields[key].strip() for key in names if isinstance(fields.get(key), str) and fields[key].strip()), None)

    message = field("message", "content", "body", "comment") or ""
    return Entry(
        content=message,
        markup="html" if _TAG.search(message) else "markdown",
        id=field("id", "_id"),
        author=html.unescape(field("name", "author") or ""),
        author_url=field("url", "website"),
        created=field("date", "created"),
        reply_to=field(*_PARENT),
    )


def _moment(written: str | None) -> float:
    """For ordering: seconds since 1970, with comments of unknown date last."""
    try:
        moment = datetime.fromisoformat(xsd(written or "") or "")
    except ValueError:
        return float("inf")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


reader = JekyllReader()
