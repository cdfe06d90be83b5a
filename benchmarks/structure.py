# ruff: noqa: E501  markup stands on the lines that programs write it on
"""How well posts, their authors and the answers among them are told from a page's layout.

    python benchmarks/structure.py FOLDER [--share 0.1] [--seed 1] [--misses N]

FOLDER holds threads that data files tell apart (a post and `comments/*.yml` a folder). A random share of them is rendered into
layouts of plain text and of HTML, read back, and compared:

- borders: F1 over the posts' exact stretches (in HTML, over their words in order)
- authors: the share of posts whose stretch was found and whose author is right
- answers: of the recorded edges, the share recovered, where the layout carries them

Last, every article of the folder is read without its comments, and those counted in which a thread is seen all the same.
"""

from __future__ import annotations

import argparse
import html
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from kgraph import readers
from kgraph.errors import Rejected
from kgraph.model.text import Document, Post, Source

LIMIT = 50_000_000


@dataclass
class Page:
    """A rendered page: where each post's body stands in it."""

    text: str = ""
    spans: list[tuple[int, int]] = field(default_factory=list)

    def add(self, words: str) -> None:
        self.text += words

    def body(self, words: str, lead: str = "") -> None:
        lines = words.split("\n")
        rendered = "\n".join((lead + line).rstrip() if line else "" for line in lines)
        start = len(self.text) + len(rendered) - len(rendered.lstrip())
        self.text += rendered
        self.spans.append((start, len(self.text)))


Render = Callable[[Document, Page], None]


def name_of(post: Post) -> str:
    return post.byline.name if post.byline else "Anonymous"


def depths(document: Document) -> dict[str, int]:
    found: dict[str, int] = {}
    for post in document:
        found[post.id] = found.get(post.reply_to or "", -1) + 1 if post.reply_to else 0
    return found


def in_tree_order(document: Document) -> Iterator[Post]:
    """Comments with their answers right after them."""
    below: dict[str | None, list[Post]] = {}
    for post in document.posts[1:]:
        below.setdefault(post.reply_to, []).append(post)
    stack = list(reversed(below.get(None, [])))
    while stack:
        post = stack.pop()
        yield post
        stack.extend(reversed(below.get(post.id, [])))


def top(document: Document, page: Page) -> None:
    page.add(f"The Site\n\n{document.title}\n\nby Some Writer\n\n")
    page.body(document.words(document.posts[0].span))
    page.add("\n\n")


def date_of(post: Post) -> str:
    return (post.created or "2010-01-01")[:10]


def bulleted(document: Document, page: Page) -> None:
    top(document, page)
    for post in document.posts[1:]:
        page.add(f"  • {name_of(post)}\n\n")
        page.body(document.words(post.span), "    ")
        page.add("\n\n")


def bulleted_nested(document: Document, page: Page) -> None:
    top(document, page)
    depth = depths(document)
    for post in in_tree_order(document):
        lead = "    " * depth[post.id]
        page.add(f"{lead}* {name_of(post)} ({date_of(post)})\n\n")
        page.body(document.words(post.span), lead + "  ")
        page.add("\n\n")


def fenced(document: Document, page: Page) -> None:
    top(document, page)
    names = {post.id: name_of(post) for post in document}
    for post in document.posts[1:]:
        answer = f" in reply to {names[post.reply_to]}" if post.reply_to else ""
        page.add(f"--- {name_of(post)} wrote on {date_of(post)}{answer} ---\n\n")
        page.body(document.words(post.span))
        page.add("\n\n")


def says_nested(document: Document, page: Page) -> None:
    top(document, page)
    depth = depths(document)
    for post in in_tree_order(document):
        lead = "  " * depth[post.id]
        page.add(f"{lead}{name_of(post)} says:\n")
        page.body(document.words(post.span), lead)
        page.add("\n\n")


def dated(document: Document, page: Page) -> None:
    top(document, page)
    for post in document.posts[1:]:
        page.add(f"{name_of(post)} — {date_of(post)}\n\n")
        page.body(document.words(post.span))
        page.add("\n\n")


def mail(document: Document, page: Page) -> None:
    top(document, page)
    words = {post.id: document.words(post.span) for post in document}
    for post in document.posts[1:]:
        page.add(f"On {date_of(post)}, {name_of(post)} wrote:\n\n")
        quote = "".join(f"> {line}\n" for line in words[post.reply_to].split("\n")[:1]) + "\n" if post.reply_to else ""
        page.body(quote + document.words(post.span))
        page.add("\n\n")


