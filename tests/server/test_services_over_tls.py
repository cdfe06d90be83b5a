"""`SERVICE` over HTTPS: an endpoint is held to its certificate, by its name, and followed nowhere."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from .conftest import fill, serving

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by the openssl command")

ANSWER = b'{"head": {"vars": ["s"]}, "results": {"bindings": [{"s": {"type": "literal", "value": "elsewhere"}}]}}'
FAMILY, _, _, _, (ADDRESS, *_) = socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)[0]
NAMED = "DNS:localhost"
NAMED_OTHERWISE = f"DNS:other.example,IP:{ADDRESS}"


@dataclass
class Endpoint:
    """An HTTPS server at `localhost`, which answers any query, and at `/moved` leads to where it would answer."""

    port: int
    certificate: bytes
    asked: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """Starts an endpoint with a certificate of its own, made out to these names."""
    servers = []

    def started(names: str) -> Endpoint:
        folder = tmp_path_factory.mktemp("endpoint")
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        made_out = ["-subj", "/CN=an endpoint", "-addext", f"subjectAltName={names}", "-days", "2"]
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]
        subprocess.run(["openssl", "req", "-x509", *new_key, *made_out, "-out", certificate], check=True, capture_output=True)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                made.asked.append(self.path)
                self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/moved":
                    self.send_response(307)
                    self.send_header("Location", f"https://{made.host}/query")
                else:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/sparql-results+json")
                self.end_headers()
                self.wfile.write(ANSWER)

            def log_message(self, format, *arguments): ...

        class Server(ThreadingHTTPServer):
            address_family = FAMILY
            daemon_threads = True

            def get_request(self):
                accepted, address = self.socket.accept()
                return context.wrap_socket(accepted, server_side=True), address  # an OSError where it is not trusted

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        servers.append(Server((ADDRESS, 0), Handler))
        made = Endpoint(servers[-1].server_address[1], certificate.read_bytes())
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,), daemon=True).start()
        return made

    yield started
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def trusted(endpoint):
    return endpoint(NAMED)


@pytest.fixture(scope="module")
def misnamed(endpoint):
    return endpoint(NAMED_OTHERWISE)


@pytest.fixture(scope="module")
def unknown(endpoint):
    return endpoint(NAMED)


@pytest.fixture(scope="module")
def client(tmp_path_factory, trusted, misnamed, unknown):
    """Of a server that trusts the certificates of the first two."""
    folder = tmp_path_factory.mktemp("federated")
    fill(folder / "store", things=3)
    (folder / "trusted.pem").write_bytes(trusted.certificate + misnamed.certificate)
    env = {
        "KGRAPH_SERVICE_HOSTS": f"{trusted.host} {misnamed.host} {unknown.host}",
        "KGRAPH_SERVICE_ALLOW_PRIVATE": "true",
        "SSL_CERT_FILE": str(folder / "trusted.pem"),
    }
    with serving(folder / "store", env=env) as served, httpx.Client(base_url=served.url, timeout=30) as client:
        yield client


def ask(client, endpoint, path="/query"):
    query = f"SELECT ?s {{ SERVICE <https://{endpoint.host}{path}> {{ ?s ?p ?o }} }}"
    return client.get("/sparql", params={"query": query}, headers={"Accept": "text/csv, */*;q=0.1"})


def test_an_endpoint_with_a_trusted_certificate_is_asked(client, trusted):
    answer = ask(client, trusted)
    assert (answer.status_code, answer.text.split("\r\n")[:2]) == (200, ["s", "elsewhere"])
    assert trusted.asked[-1] == "/query"


def test_a_certificate_for_another_host_is_refused_though_it_names_the_address(client, misnamed):
    answer = ask(client, misnamed)
    assert (answer.status_code, "not valid for 'localhost'" in answer.text) == (502, True), answer.text
    assert misnamed.asked == []


def test_a_certificate_that_nobody_vouches_for_is_refused(client, unknown):
    answer = ask(client, unknown)
    assert (answer.status_code, "self-signed certificate" in answer.text) == (502, True), answer.text
    assert unknown.asked == []


def test_a_redirect_is_not_followed(client, trusted):
    before = len(trusted.asked)
    answer = ask(client, trusted, "/moved")
    assert (answer.status_code, "307" in answer.text) == (502, True), answer.text
    assert trusted.asked[before:] == ["/moved"]
