"""Threads in plain text: one page a layout, each written for its test, with the posts that a person would tell."""

from __future__ import annotations

import contextlib
import time
from textwrap import dedent

import pytest

from kgraph import readers
from kgraph.errors import Rejected
from kgraph.model.text import Document, PostKind, Source

LIMIT = 20_000_000

ESSAY = """\
    Lanterns on the Hill

    The village put lanterns along the footpath last winter, and nobody asked who would pay for the oil. I want to ask it now.

    A lantern that burns all night costs more than a bus ticket. It also keeps one old man from falling, which costs nothing.

"""


def read(text: str | bytes, *, name: str = "page.txt") -> Document:
    content = text.encode() if isinstance(text, str) else text
    return readers.read(Source("doc/page", name, "text/plain", content), max_bytes=LIMIT)


def page(thread: str) -> Document:
    return read(dedent(ESSAY) + dedent(thread))


def told(document: Document) -> list[tuple[str | None, str, str | None]]:
    """The comments: by whom, their first two words, and what they answer."""
    return [
        (
            post.byline.name if post.byline else None,
            " ".join(document.words(post.span).split()[:2]),
            post.reply_to and post.reply_to.rpartition("#")[2],
        )
        for post in document
        if post.kind is PostKind.COMMENT
    ]


def people(document: Document) -> list[str | None]:
    return [name for name, _, _ in told(document)]


def article(document: Document) -> str:
    post = document.article
    assert post is not None
    return document.words(post.span)


def test_bulleted_names_head_what_is_set_in_below() -> None:
    document = page("""\
          • Oda Field

            Oil is cheap. I have carried it up that hill for years.

            Ask me again in spring.

          • tinker_9

            Who asked you?
    """)
    assert told(document) == [("Oda Field", "Oil is", None), ("tinker_9", "Who asked", None)]
    assert article(document).startswith("The village")
    assert article(document).endswith("costs nothing.")
    assert document.title == "Lanterns on the Hill"
    assert document.words(document.posts[1].span).endswith("Ask me again in spring.")


def test_bullet_that_addresses_somebody_is_a_comment_without_a_heading() -> None:
    document = page("""\
          • Oda Field

            Oil is cheap and “good” oil is cheaper.

          • @Oda said: “Oil is cheap and “good” oil is cheaper.”

            It is not.

          • @ oda: thank you for carrying it.
    """)
    assert told(document) == [("Oda Field", "Oil is", None), (None, "@Oda said:", None), (None, "@ oda:", None)]
    assert [document.words(span) for span in document.posts[2].quoted] == ["Oil is cheap and “good” oil is cheaper."]


def test_bullet_with_a_name_and_no_body_is_pending() -> None:
    document = page("""\
          • Oda Field

            Oil is cheap.

          • Bram
    """)
    assert people(document) == ["Oda Field"]
    assert [byline.name for byline in document.pending] == ["Bram"]


@pytest.mark.parametrize("bullet", ["-", "*", "1.", "◦", "#1", "1)"])
def test_any_bullet_heads_a_comment(bullet: str) -> None:
    second = bullet.replace("1", "2")
    document = page(f"""\
        {bullet} Oda Field
            Oil is cheap. I have carried it up.
        {second} Bram
            Not any more, it is not.
    """)
    assert told(document) == [("Oda Field", "Oil is", None), ("Bram", "Not any", None)]


def test_numbered_names_over_bodies_that_are_not_set_in_head_comments() -> None:
    document = page("""\
        1. Oda Field

        Oil is cheap. I have carried it up.

        2. Bram

        Not any more, it is not.

        In no shop that I know.
    """)
    assert told(document) == [("Oda Field", "Oil is", None), ("Bram", "Not any", None)]


