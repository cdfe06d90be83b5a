from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzzing
from hypothesis import strategies as st

from kgraph import iris
from kgraph.errors import KgraphError, Misuse
from kgraph.link.authority import AuthorityFile, Candidate, form, installed, installed_path, own_host, write
from kgraph.link.shipped import candidates as shipped_rows
from kgraph.link.shipped import shipped
from kgraph.model.annotations import EntityKind

PLAZA = "http://example.org/plaza"


def row(id: str, label: str, kind: EntityKind | None = EntityKind.PLATFORM, **more) -> Candidate:
    return Candidate(id=id, label=label, kind=kind, source="list", version="1", licence="CC0-1.0", **more)


@pytest.fixture
def authority(tmp_path):
    rows = [
        row(PLAZA, "Plaza", url="https://www.plaza.example/", aliases=("The Square",), same_as=("http://example.net/plaza",)),
        row("http://example.org/plaza-inc", "Plaza Media, Inc.", EntityKind.ORGANIZATION, url="https://plaza.example/about"),
        row("http://example.org/agoranomy", "Agoranomy", EntityKind.WORK, description="novel of 1970"),
        row("platform/forum", "Forum"),
        row(PLAZA, "a second row of one id"),
    ]
    path = tmp_path / "list.sqlite"
    assert write(path, rows, name="list", version="7") == 4
    return AuthorityFile(path)


@pytest.fixture(scope="session")
def kgraphs(tmp_path_factory):
    return shipped(tmp_path_factory.mktemp("authorities"))


@pytest.mark.parametrize("name", ["Plaza", "plaza", "the Plaza", "PLAZA", " Plaza ", "The Square"])
def test_a_thing_is_found_by_any_of_its_names(authority, name):
    assert [found.id for found in authority.candidates(name)] == [PLAZA]


def test_kind_is_a_hard_filter(authority):
    assert authority.candidates("Plaza", kind=EntityKind.PLACE) == []
    assert authority.candidates("Plaaza", kind=EntityKind.PLACE) == []


def test_an_organization_is_found_without_its_legal_form(authority):
    assert [found.label for found in authority.candidates("Plaza Media", kind=EntityKind.ORGANIZATION)] == ["Plaza Media, Inc."]


@pytest.mark.parametrize("slip", ["Agoranmy", "Agoronomy", "Agoranomyy", "Agoarnomy", "agoramomy"])
def test_a_long_name_is_found_with_a_slip_of_the_pen(authority, slip):
    assert [found.label for found in authority.candidates(slip)] == ["Agoranomy"]


def test_a_short_name_is_not_found_with_a_slip(authority):
    assert authority.candidates("Frum") == []


def test_a_thing_is_found_by_its_iris_and_its_domain(authority):
    for id in (PLAZA, "http://example.net/plaza"):
        assert authority.get(id).label == "Plaza"
    assert authority.get("http://example.net/nothing") is None
    assert [found.id for found in authority.at_domain("www.plaza.example")] == [PLAZA]
    assert [found.id for found in authority.at_domain("berlin.plaza.example")] == [PLAZA]
    assert authority.at_domain("example") == []


def test_names_that_begin_so_are_suggested(authority):
    assert [found.label for found in authority.starting_with("pla")] == ["Plaza", "Plaza Media, Inc."]
    assert [found.label for found in authority.starting_with("pla", kind=EntityKind.ORGANIZATION)] == ["Plaza Media, Inc."]


def test_a_row_without_an_iri_is_found_and_has_nothing_to_link_to(authority):
    (found,) = authority.candidates("Forum")
    assert (found.id, found.same_as) == ("platform/forum", ())


def test_every_row_says_where_it_is_from(authority):
    assert {(found.source, found.version, found.licence) for found in authority} == {("list", "1", "CC0-1.0")}
    assert authority.sources() == [("list", "1", "CC0-1.0", 4)]


def test_what_is_no_authority_is_refused(tmp_path):
    path = tmp_path / "notes.sqlite"
    path.write_text("no table in here, only words, and more of them than a header has")
    with pytest.raises(KgraphError, match="no authority file"):
        AuthorityFile(path)


@pytest.mark.parametrize("name", ["kgraph", "../up", "With Space", ""])
def test_an_authority_has_a_plain_name_of_its_own(tmp_path, name):
    with pytest.raises(Misuse):
        installed_path(tmp_path, name)


def test_installed_authorities_are_found_beside_the_shipped_one(tmp_path, kgraphs):
    assert installed(tmp_path) == []
    write(installed_path(tmp_path, "mine"), [row(PLAZA, "Plaza")], name="mine", version="1")
    (tmp_path / f"kgraph-{kgraphs.version}.sqlite").write_bytes(kgraphs.path.read_bytes())
    assert [found.name for found in installed(tmp_path)] == ["mine"]


@fuzzing(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_text_can_be_looked_up(authority, name):
    for found in (*authority.candidates(name), *authority.starting_with(name), *authority.at_domain(name)):
        assert found.label


@given(st.text(alphabet="aB3 .-&'", min_size=1, max_size=30))
def test_a_form_is_a_slug(name):
    assert form(iris.slug(name)) == iris.slug(iris.slug(name)) or name.strip(" .-&'").lower().startswith(("a", "an", "the"))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.plaza.example/", "plaza.example"),
        ("http://Plaza.example:80", "plaza.example"),
        ("https://plaza.example/about", None),
        ("plaza.example", None),
        ("https:///", None),
    ],
)
def test_only_the_root_of_a_site_claims_its_domain(url, host):
    assert own_host(url) == host


def test_the_shipped_authority_covers_platforms_organizations_and_places(kgraphs):
    kinds = Counter(found.kind for found in kgraphs)
    assert kinds[EntityKind.PLATFORM] + kinds[EntityKind.ORGANIZATION] >= 8_000
    described = Counter(found.description.partition(":")[0] for found in kgraphs if found.kind is EntityKind.PLACE)
    assert described["country"] >= 195
    assert described["state"] >= 50
    assert described["city"] >= 5_000


def test_every_shipped_row_has_its_source_version_and_licence(kgraphs):
    for found in kgraphs:
        assert found.source
        assert found.version.count("|") == found.source.count("|")
        assert all(found.licence.split("|"))
        assert all(iri.startswith(("http://", "https://")) for iri in found.same_as)


def test_no_identifier_is_of_two_shipped_things():
    owners = Counter(iri for found in shipped_rows() for iri in found.same_as)
    assert [iri for iri, count in owners.items() if count > 1] == []


def test_a_look_up_takes_less_than_a_millisecond(kgraphs):
    names = [found.label for found in kgraphs][::400]
    started = time.perf_counter()
    for name in names:
        kgraphs.candidates(name)
        kgraphs.candidates(name[:3] + "q" + name[3:])
    # Ten times what it takes, since tests share the machine.
    assert (time.perf_counter() - started) / (2 * len(names)) < 2e-3


def test_the_shipped_file_is_made_where_the_folder_cannot_be_written_to(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert len(shipped(Path(blocked))) > 8_000
