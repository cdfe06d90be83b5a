"""Markdown (CommonMark, tables and front matter). The document's text is what the page shows, markup left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt

from kgraph.errors import Rejected
from kgraph.model.text import Document, Source
from kgraph.readers.base import decode, of_layout, with_credit
from kgraph.readers.layout import read_layout
from kgraph.readers.rendering import Rendering, parse_html, render

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.{0,20000}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"^(\w[\w-]*):[ \t]+(\S.*?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MarkdownReader:
    name: str = "markdown"
    media_types: tuple[str, ...] = ("text/markdown",)
    endings: tuple[str, ...] = (".md", ".markdown")
    reads: str = "an article with its comments under headings, in lists, or laid out as in plain text; front matter"

    def recognises(self, head: bytes) -> bool:  # noqa: ARG002  nothing tells Markdown from text but its name
        return False

    def read(self, source: Source) -> Document:
        fields, body = front_matter(decode(source))
        rendering = render_markdown(body, source.name)
        text = rendering.text
        if not text.strip():
            raise Rejected(source.name, "shows no text")
        title = fields.get("title")
        if title is not None:
            rendering = Rendering(
                [f"{title}\n\n", text], {at + len(title) + 2: level + 1 for at, level in rendering.headings.items()}
            )
            rendering.headings[0] = 1
        document = of_layout(source, rendering.text, read_layout(rendering.text, headings=rendering.headings))
        return with_credit(document, title=title, author=fields.get("author"), created=fields.get("date"))


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """The one-line fields between `---` at the top, and the text below; a text without them is all text."""
    found = _FRONT_MATTER.match(text)
    if found is None:
        return {}, text
    fields = {key.lower(): value.strip("\"'") for key, value in _FIELD.findall(found[1])}
    return fields, text[found.end() :]


def render_markdown(text: str, source: str) -> Rendering:
    markup = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    if not markup.strip():
        return Rendering()
    return render(parse_html(f"<div>{markup}</div>", source))


reader = MarkdownReader()
