"""Who is at a page that writes: a cookie signed with the write token, and a seal on each form that was given to it.

Nothing is kept here. Keys come from the token alone, so that another token ends every session, and a session ends by itself
after `LASTS`. A form is taken back only with the seal that this session got on these very values, from a page of this server
(Origin), with a cookie that no other site's request carries (SameSite=Strict).
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from kgraph.server.asgi import Scope, header

LASTS = 12 * 3600
"""Seconds."""
COOKIE = "kgraph-session"
_SIGNED = re.compile(r"([A-Za-z0-9_=-]{1,2000})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who gave the token, by the name that they gave with it; `id` tells the session from all others."""

    name: str
    id: str


class Sessions:
    """The sessions of one write token, for the pages under one path."""

    def __init__(self, token: str, *, path: str) -> None:
        self._token = token.encode("utf-8", "surrogateescape")
        self._key = hmac.digest(self._token, b"kgraph session", "sha256")
        self._path = path

    def is_token(self, given: str) -> bool:
        """Whether this is the write token, in a time that tells nothing of it."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._token)

    def begin(self, name: str, *, secure: bool) -> tuple[bytes, bytes]:
        """The header that gives a client a session; `secure` where it came over TLS."""
        content = json.dumps([name, int(time.time()) + LASTS, secrets.token_hex(8)])
        value = urlsafe_b64encode(content.encode()).decode()
        cookie = f"{COOKIE}={value}.{self._sign('cookie', value)}; Path={self._path}; HttpOnly; SameSite=Strict"
        return b"set-cookie", f"{cookie}{'; Secure' if secure else ''}".encode()

    def of(self, scope: Scope) -> Session | None:
        """The session of a request, None where it has none, or one that is over or was not signed here."""
        for pair in re.split("[;,]", header(scope, b"cookie")):
            name, _, value = pair.strip().partition("=")
            signed = _SIGNED.fullmatch(value) if name == COOKIE else None
            if signed is not None and hmac.compare_digest(signed[2], self._sign("cookie", signed[1])):
                who, ends, id = json.loads(urlsafe_b64decode(signed[1]))
                if time.time() < ends:
                    return Session(who, id)
        return None

    def seal(self, session: Session, *values: str) -> str:
        """What a form with these values has to bring back."""
        return self._sign("form", session.id, *values)

    def is_sealed(self, session: Session, given: str, *values: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self.seal(session, *values).encode())

    def _sign(self, *values: str) -> str:
        return hmac.digest(self._key, json.dumps(values).encode(), "sha256").hex()


def is_from_here(scope: Scope) -> bool:
    """Whether a page of this very host sent the request, by what the browser says of it (RFC 6454, section 7)."""
    host, origin = header(scope, b"host").lower(), header(scope, b"origin").lower()
    return bool(host) and origin in (f"http://{host}", f"https://{host}")
