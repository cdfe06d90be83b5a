"""What the graph names answers under its name: in pages and RDF, by negotiation and by suffix, escaped, cached and linked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from rdflib import Graph, URIRef
from tests.rdf import example
from tests.server import graphs
from tests.server.conftest import Served, serving

from kgraph import media, resources
from kgraph.build import build
from kgraph.readers.sources import sources
from kgraph.server import addresses
from kgraph.settings import Settings
from kgraph.store import open_store
from kgraph.vocab import KG, PREFIXES

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Page(HTMLParser):
    """The tags of a page, what it says, and the data in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        else:
            self.words += data

    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.tags if attributes.get("id")]

    def links(self) -> list[str]:
        return [attributes["href"] for tag, attributes in self.tags if tag == "a" and attributes.get("href")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("entities") / "store"
    with open_store(root, write=True) as store:
        store.replace_many({graphs.DOC: graphs.example_quads(), graphs.HOSTILE_DOC: graphs.hostile_quads()})
    with serving(root) as server:
        yield server


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=30) as client:
        yield client


def page_of(client: httpx.Client, path: str) -> Page:
    response = client.get(path, headers=HTML)
    assert response.status_code == 200, f"{path}: {response.text}"
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    return Page(response.text)


def named(content: bytes) -> set[str]:
    """The things that a graph describes under its base, fragments aside."""
    triples = Graph().parse(data=content, format="nt")
    subjects = {str(subject).partition("#")[0] for subject in triples.subjects() if isinstance(subject, URIRef)}
    return {unquote(urlsplit(iri).path) for iri in subjects if iri.startswith(graphs.BASE)}


def test_everything_that_the_graph_names_answers(client):
    paths = named(client.get("/dump.nt").content)
    assert {path.split("/")[1] for path in paths} >= {"doc", "person", "account", "platform", "run", "relation"}
    for path in sorted(paths):
        page_of(client, path)
        turtle = client.get(path, headers={"Accept": "text/turtle"})
        assert turtle.status_code == 200
        assert URIRef(graphs.BASE + path[1:]) in set(Graph().parse(data=turtle.text, format="turtle").subjects())


@pytest.mark.slow
def test_everything_that_the_seeds_name_answers(tmp_path):
    root = tmp_path / "store"
    report = build(sources([resources.folder("seeds")]), settings=Settings(store=str(root)))
    assert report.triples
    with serving(root) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        for path in sorted(named(client.get("/dump.nt").content)):
            page = page_of(client, path)
            assert page.words
            assert client.get(path, headers={"Accept": "text/turtle"}).status_code == 200
        for kind in addresses.KINDS:
            page_of(client, f"/{kind}/")


@pytest.mark.parametrize("form", media.RDF, ids=lambda form: form.name)
@pytest.mark.parametrize("path", [f"/{example.DOC}", "/platform/strava", "/ontology", "/.well-known/void"])
def test_each_form_is_to_be_had_by_accept_and_by_suffix(client, path, form):
    negotiated = client.get(path, headers={"Accept": form.media_type})
    assert negotiated.headers["Content-Type"] == form.content_type
    assert negotiated.headers["Content-Location"] == f"{path}.{form.suffix}"
    assert "accept" in negotiated.headers["Vary"].lower()
    direct = client.get(f"{path}.{form.suffix}", headers=HTML)
    assert direct.headers["Content-Type"] == form.content_type
    assert direct.content == negotiated.content
    assert len(graphs.triples_of(graphs.parsed(direct.content, form))) > 10


@pytest.mark.parametrize("path", [f"/{example.DOC}", "/platform/strava", "/ontology", "/.well-known/void"])
def test_link_headers_lead_to_the_other_forms(client, path):
    response = client.get(path, headers=HTML)
    links = dict(re.findall(r'<([^>]+)>; rel="[\w ]*alternate"; type="([^"]+)"', response.headers["Link"]))
    assert set(links.values()) == {form.media_type for form in media.RDF}
    for address, media_type in links.items():
        assert client.head(address).headers["Content-Type"].startswith(media_type)
    assert 'rel="describedby alternate"; type="text/turtle"' in response.headers["Link"]
    if path.startswith("/doc"):
        assert f'<{graphs.DOC}>; rel="canonical"' in response.headers["Link"]


def test_a_document_in_trig_is_its_named_graph(client):
    dataset = graphs.parsed(client.get(f"/{example.DOC}.trig").content, media.TRIG)
    assert graphs.graphs_of(dataset) == {graphs.DOC}


def test_turtle_is_written_with_prefixes(client):
    text = client.get("/platform/strava.ttl").text
    assert f"@prefix kg: <{PREFIXES['kg']}>" in text
    assert "schema:name" in text


@pytest.mark.parametrize(
    "path",
    [
        *("/platform/nosuch", "/doc/nosuch", "/doc/nosuch.ttl", "/person/a/b/c", "/doc/?page=2", "/platform/hostile.nt.gz"),
        *("/platform/%3Cx%3E", "/platform/%25", "/platform/%5B", "/doc/%C2%80", "/doc/%7F", "/place/%EE%80%80"),
    ],
)
def test_what_is_not_there_is_not_found(client, path):
    missing = client.get(path, headers=HTML)
    assert missing.status_code == 404
    assert f'href="/{path.split("/")[1]}/"' in missing.text
    if "?" not in path:
        problem = client.get(path, headers={"Accept": "text/turtle, application/problem+json"})
        assert problem.status_code == 404
        assert problem.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/nowhere", "/doc/a%0Ab"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_address_of_nothing_is_explained(client, method, path):
    missing = client.request(method, path)
    assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/problem+json")


