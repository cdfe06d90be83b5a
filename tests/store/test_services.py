"""Which endpoints `SERVICE` may ask, and at which addresses."""

from __future__ import annotations

import pytest

from kgraph.errors import FetchRefused, ServiceFailed
from kgraph.store import open_store
from kgraph.store.oxigraph import OxigraphStore
from kgraph.store.services import Services, _is_public

LISTED = ["dbpedia.org", "localhost", "127.0.0.1", "[::1]", "example.org:8443"]


@pytest.fixture(scope="module")
def services():
    return Services(LISTED, allow_private=False)


@pytest.fixture
def store(tmp_path, services):
    open_store(tmp_path / "store", write=True).close()
    with OxigraphStore(tmp_path / "store", write=False, services=services) as store:
        yield store


@pytest.mark.parametrize(
    "service",
    [
        "SERVICE <https://dbpedia.org/sparql>",
        "SERVICE SILENT <https://DBpedia.org:443/sparql?default-graph-uri=x>",
        "SERVICE d:sparql",
        "SERVICE <https://example.org:8443/>",
    ],
)
def test_an_endpoint_on_the_list_is_never_named_to_the_engine(services, service):
    query = f"PREFIX d: <https://dbpedia.org/> SELECT * {{ {service} {{ ?s ?p ?o }} FILTER(?s != 'SERVICE <http://x/>') }}"
    rewritten = services.rewritten(query)
    assert "SERVICE" in rewritten
    assert "<http://127.0.0.1:" in rewritten
    assert rewritten.count("dbpedia.org") == 1
    assert rewritten.endswith("{ ?s ?p ?o } FILTER(?s != 'SERVICE <http://x/>') }")


@pytest.mark.parametrize(
    "service",
    [
        "SERVICE <http://dbpedia.org/sparql> { ?s ?p ?o }",
        "SERVICE <https://dbpedia.org.evil.example/sparql> { ?s ?p ?o }",
        "SERVICE <https://dbpedia.org@evil.example/sparql> { ?s ?p ?o }",
        "SERVICE <https://user@dbpedia.org/sparql> { ?s ?p ?o }",
        "SERVICE <https://dbpedia.org:8443/sparql> { ?s ?p ?o }",
        "SERVICE <https://example.org/sparql> { ?s ?p ?o }",
        "SERVICE <file:///etc/passwd> { ?s ?p ?o }",
        "SERVICE ?endpoint { ?s ?p ?o }",
        "SERVICE SILENT <https://evil.example/> { ?s ?p ?o }",
        "SERVICE <https://dbpedia.org/sparql> { ?s ?p ?o SERVICE <https://dbpedia.org/sparql> { ?s ?q ?r } }",
        "SERVICE unknown:prefix { ?s ?p ?o }",
        "?s ?p trueSERVICE<https://dbpedia.org/sparql> { ?s ?p ?o }",
    ],
)
def test_every_other_endpoint_is_refused(services, service):
    with pytest.raises(FetchRefused):
        services.rewritten(f"SELECT * {{ {service} }}")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_private_address_is_refused_whatever_leads_there(store, host):
    with pytest.raises((ServiceFailed, FetchRefused)):
        store.query(f"SELECT * {{ SERVICE <https://{host}/> {{ ?s ?p ?o }} }}").read()


def test_a_silent_service_that_fails_gives_one_empty_row(store):
    answer = store.query("SELECT ?s { SERVICE SILENT <https://localhost/> { ?s ?p ?o } }", media_type="text/csv").read()
    assert answer == b"s\r\n\r\n"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a00:1", False),
        ("2002:0a00:0001::", False),
    ],
)
def test_public_addresses_are_told_from_others(address, public):
    assert _is_public(address) is public


def test_the_forwarder_answers_only_on_its_secret_path(services):
    assert services.forward("/guess/0", {}, b"")[0] == 404
    assert services.forward(f"/{services._secret}/x", {}, b"")[0] == 404