def test_deeper_bullets_with_bodies_answer_the_shallower() -> None:
    document = page("""\
        * Oda Field

            Oil is cheap.

            * Bram

                Not any more.

                - Oda Field

                    Since when?

        * Cas

            I like the dark.
    """)
    assert told(document) == [
        ("Oda Field", "Oil is", None),
        ("Bram", "Not any", "p1"),
        ("Oda Field", "Since when?", "p2"),
        ("Cas", "I like", None),
    ]


def test_a_list_inside_a_comment_is_no_thread() -> None:
    document = page("""\
          • Oda Field

            What I carry:

              - oil
              - wicks
              - a small stool

            and that is all.

          • Bram

            Not matches?
    """)
    assert told(document) == [("Oda Field", "What I", None), ("Bram", "Not matches?", None)]
    assert document.words(document.posts[1].span).endswith("and that is all.")


@pytest.mark.parametrize(
    "thread",
    [
        "Three things burn:\n\n  - oil\n  - wax\n  - gas\n\nAll three are dear, and the last is dangerous near a barn.\n",
        "Three things burn:\n\n* Oil\n* Wax\n* Gas\n",
        "1. Oil is dear.\n2. Wax is dearer.\n3. Gas is not for us.\n",
        "  • Oil: it is dear, and smells.\n  • Wax: it is dearer.\n  • Gas: not near the barn.\n",
        "Pros: light.\n\nCons: oil, smoke, and the moths that come to both.\n",
        "- Oil is what we burned when I was small, and it left\n  a black mark over every door.\n- Wax came later.\n",
        "As Oda Field wrote:\n\n“Oil is cheap.”\n\nShe was right about that, and about very little else in that long year.\n",
        "Updated: 3 May 2019\n",
    ],
)
def test_a_list_or_a_quotation_in_an_essay_is_no_thread(thread: str) -> None:
    document = read(dedent(ESSAY) + thread)
    assert people(document) == []
    assert article(document).endswith(thread.strip())


def test_rules_with_a_name_and_a_date_head_comments() -> None:
    document = page("""\
        --- Oda Field wrote on 3 May 2019 ---
        Oil is cheap.

        I know it.
        --- Bram wrote on 2019-05-04 10:12 ---
        Not any more.
    """)
    assert told(document) == [("Oda Field", "Oil is", None), ("Bram", "Not any", None)]
    assert [post.created for post in document.posts[1:]] == ["2019-05-03", "2019-05-04T10:12:00"]


@pytest.mark.parametrize(
    "heading", ["{} says:", "{} said…", "{} wrote:", "**{}** replied:", "{} said...", "Comment by {}", "[{}]"]
)
def test_name_and_verb_head_comments(heading: str) -> None:
    first, second = heading.format("Oda Field"), heading.format("quiet bram")
    document = page(f"{first}\n\nOil is cheap.\n\nI know it.\n\n{second}\n\nNot any more.\n")
    assert told(document) == [("Oda Field", "Oil is", None), ("quiet bram", "Not any", None)]


@pytest.mark.parametrize(
    ("heading", "created"),
    [
        ("{} — 3 May 2019", "2019-05-03"),
        ("{} (May 3, 2019 at 10:12 pm):", "2019-05-03T22:12:00"),
        ("{} | 2019-05-03T10:12:00Z", "2019-05-03T10:12:00Z"),
        ("{} · 3 hours ago", None),
        ("{} on May 3rd, 2019 said:", "2019-05-03"),
        ("{}, 13/05/2019", "2019-05-13"),
        ("{}\n3 May 2019 at 22:12", "2019-05-03T22:12:00"),
        ("{} says:\nMay 3, 2019 at 10:12 pm", "2019-05-03T22:12:00"),
        ("Posted by {} on 3 May 2019", "2019-05-03"),
        ("2019-05-03 {}:", "2019-05-03"),
        ("On 3 May 2019, {} wrote:", "2019-05-03"),
        ("=== {} (03/04/2019) ===", None),
    ],
)
def test_name_and_date_head_comments(heading: str, created: str | None) -> None:
    first, second = heading.format("Oda Field"), heading.format("bram_77")
    document = page(f"{first}\n\nOil is cheap.\n\nI know it.\n\n{second}\n\nNot any more.\n")
    assert told(document) == [("Oda Field", "Oil is", None), ("bram_77", "Not any", None)]
    assert [post.created for post in document.posts[1:]] == [created, created]
    assert article(document).endswith("costs nothing.")


