"""Names of things, built from what they name.

A *reference* is relative to the base IRI: `platform/craigslist`, `doc/digital-socialism#p7`. Everything before the RDF
mapping speaks in references, so that an extraction does not depend on where it will be served; `resolve` makes IRIs of them.
Slugs keep the letters of any script (IRIs may, RFC 3987) and are stable: the same name gives the same slug.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import urlsplit

DEFAULT_BASE = "http://localhost:8000/"

_SPELLED_OUT = {"+": " plus ", "#": " sharp ", "&": " and ", "@": " at "}
_LEADING_DOT = re.compile(r"(?<!\w)\.(?=\w)")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_APOSTROPHE = re.compile(r"(?<=\w)['’ʼ](?=\w)")


def slug(name: str) -> str:
    """`Powell's Books` → `powells-books`, `C++` → `c-plus-plus`, `.NET` → `dot-net`; never empty."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    folded = _APOSTROPHE.sub("", folded)
    folded = _LEADING_DOT.sub("dot ", folded)
    for sign, word in _SPELLED_OUT.items():
        folded = folded.replace(sign, word)
    plain = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    words = _BETWEEN_WORDS.sub("-", unicodedata.normalize("NFC", plain)).strip("-")
    return words[:120].rstrip("-") or digest(name)


def digest(*parts: str) -> str:
    """Sixteen hexadecimal digits that stand for these strings in this order (64 bits of SHA-256)."""
    hashed = hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()[:16]


def document(name: str) -> str:
    return f"doc/{slug(name)}"


def entity(kind: str, name: str, *scope: str) -> str:
    """The reference of an entity of this kind, under a scope where a bare name would not be enough."""
    return "/".join([kind, *(slug(part) for part in scope), slug(name)])


def account(site: str, name: str) -> str:
    return f"account/{slug(site)}/{slug(name)}"


def relation(lemma: str) -> str:
    return f"relation/{slug(lemma)}"


def resolve(base: str, reference: str) -> str:
    """The absolute IRI of a reference; a reference that already is absolute stays as it is."""
    return reference if is_absolute(reference) else base + reference


def is_absolute(reference: str) -> bool:
    return bool(urlsplit(reference).scheme)


def is_base(iri: str) -> bool:
    """Whether references can be appended to this IRI: absolute, with a host, ending in `/` or `#`."""
    parts = urlsplit(iri)
    addresses = parts.scheme in {"http", "https"} and bool(parts.netloc)
    return addresses and iri[-1] in "/#" and not re.search(r"[\s<>\"{}|\\^`]", iri)
