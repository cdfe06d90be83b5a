"""The vocabulary in code, the ontology, the shapes and the reference page name the same terms."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import pyshacl
import pytest
from rdflib import DCTERMS, OWL, RDF, RDFS, SH, SKOS, XSD, Graph, Literal, URIRef
from tests.rdf.example import BASE, extraction

from kgraph import resources
from kgraph.rdf import to_graph
from kgraph.validate.report import SHAPES
from kgraph.validate.shapes import ONTOLOGY_META, load_shapes
from kgraph.vocab import KG

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
ONTOLOGY_IRI = URIRef("https://w3id.org/kgraph")
TERMS = {KG[name] for name in (*KG.__annotations__, *KG._extras) if not name.startswith("_")}
SCHEMES = {KG.claimKinds, KG.attitudes, KG.polarities, KG.modalities, KG.fidelities, KG.linkStatuses}


@cache
def ontology() -> Graph:
    return Graph().parse(resources.folder("ontology") / "kgraph.ttl")


@cache
def alignments() -> Graph:
    return Graph().parse(resources.folder("ontology") / "alignments.ttl")


@cache
def meta() -> Graph:
    return Graph().parse(resources.folder("shapes") / ONTOLOGY_META)


@cache
def everything() -> Graph:
    return ontology() + alignments() + load_shapes(resources.folder("shapes")) + meta()


def used(graph: Graph) -> set[URIRef]:
    return {term for triple in graph for term in triple if isinstance(term, URIRef) and term in KG} | {
        term for triple in graph for term in triple if term == KG["as"]
    }


@cache
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_ontology", REFERENCE / "make_ontology.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def violations(graph: Graph) -> set[str]:
    _, report, _ = pyshacl.validate(graph, shacl_graph=meta())
    shapes = (report.value(result, SH.sourceShape) for result in report.objects(None, SH.result))
    return {str(shape).removeprefix(SHAPES) for shape in shapes}


def test_code_and_ontology_name_the_same_terms():
    assert set(ontology().subjects(RDFS.isDefinedBy, ONTOLOGY_IRI)) == TERMS


def test_shapes_and_ontology_name_the_same_terms():
    named = used(load_shapes(resources.folder("shapes"))) | used(meta())
    assert named == TERMS


def test_reference_and_ontology_name_the_same_terms():
    page = (REFERENCE / "ontology.md").read_text(encoding="utf-8")
    assert {KG._NS[name] for name in re.findall(r"`kg:(\w+)`", page)} == TERMS


def test_reference_is_current():
    assert (REFERENCE / "ontology.md").read_text(encoding="utf-8") == generator().page(), (
        "run: python docs/reference/make_ontology.py"
    )


def test_ontology_conforms_to_its_own_shapes():
    assert violations(everything()) == set()


@pytest.mark.parametrize(
    ("shape", "subject", "predicate"),
    [
        ("Ontology-title", ONTOLOGY_IRI, DCTERMS.title),
        ("Ontology-description", ONTOLOGY_IRI, DCTERMS.description),
        ("Ontology-license", ONTOLOGY_IRI, DCTERMS.license),
        ("Ontology-version", ONTOLOGY_IRI, OWL.versionInfo),
        ("Ontology-versionIRI", ONTOLOGY_IRI, OWL.versionIRI),
        ("Term-label", KG.Claim, RDFS.label),
        ("Term-definition", KG.factual, SKOS.definition),
        ("Term-type", KG.factual, RDF.type),
        ("Term-isDefinedBy", KG.evidence, RDFS.isDefinedBy),
    ],
)
def test_ontology_that_lacks_something_is_found(shape, subject, predicate):
    graph = Graph() + ontology()
    graph.remove((subject, predicate, None))
    assert shape in violations(graph)


@pytest.mark.parametrize(
    ("shape", "predicate", "value"),
    [("Concept-scheme", SKOS.inScheme, KG.Claim), ("Concept-type", RDF.type, SKOS.Concept)],
)
def test_concept_out_of_its_scheme_is_found(shape, predicate, value):
    graph = Graph() + ontology()
    graph.set((KG.factual, predicate, value))
    assert violations(graph) == {shape}


def test_term_that_nothing_defines_is_found():
    graph = Graph() + ontology()
    graph.add((KG.Claim, RDFS.seeAlso, KG._NS["Clam"]))
    assert violations(graph) == {"Vocabulary"}


def test_alignments_speak_of_our_terms_and_all_five_vocabularies():
    assert used(alignments()) <= TERMS
    objects = {str(o) for s, _, o in alignments() if s in TERMS}
    for namespace in ("https://schema.org/", "http://rdfs.org/sioc/ns#", "http://www.arg.dundee.ac.uk/aif#"):
        assert any(o.startswith(namespace) for o in objects), namespace
    for namespace in ("http://www.w3.org/ns/prov#", "http://www.w3.org/ns/oa#"):
        assert any(o.startswith(namespace) for o in objects), namespace


def test_every_concept_is_of_a_scheme():
    concepts = {term for term in TERMS if (term, SKOS.inScheme, None) in ontology()}
    assert set(ontology().subjects(RDF.type, SKOS.ConceptScheme)) == SCHEMES
    assert set(ontology().objects(None, SKOS.inScheme)) == SCHEMES
    assert concepts == {s for s, o in ontology().subject_objects(RDF.type) if (o, RDFS.subClassOf, SKOS.Concept) in ontology()}


def test_domain_and_range_hold_in_a_document_graph():
    graph = to_graph(extraction(), base=BASE, run="run/1")
    for predicate in set(graph.predicates()) & TERMS:
        domain, range_ = (ontology().value(predicate, end) for end in (RDFS.domain, RDFS.range))
        for subject, object_ in graph.subject_objects(predicate):
            assert domain is None or (subject, RDF.type, domain) in graph, (predicate, subject)
            if isinstance(object_, Literal):
                assert (object_.datatype or XSD.string) == range_ or range_ is None, (predicate, object_)
            elif range_ is not None:
                assert (object_, RDF.type, range_) in graph + ontology(), (predicate, object_)
