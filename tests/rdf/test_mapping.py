from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rdflib import FOAF, PROV, RDF, RDFS, SKOS, BNode, Graph, Literal, URIRef
from tests.rdf import example
from tests.rdf.example import BASE, DOC, NORA, OPEN_CYCLE_MAP, STRAVA, TEXT, extraction, words

from kgraph.model.annotations import Entity, EntityKind, Link, LinkStatus
from kgraph.model.text import Post, PostKind
from kgraph.rdf import to_graph, to_quads
from kgraph.vocab import CITO, DCTERMS, KG, OA, SCHEMA, SIOC

RUN = "run/0123456789abcdef"
DOCUMENT = URIRef(BASE + DOC)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return to_graph(extraction(), base=BASE, run=RUN)


def at(reference: str) -> URIRef:
    return URIRef(BASE + reference)


def node(fragment: str) -> URIRef:
    return at(f"{DOC}#{fragment}")


def passage(words_: str) -> URIRef:
    span = words(words_)
    return node(f"at-{span.start}-{span.end}")


def test_graph_holds_no_blank_node(graph):
    assert not [term for triple in graph for term in triple if isinstance(term, BNode)]


def test_every_node_of_ours_is_typed(graph):
    ours = {term for triple in graph for term in (triple[0], triple[2]) if isinstance(term, URIRef) and term.startswith(BASE)}
    assert {term for term in ours if (term, RDF.type, None) not in graph} == set()


def test_every_node_is_connected_with_the_document(graph):
    reached, ahead = {DOCUMENT}, [DOCUMENT]
    while ahead:
        here = ahead.pop()
        for next_ in _neighbours(graph, here):
            if isinstance(next_, URIRef) and next_.startswith(BASE) and next_ not in reached:
                reached.add(next_)
                ahead.append(next_)
    assert set(graph.subjects()) <= reached


def _neighbours(graph: Graph, here: URIRef) -> Iterator[object]:
    yield from graph.objects(here)
    yield from graph.subjects(None, here)


def test_document_is_described(graph):
    assert set(graph.objects(DOCUMENT, RDF.type)) == {SIOC.Thread, SCHEMA.CreativeWork, PROV.Entity}
    assert graph.value(DOCUMENT, DCTERMS.title) == Literal("On bicycle maps")
    assert graph.value(DOCUMENT, DCTERMS.source) == URIRef("https://maps.example/on%20bicycle%20maps")
    assert graph.value(DOCUMENT, DCTERMS.identifier) == Literal(f"sha256:{extraction().document.sha256}")
    assert graph.value(DOCUMENT, KG.textDigest) == Literal(f"sha256:{extraction().document.text_sha256}")
    site = graph.value(DOCUMENT, SCHEMA.isPartOf)
    assert (site, RDF.type, KG.Platform) in graph
    assert graph.value(site, SCHEMA.name) == Literal("Maps Weekly")


def test_site_that_the_text_speaks_of_is_that_platform():
    spoken_of = extraction()
    spoken_of = dataclasses.replace(spoken_of, document=dataclasses.replace(spoken_of.document, site="the APP"))
    graph = to_graph(spoken_of, base=BASE, run=RUN)
    assert graph.value(DOCUMENT, SCHEMA.isPartOf) == at(STRAVA)


def test_post_has_its_place_author_parent_and_words(graph):
    article, comment = node("p1"), node("p2")
    assert (article, RDF.type, SCHEMA.BlogPosting) in graph
    assert (comment, RDF.type, SCHEMA.Comment) in graph
    assert graph.value(comment, SIOC.has_container) == DOCUMENT
    assert graph.value(comment, SIOC.reply_of) == article
    assert graph.value(comment, SCHEMA.position).toPython() == 2
    assert graph.value(graph.value(comment, SIOC.has_creator), SIOC.account_of) == at("person/maps-weekly/imre")
    assert graph.value(comment, KG.evidence) == passage(example.AGREES)
    assert str(graph.value(comment, SCHEMA.dateCreated)) == "2026-03-02T08:30:00.5Z"


