"""What `Catalog.find` promises of every text, and of the ways that people write names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgraph.catalog import Ambiguity, Catalog, load
from kgraph.model.annotations import EntityKind

CATALOG = load()
FORMS = sorted({form for entry in CATALOG.entries for form, ambiguity in entry.forms if ambiguity is Ambiguity.NONE})
ALL_FORMS = sorted({form for entry in CATALOG.entries for form, _ in entry.forms})
FILLERS = ["and", "we", "quietly", "prefer", ",", ".", "(", ")", "'s", "-", "\n", "\n\n", "@", "’s", "/", "http://", "x.", "é"]


def found(text: str) -> list[tuple[str, str]]:
    return [(hit.span.of(text), hit.entries[0].id) for hit in CATALOG.find(text)]


def names(text: str) -> list[str]:
    return [hit.span.of(text) for hit in CATALOG.find(text) if hit.ambiguity is not Ambiguity.CONTEXT]


def folded(words: str) -> str:
    return " ".join(words.replace("’", "'").split()).casefold()


@given(
    st.lists(st.one_of(st.sampled_from(ALL_FORMS), st.sampled_from(FILLERS), st.text(max_size=6)), max_size=12),
    st.sampled_from(["", " "]),
)
def test_every_hit_is_a_form_of_its_entries_or_a_url_of_theirs(parts: list[str], glue: str) -> None:
    text = glue.join(parts)
    end = 0
    for hit in CATALOG.find(text):
        assert hit.span.start >= end, "hits overlap"
        end = hit.span.end
        words = hit.span.of(text)
        for entry in hit.entries:
            forms = {folded(form) for form, _ in entry.forms}
            site = (entry.url or "").partition("://")[2].removeprefix("www.").partition("/")[0]
            assert folded(words) in forms or (site and site in words.casefold())


@given(
    st.sampled_from(FORMS),
    st.sampled_from(["we like {} a lot", "({})", "“{}”", "so {}, then", "all of {}’s users", "is {}?\n\nno"]),
)
def test_a_planted_unambiguous_name_is_found(form: str, frame: str) -> None:
    text = frame.format(form)
    assert any(hit.span.of(text) == form and hit.spelled and hit.ambiguity is Ambiguity.NONE for hit in CATALOG.find(text))


@given(st.text(max_size=60), st.sampled_from(FORMS), st.text(max_size=60))
def test_a_stretch_is_searched_as_if_it_stood_in_the_whole_text(before: str, form: str, after: str) -> None:
    text = f"{before}\n\n{form}\n\n{after}"
    start = len(before) + 2
    hits = CATALOG.find(text, start, start + len(form))
    assert all(start <= hit.span.start and hit.span.end <= start + len(form) for hit in hits)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("we moved from .NET to C#, not C++ or node.js", [".NET", "C#", "C++", "node.js"]),
        ("it runs on asp.net with Nuget and NUGET", ["asp.net", "Nuget", "NUGET"]),
        ("Wikipedia's editors and Wikipedia’s readers", ["Wikipedia", "Wikipedia"]),
        ("posted on Stack\nOverflow yesterday", ["Stack\nOverflow"]),
        ("we post it to rubygems.org daily", ["rubygems.org"]),
        ("ask at Powell’s Books", ["Powell’s Books"]),
        ("a Twitter-like site, craigslist/Wikipedia", ["Twitter", "craigslist", "Wikipedia"]),
        ("then JavaScript and javascript and Javascript", ["JavaScript", "javascript", "Javascript"]),
    ],
)
def test_names_are_found_as_people_write_them(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "write to joe@gmail.com",
        "use System.Windows.Forms here",
        "thanks @GitHub",
        "cut it some slack and wired the signal",
        "the medium of the empire",
        "Stack\n\nOverflow",
        "/usr/lib/wikipedia",
        "on my own craigslist.example page",
        "a kiva in the pueblo",
        "ask O'Microsoft",
    ],
)
def test_what_only_looks_like_a_name_is_left_alone(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize(
    ("text", "span", "id"),
    [
        ("see http://github.com/rails, please", "http://github.com/rails", "platform/github"),
        ("(https://seattle.craigslist.org/about)", "https://seattle.craigslist.org/about", "platform/craigslist"),
        ("at www.kiva.org.", "www.kiva.org", "platform/kiva"),
    ],
)
def test_a_url_is_a_hit_on_the_site_it_leads_to(text: str, span: str, id: str) -> None:
    assert found(text) == [(span, id)]


def test_nothing_is_found_inside_a_url_of_an_unknown_site() -> None:
    assert CATALOG.find("http://example.org/wikipedia/GitHub") == []


def test_a_common_word_that_opens_a_sentence_needs_context() -> None:
    inside, opening, longer = (
        CATALOG.find(text) for text in ("we chat on Slack", "So it is. Slack is loud.", "the Slack Valley road")
    )
    assert [hit.ambiguity for hit in inside] == [Ambiguity.CASE]
    assert [hit.ambiguity for hit in opening] == [Ambiguity.CONTEXT]
    assert [hit.ambiguity for hit in longer if hit.entries[0].name == "Slack"] == [Ambiguity.CONTEXT]


def test_a_short_name_among_shouted_words_needs_context() -> None:
    assert [hit.ambiguity for hit in CATALOG.find("KEEP THE REST TO YOURSELF") if hit.entries[0].name == "REST"] == [
        Ambiguity.CONTEXT
    ]
    assert [hit.ambiguity for hit in CATALOG.find("an API in the REST style")] == [Ambiguity.CASE]


def test_a_persons_name_needs_context() -> None:
    assert [hit.ambiguity for hit in CATALOG.find("I met Julia there")] == [Ambiguity.CONTEXT]


def test_the_longest_name_wins() -> None:
    assert found("on Windows Vista today") == [("Windows Vista", "platform/windows-vista")]


def test_entries_of_one_name_come_surest_first_then_by_kind() -> None:
    (hit,) = CATALOG.find("bought at Amazon today")
    assert [entry.kind for entry in hit.entries] == [EntityKind.PLATFORM, EntityKind.ORGANIZATION]


def test_names_are_looked_up_whatever_their_case_and_article() -> None:
    for name in ("The Guardian", "guardian", "the guardian"):
        assert [entry.id for entry in CATALOG.lookup(name)] == ["platform/the-guardian"]
    assert CATALOG.lookup("powell’s books") == CATALOG.lookup("Powell's Books") != ()
    assert CATALOG.lookup("no such name at all") == ()


def test_domains_are_looked_up_with_their_subdomains() -> None:
    assert [entry.id for entry in CATALOG.by_domain("sfbay.CRAIGSLIST.org")] == ["platform/craigslist"]
    assert CATALOG.by_domain("org") == ()
    assert CATALOG.by_domain("") == ()


def test_a_catalog_of_ones_own_finds_its_own_entries() -> None:
    entry = CATALOG.by_id("platform/craigslist")
    assert entry is not None
    assert [hit.entries for hit in Catalog([entry]).find("craigslist and GitHub")] == [(entry,)]
