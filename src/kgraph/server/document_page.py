"""What the page of a document shows: its posts, each with its claims at their exact words, and the thread as a tree.

The text is that of the posts' own passages; offsets in the graph count from the document's beginning, so a post's are found by
taking away where it begins.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from kgraph.server import addresses
from kgraph.server.marking import Mark, Token, tokens
from kgraph.server.questions import Reading, Row, term

MOST_POSTS = 2_000
MOST_MARKS = 20_000
"""Of each sort, on one page; the page says where there is more."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A name and where it leads, if anywhere."""

    name: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Stance:
    """That a claim supports or disputes something; `answers` is the very claim it responds to, where known."""

    disputes: bool
    toward: Ref
    answers: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNote:
    """A claim as the text makes it: `number` counts them through the page, `claimant` is there if not the post's author."""

    number: int
    anchor: str
    claim_anchor: str
    kind: str
    attitude: str
    modality: str
    polarity: str
    confidence: str
    claimant: Ref | None
    reported_from: Ref | None
    about: tuple[Ref, ...]
    stances: tuple[Stance, ...]
    answered: tuple[Stance, ...]
    tag: str = "claim"


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words of another post; `fidelity` says how closely."""

    anchor: str
    source: Ref
    fidelity: str
    tag: str = "quotation"


@dataclass(frozen=True, slots=True)
class Asked:
    anchor: str
    tag: str = "question"


@dataclass(frozen=True, slots=True)
class Named:
    """A mention of an entity."""

    anchor: str
    entity: Ref
    tag: str = "mention"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words that an inference stands on."""

    anchor: str
    tag: str = "evidence"


Note = ClaimNote | Quoted | Asked | Named | Evidence


