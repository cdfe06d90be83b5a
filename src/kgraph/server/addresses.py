"""Where what the graph names is found on this server.

Names are built under the base of the build, which need not be where the server runs: so the *path* under the base is what is
served, and pages link by path. Which bases there are is told by the graph: `{base}doc/{slug}` is what every document is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from kgraph import media

KINDS = (
    "platform", "person", "organization", "place", "work", "event", "technology",
    "doc", "account", "relation", "run", "software", "model", "catalog",
)  # fmt: skip
"""The first step of every path that the graph's own names have."""

ROUTES = (*(f"/{kind}/{{rest:path}}" for kind in KINDS), "/runs", "/runs.{suffix}")
"""What the server answers by what the graph says; `runs` is the graph that all runs are described in."""

DESCRIPTIONS = media.RDF
DUMPS = (media.TURTLE, media.TRIG, media.NTRIPLES, media.NQUADS)
CODINGS = {"gz": "application/gzip", "zst": "application/zstd"}

_FORMS: dict[str, media.Format | None] = {**{form.suffix: form for form in DESCRIPTIONS}, "html": None}


@dataclass(frozen=True, slots=True)
class Place:
    """A path taken apart: what it names, and the representation that its suffix asks for.

    `suffix` is empty where the Accept header decides; `form` is None for a page. A slug has no dot, so nothing is ambiguous.
    """

    reference: str
    suffix: str = ""
    form: media.Format | None = None
    coding: str = ""


def place(path: str) -> Place:
    """`/doc/a.ttl.gz` → the reference `doc/a` as Turtle, compressed."""
    reference = path.removeprefix("/")
    stem, dot, last = reference.rpartition(".")
    coding = ""
    if dot and last in CODINGS:
        coding, reference = last, stem
        stem, dot, last = reference.rpartition(".")
        if not dot or last not in {form.suffix for form in DUMPS}:
            return Place(f"{reference}.{coding}")
    if dot and last in _FORMS:
        return Place(stem, last, _FORMS[last], coding)
    return Place(reference)


def path_of(reference: str) -> str:
    """A reference as the path of a URL."""
    return "/" + quote(reference, safe="/~!$&'()*+,;=:@")


def href(iri: str, bases: Sequence[str]) -> str | None:
    """Where a link to this leads: by path where we serve it, to the web where it is there, else nowhere."""
    for base in bases:
        if iri.startswith(base):
            reference, hash_, fragment = iri.removeprefix(base).partition("#")
            if reference.partition("/")[0] in KINDS:
                return path_of(reference) + hash_ + quote(fragment, safe="/~!$&'()*+,;=:@?")
    return iri if iri.startswith(("http://", "https://")) else None
