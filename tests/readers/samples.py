# ruff: noqa: E501  markup and data stand on the lines that programs write them on
"""One page in every form: the same article by Oda Field, with a comment by Bram and an answer to it by Cas Veen."""

from __future__ import annotations

import io
import json
import zipfile

TITLE = "Lanterns on the Hill"
ARTICLE = (
    "The village put lanterns along the footpath last winter, and nobody asked who would pay for the oil. I want to ask it now."
)
BRAM = "Oil is cheap. I have carried it up that hill for years, and I would do it again next winter without being asked."
CAS = "Not any more, Bram. It cost twice as much this spring, and the shop below the church has stopped selling it at all."

TEXT = f"""{TITLE}

by Oda Field

{ARTICLE}

  • Bram

    {BRAM}

  • Cas Veen

    {CAS}
"""

MARKDOWN = f"""---
title: {TITLE}
author: Oda Field
date: 2019-05-03
---

{ARTICLE}

## Comments

### Bram

{BRAM}

### Cas Veen

> Oil is cheap.

{CAS}
"""

HTML = f"""<!doctype html><html lang="en"><head><title>{TITLE} | The Hill Paper</title>
<meta property="og:site_name" content="The Hill Paper"><script>var comment = "none";</script></head>
<body><nav><a href="/">Home</a></nav><article class="post"><h1 class="entry-title">{TITLE}</h1>
<p class="byline">by <a rel="author" href="/oda">Oda Field</a> on <time datetime="2019-05-03T08:00:00Z">3 May</time></p>
<div class="entry-content"><p>{ARTICLE}</p></div></article>
<section id="comments"><h2>2 comments</h2><ol>
<li id="comment-7" class="comment depth-1"><div class="comment-author"><cite class="fn">Bram</cite> <span class="says">says:</span></div>
<div class="comment-meta"><a href="#comment-7">4 May 2019</a></div><div class="comment-content"><p>{BRAM}</p></div>
<div class="reply"><a>Reply</a></div>
<ol class="children"><li id="comment-8" class="comment depth-2"><div class="comment-author"><cite class="fn">Cas Veen</cite></div>
<div class="comment-content"><blockquote><p>Oil is cheap.</p></blockquote><p>{CAS}</p></div></li></ol></li>
</ol><form><textarea></textarea></form></section><footer>The Hill Paper</footer></body></html>"""

POSTS = [
    {"id": "a", "kind": "article", "author": "Oda Field", "content": f"<p>{ARTICLE}</p>", "created": "2019-05-03"},
    {"id": "b", "author": "Bram", "content": f"<p>{BRAM}</p>"},
    {"id": "c", "author": "Cas Veen", "content": CAS, "markup": "text", "reply_to": "b"},
]

JEKYLL = {
    "post.md": f"---\ntitle: {TITLE}\nauthor: Oda Field\n---\n\n{ARTICLE}\n",
    "comments/1.yml": f"id: x1\nname: Bram\ndate: 2019-05-04T10:00:00.0000000-07:00\nmessage: <p>{BRAM}</p>\n",
    "comments/2.yml": f"id: x2\nreplyToId: x1\nname: Cas Veen\ndate: 2019-05-05\nmessage: '{CAS}'\n",
}

