"""What the page of anything but a document shows: a person, a platform, an account, a relation, a run.

One view for all of them: the sections that have nothing are left out, so that each kind gets the page that its triples make.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kgraph.server.document_page import Inference, Links, Ref, Stance, inferences_of, local
from kgraph.server.questions import Reading, Row, term
from kgraph.server.rendering import curie
from kgraph.vocab import SCHEMA

CONTEXT = 32
"""Code points around a passage that the graph keeps (`kgraph.rdf.mapping`); fewer mean the text's edge."""
MOST = 400
"""Rows of one section; the page says where there is more."""

# The engine walks a chain of plain patterns from its one end, and looks up a single pattern that is optional; an optional
# chain, and a union that is joined with something, it reads whole. Hence flat questions; what hangs further off is asked apart.
_ACT = """?assertion kg:claim ?claim ; kg:claimant ?claimant ; kg:attitude ?attitude ; kg:evidence ?passage .
  ?claim kg:kind ?kind .
  ?passage oa:hasSource ?document ; oa:hasSelector ?at . ?at oa:start ?start .
  ?passage oa:hasSelector ?quote . ?quote oa:exact ?words ; oa:prefix ?before ; oa:suffix ?after .
  OPTIONAL { ?document dcterms:title ?title }
  OPTIONAL { ?claimant schema:name ?claimantName }"""
_SAID = f"""SELECT DISTINCT ?assertion ?document ?title ?start ?words ?before ?after ?claimant ?claimantName ?kind ?attitude
  ?reported WHERE {{
  %(pattern)s {_ACT}
  OPTIONAL {{ ?assertion kg:reportedFrom ?reported }}
}} ORDER BY ?document ?start ?assertion LIMIT {MOST + 1}"""
_ITS_AUTHOR = "?target sioc:has_creator ?account . ?account sioc:account_of ?thing . ?thing schema:name ?name"
_NAMED = f"""SELECT DISTINCT ?target ?name WHERE {{
  {{ %(pattern)s ?assertion kg:claim ?claim ; kg:reportedFrom ?target . ?target schema:name ?name }}
  UNION {{ %(pattern)s ?assertion kg:claim ?claim ; kg:disputes ?target . {_ITS_AUTHOR} }}
  UNION {{ %(pattern)s ?assertion kg:claim ?claim ; kg:supports ?target . {_ITS_AUTHOR} }}
}} LIMIT {4 * MOST}"""
_ENDS = f"""SELECT DISTINCT ?assertion ?subject ?object ?subjectName ?objectName WHERE {{
  ?claim rdf:predicate %(this)s ; rdf:subject ?subject ; rdf:object ?object . ?assertion kg:claim ?claim .
  OPTIONAL {{ ?subject schema:name ?subjectName }} OPTIONAL {{ ?object schema:name ?objectName }}
}} LIMIT {4 * MOST}"""
_ABOUT = "?claim schema:about %(this)s ."
_BY = "?assertion kg:claimant %(this)s ."
_PROPOSITION = "?claim rdf:predicate %(this)s ."
_TOWARD_WHOM = (
    "?assertion {stance} %(this)s .",
    "?account sioc:account_of %(this)s . ?post sioc:has_creator ?account . ?assertion {stance} ?post .",
    "?about schema:about %(this)s . ?said kg:claim ?about . ?assertion kg:respondsTo ?said ; {stance} ?any .",
)
_TOWARD = f"""SELECT DISTINCT ?assertion ?document ?title ?start ?words ?before ?after ?claimant ?claimantName ?kind ?attitude
  ?disputes WHERE {{
  {
    " UNION ".join(
        f"{{ {pattern.format(stance=stance)} {_ACT} BIND({disputes} AS ?disputes) }}"
        for stance, disputes in (("kg:disputes", "true"), ("kg:supports", "false"))
        for pattern in _TOWARD_WHOM
    )
}
}} ORDER BY ?document ?start ?assertion LIMIT {MOST + 1}"""
_STANCES = f"""SELECT DISTINCT ?assertion ?disputes ?target ?name ?answers WHERE {{
  {{ %(pattern)s ?assertion kg:claim ?claim ; kg:disputes ?target . BIND(true AS ?disputes) }}
  UNION {{ %(pattern)s ?assertion kg:claim ?claim ; kg:supports ?target . BIND(false AS ?disputes) }}
  OPTIONAL {{ ?target schema:name ?name }}
  OPTIONAL {{ ?assertion kg:respondsTo ?answers }}
}} LIMIT {4 * MOST}"""
_LINKS = f"""SELECT DISTINCT ?link ?target ?status ?score WHERE {{
  ?link kg:entity %(this)s ; kg:status ?status . OPTIONAL {{ ?link kg:target ?target }} OPTIONAL {{ ?link kg:score ?score }}
}} ORDER BY ?status ?target LIMIT {MOST}"""
_IDENTITY = """a kg:IdentityInference ; kg:identifies ?what ; kg:as ?person ; kg:evidence ?passage .
    ?passage oa:hasSelector ?quote . ?quote oa:exact ?evidence"""
