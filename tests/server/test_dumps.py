"""Dumps: every form and coding of the whole and of a document, made once for a snapshot, in ranges, and described in VoID."""

from __future__ import annotations

import gzip
import hashlib
import io
import time
from collections.abc import Iterator

import httpx
import pytest
import zstandard
from rdflib import DCAT, DCTERMS, RDF, VOID, Graph, URIRef
from tests.rdf import example
from tests.server import graphs
from tests.server.conftest import Served, serving

from kgraph import media
from kgraph.server import addresses
from kgraph.server.dumps import PATHS
from kgraph.store import open_store


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("dumps") / "store"
    with open_store(root, write=True) as store:
        store.replace(graphs.DOC, graphs.example_quads())
    with serving(root) as server:
        yield server


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=30) as client:
        yield client


def unpacked(content: bytes, coding: str) -> bytes:
    if coding == "gz":
        return gzip.decompress(content)
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)).read() if coding == "zst" else content


@pytest.mark.parametrize("form", addresses.DUMPS, ids=lambda form: form.name)
@pytest.mark.parametrize("stem", ["/dump", f"/{example.DOC}"])
def test_every_coding_holds_the_same_graph(client, stem, form):
    plain = client.get(f"{stem}.{form.suffix}")
    assert plain.headers["Content-Type"] == form.content_type
    expected = graphs.triples_of(graphs.parsed(graphs.example_quads(), media.NQUADS))
    assert graphs.triples_of(graphs.parsed(plain.content, form)) == expected
    for coding, media_type in addresses.CODINGS.items():
        packed = client.get(f"{stem}.{form.suffix}.{coding}")
        assert packed.headers["Content-Type"] == media_type
        assert "Content-Encoding" not in packed.headers
        assert unpacked(packed.content, coding) == plain.content


@pytest.mark.parametrize("path", PATHS)
def test_a_dump_is_served_in_ranges(client, path):
    whole = client.get(path)
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = client.get(path, headers={"Range": "bytes=10-19"})
    assert part.status_code == 206
    assert part.content == whole.content[10:20]
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.content)}"
    assert client.get(path, headers={"Range": "bytes=-5"}).content == whole.content[-5:]
    assert client.get(path, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416
    assert client.get(path, headers={"Range": "triples=0-9"}).content == whole.content
    fresh = client.get(path, headers={"Range": "bytes=10-19", "If-Range": whole.headers["ETag"]})
    assert fresh.status_code == 206
    assert client.get(path, headers={"Range": "bytes=10-19", "If-Range": '"old"'}).content == whole.content


def test_a_known_dump_is_not_sent_again(client):
    first = client.get("/dump.nq")
    assert client.get("/dump.nq", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert client.get("/dump.nq", headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 304
    assert client.get("/dump.nq", headers={"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}).status_code == 200
    assert client.get("/dump.nq", headers={"If-Modified-Since": "yesterday"}).status_code == 200
    head = client.head("/dump.nq")
    assert int(head.headers["Content-Length"]) == len(first.content)
    assert not head.content


def test_what_is_asked_for_at_once_is_made_once(served, client):
    client.get("/dump.ttl")
    folders = list((served.log.with_suffix("") / "dumps").iterdir())
    assert len(folders) == 1
    made = (folders[0] / "dump.ttl").stat().st_ino
    client.get("/dump.ttl")
    assert (folders[0] / "dump.ttl").stat().st_ino == made


def test_a_new_snapshot_has_dumps_of_its_own(tmp_path):
    root = tmp_path / "store"
    with open_store(root, write=True) as store:
        store.replace(graphs.DOC, graphs.example_quads())
    with serving(root) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        first = client.get("/dump.nt")
        for _ in range(3):
            with open_store(root, write=True) as store:
                store.replace(graphs.HOSTILE_DOC, graphs.hostile_quads())
                store.remove(graphs.DOC)
            with open_store(root, write=True) as store:
                store.replace(graphs.DOC, graphs.example_quads())
        for _ in range(100):
            second = client.get("/dump.nt")
            if second.headers["ETag"] != first.headers["ETag"]:
                break
            time.sleep(0.1)
        assert second.headers["ETag"] != first.headers["ETag"]
        assert graphs.LONG.encode() in second.content
        assert len(list((root / "dumps").iterdir())) <= 2


def test_a_store_that_cannot_be_written_to_still_has_dumps(tmp_path):
    root = tmp_path / "store"
    with open_store(root, write=True) as store:
        store.replace(graphs.DOC, graphs.example_quads())
    (root / "dumps").touch()  # no folder can be made there
    with serving(root) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        assert client.get("/dump.nt").status_code == 200


def test_void_tells_what_there_is(client):
    graph = Graph().parse(data=client.get("/.well-known/void").text, format="turtle")
    dataset = URIRef(f"{graphs.BASE}.well-known/void#dataset")
    assert (dataset, RDF.type, VOID.Dataset) in graph
    assert (dataset, RDF.type, DCAT.Dataset) in graph
    triples = Graph().parse(data=client.get("/dump.nt").text, format="nt")
    assert int(graph.value(dataset, VOID.triples)) == len(triples)
    assert int(graph.value(dataset, VOID.distinctSubjects)) == len(set(triples.subjects()))
    assert int(graph.value(dataset, VOID.properties)) == len(set(triples.predicates()))
    parts = {
        graph.value(part, VOID.property): graph.value(part, VOID.triples)
        for part in graph.objects(dataset, VOID.propertyPartition)
    }
    assert int(parts[RDF.type]) == len(list(triples.triples((None, RDF.type, None))))
    linksets = list(graph.subjects(RDF.type, VOID.Linkset))
    assert linksets
    assert all((dataset, VOID.subset, linkset) in graph for linkset in linksets)


def test_void_tells_of_each_dump_what_it_is(client):
    until = time.monotonic() + 30
    while True:
        graph = Graph().parse(data=client.get("/.well-known/void").text, format="turtle")
        distributions = list(graph.subjects(RDF.type, DCAT.Distribution))
        assert len(distributions) == len(PATHS)
        if len(list(graph.subjects(DCAT.byteSize))) == len(PATHS):  # it waits for them, but not for long
            break
        assert time.monotonic() < until
    for distribution in distributions:
        content = client.get(str(graph.value(distribution, DCAT.downloadURL))).content
        assert int(graph.value(distribution, DCAT.byteSize)) == len(content)
        checksum = graph.value(distribution, URIRef("http://spdx.org/rdf/terms#checksum"))
        value = graph.value(checksum, URIRef("http://spdx.org/rdf/terms#checksumValue"))
        assert str(value).lower() == hashlib.sha256(content).hexdigest()
        assert graph.value(distribution, DCTERMS.modified)
        assert str(graph.value(distribution, DCAT.mediaType)).startswith("https://www.iana.org/assignments/media-types/")