def test_indentation_of_headings_nests() -> None:
    document = page("""\
        Oda Field says:
        Oil is cheap.

          Bram says:
          Not any more.

            Oda Field says:
            Since when?

          Cas says:
          Since spring.

        Dirk says:
        I like the dark.
    """)
    assert [reply for _, _, reply in told(document)] == [None, "p1", "p2", "p1", None]


def test_names_over_set_in_bodies_head_comments() -> None:
    document = page("""\
        Oda Field

            Oil is cheap.

            Bram

                Not any more.

        Cas

            I like the dark.
    """)
    assert told(document) == [("Oda Field", "Oil is", None), ("Bram", "Not any", "p1"), ("Cas", "I like", None)]


def test_recurring_names_with_colons_are_a_thread() -> None:
    document = page("""\
        Oda:
        Oil is cheap.

        Bram:
        Not any more.

        Oda:
        Since when?
    """)
    assert people(document) == ["Oda", "Bram", "Oda"]


def test_mail_attribution_heads_a_post_that_quotes_the_page() -> None:
    document = page("""\
        On 3 May 2019, Oda Field wrote:
        > A lantern that burns all night costs more than a bus ticket.

        Not with my oil.

        On 4 May 2019, Bram wrote:
        > Not with my oil.

        With any oil.
    """)
    assert told(document) == [("Oda Field", "> A", None), ("Bram", "> Not", None)]
    assert [document.words(span) for span in document.posts[2].quoted] == ["> Not with my oil."]


def test_mail_attribution_of_words_from_elsewhere_stays_in_its_post() -> None:
    document = page("""\
        I answer a letter here.

        On 3 May 2019, Oda Field wrote:
        > I would have them lit at dusk and put out when the inn closes.

        That seems right to me.
    """)
    assert people(document) == []
    assert article(document).endswith("That seems right to me.")
    assert len(document.posts[0].quoted) == 1


def test_in_reply_to_names_the_comment_that_is_answered() -> None:
    document = page("""\
        --- Oda Field wrote on 3 May 2019 ---
        Oil is cheap.
        --- Cas wrote on 3 May 2019 ---
        I like the dark.
        --- Bram (in reply to Oda Field) wrote on 4 May 2019 ---
        Not any more.
        --- Dirk wrote on 5 May 2019 in reply to Bram ---
        It is.
    """)
    assert told(document) == [
        ("Oda Field", "Oil is", None),
        ("Cas", "I like", None),
        ("Bram", "Not any", "p1"),
        ("Dirk", "It is.", "p3"),
    ]


def test_forms_may_be_mixed() -> None:
    document = page("""\
        3 comments

        --- Oda Field wrote on 3 May 2019 ---
        Oil is cheap.

          • Bram

            Not any more.

        --- Cas wrote on 4 May 2019 ---
        I like the dark.

          • Dirk

            Nobody else does.
    """)
    assert told(document) == [
        ("Oda Field", "Oil is", None),
        ("Bram", "Not any", "p1"),
        ("Cas", "I like", None),
        ("Dirk", "Nobody else", "p3"),
    ]
    assert article(document).endswith("costs nothing.")


def test_buttons_below_comments_are_left_out() -> None:
    document = page("""\
        Oda Field says:
        Oil is cheap.
        Reply

        Bram says:
        Not any more.
        Reply

        Cas says:
        I like the dark.
        Reply

        Leave a comment
    """)
    assert [document.words(post.span) for post in document.posts[1:]] == ["Oil is cheap.", "Not any more.", "I like the dark."]