_IDENTITIES = f"""SELECT ?inference ?what ?whatName ?person ?name ?confidence ?rule ?signal ?passage ?evidence WHERE {{
  {{ ?inference kg:as %(this)s ; {_IDENTITY} }} UNION {{ ?inference kg:identifies %(this)s ; {_IDENTITY} }}
  OPTIONAL {{ ?what foaf:accountName ?whatName }}
  OPTIONAL {{ ?person schema:name ?name }}
  OPTIONAL {{ ?inference kg:confidence ?confidence }}
  OPTIONAL {{ ?inference kg:rule ?rule }}
  OPTIONAL {{ ?inference kg:signal ?signal }}
}} ORDER BY ?inference ?signal ?passage LIMIT {MOST}"""
_LABEL = "COALESCE(?schemaName, ?handle, ?title, ?label)"
_LABELS = """OPTIONAL { %s schema:name ?schemaName } OPTIONAL { %s foaf:accountName ?handle }
  OPTIONAL { %s dcterms:title ?title } OPTIONAL { %s rdfs:label ?label }"""
_FACTS = f"""SELECT DISTINCT ?predicate ?object ?iri ({_LABEL} AS ?name) WHERE {{
  %(this)s ?predicate ?object . BIND(ISIRI(?object) AS ?iri)
  {_LABELS.replace("%s", "?object")}
}} ORDER BY ?predicate ?object LIMIT {MOST}"""
_POINTING = f"""SELECT DISTINCT ?predicate ?subject ({_LABEL} AS ?name) WHERE {{
  ?subject ?predicate %(this)s .
  FILTER(?predicate NOT IN (schema:about, kg:claimant, rdf:predicate, oa:hasBody, kg:entity, kg:disputes, kg:supports, kg:as,
    prov:wasGeneratedBy, rdf:subject, rdf:object, schema:spokenByCharacter, kg:identifies, kg:reportedFrom, kg:asker))
  {_LABELS.replace("%s", "?subject")}
}} ORDER BY ?predicate ?subject LIMIT {MOST}"""
_MENTIONED = f"""SELECT ?document (SAMPLE(?titles) AS ?title) (COUNT(DISTINCT ?mention) AS ?times) WHERE {{
  ?mention oa:hasBody %(this)s ; oa:hasTarget [ oa:hasSource ?document ] . OPTIONAL {{ ?document dcterms:title ?titles }}
}} GROUP BY ?document ORDER BY DESC(?times) ?document LIMIT {MOST}"""

