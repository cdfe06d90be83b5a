"""The query page, in a real browser and without one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from urllib.parse import quote, urlsplit

import pytest
from tests.server.test_pages import Page

from kgraph import queries, resources

WEB = resources.folder("seeds").parent / "web"
STATIC = files("kgraph.server").joinpath("static")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run"
ROWS = ".yasr table.dataTable tbody tr"


def test_the_bundle_is_the_one_that_is_locked():
    lock = json.loads((WEB / "package-lock.json").read_text())
    version = lock["packages"]["node_modules/@zazuko/yasgui"]["version"]
    assert STATIC.joinpath("yasgui/VERSION").read_text() == f"{version}\n"
    assert json.loads((WEB / "package.json").read_text())["dependencies"] == {"@zazuko/yasgui": version}
    licences = STATIC.joinpath("yasgui/LICENSES.txt").read_text()
    for place, package in lock["packages"].items():
        assert not place or f"{place.rpartition('node_modules/')[2]} {package['version']} (" in licences


def test_the_lock_names_no_registry():
    lock = json.loads((WEB / "package-lock.json").read_text())
    assert lock["lockfileVersion"] == 3
    for place, package in lock["packages"].items():
        assert "resolved" not in package
        assert not place or package["integrity"].startswith("sha512-")


def test_the_page_has_no_inline_script_and_a_policy_that_allows_none(client):
    response = client.get("/query")
    page = Page(response.text)
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert all(script["src"].startswith("/static/") for script in page.all("script"))
    assert not page.all("style")
    assert not any(name == "style" or name.startswith("on") for _, attributes in page.tags for name in attributes)
    for loaded in [*(script["src"] for script in page.all("script")), *(link["href"] for link in page.all("link"))]:
        assert loaded == "data:," or client.get(loaded).is_success


def test_the_questions_work_without_a_script(client):
    page = Page(client.get("/query").text)
    links = [link for link in page.all("a") if link.get("data-query")]
    assert [link["data-query"] for link in links] == [query.name for query in queries.all()]
    assert client.get(links[0]["href"], headers={"Accept": "text/html"}).is_success


def test_the_queries_are_listed_for_programs(client):
    listed = client.get("/queries.json").json()
    assert listed["prefixes"]["kg"] == "https://w3id.org/kgraph#"
    assert [one["query"] for one in listed["queries"]] == [query.text for query in queries.all()]
    assert listed["queries"][0].keys() == {"name", "title", "question", "parameters", "query"}


@pytest.mark.parametrize("path", ["/query", "/queries.json", "/static/kgraph.css", "/static/yasgui/yasgui.js"])
def test_what_does_not_change_is_sent_once(client, path):
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.post(path).status_code == 405
    assert client.head(path).content == b""


def test_files_go_out_compressed_where_that_is_taken(client):
    packed = client.get("/static/yasgui/yasgui.js", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/static/yasgui/yasgui.js", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 3


@dataclass
class Browser:
    """A page in a browser, what it asked for and what it complained of."""

    page: object
    url: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, fragment: str = "") -> None:
        self.page.goto(f"{self.url}/query{fragment}")
        self.page.wait_for_selector("#editor.ready")

    def ask(self, query: str) -> None:
        self.page.click(".tabPanel.active .CodeMirror")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(query)
        self.page.click(".tabPanel.active .yasqe_queryButton")

    def rows(self) -> list[list[str]]:
        self.page.wait_for_selector(f".tabPanel.active {ROWS} td:nth-child(2)")
        return [
            [cell.inner_text() for cell in row.query_selector_all("td")[1:]]
            for row in self.page.query_selector_all(f".tabPanel.active {ROWS}")
        ]

    def stayed_at_home(self) -> bool:
        return bool(self.asked) and {urlsplit(url).netloc for url in self.asked if not url.startswith("data:")} == {
            urlsplit(self.url).netloc
        }


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: apt install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="there is no playwright here: pip install playwright")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture
def browser(chromium, server) -> Iterator[Browser]:
    context = chromium.new_context(viewport={"width": 1300, "height": 900})
    context.set_default_timeout(20_000)
    shown = Browser(context.new_page(), server.url)
    shown.page.on("request", lambda request: shown.asked.append(request.url))
    shown.page.on("console", lambda message: shown.complaints.append(message.text))
    shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
    yield shown
    context.close()


@pytest.mark.slow
def test_a_query_typed_and_run_is_seen_as_a_table(browser):
    browser.open()
    browser.page.click(".tabPanel.active .CodeMirror")
    browser.page.keyboard.press("Control+A")
    browser.page.keyboard.type('SELECT ?n ("a" AS ?a) WHERE { VALUES ?n { 3 1 2 } } ORDER BY ?n', delay=5)
    browser.page.keyboard.press("Control+Enter")
    assert [row[0] for row in browser.rows()] == ['"1"^^xsd:integer', '"2"^^xsd:integer', '"3"^^xsd:integer']
    assert browser.complaints == []
    assert browser.stayed_at_home()


@pytest.mark.slow
def test_a_question_opens_in_a_tab_of_its_own_and_is_answered(browser):
    browser.open()
    for name in ("documents", "platform-evidence", "documents"):
        browser.page.click(f'a[data-query="{name}"]')
        browser.page.wait_for_selector(".tabPanel.active .yasr_response_chip:not(.empty)")
    tabs = [tab.inner_text().split("\n")[0] for tab in browser.page.query_selector_all(".tabsList .tab")]
    assert tabs == ["Query", *(queries.get(name).title for name in ("documents", "platform-evidence"))]
    assert browser.complaints == []
    assert browser.stayed_at_home()


@pytest.mark.slow
def test_a_strangers_words_stay_words_in_the_table(browser):
    browser.open()
    browser.ask("""SELECT ?words ?link WHERE {
      VALUES (?words ?link) {
        ("<img src=x onerror=alert(1)><style>*{display:none}</style>" <javascript:alert(1)>)
        ("<b style='color:red'>b</b>" <http://example.org/'onmouseover='alert(1)>)
      }
    }""")
    assert browser.rows()[0][0] == "<img src=x onerror=alert(1)><style>*{display:none}</style>"
    assert not browser.page.query_selector_all(f"{ROWS} img, {ROWS} b, {ROWS} [onmouseover], {ROWS} [href^=javascript]")
    assert not any(url.endswith("/x") for url in browser.asked)


@pytest.mark.slow
def test_a_bad_query_is_explained(browser):
    browser.open()
    browser.ask("SELECT ?s WHERE { ?s ?p }")
    browser.page.wait_for_selector(".yasr .redOutline")
    assert "line 1, column" in browser.page.inner_text(".yasr .redOutline")
    assert all("400 (Bad Request)" in complaint for complaint in browser.complaints)  # Chromium's own word on the status


@pytest.mark.slow
def test_words_are_completed_from_this_graph_alone(browser):
    browser.open()
    browser.page.click(".tabPanel.active .CodeMirror")
    browser.page.keyboard.press("Control+A")
    browser.page.keyboard.type("PREFIX schema: <https://schema.org/> SELECT ?s WHERE { ?s schema:te", delay=5)
    browser.page.keyboard.press("Control+Space")
    browser.page.wait_for_selector(".CodeMirror-hint")
    assert browser.page.inner_text(".CodeMirror-hints") == "schema:text"
    assert browser.complaints == []
    assert browser.stayed_at_home()


@pytest.mark.slow
def test_columns_can_be_drawn_wider(browser):
    browser.open()
    browser.ask("SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 3")
    browser.rows()
    grip = browser.page.locator(".grip-handle").nth(1).bounding_box()
    mouse = browser.page.mouse
    before = browser.page.locator(".yasr th").nth(1).bounding_box()["width"]
    mouse.move(grip["x"] + 5, grip["y"] + 10)
    mouse.down()
    mouse.move(grip["x"] + 65, grip["y"] + 10, steps=4)
    mouse.up()
    assert browser.page.locator(".yasr th").nth(1).bounding_box()["width"] > before + 30
    assert browser.complaints == []


@pytest.mark.slow
def test_a_link_to_a_query_brings_no_other_endpoint(browser):
    foreign = f"#query={quote('SELECT ?n WHERE { VALUES ?n { 7 } }')}&endpoint={quote('http://127.0.0.1:9/sparql', safe='')}"
    browser.open(foreign)
    assert browser.rows() == [['"7"^^xsd:integer']]
    assert browser.complaints == []
    assert browser.stayed_at_home()
