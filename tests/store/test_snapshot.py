"""Readers beside a writer, and what is left when a writer dies."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kgraph.errors import StoreError, StoreLocked
from kgraph.store import open_store

GRAPH = "http://example.org/doc/{}"

# Replaces graphs in a loop, each with N triples that all carry one stamp, and prints the stamp once it was acknowledged.
WRITER = """
import sys
from pathlib import Path
from kgraph.store.oxigraph import OxigraphStore
root, stamp = Path(sys.argv[1]), int(sys.argv[2])
with OxigraphStore(root, write=True) as store:
    print("open", flush=True)
    while True:
        stamp += 1
        batch = {}
        for document in range(3):
            graph = f"http://example.org/doc/{document}"
            lines = (f'<http://example.org/{document}/{n}> <http://example.org/p> "{stamp}" <{graph}> .' for n in range(40))
            batch[graph] = "\\n".join(lines).encode()
        store.replace_many(batch)
        print(stamp, flush=True)
        if stamp % 7 == 0:
            store.publish()
"""


def quads(document: int, words: str) -> dict[str, bytes]:
    graph = GRAPH.format(document)
    return {graph: f'<http://example.org/s> <http://example.org/p> "{words}" <{graph}> .\n'.encode()}


def values(store) -> bytes:
    return store.query("SELECT ?o { ?s ?p ?o } ORDER BY ?o", media_type="text/csv").read()


def test_a_store_that_was_brought_into_order_holds_the_same_in_fewer_files(tmp_path):
    def fewer(root: Path) -> bool:
        with open_store(root, write=True) as writer:
            for number in range(3):
                graph = GRAPH.format(number)
                lines = (f'<http://example.org/{n}> <http://example.org/p> "{number} {n}" <{graph}> .\n' for n in range(2000))
                writer.replace(graph, "".join(lines).encode())
                writer.publish()
            before, files = values(writer), len([*(root / "current").glob("*.sst")])
            writer.compact()
            writer.publish()
            assert values(writer) == before
        with open_store(root) as reader:
            assert values(reader) == before
        return len([*(root / "current").glob("*.sst")]) < files

    assert any(fewer(tmp_path / str(attempt)) for attempt in range(5))  # it may have been put in order meanwhile


def test_a_reader_sees_what_was_published_and_nothing_later(tmp_path):
    with open_store(tmp_path, write=True) as writer:
        writer.replace_many(quads(1, "first"))
        writer.publish()
        writer.replace_many(quads(1, "second"))
        with open_store(tmp_path) as reader:
            assert values(reader) == b"o\r\nfirst\r\n"
            writer.publish()
            writer.replace_many(quads(2, "third"))
            writer.publish()
            assert values(reader) == b"o\r\nfirst\r\n"
            assert len(list((tmp_path / "snapshots").iterdir())) == 2
        with open_store(tmp_path) as reader:
            assert values(reader) == b"o\r\nsecond\r\nthird\r\n"
        writer.replace_many(quads(3, "fourth"))
    assert len(list((tmp_path / "snapshots").iterdir())) == 1
    with open_store(tmp_path) as reader:
        assert len(reader.graphs()) == 3


def test_a_second_writer_is_refused(tmp_path):
    with open_store(tmp_path, write=True), pytest.raises(StoreLocked):
        open_store(tmp_path, write=True)


def test_reading_where_nothing_was_built_is_refused(tmp_path):
    with pytest.raises(StoreError):
        open_store(tmp_path / "nowhere")


def test_writing_to_a_snapshot_is_refused(tmp_path):
    open_store(tmp_path, write=True).close()
    with open_store(tmp_path) as reader, pytest.raises(StoreError):
        reader.replace_many(quads(1, "x"))


def test_an_empty_store_can_be_read(tmp_path):
    open_store(tmp_path, write=True).close()
    with open_store(tmp_path) as reader:
        assert (reader.graphs(), reader.count()) == ([], 0)


def test_a_closed_writer_that_changed_nothing_publishes_nothing(tmp_path):
    with open_store(tmp_path, write=True) as writer:
        writer.replace_many(quads(1, "x"))
    before = (tmp_path / "current").readlink()
    with open_store(tmp_path, write=True) as writer:
        writer.replace_many(quads(1, "x"))
    assert (tmp_path / "current").readlink() == before


def test_the_caller_s_own_file_may_fail(tmp_path):
    class Full:
        def write(self, _chunk: bytes) -> int:
            raise BrokenPipeError(32, "Broken pipe")

        def flush(self) -> None: ...

    with open_store(tmp_path, write=True) as store:
        store.replace_many(quads(1, "x"))
        with pytest.raises(BrokenPipeError):
            store.query("SELECT * { ?s ?p ?o }").write_to(Full())
        with pytest.raises(BrokenPipeError):
            store.dump(Full(), media_type="text/turtle")


def test_a_killed_writer_loses_nothing_acknowledged_and_leaves_nothing_half_written(tmp_path):
    chance = random.Random(7)
    acknowledged = 0
    for _ in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path, str(acknowledged)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout.readline() == "open\n"
            time.sleep(chance.uniform(0, 0.12))
            writer.send_signal(signal.SIGKILL)
            for line in writer.stdout.read().split("\n")[:-1]:
                acknowledged = int(line)
        with open_store(tmp_path) as store:
            stamps = values(store).decode().split("\r\n")[1:-1]
            assert len(set(stamps)) <= 1, "two states at once"
            stamp = int(stamps[0]) if stamps else 0
            assert stamp in (acknowledged, acknowledged + 1)
            assert len(stamps) == store.count() == (120 if stamp else 0)
            acknowledged = stamp
    assert acknowledged > 20
