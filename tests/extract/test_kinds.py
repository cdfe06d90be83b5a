"""What kind a claim is of, how sure of it the model is, and that its weights are those of the sentences shipped beside it."""

from __future__ import annotations

import csv
import hashlib
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgraph.extract.kinds import kind_features, kind_model, kind_of
from kgraph.extract.parse import model
from kgraph.extract.sentences import Sentence, sentences
from kgraph.model.annotations import ClaimKind, Judgement

from .pages import page, parsed

SENTENCES = Path(__file__).parents[2] / "tools" / "kinds" / "sentences.tsv"

EXAMPLES = {
    ClaimKind.FACTUAL: [
        "The lighthouse was automated in 1988 and its last keeper moved to the mainland.",
        "The co-op has three hundred members and two paid clerks.",
        "According to the harbour office, the pier is inspected twice a year.",
        "There are four springs on the north slope.",
    ],
    ClaimKind.CAUSAL: [
        "The orchard failed because the frost came in May.",
        "Loud music leads to hearing loss.",
        "The leak was caused by a worn gasket.",
    ],
    ClaimKind.EVALUATIVE: [
        "Her second album is far better than the first.",
        "I think the new uniforms are hideous.",
        "Excellent point.",
        "I totally disagree with the reviewer.",
        "It's a shame that nobody kept the drawings.",
    ],
    ClaimKind.NORMATIVE: [
        "The town should buy the meadow before somebody else does.",
        "Don't paint over the old lettering.",
        "We need to talk about the cost of the roof.",
        "Wash the lentils twice and throw away the ones that float.",
    ],
    ClaimKind.PREDICTIVE: [
        "The ferry will be gone within ten years.",
        "They are going to lose their best carpenters.",
        "Sooner or later the wall is going to fall down.",
    ],
    ClaimKind.DEFINITIONAL: [
        "A dory is a flat-bottomed boat with high sides.",
        "In our dialect the word refers to a narrow valley.",
        "Thrift and greed are not the same thing.",
    ],
    ClaimKind.TESTIMONY: [
        "I spent two summers mending nets on that quay.",
        "My neighbour and I built our shed from old doors.",
        "When I opened the parcel, both of the cups were broken.",
        "We've been cycling to the market since March.",
    ],
}


def only_sentence(text: str) -> Sentence:
    (sentence,) = sentences(parsed(page(text, by="Vera Lind"))[0])
    return sentence


def rows() -> list[list[str]]:
    return list(csv.reader(SENTENCES.read_text("utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in EXAMPLES.items() for text in texts])
def test_a_plain_sentence_of_each_kind_is_told(kind: ClaimKind, text: str) -> None:
    assert kind_of(only_sentence(text))[0] is kind


def test_examples_are_no_sentences_that_the_model_has_seen() -> None:
    seen = {text for _, text in rows()}
    assert not seen & {text for texts in EXAMPLES.values() for text in texts}


def test_the_judgement_names_the_model_and_says_how_likely() -> None:
    _, judgement = kind_of(only_sentence("The town should buy the meadow."))
    assert judgement.rule == f"model:kinds@{kind_model().version}"
    assert 1 / len(ClaimKind) <= judgement.confidence <= 1.0


def test_an_unclear_sentence_is_judged_with_less_confidence_than_a_clear_one() -> None:
    clear = kind_of(only_sentence("You should never eat the green ones."))[1]
    unclear = kind_of(only_sentence("There it stands, the old thing, with its door open to the sea."))[1]
    assert unclear.confidence < clear.confidence


def test_curly_and_straight_apostrophes_make_no_difference() -> None:
    straight, curly = (
        only_sentence("I've never owned a boat, and I don't miss it."),
        only_sentence("I’ve never owned a boat, and I don’t miss it."),
    )
    assert kind_of(straight) == kind_of(curly)


def test_the_kind_does_not_hang_on_the_subject_of_the_text() -> None:
    boats, bread = only_sentence("The boat is a joy."), only_sentence("The bread is a joy.")
    assert kind_features(boats.tokens) == kind_features(bread.tokens)


def test_the_weights_are_those_of_the_sentences_shipped_beside_them() -> None:
    assert kind_model().trained_on == hashlib.sha256(SENTENCES.read_bytes()).hexdigest(), "run tools/kinds/train.py"


def test_the_sentences_are_labelled_once_each_with_a_known_kind() -> None:
    counts = Counter(text for _, text in rows())
    assert not [text for text, count in counts.items() if count > 1]
    assert {kind for kind, _ in rows()} == {str(kind) for kind in ClaimKind}


def test_the_weights_tell_most_of_the_sentences_they_were_trained_on() -> None:
    some = rows()[::20]
    weights = kind_model()
    right = sum(
        weights.judge(kind_features(parse[:]))[0] == kind
        for parse, (kind, _) in zip(model().pipe([t for _, t in some]), some, strict=True)
    )
    assert right / len(some) > 0.85


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1, max_size=200).filter(str.strip))
def test_any_text_gets_a_kind(text: str) -> None:
    for sentence in sentences(parsed(page(text, by="Vera Lind"))[0]):
        kind, judgement = kind_of(sentence)
        assert isinstance(kind, ClaimKind)
        assert isinstance(judgement, Judgement)
        assert math.isfinite(judgement.confidence)
