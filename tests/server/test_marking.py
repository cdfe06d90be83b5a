"""Marks in a text, whatever they overlap: the tags nest, and each stretch lies in exactly the marks that cover it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kgraph.server.marking import DEEPEST, Close, Mark, Open, Text, tokens

TEXTS = st.text(max_size=40)
MARKS = st.lists(st.tuples(st.integers(-3, 45), st.integers(-3, 45), st.integers(0, 3)), max_size=DEEPEST)


def marked(ranges):
    return [Mark(start, end, rank, number) for number, (start, end, rank) in enumerate(ranges)]


@given(TEXTS, MARKS)
def test_the_text_stays_as_it_is(text, ranges):
    assert "".join(token.words for token in tokens(text, marked(ranges)) if isinstance(token, Text)) == text


@given(TEXTS, MARKS)
def test_tags_nest_and_each_stretch_lies_in_what_covers_it(text, ranges):
    marks = marked(ranges)
    stack: list[int] = []
    begun: list[int] = []
    ended: list[int] = []
    at = 0
    for token in tokens(text, marks):
        if isinstance(token, Open):
            stack.append(token.of)
            begun += [token.of] if token.first else []
        elif isinstance(token, Close):
            assert stack.pop() == token.of
            ended += [token.of] if token.last else []
        else:
            for place in range(at, at + len(token.words)):
                assert sorted(stack) == [mark.of for mark in marks if max(0, mark.start) <= place < mark.end]
            at += len(token.words)
    assert not stack
    shown = [mark.of for mark in marks if max(0, mark.start) < min(len(text), mark.end)]
    assert sorted(begun) == sorted(ended) == shown


def test_marks_that_cross_are_opened_again():
    found = list(tokens("abcdef", [Mark(0, 4, 0, "a"), Mark(2, 6, 1, "b")]))
    assert found == [
        *(Open("a", True), Text("ab"), Open("b", True), Text("cd"), Close("b", False), Close("a", True)),
        *(Open("b", False), Text("ef"), Close("b", True)),
    ]


def test_no_stretch_lies_in_more_marks_than_help_anybody():
    depth = deepest = 0
    for token in tokens("x" * 500, [Mark(n, 500 - n, n % 4, n) for n in range(200)]):
        depth += isinstance(token, Open) - isinstance(token, Close)
        deepest = max(deepest, depth)
    assert deepest == DEEPEST
