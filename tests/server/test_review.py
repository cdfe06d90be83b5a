"""The page on which people decide on links: who gets it, what it shows, and what a decision leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from rdflib import Graph, Literal, URIRef
from tests.server.conftest import Served
from tests.server.test_entities_in_a_browser import browser  # noqa: F401  (a fixture)
from tests.server.test_pages import Page

from kgraph.link import judgements
from kgraph.link.authority import Candidate, installed_path, write
from kgraph.model.annotations import EntityKind, LinkStatus
from kgraph.rdf import to_quads
from kgraph.server.sessions import LASTS, Sessions
from kgraph.store import open_store
from kgraph.vocab import DCTERMS, KG, OA, RDF, SCHEMA, SIOC

BASE = "http://localhost:8000/"
DOC = f"{BASE}doc/letters"
TOKEN = "not to be guessed ¿"
SCRIPT = "<script>alert(1)</script>"
BREAKOUT = '"><img src=x onerror=alert(2)>'
TEXT = f"We rode to Harrow by night. Nobody in Harrow slept! The {BREAKOUT} of Quill {SCRIPT} told us."
ONE, TWO, BARE, ODD = (f"http://things.example/{name}" for name in ("one", "two", "bare", "odd"))
ONE_AS_WELL = "http://others.example/one"


def thing(id: str, label: str, description: str = "", *also: str) -> Candidate:
    return Candidate(
        id=id,
        label=label,
        kind=EntityKind.PLACE,
        description=description,
        same_as=(id, *also),
        source="a list",
        version="7",
        licence="CC0-1.0",
    )


def quads() -> bytes:
    graph = Graph()
    doc, post = URIRef(DOC), URIRef(f"{DOC}#p1")

    def add(subject: URIRef, *pairs) -> None:
        for predicate, object in pairs:
            graph.add((subject, predicate, object))

    def passage(start: int, end: int) -> URIRef:
        node = URIRef(f"{DOC}#at-{start}-{end}")
        add(node, (OA.hasSource, doc), (OA.hasSelector, URIRef(f"{node}-p")), (OA.hasSelector, URIRef(f"{node}-q")))
        add(URIRef(f"{node}-p"), (OA.start, Literal(start)), (OA.end, Literal(end)))
        add(URIRef(f"{node}-q"), (OA.exact, Literal(TEXT[start:end])))
        return node

    def named(entity: str, name: str, type: URIRef) -> URIRef:
        node = URIRef(BASE + entity)
        add(node, (RDF.type, type), (SCHEMA.name, Literal(name)))
        at = TEXT.find(name)
        while at >= 0:
            mention = URIRef(f"{DOC}#mention-{at}")
            add(mention, (RDF.type, OA.Annotation), (OA.hasBody, node), (OA.hasTarget, passage(at, at + len(name))))
            at = TEXT.find(name, at + 1)
        return node

    def link(number: int, entity: URIRef, target: str, status: URIRef, score: float, *signals: str) -> None:
        node = URIRef(f"{DOC}#link-{number}")
        add(node, (RDF.type, KG.Link), (KG.entity, entity), (KG.target, URIRef(target)), (KG.status, status))
        add(node, (KG.score, Literal(score)), *((KG.signal, Literal(signal)) for signal in signals))

    add(doc, (RDF.type, SIOC.Thread), (DCTERMS.title, Literal(f"Letters {SCRIPT}")))
    add(post, (RDF.type, SIOC.Post), (KG.evidence, passage(0, len(TEXT))))
    harrow = named("place/harrow", "Harrow", SCHEMA.Place)
    link(1, harrow, ONE, KG.ambiguous, 0.71, "label", f"context:{SCRIPT}")
    link(2, harrow, ONE_AS_WELL, KG.ambiguous, 0.71, "label")
    link(3, harrow, TWO, KG.ambiguous, 0.64, "alias")
    hostile = named("person/hostile", BREAKOUT, SCHEMA.Person)
    link(4, hostile, ODD, KG.proposed, 0.55, BREAKOUT)
    link(5, hostile, "javascript:alert(3)", KG.proposed, 0.54)
    link(6, named("platform/quill", "Quill", KG.Platform), BARE, KG.proposed, 0.6)
    link(7, named("place/done", "Done", SCHEMA.Place), ONE, KG.accepted, 0.99)
    return to_quads(graph, name=DOC)


@dataclass(frozen=True, slots=True)
class Site:
    server: Served
    folder: Path

    @property
    def links(self) -> Path:
        return self.folder / "links.sssom.tsv"

    def judged(self) -> judgements.Table:
        return judgements.read(self.links, base=BASE)


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Site]:
    """`kgraph serve` as people start it, over a store with links of every kind."""
    root = folder / "store"
    with open_store(root, write=True) as store:
        store.replace(DOC, quads())
    authority = [thing(ONE, "Harrow", "a hill", ONE_AS_WELL), thing(TWO, "Harrow, Ohio"), thing(ODD, SCRIPT, BREAKOUT)]
    (folder / "authorities").mkdir()
    write(installed_path(folder / "authorities", "mine"), authority, name="mine", version="7")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"KGRAPH_LINKS": str(folder / "links.sssom.tsv"), "KGRAPH_AUTHORITIES": str(folder / "authorities")}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KGRAPH_")}
    log = folder / "log"
    program = [sys.executable, "-W", "error", "-c", "from kgraph.cli import main; main()"]
    command = [*program, "serve", "--store", str(root), "--port", str(port), "--workers", "1"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**inherited, **settings, **environment})
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            if process.poll() is not None:
                pytest.fail(log.read_text())
            try:
                if httpx.get(f"{url}/ready").is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        yield Site(Served(url, process.pid, log), folder)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("review"), KGRAPH_WRITE_TOKEN=TOKEN) as site:
        yield site


@pytest.fixture
def person(site) -> Iterator[httpx.Client]:
    """Somebody in a browser who gave the token, and a file without judgements."""
    site.links.unlink(missing_ok=True)
    with httpx.Client(base_url=site.server.url, headers={"Origin": site.server.url}, timeout=20) as client:
        answer = client.post("/review", data={"token": TOKEN, "author": " Ana  Lima "})
        assert answer.status_code == 303
        yield client


def forms(client: httpx.Client) -> list[dict[str, str]]:
    """The values of each form that decides on something."""
    answer = client.get("/review")
    assert answer.status_code == 200
    found: list[dict[str, str]] = []
    for tag, attributes in Page(answer.text).tags:
        if tag == "form":
            found.append({})
        elif tag == "input" and attributes["type"] == "hidden":
            found[-1][attributes["name"]] = attributes["value"]
    return found


def form(client: httpx.Client, entity: str, target: str) -> dict[str, str]:
    (one,) = [one for one in forms(client) if (one["entity"], one["target"]) == (entity, target)]
    return one


def test_without_a_write_token_the_page_says_how_to_set_one(tmp_path):
    with serving(tmp_path) as site:
        for answer in (httpx.get(f"{site.server.url}/review"), httpx.post(f"{site.server.url}/review", data={"token": ""})):
            assert answer.status_code == 403
            assert "KGRAPH_WRITE_TOKEN" in answer.text
            assert "set-cookie" not in answer.headers


def test_the_token_is_asked_for_and_a_wrong_one_refused(site):
    asked = httpx.get(f"{site.server.url}/review")
    assert asked.status_code == 401
    assert "Harrow" not in asked.text
    assert 'type="password"' in asked.text
    for token in ("", "wrong", TOKEN + "x", TOKEN[:-1]):
        origin = {"Origin": site.server.url}
        refused = httpx.post(f"{site.server.url}/review", data={"token": token, "author": "Ana"}, headers=origin)
        assert refused.status_code == 401
        assert "set-cookie" not in refused.headers
    for author in ("", " ", "a" * 101, "Ana\x1b[2J"):
        refused = httpx.post(f"{site.server.url}/review", data={"token": TOKEN, "author": author}, headers=origin)
        assert refused.status_code == 401
        assert "set-cookie" not in refused.headers


def test_the_session_is_a_cookie_for_this_page_and_this_site_alone(site):
    origin = {"Origin": site.server.url}
    answer = httpx.post(f"{site.server.url}/review", data={"token": TOKEN, "author": "Ana"}, headers=origin)
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/review"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    name, _, value = cookie.partition(";")[0].partition("=")
    for forged in ("", "x", value[:-1] + ("0" if value[-1] != "0" else "1"), "e30." + value.partition(".")[2]):
        assert httpx.get(f"{site.server.url}/review", headers={"Cookie": f"{name}={forged}"}).status_code == 401


def test_a_session_ends_by_itself_and_with_its_token(monkeypatch):
    sessions = Sessions("one", path="/review")
    cookie = sessions.begin("Ana", secure=True)[1].partition(b";")[0]
    scope = {"headers": [(b"cookie", cookie)]}
    session = sessions.of(scope)
    assert session is not None
    assert session.name == "Ana"
    assert Sessions("another", path="/review").of(scope) is None
    later = time.time() + LASTS
    monkeypatch.setattr(time, "time", lambda: later)
    assert sessions.of(scope) is None


def test_what_waits_is_shown_with_sentences_candidates_and_reasons(person):
    answer = person.get("/review")
    page = Page(answer.text)
    assert "3 names wait" in page.words
    for words in (
        "We rode to Harrow by night.",
        "Nobody in Harrow slept!",
        "a hill",
        "Harrow, Ohio",
        "ambiguous",
        "71 %",
        "alias",
        "a list 7 (CC0-1.0)",
        "Ana Lima",
        "kgraph link",
    ):
        assert words in page.words
    links = [link["href"] for link in page.all("a")]
    assert {ONE, ONE_AS_WELL, TWO, BARE, "/place/harrow"} <= set(links)
    assert "/place/done" not in links
    targets = [one["target"] for one in forms(person) if one["entity"] == "place/harrow"]
    assert targets == [ONE, TWO, ""], "two IRIs of one thing are one candidate, the likeliest first"
    assert person.get("/review?page=999").text.count('class="waiting"') == 1


def test_hostile_words_are_shown_and_nothing_else(person):
    answer = person.get("/review")
    page = Page(answer.text)
    assert SCRIPT in page.words
    assert BREAKOUT in page.words
    assert not page.all("script")
    assert not page.all("img")
    assert "javascript:" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "form-action 'self'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers


def test_what_is_accepted_is_written_and_read_back(person, site):
    answer = person.post("/review", data=form(person, "place/harrow", ONE) | {"decision": "accept"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    (row,) = site.judged().rows
    assert (row["author_label"], row["subject_label"], row["object_label"]) == ("Ana Lima", "Harrow", "Harrow")
    (verdict,) = judgements.judgements(site.judged(), name="links").of("place/harrow")
    assert (verdict.target, verdict.status) == (ONE, LinkStatus.ACCEPTED)
    assert "place/harrow" not in {one["entity"] for one in forms(person)}


def test_what_is_rejected_is_not_offered_again_under_any_iri(person, site):
    for target in (ONE, TWO):
        assert person.post("/review", data=form(person, "place/harrow", target) | {"decision": "reject"}).status_code == 303
        assert target not in {one["target"] for one in forms(person)}
        assert ONE_AS_WELL not in person.get("/review").text
    assert "place/harrow" not in {one["entity"] for one in forms(person)}, "nothing is left to decide"
    verdicts = judgements.judgements(site.judged(), name="links").of("place/harrow")
    assert {(one.target, one.status) for one in verdicts} == {(ONE, LinkStatus.REJECTED), (TWO, LinkStatus.REJECTED)}


def test_that_nothing_fits_settles_a_name(person, site):
    assert person.post("/review", data=form(person, "person/hostile", "") | {"decision": "nothing"}).status_code == 303
    (verdict,) = judgements.judgements(site.judged(), name="links").of("person/hostile")
    assert (verdict.target, verdict.status) == (None, LinkStatus.NIL)
    assert site.judged().rows[0]["subject_label"] == BREAKOUT
    assert "person/hostile" not in {one["entity"] for one in forms(person)}


def test_a_hostile_candidate_is_judged_like_any_other_and_other_rows_are_kept(person, site):
    site.links.write_text(
        "#curie_map:\n#  entity: http://localhost:8000/\n#license: CC0\n"
        "subject_id\tpredicate_id\tobject_id\tnote\nentity:a/b\tschema:sameAs\thttp://mine.example/1\tsure\n"
    )
    assert person.post("/review", data=form(person, "person/hostile", ODD) | {"decision": "accept"}).status_code == 303
    rows = {row["subject_id"]: row for row in site.judged().rows}
    assert rows["entity:a/b"]["note"] == "sure"
    assert rows["entity:person/hostile"]["object_label"] == SCRIPT
    assert "#license: CC0" in site.links.read_text()


def test_a_forged_form_is_refused(person, site):
    given = form(person, "platform/quill", BARE) | {"decision": "accept"}
    forged = [
        given | {"seal": "0" * 64},
        given | {"seal": "ß"},
        given | {"target": "http://evil.example/"},
        given | {"entity": "place/harrow"},
        given | {"name": "Another"},
        {"decision": "accept"},
    ]
    assert [person.post("/review", data=one).status_code for one in forged] == [403] * len(forged)
    other = httpx.Client(base_url=site.server.url, headers={"Origin": site.server.url})
    with other:
        assert other.post("/review", data=given).status_code == 401, "without a session"
        other.post("/review", data={"token": TOKEN, "author": "Ana Lima"})
        assert other.post("/review", data=given).status_code == 403, "a form of another session"
    for origin in ("http://evil.example", "null", ""):
        assert person.post("/review", data=given, headers={"Origin": origin}).status_code == 403
    assert person.post("/review", data=given | {"decision": "maybe"}).status_code == 400
    none = form(person, "platform/quill", "")
    assert person.post("/review", data=none | {"decision": "accept"}).status_code == 400
    assert person.post("/review", json=given).status_code == 415
    assert person.post("/review", data=given | {"page": "1" * (1 << 17)}).status_code == 413
    assert person.delete("/review").status_code == 405
    assert not site.links.exists()


def test_a_file_that_cannot_be_meant_is_told_of_and_left_as_it_is(person, site):
    given = form(person, "platform/quill", BARE) | {"decision": "accept"}
    site.links.write_text("subject_id\tnothing else\n")
    for answer in (person.get("/review"), person.post("/review", data=given)):
        assert answer.status_code == 500
        assert "no SSSOM table" in answer.text
    assert site.links.read_text() == "subject_id\tnothing else\n"


def test_of_several_who_decide_at_once_none_loses_a_judgement(tmp_path):
    path = tmp_path / "links.sssom.tsv"
    program = """
