"""How pages are linked: each signal by a page written to show it, and all together by the gold file."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.link.test_authority import row
from tests.rdf.example import extraction

from kgraph import readers, resources
from kgraph.catalog import Ambiguity, Catalog, Entry
from kgraph.iris import DEFAULT_BASE
from kgraph.link import Judgements, Linker, Page
from kgraph.link.authority import AuthorityFile, write
from kgraph.link.judgements import Verdict
from kgraph.link.page import Named, Naming, Part
from kgraph.model.annotations import EntityKind, LinkStatus
from kgraph.model.text import Span
from kgraph.rdf import to_graph

PLATFORM, PLACE, PERSON, ORGANIZATION, WORK = (
    EntityKind.PLATFORM,
    EntityKind.PLACE,
    EntityKind.PERSON,
    EntityKind.ORGANIZATION,
    EntityKind.WORK,
)
IRI = "http://data.example/"


def entry(id: str, name: str, ambiguity: Ambiguity = Ambiguity.NONE, category: str = "web site", same_as=()) -> Entry:
    kind, _, slug = id.partition("/")
    return Entry(id, slug, name, (), EntityKind(kind), category, None, (), tuple(same_as), ambiguity, (), "list 1")


CATALOG = Catalog(
    [
        entry("platform/agoranomy", "Agoranomy"),
        entry("platform/plaza", "Plaza", Ambiguity.CASE, "marketplace"),
        entry("platform/souk", "Souk", category="marketplace"),
        entry("platform/unlisted", "Unlisted"),
        entry("place/limaville", "Limaville", category="city"),
        entry("place/vellmark", "Vellmark", category="country"),
    ]
)

THINGS = [
    row(f"{IRI}agoranomy", "Agoranomy", PLATFORM, reference="platform/agoranomy", same_as=(f"{IRI}agoranomy", f"{IRI}same")),
    row(f"{IRI}plaza", "Plaza", PLATFORM, reference="platform/plaza", url="https://plaza.example/", description="marketplace"),
    row(f"{IRI}plaza-fish", "Plaza", ORGANIZATION, description="chain of fish restaurants"),
    row("platform/unlisted", "Unlisted", PLATFORM, reference="platform/unlisted"),
    row(f"{IRI}limaville", "Limaville", PLACE, reference="place/limaville", description="city: city in Vellmark"),
    row(f"{IRI}fc-limaville", "FC Limaville", ORGANIZATION, description="football club"),
    row(f"{IRI}springton-1", "Springton", PLACE, description="town in Vellmark"),
    row(f"{IRI}springton-2", "Springton", PLACE, description="town in Ostria"),
    row(f"{IRI}ana-sol", "Ana Sol", PERSON, description="novelist and gardener"),
    row(f"{IRI}ebda-quell", "Ebda M. Quell", PERSON, description="swimmer"),
    row(f"{IRI}road", "The Long Road", WORK, description="novel by Ana Sol"),
]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    path = tmp_path_factory.mktemp("link") / "list.sqlite"
    write(path, THINGS, name="list", version="1")
    return AuthorityFile(path)


@pytest.fixture
def linker(authority):
    return Linker([authority], CATALOG)


def page(text: str, *names: tuple[str, str], confidence: float = 0.95, title: str = "") -> Page:
    """A page of one post. Each name is (id, words): found wherever the words stand."""
    named = []
    for id, words in names:
        starts = [at for at in range(len(text)) if text.startswith(words, at)]
        namings = tuple(Naming(Span(at, at + len(words)), confidence, "catalog") for at in starts)
        named.append(Named(id, EntityKind(id.partition("/")[0]), words, (), namings))
    return Page(document="doc/x", title=title, parts=(Part(0, text),), named=tuple(sorted(named)), authors=frozenset())


def decided(linker: Linker, made: Page, entity: str) -> tuple[str, set[str | None]]:
    links = [link for link in linker.links(made) if link.entity == entity]
    (status,) = {link.status.value for link in links}
    return status, {link.target for link in links}


def signals(linker: Linker, made: Page, entity: str) -> list[str]:
    return [signal.partition(":")[0] for link in linker.links(made) if link.entity == entity for signal in link.signals]


def test_a_name_of_one_meaning_is_accepted_under_all_its_iris(linker):
    made = page("We met on Agoranomy.", ("platform/agoranomy", "Agoranomy"))
    assert decided(linker, made, "platform/agoranomy") == ("accepted", {f"{IRI}agoranomy", f"{IRI}same"})


def test_the_same_name_of_another_kind_is_no_candidate(linker):
    made = page("Dinner at Plaza.", ("work/plaza", "Plaza"))
    assert decided(linker, made, "work/plaza") == ("nil", {None})


def test_a_name_alone_is_never_accepted(linker):
    made = page("Plaza closed.", ("organization/plaza", "Plaza"))
    assert decided(linker, made, "organization/plaza") == ("nil", {None})


def test_a_doubtful_name_is_proposed_and_accepted_with_evidence_beyond_it(linker):
    bare = page("Plaza closed.", ("platform/plaza", "Plaza"), confidence=0.75)
    assert decided(linker, bare, "platform/plaza") == ("proposed", {f"{IRI}plaza"})
    address = page("Plaza closed: https://help.plaza.example/end says so.", ("platform/plaza", "Plaza"), confidence=0.75)
    assert decided(linker, address, "platform/plaza") == ("accepted", {f"{IRI}plaza"})
    assert "domain" in signals(linker, address, "platform/plaza")
    kindred = page("Plaza closed, and Souk too.", ("platform/plaza", "Plaza"), ("platform/souk", "Souk"), confidence=0.75)
    assert decided(linker, kindred, "platform/plaza") == ("accepted", {f"{IRI}plaza"})
    words = page("Plaza closed, the oldest marketplace.", ("platform/plaza", "Plaza"), confidence=0.75)
    assert decided(linker, words, "platform/plaza") == ("accepted", {f"{IRI}plaza"})


def test_a_known_thing_without_an_iri_is_nil_and_says_so(linker):
    made = page("Unlisted is down.", ("platform/unlisted", "Unlisted"))
    assert decided(linker, made, "platform/unlisted") == ("nil", {None})
    assert signals(linker, made, "platform/unlisted") == ["known-without-identifier"]


def test_two_that_fit_alike_are_ambiguous_and_another_name_of_the_page_tells_them_apart(linker):
    both = ("place/vellmark", "Vellmark"), ("place/ostria", "Ostria")
    alike = page("From Springton, not from Vellmark or Ostria.", ("place/springton", "Springton"), *both)
    assert decided(linker, alike, "place/springton") == ("ambiguous", {f"{IRI}springton-1", f"{IRI}springton-2"})
    told = page("From Springton in Ostria.", ("place/springton", "Springton"), ("place/ostria", "Ostria"))
    assert decided(linker, told, "place/springton") == ("proposed", {f"{IRI}springton-2"})


def test_a_town_on_a_page_about_clubs_is_left_to_people(linker):
    at_home = page("Born in Limaville, Vellmark.", ("place/limaville", "Limaville"), ("place/vellmark", "Vellmark"))
    assert decided(linker, at_home, "place/limaville")[0] == "accepted"
    away = page(
        "FC Limaville won; Limaville deserved it in Vellmark.",
        ("place/limaville", "Limaville"),
        ("place/vellmark", "Vellmark"),
        ("organization/fc-limaville", "FC Limaville"),
    )
    assert decided(linker, away, "place/limaville")[0] == "proposed"


@pytest.mark.parametrize("text", ["Hi Agoranomy, you are wrong.", "Look at the Agoranomy Stadium again."])
def test_a_name_that_is_called_or_part_of_another_is_not_accepted(linker, text):
    made = page(text, ("platform/agoranomy", "Agoranomy"))
    assert decided(linker, made, "platform/agoranomy")[0] == "proposed"


def test_a_person_under_one_word_is_not_looked_up(linker):
    made = page("Sol wrote novels.", ("person/sol", "Sol"))
    assert signals(linker, made, "person/sol") == ["one-word-person"]


def test_a_namesake_is_no_link_and_words_around_a_person_speak_for_one(linker):
    namesake = page("My dentist is Ana Sol.", ("person/ana-sol", "Ana Sol"))
    assert decided(linker, namesake, "person/ana-sol") == ("nil", {None})
    novelist = page("The novelists I like: Ana Sol, and other gardeners.", ("person/ana-sol", "Ana Sol"))
    assert decided(linker, novelist, "person/ana-sol") == ("proposed", {f"{IRI}ana-sol"})


def test_a_person_is_found_under_initials(linker, authority):
    assert [found.id for found in authority.candidates("E.M. Quell")] == [f"{IRI}ebda-quell"]
    assert [found.id for found in authority.candidates("Ebda Quell")] == [f"{IRI}ebda-quell"]


def test_those_who_wrote_the_page_are_linked_by_people_alone(authority):
    written = extraction()
    authors = Page.of(written).authors
    assert authors
    machine = Linker([authority], CATALOG)
    assert not {link.entity for link in machine.links(Page.of(written))} & authors
    author = min(authors)
    judged = Judgements({author: (Verdict(f"{IRI}her", LinkStatus.ACCEPTED, False, ("judged-by:Ana",)),)}, "judgements 1")
    person = Linker([authority], CATALOG, judgements=judged)
    assert [link.target for link in person.links(Page.of(written)) if link.entity == author] == [f"{IRI}her"]


def test_a_page_is_the_same_from_an_extraction_and_from_its_graph(pipeline):
    written = extraction()
    written = replace(written, document=replace(written.document, site=None))
    seeds = readers.sources([str(resources.folder("seeds"))], max_bytes=100_000)
    read = [pipeline.extract(pipeline.read(source)) for source in [*seeds][:2]]
    for one in (written, *read):
        graph = to_graph(one, base=DEFAULT_BASE, run="run/1")
        assert Page.of_graph(graph, one.document.id, base=DEFAULT_BASE) == Page.of(one)


def test_what_people_judged_wins(authority):
    made = page("We met on Agoranomy.", ("platform/agoranomy", "Agoranomy"))

    def links(*verdicts: Verdict):
        linker = Linker([authority], CATALOG, judgements=Judgements({"platform/agoranomy": verdicts}, "judgements 1"))
        return {(link.status.value, link.target) for link in linker.links(made)}

    rejected = Verdict(f"{IRI}same", LinkStatus.REJECTED, False, ("judged-by:Ana",))
    assert links(rejected) == {("rejected", f"{IRI}same"), ("nil", None)}, "all IRIs of one thing fall together"
    right = Verdict(f"{IRI}other", LinkStatus.ACCEPTED, False, ("judged-by:Ana",))
    assert links(right) == {("accepted", f"{IRI}other")}
    nothing = Verdict(None, LinkStatus.NIL, False, ("judged-by:Ana",))
    assert links(nothing) == {("nil", None)}


def test_the_same_page_gives_the_same_links(linker):
    made = page("Agoranomy and Plaza.", ("platform/agoranomy", "Agoranomy"), ("platform/plaza", "Plaza"))
    assert linker.links(made) == linker.links(made)
