"""Web pages: an article and its comments, told by the vocabularies that pages carry and by the names of their parts.

Comments are looked for as elements: schema.org microdata, microformats (`hentry`, `h-entry`, `h-cite`), the markup of
WordPress, Discourse, Hacker News and Reddit, and any elements that are named as comments and name their authors. A page without
them may hold its comments in JSON-LD, or be laid out like plain text. What is left is an article.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from kgraph.errors import Rejected
from kgraph.model.text import Document, PostKind, Source
from kgraph.readers.base import decode, of_layout
from kgraph.readers.headings import credit, is_name, parse
from kgraph.readers.layout import read_layout
from kgraph.readers.rendering import Rendering, classes, parse_html, render
from kgraph.readers.thread import Entry, Thread, compose, string

_ITEM_TYPE = re.compile(r"/(?:Comment|UserComments|Answer)\Z")
_ITEM_CLASS = re.compile(
    r"(?:(?:wp|blog|user|post|article|forum|thread)[-_]?)?(?:comment|reply|response|answer|message|topic-post|comtr)"
    r"(?:[-_]{0,2}(?:item|entry|container|wrap(?:per)?|box|block|single|row|node|list[-_]item|\d+))?\Z",
    re.IGNORECASE,
)
_ITEM_ID = re.compile(r"(?:li-|div-)?(?:comment|reply|answer|msg|message|post|c|p)[-_]?\d+\Z", re.IGNORECASE)
_BODY_CLASS = re.compile(
    r"(?:.*[-_])?(?:content|contents|text|body|bodytext|message|copy|md|commtext|cooked|html|richtext|main|e-content|p-content)\Z",
    re.IGNORECASE,
)
_AUTHOR_CLASS = re.compile(
    r"(?:.*[-_])?(?:fn|author|authorname|user|username|userid|hnuser|poster|commenter|nick|nickname|name|p-author|h-card|creator|byline|by)\Z",
    re.IGNORECASE,
)
_EXACT_AUTHOR = frozenset({"fn", "p-name", "username", "hnuser", "author-name", "nickname", "p-author", "authorname", "name"})
_DATE_CLASS = re.compile(
    r"(?:.*[-_])?(?:date|time|age|published|timestamp|datetime|posted|when|dt-published|permalink)\Z", re.IGNORECASE
)
_BUTTON_CLASS = re.compile(
    r"(?:.*[-_])?(?:reply|replylink|actions?|buttons?|controls?|share|sharing|toolbar|votes?|meta|metadata|avatar|permalink|flag|edit|navs?"
    r"|says|date|time|age|author|vcard|sharedaddy|likes?|score|footer|head|header)\Z",
    re.IGNORECASE,
)
_DEPTH_CLASS = re.compile(r"(?:depth|level|indent|lvl)[-_]?(\d{1,3})\Z", re.IGNORECASE)
_MARGIN = re.compile(r"(?:margin|padding)-left\s*:\s*(\d{1,5})")
_PARENT = ("parentid", "data-parent-id", "data-parent", "data-reply-to", "data-parentid", "data-in-reply-to")
_ARTICLE = (
    ".//*[@itemprop='articleBody']",
    ".//*[contains(concat(' ', @class, ' '), ' e-content ')]",
    ".//*[contains(concat(' ', @class, ' '), ' entry-content ')]",
    ".//*[contains(concat(' ', @class, ' '), ' post-content ') or contains(concat(' ', @class, ' '), ' post-body ')"
    " or contains(concat(' ', @class, ' '), ' article-body ') or contains(concat(' ', @class, ' '), ' article-content ')"
    " or contains(concat(' ', @class, ' '), ' blog-post ')]",
    ".//*[contains(concat(' ', @class, ' '), ' toptext ')]",
    ".//*[@slot='text-body']",
    ".//*[contains(concat(' ', @class, ' '), ' expando ')]",
    ".//article",
    ".//*[@role='main']",
    ".//main",
)
_TITLES = frozenset({"h1", "h2", "title"})
_SHELL = frozenset({"header", "footer", "aside", "nav", "form"})
_OUTSIDE = re.compile(
    r"(?:.*[-_])?(?:sidebar|nav|navbar|menu|footer|breadcrumbs?|related|share|sharing|widget|cookie|banner|comments?|respond)\Z",
    re.I,
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,30})", re.IGNORECASE)
_TEI = {
    "head": "h2",
    "list": "ul",
    "item": "li",
    "quote": "blockquote",
    "lb": "br",
    "row": "tr",
    "cell": "td",
    "code": "pre",
    "ref": "a",
}


@dataclass(slots=True)
class _Item:
    """An element that holds one comment; `parent` the item it lies in."""

    element: HtmlElement
    parent: _Item | None
    author: str | None = None
    url: str | None = None
    wraps: _Item | None = None
    """The comment that this element is only the outer box of."""


class _Page:
    """One page, and of each element the item that it belongs to."""

    def __init__(self, root: HtmlElement) -> None:
        self.root = root
        self.of: dict[HtmlElement, _Item | None] = {}
        self.elements: frozenset[HtmlElement] = frozenset()
        self._parts: dict[HtmlElement, list[HtmlElement]] = {}
        self._items = self._divide(frozenset(filter(_is_item, root.iter(etree.Element))))

    def _divide(self, elements: frozenset[HtmlElement]) -> list[_Item]:
        """Makes these elements the items of the page, each with what lies in it and in none deeper."""
        items: list[_Item] = []
        self.of.clear()
        self._parts.clear()
        for element in self.root.iter(etree.Element):
            above = element.getparent()
            belongs = self.of.get(above) if above is not None else None
            if element in elements:
                belongs = _Item(element, belongs)
                items.append(belongs)
            self.of[element] = belongs
            if belongs is not None:
                self._parts.setdefault(belongs.element, []).append(element)
        self.elements = elements
        for item in items:
            item.author, item.url = _author(self.own(item))
        return items

    def own(self, item: _Item) -> list[HtmlElement]:
        """The elements of an item that belong to none deeper."""
        return self._parts[item.element]

    def comments(self) -> list[_Item]:
        """The items that are comments: those that name an author, and their like. A box around one stands for it."""
        alike = {_likeness(item.element) for item in self._items if item.author is not None}
        boxes = {id(item.parent) for item in self._items if item.author is not None}
        # What else is named like a comment is a part of one: its words, its buttons.
        kept = frozenset(
            item.element
            for item in self._items
            if item.author is not None or id(item) in boxes or _likeness(item.element) in alike
        )
        if len(kept) < len(self._items):
            self._items = self._divide(kept)
        for item in reversed(self._items):
            if item.author is not None and item.parent is not None and item.parent.author is None:
                item.parent.wraps = item
        return [item for item in self._items if item.wraps is None]

    @staticmethod
    def parent(item: _Item) -> _Item | None:
        """The comment that an item lies in, through the boxes around both."""
        above = item.parent
        while above is not None:
            comment = above
            while comment.wraps is not None:
                comment = comment.wraps
            if comment is not item and comment.author is not None:
                return comment
            above = above.parent
        return None


def _is_item(element: HtmlElement) -> bool:
    if element.tag in {
        "form",
        "input",
        "textarea",
        "a",
        "span",
        "h1",
        "h2",
        "h3",
        "h4",
        "label",
        "button",
        "body",
        "html",
        "img",
        "time",
    }:
        return False
    if element.get("itemscope") is not None and (
        "comment" in (element.get("itemprop") or "").split() or _ITEM_TYPE.search(element.get("itemtype") or "")
    ):
        return True
    if element.tag == "shreddit-comment":
        return True
    names = classes(element)
    if "h-cite" in names and ("p-comment" in names or "u-comment" in names):
        return True
    return any(map(_ITEM_CLASS.match, names)) or _ITEM_ID.match(element.get("id") or "") is not None


def _likeness(element: HtmlElement) -> tuple[str, str]:
    return str(element.tag), " ".join(sorted(name for name in classes(element) if not any(map(str.isdigit, name))))


def _words(element: HtmlElement) -> str:
    return " ".join("".join(element.itertext()).split())


def _author(elements: Iterable[HtmlElement]) -> tuple[str | None, str | None]:
    """The first author that these elements name, the parts named more exactly coming first, with a link."""
    loose: tuple[str, str | None] | None = None
    for element in elements:
        if element.tag == "shreddit-comment" and element.get("author"):
            return element.get("author"), None
        names = classes(element)
        prop = (element.get("itemprop") or "").split()
        if element.tag in _TITLES or ("p-name" in names and not _is_author(element.getparent())):
            continue
        exact = (
            bool(_EXACT_AUTHOR.intersection(names))
            or ("name" in prop and _is_author(element.getparent()))
            or "author" in (element.get("rel") or "").split()
        )
        if not (
            exact
            or "author" in prop
            or "creator" in prop
            or any(map(_AUTHOR_CLASS.match, names))
            or (element.tag == "cite" and loose is None)
        ):
            continue
        name = element.get("content") if element.tag == "meta" else _name(_words(element))
        if not name:
            continue
        link = element if element.tag == "a" else element.find(".//a[@href]")
        found = name, (link.get("href") if link is not None else None)
        if exact:
            return found
        loose = loose or found
    return loose if loose is not None else (None, None)


def _is_author(element: HtmlElement | None) -> bool:
    return element is not None and (
        "author" in (element.get("itemprop") or "")
        or "Person" in (element.get("itemtype") or "")
        or not {"p-author", "h-card", "vcard"}.isdisjoint(classes(element))
    )


def _name(words: str) -> str | None:
    """The name in a heading's words, which may also say when and that somebody `says`."""
    if not words or len(words) > 200:
        return None
    head = parse(words)
    if head is not None and head.body is None:
        return head.name
    credited = credit(words)
    if credited is not None and credited.name:
        return credited.name
    return words if len(words) <= 60 and (is_name(words) or len(words.split()) < 6) else None


