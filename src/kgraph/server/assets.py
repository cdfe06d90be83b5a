"""What stays the same as long as the server runs, from memory: the files under `/static/` and pages that ask nothing.

Each goes out compressed where the client takes gzip. Clients ask each time whether their copy is still the one (`no-cache`),
and mostly hear that it is.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from hashlib import blake2b
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable

from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.responses import Problem, send_empty, send_problem, send_whole

_TYPES = {".css": b"text/css; charset=utf-8", ".js": b"text/javascript; charset=utf-8", ".txt": b"text/plain; charset=utf-8"}
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)


class Asset:
    """One answer that does not change, with its own headers, as an ASGI application."""

    def __init__(self, content: bytes, headers: Headers) -> None:
        self._plain = content
        self._packed = gzip.compress(content, 9, mtime=0)
        self._digest = blake2b(content, digest_size=12).hexdigest()
        self._headers: Headers = [
            *headers,
            (b"cache-control", b"no-cache"),
            (b"vary", b"accept-encoding"),
            (b"x-content-type-options", b"nosniff"),
        ]

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            problem = Problem(HTTPStatus.METHOD_NOT_ALLOWED, "this can only be read", ((b"allow", b"GET, HEAD"),))
            await send_problem(send, problem, header(scope, b"accept"))
            return
        packed = bool(_GZIP.search(header(scope, b"accept-encoding")))
        etag = f'"{self._digest}-gzip"' if packed else f'"{self._digest}"'
        headers = [*self._headers, (b"etag", etag.encode()), *([(b"content-encoding", b"gzip")] if packed else [])]
        if etag in (tag.strip().removeprefix("W/") for tag in header(scope, b"if-none-match").split(",")):
            await send_empty(send, HTTPStatus.NOT_MODIFIED, headers)
        else:
            await send_whole(send, HTTPStatus.OK, headers, self._packed if packed else self._plain)


def all() -> dict[str, Asset]:
    """Every file of the package's `static` folder that a page may load, by its path."""
    return dict(_below(files("kgraph.server").joinpath("static"), "/static/"))


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, Asset]]:
    for file in folder.iterdir():
        if file.is_dir():
            yield from _below(file, f"{path}{file.name}/")
        elif content_type := _TYPES.get(file.name[file.name.rfind(".") :]):
            yield path + file.name, Asset(file.read_bytes(), [(b"content-type", content_type)])