@pytest.mark.parametrize(
    ("top", "site", "title", "author", "created"),
    [
        ("The Hill Paper\n\nLanterns\n\nby Oda Field\n\n", "The Hill Paper", "Lanterns", "Oda Field", None),
        ("The Hill Paper\nLanterns\nBy Oda Field, 3 May 2019\n\n", "The Hill Paper", "Lanterns", "Oda Field", "2019-05-03"),
        ("Lanterns\n\nPosted by Oda Field on The Hill Paper\n\n", "The Hill Paper", "Lanterns", "Oda Field", None),
        ("Lanterns\n========\n\n3 May 2019\n\n", None, "Lanterns", None, "2019-05-03"),
        ("Who lights the lanterns?\n\n", None, "Who lights the lanterns?", None, None),
        ("Lanterns\n\nThe Hill Paper | by Oda Field | 2019-05-03\n\n", "The Hill Paper", "Lanterns", "Oda Field", "2019-05-03"),
    ],
)
def test_top_of_the_page_is_not_the_article(
    top: str, site: str | None, title: str, author: str | None, created: str | None
) -> None:
    body = "The village put lanterns along the footpath last winter, and nobody asked who would pay.\n\nI ask it now.\n"
    document = read(top + body)
    assert (document.site, document.title) == (site, title)
    assert article(document) == body.strip()
    assert (document.posts[0].byline and document.posts[0].byline.name, document.posts[0].created) == (author, created)


def test_text_without_a_thread_is_an_article() -> None:
    document = read("just some words")
    assert (document.title, article(document)) == (None, "just some words")


def test_line_ends_stay_as_they_are() -> None:
    text = dedent(ESSAY).replace("\n", "\r\n") + "  • Oda\r\n\r\n    Oil.\r\n\r\n    Cheap.\r\n"
    document = read(text)
    assert document.text == text
    assert document.words(document.posts[1].span) == "Oil.\r\n\r\n    Cheap."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "cp1251", "shift_jis"])
def test_encodings_are_told_apart(encoding: str) -> None:
    words = {
        "cp1251": "Фонари на холме горели всю ночь, и никто не спрашивал, сколько стоит масло. ",
        "shift_jis": "丘の上の灯りは一晩中燃えていましたが、誰も油の値段を尋ねませんでした。",
    }
    text = words.get(encoding, "The café’s lanterns — “all of them” — burned the whole night, naïve as that was. ") * 12
    assert read(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n\t\r\n ",
        b"\0\0\0\0",
        b"\x89PNG\r\n\x1a\n\0\0\0",
        b"PK\x03\x04\0\0",
        bytes(range(256)) * 40,
        b"\xff\xfe\xd8\x00\xd8",
        b"\x01\x02\x03" * 90,
    ],
)
def test_what_is_no_text_is_rejected(content: bytes) -> None:
    with pytest.raises(Rejected):
        read(content)


def test_too_large_a_source_is_rejected_unread() -> None:
    with pytest.raises(Rejected, match="more than 10 bytes"):
        readers.read(Source("doc/x", "x.txt", "text/plain", b"\xff" * 11), max_bytes=10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "\n",
        "a\n",
        "- a\n",
        "  • Name\n\n    body of it\n\n",
        "> " * 40 + "\n",
        "Name says:\n",
        "On 3 May 2019, Name wrote:\n> words of it all\n",
        "--- a ---\n",
        "a ",
        "1",
        " ",
        "@a said: “",
        "[a] b\n",
        "-",
        "May 1 ",
        "(" * 50 + "\n",
        "A b c d: e f, 3 May\n\n",
        "• @x: y\n",
        "A prose line of some eighty characters, as most pages have them, 2 of them or 3.\n",
    ],
)
def test_time_grows_with_length(unit: str) -> None:
    started = time.process_time()
    with contextlib.suppress(Rejected):
        read(unit * (400_000 // len(unit)))
    assert time.process_time() - started < 10
