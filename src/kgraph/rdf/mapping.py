"""The extraction of one document as its RDF graph (the table of classes and properties: docs/reference/ontology.md).

- No blank nodes: what has no name of its own is named by what it is, `#at-{start}-{end}` for a passage.
- Every node is typed and reachable from the document; what two documents share is described by the same triples in each.
- A claim is expressed, never asserted: its proposition stays in rdf:subject, rdf:predicate and rdf:object.
- Nothing but the extraction, the base and the run's name goes in, so the same input gives the same graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import Namespace

from kgraph import iris
from kgraph.model.annotations import (
    Account,
    Assertion,
    Claim,
    Entity,
    EntityKind,
    IdentityInference,
    Judgement,
    Link,
    LinkStatus,
    Mention,
    Question,
    Quotation,
    Reply,
    Toward,
)
from kgraph.model.extraction import Extraction
from kgraph.model.text import Document, Post, PostKind, Span
from kgraph.rdf.terms import decimal, integer, moment, url
from kgraph.vocab import CITO, DCTERMS, FOAF, KG, OA, PREFIXES, PROV, RDF, RDFS, SCHEMA, SIOC, SKOS

CONTEXT: Final = 32
"""Code points of text that a passage keeps before and after its words."""

_UNREMARKABLE_RULES = frozenset({"layout", "default"})
_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")


def _terms(namespace: Namespace, names: str) -> tuple[URIRef, ...]:
    """Making a term from its namespace costs more than adding a triple with it, hence once."""
    return tuple(namespace[name] for name in names.split())


_TYPE = RDF.type
_NAME, _ALTERNATE, _URL, _ABOUT, _TEXT, _AUTHOR, _SAME_AS, _PART_OF, _POSITION, _CREATED, _SPOKEN_BY = _terms(
    SCHEMA, "name alternateName url about text author sameAs isPartOf position dateCreated spokenByCharacter"
)
_WORK, _BLOG_POSTING, _COMMENT, _QUOTATION = _terms(SCHEMA, "CreativeWork BlogPosting Comment Quotation")
_THREAD, _POST, _ACCOUNT, _CONTAINER, _CREATOR, _REPLY_OF, _ACCOUNT_OF = _terms(
    SIOC, "Thread Post UserAccount has_container has_creator reply_of account_of"
)
_ANNOTATION, _PASSAGE, _AT, _QUOTE, _HAS_SOURCE, _SELECTOR, _START, _END, _EXACT, _PREFIX, _SUFFIX = _terms(
    OA, "Annotation SpecificResource TextPositionSelector TextQuoteSelector hasSource hasSelector start end exact prefix suffix"
)
_MOTIVATED_BY, _IDENTIFYING, _BODY, _TARGET = _terms(OA, "motivatedBy identifying hasBody hasTarget")
_AGREES, _DISAGREES = _terms(CITO, "agreesWith disagreesWith")
_GENERATED_BY, _QUOTED_FROM, _ENTITY, _ACTIVITY = PROV.wasGeneratedBy, PROV.wasQuotedFrom, PROV.Entity, PROV.Activity
_SUBJECT, _PREDICATE, _OBJECT, _PROPERTY, _LABEL = RDF.subject, RDF.predicate, RDF.object, RDF.Property, RDFS.label
_ACCOUNT_NAME, _CLOSE_MATCH, _EXACT_MATCH = FOAF.accountName, SKOS.closeMatch, SKOS.exactMatch
_KG = {name: KG[name] for name in (*KG.__annotations__, "as") if not name.startswith("_")}

_CLASSES: dict[EntityKind, tuple[URIRef, ...]] = {
    EntityKind.PERSON: (SCHEMA.Person, FOAF.Person),
    EntityKind.PLATFORM: (KG.Platform,),
    EntityKind.ORGANIZATION: (SCHEMA.Organization,),
    EntityKind.PLACE: (SCHEMA.Place,),
    EntityKind.EVENT: (SCHEMA.Event,),
    EntityKind.WORK: (SCHEMA.CreativeWork,),
    EntityKind.TECHNOLOGY: (KG.Technology,),
}


def to_graph(extraction: Extraction, *, base: str, run: str) -> Graph:
    """The graph of one document, without a name; its name is `base` + the document's id.

    `run` is the reference of the run that made it (`Run.id`). A web address that no IRI can be made of is left out.
    """
    return _Mapping(extraction, base, run).graph


def link_triples(link: Link, *, base: str, run: str) -> Iterator[tuple[URIRef, URIRef, URIRef | Literal]]:
    """What one link says: itself, the run that judged it (`run` unless it names its own), and what follows for its entity."""
    node, entity = URIRef(iris.resolve(base, link.id)), URIRef(iris.resolve(base, link.entity))
    judged = URIRef(iris.resolve(base, link.run or run))
    yield node, _TYPE, _KG["Link"]
    yield node, _KG["entity"], entity
    yield node, _KG["score"], decimal(link.score)
    yield node, _KG["status"], _KG[link.status]
    for signal in link.signals:
        yield node, _KG["signal"], Literal(signal)
    if link.authority is not None:
        yield node, _KG["catalogVersion"], Literal(link.authority)
    yield node, _GENERATED_BY, judged
    yield judged, _TYPE, _ACTIVITY
    target = url(link.target) if link.target is not None else None
    if target is None:
        return  # where it should have one, the gate then says which link lacks its target
    yield node, _KG["target"], target
    if link.status is LinkStatus.ACCEPTED:
        yield entity, _EXACT_MATCH if link.heading else _SAME_AS, target
    elif link.status is LinkStatus.PROPOSED:
        yield entity, _CLOSE_MATCH, target


class _Mapping:
    """One walk over one extraction. IRIs are made once for each reference, passages once for each span."""

    def __init__(self, extraction: Extraction, base: str, run: str) -> None:
        # The default triple store keeps an index of named graphs, which one document's graph has no use for.
        self.graph = Graph(store="SimpleMemory", bind_namespaces="none")
        for prefix, namespace in PREFIXES.items():
            self.graph.bind(prefix, namespace)
        self._store = self.graph.store
        self._base = base
        self._document = extraction.document
        self._text = extraction.document.text
        self._iris = dict[str, URIRef]()
        self._passages = dict[Span, URIRef]()
        self._mentions = set[str]()
        self._relations = set[str]()
        self.doc = self.iri(extraction.document.id)
        self._run = self.iri(run)
        self._run_is_typed = False
        thread = extraction.thread
        entities = {entity.id: entity for entity in (*thread.people, *extraction.entities)}
        self._entity_ids = entities.keys()
        self._describe(extraction.document, entities)
        replies = {reply.post: reply for reply in thread.replies}
        for position, post in enumerate(extraction.document.posts, 1):
            self._post(post, position, thread.authors.get(post.id), replies.get(post.id))
        for account in thread.accounts:
            self._account(account)
        for entity in entities.values():
            self._entity(entity)
        for mention in extraction.mentions:
            self._mention(mention)
        for claim in extraction.claims:
            self._claim(claim)
        post_ids = {post.id for post in extraction.document.posts}
        posts_of = {assertion.id: assertion.post for assertion in extraction.assertions}
        for assertion in extraction.assertions:
            self._assertion(assertion)
            self._stances(assertion, post_ids, posts_of)
        for quotation in thread.quotations:
            self._quotation(quotation)
        for question in extraction.questions:
            self._question(question)
        for inference in thread.inferences:
            self._identity(inference)
        for reply in thread.replies:
            if reply.judgement.rule not in _UNREMARKABLE_RULES:
                self._reply(reply)
        for link in extraction.links:
            self._link(link)

    # -- the ground

    def add(self, subject: URIRef, predicate: URIRef, object: URIRef | Literal) -> None:
        self._store.add((subject, predicate, object), self.graph)

    def iri(self, reference: str) -> URIRef:
        known = self._iris.get(reference)
        if known is None:
            known = self._iris[reference] = URIRef(iris.resolve(self._base, reference))
        return known

    def passage(self, span: Span) -> URIRef:
        known = self._passages.get(span)
        if known is not None:
            return known
        add, text, start, end = self.add, self._text, span.start, span.end
        name = f"{self.doc}#at-{start}-{end}"
        passage = self._passages[span] = URIRef(name)
        at, quote = URIRef(f"{name}-position"), URIRef(f"{name}-quote")
        add(passage, _TYPE, _PASSAGE)
        add(passage, _HAS_SOURCE, self.doc)
        add(passage, _SELECTOR, at)
        add(passage, _SELECTOR, quote)
        add(at, _TYPE, _AT)
        add(at, _START, integer(start))
        add(at, _END, integer(end))
        add(quote, _TYPE, _QUOTE)
        add(quote, _EXACT, Literal(text[start:end]))
        add(quote, _PREFIX, Literal(text[max(0, start - CONTEXT) : start]))
        add(quote, _SUFFIX, Literal(text[end : end + CONTEXT]))
        return passage

    def judged(self, node: URIRef, judgement: Judgement) -> None:
        self.add(node, _KG["confidence"], decimal(judgement.confidence))
        self.add(node, _KG["rule"], Literal(judgement.rule))

    def generated(self, node: URIRef) -> None:
        self.add(node, _GENERATED_BY, self._run)
        if not self._run_is_typed:
            self.add(self._run, _TYPE, _ACTIVITY)
            self._run_is_typed = True

    # -- the thread

    def _describe(self, document: Document, entities: dict[str, Entity]) -> None:
        add, doc = self.add, self.doc
        for type_ in (_THREAD, _WORK, _ENTITY):
            add(doc, _TYPE, type_)
        if document.title:
            add(doc, DCTERMS.title, Literal(document.title))
        source = url(document.url) if document.url else None
        if source is not None:
            add(doc, DCTERMS.source, source)
        add(doc, DCTERMS.identifier, Literal(f"sha256:{document.sha256}"))
        add(doc, _KG["textDigest"], Literal(f"sha256:{document.text_sha256}"))
        if document.site:
            site = _site(document.site, entities)
            add(doc, _PART_OF, self.iri(site))
            if site not in entities:
                self._entity(Entity(id=site, kind=EntityKind.PLATFORM, name=document.site))

    def _post(self, post: Post, position: int, author: str | None, reply: Reply | None) -> None:
        add, node = self.add, self.iri(post.id)
        add(node, _TYPE, _POST)
        add(node, _TYPE, _BLOG_POSTING if post.kind is PostKind.ARTICLE else _COMMENT)
        add(node, _CONTAINER, self.doc)
        add(node, _POSITION, integer(position))
        add(node, _KG["evidence"], self.passage(post.span))
        if author is not None:
            add(node, _CREATOR, self.iri(author))
        parent = reply.parent if reply is not None else post.reply_to
        if parent is not None:
            add(node, _REPLY_OF, self.iri(parent))
        created = moment(post.created) if post.created else None
        if created is not None:
            add(node, _CREATED, created)

    def _account(self, account: Account) -> None:
        node = self.iri(account.id)
        self.add(node, _TYPE, _ACCOUNT)
        self.add(node, _ACCOUNT_NAME, Literal(account.name))
        self.add(node, _ACCOUNT_OF, self.iri(account.person))

    def _quotation(self, quotation: Quotation) -> None:
        add, node = self.add, self.iri(quotation.id)
        add(node, _TYPE, _QUOTATION)
        add(node, _PART_OF, self.iri(quotation.post))
        add(node, _QUOTED_FROM, self.iri(quotation.source_post))
        add(node, _SPOKEN_BY, self.iri(quotation.speaker))
        add(node, _KG["fidelity"], _KG[quotation.fidelity])
        add(node, _KG["evidence"], self.passage(quotation.span))
        add(node, _KG["evidence"], self.passage(quotation.source_span))
        self.judged(node, quotation.judgement)

    def _identity(self, inference: IdentityInference) -> None:
        add, node = self.add, self.iri(inference.id)
        add(node, _TYPE, _KG["IdentityInference"])
        add(node, _KG["identifies"], self._identified(inference.identifies))
        add(node, _KG["as"], self.iri(inference.person))
        for span in inference.evidence:
            add(node, _KG["evidence"], self.passage(span))
        for signal in inference.signals:
            add(node, _KG["signal"], Literal(signal))
        self.judged(node, inference.judgement)
        self.generated(node)

    def _identified(self, reference: str) -> URIRef:
        """An account, or a stretch of the text by its reference `doc/…#at-{start}-{end}`."""
        found = re.fullmatch(re.escape(self._document.id) + r"#at-(\d+)-(\d+)", reference)
        return self.passage(Span(int(found[1]), int(found[2]))) if found else self.iri(reference)

    def _reply(self, reply: Reply) -> None:
        add, node = self.add, URIRef(f"{self.doc}#reply-{reply.post.rpartition('#')[2]}")
        add(node, _TYPE, _KG["ReplyInference"])
        add(node, _KG["inPost"], self.iri(reply.post))
        add(node, _KG["infersParent"], self.iri(reply.parent))
        for span in reply.evidence:
            add(node, _KG["evidence"], self.passage(span))
        self.judged(node, reply.judgement)
        self.generated(node)

    # -- what is spoken of

    def _entity(self, entity: Entity) -> None:
        add, node = self.add, self.iri(entity.id)
        for class_ in _CLASSES[entity.kind]:
            add(node, _TYPE, class_)
        for name in entity.types:
            if _CLASS_NAME.fullmatch(name):
                add(node, _TYPE, SCHEMA[name])
        add(node, _NAME, Literal(entity.name))
        for alias in entity.aliases:
            if alias != entity.name:
                add(node, _ALTERNATE, Literal(alias))
        address = url(entity.url) if entity.url else None
        if address is not None:
            add(node, _URL, address)
        for creator in entity.creators:
            add(node, _AUTHOR, self.iri(creator))

    def _mention(self, mention: Mention) -> None:
        passage = self.passage(mention.span)
        name = f"{self.doc}#mention-{mention.span.start}-{mention.span.end}"
        if name in self._mentions:  # one stretch may name two entities: "we", a couple's surname
            name = f"{name}-{iris.digest(mention.entity)}"
        self._mentions.add(name)
        add, node = self.add, URIRef(name)
        add(node, _TYPE, _ANNOTATION)
        add(node, _MOTIVATED_BY, _IDENTIFYING)
        add(node, _BODY, self.iri(mention.entity))
        add(node, _TARGET, passage)
        add(node, _KG["inPost"], self.iri(mention.post))
        self.judged(node, mention.judgement)

    def _link(self, link: Link) -> None:
        for triple in link_triples(link, base=self._base, run=str(self._run)):
            self.add(*triple)

    # -- what is said

    def _claim(self, claim: Claim) -> None:
        add, node = self.add, self.iri(claim.id)
        add(node, _TYPE, _KG["Claim"])
        add(node, _TEXT, Literal(claim.text))
        for entity in claim.about:
            add(node, _ABOUT, self.iri(entity))
        add(node, _KG["kind"], _KG[claim.kind])
        add(node, _KG["kindConfidence"], decimal(claim.kind_judgement.confidence))
        add(node, _KG["kindRule"], Literal(claim.kind_judgement.rule))
        add(node, _KG["polarity"], _KG[claim.polarity])
        add(node, _KG["modality"], _KG[claim.modality])
        if claim.proposition is not None:
            add(node, _SUBJECT, self._named(claim.proposition.subject))
            add(node, _PREDICATE, self._relation(claim.proposition.predicate))
            add(node, _OBJECT, self._named(claim.proposition.object))

    def _named(self, words: str) -> URIRef | Literal:
        """An end of a proposition: an entity by its id, else the words themselves."""
        return self.iri(words) if words in self._entity_ids else Literal(words)

    def _relation(self, lemma: str) -> URIRef:
        reference = iris.relation(lemma)
        relation = self.iri(reference)
        if reference not in self._relations:
            self._relations.add(reference)
            self.add(relation, _TYPE, _PROPERTY)
            self.add(relation, _LABEL, Literal(lemma))
        return relation

    def _assertion(self, assertion: Assertion) -> None:
        add, node = self.add, self.iri(assertion.id)
        add(node, _TYPE, _KG["Assertion"])
        add(node, _KG["claim"], self.iri(assertion.claim))
        add(node, _KG["claimant"], self.iri(assertion.claimant))
        add(node, _KG["inPost"], self.iri(assertion.post))
        add(node, _KG["attitude"], _KG[assertion.attitude])
        add(node, _KG["evidence"], self.passage(assertion.span))
        if assertion.reported_from is not None:
            source = assertion.reported_from
            add(node, _KG["reportedFrom"], self.iri(source) if assertion.source_is_entity else Literal(source))
        self.judged(node, assertion.judgement)
        self.generated(node)

    def _stances(self, assertion: Assertion, post_ids: set[str], posts_of: dict[str, str]) -> None:
        add, node = self.add, self.iri(assertion.id)
        for stance in assertion.stances:
            supports = stance.toward is Toward.SUPPORTS
            add(node, _KG["supports"] if supports else _KG["disputes"], self.iri(stance.target))
            if stance.responds_to is not None:
                add(node, _KG["respondsTo"], self.iri(stance.responds_to))
            add(node, _KG["stanceConfidence"], decimal(stance.judgement.confidence))
            add(node, _KG["stanceRule"], Literal(stance.judgement.rule))
            other = stance.target if stance.target in post_ids else posts_of.get(stance.responds_to or "")
            if other is not None and other != assertion.post:
                add(self.iri(assertion.post), _AGREES if supports else _DISAGREES, self.iri(other))

    def _question(self, question: Question) -> None:
        add, node = self.add, self.iri(question.id)
        add(node, _TYPE, _KG["Question"])
        add(node, _TEXT, Literal(question.text))
        add(node, _KG["asker"], self.iri(question.asker))
        add(node, _KG["inPost"], self.iri(question.post))
        add(node, _KG["evidence"], self.passage(question.span))


def _site(name: str, entities: dict[str, Entity]) -> str:
    """The id of the platform that a site is: one that the text speaks of under that name, else a new one."""
    wanted = name.casefold()
    for entity in entities.values():
        if entity.kind is EntityKind.PLATFORM and wanted in {entity.name.casefold(), *map(str.casefold, entity.aliases)}:
            return entity.id
    return iris.entity("platform", name)
