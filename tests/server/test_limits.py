"""What the server withstands: queries without end, workers that die, clients that leave, a store that changes."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from kgraph.server.pool import _shape
from kgraph.store import open_store

from .conftest import alive, children_of, fill, quads, told_of

FOREVER = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
ENDLESS_ROWS = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
SPARE = 2
"""Workers that stand ready to take the place of one that is set aside or dies."""

QUICK = "SELECT ?o WHERE { <http://example.org/doc/1#5> ?p ?o }"


@pytest.fixture
def root(tmp_path):
    fill(tmp_path / "store")
    return tmp_path / "store"


HTTP = httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))


def ask(url: str, query: str) -> httpx.Response:
    return HTTP.get(f"{url}/sparql", params={"query": query})


def test_a_query_without_end_is_stopped_at_its_deadline(start, root):
    with start(root, workers=1, deadline=1.0) as server:
        before = server.workers()
        began = time.monotonic()
        response = ask(server.url, FOREVER)
        assert 1.0 <= time.monotonic() - began < 2.0
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) >= 1
        assert ask(server.url, QUICK).status_code == 200
        time.sleep(0.5)  # it has the lowest priority, in dying too
        assert sum(map(alive, before)) == len(before) - 1


def test_a_query_that_waits_too_long_is_told_so_without_being_run(start, root):
    with start(root, workers=1, deadline=1.0) as server, ThreadPoolExecutor() as clients:
        first = clients.submit(ask, server.url, FOREVER)
        time.sleep(0.3)
        second = clients.submit(ask, server.url, FOREVER.replace("?n", "?m"))
        assert first.result().status_code == 503
        assert second.result().status_code == 503
        assert ask(server.url, QUICK).status_code == 200


def test_more_waiting_queries_than_are_allowed_are_sent_away(start, root):
    with start(root, workers=1, deadline=2.0, waiting=2) as server, ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda n: ask(server.url, FOREVER.replace("?n", f"?n{n}")), range(6)))
        assert [answer.status_code for answer in answers] == [503] * 6
        assert sum("wait already" in answer.json()["detail"] for answer in answers) == 3


def test_a_stream_that_is_cut_short_is_never_taken_for_whole(start, root):
    with start(root, workers=1, deadline=1.0) as server:
        with httpx.stream("GET", f"{server.url}/sparql", params={"query": ENDLESS_ROWS}, timeout=10) as response:
            assert response.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                response.read()
        assert ask(server.url, QUICK).status_code == 200


def test_the_first_rows_come_before_the_last_are_found(start, root):
    with start(root, workers=1, deadline=5.0) as server:
        began = time.monotonic()
        with httpx.stream("GET", f"{server.url}/sparql", params={"query": ENDLESS_ROWS}) as response:
            next(response.iter_bytes())
            assert time.monotonic() - began < 1.0


def test_a_client_that_leaves_takes_its_query_with_it(start, root):
    with start(root, workers=1, deadline=30.0) as server:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{server.url}/sparql", params={"query": FOREVER}, timeout=0.6)
        began = time.monotonic()
        assert ask(server.url, QUICK).status_code == 200
        assert time.monotonic() - began < 3.0


def test_a_killed_worker_costs_only_its_own_request(start, root):
    with start(root, workers=2) as server, ThreadPoolExecutor(8) as clients:
        answers = []
        for _ in range(10):
            busy = [clients.submit(ask, server.url, QUICK.replace("#5", f"#{n}")) for n in range(40)]
            for pid in server.workers()[:1]:
                os.kill(pid, signal.SIGKILL)
            answers += [future.result() for future in busy]
        lost = [answer for answer in answers if answer.status_code != 200]
        assert {answer.status_code for answer in lost} <= {503}
        assert len(lost) <= 10
        for _ in range(100):
            if len(server.workers()) == 2 + SPARE:
                break
            time.sleep(0.05)
        assert len(server.workers()) == 2 + SPARE


def test_twenty_clients_get_their_own_answers(start, root):
    with start(root, workers=2) as server, ThreadPoolExecutor(20) as clients:

        def work(client: int) -> list[int]:
            with httpx.Client(timeout=30) as http:
                said = []
                for n in range(client, 1000, 40):
                    response = http.get(f"{server.url}/sparql", params={"query": QUICK.replace("#5", f"#{n}")})
                    assert response.status_code == 200, response.text
                    values = [row["o"]["value"] for row in response.json()["results"]["bindings"]]
                    assert f"words {n}" in values
                    said.append(n)
                return said

        assert sum(map(len, clients.map(work, range(20)))) == 500


def test_a_new_snapshot_is_taken_up_without_a_failed_request(start, root):
    with start(root, workers=2) as server, open_store(root, write=True) as store, ThreadPoolExecutor(4) as clients:
        count = "SELECT (COUNT(*) AS ?n) WHERE { ?s <https://schema.org/text> ?o }"
        stop = time.monotonic() + 20

        def work(until: int) -> list[int]:
            seen = [0]
            with httpx.Client(timeout=30) as http:
                while seen[-1] != until and time.monotonic() < stop:
                    response = http.get(f"{server.url}/sparql", params={"query": count})
                    seen.append(int(response.raise_for_status().json()["results"]["bindings"][0]["n"]["value"]))
            return seen[1:]

        running = [clients.submit(work, 2030) for _ in range(4)]
        for document in (3, 4, 5):
            graph = f"http://example.org/doc/{document}"
            store.replace(graph, quads(graph, 10))
            store.publish()
            time.sleep(0.7)
        for future in running:
            seen = future.result()
            assert seen == sorted(seen)
            assert seen[-1] == 2030
        time.sleep(2.5)
        assert len(server.workers()) == 2 + SPARE
        store.publish()
        assert len(list((root / "snapshots").iterdir())) == 2


def test_workers_that_do_not_come_to_a_new_snapshot_are_replaced(start, root):
    with (
        start(root, workers=2, deadline=10.0) as server,
        open_store(root, write=True) as store,
        ThreadPoolExecutor(1) as clients,
    ):
        busy = clients.submit(ask, server.url, FOREVER)
        time.sleep(0.3)
        stopped = server.workers()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        store.replace("http://example.org/doc/3", quads("http://example.org/doc/3", 10))
        store.publish()
        until = time.monotonic() + 10
        while [pid for pid in stopped if alive(pid)][1:]:  # but for the one that is at the long query
            assert time.monotonic() < until
            time.sleep(0.05)
        count = ask(server.url, "SELECT (COUNT(*) AS ?n) { ?s <https://schema.org/text> ?o }").json()
        assert count["results"]["bindings"][0]["n"]["value"] == "2010"
        assert not busy.done()


def test_a_slow_reader_holds_no_worker(start, root):
    rows = "SELECT ?a ?c ?d ?f { ?a <https://schema.org/text> ?c . ?d <https://schema.org/about> ?f } LIMIT 60000"
    with start(root, workers=1) as server:
        with httpx.stream("GET", f"{server.url}/sparql", params={"query": rows}, timeout=30) as response:
            pieces = response.iter_bytes(1000)
            begun = next(pieces)
            for n in range(5):
                assert ask(server.url, QUICK.replace("#5", f"#{n}")).status_code == 200
            whole = begun + b"".join(pieces)
        assert len(json.loads(whole)["results"]["bindings"]) == 60000


def test_stopping_leaves_no_process_behind(start, root):
    with start(root, workers=2) as server:
        time.sleep(1.0)
        workers = server.workers()
        assert len(workers) == 2 + SPARE
    time.sleep(0.2)
    assert not any(map(alive, workers))


@pytest.mark.slow
def test_who_still_waits_when_the_server_stops_is_told(start, root):
    with start(root, workers=2) as server, ThreadPoolExecutor(2) as clients:
        waiting = clients.submit(ask, server.url, FOREVER)
        quick = clients.submit(ask, server.url, QUICK)
        with httpx.stream("GET", f"{server.url}/sparql", params={"query": ENDLESS_ROWS}, timeout=30) as response:
            pieces = response.iter_bytes(1000)
            next(pieces)
            began = time.monotonic()
            os.kill(server.pid, signal.SIGTERM)
            assert quick.result().status_code == 200
            assert (waiting.result().status_code, waiting.result().json()["detail"]) == (503, "the server is stopping")
            while alive(server.pid):
                assert time.monotonic() - began < 12
                time.sleep(0.05)
            with pytest.raises(httpx.TransportError):
                for _ in pieces:
                    pass


def test_a_server_that_is_killed_takes_its_workers_along(start, root):
    with start(root, workers=2) as server, ThreadPoolExecutor() as clients:
        workers = server.workers()
        running = clients.submit(ask, server.url, FOREVER)
        time.sleep(0.4)
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            running.result()
    time.sleep(0.3)
    assert not any(map(alive, workers))


def test_it_says_on_stderr_what_to_open(start, root):
    with start(root) as server:
        assert f"open {server.url}/" in server.log.read_text()


def test_a_long_query_holds_up_nobody_else(start, root):
    with start(root, workers=2, deadline=4.0) as server, ThreadPoolExecutor(20) as clients:
        quick = [clients.submit(ask, server.url, QUICK.replace("#5", f"#{n}")) for n in range(10)]
        long = clients.submit(ask, server.url, FOREVER)
        began = time.monotonic()
        quick += [clients.submit(ask, server.url, QUICK.replace("#5", f"#{n}")) for n in range(10, 100)]
        assert {future.result().status_code for future in quick} == {200}
        assert time.monotonic() - began < 3.5
        assert long.result().status_code == 503


def test_a_query_that_would_take_all_memory_ends_and_is_told_why(start, root):
    sorted_pairs = "SELECT ?a ?d { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f"
    with start(root, workers=1, query_memory=150 << 20) as server:
        answer = ask(server.url, sorted_pairs)
        assert (answer.status_code, "memory" in answer.json()["detail"]) == (503, True)
        assert ask(server.url, QUICK).status_code == 200


def test_the_end_of_the_process_that_workers_are_forked_from_costs_no_request(start, root):
    with start(root, workers=1) as server:
        (nursery,) = [pid for pid in children_of(server.pid) if told_of(pid, "comm").strip() == "kgraph-nursery"]
        os.kill(nursery, signal.SIGKILL)
        for n in range(20):
            assert ask(server.url, QUICK.replace("#5", f"#{n}")).status_code == 200
        before = server.workers()
        assert len(before) == 1 + SPARE
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 5
        while {*server.workers()} & {*before} or len(server.workers()) < 1 + SPARE:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert ask(server.url, QUICK).status_code == 200


def test_more_long_queries_than_may_go_on_wait_for_a_place_and_hold_up_nobody(start, root):
    with start(root, workers=1, long=1, deadline=5.0) as server, ThreadPoolExecutor(8) as clients:
        endless = [clients.submit(ask, server.url, FOREVER.replace("?n", "?" + letter)) for letter in "nmop"]
        time.sleep(0.5)
        rows = clients.submit(ask, server.url, ENDLESS_ROWS)
        for n in range(40):
            began = time.monotonic()
            assert ask(server.url, QUICK.replace("#5", f"#{n}")).status_code == 200
            assert time.monotonic() - began < 0.5
        assert [one.result().status_code for one in endless] == [503] * 4
        with pytest.raises(httpx.RemoteProtocolError):
            rows.result()


def test_what_was_long_once_finishes_when_it_gets_a_place(start, root):
    few = "{ SELECT ?c { ?a <https://schema.org/text> ?c } LIMIT 300 }"
    heavy = f"SELECT (COUNT(*) AS ?n) {{ {few} ?d <https://schema.org/about> ?f FILTER(?c != ?f) }}"
    with start(root, workers=1, long=1) as server, ThreadPoolExecutor(6) as clients:
        answers = [clients.submit(ask, server.url, heavy.replace("?n", f"?n{n}")) for n in range(6)]
        quick = [ask(server.url, QUICK.replace("#5", f"#{n}")).status_code for n in range(40)]
        assert quick == [200] * 40
        counts = {next(iter(answer.result().json()["results"]["bindings"][0].values()))["value"] for answer in answers}
        assert counts == {str(300 * 2000)}


def test_queries_are_alike_that_differ_in_names_values_and_comments_only():
    def shape(text: str) -> int:
        return _shape(("query", text, ("text/csv",), None, None, 0))

    text = "SELECT ?a { ?a <http://example.org/p> 'x' . FILTER(?a > 12) } # 1"
    assert shape(text) == shape("SELECT ?some { ?some <http://example.org/longer> 'another' . FILTER(?some > 3) } # a comment")
    assert shape(text) != shape(text.replace("FILTER", "MINUS"))
