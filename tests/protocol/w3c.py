"""The W3C's SPARQL 1.1 tests as data, each asked of a server over HTTP.

The server must have the unnamed graph for its default graph (`KGRAPH_UNION_DEFAULT_GRAPH=false`) and take writes. For each test
its store is emptied by an update, the data is PUT as N-Triples, parsed with the address of its file as base, and `BASE` with
the address of the file stands before the query. Numbers and booleans are compared by value, since the store writes them in
canonical form; blank nodes by isomorphism.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pyoxigraph as ox
from rdflib import RDF, RDFS, Graph, Literal, Namespace
from rdflib.collection import Collection

from kgraph import media

SUITE = Path(__file__).parents[3] / "shared/conformance/rdf-tests/sparql/sparql11"
BASE = "http://example.org/sparql11/"
MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
UT = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")
HT = Namespace("http://www.w3.org/2011/http#")
CNT = Namespace("http://www.w3.org/2011/content#")
SD = Namespace("http://www.w3.org/ns/sparql-service-description#")

LEFT_OUT = {
    "entailment": "entailment regimes are no part of SPARQL Query, and the store has none",
    "http-rdf-update": "deprecated by the suite itself, in favour of graph-store-protocol",
    "service": "the tests name endpoints that do not exist; tests/server/test_services.py asks a live one",
}
"""Folders that are not run, and why."""

Dataset = dict[str | None, str]
"""Files by the name of the graph that they are put into; None is the default graph."""


class Failed(AssertionError):
    """What was answered is not what the test expects."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test: `folder/name`, its kind as the manifest has it, and what is asked with which data."""

    id: str
    kind: str
    text: str = ""
    data: tuple[tuple[str | None, str], ...] = ()
    result: Any = None
    requests: tuple[Request, ...] = ()

    @property
    def folder(self) -> str:
        return self.id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a test of a protocol, and what is expected of its answer."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    statuses: tuple[str, ...] = ()
    boolean: bool | None = None
    kind: str | None = None
    location: str | None = None
    graph: str | None = None
    content_type: str | None = None


def cases() -> list[Case]:
    """All tests, in the order of their folders."""
    if not SUITE.is_dir():
        return []
    found: list[Case] = []
    for folder in sorted(path for path in SUITE.iterdir() if path.is_dir() and path.name not in LEFT_OUT):
        names = ("manifest-direct", "manifest-indirect") if folder.name == "graph-store-protocol" else ("manifest",)
        for name in names:
            found += _manifest(folder.name, name)
    return found


def _manifest(folder: str, name: str) -> Iterator[Case]:
    manifest = Graph().parse(SUITE / folder / f"{name}.ttl", format="turtle", publicID=f"{BASE}{folder}/{name}.ttl")
    (entries,) = manifest.objects(None, MF.entries)
    label = folder if name == "manifest" else name.replace("manifest", folder)
    for entry in Collection(manifest, entries):
        kind = str(manifest.value(entry, RDF.type)).rpartition("#")[2]
        action = manifest.value(entry, MF.action)
        id = f"{label}/{str(entry).rpartition('#')[2]}"
        if kind in ("ProtocolTest", "GraphStoreProtocolTest", "ServiceDescriptionTest"):
            data = tuple((label, file) for label, file in _graphs(manifest, entry))
            yield Case(id, kind, data=data, requests=tuple(_requests(manifest, action)))
        elif kind.endswith("SyntaxTest11"):
            yield Case(id, kind, str(action))
        elif kind == "UpdateEvaluationTest":
            result = manifest.value(entry, MF.result)
            expected = tuple(_dataset(manifest, result, UT.data)) if result is not None else ()
            yield Case(id, kind, str(manifest.value(action, UT.request)), tuple(_dataset(manifest, action, UT.data)), expected)
        else:
            graphs = [(str(manifest.value(g, QT.graph) or g),) * 2 for g in manifest.objects(action, QT.graphData)]
            data = [(None, str(file)) for file in manifest.objects(action, QT.data)]
            result = str(manifest.value(entry, MF.result))
            yield Case(id, kind, str(manifest.value(action, QT.query)), (*data, *graphs), result)


def _dataset(manifest: Graph, node: Any, data: Any) -> Iterator[tuple[str | None, str]]:
    for file in manifest.objects(node, data):
        yield None, str(file)
    yield from _graphs(manifest, node)


def _graphs(manifest: Graph, node: Any) -> Iterator[tuple[str, str]]:
    for graph in manifest.objects(node, UT.graphData):
        yield str(manifest.value(graph, RDFS.label)), str(manifest.value(graph, UT.graph))


