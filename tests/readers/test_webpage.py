# ruff: noqa: E501  markup stands on the lines that sites write it on
"""Web pages in the markup of the sites that people argue on, each page written for its test."""

from __future__ import annotations

import json

import pytest

from kgraph import readers
from kgraph.errors import Rejected
from kgraph.model.text import Document, Source

ARTICLE = "The village put lanterns along the footpath last winter, and nobody asked who would pay for the oil. I ask it now."


def read(markup: str, encoding: str = "utf-8") -> Document:
    return readers.read(Source("doc/page", "page.html", "text/html", markup.encode(encoding)), max_bytes=5_000_000)


def told(document: Document) -> list[tuple[str, str | None, str, str | None]]:
    return [
        (
            post.kind.value,
            post.byline.name if post.byline else None,
            document.words(post.span),
            post.reply_to and post.reply_to[-2:],
        )
        for post in document
    ]


THREE = [
    ("article", "Oda Field", ARTICLE, None),
    ("comment", "Bram", "Oil is cheap.", None),
    ("comment", "Cas Veen", "Not any more.", "p1"),
]


def test_microdata() -> None:
    document = read(f"""<article itemscope itemtype="http://schema.org/BlogPosting"><h1 itemprop="headline">Lanterns</h1>
        <span itemprop="author" itemscope itemtype="http://schema.org/Person"><span itemprop="name">Oda Field</span></span>
        <div itemprop="articleBody"><p>{ARTICLE}</p></div>
        <div itemprop="comment" itemscope itemtype="http://schema.org/Comment"><span itemprop="author">Bram</span>
        <time itemprop="dateCreated" datetime="2019-05-04">then</time><div itemprop="text">Oil is cheap.</div>
        <div itemprop="comment" itemscope itemtype="http://schema.org/Comment"><span itemprop="author">Cas Veen</span>
        <div itemprop="text">Not any more.</div></div></div></article>""")
    assert told(document) == THREE
    assert document.posts[1].created == "2019-05-04"


def test_microformats() -> None:
    document = read(f"""<div class="h-entry"><h1 class="p-name">Lanterns</h1><a class="p-author h-card" href="/oda">Oda Field</a>
        <div class="e-content"><p>{ARTICLE}</p></div>
        <div class="u-comment h-cite" id="b"><a class="p-author h-card">Bram</a><p class="p-content">Oil is cheap.</p>
        <div class="u-comment h-cite"><a class="p-author h-card">Cas Veen</a><p class="p-content">Not any more.</p></div></div></div>""")
    assert told(document) == THREE


def test_json_ld() -> None:
    data = {
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "author": {"@type": "Person", "name": "Oda Field"},
        "comment": [
            {
                "@type": "Comment",
                "author": {"name": "Bram"},
                "text": "Oil is cheap.",
                "comment": {"author": "Cas Veen", "text": "Not any more."},
            }
        ],
    }
    document = read(f"""<html><head><script type="application/ld+json">{json.dumps(data)}</script></head>
        <body><main><h1>Lanterns</h1><p>{ARTICLE}</p></main></body></html>""")
    assert told(document) == THREE


def test_hacker_news() -> None:
    def row(id: int, indent: int, name: str, words: str) -> str:
        return f"""<tr class="athing comtr" id="{id}"><td><table><tr><td class="ind" indent="{indent}"><img src="s.gif" width="{indent * 40}"></td>
            <td class="default"><div><span class="comhead"><a class="hnuser" href="user?id={name}">{name}</a>
            <span class="age" title="2019-05-04T10:00:00 1556964000"><a>on May 4</a></span><span class="navs">| parent</span></span></div>
            <div class="comment"><div class="commtext c00">{words}</div><div class="reply"><a>reply</a></div></div></td></tr></table></td></tr>"""

    document = read(f"""<html><body><table><tr><td><table class="fatitem"><tr class="athing"><td><span class="titleline"><a href="x">Lanterns</a>
        </span></td></tr><tr><td><a class="hnuser">Oda Field</a></td></tr><tr><td><div class="toptext">{ARTICLE}</div></td></tr></table>
        <table class="comment-tree">{row(1, 0, "Bram", "Oil is cheap.")}{row(2, 1, "Cas Veen", "Not any more.")}{row(3, 0, "Dirk", "I like the dark.")}
        </table></td></tr></table></body></html>""")
    assert told(document) == [*THREE, ("comment", "Dirk", "I like the dark.", None)]
    assert document.posts[1].created == "2019-05-04T10:00:00"
    assert document.title == "Lanterns"


