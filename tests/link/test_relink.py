"""Linking a store anew, and what people decide about it."""

from __future__ import annotations

import json
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from rdflib import Graph, Literal, URIRef
from tests.link.test_reconciliation import Other, row, running
from typer.testing import CliRunner

from kgraph import media, readers
from kgraph.build import build
from kgraph.build.enrich import enrich
from kgraph.build.relink import pages, relink
from kgraph.cli import app
from kgraph.errors import Misuse
from kgraph.link import authorities, judgements
from kgraph.link.review import as_csv, judged, queue, read_csv
from kgraph.model.annotations import LinkStatus
from kgraph.pipeline import standard_linker
from kgraph.settings import Settings
from kgraph.store import open_store
from kgraph.validate import ShapesGate
from kgraph.vocab import DCTERMS, KG, OWL, RDF, RDFS, SCHEMA, SKOS

TEXT = """Small Letters

On asking the crowd

Wikipedia answers faster than any desk I know. I asked GitHub and Twitter the same, from a train to Portland in Oregon.
People in Germany told me that Wikipedia is theirs too.

Comments

* Mira
Wikipedia is wrong about Germany, and so are you.
"""
WIKIPEDIA = "http://www.wikidata.org/entity/Q52"
DAY = date(2031, 5, 4)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("relink")
    (folder / "crowd.txt").write_text(TEXT)
    settings = Settings(store=str(folder / "store"), links=folder / "links.sssom.tsv")
    report = build(readers.sources([str(folder / "crowd.txt")], max_bytes=100_000), settings=settings)
    assert not report.failures
    return folder


@pytest.fixture
def settings(built, tmp_path) -> Settings:
    """A store of its own, as it was built, and no judgements yet."""
    import shutil

    shutil.copytree(built / "store", tmp_path / "store", symlinks=True)
    return Settings(store=str(tmp_path / "store"), links=tmp_path / "links.sssom.tsv")


def dump(settings: Settings) -> list[bytes]:
    out = BytesIO()
    with open_store(settings.store) as store:
        store.dump(out, media_type=media.NQUADS.media_type)
    return sorted(out.getvalue().splitlines())


def graph(settings: Settings) -> Graph:
    """The union of all graphs."""
    out = BytesIO()
    with open_store(settings.store) as store:
        store.dump(out, media_type=media.NTRIPLES.media_type)
    return Graph().parse(data=out.getvalue(), format="nt")


def judge(settings: Settings, entity: str, target: str | None, *, rejected: bool = False) -> None:
    table = judgements.read(settings.links, base=settings.base)
    row = {
        "subject_id": f"entity:{entity}",
        "predicate_modifier": "Not" if rejected else "",
        "predicate_id": "schema:sameAs",
        "object_id": target or judgements.NOTHING,
        "author_label": "Ana",
    }
    judgements.write(settings.links, table.with_rows([row]))


def statuses(settings: Settings, entity: str) -> dict[str, str]:
    found = graph(settings)
    links = found.subjects(KG.entity, URIRef(settings.base + entity))
    return {str(found.value(link, KG.target)): str(found.value(link, KG.status)).rpartition("#")[2] for link in links}


def test_linking_what_was_just_built_changes_nothing(settings):
    before = dump(settings)
    made = relink(settings)
    assert made.changed == 0
    assert made.statuses["accepted"] > 0
    assert dump(settings) == before


def test_a_rejected_link_never_comes_back(settings, built):
    assert statuses(settings, "platform/wikipedia")[WIKIPEDIA] == "accepted"
    judge(settings, "platform/wikipedia", WIKIPEDIA, rejected=True)
    for _ in range(2):
        relink(settings)
        assert statuses(settings, "platform/wikipedia") == {WIKIPEDIA: "rejected", "None": "nil"}
    build(readers.sources([str(built / "crowd.txt")], max_bytes=100_000), settings=settings)
    assert statuses(settings, "platform/wikipedia") == {WIKIPEDIA: "rejected", "None": "nil"}
    assert (None, SCHEMA.sameAs, URIRef(WIKIPEDIA)) not in graph(settings)


def test_what_people_accept_is_accepted_and_relinking_settles(settings):
    judge(settings, "platform/twitter", "http://data.example/bird")
    assert relink(settings).changed == 1
    assert relink(settings).changed == 0
    assert statuses(settings, "platform/twitter") == {"http://data.example/bird": "accepted"}


def test_taking_a_judgement_back_brings_the_first_links_again(settings):
    before = dump(settings)
    judge(settings, "platform/wikipedia", None)
    relink(settings)
    assert statuses(settings, "platform/wikipedia") == {"None": "nil"}
    settings.links.unlink()
    relink(settings)
    assert [line for line in dump(settings) if b"/runs>" not in line] == [line for line in before if b"/runs>" not in line]