_NAMES = {f"{SCHEMA}name", f"{SCHEMA}alternateName", "http://www.w3.org/2000/01/rdf-schema#label"}
_NAMES |= {"http://xmlns.com/foaf/0.1/accountName", "http://purl.org/dc/terms/title"}
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One assertion, with where its words stand and a little of what stands around them."""

    words: str
    before: str
    after: str
    where: Ref
    document: Ref
    claimant: Ref
    kind: str
    attitude: str
    reported_from: Ref | None
    stances: tuple[Stance, ...]
    disputes: bool | None = None
    subject: Ref | None = None
    object: Ref | None = None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link to another graph, as far as it has been decided."""

    target: Ref
    status: str
    score: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityView:
    """`facts` and `pointing` are the other triples, from it and to it, by property."""

    iri: str
    path: str
    kind: str
    name: str
    others: list[str]
    types: list[str]
    disputes: list[tuple[Ref, int]]
    supports: list[tuple[Ref, int]]
    about: list[Said]
    by: list[Said]
    propositions: list[Said]
    toward: list[Said]
    links: list[LinkView]
    identities: list[Inference]
    facts: list[tuple[str, list[Ref]]]
    pointing: list[tuple[str, list[Ref]]]
    mentioned: list[tuple[Ref, int]]
    more: bool
    jsonld: dict[str, object]


async def read(reading: Reading, iri: str, kind: str, bases: Sequence[str]) -> EntityView:
    """Everything that the page of this thing shows."""
    this = {"this": term(iri)}
    about, by, proposition = (pattern % this for pattern in (_ABOUT, _BY, _PROPOSITION))
    texts = (
        *(_SAID % {"pattern": pattern} for pattern in (about, by, proposition)),
        *(_STANCES % {"pattern": pattern} for pattern in (about, by, proposition)),
        *(_NAMED % {"pattern": pattern} for pattern in (about, by, proposition)),
        *(text % this for text in (_ENDS, _TOWARD, _LINKS, _IDENTITIES, _FACTS, _POINTING, _MENTIONED)),
    )
    answers = await asyncio.gather(*(reading.rows(text) for text in texts))
    return await asyncio.to_thread(_view, iri, kind, bases, answers)


def _view(iri: str, kind: str, bases: Sequence[str], answers: Sequence[list[Row]]) -> EntityView:
    about, by, propositions, about_stances, by_stances, its_stances, about_names, by_names, its_names, *others = answers
    ends, toward, links, identities, facts, pointing, mentioned = others
    to = Links(iri, bases)
    claims = _said(to, by, by_stances, by_names)
    names = [row["object"] for name in sorted(_NAMES) for row in facts if row["predicate"] == name]
    main = [row["object"] for row in facts if row["predicate"] in _NAMES and not row["predicate"].endswith("alternateName")]
    name = next(iter(main or names), local(iri))
    types = [row["object"] for row in facts if row["predicate"] == _TYPE]
    shown = [row for row in facts if row["predicate"] not in _NAMES and row["predicate"] != _TYPE]
    return EntityView(
        iri=iri,
        path=to.to(iri, name).href or "",
        kind=kind,
        name=name,
        others=[other for other in dict.fromkeys(names) if other != name],
        types=[curie(one) for one in types],
        about=_said(to, about, about_stances, about_names),
        by=claims,
        disputes=_against(claims, disputes=True),
        supports=_against(claims, disputes=False),
        propositions=_said(to, propositions, its_stances, its_names, ends),
        toward=_said(to, toward),
        links=[
            LinkView(
                to.to(row["target"], row["target"]) if "target" in row else Ref("nothing found"),
                local(row["status"]),
                row.get("score", ""),
            )
            for row in links
        ],
        identities=inferences_of(identities, to),
        facts=_grouped((row["predicate"], _object(to, row)) for row in shown),
        pointing=_grouped((row["predicate"], to.to(row["subject"], row.get("name"))) for row in pointing),
        mentioned=[(to.to(row["document"], row.get("title")), int(row["times"])) for row in mentioned if "document" in row],
        more=any(len(rows) > MOST for rows in (about, by, propositions, toward)),
        jsonld=_jsonld(iri, name, names, types, facts),
    )


