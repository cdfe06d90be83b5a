"""What open-data graphs say of the things that are linked: label, description, image, when founded, home page; nothing else.

The facts keep the things' own IRIs as their subjects, so that they never mix with what the documents say. Wikidata's and
DBpedia's terms for the five are brought to those of rdfs and schema.org.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import ijson  # type: ignore[import-untyped]
from rdflib import Literal, URIRef
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from kgraph.errors import KgraphError, Misuse
from kgraph.link.sets import claimed, unpacked
from kgraph.link.shipped import WIKIDATA
from kgraph.vocab import RDFS, SCHEMA, XSD

Fact = tuple[URIRef, URIRef, URIRef | Literal]

BATCH = 100
_SECONDS = 60.0
_WDT, _DBO, _FOAF = "http://www.wikidata.org/prop/direct/", "http://dbpedia.org/ontology/", "http://xmlns.com/foaf/0.1/"
PROPERTIES = {
    str(RDFS.label): RDFS.label,
    "http://schema.org/description": SCHEMA.description,
    "https://schema.org/description": SCHEMA.description,
    str(RDFS.comment): SCHEMA.description,
    f"{_WDT}P18": SCHEMA.image,
    f"{_FOAF}depiction": SCHEMA.image,
    f"{_WDT}P571": SCHEMA.foundingDate,
    f"{_DBO}foundingDate": SCHEMA.foundingDate,
    f"{_WDT}P856": SCHEMA.url,
    f"{_FOAF}homepage": SCHEMA.url,
}
"""The terms that are asked for, and what each becomes."""

_DATE = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d\d)-(?P<day>\d\d))?(?:T.*)?")
_COMMONS = "http://commons.wikimedia.org/wiki/Special:FilePath/"


class _Passing(KgraphError):
    """A failure that may be over in a moment."""


def of_endpoint(url: str, things: Sequence[str]) -> Iterator[Fact]:
    """What a SPARQL endpoint says of these IRIs, asked in batches.

    Raises:
        KgraphError: it cannot be reached, refuses, or answers with something else.
    """
    with httpx.Client(timeout=_SECONDS, follow_redirects=True, headers={"User-Agent": "kgraph"}) as client:
        for start in range(0, len(things), BATCH):
            for row in _ask(client, url, _query(things[start : start + BATCH])):
                yield from _fact(row)


def _query(things: Iterable[str]) -> str:
    subjects = " ".join(f"<{thing}>" for thing in things)
    terms = " ".join(f"<{term}>" for term in PROPERTIES)
    return (
        f"SELECT DISTINCT ?thing ?term ?value WHERE {{ VALUES ?thing {{ {subjects} }} VALUES ?term {{ {terms} }} "
        "?thing ?term ?value "
        'FILTER(!isLiteral(?value) || LANG(?value) IN ("", "en")) }'
    )


@retry(
    retry=retry_if_exception_type(_Passing),
    stop=stop_after_attempt(4),
    wait=wait_exponential_jitter(multiplier=0.5, max=20),
    reraise=True,
)
def _ask(client: httpx.Client, url: str, query: str) -> list[dict[str, Any]]:
    try:
        answer = client.post(url, data={"query": query}, headers={"Accept": "application/sparql-results+json"})
    except httpx.HTTPError as error:
        raise _Passing(f"{url} cannot be asked: {str(error) or type(error).__name__}") from error
    if answer.status_code in {429, 500, 502, 503, 504}:
        raise _Passing(f"{url} answered {answer.status_code}")
    if answer.status_code != httpx.codes.OK:
        raise KgraphError(f"{url} answered {answer.status_code}: {answer.text[:200]}")
    try:
        return list(answer.json()["results"]["bindings"])
    except (ValueError, KeyError, TypeError) as error:
        raise KgraphError(f"{url} gave no SPARQL results in JSON") from error


def _fact(row: dict[str, Any]) -> Iterator[Fact]:
    term = PROPERTIES.get(str(row["term"]["value"]))
    if term is not None:
        found = _value(term, str(row["value"]["value"]))
        if found is not None:
            yield URIRef(str(row["thing"]["value"])), term, found


def of_dump(path: Path, things: Collection[str]) -> Iterator[Fact]:
    """What a slice of a Wikidata dump (`.json`, `.json.gz`, `.json.bz2`) says of these IRIs.

    Raises:
        Misuse: it is no such slice.
    """
    try:
        with unpacked(path) as content:
            for item in ijson.items(content, "item", use_float=True):
                thing = WIKIDATA.format(item.get("id"))
                if thing in things:
                    yield from _of_item(URIRef(thing), item)
    except (OSError, EOFError, ijson.JSONError) as error:
        raise Misuse(f"{path} cannot be read as a slice of a Wikidata dump: {error}") from error


def _of_item(thing: URIRef, item: dict[str, Any]) -> Iterator[Fact]:
    told = [(RDFS.label, item.get("labels", {}).get("en", {}).get("value"))]
    told.append((SCHEMA.description, item.get("descriptions", {}).get("en", {}).get("value")))
    told += [(SCHEMA.image, _COMMONS + quote(name)) for name in claimed(item, "P18")]
    told += [(SCHEMA.foundingDate, time) for time in claimed(item, "P571")]
    told += [(SCHEMA.url, home) for home in claimed(item, "P856")]
    for term, value in told:
        found = _value(term, value) if value else None
        if found is not None:
            yield thing, term, found


def _value(term: URIRef, value: str) -> URIRef | Literal | None:
    """The value as the term takes it: text in English, an address, or a date; None where it is none."""
    if term in {RDFS.label, SCHEMA.description}:
        return Literal(value, lang="en")
    if term == SCHEMA.foundingDate:
        date = _DATE.fullmatch(value.lstrip("+"))
        if date is None:
            return None
        # Wikidata writes a year alone with a month and a day of 00, or as its first of January.
        if date["day"] in {None, "00"} or (date["month"], date["day"]) == ("01", "01"):
            return Literal(date["year"], datatype=XSD.gYear)
        return Literal(f"{date['year']}-{date['month']}-{date['day']}", datatype=XSD.date)
    return URIRef(value) if re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+", value) else None
