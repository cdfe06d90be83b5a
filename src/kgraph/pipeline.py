"""One document, from its bytes to the quads that a store may load. Pure: nothing here touches a disk or a store.

    Source ─ read → Document ─ extract → Extraction ─ map → graph ─ evidence gate, shapes gate → N-Quads

What cannot be read is `Rejected`. What a gate refuses is `Quarantined`: single assertions, with the claims that nobody else
makes and the answers that point to them, where only their own words fail; else the document. What is refused is not loaded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from rdflib import Graph, URIRef
from rdflib.term import Node

from kgraph import __version__, curation, iris, llm, readers
from kgraph.catalog import Catalog
from kgraph.catalog import load as load_catalog
from kgraph.errors import Misuse, Quarantined
from kgraph.link import Linker, authorities, judgements, link, versions
from kgraph.model.extraction import Extraction
from kgraph.model.text import Document, Source
from kgraph.rdf import Run, to_graph, to_quads
from kgraph.settings import Settings
from kgraph.validate import Report, Severity, ShapesGate, check_evidence
from kgraph.vocab import KG, OA, RDF, SCHEMA

Read = Callable[[Source], Document]
Extract = Callable[[Document], Extraction]
Map = Callable[[Extraction], Graph]

_PARTS = {KG.claim, KG.evidence, OA.hasSelector}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A document whose graph may be loaded; `refused` are those of its assertions that are not in it.

    `people` and `platforms` are IRIs, so that those whom several documents name can be counted once.
    """

    source: str
    document: str
    graph: str
    quads: bytes
    runs: tuple[Run, ...]
    posts: int
    people: frozenset[str]
    platforms: frozenset[str]
    claims: int
    triples: int
    refused: Quarantined | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The way of a document, stage by stage; made once per process, since its stages hold models and parsed shapes."""

    base: str
    run: Run
    linking: Run
    read: Read
    extract: Extract
    map: Map
    check_shapes: Callable[[Graph], Report]

    @classmethod
    def standard(cls, settings: Settings) -> Self:
        """The stages that travel with kgraph, as they are set. Loads the parser's model: seconds, and some 200 MB."""
        # Imported here because spaCy takes a second and 90 MB, which a build's parent process has no use for.
        from kgraph.extract import Extractor, model_version  # noqa: PLC0415

        base = settings.base
        extractor = Extractor(rejected=curation.undone(settings.curation, base=base))
        second = _second_reader(settings)
        models = {"spacy": model_version()}
        if settings.llm_base_url and settings.llm_model:
            models["llm"] = settings.llm_model
        linker, linking = standard_linker(settings, catalog=extractor.catalog)
        run = Run(
            software={"kgraph": __version__},
            models=models,
            catalog=extractor.catalog.version,
            settings={"base": base},
        )
        return cls(
            base=base,
            run=run,
            linking=linking,
            read=partial(readers.read, max_bytes=settings.max_source_bytes),
            extract=lambda document: link(second(extractor(document)), linker),
            map=partial(to_graph, base=base, run=run.id),
            check_shapes=ShapesGate().check,
        )

    def __call__(self, source: Source) -> Passed:
        """The document's quads, past both gates.

        Raises:
            Rejected: the source cannot become a document.
            Quarantined: its graph did not pass a gate.
        """
        document = self.read(source)
        extraction = self.extract(document)
        graph = self.map(extraction)

        refused = None
        evidence = check_evidence(graph, document.text)
        if not evidence.conforms:
            misquoting = _misquoting(evidence, graph)
            refused = self._refused(source, document, graph, "evidence", evidence, misquoting)
            if not misquoting:
                raise refused
            graph = self.map(_without(misquoting, extraction, self.base))
            evidence = check_evidence(graph, document.text)
            if not evidence.conforms:
                raise self._refused(source, document, graph, "evidence", evidence)

        shapes = self.check_shapes(graph)
        if not shapes.conforms:
            raise self._refused(source, document, graph, "shapes", shapes)

        return Passed(
            source=source.name,
            document=document.id,
            graph=self._name(document),
            quads=to_quads(graph, name=self._name(document)),
            runs=(self.run, self.linking),
            posts=len(document.posts),
            people=_instances(graph, SCHEMA.Person),
            platforms=_instances(graph, KG.Platform),
            claims=len(_instances(graph, KG.Claim)),
            triples=len(graph),
            refused=refused,
        )

    def _name(self, document: Document) -> str:
        return iris.resolve(self.base, document.id)

    def _refused(
        self, source: Source, document: Document, graph: Graph, gate: str, report: Report, assertions: Set[Node] = frozenset()
    ) -> Quarantined:
        name = self._name(document)
        what = f"{len(assertions)} of its assertions" if assertions else "it"
        shown = _about(assertions, graph) if assertions else graph
        return Quarantined(
            source.name,
            what,
            document=document.id,
            gate=gate,
            report=f"{source.name}: the {gate} gate refused {what}\n\n{report.as_text()}",
            report_turtle=report.as_turtle(),
            quads=to_quads(shown, name=name),
        )