def _created(elements: Iterable[HtmlElement]) -> str | None:
    loose: str | None = None
    for element in elements:
        if element.tag == "time" and element.get("datetime"):
            return str(element.get("datetime"))
        prop = element.get("itemprop") or ""
        if prop in {"dateCreated", "datePublished", "commentTime"}:
            return str(element.get("datetime") or element.get("content") or _words(element))
        if loose is None and any(map(_DATE_CLASS.match, classes(element))):
            loose = element.get("datetime") or element.get("title") or _words(element)[:80] or None
            # Hacker News: an ISO date and a number of seconds in one attribute.
            loose = loose.split(" ")[0] if loose and re.match(r"\d{4}-\d\d-\d\dT\S+ \d+\Z", loose) else loose
    return loose


def _body(page: _Page, item: _Item) -> str:
    """The words of a comment: of the part named as its body, else all of it but its heading and buttons."""
    skip = page.elements
    best = ""
    for element in page.own(item):
        if element is item.element:
            continue
        prop = (element.get("itemprop") or "").split()
        if element.get("slot") == "comment" or "text" in prop or "commentText" in prop:
            return render(element, skip=lambda inner: inner in skip).text.strip()
        if any(map(_BODY_CLASS.match, classes(element))):
            words = render(element, skip=lambda inner: inner in skip or _is_button(inner)).text.strip()
            if len(words) > len(best):
                best = words
    if best:
        return best
    return render(item.element, skip=lambda inner: inner in skip or _is_button(inner) or _is_heading_part(inner)).text.strip()


