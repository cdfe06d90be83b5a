"""The namespaces and terms that the graph is written in; `ontology/kgraph.ttl` defines those of `KG`."""

from __future__ import annotations

from rdflib import DCTERMS, FOAF, OWL, PROV, RDF, RDFS, SKOS, XSD, Namespace
from rdflib.namespace import DefinedNamespace
from rdflib.term import URIRef

__all__ = [
    "AIF",
    "CITO",
    "DCTERMS",
    "FOAF",
    "KG",
    "OA",
    "OWL",
    "PREFIXES",
    "PROV",
    "RDF",
    "RDFS",
    "SCHEMA",
    "SIOC",
    "SKOS",
    "XSD",
]


class KG(DefinedNamespace):
    """kgraph's own terms. A misspelt one is an error at import or in the type checker, never a silent new IRI."""

    _NS = Namespace("https://w3id.org/kgraph#")
    _fail = True
    _extras = ["as"]  # noqa: RUF012  (rdflib reads it so); a word that Python keeps for itself: KG["as"]

    # classes
    Assertion: URIRef
    Claim: URIRef
    ClaimKind: URIRef
    Attitude: URIRef
    Modality: URIRef
    Polarity: URIRef
    Fidelity: URIRef
    LinkStatus: URIRef
    IdentityInference: URIRef
    Link: URIRef
    Platform: URIRef
    Question: URIRef
    ReplyInference: URIRef
    Technology: URIRef
    # concept schemes
    claimKinds: URIRef
    attitudes: URIRef
    modalities: URIRef
    polarities: URIRef
    fidelities: URIRef
    linkStatuses: URIRef
    # kinds of claim
    factual: URIRef
    causal: URIRef
    evaluative: URIRef
    normative: URIRef
    predictive: URIRef
    definitional: URIRef
    testimony: URIRef
    # attitudes
    asserts: URIRef
    denies: URIRef
    questions: URIRef
    concedes: URIRef
    reports: URIRef
    # polarities, modalities, fidelities, link statuses
    affirmed: URIRef
    negated: URIRef
    certain: URIRef
    probable: URIRef
    possible: URIRef
    necessary: URIRef
    hypothetical: URIRef
    verbatim: URIRef
    altered: URIRef
    proposed: URIRef
    accepted: URIRef
    rejected: URIRef
    ambiguous: URIRef
    nil: URIRef
    # properties
    asker: URIRef
    attitude: URIRef
    catalogVersion: URIRef
    claim: URIRef
    claimant: URIRef
    confidence: URIRef
    disputes: URIRef
    entity: URIRef
    evidence: URIRef
    fidelity: URIRef
    identifies: URIRef
    inPost: URIRef
    infersParent: URIRef
    kind: URIRef
    kindConfidence: URIRef
    kindRule: URIRef
    modality: URIRef
    polarity: URIRef
    reportedFrom: URIRef
    respondsTo: URIRef
    rule: URIRef
    score: URIRef
    signal: URIRef
    stanceConfidence: URIRef
    stanceRule: URIRef
    status: URIRef
    supports: URIRef
    target: URIRef
    textDigest: URIRef


SCHEMA = Namespace("https://schema.org/")
SIOC = Namespace("http://rdfs.org/sioc/ns#")
OA = Namespace("http://www.w3.org/ns/oa#")
CITO = Namespace("http://purl.org/spar/cito/")
AIF = Namespace("http://www.arg.dundee.ac.uk/aif#")

PREFIXES = {
    "kg": str(KG._NS),
    "schema": str(SCHEMA),
    "sioc": str(SIOC),
    "oa": str(OA),
    "prov": str(PROV),
    "dcterms": str(DCTERMS),
    "skos": str(SKOS),
    "foaf": str(FOAF),
    "cito": str(CITO),
    "rdf": str(RDF),
    "rdfs": str(RDFS),
    "xsd": str(XSD),
}
