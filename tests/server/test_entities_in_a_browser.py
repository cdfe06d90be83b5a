"""The pages in a real browser: their policy refuses nothing of theirs, nothing runs, nothing is asked elsewhere, all fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.rdf import example
from tests.server import graphs
from tests.server.conftest import Served, serving

from kgraph.store import open_store

CHROMIUM = Path("/usr/bin/chromium")
PATHS = (f"/{example.DOC}", "/doc/hostile", "/platform/strava", "/person/hostile", "/person/", "/ontology", "/.well-known/void")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("browser") / "store"
    with open_store(root, write=True) as store:
        store.replace_many({graphs.DOC: graphs.example_quads(), graphs.HOSTILE_DOC: graphs.hostile_quads()})
    with serving(root) as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is absent")
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield browser
        browser.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_quiet_and_fit(served, browser, width, scheme):
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    for path in PATHS:
        page.goto(served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than {width}"
        data = page.locator('script[type="application/ld+json"]')
        assert all('"@context"' in data.nth(n).text_content() for n in range(data.count()))
        assert len(page.screenshot()) > 10_000
    page.close()
    assert not said
    assert all(url.startswith((served.url, "data:")) for url in asked)


@pytest.mark.slow
def test_a_fragment_leads_to_the_words_without_a_script(served, browser):
    page = browser.new_page()
    fragment = example.extraction().assertions[-1].id.partition("#")[2]
    page.set_viewport_size({"width": 800, "height": 200})
    page.goto(f"{served.url}/{example.DOC}#{fragment}")
    assert page.locator(":target").count() == 1
    box = page.locator(":target").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 200
    claim = example.extraction().claims[0].id.partition("#")[2]
    page.goto(f"{served.url}/{example.DOC}#{claim}")
    assert page.locator(":target").is_visible()  # the list that it stands in opens