def _requests(manifest: Graph, action: Any) -> Iterator[Request]:
    if action is None:
        return
    for request in Collection(manifest, manifest.value(action, HT.requests)):
        body = manifest.value(request, HT.body)
        encoding = str(manifest.value(body, CNT.characterEncoding) or "UTF-8") if body is not None else "UTF-8"
        answer = manifest.value(request, HT.resp)
        expected = manifest.value(answer, HT.body)
        boolean = manifest.value(answer, MF.expectedBoolean)
        yield Request(
            method=str(manifest.value(request, HT.methodName)),
            path=str(manifest.value(request, HT.absolutePath)),
            headers=_headers(manifest, request),
            body=str(manifest.value(body, CNT.chars)).encode(encoding) if body is not None else b"",
            statuses=tuple(str(status).rpartition("#")[2] for status in manifest.objects(answer, MF.expectedStatus)),
            boolean=boolean.toPython() if isinstance(boolean, Literal) else None,
            kind=_text(manifest.value(answer, MF.expectedFormat)),
            location=_text(manifest.value(answer, MF.expectedLocation)),
            graph=str(manifest.value(expected, CNT.chars)) if expected is not None else None,
            content_type=_headers(manifest, answer).get("content-type"),
        )


def _headers(manifest: Graph, node: Any) -> dict[str, str]:
    headers = manifest.value(node, HT.headers)
    if headers is None:
        return {}
    return {
        str(manifest.value(one, HT.fieldName)).lower(): str(manifest.value(one, HT.fieldValue))
        for one in Collection(manifest, headers)
    }


def _text(term: Any) -> str | None:
    return None if term is None else str(term)


def local(iri: str) -> Path:
    return SUITE / iri.removeprefix(BASE)