def test_relinked_graphs_conform_and_never_say_same_in_owl(settings):
    judge(settings, "platform/github", None)
    relink(settings)
    with open_store(settings.store) as store:
        for _, document, _ in pages(store, base=settings.base):
            assert ShapesGate().check(document).conforms
    assert (None, OWL.sameAs, None) not in graph(settings)


def test_every_published_identifier_traces_to_a_row_or_a_judgement(settings):
    judge(settings, "platform/twitter", "http://data.example/bird")
    relink(settings)
    found = graph(settings)
    searched = authorities(settings.authorities)
    named = {f"{authority.name} {authority.version}": authority for authority in searched}
    judged_targets = {table["object_id"] for table in judgements.read(settings.links, base=settings.base).rows}
    published = {target for term in (SCHEMA.sameAs, SKOS.closeMatch, SKOS.exactMatch) for target in found.objects(None, term)}
    published |= set(found.objects(None, KG.target))
    assert published
    for target in published:
        (version,) = {str(one) for link in found.subjects(KG.target, target) for one in found.objects(link, KG.catalogVersion)}
        if version in named:
            row = named[version].get(str(target))
            assert row is not None
            assert row.source
            assert row.version
            assert row.licence
        else:
            assert version.startswith("judgements ")
            assert str(target) in judged_targets


def test_the_queue_has_sentences_and_candidates_and_takes_its_decisions_back(settings):
    linker, _ = standard_linker(settings)
    with open_store(settings.store) as store:
        seen = [page for _, _, page in pages(store, base=settings.base)]
    waiting = queue(seen, linker, statuses=frozenset({LinkStatus.PROPOSED, LinkStatus.AMBIGUOUS}))
    (portland,) = [one for one in waiting if one.named.id == "place/portland"]
    assert "train to Portland" in portland.sentences[0]
    assert len(portland.weighed) > 1
    empty = judgements.Table.empty(base=settings.base)
    exported = as_csv(waiting).splitlines()
    decided = "\n".join(
        [exported[0], *(line + "accept" if ",place/portland" in f",{line}" else line for line in exported[1:2])]
    )
    table = read_csv(decided, name="open.csv", author="Ana", on=DAY, table=empty)
    (row,) = table.rows
    assert (row["author_label"], row["mapping_date"], row["subject_id"]) == ("Ana", "2031-05-04", "entity:place/portland")
    again = judgements.parse(table.as_text(), name="links", base=settings.base)
    assert judgements.judgements(again, name="links").of("place/portland")[0].status is LinkStatus.ACCEPTED
    one = judged(empty, portland, None, rejected=False, author="Ana", on=DAY)
    assert one.rows[0]["object_id"] == judgements.NOTHING


@pytest.mark.parametrize(
    "row",
    [
        "entity:x/y\t\tfoaf:knows\twikidata:Q1",
        "entity:x/y\tMaybe\tschema:sameAs\twikidata:Q1",
        "entity:x/y\t\tschema:sameAs\tnowhere",
        "entity:x/y\tNot\tschema:sameAs\tsssom:NoTermFound",
    ],
)
def test_a_judgement_that_cannot_be_meant_is_refused_with_its_entity(tmp_path, row):
    path = tmp_path / "links.sssom.tsv"
    path.write_text(f"subject_id\tpredicate_modifier\tpredicate_id\tobject_id\n{row}\n")
    with pytest.raises(Misuse, match="entity:x/y"):
        judgements.judgements(judgements.read(path, base="http://localhost:8000/"), name=str(path))


def test_a_file_of_judgements_keeps_what_people_wrote_beyond_it(tmp_path):
    head = "#curie_map:\n#  mine: http://mine.example/\n#license: CC0\n"
    text = head + "subject_id\tpredicate_id\tobject_id\tnote\nentity:a/b\tschema:sameAs\tmine:1\tsure\n"
    table = judgements.parse(text, name="x", base="http://localhost:8000/")
    (verdict,) = judgements.judgements(table, name="x").of("a/b")
    assert verdict.target == "http://mine.example/1"
    again = judgements.parse(table.as_text(), name="x", base="http://localhost:8000/")
    assert again.rows[0]["note"] == "sure"
    assert "#license: CC0" in again.as_text()
    assert again.as_text() == table.as_text()


