"""The second reader against a real HTTP server that speaks the protocol, with right answers and with every wrong one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kgraph.llm import Client, review
from kgraph.model.annotations import (
    Account,
    Assertion,
    Attitude,
    Claim,
    ClaimKind,
    Entity,
    EntityKind,
    Judgement,
    Mention,
    Reply,
    Toward,
)
from kgraph.model.extraction import Extraction, Thread
from kgraph.model.text import Document, Post, PostKind, Span

ARTICLE = "The ferry runs at night now."
COMMENT = "Olga Brandt told us it would. Pricey though, that boat. The ferry is late again."
TEXT = f"{ARTICLE}\n\n{COMMENT}\n"
AT = len(ARTICLE) + 2


def span(words: str) -> Span:
    return Span(TEXT.index(words), TEXT.index(words) + len(words))


@pytest.fixture
def extraction() -> Extraction:
    posts = (
        Post(id="p0", kind=PostKind.ARTICLE, span=Span(0, len(ARTICLE))),
        Post(id="p1", kind=PostKind.COMMENT, span=Span(AT, AT + len(COMMENT))),
    )
    document = Document(id="doc/ferry", text=TEXT, posts=posts, sha256="0" * 64, media_type="text/plain")
    people = tuple(Entity(id=f"person/{n.casefold()}", kind=EntityKind.PERSON, name=n) for n in ("Ada", "Ben"))
    olga = Entity(id="person/olga-brandt", kind=EntityKind.PERSON, name="Olga Brandt")
    late = Claim(
        id="doc/ferry#claim-late",
        text="The ferry is late again.",
        kind=ClaimKind.FACTUAL,
        kind_judgement=Judgement(0.9, "rule"),
    )
    doubted = replace(
        late, id="doc/ferry#claim-told", text="Olga Brandt told us it would.", kind_judgement=Judgement(0.3, "rule")
    )
    said = Assertion(
        id="doc/ferry#assertion-late",
        claim=late.id,
        claimant="person/ben",
        post="p1",
        span=span("The ferry is late again."),
        judgement=Judgement(0.9, "rule"),
    )
    told = replace(said, id="doc/ferry#assertion-told", claim=doubted.id, span=span("Olga Brandt told us it would."))
    return Extraction(
        document=document,
        thread=Thread(
            accounts=(
                Account(id="account/ada", name="Ada", person="person/ada"),
                Account(id="account/ben", name="Ben", person="person/ben"),
            ),
            authors={"p0": "account/ada", "p1": "account/ben"},
            replies=(Reply(post="p1", parent="p0", judgement=Judgement(1.0, "layout")),),
            quotations=(),
            inferences=(),
            people=people,
        ),
        entities=(*people, olga),
        mentions=(Mention(post="p1", span=span("Olga Brandt"), entity=olga.id, judgement=Judgement(0.9, "rule")),),
        claims=(doubted, late),
        assertions=(told, said),
    )


Respond = Callable[[dict[str, Any]], tuple[int, dict[str, str], str]]


def claims(*listed: dict[str, Any]) -> tuple[int, dict[str, str], str]:
    return 200, {}, json.dumps({"choices": [{"message": {"role": "assistant", "content": json.dumps({"claims": listed})}}]})


def claim(words: str, **other: Any) -> dict[str, Any]:
    return {"words": words, "speaker": 1, "kind": "evaluative", "stance": None} | other


@contextmanager
def endpoint(respond: Respond) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that answers each question as `respond` does, and what it was asked."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append(body)
            status, headers, content = respond(body)
            self.send_response(status if self.path == "/v1/chat/completions" else 404)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()


def is_comment(body: dict[str, Any]) -> bool:
    return bool(body["messages"][1]["content"].endswith(COMMENT))


def reviewed(
    extraction: Extraction, respond: Respond, cache: Path, **options: Any
) -> tuple[Extraction, list[str], list[dict[str, Any]]]:
    trouble: list[str] = []
    with endpoint(lambda body: respond(body) if is_comment(body) else claims()) as (url, asked):
        client = Client(url, "test-model", cache=cache, **options)
        try:
            return review(extraction, client, trouble=trouble.append), trouble, asked
        finally:
            client.close()


def test_a_claim_that_no_rule_saw_is_added_with_the_models_name(extraction: Extraction, tmp_path: Path) -> None:
    found, trouble, _ = reviewed(extraction, lambda _: claims(claim("Pricey though, that boat.", stance="disputes")), tmp_path)
    assert not trouble
    (new,) = [a for a in found.assertions if a.id not in {b.id for b in extraction.assertions}]
    assert new.span.of(TEXT) == "Pricey though, that boat."
    assert (new.claimant, new.attitude, new.judgement.rule) == ("person/ben", Attitude.ASSERTS, "llm:test-model")
    assert [(s.target, s.toward) for s in new.stances] == [("p0", Toward.DISPUTES)]


def test_a_doubted_kind_and_a_missed_source_are_filled_in(extraction: Extraction, tmp_path: Path) -> None:
    answer = claims(claim("Olga Brandt told us it would.", speaker=2, kind="predictive"))
    found, _, _ = reviewed(extraction, lambda _: answer, tmp_path)
    told = found.assertions[0]
    assert (told.claimant, told.reported_from, told.attitude) == ("person/ben", "person/olga-brandt", Attitude.REPORTS)
    assert found.claims[0].kind is ClaimKind.PREDICTIVE


def test_a_rule_that_was_sure_is_never_overridden(extraction: Extraction, tmp_path: Path) -> None:
    found, _, _ = reviewed(extraction, lambda _: claims(claim("The ferry is late again.", kind="normative")), tmp_path)
    assert found.claims[1].kind is ClaimKind.FACTUAL


@pytest.mark.parametrize(
    "wrong",
    [
        claim("Pricey, that boat!"),
        claim("The ferry runs at night now."),
        claim("Pricey though, that boat.", speaker=9),
        claim("Pricey though, that boat.", speaker=0),
        claim("Pricey though, that boat.", kind="prophetic"),
        claim("Pricey though, that boat.", stance="hates"),
        claim("   "),
        {"words": "Pricey though, that boat."},
        "Pricey though, that boat.",
    ],
    ids=[
        "invented",
        "another post's",
        "unknown speaker",
        "speaker zero",
        "unknown kind",
        "unknown stance",
        "empty",
        "half",
        "no object",
    ],
)
def test_what_fails_a_gate_is_dropped_and_the_rest_kept(extraction: Extraction, tmp_path: Path, wrong: Any) -> None:
    right = claim("Olga Brandt told us it would.", speaker=2, kind="predictive")
    found, trouble, _ = reviewed(extraction, lambda _: claims(wrong, right), tmp_path)
    assert not trouble
    assert len(found.assertions) == len(extraction.assertions)
    assert found.assertions[0].reported_from == "person/olga-brandt"


@pytest.mark.parametrize(
    "broken",
    [
        (200, {}, json.dumps({"choices": [{"message": {"content": '{"claims": [{"words": "Pri'}}]})),
        (200, {}, json.dumps({"choices": [{"message": {"content": "[]"}}]})),
        (200, {}, json.dumps({"choices": [{"message": {"content": None}}]})),
        (200, {}, json.dumps({"choices": []})),
        (200, {}, "<html>"),
        (200, {}, json.dumps({"choices": [{"message": {"content": '{"claims": 7}'}}]})),
        (401, {}, "who are you"),
        (404, {}, ""),
    ],
)
def test_a_broken_answer_costs_only_its_post(
    extraction: Extraction, tmp_path: Path, broken: tuple[int, dict[str, str], str]
) -> None:
    found, trouble, _ = reviewed(extraction, lambda _: broken, tmp_path)
    assert found == extraction
    assert len(trouble) == 1
    assert trouble[0].startswith("doc/ferry p1: ")


def test_too_many_requests_are_tried_again_as_the_server_asks(extraction: Extraction, tmp_path: Path) -> None:
    answers = iter(
        [(429, {"Retry-After": "0"}, ""), (503, {"Retry-After": "0"}, ""), claims(claim("Pricey though, that boat."))]
    )
    found, trouble, asked = reviewed(extraction, lambda _: next(answers), tmp_path)
    assert not trouble
    assert len(found.assertions) == 3
    assert sum(map(is_comment, asked)) == 3


def test_an_endless_429_ends(extraction: Extraction, tmp_path: Path) -> None:
    found, trouble, asked = reviewed(extraction, lambda _: (429, {"Retry-After": "0"}, ""), tmp_path, attempts=3)
    assert found == extraction
    assert "429" in trouble[0]
    assert sum(map(is_comment, asked)) == 3


def test_a_server_that_hangs_is_left(extraction: Extraction, tmp_path: Path) -> None:
    def hang(_: dict[str, Any]) -> tuple[int, dict[str, str], str]:
        time.sleep(0.5)
        return 200, {}, ""

    found, trouble, _ = reviewed(extraction, hang, tmp_path, timeout=0.1, attempts=1)
    assert found == extraction
    assert "cannot be reached" in trouble[0]


def test_nobody_listening_costs_nothing_but_the_second_reading(extraction: Extraction, tmp_path: Path) -> None:
    trouble: list[str] = []
    client = Client("http://127.0.0.1:9/v1", "test-model", cache=tmp_path, attempts=1)
    assert review(extraction, client, trouble=trouble.append) == extraction
    assert len(trouble) == 2
    client.close()


def test_the_same_post_is_asked_about_once(extraction: Extraction, tmp_path: Path) -> None:
    answer = claims(claim("Pricey though, that boat."))
    with endpoint(lambda body: answer if is_comment(body) else claims()) as (url, asked):
        client = Client(url, "test-model", cache=tmp_path)
        first = review(extraction, client)
        second = review(extraction, client)
        client.close()
    offline = Client(url, "test-model", cache=tmp_path, attempts=1)
    assert first == second == review(extraction, offline)
    offline.close()
    assert len(asked) == 2


def test_the_speakers_are_numbered_and_the_schema_allows_no_others(extraction: Extraction, tmp_path: Path) -> None:
    _, _, asked = reviewed(extraction, lambda _: claims(), tmp_path)
    body = next(filter(is_comment, asked))
    assert "1. Ben\n2. Olga Brandt\n" in body["messages"][1]["content"]
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["claims"]["items"]["properties"]["speaker"]["enum"] == [1, 2]
