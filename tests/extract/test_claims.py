"""What counts as a claim, who is made its source, and for or against what it is."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgraph.extract.sentences import sentences
from kgraph.model.annotations import Attitude, Modality, Polarity, Toward

from .pages import Comment, assertion_of, claims_of, mention, page, parsed, platform

ARTICLE = (
    "Our libraries are becoming tool sheds. The tool library of Ghent lends drills to anybody with a card. "
    "Sharing tools saves money. Sharing makes neighbours talk. Sharing is a habit, and sharing spreads."
)


def texts(document_text: str) -> list[str]:
    return [claim.text for claim in claims_of(page(document_text, by="Vera Lind")).claims]


@pytest.mark.parametrize(
    "sentence",
    [
        "The library lends drills to everybody.",
        "Buy the cheap ladder before the spring rush.",
        "I borrowed a saw there last week.",
        "A very good point.",
        "Couldn’t agree more.",
        "Its always a good idea to return tools clean.",
    ],
)
def test_what_can_be_agreed_with_is_a_claim(sentence: str) -> None:
    assert texts(sentence) == [sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "Who returns a drill on time?",
        "Really?!",
        "Thanks for the kind words.",
        "Hi Vera,",
        "Hammers, saws and ladders.",
        "Nope.",
        "var x = lend(drill);",
    ],
)
def test_questions_greetings_fragments_and_code_are_no_claims(sentence: str) -> None:
    assert texts(sentence) == []


def test_a_question_is_kept_as_a_question() -> None:
    found = claims_of(page("Tools are cheap. But who pays for the shed?", by="Vera Lind"))
    assert [question.text for question in found.questions] == ["But who pays for the shed?"]
    assert [claim.text for claim in found.claims] == ["Tools are cheap."]


def test_quoted_words_are_never_the_quoters_claim() -> None:
    comments: list[Comment] = [
        ("Ana", "Nobody needs a drill for more than twelve minutes in a whole life."),
        ("Ben", "“Nobody needs a drill for more than twelve minutes in a whole life.” That is wrong."),
    ]
    document = page(ARTICLE, comments, by="Vera Lind")
    by_ben = [a for a in claims_of(document).assertions if a.post == "p2"]
    assert [a.span.of(document.text) for a in by_ben] == ["That is wrong."]
    (stance,) = by_ben[0].stances
    said = next(a for a in claims_of(document).assertions if a.post == "p1")
    assert (stance.target, stance.toward, stance.responds_to) == ("p1", Toward.DISPUTES, said.id)


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("My aunt told me that the shed would flood.", "My aunt"),
        ("Every teacher in town declared that lending would fail.", "Every teacher in town"),
        ("As a good neighbour once said, fences are for cattle.", "a good neighbour"),
        ("According to the survey, most drills are never used.", "the survey"),
        ("The mayor's claim that sheds cost nothing is odd.", "The mayor"),
        ("He defined sharing as owning together.", None),
    ],
)
def test_a_report_names_its_source(sentence: str, source: str | None) -> None:
    assertion = assertion_of(page(sentence, by="Vera Lind"), sentence[:10])
    assert assertion.reported_from == source
    assert (assertion.attitude is Attitude.REPORTS) == (source is not None)
    assert assertion.claimant == "person/vera-lind", "the reporter answers for the report and is never its source"


def test_a_pronouns_source_is_the_person_before_it() -> None:
    document = page("My uncle was a smith. He said that good iron never rusts.", by="Vera Lind")
    assert assertion_of(document, "He said").reported_from == "My uncle"
    assert assertion_of(document, "My uncle").reported_from is None


@pytest.mark.parametrize(
    "sentence",
    [
        "Everybody gives according to their abilities.",
        "I am thinking about the shed.",
        "I said that drills are loud.",
        "Some critics would say that sheds are ugly.",
        "The mayor did not say that sheds are ugly.",
    ],
)
def test_what_nobody_said_is_no_report(sentence: str) -> None:
    assert assertion_of(page(sentence, by="Vera Lind"), sentence[:10]).reported_from is None


def test_you_said_is_the_addressee() -> None:
    document = page(ARTICLE, [("Ben", "In your essay you stated that sharing saves money.")], by="Vera Lind")
    reported = assertion_of(document, "In your essay")
    assert (reported.reported_from, reported.source_is_entity) == ("person/vera-lind", True)


@pytest.mark.parametrize(
    ("comment", "toward"),
    [
        ("I completely agree with this.", Toward.SUPPORTS),
        ("Great article, it made my day.", Toward.SUPPORTS),
        ("I couldn’t agree more.", Toward.SUPPORTS),
        ("I don’t agree with any of it.", Toward.DISPUTES),
        ("You failed to mention the fees.", Toward.DISPUTES),
        ("Your comparison is badly flawed.", Toward.DISPUTES),
        ("That’s simply not true.", Toward.DISPUTES),
        ("The article never mentions a single librarian.", Toward.DISPUTES),
        ("I have a ladder at home.", None),
        ("You need a card for the ladder.", None),
    ],
)
def test_stance_toward_the_article(comment: str, toward: Toward | None) -> None:
    stances = assertion_of(page(ARTICLE, [("Ben", comment)], by="Vera Lind"), comment[:8]).stances
    assert [stance.toward for stance in stances if stance.target == "p0"] == ([toward] if toward else [])


def test_the_author_takes_no_stance_toward_their_own_article() -> None:
    document = page(ARTICLE, [("Vera Lind", "Great article, it made my day.")], by="Vera Lind")
    assert not assertion_of(document, "Great article").stances


@pytest.mark.parametrize(
    ("sentence", "toward"),
    [
        ("I love Wikipedia.", Toward.SUPPORTS),
        ("I’m all for efforts such as Wikipedia.", Toward.SUPPORTS),
        ("I don’t like Wikipedia.", Toward.DISPUTES),
        ("I hate Wikipedia.", Toward.DISPUTES),
        ("I have stopped using Wikipedia.", Toward.DISPUTES),
        ("I read Wikipedia.", None),
        ("I would love a Wikipedia of tools.", None),
    ],
)
def test_stance_toward_an_entity_needs_plain_words(sentence: str, toward: Toward | None) -> None:
    document = page(sentence, by="Vera Lind")
    stances = assertion_of(document, sentence[:6], [mention(document, "Wikipedia", platform("Wikipedia"))]).stances
    assert [stance.toward for stance in stances] == ([toward] if toward else [])


@pytest.mark.parametrize(
    ("sentence", "polarity"),
    [
        ("Drills aren't cheap.", Polarity.NEGATED),
        ("Drills aren’t cheap.", Polarity.NEGATED),
        ("Drills are never cheap.", Polarity.NEGATED),
        ("I don’t think drills are cheap.", Polarity.NEGATED),
        ("Drills are cheap.", Polarity.AFFIRMED),
    ],
)
def test_negation_with_every_apostrophe(sentence: str, polarity: Polarity) -> None:
    (claim,) = claims_of(page(sentence, by="Vera Lind")).claims
    assert claim.polarity is polarity


@pytest.mark.parametrize(
    ("sentence", "modality"),
    [
        ("If it rains, the shed floods.", Modality.HYPOTHETICAL),
        ("Members must return the saw.", Modality.NECESSARY),
        ("The shed might close.", Modality.POSSIBLE),
        ("The shed is probably closed.", Modality.PROBABLE),
        ("The shed is closed.", Modality.CERTAIN),
    ],
)
def test_modality(sentence: str, modality: Modality) -> None:
    (claim,) = claims_of(page(sentence, by="Vera Lind")).claims
    assert claim.modality is modality


def test_a_concession_is_no_full_assent() -> None:
    assert assertion_of(page("Sure, the shed costs money.", by="Vera Lind"), "Sure").attitude is Attitude.CONCEDES


def test_a_clause_gives_its_triple() -> None:
    document = page("Craigslist undermines the business of newspapers.", by="Vera Lind")
    (claim,) = claims_of(document, [mention(document, "Craigslist", platform("craigslist"))]).claims
    assert claim.proposition is not None
    assert (claim.proposition.subject, claim.proposition.predicate) == ("platform/craigslist", "undermine")
    assert claim.proposition.object == "the business of newspapers"
    assert claim.about == ("platform/craigslist",)


def test_the_same_words_twice_are_one_claim_put_forward_twice() -> None:
    found = claims_of(page(ARTICLE, [("Ana", "It is loud there."), ("Ben", "It is loud there.")], by="Vera Lind"))
    loud = [claim for claim in found.claims if claim.text == "It is loud there."]
    assert len(loud) == 1
    assert sum(assertion.claim == loud[0].id for assertion in found.assertions) == 2


WORDS = st.lists(
    st.sampled_from(
        [
            "The shed",
            "closes",
            ". ",
            "? ",
            "\n",
            "\n\n",
            "I",
            "think",
            " ",
            "“",
            "”",
            "- ",
            "…",
            "don’t",
            "Ana",
            "agree",
            "😀",
            "http://a.b/c",
            "1. ",
        ]
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS, WORDS)
def test_every_sentence_and_claim_lies_in_its_post_and_says_its_words(article: list[str], comment: list[str]) -> None:
    one, two = " ".join(article).strip() or "x", " ".join(comment).strip() or "y"
    document = page(one, [("Ana", two)], by="Vera Lind")
    for post in parsed(document):
        end = post.post.span.start
        for sentence in sentences(post):
            assert sentence.span in post.post.span
            assert sentence.span.start >= end
            assert sentence.text == sentence.span.of(document.text)
            end = sentence.span.end
    found = claims_of(document)
    by_id = {claim.id: claim for claim in found.claims}
    for assertion in found.assertions:
        assert assertion.span in document.post(assertion.post).span
        assert " ".join(assertion.span.of(document.text).split()) == by_id[assertion.claim].text
