"""RDF terms in the one lexical form that the store keeps, so that a graph and a dump of it are the same bytes.

Oxigraph stores numbers and times by value and prints them canonically: `0.50` comes back as `0.5`, `+00:00` as `Z`. What is
written here is in that form already.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from rdflib import XSD, Literal, URIRef

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_UNUSABLE = re.compile(r"[\x00-\x20\x7f<>\"{}|\\^`]|%(?![0-9A-Fa-f]{2})")
# RFC 3987 with an RFC 3986 authority: what passes is taken by every parser that the bytes may meet.
_URL = re.compile(
    r"https?://(?:[\w.~!$&'()*+,;=:-]*@)?(?:[\w.~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
    r"(?:/[^\s?#\[\]]*)?(?:\?[^\s#\[\]]*)?(?:#[^\s#\[\]]*)?"
)
_PRIVATE_OR_UNASSIGNED = re.compile(
    "[\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff\U000e0000-\U0010ffff\u200e\u200f\u202a-\u202e]"
)


@lru_cache(maxsize=4096)
def decimal(number: float) -> Literal:
    """An xsd:decimal of at most four places; more would be noise that changes from machine to machine."""
    plain = format(Decimal(repr(round(number, 4))).normalize() + 0, "f")
    return Literal(plain, datatype=XSD.decimal, normalize=False)


@lru_cache(maxsize=65536)
def integer(number: int) -> Literal:
    return Literal(str(number), datatype=XSD.integer, normalize=False)


def moment(lexical: str) -> Literal | None:
    """An xsd:date or xsd:dateTime, None where the text is neither."""
    if _DATE.fullmatch(lexical):
        date = Literal(lexical, datatype=XSD.date, normalize=False)
        return None if date.ill_typed else date
    found = _DATE_TIME.fullmatch(lexical)
    if not found:
        return None
    seconds, fraction, zone = found.groups()
    fraction = (fraction or "")[:7].rstrip("0").rstrip(".")
    zone = "Z" if zone in {"+00:00", "-00:00"} else zone or ""
    time = Literal(f"{seconds}{fraction}{zone}", datatype=XSD.dateTime, normalize=False)
    return None if time.ill_typed else time


@lru_cache(maxsize=4096)
def url(text: str) -> URIRef | None:
    """The web address as an IRI, what IRIs may not hold percent-encoded; None where that does not make an address of it."""
    mended = _UNUSABLE.sub(lambda found: f"%{ord(found[0]):02X}", text.strip())
    if not _URL.fullmatch(mended) or _PRIVATE_OR_UNASSIGNED.search(mended):
        return None
    return URIRef(mended)
