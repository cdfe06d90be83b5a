"""What pronouns and descriptions are taken to refer to, and when they are left open."""

from __future__ import annotations

from kgraph.extract.coreference import page_topic

from .found import found


def test_he_is_the_person_named_last() -> None:
    page = found("I spoke with Tomas Arvidsen about ladders. He lends his own to strangers.")
    assert page.refers("He lends") == {"Tomas Arvidsen"}


def test_he_is_left_open_where_an_unnamed_person_is_the_subject() -> None:
    page = found("My grandfather worked with Tomas Arvidsen. He called every ladder a promise.")
    assert page.refers("He called") == set()


def test_it_goes_on_with_the_subject_of_the_sentence_before() -> None:
    page = found("Wikipedia is written by volunteers. It has no owners to please.")
    assert page.refers("It has") == {"Wikipedia"}


def test_it_that_stands_for_a_clause_refers_to_nothing() -> None:
    page = found("Wikipedia is written by volunteers. It is true that some of them argue.")
    assert page.refers("It is true") == set()


def test_it_after_another_subject_is_left_open() -> None:
    page = found("Wikipedia is written by volunteers. The shed burned down and it was never rebuilt.")
    assert page.refers("it was") == set()


def test_the_site_is_the_platform_spoken_of() -> None:
    page = found("Consider craigslist. The site lists more drills than any shop, and the service is free.")
    assert page.refers("The site") == {"craigslist"}


def test_a_site_that_is_told_apart_is_another() -> None:
    page = found("Consider craigslist. The site that I built lists drills too.")
    assert page.refers("The site that") == set()


def test_these_sites_are_those_listed_before() -> None:
    page = found("Many of us write for Wikipedia and StumbleUpon. These sites pay nobody.")
    assert page.refers("These sites") == {"Wikipedia", "StumbleUpon"}


def test_the_latter_is_the_second_of_two() -> None:
    page = found("We compared Wikipedia with YouTube. The latter is louder.")
    assert page.refers("latter") == {"YouTube"}


def test_a_repeated_head_noun_means_the_same_community() -> None:
    page = found("The Ruby community is welcoming. This community answers questions within the hour.")
    assert page.refers("This community") == {"Ruby"}


def test_what_you_did_is_said_of_the_one_who_is_answered() -> None:
    page = found("Sheds are the new libraries.", [("Jan", "I think you missed the cost. Your article is brave.")])
    assert page.refers("you missed") == {"Vera Lind"}
    assert page.refers("Your article") == {"Vera Lind"}


def test_you_in_general_is_nobody() -> None:
    page = found("Sheds are the new libraries.", [("Jan", "You need a ladder to reach the roof. If you fell, you would know.")])
    assert page.refers("You need") == page.refers("you fell") == set()


def test_praise_is_for_the_author_of_the_post() -> None:
    page = found("Sheds are the new libraries.", [("Jan", "Great post."), ("Mia Holm", "@Jan A very good point.")])
    assert page.refers("Great post") == {"Vera Lind"}
    assert page.refers("A very good point") == {"Jan"}


def test_on_a_page_about_one_product_its_parts_and_it_are_the_product() -> None:
    page = found(
        "Firefox has a new release. Firefox is faster now.",
        [("Jan", "I think it's slow."), ("Mia Holm", "The menu is hidden too well.")],
        title="Firefox Gets Faster",
    )
    assert page.refers("it's slow") == {"Firefox"}
    assert page.refers("The menu") == {"Firefox"}


def test_a_page_about_two_products_has_no_topic() -> None:
    page = found("Firefox met Wikipedia. Firefox likes Wikipedia.", title="Firefox and Wikipedia")
    assert page_topic(page.document, page.entities, page.named) is None


def test_this_blog_is_the_site_of_the_page() -> None:
    page = found("This blog was down for two days.", [("Jan", "I missed your blog.")])
    assert page.refers("This blog") == page.refers("your blog") == {"The Shed Letters"}


def test_a_judgement_of_oneself_is_about_the_writer() -> None:
    page = found("I must be dense. I am happy with the ladder.")
    assert page.refers("I must") == {"Vera Lind"}
    assert page.refers("I am happy") == set()