@dataclass(frozen=True, slots=True)
class Placed:
    """A note at its words; `at` is the fragment that names the passage, if nothing on the page has that name yet."""

    note: Note
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    """One post; `depth` is how far it lies from the root of its thread."""

    anchor: str
    position: str
    author: Ref | None
    created: str | None
    article: bool
    answers: Ref | None
    depth: int
    opening: str
    passage: str
    text: list[Token[Placed]]
    claims: list[ClaimNote]
    words: str
    stance: str

    @property
    def name(self) -> str:
        return self.author.name if self.author else f"post {self.position}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """What was concluded about who wrote what, and on which words."""

    anchor: str
    what: Ref
    person: Ref
    confidence: str
    rule: str
    signals: tuple[str, ...]
    evidence: tuple[Ref, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """`thread` has the posts in the order of the tree, `posts` in that of the page."""

    iri: str
    path: str
    title: str
    source: Ref | None
    site: Ref | None
    posts: list[PostView]
    thread: list[PostView]
    kinds: list[tuple[str, int]]
    inferences: list[Inference]
    more: bool
    jsonld: dict[str, object] = field(default_factory=dict)


_SELECTORS = "oa:hasSelector [ oa:exact ?words ] , [ oa:start ?start ; oa:end ?end ]"
_POSTS = f"""SELECT ?post ?position ?words ?start ?end ?account ?handle ?person ?name ?parent ?created ?article ?stance WHERE {{
  GRAPH %(doc)s {{
    ?post sioc:has_container %(doc)s ; kg:evidence [ {_SELECTORS} ] .
    OPTIONAL {{ ?post schema:position ?position }}
    OPTIONAL {{
      ?post sioc:has_creator ?account .
      OPTIONAL {{ ?account foaf:accountName ?handle }}
      OPTIONAL {{ ?account sioc:account_of ?person . OPTIONAL {{ ?person schema:name ?name }} }}
    }}
    OPTIONAL {{ ?post sioc:reply_of ?parent }}
    OPTIONAL {{ ?post schema:dateCreated ?created }}
    OPTIONAL {{ ?post cito:disagreesWith ?parent . BIND("disputes" AS ?stance) }}
    OPTIONAL {{ ?post cito:agreesWith ?parent . BIND("supports" AS ?stance) }}
    BIND(EXISTS {{ ?post a schema:BlogPosting }} AS ?article)
  }}
}} ORDER BY ?start LIMIT {MOST_POSTS + 1}"""
_CLAIMS = """SELECT ?assertion ?claim ?kind ?attitude ?modality ?polarity ?confidence ?claimant ?name ?post ?start ?end
  ?reported ?reportedName WHERE {
  GRAPH %(doc)s {
    ?assertion a kg:Assertion ; kg:claim ?claim ; kg:claimant ?claimant ; kg:inPost ?post ; kg:attitude ?attitude ;
      kg:evidence [ oa:hasSelector [ oa:start ?start ; oa:end ?end ] ] .
    ?claim kg:kind ?kind .
    OPTIONAL { ?claim kg:modality ?modality }
    OPTIONAL { ?claim kg:polarity ?polarity }
    OPTIONAL { ?assertion kg:confidence ?confidence }
    OPTIONAL { ?claimant schema:name ?name }
    OPTIONAL { ?assertion kg:reportedFrom ?reported . OPTIONAL { ?reported schema:name ?reportedName } }
  }
} ORDER BY ?start ?end ?assertion LIMIT %(most)d"""
_ABOUT = """SELECT DISTINCT ?claim ?thing ?name WHERE {
  GRAPH %(doc)s { ?claim a kg:Claim ; schema:about ?thing . OPTIONAL { ?thing schema:name ?name } }
} ORDER BY ?name LIMIT %(most)d"""
_STANCES = """SELECT ?assertion ?claimant ?claimantName ?disputes ?target ?name ?answers WHERE {
  GRAPH %(doc)s {
    { ?assertion kg:disputes ?target . BIND(true AS ?disputes) }
    UNION { ?assertion kg:supports ?target . BIND(false AS ?disputes) }
    OPTIONAL { ?assertion kg:claimant ?claimant . OPTIONAL { ?claimant schema:name ?claimantName } }
    OPTIONAL { ?target schema:name ?name }
    OPTIONAL { ?target sioc:has_creator [ sioc:account_of [ schema:name ?name ] ] }
    OPTIONAL { ?assertion kg:respondsTo ?answers }
  }
} ORDER BY ?assertion LIMIT %(most)d"""
_QUOTATIONS = """SELECT ?quotation ?post ?source ?fidelity ?name ?start ?end WHERE {
  GRAPH %(doc)s {
    ?quotation a schema:Quotation ; schema:isPartOf ?post ; prov:wasQuotedFrom ?source ;
      kg:evidence [ oa:hasSelector [ oa:start ?start ; oa:end ?end ] ] .
    OPTIONAL { ?quotation kg:fidelity ?fidelity }
    OPTIONAL { ?quotation schema:spokenByCharacter [ schema:name ?name ] }
  }
} ORDER BY ?start LIMIT %(most)d"""
_MENTIONS = """SELECT ?mention ?entity ?name ?start ?end WHERE {
  GRAPH %(doc)s {
    ?mention a oa:Annotation ; oa:hasBody ?entity ; oa:hasTarget [ oa:hasSelector [ oa:start ?start ; oa:end ?end ] ] .
    OPTIONAL { ?entity schema:name ?name }
  }
} ORDER BY ?start DESC(?end) LIMIT %(most)d"""
_QUESTIONS = """SELECT ?question ?start ?end WHERE {
  GRAPH %(doc)s { ?question a kg:Question ; kg:evidence [ oa:hasSelector [ oa:start ?start ; oa:end ?end ] ] }
} ORDER BY ?start LIMIT %(most)d"""
_FACTS = """SELECT ?title ?source ?site ?siteName WHERE {
  GRAPH %(doc)s {
    OPTIONAL { %(doc)s dcterms:title ?title }
    OPTIONAL { %(doc)s dcterms:source ?source }
    OPTIONAL { %(doc)s schema:isPartOf ?site . OPTIONAL { ?site schema:name ?siteName } }
  }
} LIMIT 1"""
_INFERENCES = """SELECT ?inference ?what ?whatName ?person ?name ?confidence ?rule ?signal ?passage ?evidence ?start ?end
  WHERE {
  GRAPH %(doc)s {
    ?inference a kg:IdentityInference ; kg:identifies ?what ; kg:as ?person .
    OPTIONAL { ?what foaf:accountName ?whatName }
    OPTIONAL { ?person schema:name ?name }
    OPTIONAL { ?inference kg:confidence ?confidence }
    OPTIONAL { ?inference kg:rule ?rule }
    OPTIONAL { ?inference kg:signal ?signal }
    OPTIONAL {
      ?inference kg:evidence ?passage . ?passage oa:hasSelector [ oa:exact ?evidence ] , [ oa:start ?start ; oa:end ?end ]
    }
  }
} ORDER BY ?inference ?signal ?passage LIMIT 500"""


async def read(reading: Reading, iri: str, bases: Sequence[str]) -> DocumentView:
    """Everything that the page of this document shows."""
    doc = {"doc": term(iri), "most": MOST_MARKS}
    texts = (_FACTS, _POSTS, _CLAIMS, _ABOUT, _STANCES, _QUOTATIONS, _MENTIONS, _QUESTIONS, _INFERENCES)
    answers = await asyncio.gather(*(reading.rows(text % doc) for text in texts))
    return await asyncio.to_thread(_view, iri, bases, *answers)


def local(iri: str) -> str:
    """The last part of an IRI, as people read it."""
    return iri.rstrip("/#").rpartition("#")[2].rpartition("/")[2]


def inferences_of(rows: Iterable[Row], link: Links) -> list[Inference]:
    """Identity inferences, from rows that differ in signal and evidence."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["inference"]].append(row)
    return [
        Inference(
            anchor=link.anchor(iri),
            what=link.to(rows[0]["what"], rows[0].get("whatName") or "This passage"),
            person=link.to(rows[0]["person"], rows[0].get("name")),
            confidence=rows[0].get("confidence", ""),
            rule=rows[0].get("rule", ""),
            signals=tuple(dict.fromkeys(row["signal"] for row in rows if "signal" in row)),
            evidence=tuple(
                link.to(iri, words)
                for iri, words in {row["passage"]: row["evidence"] for row in rows if "evidence" in row}.items()
            ),
        )
        for iri, rows in found.items()
    ]