def _against(claims: Iterable[Said], *, disputes: bool) -> list[tuple[Ref, int]]:
    """Whom these claims dispute, or support, and how often; a name without its link, which leads to one post of several."""
    names = Counter(stance.toward.name for claim in claims for stance in claim.stances if stance.disputes is disputes)
    return [(Ref(name), times) for name, times in names.most_common()]


def _object(to: Links, row: Row) -> Ref:
    return to.to(row["object"], row.get("name") or row["object"]) if row["iri"] == "true" else Ref(row["object"])


def _grouped(pairs: Iterable[tuple[str, Ref]]) -> list[tuple[str, list[Ref]]]:
    found: dict[str, dict[Ref, None]] = defaultdict(dict)
    for predicate, ref in pairs:
        found[curie(predicate)][ref] = None
    return [(predicate, list(refs)) for predicate, refs in found.items()]


def _said(
    to: Links, rows: Sequence[Row], stances: Iterable[Row] = (), named: Iterable[Row] = (), ends: Iterable[Row] = ()
) -> list[Said]:
    names = {row["target"]: row["name"] for row in named}
    between = {row["assertion"]: row for row in ends}
    taken: dict[str, dict[str, Stance]] = defaultdict(dict)
    for row in stances:
        answers = to.to(row["answers"], "the claim") if "answers" in row else None
        target = to.to(row["target"], row.get("name") or names.get(row["target"]))
        taken[row["assertion"]].setdefault(row["target"], Stance(row["disputes"] == "true", target, answers))
    found: dict[str, Said] = {}
    for row in rows[:MOST]:
        assertion = row["assertion"]
        if assertion in found:
            continue
        reported = row.get("reported")
        found[assertion] = Said(
            words=row["words"],
            before=_whole_words(row["before"]),
            after=_whole_words(row["after"][::-1])[::-1],
            where=to.to(assertion, "passage"),
            document=to.to(row["document"], row.get("title")),
            claimant=to.to(row["claimant"], row.get("claimantName")),
            kind=local(row["kind"]),
            attitude=local(row["attitude"]),
            reported_from=(to.to(reported, names[reported]) if reported in names else Ref(reported)) if reported else None,
            stances=tuple(taken.get(assertion, {}).values()),
            disputes={"true": True, "false": False}.get(row.get("disputes", "")),
            subject=_end(to, between.get(assertion, {}), "subject"),
            object=_end(to, between.get(assertion, {}), "object"),
        )
    return list(found.values())


def _whole_words(before: str) -> str:
    """The context before a passage without the word that it begins in the middle of; backwards, that after one."""
    return before if len(before) < CONTEXT else "…" + before[max(0, _space(before)) :]


def _space(words: str) -> int:
    return next((place for place, letter in enumerate(words) if letter.isspace()), 0)


def _end(to: Links, row: Row, end: str) -> Ref | None:
    """One end of a proposition: an entity, which has a name, or the words themselves."""
    if end not in row:
        return None
    return to.to(row[end], row[f"{end}Name"]) if f"{end}Name" in row else Ref(row[end])


def _jsonld(iri: str, name: str, names: Sequence[str], types: Sequence[str], facts: Iterable[Row]) -> dict[str, object]:
    """The thing in schema.org's terms, for search engines."""
    known = [one.removeprefix(str(SCHEMA)) for one in types if one.startswith(str(SCHEMA))]
    found: dict[str, object] = {"@context": "https://schema.org", "@type": known or ["Thing"], "@id": iri, "name": name}
    others = [other for other in dict.fromkeys(names) if other != name]
    if others:
        found["alternateName"] = others
    for term_ in ("url", "sameAs"):
        values = [row["object"] for row in facts if row["predicate"] == f"{SCHEMA}{term_}"]
        if values:
            found[term_] = values
    return found
