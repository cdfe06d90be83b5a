"""`SERVICE`, let out to the endpoints on a list and to nowhere else.

Oxigraph fetches by itself, from whatever address a name leads to at that moment, so a check beforehand would not hold: a
name can lead elsewhere a moment later (DNS rebinding). Hence it is never told the address. Each `SERVICE` in the query is
made to name a forwarder on a loopback port of this process, behind a secret path. That one looks the host up, refuses private
addresses, connects to the very address it has checked, holds the endpoint to its certificate, follows no redirect, and bounds
time and size.
"""

from __future__ import annotations

import http.client
import ipaddress
import secrets
import socket
import ssl
import threading
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, urlsplit

import pyoxigraph as ox

from kgraph import __version__
from kgraph.errors import FetchRefused
from kgraph.store import syntax
from kgraph.store.syntax import Token

_TIMEOUT = 10.0
_MOST = 64 << 20
_PORTS = {"https": 443, "http": 80}


class Services:
    """The endpoints that queries may ask: those of these hosts (`host`, or `host:port` where it is not HTTPS's own).

    `allow_private` lets it reach private addresses too, and over plain HTTP: for tests.
    """

    def __init__(self, hosts: Sequence[str], *, allow_private: bool) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._allow_private = allow_private
        self._secret = secrets.token_urlsafe(16)
        self._endpoints: list[SplitResult] = []
        self.failure: str | None = None
        """What went wrong with an endpoint in the last query that was rewritten."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def rewritten(self, text: str) -> str:
        """The query with each `SERVICE` through the forwarder; raises FetchRefused where one is not on the list."""
        self.failure = None
        self._endpoints = []
        if "service" not in text.casefold():
            return text
        found = syntax.tokens(text)
        edits: list[tuple[Token, str]] = []
        end = 0
        for place in syntax.services(found):
            if found[place].start < end:
                raise self._refused(text, found[place], "SERVICE inside SERVICE would have one endpoint ask another")
            endpoint, end = self._clause(text, found, place)
            port = self._server.server_address[1]
            edits.append((endpoint, f"<http://127.0.0.1:{port}/{self._secret}/{len(self._endpoints)}>"))
            self._endpoints.append(self._allowed(text, found, endpoint))
        for token, iri in reversed(edits):
            text = text[: token.start] + iri + text[token.end :]
        return text

    def _clause(self, text: str, found: Sequence[Token], place: int) -> tuple[Token, int]:
        """The terminal that names the endpoint, and where the clause ends."""
        at = place + 1
        if not found[place].says("SERVICE"):
            raise self._refused(text, found[place], "SERVICE stands by itself, with a space or a bracket before it")
        if at < len(found) and found[at].says("SILENT"):
            at += 1
        if at >= len(found) or found[at].kind not in ("iri", "name"):
            raise self._refused(text, found[place], "SERVICE takes the IRI of an endpoint here, not a variable")
        depth = 0
        for token in found[at + 1 :]:
            depth += token.says("{") - token.says("}")
            if depth == 0:
                return found[at], token.end
        return found[at], len(text)

    def _allowed(self, text: str, found: Sequence[Token], endpoint: Token) -> SplitResult:
        first = next((token for token in found if token.says("SELECT", "CONSTRUCT", "DESCRIBE", "ASK")), endpoint)
        try:
            named = ox.Store().query(f"{text[: first.start]} SELECT ?it {{ VALUES ?it {{ {endpoint.text} }} }}")
            assert isinstance(named, ox.QuerySolutions)
            url = urlsplit(str(next(named)["it"].value))
            host, port = (url.hostname or "").lower(), url.port or _PORTS.get(url.scheme, 0)
        except (SyntaxError, ValueError) as error:
            raise self._refused(text, endpoint, "this names no endpoint") from error
        if url.scheme != "https" and not (self._allow_private and url.scheme == "http"):
            raise self._refused(text, endpoint, "SERVICE asks over HTTPS only")
        known = f"{host}:{port}" in self._hosts or (host in self._hosts and port == _PORTS[url.scheme])
        if not known or url.username is not None:
            raise self._refused(
                text, endpoint, f"{url.netloc} is not among the hosts that SERVICE may ask (KGRAPH_SERVICE_HOSTS)"
            )
        return url

    def _refused(self, text: str, token: Token, message: str) -> FetchRefused:
        at = syntax.refused(text, token, message)
        return FetchRefused(at.message, line=at.line, column=at.column)

    def forward(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        """What the endpoint answers: status, media type, body. A status of 502 where it may not be asked or does not answer."""
        secret, _, number = path.strip("/").partition("/")
        if not secrets.compare_digest(secret.encode(), self._secret.encode()) or not number.isdigit():
            return HTTPStatus.NOT_FOUND, "text/plain", b""
        url = self._endpoints[int(number)]
        try:
            return self._asked(url, headers, body)
        except (OSError, http.client.HTTPException) as error:
            self.failure = f"{url.netloc} did not answer: {error}"
            return HTTPStatus.BAD_GATEWAY, "text/plain", self.failure.encode()

    def _asked(self, url: SplitResult, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        assert url.hostname is not None
        port = url.port or _PORTS[url.scheme]
        address = self._address(url.hostname, port)
        connection = _Pinned(url.hostname, port, address, encrypted=url.scheme == "https")
        try:
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
            connection.request(
                "POST", target, body, {**headers, "User-Agent": f"kgraph/{__version__}", "Accept-Encoding": "identity"}
            )
            answer = connection.getresponse()
            if answer.status != HTTPStatus.OK:  # a redirect among them: it may lead anywhere
                raise OSError(f"it says {answer.status} {answer.reason}")
            content = answer.read(_MOST + 1)
            if len(content) > _MOST:
                raise OSError(f"its answer has more than {_MOST} bytes")
            return answer.status, answer.headers.get("Content-Type", ""), content
        finally:
            connection.close()

    def _address(self, host: str, port: int) -> str:
        """An address of the host, all of whose addresses are public; raises OSError."""
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        for address in found:
            if not self._allow_private and not _is_public(address):
                raise OSError(f"it is at the private address {address}")
        return found[0]


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is None and parsed in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(parsed.packed[12:])
        if inner is not None:
            parsed = inner
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


class _Pinned(http.client.HTTPConnection):
    """Connects to this address and no other, whatever the host's name leads to."""

    def __init__(self, host: str, port: int, address: str, *, encrypted: bool) -> None:
        super().__init__(host, port, timeout=_TIMEOUT)
        self._address = address
        self._encrypted = encrypted
        self.default_port = _PORTS["https" if encrypted else "http"]

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._encrypted:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def _handler(services: Services) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name: self.headers.get(name, "") for name in ("Accept", "Content-Type")}
            status, media_type, content = services.forward(self.path, headers, body)
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *_arguments: Any) -> None: ...

    return Handler
