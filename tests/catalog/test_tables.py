"""What the tables promise: each row well formed, each identifier traced to the list that confirms it."""

from __future__ import annotations

import csv
import lzma
import re
import tomllib
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import kgraph.catalog
from kgraph import iris
from kgraph.catalog import FILES, Ambiguity, load

FOLDER = Path(kgraph.catalog.__file__).parent
TOOLS = Path(__file__).resolve().parents[2] / "tools"
LEAST = {"platforms.csv": 1500, "technologies.csv": 400, "organizations.csv": 500, "places.csv": 3000}
ROWS = {name: list(csv.DictReader((FOLDER / name).read_text("utf-8").splitlines())) for name in FILES.values()}


@pytest.mark.parametrize("name", FILES.values())
def test_a_table_is_large_sorted_and_without_duplicates(name: str) -> None:
    slugs = [row["slug"] for row in ROWS[name]]
    assert len(slugs) >= LEAST[name]
    assert slugs == sorted(set(slugs))


def test_an_id_is_the_reference_that_its_name_gives() -> None:
    for entry in load().entries:
        assert entry.id == iris.entity(entry.kind.value, entry.name)
        assert load().by_id(entry.id) is entry


def test_home_pages_are_addresses() -> None:
    for entry in load().entries:
        if entry.url is not None:
            parts = urlsplit(entry.url)
            assert parts.scheme in {"http", "https"}, entry
            assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), entry
            assert not re.search(r"\s", entry.url), entry


def test_types_and_marks_are_known_words() -> None:
    for name, rows in ROWS.items():
        for row in rows:
            assert re.fullmatch(r"([A-Z][A-Za-z]+(\|[A-Z][A-Za-z]+)*)?", row["types"]), (name, row)
            assert set(row["ambiguous"].split("|")) <= {"", "case", "word", "context"}, (name, row)


def test_no_form_belongs_to_two_sure_entries_of_one_kind() -> None:
    owners = defaultdict[tuple[str, str], set[str]](set)
    for entry in load().entries:
        for form, ambiguity in entry.forms:
            if ambiguity is Ambiguity.NONE:
                owners[entry.kind.value, form.casefold()].add(entry.id)
    assert {form: ids for form, ids in owners.items() if len(ids) > 1} == {}


def test_short_names_are_never_sure() -> None:
    for entry in load().entries:
        for form, ambiguity in entry.forms:
            letters = sum(map(str.isalnum, form))
            assert letters > 3 or ambiguity is not Ambiguity.NONE, (entry.id, form)


def test_no_identifier_stands_for_two_entries() -> None:
    owners = defaultdict[str, list[str]](list)
    for entry in load().entries:
        for iri in entry.same_as:
            owners[iri].append(entry.id)
    assert {iri: ids for iri, ids in owners.items() if len(ids) > 1} == {}


def test_every_row_names_its_lists_and_their_licences() -> None:
    pinned = tomllib.loads((TOOLS / "catalog-sources.toml").read_text("utf-8"))
    shipped = {f"{name} {of['version']}": of["licence"] for name, of in pinned.items() if of["use"] == "facts"}
    for rows in ROWS.values():
        for row in rows:
            for source in row["source"].split("|"):
                if source in shipped:
                    assert shipped[source] in row["licence"].split("|"), row
                else:
                    assert re.fullmatch(r"own 1|wikidata-2019 \w+|verified-ids \w{8}", source), row


def test_the_readme_counts_the_rows_of_each_list() -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    counts = defaultdict[str, int](int)
    for rows in ROWS.values():
        for row in rows:
            for source in row["source"].split("|"):
                counts[source.split(" ")[0]] += 1
    for source, count in counts.items():
        assert re.search(rf"\| {re.escape(source)} \|.*\| {count:,} \|", readme), f"{source} gives {count:,} rows"


@pytest.mark.shared
def test_every_wikidata_id_traces_to_the_list_that_confirms_it(shared: Path) -> None:
    with (shared / "catalog" / "verified-ids.tsv").open(encoding="utf-8") as lines:
        verified = {(row["wikidata"], row["dbpedia_resource"]) for row in csv.DictReader(lines, delimiter="\t")}
    with lzma.open(shared / "catalog" / "wikidata-2019-14k.tsv.xz", "rt", encoding="utf-8") as lines:
        items = {row["wikidata"]: row for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)}
    for rows in ROWS.values():
        for row in rows:
            if not (row["wikidata"] or row["dbpedia"]) or (row["wikidata"], row["dbpedia"]) in verified:
                continue
            assert not row["dbpedia"], row
            if "wikidata-2019" in row["source"]:
                item = items[row["wikidata"]]
                called = {iris.slug(name) for name in (item["label"], *item["aliases"].split("|")) if name}
                assert called & {iris.slug(form) for form in (row["name"], *row["aliases"].split("|")) if form}, row
            else:
                assert "name-suggestion-index" in row["source"], row


@pytest.mark.shared
@pytest.mark.parametrize(
    ("id", "namesake"),
    [
        ("platform/amazon", "river"),
        ("organization/cisco", "fish"),
        ("platform/firefox", "panda"),
        ("platform/kiva", "chamber"),
        ("platform/java", "island"),
        ("technology/python", "snake"),
        ("organization/apple", "fruit"),
    ],
)
def test_an_identifier_is_never_that_of_a_namesake(shared: Path, id: str, namesake: str) -> None:
    with lzma.open(shared / "catalog" / "wikidata-2019-14k.tsv.xz", "rt", encoding="utf-8") as lines:
        items = {row["wikidata"]: row for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)}
    entry = load().by_id(id)
    for iri in entry.same_as if entry else ():
        described = items.get(iri.rpartition("/")[2], {}).get("description", "")
        assert namesake not in described, (id, iri, described)