import sys
from pathlib import Path
from kgraph.link import judgements
for number in range(20):
    row = {"subject_id": f"entity:{sys.argv[2]}/{number}", "predicate_id": "schema:sameAs", "object_id": "wikidata:Q1"}
    judgements.change(Path(sys.argv[1]), lambda table: table.with_rows([row]), base="http://localhost:8000/")
"""
    running = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in ("one", "two", "three")]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(judgements.read(path, base=BASE).rows) == 60


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_signs_in_and_decides_without_a_script(site, browser, width, tmp_path):  # noqa: F811  (a fixture)
    site.links.unlink(missing_ok=True)
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(f"{site.server.url}/review")
    said.clear()  # that it is told of the status, 401
    page.screenshot(path=tmp_path / "sign-in.png")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_label("Write token").fill(TOKEN)
    page.get_by_role("button", name="Go on").click()
    page.screenshot(path=tmp_path / "queue.png", full_page=True)
    body = page.locator("body").bounding_box()
    assert body is not None
    assert body["width"] <= width
    page.get_by_role("button", name="Accept for Quill").click()
    page.get_by_role("button", name="Reject for Harrow: Harrow, Ohio").click()
    assert page.get_by_text("2 names wait").is_visible()
    assert {row["object_id"] for row in site.judged().rows} == {BARE, TWO}
    context.close()
    assert not said
