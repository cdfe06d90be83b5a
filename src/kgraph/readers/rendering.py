"""Markup → text that reads like the page: blocks apart, list items bulleted and set in, quotations marked by `>`.

The same conventions as people use in plain text, so that `layout` reads both. What is not shown on a page (scripts, forms,
styles) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from lxml import etree, html
from lxml.html import HtmlElement

from kgraph.errors import Rejected

_SKIPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "head",
        "title",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
        "form",
        "button",
        "input",
        "select",
        "textarea",
        "nav",
    ]
)
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
) | set(_HEADINGS)
_SPACE = re.compile(r"[ \t\r\n\f\u00a0\u200b]+")
_DEEPEST = 200


@dataclass(slots=True)
class Rendering:
    """The text so far. `headings` are the levels of heading lines by where their words start."""

    pieces: list[str] = field(default_factory=list)
    headings: dict[int, int] = field(default_factory=dict)
    length: int = 0

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def add(self, words: str) -> int:
        """Appends, and says where the appended starts."""
        start = self.length
        self.pieces.append(words)
        self.length += len(words)
        return start

    def block(self, words: str) -> int:
        """Appends a block after a blank line."""
        if self.length:
            self.add("\n\n")
        return self.add(words)


@dataclass(slots=True)
class _Block:
    words: list[str] = field(default_factory=list)
    level: int = 0


class _Renderer:
    """Walks elements without recursion, for markup nests as deep as its writer likes."""

    def __init__(self, rendering: Rendering, skip: Callable[[HtmlElement], bool]) -> None:
        self.out = rendering
        self.skip = skip
        self.line: list[str] = []
        self.lists: list[int | None] = []
        self.quotes = 0
        self.bullet: str | None = None
        self.level = 0
        self.tight = False

    def element(self, root: HtmlElement) -> None:
        stack: list[tuple[HtmlElement, bool]] = [(root, False)]
        while stack:
            element, leaving = stack.pop()
            if leaving:
                self._leave(element)
                if element is not root and element.tail:
                    self.line.append(element.tail)
                continue
            if not isinstance(element.tag, str) or element.tag in _SKIPPED or (element is not root and self.skip(element)):
                if element is not root and element.tail:
                    self.line.append(element.tail)
                continue
            stack.append((element, True))
            if element.tag == "pre":
                self._enter(element)
                self._verbatim(element)
                continue
            self._enter(element)
            if element.text:
                self.line.append(element.text)
            stack.extend((child, False) for child in reversed(element))
        self.flush()

    def _enter(self, element: HtmlElement) -> None:
        tag = element.tag
        if tag == "br":
            self.line.append("\0")
        elif tag == "img" and element.get("alt"):
            self.line.append(f" {element.get('alt')} " if len(element.get("alt", "")) < 4 else "")
        elif tag in _BLOCKS:
            self.flush()
            if tag in {"ul", "menu", "dl"}:
                self.lists.append(None)
            elif tag == "ol":
                start = element.get("start", "1")
                self.lists.append(int(start) if start.isdigit() and len(start) < 6 else 1)
            elif tag == "li" and self.lists:
                count = self.lists[-1]
                self.bullet = "•" if count is None else f"{count}."
                if count is not None:
                    self.lists[-1] = count + 1
            elif tag == "blockquote":
                self.quotes += 1
            elif tag == "hr":
                self.line.append("---")
                self.flush()
            elif tag in _HEADINGS:
                self.level = _HEADINGS[tag]

    def _leave(self, element: HtmlElement) -> None:
        tag = element.tag
        if tag not in _BLOCKS:
            return
        self.flush()
        if tag in {"ul", "ol", "menu", "dl"} and self.lists:
            self.lists.pop()
        elif tag == "li":
            self.bullet = None
        elif tag == "blockquote":
            self.quotes -= 1
        elif tag in _HEADINGS:
            self.level = 0

    def _verbatim(self, element: HtmlElement) -> None:
        words = "".join(element.itertext()).strip("\r\n")
        if words.strip():
            self._put(words.splitlines())
        self.line.clear()

    def flush(self) -> None:
        words = _SPACE.sub(" ", "".join(self.line))
        self.line.clear()
        rows = [row.strip() for row in words.split("\0")]
        paragraphs: list[list[str]] = [[]]
        for row in rows:
            if row:
                paragraphs[-1].append(row)
            elif paragraphs[-1]:
                paragraphs.append([])
        for paragraph in paragraphs:
            if paragraph:
                self._put(paragraph)

    def _put(self, rows: list[str]) -> None:
        depth = min(len(self.lists), 20)
        quote = "> " * min(self.quotes, 10)
        first = later = "    " * depth
        if self.bullet is not None and depth:
            first = "    " * (depth - 1) + f"  {self.bullet} "
            self.bullet = None
        for number, row in enumerate(rows):
            lead = (first if number == 0 else later) + quote
            at = self.out.block(lead + row) if number == 0 else self.out.add(f"\n{lead}{row}") + 1
            if self.level and number == 0:
                self.out.headings[at + len(lead)] = self.level


def render(
    element: HtmlElement, into: Rendering | None = None, *, skip: Callable[[HtmlElement], bool] = lambda _: False
) -> Rendering:
    """The text of an element and what lies in it, but for the elements that `skip` names."""
    rendering = into if into is not None else Rendering()
    _Renderer(rendering, skip).element(element)
    return rendering


def parse_html(markup: str, source: str) -> HtmlElement:
    """The root element of a page or a fragment; `Rejected` where there is none."""
    try:
        parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
        root = html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise Rejected(source, f"is not HTML that can be read: {error}") from None
    return root


def text_of_html(markup: str, source: str) -> str:
    """The text of a fragment of HTML, such as a comment in a data file; empty where it shows none."""
    if not markup.strip():
        return ""
    if "<" not in markup and "&" not in markup:
        return markup.strip()
    return render(parse_html(f"<div>{markup}</div>", source)).text


def classes(element: HtmlElement) -> Collection[str]:
    return (element.get("class") or "").split()
