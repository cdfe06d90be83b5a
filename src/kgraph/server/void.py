"""`/.well-known/void`: what the dataset holds and where to get it, in VoID and DCAT, as a page and in every form of RDF.

Counts come from the graph. The dataset is named under the base of the graph's names; the addresses of the endpoint and of the
dumps are where this client reaches the server.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from rdflib import DCAT, DCTERMS, FOAF, RDF, VOID, XSD, Graph, Literal, Namespace, URIRef

from kgraph import media
from kgraph.errors import KgraphError
from kgraph.server import addresses, description, dumps
from kgraph.server.asgi import Headers, Receive, Scope, Send, header
from kgraph.server.dumps import DumpFile, Dumps
from kgraph.server.entities import Entities
from kgraph.server.questions import Reading, Row
from kgraph.server.rendering import curie, render
from kgraph.server.representations import Made, content_type, explain, is_read, links_of, negotiated
from kgraph.server.responses import Problem
from kgraph.store import quads

PATH = "/.well-known/void"
ROUTES = (PATH, *(f"{PATH}.{suffix}" for suffix in ("html", *(form.suffix for form in media.RDF))))
TITLE = "kgraph: who says what about whom and what"
SUMMARY = (
    "Claims that people make in essays and comment threads about platforms and people: each with its claimant, the exact words "
    "it stands on, and who disputes it. A claim is reported here, not endorsed."
)
_SPDX = Namespace("http://spdx.org/rdf/terms#")
_PREFIXES = {"void": str(VOID), "dcat": str(DCAT), "spdx": str(_SPDX)}
_PATIENCE = 3.0
_IANA = "https://www.iana.org/assignments/media-types/"
_LINKING = ("schema:sameAs", "skos:exactMatch", "skos:closeMatch")
_TOTALS = "SELECT (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects) WHERE { ?s ?p ?o }"
_DOCUMENTS = "SELECT (COUNT(DISTINCT ?thread) AS ?documents) (SAMPLE(?thread) AS ?example) WHERE { ?thread a sioc:Thread }"
_CLASSES = "SELECT ?class (COUNT(*) AS ?times) WHERE { ?thing a ?class } GROUP BY ?class ORDER BY DESC(?times) ?class"
_PROPERTIES = (
    "SELECT ?property (COUNT(*) AS ?times) WHERE { ?s ?property ?o } GROUP BY ?property ORDER BY DESC(?times) ?property"
)
_LINKSETS = f"""SELECT ?property ?space (COUNT(*) AS ?times) WHERE {{
  VALUES ?property {{ {" ".join(_LINKING)} }}
  ?thing ?property ?target . BIND(REPLACE(STR(?target), "^(https?://[^/]+/).*$", "$1") AS ?space)
}} GROUP BY ?property ?space ORDER BY DESC(?times) ?space"""


@dataclass(frozen=True, slots=True)
class Linkset:
    """Links by one property into one space of names."""

    property: str
    space: str
    triples: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """One dump, and where it is; the file is None while it is being made."""

    url: str
    path: str
    form: media.Format
    coding: str
    file: DumpFile | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetView:
    """What is told of the dataset; `totals` are counts by their VoID property."""

    iri: str
    made: datetime
    base: str
    root: str
    example: str | None
    totals: dict[str, int]
    classes: list[tuple[str, int]]
    properties: list[tuple[str, int]]
    vocabularies: list[str]
    linksets: list[Linkset]
    distributions: list[Distribution]


_Add = Callable[..., None]
_Part = Callable[..., URIRef]


class Void:
    """The description as an ASGI application. It has all dumps made, since it says how large they are, and waits a little."""

    def __init__(self, made: Made, files: Dumps, entities: Entities) -> None:
        self._made = made
        self._files = files
        self._entities = entities

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if not await is_read(scope, send):
            return
        wanted = addresses.place(scope["path"])
        root = description.address_of(scope).removesuffix("sparql")
        try:
            form = wanted.form if wanted.suffix else negotiated(header(scope, b"accept"))
            headers = [*content_type(form), *links_of(PATH, wanted.suffix, form)]

            files = await self._files.all(_PATIENCE)

            async def make(reading: Reading) -> tuple[Headers, bytes]:
                view = await self._view(reading, root, files)
                if form is None:
                    return [], await asyncio.to_thread(render, "void.html", dataset=view, title=TITLE, summary=SUMMARY)
                return [], await asyncio.to_thread(_written, view, form)

            named = f"{PATH} {form.suffix if form else 'html'} {wanted.suffix} {root} {sorted(files)}"
            await self._made.send(scope, send, named, headers, make)
        except (KgraphError, Problem) as error:
            await explain(scope, send, error)

    async def _view(self, reading: Reading, root: str, files: Mapping[str, DumpFile]) -> DatasetView:
        base = (await self._entities.bases(reading))[0]
        texts = (_TOTALS, _DOCUMENTS, _CLASSES, _PROPERTIES, _LINKSETS)
        totals, documents, classes, properties, linksets = await asyncio.gather(*(reading.rows(text) for text in texts))
        (snapshot, *_) = reading.snapshots
        there = {name: file for name, file in files.items() if file.snapshot == snapshot}
        distributions = [
            Distribution(root + path[1:], path, form, coding, there.get(path[1:])) for path, form, coding in dumps.ALL
        ]
        by_class, by_property = _counted(classes, "class"), _counted(properties, "property")
        count = totals[0]
        return DatasetView(
            iri=f"{base}{PATH[1:]}#dataset",
            made=dumps.time_of(snapshot),
            base=base,
            root=root,
            example=documents[0].get("example"),
            totals={
                "triples": int(count["triples"]),
                "distinctSubjects": int(count["subjects"]),
                "distinctObjects": int(count["objects"]),
                "documents": int(documents[0]["documents"]),
                "classes": len(by_class),
                "properties": len(by_property),
            },
            classes=by_class,
            properties=by_property,
            vocabularies=sorted({_namespace(iri) for iri, _ in (*by_class, *by_property)}),
            linksets=[
                Linkset(row["property"], row["space"], int(row["times"]))
                for row in linksets
                if "space" in row and "property" in row
            ],
            distributions=distributions,
        )


def _counted(rows: Iterable[Row], name: str) -> list[tuple[str, int]]:
    return [(row[name], int(row["times"])) for row in rows if name in row]


def _namespace(iri: str) -> str:
    return re.sub(r"[^/#]*$", "", iri)


def _written(view: DatasetView, form: media.Format) -> bytes:
    content = graph(view).serialize(format="nt", encoding="utf-8")
    ordered = b"".join(sorted(content.splitlines(keepends=True)))
    return quads.convert(ordered, source=media.NTRIPLES, target=form, prefixes=_PREFIXES)


def graph(view: DatasetView) -> Graph:
    """The description in RDF; every node has an IRI, under the dataset's document."""
    found = Graph()
    page, dataset = URIRef(view.iri.partition("#")[0]), URIRef(view.iri)
    modified = Literal(view.made.isoformat().replace("+00:00", "Z"), datatype=XSD.dateTime)

    def part(*words: str) -> URIRef:
        return URIRef(f"{page}#{'-'.join(quote(word, safe='') for word in words)}")

    def add(subject: URIRef, *pairs: tuple[URIRef, URIRef | Literal]) -> None:
        for predicate, object_ in pairs:
            found.add((subject, predicate, object_))

    service = part("sparql")
    add(page, (RDF.type, VOID.DatasetDescription), (FOAF.primaryTopic, dataset), (DCTERMS.title, Literal(f"About {TITLE}")))
    add(
        part("catalog"),
        *((RDF.type, DCAT.Catalog), (DCTERMS.title, Literal(TITLE)), (DCAT.dataset, dataset), (DCAT.service, service)),
        (FOAF.homepage, URIRef(view.root)),
    )
    add(
        service,
        *((RDF.type, DCAT.DataService), (DCTERMS.title, Literal("SPARQL 1.1 endpoint")), (DCAT.servesDataset, dataset)),
        *((DCAT.endpointURL, URIRef(f"{view.root}sparql")), (DCAT.endpointDescription, URIRef(f"{view.root}sparql"))),
        (DCTERMS.conformsTo, URIRef("http://www.w3.org/TR/sparql11-protocol/")),
    )
    add(
        dataset,
        *((RDF.type, VOID.Dataset), (RDF.type, DCAT.Dataset), (DCTERMS.title, Literal(TITLE))),
        *((DCTERMS.description, Literal(SUMMARY)), (DCTERMS.modified, modified), (DCTERMS.identifier, Literal(view.iri))),
        *((VOID.sparqlEndpoint, URIRef(f"{view.root}sparql")), (VOID.uriSpace, Literal(view.base))),
        *((DCAT.landingPage, URIRef(view.root)), (FOAF.homepage, URIRef(view.root))),
        *((VOID[name], Literal(count)) for name, count in view.totals.items()),
        *((VOID.vocabulary, URIRef(vocabulary)) for vocabulary in view.vocabularies),
        *((VOID.exampleResource, URIRef(example)) for example in (view.example,) if example),
    )
    _add_partitions(add, part, dataset, view)
    for linkset in view.linksets:
        node, target = part("links", curie(linkset.property), linkset.space), part("at", linkset.space)
        add(dataset, (VOID.subset, node))
        add(
            node,
            *(
                (RDF.type, VOID.Linkset),
                (VOID.linkPredicate, URIRef(linkset.property)),
                (VOID.triples, Literal(linkset.triples)),
            ),
            *((VOID.subjectsTarget, dataset), (VOID.objectsTarget, target)),
        )
        add(target, (RDF.type, VOID.Dataset), (VOID.uriSpace, Literal(linkset.space)))
    for one in view.distributions:
        node, url = part(one.path[1:]), URIRef(one.url)
        add(dataset, (VOID.dataDump, url), (DCAT.distribution, node))
        add(
            node,
            *((RDF.type, DCAT.Distribution), (DCTERMS.title, Literal(one.path[1:])), (DCAT.downloadURL, url)),
            *((DCAT.mediaType, URIRef(_IANA + one.form.media_type)), (DCTERMS.modified, modified)),
            (DCAT.accessURL, url),
        )
        if one.coding:
            add(node, (DCAT.compressFormat, URIRef(_IANA + addresses.CODINGS[one.coding])))
        if one.file is not None:
            checksum = part(one.path[1:], "sha256")
            add(node, (DCAT.byteSize, Literal(one.file.size, datatype=XSD.nonNegativeInteger)), (_SPDX.checksum, checksum))
            add(
                checksum,
                *((RDF.type, _SPDX.Checksum), (_SPDX.algorithm, _SPDX.checksumAlgorithm_sha256)),
                (_SPDX.checksumValue, Literal(one.file.sha256, datatype=XSD.hexBinary)),
            )
    return found


def _add_partitions(add: _Add, part: _Part, dataset: URIRef, view: DatasetView) -> None:
    for iri, count in view.classes:
        node = part("class", curie(iri))
        add(dataset, (VOID.classPartition, node))
        add(node, (RDF.type, VOID.Dataset), (VOID["class"], URIRef(iri)), (VOID.entities, Literal(count)))
    for iri, count in view.properties:
        node = part("property", curie(iri))
        add(dataset, (VOID.propertyPartition, node))
        add(node, (RDF.type, VOID.Dataset), (VOID.property, URIRef(iri)), (VOID.triples, Literal(count)))
