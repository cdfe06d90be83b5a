"""The commands as people run them: real processes, their output, their exit codes."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kgraph import resources
from kgraph.iris import DEFAULT_BASE
from kgraph.store import open_store

KGRAPH = str(Path(sys.executable).with_name("kgraph"))


def kgraph(
    *arguments: object, stdin: bytes = b"", cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [KGRAPH, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "200", **environment},
    )
    result = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in result.stderr
    return result


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str], dict]:
    """A store built from two of the seeds, with what the command said and its report."""
    folder = tmp_path_factory.mktemp("built")
    seeds = sorted(resources.folder("seeds").glob("*.txt"))[:2]
    done = kgraph("build", *seeds, "--store", folder / "store", "--report", folder / "report.json", "--jobs", 2)
    return folder / "store", done, json.loads((folder / "report.json").read_text())


@pytest.fixture(scope="module")
def store(built) -> Path:
    return built[0]


def test_build_ends_with_a_table_and_reports_the_same(built):
    _, done, report = built
    assert done.returncode == 0, done.stderr
    head, figures = (line.split() for line in done.stdout.splitlines())
    assert head == ["documents", "posts", "people", "platforms", "claims", "quarantined", "rejected", "triples", "seconds"]
    assert figures[0] == "2"
    for name, figure in zip(head[:-1], figures[:-1], strict=True):
        assert int(figure.replace(",", "")) == report[name]
    assert report["failures"] == []
    assert [line.partition(":")[0].endswith(".txt") for line in done.stderr.splitlines()] == [True, True]


def test_a_build_repeated_gives_the_same_documents_to_the_byte(store, tmp_path):
    seeds = sorted(resources.folder("seeds").glob("*.txt"))[:2]
    assert kgraph("build", *reversed(seeds), "--store", tmp_path / "again").returncode == 0
    for seed in seeds:
        graph = f"{DEFAULT_BASE}doc/{seed.stem}"
        first, second = (
            sorted(kgraph("dump", "--store", where, "--format", "nquads", "--graph", graph).stdout.splitlines())
            for where in (store, tmp_path / "again")
        )
        assert first == second
        assert len(first) > 1000


def test_build_reads_stdin_and_exits_with_1_when_something_is_refused(tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    done = kgraph("build", "-", "empty.txt", stdin=b"Wikipedia is large.\n", cwd=tmp_path)
    assert done.returncode == 1
    assert "empty.txt: is empty" in done.stderr
    with open_store(tmp_path / "kgraph-data") as opened:
        assert f"{DEFAULT_BASE}doc/stdin" in opened.graphs()


def test_query_by_name_gives_an_aligned_table(store):
    done = kgraph("query", "platforms-by-claims", "--store", store)
    assert done.returncode == 0
    head, *rows = done.stdout.splitlines()
    assert head.startswith("name")
    assert rows
    column = head.index("platform")
    assert all(row[column:].startswith("http") for row in rows)
    assert "rows" in done.stderr


@pytest.mark.parametrize(
    ("form", "begins"),
    [("json", '{"head"'), ("xml", "<?xml"), ("csv", "n\r\n"), ("tsv", "?n\n")],
)
def test_query_answers_in_the_results_formats(store, form, begins):
    done = kgraph("query", "-", "--format", form, "--store", store, stdin=b"SELECT (COUNT(*) AS ?n) { ?c a kg:Claim }")
    assert done.stdout.startswith(begins), done.stderr


def test_query_gives_a_graph_as_turtle_unless_asked_otherwise(store):
    construct = b"CONSTRUCT { ?s schema:name ?n } WHERE { ?s a kg:Platform ; schema:name ?n }"
    assert "schema.org/name" in kgraph("query", "-", "--store", store, stdin=construct).stdout
    assert kgraph("query", "-", "--format", "ntriples", "--store", store, stdin=construct).stdout.startswith("<http")


def test_query_reads_a_file_and_answers_yes_or_no(store, tmp_path):
    (tmp_path / "ask.rq").write_text("ASK { ?c a kg:Claim }")
    assert kgraph("query", tmp_path / "ask.rq", "--store", store).stdout.split() == ["answer", "yes"]


def test_query_without_a_question_lists_those_that_have_names():
    done = kgraph("query")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 12


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["query", "platform-by-claims"], 2, "did you mean platforms-by-claims"),
        (["query", "nowhere.rq"], 2, "there is no file nowhere.rq"),
        (["build", "nowhere.txt"], 2, "nowhere.txt does not exist"),
        (["build", ".", "--jobs", "0"], 2, "--jobs"),
        (["build", ".", "--base", "nonsense"], 2, "a base is an absolute"),
        (["build"], 2, "Missing argument"),
        (["unknown"], 2, "No such command"),
        (["query", "documents"], 1, "`kgraph build` makes one"),
        (["dump"], 1, "`kgraph build` makes one"),
        (["validate"], 1, "`kgraph build` makes one"),
        (["serve"], 1, "`kgraph build` makes one"),
        (["query", "documents", "--store", "http://127.0.0.1:9"], 1, "127.0.0.1:9"),
        (["dump", "--format", "word"], 2, "--format"),
        (["validate", "nowhere.ttl"], 2, "there is no file nowhere.ttl"),
        (["validate", "--shapes", "nowhere"], 2, "there is no folder nowhere"),
        (["evaluate", "nowhere.json", "nowhere.txt"], 2, "nowhere.json does not exist"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(tmp_path, arguments, code, said):
    done = kgraph(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_setting_that_cannot_be_meant_is_named(tmp_path):
    done = kgraph("build", ".", cwd=tmp_path, KGRAPH_JOBS="many")
    assert done.returncode == 2
    assert "KGRAPH_JOBS" in done.stderr


def test_a_bad_query_fails_with_its_position_in_the_text_as_given(store):
    done = kgraph("query", "-", "--store", store, stdin=b"SELECT ?c { ?c a kg:Claim } WHERE")
    assert done.returncode == 1
    assert "line 1, column 34" in done.stderr


def test_a_store_that_another_process_writes_to_is_not_written_to(store):
    with (store / "lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = kgraph("build", "-", "--store", store, stdin=b"Wikipedia is large.")
    assert done.returncode == 1
    assert "another process is writing" in done.stderr


def test_dump_writes_a_file_at_once_and_only_when_whole(store, tmp_path):
    out = tmp_path / "graph.trig"
    assert kgraph("dump", "--store", store, "--format", "trig", "--out", out).returncode == 0
    assert "GRAPH" in out.read_text() or "{" in out.read_text()
    out.write_text("kept")
    failed = kgraph("dump", "--store", store, "--graph", f"{DEFAULT_BASE}doc/none", "--format", "trig", "--out", out)
    assert failed.returncode == 1
    assert out.read_text() == "kept"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("command", ["dump --format ntriples", "query - --format csv"])
def test_a_reader_that_has_had_enough_is_no_failure(store, command):
    script = f"set -o pipefail; echo 'SELECT * {{ ?s ?p ?o }}' | {KGRAPH} {command} --store {store} | head -1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1


def test_validate_passes_the_store_and_finds_what_is_wrong_in_a_file(store, tmp_path):
    assert kgraph("validate", "--store", store).returncode == 0
    bad = tmp_path / "bad.ttl"
    bad.write_text("@prefix kg: <https://w3id.org/kgraph#> . <http://localhost:8000/x> a kg:Claim .")
    done = kgraph("validate", bad)
    assert done.returncode == 1
    assert "Claim-text" in done.stdout
    (tmp_path / "bad.nq").write_text("<http://localhost:8000/x> a\n")
    assert kgraph("validate", tmp_path / "bad.nq").returncode == 2


def test_readers_are_listed():
    done = kgraph("readers")
    assert "text/plain" in done.stdout
    assert "markdown" in done.stdout


def test_help_teaches_by_example():
    assert all(
        verb in kgraph("--help").stdout for verb in ("build", "validate", "query", "dump", "serve", "evaluate", "readers")
    )
    for verb in ("build", "validate", "query", "dump", "serve", "evaluate"):
        assert "Examples:" in kgraph(verb, "--help").stdout


def test_help_and_lists_load_neither_models_nor_the_web_framework():
    code = "import sys, kgraph.cli; sys.exit(bool({'spacy', 'fastapi'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def many_pages(folder: Path, count: int = 120) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"page-{number:03}.txt").write_text(
            f"Harbour Notes {number}\n\nFerries are slow. Wikipedia lists {number} of them.\n"
        )
    return folder


def started_build(pages: Path, store: Path, jobs: int = 1) -> subprocess.Popen[bytes]:
    """A build under way, forty documents read."""
    build = subprocess.Popen(
        [KGRAPH, "build", str(pages), "--store", str(store), "--jobs", str(jobs)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    for _ in range(40):
        assert build.stderr.readline()
    return build


@pytest.mark.slow
def test_a_build_that_is_killed_loses_nothing_committed_and_the_next_goes_through(tmp_path):
    pages, store = many_pages(tmp_path / "pages"), tmp_path / "store"
    build = started_build(pages, store)
    build.kill()
    build.communicate()
    with open_store(store) as opened:
        left = opened.graphs()
    assert 0 < len(left) < 120
    assert kgraph("validate", "--store", store).returncode == 0
    done = kgraph("build", pages, "--store", store)
    assert done.returncode == 0, done.stderr
    with open_store(store) as opened:
        assert len([graph for graph in opened.graphs() if "/doc/" in graph]) == 120


@pytest.mark.slow
def test_a_reading_process_that_is_killed_costs_at_most_its_document(tmp_path):
    pages, store = many_pages(tmp_path / "pages"), tmp_path / "store"
    build = started_build(pages, store, jobs=2)
    children = Path(f"/proc/{build.pid}/task/{build.pid}/children").read_text().split()
    workers = [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    os.kill(int(workers[0]), signal.SIGKILL)
    out, err = build.communicate(timeout=120)
    lost = [line for line in err.splitlines() if b"the process that read it died" in line]
    assert len(lost) <= 1
    assert int(out.splitlines()[1].split()[0]) == 120 - len(lost)
    assert build.returncode == len(lost)


@pytest.mark.slow
def test_ctrl_c_stops_a_build_with_one_line(tmp_path):
    pages, store = many_pages(tmp_path / "pages"), tmp_path / "store"
    build = started_build(pages, store, jobs=2)
    os.killpg(build.pid, signal.SIGINT)
    _, err = build.communicate(timeout=30)
    assert build.returncode == 130
    assert b"Traceback" not in err
    assert err.splitlines()[-1] == b"stopped"
    with open_store(store) as opened:
        opened.graphs()