def _is_button(element: HtmlElement) -> bool:
    if element.tag in {"button", "form", "footer", "header"}:
        return True
    return any(map(_BUTTON_CLASS.match, classes(element))) and len(_words(element)) < 120


def _is_heading_part(element: HtmlElement) -> bool:
    names = classes(element)
    return (
        any(map(_AUTHOR_CLASS.match, names))
        or any(map(_DATE_CLASS.match, names))
        or element.tag in {"time", "cite"}
        or "author" in (element.get("itemprop") or "")
    ) and len(_words(element)) < 120


def _depth(page: _Page, item: _Item) -> int | None:
    """How deep a comment stands in a flat list, where the page says."""
    for element in [item.element, *page.own(item)[:12]]:
        for attribute in ("depth", "data-depth", "data-level", "indent", "data-indent"):
            value = element.get(attribute) or ""
            if value.isdigit():
                return int(value)
        for name in classes(element):
            found = _DEPTH_CLASS.match(name)
            if found is not None:
                return int(found[1])
        if element.tag == "img" and "ind" in classes(element.getparent()) and (element.get("width") or "").isdigit():
            return int(element.get("width", "0")) // 40
    margin = _MARGIN.search(item.element.get("style") or "")
    return int(margin[1]) if margin is not None else None


def _entries(page: _Page, comments: list[_Item]) -> list[Entry]:
    entries: list[Entry] = []
    stack: list[tuple[int, str]] = []
    numbers = {id(item): f"#{number}" for number, item in enumerate(comments)}
    by_id: dict[str, str] = {}
    for item in comments:
        for key in ("id", "thingid", "data-id", "data-comment-id", "data-post-id", "data-fullname"):
            value = item.element.get(key)
            if value:
                by_id.setdefault(value, numbers[id(item)])
                by_id.setdefault(value.rpartition("-")[2], numbers[id(item)])
    for item in comments:
        above = page.parent(item)
        parent = numbers.get(id(above)) if above is not None else None
        if parent is None:
            named = next((item.element.get(key) for key in _PARENT if item.element.get(key)), None)
            parent = by_id.get(named.lstrip("#")) if named else None
        depth = _depth(page, item)
        if parent is None and depth is not None:
            while stack and stack[-1][0] >= depth:
                stack.pop()
            parent = stack[-1][1] if stack else None
        if depth is not None:
            stack.append((depth, numbers[id(item)]))
        entries.append(
            Entry(
                content=_body(page, item),
                markup="text",
                id=numbers[id(item)],
                author=item.author,
                author_url=item.url,
                created=_created(page.own(item)),
                reply_to=parent,
            )
        )
    return entries