def test_a_type_that_there_is_not_is_not_acceptable(client):
    assert client.get("/platform/strava", headers={"Accept": "image/png"}).status_code == 406
    assert client.get("/ontology", headers={"Accept": "image/png"}).status_code == 406


@pytest.mark.parametrize("path", ["/platform/strava", "/doc/", "/dump.ttl", "/ontology", "/.well-known/void"])
def test_what_is_only_read_can_only_be_read(client, path):
    assert client.post(path).status_code == 405
    assert "GET" in client.delete(path).headers["Allow"]
    options = client.options(path)
    assert options.status_code == 204
    assert options.headers["Access-Control-Allow-Origin"] == "*"


def test_a_documents_graph_is_written_by_nobody_where_no_token_is_set(client):
    for method in ("PUT", "POST", "DELETE"):
        assert client.request(method, "/doc/on-bicycle-maps", content=b"").status_code == 403


@pytest.mark.parametrize("accept", ["text/html", "text/turtle", "application/ld+json"])
@pytest.mark.parametrize("path", [f"/{example.DOC}", "/platform/strava", "/ontology", "/.well-known/void"])
def test_a_known_answer_is_not_sent_again(client, path, accept):
    first = client.get(path, headers={"Accept": accept})
    again = client.get(path, headers={"Accept": accept, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert not again.content
    assert again.headers["ETag"] == first.headers["ETag"]
    head = client.head(path, headers={"Accept": accept})
    assert head.headers["ETag"] == first.headers["ETag"]
    assert int(head.headers["Content-Length"]) == len(first.content)
    assert not head.content


def test_representations_have_tags_of_their_own(client):
    tags = [client.get("/platform/strava", headers={"Accept": form.media_type}).headers["ETag"] for form in media.RDF]
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize(
    "path", ["/doc/hostile", "/person/hostile", "/platform/hostile", "/account/hostile/h", "/person/", "/platform/", "/doc/"]
)
def test_hostile_words_stay_words(client, path):
    response = client.get(path, headers=HTML)
    page = Page(response.text)
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    for tag, attributes in page.tags:
        assert tag not in {"img", "style", "iframe", "object", "svg"}
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert tag != "script" or attributes == {"type": "application/ld+json"}
        assert not (attributes.get("href") or "").startswith("javascript:")
    for script in page.scripts:
        assert "<" not in script
        assert json.loads(script)["@context"] == "https://schema.org"
    assert graphs.SCRIPT in page.words or graphs.END_OF_DATA in page.words


def test_a_hostile_text_is_shown_whole_with_its_marks_nested(client):
    page = page_of(client, "/doc/hostile")  # the parser checks that tags nest
    assert graphs.LONG in page.words
    assert {f"assertion-{number}" for number in range(5)} <= set(page.ids())
    assert len(page.ids()) == len(set(page.ids()))


def test_the_document_page_marks_every_claim_at_its_words(client):
    page = page_of(client, f"/{example.DOC}")
    extraction = example.extraction()
    for assertion in extraction.assertions:
        fragment = assertion.id.partition("#")[2]
        assert fragment in page.ids()
    for claim in extraction.claims:
        assert claim.id.partition("#")[2] in page.ids()
    for post in extraction.document.posts:
        assert post.id.partition("#")[2] in page.ids()
        assert post.span.of(extraction.document.text).split()[0] in page.words
    assert all(link[1:] in page.ids() for link in page.links() if link.startswith("#"))


def test_links_between_pages_lead_somewhere(client):
    for path in (f"/{example.DOC}", "/platform/strava", "/doc/", "/person/", "/ontology", "/.well-known/void"):
        for link in page_of(client, path).links():
            if link.startswith("/") and not link.startswith("/sparql"):
                assert client.get(link.partition("#")[0], headers=HTML).status_code == 200, link


def test_a_page_tells_machines_what_it_is_about(client):
    page = page_of(client, "/platform/strava")
    [script] = page.scripts
    assert json.loads(script)["@id"] == f"{graphs.BASE}platform/strava"
    assert json.loads(script)["name"] == "Strava"


def test_an_index_lists_what_there_is(client):
    assert "/platform/strava" in page_of(client, "/platform/").links()
    assert f"/{example.DOC}" in page_of(client, "/doc/").links()


def test_names_are_served_by_path_wherever_the_base_is(tmp_path):
    root, base = tmp_path / "store", "https://graph.example/kg/"
    quads = graphs.example_quads().replace(graphs.BASE.encode(), base.encode())
    with open_store(root, write=True) as store:
        store.replace(f"{base}{example.DOC}", quads)
    with serving(root) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        page = page_of(client, "/platform/strava")
        assert any(link.startswith(f"/{example.DOC}#") for link in page.links())
        turtle = client.get("/platform/strava", headers={"Accept": "text/turtle"})
        assert f"<{base}platform/strava>" in turtle.text
        assert f'<{base}platform/strava>; rel="canonical"' in turtle.headers["Link"]


def test_the_ontology_tells_every_term(client):
    page = page_of(client, "/ontology")
    source = Graph().parse(resources.folder("ontology") / "kgraph.ttl")
    terms = {str(term).removeprefix(str(KG._NS)) for term in source.subjects() if str(term).startswith(str(KG._NS))}
    told = set(page.ids())
    assert not {term for term in terms if term not in told and not term[0].islower()}
    assert {"claimant", "factual", "Claim"} <= told
    assert Graph().parse(data=client.get("/ontology").text, format="turtle").isomorphic(source)
