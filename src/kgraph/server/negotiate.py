"""Which representation a client gets: proactive negotiation by the Accept header (RFC 9110, 12.5.1).

The highest q wins; among equals the type that was named most closely, then the server's own order. What cannot be parsed
asks for nothing, and a header that asks for nothing accepts everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from kgraph import media

HTML = "text/html"
PLAIN = "text/plain"
PROBLEM = "application/problem+json"
JSON = "application/json"

_RANGE = re.compile(r"\s*([\w!#$&^.+*-]+)/([\w!#$&^.+*-]+)\s*((?:;[^,]*)?)", re.ASCII)
_Q = re.compile(r";\s*q\s*=\s*([01](?:\.\d*)?|\.\d+)\s*(?:;|$)", re.IGNORECASE | re.ASCII)

Offer = tuple[str, tuple[str, ...]]
"""A media type, and others that ask for it."""


@lru_cache(maxsize=1024)
def answer_types(accept: str) -> tuple[str | None, str | None]:
    """What to write results in and what to write RDF in; `HTML` where a page is wanted, None where nothing fits."""
    return _best(accept, _offers(media.RESULTS)), _best(accept, _offers(media.RDF))


@lru_cache(maxsize=1024)
def graph_type(accept: str) -> str | None:
    """What to write a graph in, or `HTML`; Turtle where all is one."""
    return _best(accept, _offers(media.RDF))


@lru_cache(maxsize=1024)
def listing_type(accept: str) -> str | None:
    """What to write a list in that is no RDF: JSON, or `HTML`."""
    return _best(accept, ((JSON, ()), (HTML, ("application/xhtml+xml",))))


@lru_cache(maxsize=1024)
def triples_type(accept: str) -> str | None:
    """What to write the triples of one graph in."""
    return _best(accept, tuple((form.media_type, form.aliases) for form in media.RDF if not form.datasets))


@lru_cache(maxsize=1024)
def error_type(accept: str) -> str:
    """What to explain an error in: a problem (RFC 9457) unless a page or plain text is asked for."""
    return _best(accept, ((PROBLEM, ("application/json",)), (PLAIN, ()), (HTML, ()))) or PROBLEM


def _offers(forms: Iterable[media.Format]) -> tuple[Offer, ...]:
    return (*((form.media_type, form.aliases) for form in forms), (HTML, ("application/xhtml+xml",)))


def _best(accept: str, offers: tuple[Offer, ...]) -> str | None:
    ranges = _ranges(accept)
    best, best_rank = None, (0.0, 0)
    for media_type, aliases in offers:
        rank = max(_rank(ranges, media_type), *(_rank(ranges, alias, exactly=True) for alias in aliases), (0.0, 0))
        if rank > best_rank:
            best, best_rank = media_type, rank
    return best


def _rank(ranges: dict[str, float], media_type: str, *, exactly: bool = False) -> tuple[float, int]:
    """The q of the range that names this type most closely, and how closely it does: 3 by name, 2 by `type/*`, 1 by `*/*`."""
    names = (media_type,) if exactly else (media_type, media_type.partition("/")[0] + "/*", "*/*")
    for closeness, name in zip((3, 2, 1), names, strict=False):
        if name in ranges:
            return ranges[name], closeness if ranges[name] else 0
    return 0.0, 0


def _ranges(accept: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in accept.split(","):
        if match := _RANGE.fullmatch(part):
            kind, subtype, parameters = match.groups()
            q = _Q.search(parameters)
            name = f"{kind}/{subtype}".lower()
            found[name] = max(found.get(name, 0.0), min(float(q[1]), 1.0) if q else 1.0)
    return found or {"*/*": 1.0}
