"""The reconciliation client against services that others wrote, and against kgraph's own, as processes on loopback.

The others come in an environment of their own (services.txt), made once and kept in a cache folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.server.conftest import serving
from tests.server.reconciled import BASE, fill

from kgraph.link.reconciliation import Service, candidates_from
from kgraph.model.annotations import EntityKind

REQUIREMENTS = Path(__file__).with_name("services.txt")
ROWS = [("Q10", "Craftlist", "website"), ("Q11", "Portland", "city"), ("Q12", "Portland", "city"), ("Q13", "Ana Lima", "human")]
CSV_RECONCILE = """
import sys
from csv_reconcile import create_app, initdb
settings, instance, table, port = sys.argv[1:]
app = create_app(settings, instance_path=instance)
with app.app_context():
    initdb.init_db_with_context(table, "id", "label")
app.run(host="127.0.0.1", port=int(port))
"""


@pytest.fixture(scope="session")
def others() -> Path:
    """The Python of the environment that has the other services; skips where it cannot be made."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "kgraph/tests" / f"services-{digest}"
    python, done = folder / "bin/python", folder / "done"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:  # one test process makes it, the others wait
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            pip = [
                sys.executable,
                "-m",
                "pip",
                "--python",
                str(python),
                "install",
                "--quiet",
                "--no-deps",
                "-r",
                str(REQUIREMENTS),
            ]
            try:
                subprocess.run(
                    [sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True, capture_output=True
                )
                subprocess.run(pip, check=True, capture_output=True, text=True, timeout=240)
            except subprocess.SubprocessError as error:
                said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
                pytest.skip(f"the other services cannot be installed here: {said[-1]}")
            done.touch()
    return python


@contextmanager
def process(command: Sequence[str | Path], url: str, log: Path) -> Iterator[str]:
    with log.open("wb") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out, cwd=log.parent)
    try:
        for _ in range(300):
            if running.poll() is not None:
                pytest.fail(log.read_text())
            try:
                if httpx.get(url, timeout=10).is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        running.terminate()
        running.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def datasette(others, tmp_path_factory) -> Iterator[str]:
    """datasette-reconcile: 0.2."""
    folder = tmp_path_factory.mktemp("datasette")
    database = sqlite3.connect(folder / "things.db")
    with database:
        database.execute("CREATE TABLE thing (id TEXT PRIMARY KEY, label TEXT, type TEXT)")
        database.executemany("INSERT INTO thing VALUES (?, ?, ?)", ROWS)
        database.execute("CREATE VIRTUAL TABLE thing_fts USING fts5(label, content='thing')")
        database.execute("INSERT INTO thing_fts(rowid, label) SELECT rowid, label FROM thing")
    database.close()
    plugin = {"id_field": "id", "name_field": "label", "type_field": "type", "identifierSpace": "http://example.org/things/"}
    metadata = {"databases": {"things": {"tables": {"thing": {"plugins": {"datasette-reconcile": plugin}}}}}}
    (folder / "metadata.json").write_text(json.dumps(metadata))
    port = free_port()
    command = [others, "-m", "datasette", "serve", "things.db", "--metadata", "metadata.json", "--port", str(port)]
    with process(command, f"http://127.0.0.1:{port}/things/thing/-/reconcile", folder / "log") as url:
        yield url


@pytest.fixture(scope="module")
def csv_reconcile(others, tmp_path_factory) -> Iterator[str]:
    """csv-reconcile: 0.1."""
    folder = tmp_path_factory.mktemp("csv")
    (folder / "things.tsv").write_text("id\tlabel\n" + "".join(f"{id}\t{label}\n" for id, label, _ in ROWS))
    (folder / "settings.py").write_text('MANIFEST = {"identifierSpace": "http://example.org/things/"}\n')
    port = free_port()
    command = [others, "-c", CSV_RECONCILE, folder / "settings.py", folder / "instance", folder / "things.tsv", str(port)]
    with process(command, f"http://127.0.0.1:{port}/reconcile", folder / "log") as url:
        yield url


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("own") / "store"
    fill(root)
    with serving(root) as served:
        yield f"{served.url}/reconcile"


@contextmanager
def asking(url: str, cache: Path) -> Iterator[Service]:
    service = Service(url, cache=cache, per_second=100)
    try:
        yield service
    finally:
        service.close()


@pytest.mark.slow
@pytest.mark.parametrize(("other", "version"), [("datasette", "0.2"), ("csv_reconcile", "0.1")])
def test_a_service_that_others_wrote_adds_candidates(request, tmp_path, other, version):
    url = request.getfixturevalue(other)
    with asking(url, tmp_path) as service:
        assert version in service.manifest().versions
        found = service.answers(["Craftlist", "Portland", "Zzyzx Qwertz"])
        assert service.failures == []
    (best, *_) = found["Craftlist"].candidates
    assert (best.id, best.label) == ("http://example.org/things/Q10", "Craftlist")
    assert {one.id for one in found["Portland"].candidates} >= {
        "http://example.org/things/Q11",
        "http://example.org/things/Q12",
    }
    assert found["Portland"].ambiguous
    assert "Craftlist" not in [one.label for one in found["Zzyzx Qwertz"].candidates]
    offline = Service(url, cache=tmp_path, offline=True)
    assert offline.answers(["Craftlist", "Portland", "Zzyzx Qwertz"]) == found
    offline.close()


@pytest.mark.slow
def test_a_services_types_become_kinds(datasette, tmp_path):
    with asking(datasette, tmp_path) as service:
        found = candidates_from(service, ["Craftlist", "Ana Lima", "Portland"])
    assert {one.kind for one in found["Craftlist"]} == {EntityKind.PLATFORM}
    assert {one.kind for one in found["Ana Lima"]} == {EntityKind.PERSON}
    assert {one.kind for one in found["Portland"]} == {EntityKind.PLACE}


@pytest.mark.parametrize("path", ["", "/1.0"])
def test_our_own_service_is_one_as_well(own, tmp_path, path):
    with asking(own + path, tmp_path) as service:
        found = service.answers(["craft list", "Portland", "Ana Lima", "Nobody Of That Name"])
        assert service.failures == []
    assert found["craft list"].candidates[0].id == f"{BASE}platform/craftlist"
    assert found["craft list"].candidates[0].kind is EntityKind.PLATFORM
    assert found["Portland"].ambiguous
    assert {one.id for one in found["Portland"].candidates} == {f"{BASE}place/portland-oregon", f"{BASE}place/portland-maine"}
    assert [one.kind for one in found["Ana Lima"].candidates] == [EntityKind.PERSON]
    assert found["Nobody Of That Name"].candidates == ()