class Runner:
    """Asks the tests of a server; `client` has its address and its token."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._loaded: tuple[object, ...] | None = None

    def run(self, case: Case) -> None:
        """Raises Failed where the server does not do what the test expects."""
        if case.kind == "ServiceDescriptionTest":
            self._describe(case)
        elif case.requests:
            self._load(case.data, again=True)
            self._converse(case.requests)
        elif case.kind.endswith("UpdateSyntaxTest11"):
            self._load((), again=True)
            self._syntax(case, self._update(case))
        elif case.kind.endswith("SyntaxTest11"):
            self._syntax(case, self._ask(case, "*/*"))
        elif case.kind == "UpdateEvaluationTest":
            self._load(case.data, again=True)
            _expect_success(self._update(case))
            self._compare_dataset(case.result)
        else:
            self._load(case.data)
            self._evaluate(case)

    def _load(self, data: Sequence[tuple[str | None, str]], *, again: bool = False) -> None:
        if not again and self._loaded == tuple(data):
            return
        _expect_success(self._post("/sparql", "application/sparql-update", "DROP ALL"))
        merged: dict[str | None, list[str]] = {}
        for graph, file in data:
            merged.setdefault(graph, []).append(file)
        for graph, files in merged.items():
            content = b"".join(ox.serialize(_triples(file), format=ox.RdfFormat.N_TRIPLES) or b"" for file in files)
            _expect_success(self._client.put(_store(graph), content=content, headers={"Content-Type": "application/n-triples"}))
        self._loaded = None if again else tuple(data)

    def _post(self, path: str, content_type: str, text: str, accept: str = "*/*") -> httpx.Response:
        return self._client.post(path, content=text.encode(), headers={"Content-Type": content_type, "Accept": accept})

    def _ask(self, case: Case, accept: str) -> httpx.Response:
        query = local(case.text).read_text(encoding="utf-8")
        return self._post("/sparql", "application/sparql-query", f"BASE <{case.text}>\n{query}", accept)

    def _update(self, case: Case) -> httpx.Response:
        update = local(case.text).read_text(encoding="utf-8")
        return self._post("/sparql", "application/sparql-update", f"BASE <{case.text}>\n{update}")

    def _syntax(self, case: Case, response: httpx.Response) -> None:
        # A text that parses may still fail: at a graph that is not there, at a function that nobody knows, or since LOAD and
        # SERVICE are refused, as such and not as bad syntax.
        failed_later = response.status_code == HTTPStatus.FORBIDDEN or any(
            words in response.text for words in ("does not exist", "custom function <http")
        )
        parses = response.is_success or failed_later
        if parses != case.kind.startswith("Positive"):
            raise Failed(f"answered {response.status_code}: {response.text[:200]}")

    def _evaluate(self, case: Case) -> None:
        if case.kind == "CSVResultFormatTest":
            response = _expect_success(self._ask(case, "text/csv"))
            _expect_equal(csv_rows(response.text), csv_rows(local(case.result).read_bytes().decode()))
            return
        suffix = local(case.result).suffix
        accept = {".srj": media.JSON, ".tsv": media.TSV}.get(suffix, media.XML).media_type
        response = _expect_success(self._ask(case, f"{accept}, {media.NTRIPLES.media_type}"))
        found = meaning(response.content, response.headers["Content-Type"].partition(";")[0])
        (expected_type,) = (form.media_type for form in media.FORMATS if form.suffix == suffix[1:])
        _expect_equal(found, meaning(local(case.result).read_bytes(), expected_type, base=case.result))

    def _compare_dataset(self, expected: Sequence[tuple[str | None, str]]) -> None:
        merged: dict[str | None, list[ox.Triple]] = {None: []}
        for graph, file in expected:
            merged.setdefault(graph, []).extend(_triples(file))
        listed = _expect_success(
            self._post("/sparql", "application/sparql-query", "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }", "text/csv")
        )
        for graph in {*merged, *listed.text.split("\r\n")[1:-1]}:
            response = self._client.get(_store(graph), headers={"Accept": "application/n-triples"})
            content = response.content if response.is_success else b""
            found = [quad.triple for quad in ox.parse(content, ox.RdfFormat.N_TRIPLES)]
            _expect_equal(isomorphic(found), isomorphic(merged.get(graph, [])), f"graph {graph or 'default'}")

    def _converse(self, requests: Sequence[Request]) -> None:
        location = ""
        for number, request in enumerate(requests, 1):
            path = request.path.replace("/sparql/", "/sparql", 1).replace("/gsp", "/rdf-graph-store", 1)
            path = path.replace("$LOCATION$", quote(location, safe=""))
            response = self._client.request(request.method, path, headers=request.headers, content=request.body)
            said = f"request {number}, {request.method} {path}: {response.status_code} {response.text[:200]}"
            if not any(_has_status(response.status_code, status) for status in request.statuses):
                raise Failed(f"{said}, expected {' or '.join(request.statuses)}")
            if request.location is not None:
                location = response.headers.get("Location", "")
            if request.content_type is not None and response.headers.get("Content-Type", "") != request.content_type:
                raise Failed(f"{said}, Content-Type {response.headers.get('Content-Type')}")
            if request.kind is not None:
                _expect_kind(response, request.kind)
            if request.boolean is not None:
                _expect_equal(json.loads(response.content)["boolean"], request.boolean, said)
            if request.graph is not None:
                base = str(response.url)
                found = ox.parse(response.content, ox.RdfFormat.TURTLE, base_iri=base)
                expected = ox.parse(request.graph.encode(), ox.RdfFormat.TURTLE, base_iri=base)
                _expect_equal(isomorphic([q.triple for q in found]), isomorphic([q.triple for q in expected]), said)

    def _describe(self, case: Case) -> None:
        response = _expect_success(self._client.get("/sparql", headers={"Accept": "text/turtle"}))
        description = Graph().parse(data=response.content, format="turtle")
        services = set(description.subjects(RDF.type, SD.Service))
        if case.id.endswith("has-endpoint-triple"):
            endpoint = str(self._client.base_url).rstrip("/") + "/sparql"
            _expect_equal({str(one) for service in services for one in description.objects(service, SD.endpoint)}, {endpoint})
        elif case.id.endswith("conforms-to-schema"):
            _expect_equal([str(error) for error in schema_errors(description)], [])


_SCHEMA = {
    # property: its domain, its range (SPARQL 1.1 Service Description, sections 3.2 to 3.4)
    "endpoint": ("Service", None),
    "feature": ("Service", {"DereferencesURIs", "UnionDefaultGraph", "RequiresDataset", "EmptyGraphs", "BasicFederatedQuery"}),
    "supportedLanguage": ("Service", {"SPARQL10Query", "SPARQL11Query", "SPARQL11Update"}),
    "resultFormat": ("Service", None),
    "inputFormat": ("Service", None),
    "defaultEntailmentRegime": ("Service", None),
    "extensionFunction": ("Service", "Function"),
    "defaultDataset": ("Service", "Dataset"),
    "availableGraphs": ("Service", "GraphCollection"),
    "defaultGraph": ("Dataset", "Graph"),
    "namedGraph": ("Dataset", "NamedGraph"),
    "name": ("NamedGraph", None),
    "graph": ("NamedGraph", "Graph"),
}


def schema_errors(description: Graph) -> Iterator[str]:
    """Where a description uses the vocabulary otherwise than it is defined."""
    for subject, predicate, value in description:
        if not predicate.startswith(SD):
            continue
        name = str(predicate).removeprefix(SD)
        if name not in _SCHEMA:
            yield f"there is no sd:{name}"
            continue
        domain, range_ = _SCHEMA[name]
        if (subject, RDF.type, SD[domain]) not in description:
            yield f"sd:{name} is of a sd:{domain}, and {subject} is none"
        if isinstance(range_, set) and str(value).removeprefix(SD) not in range_:
            yield f"sd:{name} cannot be {value}"
        if isinstance(range_, str) and (value, RDF.type, SD[range_]) not in description:
            yield f"sd:{name} is a sd:{range_}, and {value} is none"
    for service in description.subjects(RDF.type, SD.Service):
        if len(set(description.objects(service, SD.endpoint))) != 1:
            yield "a service has one endpoint"


def _store(graph: str | None) -> str:
    return "/rdf-graph-store?default" if graph is None else f"/rdf-graph-store?graph={quote(graph, safe='')}"


def _triples(file: str) -> list[ox.Triple]:
    form = ox.RdfFormat.from_extension(local(file).suffix[1:])
    assert form is not None
    parsed = ox.parse(local(file).read_bytes(), form, base_iri=file, rename_blank_nodes=True)
    return [quad.triple for quad in parsed]


def _has_status(status: int, expected: str) -> bool:
    if expected.startswith("StatusCode"):
        return str(status)[0] == expected.removeprefix("StatusCode")[0]
    names = {"OK": 200, "Created": 201, "NoContent": 204, "NotFound": 404}
    return status == names[expected]


def _expect_success(response: httpx.Response) -> httpx.Response:
    if not response.is_success:
        raise Failed(f"answered {response.status_code}: {response.text[:300]}")
    return response


def _expect_equal(found: object, expected: object, where: str = "") -> None:
    if found != expected:
        raise Failed(f"{where} found {_short(found)}, expected {_short(expected)}".strip())


def _short(value: object) -> str:
    shown = repr(sorted(value) if isinstance(value, frozenset) else value)
    return shown if len(shown) < 400 else f"{shown[:399]}…"


def _expect_kind(response: httpx.Response, kind: str) -> None:
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    tabular = {form.media_type for form in media.RESULTS}
    known = {"boolean": tabular, "tabular": tabular, "RDF": {form.media_type for form in media.RDF}}
    if media_type not in known[kind]:
        raise Failed(f"answered with {media_type}, expected {kind}")


def csv_rows(text: str) -> list[list[tuple[str, str]]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return sorted(sorted((name, _canonical_words(cell)) for name, cell in row.items()) for row in rows)


def _canonical_words(cell: str) -> str:
    try:
        return "_:" if cell.startswith("_:") else repr(float(cell))
    except ValueError:
        return cell


def meaning(content: bytes, media_type: str, base: str | None = None) -> object:
    """What an answer says, alike for two answers that differ in order and in the labels of blank nodes only."""
    if "sparql-results" not in media_type and "separated" not in media_type:
        triples = [quad.triple for quad in ox.parse(content, ox.RdfFormat.from_media_type(media_type), base_iri=base)]
        if any("result-set#" in triple.predicate.value for triple in triples):
            return canonical(_result_set(triples))
        return isomorphic(triples)
    parsed = ox.parse_query_results(content, ox.QueryResultsFormat.from_media_type(media_type))
    if isinstance(parsed, ox.QueryBoolean):
        return bool(parsed)
    names = [variable.value for variable in parsed.variables]
    rows = [{name: row[name] for name in names if row[name] is not None} for row in parsed]
    return sorted(names) if not rows else canonical(_row_quads(rows))


def _result_set(triples: list[ox.Triple]) -> list[ox.Quad]:
    """The DAWG's result sets in RDF: rs:solution, rs:binding, rs:variable, rs:value."""
    graph: dict[object, dict[str, list[Any]]] = {}
    for triple in triples:
        name = triple.predicate.value.rpartition("#")[2]
        graph.setdefault(triple.subject, {}).setdefault(name, []).append(triple.object)
    rows = []
    for node in graph.values():
        for solution in node.get("solution", []):
            bindings = [graph[binding] for binding in graph[solution].get("binding", [])]
            rows.append({binding["variable"][0].value: binding["value"][0] for binding in bindings})
    return _row_quads(rows)


def _row_quads(rows: list[dict[str, Any]]) -> list[ox.Quad]:
    quads = []
    for row in rows:
        solution = ox.BlankNode()
        quads.append(ox.Quad(solution, ox.NamedNode(f"{BASE}in"), ox.NamedNode(f"{BASE}rows")))
        quads += [ox.Quad(solution, ox.NamedNode(f"{BASE}var/{name}"), _valued(value)) for name, value in row.items()]
    return quads


def _valued(term: Any) -> Any:
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


def isomorphic(triples: Sequence[ox.Triple]) -> frozenset[str]:
    return canonical(ox.Quad(t.subject, t.predicate, _valued(t.object)) for t in triples)


def canonical(quads: Any) -> frozenset[str]:
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return frozenset(map(str, dataset))
