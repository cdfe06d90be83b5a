"""The reconciliation client against a real HTTP server on loopback that does what a service should not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgraph.errors import Misuse
from kgraph.link.reconciliation import MOST_CANDIDATES, Answer, Service, candidates_from
from kgraph.model.annotations import EntityKind

MANIFEST = {
    "versions": ["0.2"],
    "name": "Things",
    "identifierSpace": "http://example.org/id/",
    "schemaSpace": "http://example.org/",
}
Candidates = Callable[[str], object]


class Other:
    """A service whose answers are what a test makes them. `asked` has the names of each batch."""

    def __init__(self, candidates: Candidates = lambda _: [], *, manifest: object = MANIFEST) -> None:
        self.candidates = candidates
        self.manifest = manifest
        self.asked: list[list[str]] = []
        self.spoil: Callable[[BaseHTTPRequestHandler], bool] = lambda _: False
        self.requests = 0
        self.url = ""


@contextmanager
def running(other: Other) -> Iterator[Other]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(other.manifest)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            other.requests += 1
            if other.spoil(self):
                return
            if self.path.endswith("/match"):
                names = [one["conditions"][0]["propertyValue"] for one in json.loads(body)["queries"]]
                other.asked.append(names)
                self.answer({"results": [{"candidates": other.candidates(name)} for name in names]})
            else:
                batch = json.loads(parse_qs(body.decode())["queries"][0])
                other.asked.append([query["query"] for query in batch.values()])
                self.answer({key: {"result": other.candidates(query["query"])} for key, query in batch.items()})

        def answer(self, answer: object) -> None:
            say(self, json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    other.url = f"http://127.0.0.1:{server.server_port}/api"
    try:
        yield other
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> bool:
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)
    return True


@contextmanager
def client(other: Other, cache: Path, **options: float) -> Iterator[Service]:
    service = Service(other.url, cache=cache, **{"timeout": 5.0, "per_second": 1000.0, **options})
    try:
        yield service
    finally:
        service.close()


def row(id: str, name: str, score: float = 90, **more: object) -> dict[str, object]:
    return {"id": id, "name": name, "score": score, **more}


def test_candidates_come_with_their_iris_and_their_source(tmp_path):
    def candidates(name: str) -> list[object]:
        return [
            row("Q1", name, type=[{"id": "Q5", "name": "human"}], description="a\n person"),
            row("http://else.example/2", name, 40),
        ]

    with running(Other(candidates)) as other, client(other, tmp_path) as service:
        found = candidates_from(service, ["Ana Lima", "", "Ana Lima"])
        first, second = found["Ana Lima"]
        assert found[""] == []
        assert (first.id, first.label, first.kind, first.description) == (
            "http://example.org/id/Q1",
            "Ana Lima",
            EntityKind.PERSON,
            "a person",
        )
        assert first.same_as == (first.id,)
        assert (second.id, second.kind) == ("http://else.example/2", None)
        assert (first.source, json.loads((tmp_path / f"{first.version}.json").read_text())["name"]) == (other.url, "Ana Lima")


@pytest.mark.parametrize("versions", [None, ["0.1"], ["0.2"], ["0.1", "0.2", "1.0-draft"], ["1.0-draft"]])
def test_each_version_is_spoken(tmp_path, versions):
    manifest = {**MANIFEST, "versions": versions} if versions else {k: v for k, v in MANIFEST.items() if k != "versions"}
    with running(Other(lambda name: [row("a", name)], manifest=manifest)) as other, client(other, tmp_path) as service:
        found = candidates_from(service, ["One", "Two"])
        assert {name: [one.label for one in rows] for name, rows in found.items()} == {"One": ["One"], "Two": ["Two"]}


def test_an_unknown_version_is_not_spoken(tmp_path):
    with running(Other(manifest={**MANIFEST, "versions": ["7"]})) as other, client(other, tmp_path) as service:
        assert candidates_from(service, ["One"]) == {"One": []}
        assert "speaks 7" in service.failures[0]


def test_names_are_asked_for_in_batches_and_once(tmp_path):
    names = [f"Name {n}" for n in range(120)]
    manifest = {**MANIFEST, "batchSize": 10_000}
    with running(Other(lambda name: [row("a", name)], manifest=manifest)) as other, client(other, tmp_path) as service:
        found = candidates_from(service, names)
        assert [len(batch) for batch in other.asked] == [50, 50, 20]
        assert candidates_from(service, ["Name 1", "New"])["Name 1"] == found["Name 1"]
        assert other.asked[3:] == [["New"]]
    with client(other, tmp_path) as service:  # nobody listens there any more
        assert candidates_from(service, names) == found
        assert service.failures == []


def test_a_service_says_how_large_a_batch_may_be(tmp_path):
    with running(Other(manifest={**MANIFEST, "batchSize": 2})) as other, client(other, tmp_path) as service:
        candidates_from(service, ["One", "Two", "Three"])
        assert [len(batch) for batch in other.asked] == [2, 1]
    with running(Other()) as other, client(other, tmp_path / "silent") as service:
        candidates_from(service, [f"Name {n}" for n in range(12)])
        assert [len(batch) for batch in other.asked] == [10, 2]


def test_offline_nothing_is_asked(tmp_path):
    with running(Other(lambda name: [row("a", name)])) as other:
        with client(other, tmp_path) as service:
            candidates_from(service, ["Known"])
        with client(other, tmp_path, offline=True) as service:
            found = candidates_from(service, ["Known", "Unknown"])
        assert [name for name, rows in found.items() if rows] == ["Known"]
        assert other.requests == 1
        with client(other, tmp_path / "empty", offline=True) as service:
            assert candidates_from(service, ["Known"]) == {"Known": []}
            assert "never asked" in service.failures[0]


def test_requests_keep_their_distance(tmp_path):
    with running(Other(manifest={**MANIFEST, "batchSize": 1})) as other, client(other, tmp_path, per_second=10.0) as service:
        before = time.monotonic()
        candidates_from(service, ["One", "Two", "Three"])
        assert time.monotonic() - before >= 0.3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(tmp_path, status):
    with running(Other(lambda name: [row("a", name)])) as other, client(other, tmp_path) as service:
        other.spoil = lambda handler: other.requests < 3 and say(handler, b"later", status, Retry_After="0")
        assert candidates_from(service, ["One"])["One"]
        assert other.requests == 3


@pytest.mark.parametrize("status", [301, 400, 401, 404])
def test_what_does_not_pass_is_not_tried_again(tmp_path, status):
    with running(Other()) as other, client(other, tmp_path) as service:
        other.spoil = lambda handler: say(handler, b"no", status, Location="http://127.0.0.1:1/")
        assert candidates_from(service, ["One"]) == {"One": []}
        assert other.requests == 1
        assert service.failures == [f"{other.url} answered {status}"]


def test_two_matches_or_a_tie_are_ambiguous_and_a_match_is_not_believed(tmp_path):
    answers = {
        "one": [row("a", "One", 100, match=True), row("b", "Two", 50)],
        "two matches": [row("a", "One", 100, match=True), row("b", "Two", 90, match=True)],
        "tie": [row("a", "One", 80), row("b", "Two", 80)],
        "no scores": [{"id": "a", "name": "One"}, {"id": "b", "name": "Two"}],
        "nothing": [],
    }
    with running(Other(answers.__getitem__)) as other, client(other, tmp_path) as service:
        found = service.answers(answers)
        assert {name: answer.ambiguous for name, answer in found.items()} == {
            "one": False,
            "two matches": True,
            "tie": True,
            "no scores": True,
            "nothing": False,
        }
        assert [len(answer.candidates) for answer in found.values()] == [2, 2, 2, 2, 0]
        with_match = found["one"].candidates
    answers["one"] = [row("a", "One", 100), row("b", "Two", 50, match=True)]
    with running(Other(answers.__getitem__)) as other, client(other, tmp_path / "again") as service:
        assert [one.id for one in service.answers(["one"])["one"].candidates] == [one.id for one in with_match]


def spoil_with(body: bytes, **headers: str) -> Callable[[BaseHTTPRequestHandler], bool]:
    return lambda handler: say(handler, body, **headers)


def drip(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass
    return True


def hang(_handler: BaseHTTPRequestHandler) -> bool:
    time.sleep(1)
    return True


def break_off(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"q0":')
    handler.close_connection = True
    return True


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_with(b'{"q0": {"result": ['), "not JSON"),
        (spoil_with(b"<html>"), "not JSON"),
        (spoil_with(b"\xff\xfe\x00"), "not JSON"),
        (spoil_with(b"[" * 100_000), "not JSON"),
        (spoil_with(b'{"q0": {"result": [{"id": "a", "name": "b", "score": NaN}]}}'), "not JSON"),
        (spoil_with(b"[]"), "another form"),
        (spoil_with(b"null"), "another form"),
        (spoil_with(b'{"q0": {"result": {}}}'), "another form"),
        (spoil_with(b'{"q0": []}'), "another form"),
        (spoil_with(b'{"who": {"result": []}}'), "another form"),
        (spoil_with(b" " * (10 << 20)), "more than 4 MB"),
        (drip, "took longer"),
        (hang, "timed out"),
        (break_off, "cannot be reached"),
    ],
)
def test_a_bad_answer_costs_its_own_candidates_only(tmp_path, spoil, reason):
    manifest = {**MANIFEST, "batchSize": 1}
    with running(Other(lambda name: [row("a", name)], manifest=manifest)) as other:
        with client(other, tmp_path, timeout=0.4, attempts=1) as service:
            other.spoil = lambda handler: other.requests == 2 and spoil(handler)
            found = candidates_from(service, ["One", "Two", "Three"])
        assert {name: len(rows) for name, rows in found.items()} == {"One": 1, "Two": 0, "Three": 1}
        assert len(service.failures) == 1
        assert reason in service.failures[0]
        with client(other, tmp_path) as service:  # and it was not filed
            assert len(candidates_from(service, ["Two"])["Two"]) == 1


def test_a_service_that_keeps_failing_is_left_alone(tmp_path):
    with running(Other(manifest={**MANIFEST, "batchSize": 1})) as other, client(other, tmp_path, attempts=1) as service:
        other.spoil = lambda handler: say(handler, b"broken", 500)
        assert not any(candidates_from(service, [f"Name {n}" for n in range(50)]).values())
        assert other.requests == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/reconcile", f"http://{'a' * 70}.invalid/"])
def test_a_service_that_is_not_there_costs_nothing_else(tmp_path, url):
    service = Service(url, cache=tmp_path, attempts=1)
    try:
        assert service.answers(["One"]) == {"One": Answer()}
        assert "cannot be reached" in service.failures[0]
    finally:
        service.close()


@pytest.mark.parametrize("manifest", [None, [], {}, {"name": 3}, "Things"])
def test_what_is_no_manifest_is_no_service(tmp_path, manifest):
    with running(Other(manifest=manifest)) as other, client(other, tmp_path) as service:
        assert candidates_from(service, ["One"]) == {"One": []}
        assert "no reconciliation service" in service.failures[0]


def test_odd_candidates_are_passed_over(tmp_path):
    odd: list[object] = [
        None,
        "Q1",
        [],
        {},
        {"id": "x"},
        {"name": "x"},
        {"id": 7, "name": "Seven"},
        {"id": " ", "name": "Blank"},
        {"id": "x", "name": "n" * 5000},
        {"id": "http://[", "name": "No address"},
        {"id": "http://example.org/a> <b", "name": "Out of its brackets"},
        row("good", "Good", 10**400, type={"name": ["human"]}),
        row("\ud800", "Half a pair", -1),
    ]
    with running(Other(lambda _: odd)) as other, client(other, tmp_path) as service:
        assert [one.id for one in candidates_from(service, ["One"])["One"]] == [
            "http://example.org/id/good",
            "http://example.org/id/%3F",
        ]


def test_more_candidates_than_anyone_needs_are_cut(tmp_path):
    many = [row(str(n), "Same", n / 10) for n in range(2000)]
    with running(Other(lambda _: many)) as other, client(other, tmp_path) as service:
        found = candidates_from(service, ["Same"])["Same"]
        assert [one.id for one in found] == [f"http://example.org/id/{n}" for n in range(1999, 1999 - MOST_CANDIDATES, -1)]


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({"identifierSpace": "http://example.org/e/"}, "http://example.org/e/a%20b"),
        (
            {"identifierSpace": "http://example.org/e", "view": {"url": "http://example.org/v?{{id}}"}},
            "http://example.org/v?a%20b",
        ),
        ({"view": {"url": "http://example.org/v/{id}"}}, "http://example.org/v/a%20b"),
        ({"identifierSpace": "http://example.org/e", "view": {"url": "javascript:{{id}}"}}, None),
        ({"identifierSpace": 3, "view": 4}, None),
    ],
)
def test_an_id_becomes_an_iri_or_nothing(tmp_path, manifest, expected):
    given = Other(lambda name: [row("a b", name)], manifest={"name": "Things", **manifest})
    with running(given) as other, client(other, tmp_path) as service:
        assert [one.id for one in candidates_from(service, ["One"])["One"]] == ([expected] if expected else [])


def test_a_spoilt_record_is_asked_for_again(tmp_path):
    with running(Other(lambda name: [row("a", name)])) as other:
        for _ in range(2):
            with client(other, tmp_path) as service:
                assert len(candidates_from(service, ["One"])["One"]) == 1
            for filed in tmp_path.glob("*.json"):
                filed.write_text("{}")
        assert other.requests == 2


@pytest.mark.parametrize(
    "url", ["example.org", "ftp://example.org/", "http://", "http://[", "http://a:99999/", "http://xn--\u00fc.invalid/", ""]
)
def test_what_is_no_address_is_misuse(tmp_path, url):
    with pytest.raises(Misuse, match="no address"):
        Service(url, cache=tmp_path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "name", "score", "type", "match", "x"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answer=_JSON,
    manifest=_JSON
    | st.fixed_dictionaries({"name": st.text(max_size=3)}, optional={"versions": _JSON, "view": _JSON, "batchSize": _JSON}),
)
def test_whatever_a_service_answers_linking_goes_on(tmp_path_factory, answer, manifest):
    cache = tmp_path_factory.mktemp("cache")
    with running(Other(lambda _: answer, manifest=manifest)) as other, client(other, cache, attempts=1) as service:
        assert service.answers(["One", "Two"]).keys() == {"One", "Two"}