WORDPRESS = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>The Hill Paper</title><language>en-GB</language>
<wp:author><wp:author_login>oda</wp:author_login><wp:author_display_name>Oda Field</wp:author_display_name></wp:author>
<item><title>{TITLE}</title><link>https://example.org/lanterns</link><dc:creator>oda</dc:creator>
<content:encoded><![CDATA[{ARTICLE}]]></content:encoded><wp:post_date_gmt>2019-05-03 08:00:00</wp:post_date_gmt>
<wp:status>publish</wp:status><wp:post_type>post</wp:post_type>
<wp:comment><wp:comment_id>1</wp:comment_id><wp:comment_author>Bram</wp:comment_author><wp:comment_approved>1</wp:comment_approved>
<wp:comment_content><![CDATA[{BRAM}]]></wp:comment_content><wp:comment_parent>0</wp:comment_parent></wp:comment>
<wp:comment><wp:comment_id>2</wp:comment_id><wp:comment_author>Cas Veen</wp:comment_author><wp:comment_approved>1</wp:comment_approved>
<wp:comment_content><![CDATA[{CAS}]]></wp:comment_content><wp:comment_parent>1</wp:comment_parent></wp:comment>
<wp:comment><wp:comment_id>3</wp:comment_id><wp:comment_author>Spam</wp:comment_author><wp:comment_approved>spam</wp:comment_approved>
<wp:comment_content>Buy oil.</wp:comment_content></wp:comment>
</item></channel></rss>"""

DISQUS = f"""<?xml version="1.0"?><disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">
<thread dsq:id="9"><link>https://example.org/lanterns</link><title>{TITLE}</title><message>{ARTICLE}</message>
<createdAt>2019-05-03T08:00:00Z</createdAt><author><name>Oda Field</name></author></thread>
<post dsq:id="1"><message><![CDATA[<p>{BRAM}</p>]]></message><createdAt>2019-05-04T08:00:00Z</createdAt><isDeleted>false</isDeleted>
<isSpam>false</isSpam><author><name>Bram</name></author><thread dsq:id="9"/></post>
<post dsq:id="2"><message><![CDATA[<p>{CAS}</p>]]></message><createdAt>2019-05-05T08:00:00Z</createdAt><isDeleted>false</isDeleted>
<isSpam>false</isSpam><author><name>Cas Veen</name></author><thread dsq:id="9"/><parent dsq:id="1"/></post>
<post dsq:id="3"><message>Buy oil.</message><isSpam>true</isSpam><author><name>Spam</name></author><thread dsq:id="9"/></post></disqus>"""

DISCOURSE = {
    "post_stream": {
        "posts": [
            {
                "id": 71,
                "name": "Oda Field",
                "username": "oda",
                "created_at": "2019-05-03T08:00:00.000Z",
                "cooked": f"<p>{ARTICLE}</p>",
                "post_number": 1,
            },
            {
                "id": 72,
                "name": "",
                "username": "Bram",
                "cooked": f"<p>{BRAM}</p>",
                "post_number": 2,
                "reply_to_post_number": None,
            },
            {
                "id": 73,
                "name": "Cas Veen",
                "username": "cas",
                "cooked": f"<p>{CAS}</p>",
                "post_number": 3,
                "reply_to_post_number": 2,
            },
        ]
    },
    "title": TITLE,
}

HACKER_NEWS = {
    "id": 1,
    "created_at": "2019-05-03T08:00:00.000Z",
    "created_at_i": 1556870400,
    "author": "Oda Field",
    "title": TITLE,
    "url": None,
    "text": f"<p>{ARTICLE}",
    "children": [
        {"id": 2, "author": "Bram", "text": BRAM, "children": [{"id": 3, "author": "Cas Veen", "text": CAS, "children": []}]},
        {"id": 4, "author": None, "text": None, "children": []},
    ],
}


def _reddit(kind: str, **data: object) -> dict[str, object]:
    return {"kind": kind, "data": data}


REDDIT = [
    _reddit(
        "Listing",
        children=[
            _reddit(
                "t3",
                name="t3_a",
                title=TITLE,
                author="Oda Field",
                selftext=ARTICLE,
                created_utc=1556870400.0,
                permalink="/r/hill/a",
            )
        ],
    ),
    _reddit(
        "Listing",
        children=[
            _reddit(
                "t1",
                name="t1_b",
                parent_id="t3_a",
                author="Bram",
                body=BRAM,
                replies=_reddit(
                    "Listing",
                    children=[
                        _reddit(
                            "t1", name="t1_c", parent_id="t1_b", author="Cas Veen", body=f"> Oil is cheap.\n\n{CAS}", replies=""
                        )
                    ],
                ),
            ),
            _reddit("more", children=["d"]),
        ],
    ),
]

FEED = f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0" xml:lang="en">
<title>The Hill Paper</title><author><name>Oda Field</name></author>
<entry><id>urn:a</id><title>{TITLE}</title><link href="https://example.org/lanterns"/><published>2019-05-03T08:00:00Z</published>
<content type="html">&lt;p&gt;{ARTICLE}&lt;/p&gt;</content></entry>
<entry><id>urn:b</id><title>Re</title><author><name>Bram</name></author><published>2019-05-04T08:00:00Z</published>
<thr:in-reply-to ref="urn:a"/><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>{BRAM}</p></div></content></entry>
<entry><id>urn:c</id><title>Re</title><author><name>Cas Veen</name></author><published>2019-05-05T08:00:00Z</published>
<thr:in-reply-to ref="urn:b"/><content type="text">{CAS}</content></entry></feed>"""