def test_parent_that_only_the_layout_gives_is_kept():
    silent = extraction()
    silent = dataclasses.replace(silent, thread=dataclasses.replace(silent.thread, replies=()))
    graph = to_graph(silent, base=BASE, run=RUN)
    assert graph.value(node("p2"), SIOC.reply_of) == node("p1")


def test_post_of_nobody_known_has_no_creator():
    original = extraction()
    authors = {post: account for post, account in original.thread.authors.items() if not post.endswith("p4")}
    graph = to_graph(
        dataclasses.replace(original, thread=dataclasses.replace(original.thread, authors=authors)), base=BASE, run=RUN
    )
    assert graph.value(node("p4"), SIOC.has_creator) is None


def test_passage_selects_by_position_and_by_quotation_with_its_surroundings(graph):
    found = passage("Volunteers keep the map honest.")
    span = words("Volunteers keep the map honest.")
    assert graph.value(found, OA.hasSource) == DOCUMENT
    selectors = {graph.value(selector, RDF.type): selector for selector in graph.objects(found, OA.hasSelector)}
    position, quote = selectors[OA.TextPositionSelector], selectors[OA.TextQuoteSelector]
    assert (position.toPython(), quote.toPython()) == (f"{found}-position", f"{found}-quote")
    assert (graph.value(position, OA.start).toPython(), graph.value(position, OA.end).toPython()) == (span.start, span.end)
    assert str(graph.value(quote, OA.exact)) == "Volunteers keep the map honest."
    assert str(graph.value(quote, OA.prefix)) == TEXT[span.start - 32 : span.start]
    assert str(graph.value(quote, OA.suffix)) == TEXT[span.end : span.end + 32]


def test_person_is_described_even_where_the_entities_leave_them_out(graph):
    zoe = at("person/maps-weekly/zoe")
    assert set(graph.objects(zoe, RDF.type)) == {SCHEMA.Person, FOAF.Person}
    assert graph.value(zoe, SCHEMA.name) == Literal("Zoë ☂")


def test_platform_has_its_types_names_and_links(graph):
    strava, other = at(STRAVA), at(OPEN_CYCLE_MAP)
    assert set(graph.objects(strava, RDF.type)) == {KG.Platform, SCHEMA.WebSite, SCHEMA.SoftwareApplication}
    assert set(graph.objects(strava, SCHEMA.alternateName)) == {Literal("the app")}
    assert set(graph.objects(strava, SCHEMA.sameAs)) == {URIRef("http://data.example/entity/Q2")}
    assert set(graph.objects(other, SKOS.closeMatch)) == {URIRef("http://data.example/entity/Q3")}
    assert graph.value(other, SCHEMA.sameAs) is None
    assert graph.value(other, SCHEMA.url) is None, "no IRI can be made of it"


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        (EntityKind.ORGANIZATION, SCHEMA.Organization),
        (EntityKind.PLACE, SCHEMA.Place),
        (EntityKind.EVENT, SCHEMA.Event),
        (EntityKind.WORK, SCHEMA.CreativeWork),
        (EntityKind.TECHNOLOGY, KG.Technology),
    ],
)
def test_entity_has_the_class_of_its_kind(kind, type_):
    original = extraction()
    entity = Entity(id=f"{kind}/maps", kind=kind, name="Maps", creators=(NORA.id,) if kind is EntityKind.WORK else ())
    graph = to_graph(dataclasses.replace(original, entities=(*original.entities, entity)), base=BASE, run=RUN)
    assert set(graph.objects(at(entity.id), RDF.type)) == {type_}
    assert set(graph.objects(at(entity.id), SCHEMA.author)) == {at(creator) for creator in entity.creators}


def test_mention_identifies_an_entity_by_a_passage(graph):
    mention = next(graph.subjects(OA.hasTarget, passage("the map")))
    assert (mention, RDF.type, OA.Annotation) in graph
    assert (mention, OA.motivatedBy, OA.identifying) in graph
    assert graph.value(mention, OA.hasBody) == at(OPEN_CYCLE_MAP)
    assert str(graph.value(mention, KG.confidence)) == "0.6"


