"""The W3C's SPARQL 1.1 query tests, each asked over HTTP.

All data lies in one store, each file a named graph under its own address; a test names its default and named graphs in the
request, as the protocol has it. Numbers and booleans are compared by value, since the store writes them in canonical form.
`KNOWN` are the cases that the engine itself misses, each with its reason; one that passes after all fails the suite.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest
from rdflib import RDF, Graph, Namespace, URIRef
from rdflib.collection import Collection

from kgraph import media
from kgraph.store import open_store
from kgraph.store.sparql import has_dataset

SUITE = Path(__file__).parents[3] / "shared/conformance/rdf-tests/sparql/sparql11"
FOLDERS = (
    "aggregates", "bind", "bindings", "cast", "construct", "csv-tsv-res", "exists", "functions", "grouping", "json-res",
    "negation", "project-expression", "property-path", "subquery", "syntax-query",
)  # fmt: skip
MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
BASE = "http://example.org/sparql11/"
EMPTY = BASE + "empty"

_PATH = "a path of length zero from a term that is in no triple finds nothing, though it is given in the query"
_NORMAL = "the store writes numbers in canonical form"
KNOWN = {
    "aggregates/agg-empty-group-count-graph": "COUNT over GRAPH ?g gives no row for a graph that is empty",
    "aggregates/agg-groupconcat-04": "GROUP_CONCAT keeps language tags",
    "aggregates/agg-groupconcat-06": "GROUP_CONCAT keeps language tags",
    "bindings/graph": "GRAPH ?g with ?g bound in VALUES to a graph that is empty",
    "csv-tsv-res/tsv03": _NORMAL,
    "functions/bnode01": "BNODE(label) gives one node for the whole query, not one for each solution",
    "negation/graph-minus": "MINUS inside GRAPH",
    "property-path/zero_or_more_set_end": _PATH,
    "property-path/zero_or_more_set_start": _PATH,
    "property-path/zero_or_one_set_end": _PATH,
    "property-path/zero_or_one_set_start": _PATH,
    "syntax-query/test_4": "a function that the engine does not know is refused before anything is evaluated",
}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SUITE.is_dir(), reason="the W3C's tests are in ../shared/conformance, which is not there"),
]


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    kind: str
    query: str
    data: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()
    result: str | None = None


def cases() -> Iterator[Case]:
    for folder in FOLDERS if SUITE.is_dir() else ():
        manifest = Graph().parse(SUITE / folder / "manifest.ttl", format="turtle", publicID=f"{BASE}{folder}/manifest.ttl")
        (entries,) = manifest.objects(None, MF.entries)
        for entry in Collection(manifest, entries):
            kind = str(manifest.value(entry, RDF.type)).rpartition("#")[2]
            action = manifest.value(entry, MF.action)
            id = f"{folder}/{str(entry).rpartition('#')[2]}"
            if kind.endswith("SyntaxTest11"):
                yield Case(id, kind, str(action))
                continue
            graphs = [manifest.value(graph, QT.graph) or graph for graph in manifest.objects(action, QT.graphData)]
            yield Case(
                id,
                kind,
                str(manifest.value(action, QT.query)),
                tuple(map(str, manifest.objects(action, QT.data))),
                tuple(map(str, graphs)),
                str(manifest.value(entry, MF.result)),
            )


CASES = list(cases())


def local(iri: str) -> Path:
    return SUITE / iri.removeprefix(BASE)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory, serve) -> Iterator[httpx.Client]:
    root = tmp_path_factory.mktemp("w3c") / "store"
    with open_store(root, write=True) as store:
        files = {iri for case in CASES for iri in (*case.data, *case.graphs)}
        for iri in sorted(files):
            format_ = ox.RdfFormat.from_extension(local(iri).suffix[1:])
            triples = ox.parse(local(iri).read_bytes(), format_, base_iri=iri)
            quads = (ox.Quad(t.subject, t.predicate, t.object, ox.NamedNode(iri)) for t in triples)
            store.replace(iri, ox.serialize(quads, format=ox.RdfFormat.N_QUADS))
    with serve(root) as served, httpx.Client(base_url=served.url, timeout=20) as client:
        yield client


def ask(endpoint: httpx.Client, case: Case, accept: str) -> httpx.Response:
    query = local(case.query).read_text(encoding="utf-8")
    dataset = [("default-graph-uri", iri) for iri in case.data or (EMPTY,)] + [("named-graph-uri", iri) for iri in case.graphs]
    if has_dataset(query):
        dataset = []
    content = f"BASE <{case.query}>\n{query}".encode()
    headers = {"Content-Type": "application/sparql-query", "Accept": accept}
    return endpoint.post("/sparql", params=dataset, content=content, headers=headers)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(c, id=c.id, marks=[pytest.mark.xfail(reason=KNOWN[c.id], strict=True)] if c.id in KNOWN else [])
        for c in CASES
    ],
)
def test_case(endpoint, case):
    if case.kind.endswith("SyntaxTest11"):
        response = ask(endpoint, case, "*/*")
        assert response.status_code == (200 if case.kind.startswith("Positive") else 400), response.text
        return
    if case.kind == "CSVResultFormatTest":
        response = ask(endpoint, case, "text/csv").raise_for_status()
        assert csv_rows(response.text) == csv_rows(local(case.result).read_bytes().decode())
        return
    suffix = local(case.result).suffix
    accept = {".srj": media.JSON, ".tsv": media.TSV}.get(suffix, media.XML).media_type
    response = ask(endpoint, case, f"{accept}, {media.NTRIPLES.media_type}").raise_for_status()
    found = meaning(response.content, response.headers["Content-Type"].partition(";")[0])
    (expected_type,) = (form.media_type for form in media.FORMATS if form.suffix == suffix[1:])
    assert found == meaning(local(case.result).read_bytes(), expected_type, base=case.result)


def csv_rows(text: str) -> list[list[tuple[str, str]]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return sorted(sorted((name, canonical_words(cell)) for name, cell in row.items()) for row in rows)


def canonical_words(cell: str) -> str:
    try:
        return "_:" if cell.startswith("_:") else repr(float(cell))
    except ValueError:
        return cell


def meaning(content: bytes, media_type: str, base: str | None = None) -> object:
    """What an answer says, alike for two answers that differ in order and in the labels of blank nodes only."""
    if "sparql-results" not in media_type and "separated" not in media_type:
        triples = [quad.triple for quad in ox.parse(content, ox.RdfFormat.from_media_type(media_type), base_iri=base)]
        if any("result-set#" in triple.predicate.value for triple in triples):
            return canonical(result_set(triples))
        return canonical(ox.Quad(t.subject, t.predicate, valued(t.object)) for t in triples)
    parsed = ox.parse_query_results(content, ox.QueryResultsFormat.from_media_type(media_type))
    if isinstance(parsed, ox.QueryBoolean):
        return bool(parsed)
    names = [variable.value for variable in parsed.variables]
    return canonical(row_quads([{name: row[name] for name in names if row[name] is not None} for row in parsed]))


def result_set(triples: list[ox.Triple]) -> list[ox.Quad]:
    """The DAWG's result sets in RDF: rs:solution, rs:binding, rs:variable, rs:value."""
    graph: dict[object, dict[str, list]] = {}
    for triple in triples:
        name = triple.predicate.value.rpartition("#")[2]
        graph.setdefault(triple.subject, {}).setdefault(name, []).append(triple.object)
    rows = []
    for node in graph.values():
        for solution in node.get("solution", []):
            bindings = [graph[binding] for binding in graph[solution].get("binding", [])]
            rows.append({binding["variable"][0].value: binding["value"][0] for binding in bindings})
    return row_quads(rows)


def row_quads(rows: list[dict[str, object]]) -> list[ox.Quad]:
    quads = []
    for row in rows:
        solution = ox.BlankNode()
        quads.append(ox.Quad(solution, ox.NamedNode(f"{BASE}in"), ox.NamedNode(f"{BASE}rows")))
        quads += [ox.Quad(solution, ox.NamedNode(f"{BASE}var/{name}"), valued(value)) for name, value in row.items()]
    return quads


def valued(term: object) -> object:
    """The term with its value for its lexical form, where the two may differ."""
    if not isinstance(term, ox.Literal):
        return term
    name = term.datatype.value.rpartition("#")[2]
    try:
        if name in ("integer", "decimal", "double", "float"):
            return ox.Literal(repr(float(term.value)), datatype=term.datatype)
    except ValueError:
        return term
    if name == "boolean":
        return ox.Literal({"1": "true", "0": "false"}.get(term.value, term.value), datatype=term.datatype)
    return term


def canonical(quads) -> frozenset[str]:
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return frozenset(map(str, dataset))


def test_iris_of_the_manifests_are_understood():
    assert len(CASES) > 300
    assert all(local(case.query).is_file() for case in CASES)
    assert all(URIRef(case.query).startswith(BASE) for case in CASES)
