"""Whatever `/openapi.json` describes is answered as it says: Schemathesis asks all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from tests.rdf import example
from tests.server import graphs

from kgraph.store import open_store

from .conftest import Served, serving
from .test_fuzz import QUERIES, TYPES

TOKEN = "a long word"
PROMISES = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 8
CONFIG = {"seed": 1, "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]}}}
ACCEPTED = st.sampled_from(["*/*", "text/html", "text/plain", "application/json", "image/png", *TYPES])
NAMED = ["hostile", "on-bicycle-maps", "hostile.ttl", "hostile.nq.gz", "platform/hostile", "a/b.html", "%25", "\n"]
TRIPLES = ["<x:a> <x:b> 1 .", "<a> <b> <#c> , 'é'@fr .", "<http://e.org/c> a <https://w3id.org/kgraph#Claim> .", "<a> <b>", ""]
UPDATES = [
    "INSERT DATA { GRAPH <x:g> { <x:a> <x:b> 1 } }",
    "DELETE WHERE { GRAPH <x:g> { ?s ?p ?o } }",
    "INSERT DATA { <x:a> <x:b> 1 }",
    "INSERT DATA { GRAPH <x:g> { <x:a> a <https://w3id.org/kgraph#Claim> } }",
    "LOAD <http://127.0.0.1:9/>",
    "DROP GRAPH <x:none>",
]


def bodies(*texts: str) -> st.SearchStrategy[bytes]:
    """These, what is not unlike them, and anything."""
    return st.one_of(
        st.sampled_from(texts).map(str.encode),
        QUERIES.map(lambda text: text.encode("utf-8", "replace")),
        st.binary(max_size=60),
    )


schemathesis.openapi.media_type("application/sparql-query", bodies("ASK {}", "SELECT * { ?s ?p ?o } LIMIT 3"))
schemathesis.openapi.media_type("application/sparql-update", bodies(*UPDATES))
schemathesis.openapi.media_type("text/turtle", bodies(*TRIPLES), aliases=["application/n-triples"])
schemathesis.openapi.media_type(
    "application/rdf+xml", bodies("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>")
)
schemathesis.openapi.format("iri-reference", st.one_of(st.sampled_from(NAMED), st.text(min_size=1, max_size=20)))
schemathesis.openapi.format("iri", st.sampled_from([graphs.DOC, "x:g", "http://[", "relative", ""]))


def fill(root: Path) -> Path:
    with open_store(root, write=True) as store:
        store.replace_many({graphs.DOC: graphs.example_quads(), graphs.HOSTILE_DOC: graphs.hostile_quads()})
    return root


def signed_in(server: Served) -> dict[str, str]:
    """The headers of somebody who is at the page for decisions."""
    origin = {"Origin": server.url}
    answer = httpx.post(f"{server.url}/review", data={"token": TOKEN, "author": "Ana"}, headers=origin)
    return {**origin, "Cookie": "; ".join(f"{name}={value}" for name, value in answer.cookies.items())}


def described(server: Served) -> Iterator[APIOperation]:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json", config=schemathesis.Config.from_dict(CONFIG))
    schema.validate()
    return (operation.ok() for operation in schema.get_all_operations())


def ask(operation: APIOperation, **headers: str) -> None:
    """Asks it with what fits, what does not, and what lies at the edges of what it says it takes."""

    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(operation.as_strategy(mode) for mode in GenerationMode), accept=ACCEPTED)
    def ask(case: Case, accept: str) -> None:
        case.call_and_validate(headers={"Accept": accept, **headers}, checks=PROMISES)

    ask()
    modes = list(GenerationMode)
    generation = operation.schema.config.generation_for(operation=operation, phase="coverage")
    for case in operation.schema.iter_coverage_cases(operation, generation_modes=modes, generation_config=generation):
        case.call_and_validate(headers=headers, checks=PROMISES)


def test_a_server_without_a_token_answers_as_it_says(tmp_path, subtests):
    with serving(fill(tmp_path / "store")) as server:
        for operation in described(server):
            with subtests.test(operation.label):
                ask(operation)


def test_a_server_that_is_written_to_answers_as_it_says(tmp_path, subtests):
    env = {"KGRAPH_WRITE_TOKEN": TOKEN, "KGRAPH_BASE": example.BASE, "KGRAPH_LINKS": str(tmp_path / "links.tsv")}
    with serving(fill(tmp_path / "store"), env=env) as server:
        for operation in described(server):
            if operation.method in {"put", "post", "delete"} or operation.path == "/review":
                with subtests.test(operation.label):
                    ask(operation, Authorization=f"Bearer {TOKEN}", **signed_in(server))