def _outside(page: _Page, element: HtmlElement) -> bool:
    """Whether an element of an article is not the article's words: a comment, a heading of the page, a box beside."""
    return (
        element in page.elements or element.tag in _SHELL or any(map(_OUTSIDE.match, classes(element))) or _is_button(element)
    )


def _article(page: _Page) -> Rendering:
    """The article's words; none where the page marks no article."""
    for path in _ARTICLE:
        for element in page.root.xpath(path):
            if page.of.get(element) is not None:
                continue
            rendering = render(element, skip=lambda inner: _outside(page, inner))
            if rendering.text.strip():
                return rendering
    return Rendering()


def _main_text(page: _Page, markup: str) -> Rendering:
    """The article of a page that marks none, by the density of its words."""
    # Imported where it is needed, for it takes longer to import than most pages to read.
    from trafilatura import bare_extraction  # noqa: PLC0415

    found = bare_extraction(markup, include_comments=False, favor_recall=True, include_formatting=False)
    body = getattr(found, "body", None)
    if body is not None and "".join(body.itertext()).strip():
        for element in body.iter(etree.Element):
            element.tag = _TEI.get(element.tag, element.tag)
        return render(body)
    return render(page.root, skip=lambda inner: _outside(page, inner))


def _meta(root: HtmlElement, *names: str) -> str | None:
    for name in names:
        for element in root.xpath(".//meta[@property=$name or @name=$name]", name=name):
            if (element.get("content") or "").strip():
                return " ".join((element.get("content") or "").split())
    return None


def _title(page: _Page, site: str | None) -> str | None:
    for path in (
        ".//*[@itemprop='headline']",
        ".//*[contains(concat(' ', @class, ' '), ' entry-title ') or contains(concat(' ', @class, ' '), ' p-name ')]",
        ".//*[contains(concat(' ', @class, ' '), ' titleline ')]//a",
        ".//h1",
    ):
        for element in page.root.xpath(path):
            words = element.get("content") or _words(element)
            if words and page.of.get(element) is None:
                return words
    title = _meta(page.root, "og:title", "twitter:title")
    if title is None:
        element = page.root.find(".//title")
        title = _words(element) if element is not None else None
    if title and site:
        for bar in (" | ", " - ", " – ", " — ", " : ", " · "):
            title = title.removesuffix(f"{bar}{site}")
    return title or None


def _json_ld(root: HtmlElement) -> Iterator[Mapping[str, Any]]:
    """The objects of a page's JSON-LD, outer ones first."""
    for script in root.iter("script"):
        if "ld+json" not in (script.get("type") or ""):
            continue
        try:
            stack: list[Any] = [json.loads(script.text or "")]
        except (ValueError, RecursionError):
            continue
        while stack:
            value = stack.pop()
            if isinstance(value, list):
                stack.extend(reversed(value))
            elif isinstance(value, dict):
                yield value
                stack.extend(
                    value[key]
                    for key in ("@graph", "mainEntity", "mainEntityOfPage")
                    if isinstance(value.get(key), list | dict)
                )


def _named_in(value: object) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("name")
    return string(value)


def _comments_in(value: Mapping[str, Any]) -> list[Entry]:
    """The comments that a JSON-LD object holds, those that answer another within it."""
    entries: list[Entry] = []
    stack: list[tuple[object, str | None]] = [(value.get("comment") or value.get("suggestedAnswer"), None)]
    while stack:
        held, parent = stack.pop()
        comments = held if isinstance(held, list) else [held]
        for comment in comments:
            if not isinstance(comment, dict) or not isinstance(comment.get("text"), str):
                continue
            number = f"#{len(entries)}"
            entries.append(
                Entry(
                    content=comment["text"],
                    id=number,
                    author=_named_in(comment.get("author")),
                    created=string(comment.get("dateCreated") or comment.get("datePublished")),
                    reply_to=parent,
                )
            )
            if comment.get("comment"):
                stack.append((comment["comment"], number))
    return entries