def test_stretch_that_names_two_entities_is_two_mentions(graph):
    mentions = list(graph.subjects(OA.hasTarget, passage("both")))
    assert {graph.value(mention, OA.hasBody) for mention in mentions} == {at(example.IMRE.id), at(example.ZOE.id)}
    assert len(mentions) == 2


def test_claim_is_expressed_with_its_kind_and_proposition(graph):
    claim = node("claim-lanes")
    assert graph.value(claim, KG.kind) == KG.factual
    assert (graph.value(claim, KG.polarity), graph.value(claim, KG.modality)) == (KG.affirmed, KG.certain)
    assert graph.value(claim, SCHEMA.about) == at(OPEN_CYCLE_MAP)
    assert graph.value(claim, RDF.subject) == at(OPEN_CYCLE_MAP)
    relation = graph.value(claim, RDF.predicate)
    assert relation == at("relation/draw")
    assert graph.value(relation, RDFS.label) == Literal("draw")
    assert graph.value(claim, RDF.object) == Literal("every lane that a volunteer reports")
    assert (at(OPEN_CYCLE_MAP), relation, None) not in graph, "a claim never becomes a fact of the graph"


def test_assertion_has_claimant_words_and_run(graph):
    assertion = node("assertion-lanes")
    assert graph.value(assertion, KG.claim) == node("claim-lanes")
    assert graph.value(assertion, KG.claimant) == at(NORA.id)
    assert graph.value(assertion, KG.attitude) == KG.asserts
    assert graph.value(assertion, KG.evidence) == passage("OpenCycleMap draws every lane that a volunteer reports.")
    assert graph.value(assertion, PROV.wasGeneratedBy) == at(RUN)


def test_reported_words_keep_reporter_and_source_apart(graph):
    in_words, by_id = node("assertion-kinder"), node("assertion-everybody")
    assert graph.value(in_words, KG.claimant) == at(NORA.id)
    assert graph.value(in_words, KG.attitude) == KG.reports
    assert graph.value(in_words, KG.reportedFrom) == Literal("My aunt")
    assert graph.value(by_id, KG.reportedFrom) == at(NORA.id)


def test_stance_is_kept_on_the_assertion_and_between_posts(graph):
    assert set(graph.objects(node("assertion-honest"), KG.supports)) == {node("p1"), at(OPEN_CYCLE_MAP)}
    assert graph.value(node("assertion-honest"), KG.respondsTo) == node("assertion-lanes")
    assert set(graph.objects(node("p2"), CITO.agreesWith)) == {node("p1")}
    assert set(graph.objects(node("p3"), CITO.disagreesWith)) == {node("p1")}


def test_quotation_has_both_passages_and_its_speaker(graph):
    quotation = node("quotation-1")
    assert (quotation, RDF.type, SCHEMA.Quotation) in graph
    assert graph.value(quotation, SCHEMA.isPartOf) == node("p3")
    assert graph.value(quotation, PROV.wasQuotedFrom) == node("p1")
    assert graph.value(quotation, SCHEMA.spokenByCharacter) == at(NORA.id)
    assert graph.value(quotation, KG.fidelity) == KG.altered
    assert len(set(graph.objects(quotation, KG.evidence))) == 2


def test_question_is_kept_as_a_question(graph):
    question = node("question-1")
    assert (question, RDF.type, KG.Question) in graph
    assert graph.value(question, KG.asker) == at(NORA.id)
    assert (question, RDF.type, KG.Claim) not in graph


def test_identity_is_an_inference_about_an_account_or_a_stretch(graph):
    of_account, of_stretch = node("identity-1"), node("identity-2")
    assert graph.value(of_account, KG.identifies) == at(NORA.account.id)
    assert graph.value(of_account, KG["as"]) == at(NORA.id)
    stretch = graph.value(of_stretch, KG.identifies)
    assert (stretch, RDF.type, OA.SpecificResource) in graph
    assert len(set(graph.objects(of_stretch, KG.evidence))) == 2