class Links:
    """Links from one page: within it by fragment, else by path or to the web."""

    def __init__(self, page: str, bases: Sequence[str]) -> None:
        self._page = page + "#"
        self._bases = bases

    def anchor(self, iri: str) -> str:
        """The fragment of this page that the IRI names, or nothing."""
        return iri.removeprefix(self._page) if iri.startswith(self._page) else ""

    def to(self, iri: str, name: str | None) -> Ref:
        anchor = self.anchor(iri)
        return Ref(name or local(iri), f"#{anchor}" if anchor else addresses.href(iri, self._bases))


def _view(
    iri: str,
    bases: Sequence[str],
    facts: list[Row],
    post_rows: list[Row],
    claims: list[Row],
    abouts: list[Row],
    stances: list[Row],
    quotations: list[Row],
    mentions: list[Row],
    questions: list[Row],
    inferences: list[Row],
) -> DocumentView:
    to = Links(iri, bases)
    posts: dict[str, Row] = {}
    for row in post_rows[:MOST_POSTS]:
        posts.setdefault(row["post"], row)
    authors = {post: to.to(row["person"], row.get("name")) for post, row in posts.items() if "person" in row}
    authors |= {
        post: to.to(row["account"], row.get("handle"))
        for post, row in posts.items()
        if post not in authors and "account" in row
    }
    about: dict[str, dict[str, Ref]] = defaultdict(dict)
    for row in abouts:
        about[row["claim"]].setdefault(row["thing"], to.to(row["thing"], row.get("name")))
    notes = _claim_notes(to, posts, claims, about, stances)
    evidence = [row for row in inferences if "start" in row]
    marks, passages = _marks(to, posts, notes, quotations, mentions, questions, evidence)
    depths = _tree({post: row.get("parent") for post, row in posts.items()})
    per_post = _by_post(notes)
    views: dict[str, PostView] = {}
    for post, row in posts.items():
        parent = row.get("parent")
        answered = authors[parent].name if parent in authors else local(parent) if parent else ""
        views[post] = PostView(
            anchor=to.anchor(post),
            position=row.get("position", ""),
            author=authors.get(post),
            created=row.get("created"),
            article=row["article"] == "true",
            answers=to.to(parent, answered) if parent else None,
            depth=depths[post],
            opening=_opening(row["words"]),
            passage=f"at-{row['start']}-{row['end']}",
            text=list(tokens(row["words"], marks[post])),
            claims=per_post.get(post, []),
            words=row["words"],
            stance=row.get("stance", ""),
        )
    fact = facts[0] if facts else {}
    kinds = Counter(note.kind for note, _ in notes)
    view = DocumentView(
        iri=iri,
        path=addresses.href(iri, bases) or "",
        title=fact.get("title") or local(iri),
        source=to.to(fact["source"], fact["source"]) if "source" in fact else None,
        site=to.to(fact["site"], fact.get("siteName")) if "site" in fact else None,
        posts=list(views.values()),
        thread=[views[post] for post in depths],
        kinds=sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0])),
        inferences=[_with_what_is_here(one, passages) for one in inferences_of(inferences, to)],
        more=len(post_rows) > MOST_POSTS or any(len(rows) >= MOST_MARKS for rows in (claims, mentions)),
    )
    view.jsonld.update(_jsonld(view, fact))
    return view


