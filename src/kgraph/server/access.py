"""What clients may do beyond reading what is here: write, with a token, and have queries ask elsewhere."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Self

from kgraph import iris
from kgraph.server import frames
from kgraph.server.asgi import Scope, header
from kgraph.server.responses import Problem
from kgraph.settings import Settings

_CHALLENGE = b'Bearer realm="kgraph"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`base` is what a path of this server names graphs under; `union` what the default graph is, None as the store has it.

    `links` is the file that people's judgements on links go into, `authorities` the folder of what can be linked to.
    """

    base: str = iris.DEFAULT_BASE
    write_token: str | None = field(default=None, repr=False)
    union: bool | None = None
    service_hosts: frozenset[str] = frozenset()
    service_allow_private: bool = False
    links: Path = Path("links.sssom.tsv")
    authorities: Path = Path("~/.local/share/kgraph/authorities")

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            base=settings.base,
            write_token=settings.write_token.get_secret_value() if settings.write_token else None,
            union=settings.union_default_graph,
            service_hosts=frozenset((settings.service_hosts or "").lower().split()),
            service_allow_private=settings.service_allow_private,
            links=settings.links,
            authorities=settings.authorities,
        )

    @property
    def services(self) -> tuple[str, ...]:
        """What a worker that may ask elsewhere is started with; nothing where none may."""
        hosts = tuple(sorted(self.service_hosts))
        return (*hosts, frames.PRIVATE) if hosts and self.service_allow_private else hosts

    def authorize(self, scope: Scope) -> None:
        """Raises Problem unless this client may write (RFC 6750, sections 2.1 and 3)."""
        if not self.write_token:
            raise Problem(HTTPStatus.FORBIDDEN, "this server takes no writes: it was started without KGRAPH_WRITE_TOKEN")
        scheme, _, token = header(scope, b"authorization").strip().partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Problem(HTTPStatus.UNAUTHORIZED, "writing takes a bearer token", ((b"www-authenticate", _CHALLENGE),))
        if not hmac.compare_digest(token.strip().encode("latin-1"), self.write_token.encode()):
            wrong = _CHALLENGE + b', error="invalid_token"'
            raise Problem(HTTPStatus.UNAUTHORIZED, "this is not the token", ((b"www-authenticate", wrong),))