def test_reply_that_the_page_does_not_show_is_an_inference(graph):
    inferences = list(graph.subjects(RDF.type, KG.ReplyInference))
    assert inferences == [node("reply-p4")], "what the layout says needs no inference"
    assert graph.value(inferences[0], KG.infersParent) == node("p3")
    assert graph.value(inferences[0], KG.evidence) == passage("Thanks, both")


def test_link_is_kept_whatever_was_decided(graph):
    assert {str(graph.value(link, KG.status)).rpartition("#")[2] for link in graph.subjects(RDF.type, KG.Link)} == {
        "accepted",
        "proposed",
        "rejected",
        "ambiguous",
        "nil",
    }


def test_a_heading_is_no_thing_and_what_is_ambiguous_says_nothing_of_the_entity(graph):
    other = at(OPEN_CYCLE_MAP)
    assert set(graph.objects(other, SKOS.exactMatch)) == {URIRef("http://data.example/heading/5")}
    targets = {URIRef(f"http://data.example/entity/Q{n}") for n in (4, 6)}
    assert not {triple for target in targets for triple in graph.triples((other, None, target))}


def test_a_link_names_the_run_that_judged_it(graph):
    assert {graph.value(link, PROV.wasGeneratedBy) for link in graph.subjects(RDF.type, KG.Link)} == {
        at(RUN),
        at("run/linking"),
    }
    assert graph.value(at("run/linking"), RDF.type) == PROV.Activity


def test_a_link_is_nil_exactly_where_it_has_no_target():
    for status, target in ((LinkStatus.NIL, "http://data.example/entity/Q1"), (LinkStatus.ACCEPTED, None)):
        with pytest.raises(ValueError, match="target"):
            Link(id=f"{DOC}#link-9", entity=STRAVA, target=target, score=0.5, status=status, signals=("label",))


def test_same_extraction_gives_the_same_bytes_under_any_order_of_creation():
    first = to_quads(to_graph(extraction(), base=BASE, run=RUN), name=DOCUMENT)
    second = to_quads(to_graph(extraction(), base=BASE, run=RUN), name=DOCUMENT)
    turned = extraction()
    turned = dataclasses.replace(
        turned,
        claims=turned.claims[::-1],
        assertions=turned.assertions[::-1],
        entities=turned.entities[::-1],
        links=turned.links[::-1],
    )
    assert first == second == to_quads(to_graph(turned, base=BASE, run=RUN), name=DOCUMENT)


def test_base_is_what_all_names_are_under():
    graph = to_graph(extraction(), base="https://kg.example/x#", run=RUN)
    assert not [subject for subject in graph.subjects() if not subject.startswith("https://kg.example/x#")]


def test_moment_that_is_none_is_left_out():
    original = extraction()
    posts = (*original.document.posts[:1], dataclasses.replace(original.document.posts[1], created="last Tuesday"))
    document = dataclasses.replace(original.document, posts=posts)
    assert isinstance(posts[1], Post)
    assert posts[1].kind is PostKind.COMMENT
    graph = to_graph(dataclasses.replace(original, document=document), base=BASE, run=RUN)
    assert graph.value(node("p2"), SCHEMA.dateCreated) is None


@pytest.mark.shared
def test_shared_tool_reads_the_graph(graph, tmp_path):
    tool = Path(__file__).parents[3] / "shared" / "tools" / "graph_to_gold.py"
    if not tool.exists():
        pytest.skip("../shared is absent")
    (tmp_path / "dump.nq").write_bytes(to_quads(graph, name=DOCUMENT))
    run = subprocess.run([sys.executable, tool, tmp_path / "dump.nq", DOCUMENT], capture_output=True, check=True)
    found = json.loads(run.stdout)
    assert [post["reply_to"] for post in found["posts"]] == [
        None,
        node("p1").toPython(),
        node("p1").toPython(),
        node("p3").toPython(),
    ]
    assert {entity["type"] for entity in found["entities"]} == {"Person", "Platform"}
    assert len(found["claims"]) == 4
    disputing = next(claim for claim in found["claims"] if claim["id"].endswith("everybody"))
    assert disputing["stance"] == {"toward": [node("p1").toPython()], "is": "disputes"}