def _by_post(notes: Iterable[tuple[ClaimNote, Row]]) -> dict[str, list[ClaimNote]]:
    found: dict[str, list[ClaimNote]] = defaultdict(list)
    for note, row in notes:
        found[row["post"]].append(note)
    return found


def _claim_notes(
    to: Links, posts: dict[str, Row], claims: list[Row], about: dict[str, dict[str, Ref]], stances: list[Row]
) -> list[tuple[ClaimNote, Row]]:
    taken: dict[str, dict[tuple[str, str], Stance]] = defaultdict(dict)
    answered: dict[str, dict[str, Stance]] = defaultdict(dict)
    for row in stances:
        disputes = row["disputes"] == "true"
        response = to.to(row["answers"], "the claim") if "answers" in row else None
        stance = Stance(disputes, to.to(row["target"], row.get("name")), response)
        taken[row["assertion"]].setdefault((row["target"], row.get("answers", "")), stance)
        if "answers" in row:
            who = Ref(row.get("claimantName") or "a comment", to.to(row["assertion"], None).href)
            answered[row["answers"]].setdefault(row["assertion"], Stance(disputes, who))
    notes: list[tuple[ClaimNote, Row]] = []
    seen: set[str] = set()
    numbers = count(1)
    named: set[str] = set()
    for row in claims:
        assertion, claim = row["assertion"], row["claim"]
        if assertion in seen:
            continue
        seen.add(assertion)
        author = posts.get(row["post"], {}).get("person")
        source = row.get("reported")
        note = ClaimNote(
            number=next(numbers),
            anchor=to.anchor(assertion),
            claim_anchor=to.anchor(claim) if claim not in named else "",
            kind=local(row["kind"]),
            attitude=local(row["attitude"]),
            modality=local(row.get("modality", "")),
            polarity=local(row.get("polarity", "")),
            confidence=row.get("confidence", ""),
            claimant=to.to(row["claimant"], row.get("name")) if row["claimant"] != author else None,
            reported_from=(to.to(source, row["reportedName"]) if "reportedName" in row else Ref(source)) if source else None,
            about=tuple(about.get(claim, {}).values()),
            stances=tuple(taken.get(assertion, {}).values()),
            answered=tuple(answered.get(assertion, {}).values()),
        )
        named.add(claim)
        notes.append((note, row))
    return notes


