"""The pages: what they show, and that a stranger's words stay words."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from kgraph import media, queries
from kgraph.server.pages import _cell

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
NAME = "SELECT ?s ?name WHERE { ?s <https://schema.org/name> ?name }"


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def get(client, path: str, **params: str):
    response = client.get(path, params=params, headers=HTML)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    return response, Page(response.text)


@pytest.mark.parametrize("params", [{}, {"query": NAME}, {"query": "SELECT"}])
@pytest.mark.parametrize("path", ["/", "/sparql"])
def test_no_page_has_a_script_or_asks_elsewhere(client, path, params):
    response, page = get(client, path, **params if path == "/sparql" else {})
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not page.all("script")
    assert not page.all("style")
    assert not any(name == "style" or name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert [link["href"] for link in page.all("link")] == ["/static/kgraph.css", "data:,"]
    assert client.get("/static/kgraph.css").headers["Content-Type"].startswith("text/css")


def test_every_named_query_can_be_run_from_the_home_page(client):
    _, page = get(client, "/")
    links = [link["href"] for link in page.all("a") if link["href"].startswith("/sparql?query=")]
    assert len(links) == len(queries.all()) >= 12
    for link in links:
        response = client.get(link, headers=HTML)
        if "SERVICE" in link:  # what is asked across graphs is refused, in words, until its hosts are allowed
            assert response.status_code in {400, 403}
            assert "SERVICE" in response.text
        else:
            assert response.status_code == 200
    assert all(query.question in page.words for query in queries.all())


def test_hostile_words_are_shown_and_nothing_else(client):
    response, page = get(client, "/sparql", query=NAME)
    assert response.status_code == 200
    assert "<script>alert('x')</script> & \"quoted\"" in page.words
    assert "<script>" not in response.text


@pytest.mark.parametrize(
    "query", ["</textarea><script>alert(1)</script>", "SELECT ?x { <javascript:alert(1)> ?p ?x } </textarea>"]
)
def test_a_hostile_query_comes_back_as_words(client, query):
    response, page = get(client, "/sparql", query=query)
    assert response.status_code == 400
    assert response.text.count("</textarea>") == 1
    assert not page.all("script")


def test_only_addresses_on_the_web_become_links(client):
    query = "SELECT ?a ?b WHERE { VALUES (?a ?b) { (<javascript:alert(1)> <https://example.org/>) } }"
    _, page = get(client, "/sparql", query=query)
    assert "javascript:alert(1)" in page.words
    links = [link["href"] for link in page.all("a")]
    assert "https://example.org/" in links
    assert not any(href.startswith("javascript") for href in links)


def test_rdf_and_truth_are_shown_as_tables_too(client):
    _, page = get(client, "/sparql", query="CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 3")
    assert len(page.all("tr")) == 4
    assert "subject" in page.words
    _, page = get(client, "/sparql", query="ASK { ?s ?p ?o }")
    assert len(page.all("tr")) == 2
    assert "true" in page.words
    _, page = get(client, "/sparql", query="SELECT * { ?s <http://example.org/none> ?o }")
    assert "0 rows" in page.words


def test_a_long_answer_says_that_there_is_more(client):
    _, page = get(client, "/sparql", query="SELECT * { GRAPH ?g { ?s ?p ?o } }")
    assert "500 rows, the first of more" in page.words
    _, page = get(client, "/sparql", query="SELECT * { ?a ?b ?c . ?d ?e ?f }")
    assert "the first of more" in page.words


def test_a_bad_query_is_explained_beside_itself(client):
    response, page = get(client, "/sparql", query="SELECT * { ?s ?p }")
    assert response.status_code == 400
    assert "line 1, column" in page.words
    assert "SELECT * { ?s ?p }" in page.words


@pytest.mark.parametrize(
    ("field", "words", "note"),
    [
        ('"a\\tb\\n\\"c\\" \\u00e9 \\\\n"@en', 'a\tb\n"c" é \\n', "en"),
        ('"1"^^<http://www.w3.org/2001/XMLSchema#int>', "1", "http://www.w3.org/2001/XMLSchema#int"),
        ("<http://example.org/>", "http://example.org/", None),
        ("12.5", "12.5", None),
        ("_:b0", "_:b0", None),
        ("", "", None),
    ],
)
def test_a_field_of_tsv_is_read_as_its_term(field, words, note):
    assert (_cell(field).words, _cell(field).note) == (words, note)


def test_the_forms_on_pages_are_read_line_by_line():
    assert media.TSV.kind is media.Kind.RESULTS
    assert media.NTRIPLES.kind is media.Kind.RDF
