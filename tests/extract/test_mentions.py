"""Which words are taken for names, and of what kind of thing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgraph.extract.parse import model
from kgraph.extract.people import names_of_people
from kgraph.extract.wording import worded_names
from kgraph.model.annotations import EntityKind

from .found import found


def people_in(text: str) -> list[str]:
    return [name.tokens.text for name in names_of_people(model()(text))]


def test_people_are_found_by_full_name() -> None:
    names = found("The drill was lent by Tomas Arvidsen. A week later Maria del Campo wanted it too.").names(EntityKind.PERSON)
    assert {"Tomas Arvidsen", "Maria del Campo"} <= names or {"Tomas Arvidsen"} <= names


def test_a_name_does_not_run_into_the_next_line() -> None:
    assert "Helga Brandt" in found("Ask Helga Brandt\nLadders are in the shed.").names(EntityKind.PERSON)


def test_a_possessive_and_an_honorific_stay_outside_the_name() -> None:
    names = found("We followed Dr. Petersen’s advice. Sarah Connolly's saw was sharp.").names(EntityKind.PERSON)
    assert names == {"Petersen", "Sarah Connolly"}


@pytest.mark.parametrize(
    "text",
    [
        "Monday is the day to return drills.",
        "Wow, Amen to that.",
        "Java and Python are taught in the shed on Fridays.",
        "Call saw.Return() or LendTool::Check first.",
        "My handle back then was “Rusty Hammer”, of all things.",
    ],
)
def test_days_exclamations_languages_and_code_are_no_people(text: str) -> None:
    assert found(text).names(EntityKind.PERSON) == set()


def test_initials_before_a_name_that_is_listed_with_people_belong_to_it() -> None:
    assert "JT Holloway" in found("She shared a bench with JT Holloway, Martha Jones and a few others.").names(
        EntityKind.PERSON
    )


def test_the_model_finds_names_that_informal_writing_hides() -> None:
    assert people_in("lol kevin said the ladder broke") == ["kevin"]


def test_a_short_name_calls_the_one_commenter_who_has_it() -> None:
    page = found("Tools want to be lent.", [("Ingrid Solberg", "They rust otherwise."), ("Jan", "Ingrid, that is true.")])
    assert page.entity("Ingrid Solberg").aliases == ("Ingrid",)


def test_a_short_name_that_two_commenters_share_calls_neither() -> None:
    comments = [("Peter Holm", "They rust."), ("Peter Vance", "They do."), ("Jan", "I would ask Peter about it.")]
    page = found("Tools want to be lent.", comments)
    assert page.entity("Peter Holm").aliases == page.entity("Peter Vance").aliases == ()


def test_an_at_sign_makes_a_handle_a_person() -> None:
    page = found(
        "Tools want to be lent.", [("shedmaster", "They do."), ("Jan", "@shedmaster Not the good ones. @toolgnome77 agrees.")]
    )
    assert {"shedmaster", "toolgnome77"} <= page.names(EntityKind.PERSON)


def test_a_surname_alone_means_the_person_named_before() -> None:
    page = found("Nadia Rahman wrote the rules of the shed. Rahman argues that a saw needs a keeper.")
    assert page.entity("Nadia Rahman").aliases == ("Rahman",)


# Works, events, organizations, platforms by wording


def test_works_in_a_list_come_with_their_creators() -> None:
    page = found("Read these:\n\nPaula Grant’s The Lending Age\nJonas Weil’s Shared Ground\nOrr’s & Vidal’s Commons\n")
    works = {entity.name: entity for entity in page.entities if entity.kind is EntityKind.WORK}
    assert set(works) == {"The Lending Age", "Shared Ground", "Commons"}
    assert works["Shared Ground"].creators == (page.entity("Jonas Weil").id,)
    assert works["Commons"].creators == (page.entity("Orr").id, page.entity("Vidal").id)
    assert works["Shared Ground"].id == "work/jonas-weil/shared-ground"


@pytest.mark.parametrize(
    ("text", "work"),
    [
        ("Her essay, called The Quiet Shed, came out in spring.", "The Quiet Shed"),
        ("I bought a gardening book, Roses for Beginners, and a rake.", "Roses for Beginners"),
        ('Last week I read "The Drill Question" twice.', "The Drill Question"),
        ("“The Borrowed House” by Lena Fischer says it best.", "The Borrowed House"),
    ],
)
def test_works_are_told_by_cues(text: str, work: str) -> None:
    assert work in found(text).names(EntityKind.WORK)


def test_quoted_speech_is_no_work() -> None:
    assert found('He wrote "Please bring the drill back by Friday evening." on the door.').names(EntityKind.WORK) == set()


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("We met while attending Sheddays 2012 in the rain.", "Sheddays 2012"),
        ("The European Tool Summit drew a crowd.", "European Tool Summit"),
        ("I gave a talk at ShedConf last year.", "ShedConf"),
    ],
)
def test_events_are_told_by_year_and_noun(text: str, event: str) -> None:
    assert event in found(text).names(EntityKind.EVENT)


@pytest.mark.parametrize("text", ["We reopened in March 2010.", "At Christmas 2009 we closed.", "In Spring 2011 it rained."])
def test_months_and_seasons_are_no_events(text: str) -> None:
    assert found(text).names(EntityKind.EVENT) == set()


@pytest.mark.parametrize(
    ("text", "organization"),
    [
        ("I was hired by Plumfield before I met her.", "Plumfield"),
        ("The ladders came from Holm & Vance Ltd, as always.", "Holm & Vance Ltd"),
        ("I went to Hartley's Books for the manual.", "Hartley's Books"),
        ("Nike, Zorbex and Boeing all sent a drill.", "Zorbex"),
    ],
)
def test_organizations_are_told_by_what_surrounds_them(text: str, organization: str) -> None:
    assert organization in found(text).names(EntityKind.ORGANIZATION)


def test_platforms_that_nobody_knows_are_told_by_their_noun() -> None:
    assert found("People lend on sites such as Toolbay and Drillshare.").names(EntityKind.PLATFORM) == {"Toolbay", "Drillshare"}


# The catalog


def test_the_catalog_overrides_the_tagger() -> None:
    page = found("Most neighbours found us through craigslist, and a few through Wikipedia.")
    assert {"craigslist", "Wikipedia"} <= page.names(EntityKind.PLATFORM)


@pytest.mark.parametrize(
    "text", ["I am wired after that coffee.", "There is some slack in the rope.", "The empire of rust never sleeps."]
)
def test_a_common_word_is_no_platform(text: str) -> None:
    assert found(text).names(EntityKind.PLATFORM) == set()


def test_an_ambiguous_name_counts_where_the_words_speak_for_it() -> None:
    assert found("I read about the shed in the new issue of Wired last week.").names(EntityKind.PLATFORM) == {"Wired"}


def test_places_are_told_from_the_same_name_of_a_person() -> None:
    page = found("The truck went to Portland, Oregon.", [("Austin", "I drove it."), ("Jan", "Austin, was it heavy?")])
    assert {"Portland", "Oregon"} <= page.names(EntityKind.PLACE)
    assert "Austin" not in page.names(EntityKind.PLACE)


def test_a_catalog_name_in_another_spelling_is_the_same_thing() -> None:
    page = found("GitHub hosts our rules. The rules on github are short.")
    assert [entity.id for entity in page.entities if entity.kind is EntityKind.PLATFORM and entity.name == "GitHub"] == [
        "platform/github"
    ]


def test_the_site_of_the_page_is_a_platform() -> None:
    assert "The Shed Letters" in found("I write for The Shed Letters.").names(EntityKind.PLATFORM)


def test_all_mentions_of_one_name_are_one_thing() -> None:
    page = found("We moved to the latest version of ShedKeeper. ShedKeeper counts drills, and shedkeeper is fast.")
    assert [entity.id for entity in page.entities if "shedkeeper" in entity.id] == ["platform/shedkeeper"]


def test_a_coined_word_counts_when_the_page_uses_it_again() -> None:
    assert found("ShedKeeper counts our drills. Without ShedKeeper we lose them.").names(EntityKind.TECHNOLOGY) == {
        "ShedKeeper"
    }
    assert found("ShedKeeper counts our drills.").names(EntityKind.TECHNOLOGY) == set()


@pytest.mark.parametrize(
    "text",
    [
        "select * from tools where owner = @owner and name = @firstName;",
        "<%@ Page Language=C# %>",
        "@Html.TextBoxFor(tool => tool.Name)",
    ],
)
def test_variables_after_an_at_sign_are_nobody(text: str) -> None:
    assert found(text).names(EntityKind.PERSON) == set()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece", ["Aa by Bb\n", "A.", "A's ", "Aa's & ", "Aa and Bb, ", "AaBb", "book, A ", "at A 2011 ", '"A', "A van "]
)
def test_no_text_makes_the_patterns_slow(piece: str) -> None:
    list(worded_names(piece * 5000))


# What always holds

PIECES = st.sampled_from(
    "Kevin, |@jan|Great post Vera.|I read Wired on the plane.|“Slack”|Otto Brandt’s Shared Ground|in Portland, Maine|It works.|"
    "she said|GitHub's users|C++|.NET|https://www.craigslist.org/about|\n\n|—|’s|Mr.|E. V. Holm|Your article is wrong.|"
    "these sites|the site|1)|*Mono*|\u2028|Ünsal Öz|They broke it.|(Twitter)|Aa.Bb.Cc|_x_|@|Visual\nStudio".split("|")
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, min_size=1, max_size=12), st.lists(st.lists(PIECES, min_size=1, max_size=6), max_size=3))
def test_every_mention_lies_in_its_post_and_says_a_form_of_its_entity(article: list[str], comments: list[list[str]]) -> None:
    names = ["jan", "Vera Lind", "Slack"]
    page = found(
        " ".join(article).strip() or "x",
        [(name, " ".join(body).strip() or "x") for name, body in zip(names, comments, strict=False)],
    )
    entities = {entity.id: entity for entity in page.entities}
    assert len(entities) == len(page.entities)
    for mention in (*page.named, *page.anaphoric):
        entity = entities[mention.entity]
        assert mention.span in page.document.post(mention.post).span
        if not mention.anaphoric:
            assert " ".join(page.document.words(mention.span).split()) in (entity.name, *entity.aliases)
    spans = sorted(mention.span for mention in page.named)
    assert not any(one.overlaps(two) for one, two in pairwise(spans))
    assert all(creator in entities for entity in page.entities for creator in entity.creators)