def _marks(
    to: Links,
    posts: dict[str, Row],
    claims: Iterable[tuple[ClaimNote, Row]],
    quotations: Iterable[Row],
    mentions: Iterable[Row],
    questions: Iterable[Row],
    evidence: Iterable[Row],
) -> tuple[dict[str, list[Mark[Placed]]], set[str]]:
    """The marks of each post, their offsets counted from its beginning; and the passages that the page names."""
    begins = {post: int(row["start"]) for post, row in posts.items()}
    ends = {post: int(row["end"]) for post, row in posts.items()}
    places = sorted((begins[post], post) for post in posts)
    found: dict[str, list[Mark[Placed]]] = {post: [] for post in posts}

    named = {f"at-{row['start']}-{row['end']}" for row in posts.values()}

    def add(post: str | None, row: Row, rank: int, note: Note) -> None:
        start, end = int(row["start"]), int(row["end"])
        if post is None or post not in begins or not begins[post] <= start < ends[post]:
            return
        at = f"at-{start}-{end}"
        found[post].append(Mark(start - begins[post], end - begins[post], rank, Placed(note, "" if at in named else at)))
        named.add(at)

    for note, row in claims:
        add(row["post"], row, 1, note)
    for row in quotations:
        quoted = Quoted(to.anchor(row["quotation"]), to.to(row["source"], row.get("name")), local(row.get("fidelity", "")))
        add(row["post"], row, 0, quoted)
    for row in questions:
        add(_holding(places, int(row["start"])), row, 2, Asked(to.anchor(row["question"])))
    end = 0
    for row in mentions:  # in their order; a link cannot lie in another
        if int(row["start"]) >= end:
            end = int(row["end"])
            mention = Named(to.anchor(row["mention"]), to.to(row["entity"], row.get("name")))
            add(_holding(places, int(row["start"])), row, 3, mention)
    for row in sorted(evidence, key=lambda row: int(row["start"])):
        if f"at-{row['start']}-{row['end']}" not in named:
            add(_holding(places, int(row["start"])), row, 4, Evidence(to.anchor(row["passage"])))
    return found, named


def _with_what_is_here(inference: Inference, passages: set[str]) -> Inference:
    """The inference without links to words that stand outside of all posts, in a heading."""
    evidence = tuple(ref if (ref.href or "")[1:] in passages else Ref(ref.name) for ref in inference.evidence)
    return replace(inference, evidence=evidence)


def _holding(places: Sequence[tuple[int, str]], start: int) -> str | None:
    """The post that begins last before `start`."""
    at = bisect_right(places, start, key=lambda place: place[0])
    return places[at - 1][1] if at else None


def _tree(parents: dict[str, str | None]) -> dict[str, int]:
    """The posts in the order of their tree, with how deep each lies; one whose ancestors go in a circle begins a tree."""
    children: dict[str | None, list[str]] = defaultdict(list)
    for post, parent in parents.items():
        children[parent if parent in parents else None].append(post)
    depths: dict[str, int] = {}
    for root in (*children[None], *parents):
        waiting = [(root, 0)] if root not in depths else []
        while waiting:
            post, depth = waiting.pop()
            if post not in depths:
                depths[post] = depth
                waiting.extend((child, depth + 1) for child in reversed(children[post]))
    return depths


def _opening(words: str) -> str:
    line = " ".join(words[:400].split())
    return line if len(line) <= 110 and len(words) <= 400 else line[:110].rpartition(" ")[0][:110] + "…"


def _jsonld(view: DocumentView, fact: Row) -> dict[str, object]:
    """The document in schema.org's terms, for search engines."""
    found: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "CreativeWork",
        "@id": view.iri,
        "name": view.title,
        "commentCount": sum(not post.article for post in view.posts),
    }
    if "source" in fact:
        found["url"] = fact["source"]
    if view.site is not None:
        found["isPartOf"] = {"@type": "WebSite", "@id": fact["site"], "name": view.site.name}
    article = next((post for post in view.posts if post.article), None)
    if article is not None and article.author is not None:
        found["author"] = {"@type": "Person", "name": article.author.name}
    comments = [
        {
            "@type": "Comment",
            "@id": f"{view.iri}#{post.anchor}",
            "text": post.opening,
            **({"author": {"@type": "Person", "name": post.author.name}} if post.author else {}),
            **({"dateCreated": post.created} if post.created else {}),
        }
        for post in view.posts
        if not post.article
    ]
    if comments:
        found["comment"] = comments[:100]
    return found