def numbered(document: Document, page: Page) -> None:
    top(document, page)
    page.add(f"{len(document.posts) - 1} comments\n\n")
    for number, post in enumerate(document.posts[1:], 1):
        page.add(f"{number}. {name_of(post)}\n\n")
        page.body(document.words(post.span))
        page.add("\n\n")


def set_in(document: Document, page: Page) -> None:
    top(document, page)
    depth = depths(document)
    for post in in_tree_order(document):
        lead = "    " * depth[post.id]
        page.add(f"{lead}{name_of(post)}\n\n")
        page.body(document.words(post.span), lead + "    ")
        page.add("\n\n")


def paragraphs(words: str) -> str:
    return "".join(f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>" for part in words.split("\n\n"))


def html_wordpress(document: Document, page: Page) -> None:
    page.add(f"<!doctype html><html><head><title>{html.escape(document.title or '')}</title></head><body><nav>Home About</nav>")
    page.add(f"<article class='post hentry'><h1 class='entry-title'>{html.escape(document.title or '')}</h1>")
    page.add("<span class='author vcard'><a class='url fn n' href='/about'>Some Writer</a></span><div class='entry-content'>")
    page.add(paragraphs(document.words(document.posts[0].span)))
    page.add("</div></article><div id='comments'><h2>Comments</h2><ol class='comment-list'>")
    _html_tree(
        document,
        page,
        lambda post: (
            f"<li id='comment-{post.id.rpartition('#')[2]}' class='comment'><article class='comment-body'><footer><div class='comment-author vcard'>"
            f"<b class='fn'>{html.escape(name_of(post))}</b> <span class='says'>says:</span></div><div class='comment-metadata'>"
            f"<time datetime='{post.created or ''}'>then</time></div></footer><div class='comment-content'>"
            f"{paragraphs(document.words(post.span))}</div><div class='reply'><a>Reply</a></div></article>"
        ),
        ("<ol class='children'>", "</ol>", "</li>"),
    )
    page.add("</ol><form><textarea></textarea></form></div><footer>The Site</footer></body></html>")


def html_microdata(document: Document, page: Page) -> None:
    page.add("<html><body><article itemscope itemtype='https://schema.org/BlogPosting'>")
    page.add(f"<h1 itemprop='headline'>{html.escape(document.title or '')}</h1><span itemprop='author'>Some Writer</span>")
    page.add(f"<div itemprop='articleBody'>{paragraphs(document.words(document.posts[0].span))}</div>")
    _html_tree(
        document,
        page,
        lambda post: (
            "<div itemprop='comment' itemscope itemtype='https://schema.org/Comment'>"
            f"<span itemprop='author' itemscope itemtype='https://schema.org/Person'><span itemprop='name'>{html.escape(name_of(post))}</span></span>"
            f"<div itemprop='text'>{paragraphs(document.words(post.span))}</div>"
        ),
        ("<section>", "</section>", "</div>"),
    )
    page.add("</article></body></html>")


def html_plain(document: Document, page: Page) -> None:
    """A home-made page: no vocabulary, classes as somebody would choose them."""
    page.add(
        f"<html><body><h1>{html.escape(document.title or '')}</h1><div class='text'>{paragraphs(document.words(document.posts[0].span))}</div>"
    )
    page.add("<div class='comments'>")
    _html_tree(
        document,
        page,
        lambda post: (
            f"<div class='comment'><div class='comment-head'><span class='user'>{html.escape(name_of(post))}</span> <span class='date'>"
            f"{date_of(post)}</span></div><div class='comment-text'>{paragraphs(document.words(post.span))}</div>"
        ),
        ("<div class='replies'>", "</div>", "</div>"),
    )
    page.add("</div></body></html>")


def _html_tree(document: Document, page: Page, head: Callable[[Post], str], around: tuple[str, str, str]) -> None:
    below: dict[str | None, list[Post]] = {}
    for post in document.posts[1:]:
        below.setdefault(post.reply_to, []).append(post)

    def put(post: Post) -> None:
        page.add(head(post))
        if post.id in below:
            page.add(around[0])
            for answer in below[post.id]:
                put(answer)
            page.add(around[1])
        page.add(around[2])

    for post in below.get(None, []):
        put(post)


LAYOUTS: dict[str, tuple[Render, str, bool]] = {
    "bulleted": (bulleted, "text/plain", False),
    "bulleted, nested": (bulleted_nested, "text/plain", True),
    "rules": (fenced, "text/plain", True),
    "says, nested": (says_nested, "text/plain", True),
    "dated": (dated, "text/plain", False),
    "mail": (mail, "text/plain", False),
    "numbered": (numbered, "text/plain", False),
    "set in, nested": (set_in, "text/plain", True),
    "html: WordPress": (html_wordpress, "text/html", True),
    "html: microdata": (html_microdata, "text/html", True),
    "html: home-made": (html_plain, "text/html", True),
}


@dataclass
class Tally:
    """Counts over all pages of a layout."""

    wanted: int = 0
    found: int = 0
    right: int = 0
    authors: int = 0
    edges: int = 0
    recovered: int = 0

    def figures(self, carries_edges: bool) -> tuple[str, str, str]:
        borders = 2 * self.right / (self.wanted + self.found)
        edges = f"{self.recovered / self.edges:.3f}" if carries_edges and self.edges else "–"
        return f"{borders:.3f}", f"{self.authors / self.right if self.right else 0:.3f}", edges


def order_of(name: str, document: Document) -> list[Post]:
    nested = "nested" in name or name.startswith("html")
    return [document.posts[0], *(in_tree_order(document) if nested else document.posts[1:])]


def compare(name: str, truth: Document, page: Page, read: Document, tally: Tally) -> bool:
    """Adds one page to the tally; whether all its posts were found."""
    wanted = order_of(name, truth)
    pairs: list[tuple[Post, Post]] = []
    if name.startswith("html"):
        a = ["".join(truth.words(post.span).split()) for post in wanted]
        b = ["".join(read.words(post.span).split()) for post in read]
        for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks():
            pairs += [(wanted[block.a + k], read.posts[block.b + k]) for k in range(block.size)]
    else:
        at = {(post.span.start, post.span.end): post for post in read}
        pairs = [(post, at[span]) for post, span in zip(wanted, page.spans, strict=True) if span in at]
    found = {post.id: other.id for post, other in pairs}
    parents = {other.id: other.reply_to for _, other in pairs}
    tally.wanted += len(wanted)
    tally.found += len(read.posts)
    tally.right += len(pairs)
    tally.authors += sum(
        other.byline is not None and other.byline.name == " ".join(name_of(post).split())
        for post, other in pairs
        if post is not truth.posts[0]
    ) + sum(post is truth.posts[0] for post, _ in pairs)
    edges = [post for post in wanted if post.reply_to]
    tally.edges += len(edges)
    tally.recovered += sum(
        post.id in found and parents[found[post.id]] == found.get(post.reply_to or "", "?") for post in edges
    )
    return len(pairs) == len(wanted) == len(read.posts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--misses", type=int, default=0, help="name so many pages that were not read back whole")
    options = parser.parse_args()
    every = list(readers.sources([options.folder]))
    chosen = random.Random(options.seed).sample(every, max(1, round(options.share * len(every))))
    truths = [document for source in chosen if len((document := readers.read(source, max_bytes=LIMIT)).posts) > 1]
    print(f"{len(truths)} threads, {sum(len(document.posts) for document in truths)} posts, seed {options.seed}\n")
    print(f"{'layout':18} {'borders':>8} {'authors':>8} {'answers':>8}")
    for name, (render, media_type, carries_edges) in LAYOUTS.items():
        tally = Tally()
        missed: list[str] = []
        for truth in truths:
            page = Page()
            render(truth, page)
            content = page.text.encode()
            try:
                read = readers.read(Source(truth.id, truth.id, media_type, content), max_bytes=LIMIT)
            except Rejected as refused:
                missed.append(str(refused))
                tally.wanted += len(truth.posts)
                continue
            if not compare(name, truth, page, read, tally):
                missed.append(truth.id)
        print(
            f"{name:18} "
            + " ".join(f"{figure:>8}" for figure in tally.figures(carries_edges))
            + f"   {len(missed)} pages not whole"
        )
        if options.misses:
            print("   ", ", ".join(missed[: options.misses]))
    seen = [document for document in map(articles_alone, every) if len(document.posts) > 1]
    print(f"\na thread is seen in {len(seen)} of {len(every)} articles without one")
    return 0


def articles_alone(source: Source) -> Document:
    truth = readers.read(source, max_bytes=LIMIT)
    page = Page()
    top(truth, page)
    return readers.read(Source(truth.id, truth.id, "text/plain", page.text.encode()), max_bytes=LIMIT)


if __name__ == "__main__":
    sys.exit(main())
