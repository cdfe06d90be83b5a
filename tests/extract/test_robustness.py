"""Whatever comes in, a document passes, is quarantined or is rejected, with every passage the very words of the text."""

from __future__ import annotations

import re
import time
from importlib import import_module

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rdflib import Graph, Literal

from kgraph import iris
from kgraph.errors import Quarantined, Rejected
from kgraph.model.text import Source
from kgraph.pipeline import Passed, Pipeline
from kgraph.vocab import OA

MEDIA_TYPES = ("text/plain", "text/markdown", "text/html")
NAMES = ("Ada Marsh", "Ben", "o'dell_2", "Dr. J. Quill", "李", "@", "the", "I", "Zoë Årsgård-Lind", "ＡＢＣ", "x" * 90)
SAYINGS = (
    "I disagree. Wikipedia isn't free of error, but it's the best that we have!",
    "According to Ada, trains will be cheaper; \u201cthey never were\u201d, she said.",
    "Don't get me wrong\u2026 but you should read it again? Ada's The Long Platform is a good book.",
    "> Trains will be cheaper\n> than planes.\n\nWho says so??",
    "@Ben said: \"it's dead\" and he was right, wasn't he",
    "Thanks!!1 http://example.org/?q=[a](b)#c see www.example.org/. a@b.org",
    "1) one\n2) two\n\n\t* three  \r\n--\r\nBen",
    "\u2028\u200b\ufeffÀ l'époque\u0301, c'était \U0001f600\u200d\U0001f525 — \u202eleft\u202c.",
    'if (a && b) { return c["d"]; } // `code`\n<b>bold</b> &amp; &#0; &nbsp;',
    "It. It is. It is what they said that you said that I said it is not.",
    "",
    " ",
)
LAYOUTS = (
    "  \u2022 {name}\n\n    {words}\n\n",
    "{name} says:\n{words}\n\n",
    "--- {name} wrote on 3 May 2011 at 10:04 ---\n{words}\n",
    "On 3 May 2011, {name} wrote:\n> {words}\n\n{words}\n",
    '@{name} said: "{words}"\n',
    "## {name}\n\n{words}\n\n",
    '<div class="comment" id="c1"><span class="author">{name}</span><p>{words}</p></div>\n',
    "{words}\n",
)
words = st.one_of(st.sampled_from(SAYINGS), st.text(max_size=60))
posts = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=20)), words), max_size=5)


@st.composite
def pages(draw: st.DrawFn) -> str:
    layout = st.sampled_from(LAYOUTS) if draw(st.booleans()) else st.just(draw(st.sampled_from(LAYOUTS)))
    head = draw(st.sampled_from(("", "A Page\nby Ada Marsh\n\n", "# Trains\n\n", "<html><body><article><h1>Trains</h1>")))
    body = "".join(draw(layout).format(name=name, words=said) for name, said in draw(posts))
    page = head + draw(words) + "\n\n" + body
    return page[: draw(st.integers(0, len(page)))] if draw(st.booleans()) else page


def check(pipeline: Pipeline, content: bytes, media_type: str) -> None:
    """A page passes with true passages, or is refused; anything else that is raised fails the test."""
    source = Source(iris.document("fuzzed"), "fuzzed", media_type, content)
    try:
        passed = pipeline(source)
    except (Rejected, Quarantined):
        return
    assert_passages_are_of(passed, pipeline.read(source).text)


def assert_passages_are_of(passed: Passed, text: str) -> None:
    graph = Graph()
    graph.parse(data=re.sub(rb" <[^ <>]*> \.\n", b" .\n", passed.quads), format="nt")
    seen = 0
    for passage, selector in graph.subject_objects(OA.hasSelector):
        exact = graph.value(selector, OA.exact)
        if not isinstance(exact, Literal):
            continue
        (at,) = (one for one in graph.objects(passage, OA.hasSelector) if (one, OA.start, None) in graph)
        start, end = (int(str(graph.value(at, place))) for place in (OA.start, OA.end))
        assert text[start:end] == str(exact)
        seen += 1
    assert seen >= passed.posts


FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@FEW
@given(page=pages(), media_type=st.sampled_from(MEDIA_TYPES))
@example(page="A Page\n\n  \u2022 Ben\n\n    \U0001f600\n\n  \u2022 Ben\n\n    .\n", media_type="text/plain")
@example(page="\ud800 lone", media_type="text/plain")
def test_every_thread_ends_as_a_graph_or_a_refusal(pipeline, page, media_type):
    check(pipeline, page.encode("utf-8", "surrogatepass"), media_type)


@FEW
@given(content=st.binary(max_size=200), media_type=st.sampled_from(MEDIA_TYPES))
def test_every_run_of_bytes_ends_as_a_graph_or_a_refusal(pipeline, content, media_type):
    check(pipeline, content, media_type)


@FEW
@given(page=pages(), at=st.integers(0, 400), garbage=st.binary(min_size=1, max_size=8))
def test_a_page_with_broken_bytes_ends_as_a_graph_or_a_refusal(pipeline, page, at, garbage):
    content = page.encode("utf-8", "surrogatepass")
    check(pipeline, content[:at] + garbage + content[at:], "text/plain")


@pytest.mark.parametrize(
    "unit",
    ["A", "Aa", "aB", "Ab ", "Ab, ", "a. ", "- ", "\u2022 ", "> ", "\n", '" ', "(", "@a ", "I ", "'s ", "<a ", "&", "_", "1. "],
)
def test_monotonous_pages_take_no_longer_than_others(pipeline, unit):
    page = "A Page\n\nBen says:\n" + unit * (6_000 // len(unit)) + "\n\nAda says:\nWell.\n"
    started = time.process_time()
    check(pipeline, page.encode(), "text/plain")
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "module",
    [
        "mentions",
        "wording",
        "known_names",
        "naming",
        "address",
        "thread",
        "claims",
        "stance",
        "kinds",
        "attribution",
        "sentences",
        "quotations",
    ],
)
def test_no_pattern_backtracks_for_ever(module):
    patterns = [value for value in vars(import_module(f"kgraph.extract.{module}")).values() if isinstance(value, re.Pattern)]
    texts = [
        f"{before}{unit * 200}{after}"
        for unit in ("A", "Aa", "aB", "Ab ", "a ", ". ", "-", "'s ", " ", "\n")
        for before in ("", "The ", '"')
        for after in ("", "\x01")
    ]
    for pattern in patterns:
        for text in texts:
            started = time.process_time()
            for _ in pattern.finditer(text):
                pass
            assert time.process_time() - started < 1, (pattern.pattern, text[:12])
