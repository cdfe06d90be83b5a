"""Builds into real stores, with real child processes: what is loaded, what is kept out, what a death costs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from rdflib import Graph, Literal, URIRef

from kgraph import iris
from kgraph.build import BuildReport, build, local
from kgraph.iris import DEFAULT_BASE
from kgraph.model.text import Source
from kgraph.pipeline import Pipeline
from kgraph.settings import Settings
from kgraph.store import open_store
from kgraph.store.oxigraph import OxigraphStore
from kgraph.vocab import KG, OA, RDF, SCHEMA

PAGE = "Harbour Notes\n\nFerries are slow. Wikipedia lists {} of them.\n"


def source(name: str, content: str | None = None) -> Source:
    return Source(iris.document(name), f"{name}.txt", "text/plain", (content or PAGE.format(name)).encode())


def settings(store: Path, **others: object) -> Settings:
    return Settings(store=str(store), **others)


def graph_of(store: Path, name: str) -> bytes:
    out = BytesIO()
    with open_store(store) as opened:
        opened.dump(out, media_type="application/n-quads", graph=f"{DEFAULT_BASE}doc/{name}")
    return b"".join(sorted(out.getvalue().splitlines(keepends=True)))


def documents(store: Path) -> list[str]:
    with open_store(store) as opened:
        return [graph for graph in opened.graphs() if "/doc/" in graph]


def planted() -> Pipeline:
    """The standard pipeline with faults for pages whose text asks for them, as a bad stage would make them."""
    pipeline = Pipeline.standard(Settings())

    def read(source: Source):
        if b"kill me" in source.content:
            os.kill(os.getpid(), signal.SIGKILL)
        if b"raise an error" in source.content:
            raise ZeroDivisionError("planted")
        return pipeline.read(source)

    def map_(extraction) -> Graph:
        graph = pipeline.map(extraction)
        if "break a shape" in extraction.document.text:
            graph.remove((None, SCHEMA.text, None))
        if "misquote the last claim" in extraction.document.text:
            assertion = URIRef(DEFAULT_BASE + extraction.assertions[0].id)
            for passage in graph.objects(assertion, KG.evidence):
                for selector in graph.objects(passage, OA.hasSelector):
                    if (selector, OA.exact, None) in graph and "Ferries" in str(graph.value(selector, OA.exact)):
                        graph.set((selector, OA.exact, Literal("Ferries are fast.")))
        return graph

    return replace(pipeline, read=read, map=map_)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> tuple[Path, BuildReport]:
    """A build of good pages among bad ones."""
    store = tmp_path_factory.mktemp("faulty") / "store"
    sources = [
        source("good"),
        source("empty", "\n"),
        source("shapeless", PAGE.format("break a shape")),
        source("deadly", "kill me"),
        source("misquoting", PAGE.format("misquote the last claim")),
        source("defect", "raise an error"),
        source("last"),
    ]
    return store, build(sources, settings=settings(store, jobs=2), make_pipeline=planted)


def test_the_rest_is_loaded(faulty):
    store, report = faulty
    assert documents(store) == [f"{DEFAULT_BASE}doc/{name}" for name in ("good", "last", "misquoting")]
    assert report.documents == 3


def test_each_failure_is_counted_with_its_reason(faulty):
    _, report = faulty
    assert [(failure.source, failure.kind) for failure in report.failures if failure.kind != "assertions quarantined"] == [
        ("empty.txt", "rejected"),
        ("shapeless.txt", "quarantined"),
        ("deadly.txt", "rejected"),
        ("defect.txt", "rejected"),
    ]
    reasons = {failure.source: failure.reason for failure in report.failures}
    assert "the process that read it died (signal 9)" in reasons["deadly.txt"]
    assert "ZeroDivisionError: planted" in reasons["defect.txt"]
    assert (report.quarantined, report.rejected) == (2, 3)


def test_a_refused_document_is_kept_as_files_that_can_be_opened(faulty):
    store, _ = faulty
    home = store / "quarantine" / "shapeless"
    assert "Claim-text" in (home / "report.txt").read_text()
    report = Graph().parse(home / "report.ttl")
    assert (None, RDF.type, URIRef("http://www.w3.org/ns/shacl#ValidationReport")) in report
    assert (URIRef(DEFAULT_BASE + "doc/shapeless"), None, None) in Graph().parse(home / "graph.ttl")
    assert b"<http://localhost:8000/doc/shapeless> .\n" in (home / "graph.nq").read_bytes()


def test_a_planted_misquotation_is_not_loaded_and_the_rest_of_its_document_is(faulty):
    store, report = faulty
    loaded = graph_of(store, "misquoting")
    assert b"Ferries are fast." not in loaded
    assert loaded.count(b"<https://w3id.org/kgraph#Assertion>") == 1
    assert "Ferries are fast." in (store / "quarantine" / "misquoting" / "report.txt").read_text()
    assert [failure.kind for failure in report.failures if failure.source == "misquoting.txt"] == ["assertions quarantined"]


def test_the_runs_that_read_and_linked_are_described_in_a_graph_of_their_own(faulty):
    store, _ = faulty
    with open_store(store) as opened:
        ended = opened.query(
            f"SELECT ?ended FROM <{DEFAULT_BASE}runs> WHERE {{ ?run <http://www.w3.org/ns/prov#endedAtTime> ?ended }}",
            media_type="text/csv",
        ).read()
        assert len(ended.split()) == 3


@pytest.mark.slow
def test_a_document_that_passes_leaves_quarantine_and_the_same_input_gives_the_same_bytes(tmp_path):
    store = tmp_path / "store"
    build([source("page", PAGE.format("break a shape"))], settings=settings(store), make_pipeline=planted)
    assert (store / "quarantine" / "page").is_dir()
    build([source("page"), source("other")], settings=settings(store))
    assert not (store / "quarantine" / "page").exists()
    first = graph_of(store, "page")
    build([source("other"), source("page")], settings=settings(store, jobs=2))
    assert graph_of(store, "page") == first
    build([source("page", PAGE.format("break a shape"))], settings=settings(store), make_pipeline=planted)
    assert graph_of(store, "page") == first, "a refused document leaves what was loaded of it before"


def test_a_build_of_a_large_part_of_the_store_brings_it_into_order_and_a_small_one_does_not(tmp_path, monkeypatch):
    compacted = []
    compact = OxigraphStore.compact
    monkeypatch.setattr(OxigraphStore, "compact", lambda store: compacted.append(store.count()) or compact(store))
    monkeypatch.setattr(local, "_MUCH", 20)
    report = build([source(f"page-{number}") for number in range(15)], settings=settings(tmp_path / "store"))
    assert compacted == [pytest.approx(report.triples, rel=0.1)]
    build([source("page-16")], settings=settings(tmp_path / "store"))
    assert len(compacted) == 1


def test_sources_are_not_read_ahead_of_the_build(tmp_path):
    taken = []

    def many() -> Iterator[Source]:
        for number in range(200):
            taken.append(number)
            yield source(f"page-{number}")
            if number == 0:
                continue
            if number > 100:
                raise InterruptedError

    with pytest.raises(InterruptedError):
        build(many(), settings=settings(tmp_path / "store"))
    assert len(documents(tmp_path / "store")) >= 100 - 16 - 1