@dataclass(frozen=True, slots=True)
class WebPageReader:
    name: str = "html"
    media_types: tuple[str, ...] = ("text/html", "application/xhtml+xml")
    endings: tuple[str, ...] = (".html", ".htm", ".xhtml")
    reads: str = "articles with comments: schema.org, microformats, WordPress, Discourse, Hacker News, Reddit, others alike"

    def recognises(self, head: bytes) -> bool:
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:300].lower()
        return start.startswith((b"<!doctype html", b"<html")) or (
            start.startswith((b"<?xml", b"<!--")) and b"<html" in head.lower()
        )

    def read(self, source: Source) -> Document:
        declared = _CHARSET.search(source.content[:4096])
        markup = decode(source, declared=declared[1].decode("ascii") if declared else None)
        root = parse_html(markup, source.name)
        data = list(_json_ld(root))
        page = _Page(root)
        site = _meta(root, "og:site_name", "application-name")
        known = {
            "site": site,
            "title": _title(page, site),
            "url": source.url or _url(root),
            "language": (root.get("lang") or "").partition("-")[0].lower() or None,
        }
        comments = page.comments()
        entries = _entries(page, comments)
        if not entries:
            entries = next((found for value in data if (found := _comments_in(value))), [])
        article = _article(page)
        if not article.text.strip() and not (comments and _opens_thread(comments[0])):
            article = _main_text(page, markup)
        if not entries:
            return self._laid_out(source, known, article, page, data)
        if article.text.strip():
            author, url = self._credit(page, data)
            words = _without_title(article.text, known["title"])
            created = _created(part for part in page.of if page.of[part] is None)
            entries.insert(
                0, Entry(content=words, markup="text", author=author, author_url=url, created=created, kind=PostKind.ARTICLE)
            )
        elif _opens_thread(comments[0]) if comments else False:
            entries[0] = replace(entries[0], kind=PostKind.ARTICLE)
        return compose(source, Thread(entries=tuple(entries), **known))

    @staticmethod
    def _credit(page: _Page, data: list[Mapping[str, Any]]) -> tuple[str | None, str | None]:
        """Who wrote the article, by its markup, the page's data or its head."""
        author, url = _author(element for element, item in page.of.items() if item is None and element.tag != "cite")
        if author is None:
            author = next((name for value in data if (name := _named_in(value.get("author")))), None)
        return author or _meta(page.root, "author", "article:author", "dc.creator"), url

    def _laid_out(
        self, source: Source, known: Mapping[str, str | None], article: Rendering, page: _Page, data: list[Mapping[str, Any]]
    ) -> Document:
        """A page with no marked comments: an article, or a thread laid out as in plain text."""
        words = article.text
        if not words.strip():
            raise Rejected(source.name, "shows no text")
        layout = read_layout(words, headings=article.headings)
        if len(layout.posts) > 1:
            document = of_layout(source, words, layout)
            return replace(
                document, title=known["title"] or document.title, site=known["site"] or document.site, url=known["url"]
            )
        author, url = self._credit(page, data)
        entry = Entry(
            content=_without_title(words, known["title"]),
            markup="text",
            author=author,
            author_url=url,
            created=_created(part for part in page.of if page.of[part] is None),
            kind=PostKind.ARTICLE,
        )
        return compose(source, Thread(entries=(entry,), **known))


def _opens_thread(item: _Item) -> bool:
    """Whether a first item is the post that opened a forum's thread rather than a comment on something else."""
    return "topic-post" in classes(item.element) or (item.element.get("id") or "").startswith("post")


def _without_title(words: str, title: str | None) -> str:
    words = words.strip()
    first, _, rest = words.partition("\n")
    return rest.strip() if title and " ".join(first.split()) == title and rest.strip() else words


def _url(root: HtmlElement) -> str | None:
    for element in root.xpath(".//link[@rel='canonical']"):
        if (element.get("href") or "").startswith(("http://", "https://")):
            return str(element.get("href"))
    url = _meta(root, "og:url")
    return url if url and url.startswith(("http://", "https://")) else None


reader = WebPageReader()