def test_old_reddit() -> None:
    def thing(id: str, name: str, words: str, child: str = "") -> str:
        return f"""<div class="thing id-t1_{id} comment" data-fullname="t1_{id}"><div class="entry unvoted"><p class="tagline">
            <a class="author" href="/u/{name}">{name}</a> <span class="score">3 points</span> <time datetime="2019-05-04T10:00:00+00:00">then</time></p>
            <div class="usertext-body"><div class="md"><p>{words}</p></div></div><ul class="flat-list buttons"><li>permalink</li></ul></div>
            <div class="child">{child}</div></div>"""

    inner = thing("c", "Cas Veen", "Not any more.")
    document = read(f"""<html><body><div class="thing link"><p class="title"><a>Lanterns</a></p><p class="tagline">by <a class="author">Oda Field</a></p>
        <div class="expando"><div class="usertext-body"><div class="md"><p>{ARTICLE}</p></div></div></div></div>
        <div class="commentarea"><div class="sitetable">{thing("b", "Bram", "Oil is cheap.", inner)}</div></div></body></html>""")
    assert told(document) == THREE


def test_new_reddit() -> None:
    document = read(f"""<html><body><shreddit-post post-title="Lanterns" author="Oda Field"><h1>Lanterns</h1><a class="author-name">Oda Field</a>
        <div slot="text-body"><p>{ARTICLE}</p></div></shreddit-post>
        <shreddit-comment author="Bram" thingid="t1_b" depth="0"><div slot="comment"><p>Oil is cheap.</p></div>
        <shreddit-comment author="Cas Veen" thingid="t1_c" parentid="t1_b" depth="1"><div slot="comment"><p>Not any more.</p></div>
        </shreddit-comment></shreddit-comment></body></html>""")
    assert told(document) == THREE


def test_forum_topic_opens_with_an_article() -> None:
    def post(number: int, name: str, words: str) -> str:
        return f"""<div class="topic-post" id="post_{number}"><div class="names"><span class="username">{name}</span></div>
            <div class="cooked"><p>{words}</p></div></div>"""

    document = read(f"""<html><body><h1>Lanterns</h1>{post(1, "Oda Field", ARTICLE)}{post(2, "Bram", "Oil is cheap.")}
        {post(3, "Cas Veen", '</p><aside class="quote"><blockquote><p>Oil is cheap.</p></blockquote></aside><p>Not any more.')}</body></html>""")
    assert [post[:2] for post in told(document)] == [("article", "Oda Field"), ("comment", "Bram"), ("comment", "Cas Veen")]
    assert [document.words(span) for span in document.posts[2].quoted] == ["> Oil is cheap."]


def test_comments_in_a_flat_list_nest_by_the_depth_they_state() -> None:
    def item(number: int, depth: int, name: str) -> str:
        return f"""<div class="comment depth-{depth}" id="comment-{number}"><b class="author">{name}</b>: <div class="body">Words of {name}.</div></div>"""

    document = read(f"""<html><body><article><h1>Lanterns</h1><p>{ARTICLE}</p></article>
        {item(1, 1, "Bram")}{item(2, 2, "Cas")}{item(3, 3, "Dirk")}{item(4, 2, "Eva")}{item(5, 1, "Fen")}</body></html>""")
    assert [(name, reply) for _, name, _, reply in told(document)[1:]] == [
        ("Bram", None),
        ("Cas", "p1"),
        ("Dirk", "p2"),
        ("Eva", "p1"),
        ("Fen", None),
    ]


def test_page_without_comments_is_an_article() -> None:
    document = read(f"""<html lang="en-GB"><head><title>Lanterns - The Hill Paper</title><meta property="og:site_name" content="The Hill Paper">
        <meta name="author" content="Oda Field"><link rel="canonical" href="https://example.org/lanterns"></head>
        <body><nav>Home</nav><main><h2>Why oil</h2><p>{ARTICLE}</p><ul><li>oil</li><li>wax</li></ul><pre>a  b\n c</pre></main>
        <footer>Imprint</footer></body></html>""")
    assert told(document) == [("article", "Oda Field", f"Why oil\n\n{ARTICLE}\n\n  • oil\n\n  • wax\n\na  b\n c", None)]
    assert (document.title, document.site, document.url, document.language) == (
        "Lanterns",
        "The Hill Paper",
        "https://example.org/lanterns",
        "en",
    )


def test_thread_in_paragraphs_is_read_by_its_layout() -> None:
    document = read(f"""<html><body><div class="post-content"><p>{ARTICLE}</p><p>Bram says:</p><p>Oil is cheap.</p><p>Cas Veen says:</p>
        <p>Not any more.</p></div></body></html>""")
    assert [(name, words) for _, name, words, _ in told(document)[1:]] == [
        ("Bram", "Oil is cheap."),
        ("Cas Veen", "Not any more."),
    ]


def test_encoding_that_a_page_names_is_believed() -> None:
    document = read(
        f'<html><head><meta charset="iso-8859-1"></head><body><main><p>Café. {ARTICLE}</p></main></body></html>', "cp1252"
    )
    assert "Café" in document.text


@pytest.mark.parametrize("markup", ["<html></html>", "<html><body><script>var x = 1</script></body></html>", "<!doctype html>"])
def test_page_that_shows_nothing_is_rejected(markup: str) -> None:
    with pytest.raises(Rejected):
        read(markup)
