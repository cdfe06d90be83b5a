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
# RFC 3987, section 2.2: what an IRI may hold as it is.
_UCSCHAR = "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef" + "".join(
    f"{chr(plane << 16 | (0x1000 if plane == 0xE else 0))}-{chr(plane << 16 | 0xFFFD)}" for plane in range(1, 0xF)
)
_UNUSABLE = re.compile(rf"%(?![0-9A-Fa-f]{{2}})|[^!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~{_UCSCHAR}]")
_URL = re.compile(
    r"https?://(?:[\w.~!$&'()*+,;=:-]*@)?[\w.~-]+(?::[0-9]{1,5})?"
    r"(?:/[^\s?#\[\]]*)?(?:\?[^\s#\[\]]*)?(?:#[^\s#\[\]]*)?"
)


@lru_cache(maxsize=4096)
def decimal(number: float) -> Literal:
    """An xsd:decimal of at most four places; more would be noise that changes from machine to machine."""
    plain = format(Decimal(repr(round(number, 4))).normalize() + 0, "f")
    return Literal(plain, datatype=XSD.decimal, normalize=False)


@lru_cache(maxsize=16384)
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
    mended = _UNUSABLE.sub(_percent_encoded, text.strip())
    return URIRef(mended) if _URL.fullmatch(mended) else None


def _percent_encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))