def standard_linker(settings: Settings, *, catalog: Catalog | None = None) -> tuple[Linker, Run]:
    """The linker as it is set, and the run that its links are of: the same whether a document is built or linked anew.

    Raises:
        Misuse: the file of judgements cannot be meant.
    """
    searched = authorities(settings.authorities)
    judged = judgements.judgements(judgements.read(settings.links, base=settings.base), name=str(settings.links))
    run = Run(software={"kgraph": __version__}, catalog=versions(searched, judged), settings={"base": settings.base})
    return Linker(searched, catalog or load_catalog(), judgements=judged, run=run.id), run


def _second_reader(settings: Settings) -> Callable[[Extraction], Extraction]:
    """The language model's review where an endpoint is set, else nothing."""
    if not settings.llm_base_url:
        return lambda extraction: extraction
    if not settings.llm_model:
        raise Misuse("KGRAPH_LLM_BASE_URL is set and KGRAPH_LLM_MODEL is not", hint="name the model that the endpoint serves")
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key is not None else None
    client = llm.Client(settings.llm_base_url, settings.llm_model, api_key=key, cache=settings.llm_cache.expanduser())
    return partial(llm.review, client=client, trouble=logging.getLogger(__name__).warning)


def _misquoting(evidence: Report, graph: Graph) -> frozenset[Node]:
    """The assertions that all violations are of; none where one is of something else, which condemns the document."""
    assertions = set[Node]()
    for finding in evidence.findings:
        if finding.severity is not Severity.VIOLATION:
            continue
        standing = {finding.focus} if _is_assertion(finding.focus, graph) else set(graph.subjects(None, finding.focus))
        if not standing or not all(_is_assertion(node, graph) for node in standing):
            return frozenset()
        assertions |= standing
    return frozenset(assertions)


def _is_assertion(node: Node, graph: Graph) -> bool:
    return (node, RDF.type, KG.Assertion) in graph


def _without(assertions: Set[Node], extraction: Extraction, base: str) -> Extraction:
    """The extraction without these assertions, without claims that nobody else makes, without answers to them."""
    gone = {assertion.id for assertion in extraction.assertions if URIRef(iris.resolve(base, assertion.id)) in assertions}
    kept = [assertion for assertion in extraction.assertions if assertion.id not in gone]
    claims = {assertion.claim for assertion in kept}
    return replace(
        extraction,
        claims=tuple(claim for claim in extraction.claims if claim.id in claims),
        assertions=tuple(
            replace(assertion, stances=tuple(stance for stance in assertion.stances if stance.responds_to not in gone))
            for assertion in kept
        ),
    )


def _about(assertions: Set[Node], graph: Graph) -> Graph:
    """The triples of these assertions, of their claims and of the passages they stand on."""
    shown = Graph(bind_namespaces="none")
    waiting = list(assertions)
    seen = set[Node]()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        for triple in graph.triples((node, None, None)):
            shown.add(triple)
            if triple[1] in _PARTS:
                waiting.append(triple[2])
    return shown


def _instances(graph: Graph, class_: Node) -> frozenset[str]:
    return frozenset(str(node) for node in graph.subjects(RDF.type, class_))
