"""The gold file, and what the linker reaches on it."""

from __future__ import annotations

from collections import Counter

import pytest
from benchmarks import linking

from kgraph.link import authorities
from kgraph.settings import Settings

TRAPS = {
    ("Kiva", "platform"): "dbpedia.org/resource/Kiva_(organization)",
    ("Wired", "platform"): "dbpedia.org/resource/Wired_(magazine)",
    ("Empire", "work"): "NIL",
    ("Cisco", "organization"): "Q173395",
    ("Amazon", "platform"): "NIL",
    ("Firefox", "platform"): "NIL",
    ("Maine", "place"): "Q724",
    ("China", "place"): "sws.geonames.org/1814991",
    ("Sarah", "person"): "NIL",
    ("Biomimicry", "work"): "NIL",
    ("John Steward", "person"): "NIL",
}


def test_the_gold_file_has_three_hundred_rows_with_nils_and_the_known_traps():
    rows = linking.rows()
    assert len(rows) >= 300
    assert sum(row["right"] == "NIL" for row in rows) >= 100
    for (name, kind), right in TRAPS.items():
        assert any(row["name"] == name and row["kind"] == kind and right in row["right"] for row in rows), name


def test_each_row_is_of_a_name_once():
    names = Counter((row["document"], row["kind"], row["name"]) for row in linking.rows())
    assert [name for name, count in names.items() if count > 1] == []


def test_every_right_id_is_one_of_a_confirmed_source():
    (shipped, *_) = authorities(Settings().authorities)
    ids = {id for row in linking.rows() if row["right"] != "NIL" for id in row["right"].split("|")}
    # One IRI of a thing under several may be of another row than the rest.
    for row in linking.rows():
        if row["right"] != "NIL":
            assert any(shipped.get(id) is not None for id in row["right"].split("|")), row
    assert ids


@pytest.mark.slow
@pytest.mark.shared
def test_links_on_annotated_and_on_unseen_pages_are_as_good_as_promised(shared):
    counts, cost = linking.measured(shared)
    total = sum((split["all"] for split in counts.values()), Counter())
    assert total["accepted right"] / total["accepted"] >= 0.98
    assert total["accepted right"] / total["linkable"] >= 0.7
    assert total["nil right"] / total["nil"] >= 0.95
    assert cost <= 0.1
    assert total["missing"] <= 0.15 * total["rows"], "the gold file's names must still be found"
