"""Who wrote which post and which it answers."""

from __future__ import annotations

from kgraph.extract.thread import read_thread
from kgraph.model.annotations import Fidelity
from kgraph.model.extraction import Thread

from .pages import Comment, page, parsed, thread_of

ARTICLE = "The public garden on Elm Street has changed how neighbours meet. It costs the city very little."
UNSIGNED: list[Comment] = [
    ("Rosa Blanc", "Lovely essay, Tomas. I walk past it every day."),
    ("gardener77", "Tomas, you forgot the volunteers who water the beds every single morning in July."),
    (None, "@Rosa: thank you, that means a lot."),
    (
        None,
        "@gardener77 said: “you forgot the volunteers who water the beds every single morning in July.” I did, and I am sorry.",
    ),
    ("Pia", "There is a fine article about it by Tomas Weld in the paper."),
]


def writer(thread: Thread, post: str) -> str:
    names = {person.id: person.name for person in thread.people}
    return names[next(a.person for a in thread.accounts if a.id == thread.authors[post])]


def parent(thread: Thread, post: str) -> str | None:
    return next((reply.parent for reply in thread.replies if reply.post == post), None)


def test_unheaded_replies_are_the_authors_whom_commenters_name() -> None:
    document = page(ARTICLE, UNSIGNED)
    thread = thread_of(document)
    assert [writer(thread, post.id) for post in document] == [
        "Tomas Weld",
        "Rosa Blanc",
        "gardener77",
        "Tomas Weld",
        "Tomas Weld",
        "Pia",
    ]
    (inference,) = thread.inferences
    assert set(inference.signals) == {"addressed", "credited", "unheaded"}
    assert {span.of(document.text) for span in inference.evidence} >= {"Tomas", "Tomas Weld"}
    assert 0.5 < inference.judgement.confidence < 1


def test_an_undone_inference_leaves_the_author_unknown() -> None:
    document = page(ARTICLE, UNSIGNED)
    undone = thread_of(document).inferences[0].id
    thread = read_thread(document, parsed(document), rejected=[undone])
    assert not thread.inferences
    assert writer(thread, "p0").startswith("unknown author of")
    assert "Tomas Weld" not in {person.name for person in thread.people}


def test_an_at_sign_a_quotation_and_silence_tell_what_is_answered() -> None:
    thread = thread_of(page(ARTICLE, UNSIGNED))
    assert [parent(thread, f"p{number}") for number in range(1, 6)] == ["p0", "p0", "p1", "p2", "p0"]


def test_repeated_words_belong_to_who_said_them_first() -> None:
    document = page(ARTICLE, UNSIGNED)
    (quotation,) = thread_of(document).quotations
    assert (quotation.post, quotation.source_post, quotation.fidelity) == ("p4", "p2", Fidelity.VERBATIM)
    assert quotation.source_span.of(document.text).startswith("you forgot the volunteers")


def test_a_slightly_altered_quotation_is_found_and_called_altered() -> None:
    comments: list[Comment] = [
        ("Ana", "The city should open the garden at night because many people work during the day."),
        ("Ben", '"The city should really open the garden at night since many people work during the day" is naive.'),
    ]
    (quotation,) = thread_of(page(ARTICLE, comments, by="Tomas Weld")).quotations
    assert quotation.fidelity is Fidelity.ALTERED
    assert quotation.source_post == "p1"


def test_straight_and_curly_marks_do_not_make_a_quotation_altered() -> None:
    comments: list[Comment] = [
        ("Ana", "It’s not the garden’s fault that nobody came to the meeting."),
        ("Ben", "> It's not the garden's fault that nobody came to the meeting.\n\nWhose then?"),
    ]
    (quotation,) = thread_of(page(ARTICLE, comments, by="Tomas Weld")).quotations
    assert quotation.fidelity is Fidelity.VERBATIM


def test_a_handle_made_of_the_authors_name_is_the_author() -> None:
    comments: list[Comment] = [("Ana", "Nice."), ("tomasweld", "Thanks for reading."), ("tomato", "Me too.")]
    thread = thread_of(page(ARTICLE, comments, by="Tomas Weld"))
    assert [writer(thread, f"p{number}") for number in range(4)] == ["Tomas Weld", "Ana", "Tomas Weld", "tomato"]
    assert thread.inferences[0].signals == ("same-name",)


def test_a_first_name_in_two_threads_is_two_people() -> None:
    one = page(ARTICLE, [("Mark", "I agree with this.")], by="Tomas Weld")
    two = type(one)(**{name: getattr(one, name) for name in one.__dataclass_fields__} | {"id": "doc/other"})
    assert {p.id for p in thread_of(one).people} & {p.id for p in thread_of(two).people} == {"person/tomas-weld"}


def test_everybody_unheaded_is_nobody_in_particular() -> None:
    thread = thread_of(page(ARTICLE, [(None, "First thought here."), (None, "Second thought here.")]))
    assert len({writer(thread, f"p{number}") for number in range(3)}) == 3
    assert not thread.inferences


def test_a_name_in_passing_is_no_address() -> None:
    comments: list[Comment] = [("Ana Reyes", "A fine place."), ("Ben", "I met Ana, Tomas and others there on a sunny day.")]
    assert parent(thread_of(page(ARTICLE, comments, by="Tomas Weld")), "p2") == "p0"


def test_the_authors_first_name_is_the_author_where_it_only_answers_commenters() -> None:
    answering: list[Comment] = [("Ana Reyes", "A fine place."), ("Tomas", "Ana, thank you for coming."), ("Ben", "I liked it.")]
    thread = thread_of(page(ARTICLE, answering, by="Tomas Weld"))
    assert writer(thread, "p2") == "Tomas Weld"
    assert thread.inferences[0].signals == ("first-name", "answers-commenters")
    visiting: list[Comment] = [("Ana Reyes", "A fine place."), ("Tomas", "I water the roses there.")]
    assert writer(thread_of(page(ARTICLE, visiting, by="Tomas Weld")), "p2") == "Tomas"
