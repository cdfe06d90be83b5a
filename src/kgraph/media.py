"""The forms that answers and graphs are written in: the word a command takes, the W3C media type, the file suffix.

*Results* are what SELECT and ASK give, *RDF* is what CONSTRUCT, DESCRIBE and dumps give. The order is the order of preference
where a reader accepts several alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kgraph.errors import Misuse


class Kind(StrEnum):
    RESULTS = "results"
    RDF = "rdf"


@dataclass(frozen=True, slots=True)
class Format:
    """One form. `aliases` are other media types that ask for it; `datasets` says whether it can name graphs."""

    name: str
    media_type: str
    suffix: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    datasets: bool = False

    @property
    def content_type(self) -> str:
        """The value of a Content-Type header: `text/*` would mean US-ASCII to old readers unless it says otherwise."""
        return f"{self.media_type}; charset=utf-8" if self.media_type.startswith("text/") else self.media_type


JSON = Format("json", "application/sparql-results+json", "srj", Kind.RESULTS, ("application/json",))
XML = Format("xml", "application/sparql-results+xml", "srx", Kind.RESULTS, ("application/xml", "text/xml"))
CSV = Format("csv", "text/csv", "csv", Kind.RESULTS)
TSV = Format("tsv", "text/tab-separated-values", "tsv", Kind.RESULTS)
TURTLE = Format("turtle", "text/turtle", "ttl", Kind.RDF, ("application/x-turtle",))
NTRIPLES = Format("ntriples", "application/n-triples", "nt", Kind.RDF, ("text/plain",))
RDFXML = Format("rdfxml", "application/rdf+xml", "rdf", Kind.RDF, ("application/xml", "text/xml"))
JSONLD = Format("jsonld", "application/ld+json", "jsonld", Kind.RDF, ("application/json",))
TRIG = Format("trig", "application/trig", "trig", Kind.RDF, datasets=True)
NQUADS = Format("nquads", "application/n-quads", "nq", Kind.RDF, datasets=True)

RESULTS = (JSON, XML, CSV, TSV)
RDF = (TURTLE, NTRIPLES, RDFXML, JSONLD, TRIG, NQUADS)
FORMATS = (*RESULTS, *RDF)

_BY_NAME = {word: form for form in FORMATS for word in (form.name, form.media_type)}


def named(name: str) -> Format:
    """The form of this name or media type (parameters aside); raises Misuse where there is none."""
    form = _BY_NAME.get(name.partition(";")[0].strip().lower())
    if form is None:
        raise Misuse(f"no form is called {name!r}", hint="there are " + ", ".join(form.name for form in FORMATS))
    return form