MBOX = f"""From oda@example.org Fri May  3 08:00:00 2019
From: Oda Field <oda@example.org>
Date: Fri, 3 May 2019 08:00:00 +0000
Subject: {TITLE}
Message-ID: <a@example.org>

{ARTICLE}

--
Oda
From bram@example.org Sat May  4 08:00:00 2019
From: Bram <bram@example.org>
Date: Sat, 4 May 2019 08:00:00 +0000
Subject: Re: {TITLE}
Message-ID: <b@example.org>
In-Reply-To: <a@example.org>

{BRAM}

From cas@example.org Sun May  5 08:00:00 2019
From: "Cas Veen" <cas@example.org>
Date: Sun, 5 May 2019 08:00:00 +0000
Subject: Re: {TITLE}
Message-ID: <c@example.org>
References: <a@example.org> <b@example.org>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

On Sat, 4 May 2019, Bram wrote:
> Oil is cheap.

{CAS}
"""


def _pdf(title: str, lines: list[str]) -> bytes:
    """A PDF of one page with these lines of Latin letters."""

    def literal(words: str) -> bytes:
        return b"(" + words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252") + b")"

    shown = b"BT /F1 10 Tf 40 800 Td 14 TL " + b" ".join(literal(line) + b" Tj T*" for line in lines) + b" ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 900 850] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Title %s /Author (Oda Field) >>" % literal(title),
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def _epub() -> bytes:
    container = '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="book/package.opf"/></rootfiles></container>'
    package = f"""<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
<dc:title>{TITLE}</dc:title><dc:creator>Oda Field</dc:creator><dc:language>en</dc:language></metadata>
<manifest><item id="one" href="one.xhtml"/><item id="two" href="two.xhtml"/></manifest>
<spine><itemref idref="one"/><itemref idref="two"/></spine></package>"""
    one = f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>One</title></head><body><p>{ARTICLE}</p></body></html>'
    two = f'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Bram says:</p><p>{BRAM}</p><p>Cas Veen says:</p><p>{CAS}</p></body></html>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in (
            ("mimetype", "application/epub+zip"),
            ("META-INF/container.xml", container),
            ("book/package.opf", package),
            ("book/one.xhtml", one),
            ("book/two.xhtml", two),
        ):
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


SAMPLES: dict[str, bytes] = {
    "text": TEXT.encode(),
    "markdown": MARKDOWN.encode(),
    "html": HTML.encode(),
    "thread": json.dumps({"title": TITLE, "posts": POSTS}).encode(),
    "jekyll": json.dumps(JEKYLL).encode(),
    "wordpress": WORDPRESS.encode(),
    "disqus": DISQUS.encode(),
    "discourse": json.dumps(DISCOURSE).encode(),
    "hackernews": json.dumps(HACKER_NEWS).encode(),
    "reddit": json.dumps(REDDIT).encode(),
    "feed": FEED.encode(),
    "mbox": MBOX.encode(),
    "pdf": _pdf(TITLE, [ARTICLE, "", "Bram says:", BRAM, "", "Cas Veen says:", CAS]),
    "epub": _epub(),
}
"""A source of each reader, by its name."""
