"""The parser: its attributes are spaCy's own, its offsets the text's, and long posts are parsed in pieces."""

from __future__ import annotations

from importlib import import_module

import pytest
import spacy
from tests.extract.pages import page, parsed

from kgraph.extract.parse import MODEL, model
from kgraph.extract.sentences import sentences

parsing = import_module("kgraph.extract.parse")  # its function of that name hides it in the package
TEXTS = (
    "I'm gonna say it: y'all should've known better, 'cause nothin' that they did was ever free.",
    "Let's go. There's a reason why the mills closed, and it isn't the one that the council gives; do you know it?",
    "He'd have had to do that himself.  \n\n Somethin' tells me it got better once they'd left.",
    "What she did to herself, she has done to him; to do so was hers. C'mon, gotta run!",
    "https://example.org/a ... :-) 3.14 % of $5 -- 'em, the '90s [sic]\t(see \"this\")",
)


@pytest.fixture(scope="module")
def plain():
    return spacy.load(MODEL)


@pytest.mark.parametrize("text", TEXTS)
def test_attributes_are_those_of_the_ruler_itself(plain, text):
    def seen(parse):
        return [(t.text, t.tag_, t.pos_, str(t.morph), t.lemma_, t.dep_, t.head.i, t.ent_type_) for t in parse]

    assert seen(model()(text)) == seen(plain(text))
    assert seen(model()(text)) == seen(plain(text)), "remembered, it is the same"


def test_a_long_post_is_parsed_in_pieces_and_keeps_its_offsets(monkeypatch):
    body = "The mill stood by the river. Nobody worked there any more.\n\n" * 12
    document = page(body, [("Ben", "I remember it well. " * 30)])
    whole = [sentence.text for post in parsed(document) for sentence in sentences(post)]
    monkeypatch.setattr(parsing, "_LONGEST", 100)
    posts = parsed(document)
    assert [post.parse.text for post in posts] == [post.text for post in posts]
    assert [sentence.text for post in posts for sentence in sentences(post)] == whole


def test_words_without_a_border_are_cut_where_they_must(monkeypatch):
    monkeypatch.setattr(parsing, "_LONGEST", 50)
    document = page("a" * 333)
    (post,) = parsed(document)
    assert post.parse.text == post.text


def test_a_run_of_marks_costs_no_more_than_a_word():
    document = page("Look: " + "_&(" * 20_000 + " and that was all.")
    (post,) = parsed(document)
    assert len(post.parse) < 20
    assert len(post.parse.text) == len(post.text)