def test_the_commands_link_review_and_import(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("KGRAPH_STORE", settings.store)
    monkeypatch.setenv("KGRAPH_LINKS", str(settings.links))
    runner = CliRunner()
    exported = tmp_path / "open.csv"
    assert runner.invoke(app, ["link", "review", "--export", str(exported)]).exit_code == 0
    header, *rows = exported.read_text().splitlines()
    exported.write_text("\n".join([header, *(row + "reject" for row in rows)]) + "\n")
    imported = runner.invoke(app, ["link", "import", str(exported), "--author", "Ana"])
    assert imported.exit_code == 0, imported.output
    assert "rejected" in statuses(settings, "place/portland").values()
    assert "proposed" not in statuses(settings, "place/portland").values()
    asked = runner.invoke(app, ["link", "review", "--nil"], input="q\n")
    assert asked.exit_code == 0
    assert runner.invoke(app, ["link", "import", str(tmp_path / "none.csv")]).exit_code == 2
    listed = runner.invoke(app, ["authority", "list"])
    assert "CC0-1.0" in listed.output
    assert "Q52" in runner.invoke(app, ["authority", "find", "Wikipedia"]).output


def test_answers_in_the_terminal_are_kept_beside_those_of_others(settings, monkeypatch):
    monkeypatch.setenv("KGRAPH_LINKS", str(settings.links))
    judge(settings, "platform/twitter", "http://data.example/bird")
    asked = CliRunner().invoke(app, ["link", "review", "--store", settings.store, "--author", "Ana"], input="1\ns\nq\n")
    assert asked.exit_code == 0, asked.output
    rows = {row["subject_id"]: row for row in judgements.read(settings.links, base=settings.base).rows}
    assert rows["entity:platform/twitter"]["object_id"] == "http://data.example/bird"
    assert [row["predicate_modifier"] for row in rows.values()] == ["", ""]
    relink(settings)
    (entity,) = [id.removeprefix("entity:") for id in rows if id != "entity:platform/twitter"]
    assert set(statuses(settings, entity).values()) == {"accepted"}


def test_a_services_candidates_are_added_and_weighed_like_any_other(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("KGRAPH_AUTHORITIES", str(tmp_path / "authorities"))
    monkeypatch.setenv("KGRAPH_RECONCILE_CACHE", str(tmp_path / "answers"))
    monkeypatch.setenv("KGRAPH_LINKS", str(settings.links))
    city = [{"id": "Q515", "name": "city"}]
    service = Other(lambda name: [row("P1", "Portland", 100, match=True, type=city)] if name == "Portland" else [])
    with running(service) as other:
        asked = CliRunner().invoke(app, ["link", "--reconcile", other.url, "--store", settings.store])
        assert asked.exit_code == 0, asked.output
        assert "named 1 things" in asked.output
        requests = other.requests
        again = CliRunner().invoke(app, ["link", "--reconcile", other.url, "--store", settings.store])
        assert again.exit_code == 0
        assert other.requests == requests, "each name is asked for once"
    linker, _ = standard_linker(Settings(store=settings.store, links=settings.links))
    with open_store(settings.store) as store:
        weighed = [
            one.candidate.id
            for _, _, page in pages(store, base=settings.base)
            for named in page.named
            for _, considered in linker.weigh(page, named)
            for one in considered
        ]
    assert "http://example.org/id/P1" in weighed, "what it named is among the candidates"
    accepted = graph(settings).subjects(SCHEMA.sameAs, URIRef("http://example.org/id/P1"))
    assert not list(accepted), "that the service calls it a match decides nothing"


def test_a_service_that_is_gone_costs_its_candidates_only(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("KGRAPH_AUTHORITIES", str(tmp_path / "authorities"))
    monkeypatch.setenv("KGRAPH_RECONCILE_CACHE", str(tmp_path / "answers"))
    before = dump(settings)
    asked = CliRunner().invoke(app, ["link", "--reconcile", "http://127.0.0.1:9/api", "--store", settings.store])
    assert asked.exit_code == 0, asked.output
    assert "named 0 things" in asked.output
    assert dump(settings) == before


def test_facts_come_into_a_graph_of_their_own_with_source_licence_and_run(settings):
    before = {line for line in dump(settings) if b"/doc/" in line}
    licence = "https://creativecommons.org/publicdomain/zero/1.0/"

    def facts(things):
        assert WIKIPEDIA in things
        yield URIRef(WIKIPEDIA), RDFS.label, Literal("Wikipedia", lang="en")

    for _ in range(2):
        made = enrich(settings, facts, source="slice.json", licence=licence)
    assert (made.found, made.facts) == (1, 1)
    found = graph(settings)
    named = URIRef(made.graph)
    assert found.value(named, DCTERMS.license) == URIRef(licence)
    assert str(found.value(named, DCTERMS.source)) == "slice.json"
    assert before == {line for line in dump(settings) if b"/doc/" in line}, "what the documents say stays as it is"
    with open_store(settings.store) as store:
        rows = json.loads(store.query(f"SELECT * {{ GRAPH <{made.graph}> {{ <{WIKIPEDIA}> ?p ?o }} }}").read())
    assert len(rows["results"]["bindings"]) == 1
    out = BytesIO()
    with open_store(settings.store) as store:
        store.dump(out, media_type=media.NTRIPLES.media_type, graph=made.graph)
    report = ShapesGate().check(Graph(bind_namespaces="none").parse(data=out.getvalue(), format="nt"))
    assert report.conforms, report.as_text()
    assert (None, RDF.type, KG.Link) in found


def test_enriching_asks_nothing_that_was_not_named():
    runner = CliRunner()
    assert runner.invoke(app, ["enrich"]).exit_code == 2
    assert runner.invoke(app, ["enrich", "--endpoint", "ftp://x.example"]).exit_code == 2
