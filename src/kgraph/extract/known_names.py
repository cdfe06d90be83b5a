"""Which names of the catalog count where they stand, and what they mean there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from spacy.tokens import Span as TokenSpan

from kgraph.catalog import Ambiguity, Entry, Hit
from kgraph.extract.naming import Named, Proposal, Rank, propose
from kgraph.extract.parse import ParsedPost
from kgraph.extract.people import is_dictionary_word
from kgraph.extract.person_names import MARKS
from kgraph.model.annotations import EntityKind, Judgement
from kgraph.model.text import Document, Span

PLACE_PREPOSITIONS = frozenset(
    "in from to at near of outside across throughout around between into toward towards visiting left".split()
)
_USE_BEFORE = frozenset(
    "on via use using join visit browse install uninstall download read tweet run upgrade launch support try love hate "
    "like prefer switch migrate "
    "subscribe post publish write code program build host develop learn site website app application service network "
    "platform magazine program "
    "tool product software browser blog language framework library database server version issue called named through "
    "onto".split()
)
_USE_AFTER = frozenset(
    "user users account accounts page pages group groups app apps api site website magazine profile community developer "
    "developers team feed plugin "
    "plugins extension extensions client server feature features version blog forum channel code library framework "
    "database programmer support "
    "integration project projects".split()
)
_ACTING = frozenset(
    "allow let do offer provide make launch host support add enable give show announce run require work".split()
)
_PRODUCT_LABELS = frozenset({"ORG", "PRODUCT", "WORK_OF_ART"})
_PLACE_LABELS = frozenset({"GPE", "LOC", "FAC"})
_NEEDED = {Ambiguity.NONE: 0, Ambiguity.CASE: 0, Ambiguity.CONTEXT: 2}
"""How much must speak for a name: nothing where its spelling does, more for a common word or name in any spelling."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the catalog's name means here, and how much the words around speak for it."""

    hit: Hit
    entry: Entry
    support: int

    @property
    def accepted(self) -> bool:
        short = 1 if self.hit.ambiguity is Ambiguity.CONTEXT and len(self.hit.span) < 3 else 0
        return self.support >= _NEEDED[self.hit.ambiguity] + short


def meanings_of(post: ParsedPost, hits: Sequence[Hit], title: str) -> list[Meaning]:
    """The catalog's names of a post, each with the entry that the words around fit best."""
    sure = [hit.span for hit in hits if hit.ambiguity is Ambiguity.NONE]
    found = []
    for hit in hits:
        scored = [(_support(post, hit, entry.kind, hits, sure, title), entry) for entry in hit.entries]
        if scored:
            support, entry = max(scored, key=lambda pair: pair[0])
            found.append(Meaning(hit, entry, support))
    return found


def _form(post: ParsedPost, hit: Hit) -> str:
    return post.text[hit.span.start - post.start : hit.span.end - post.start]


def _support(post: ParsedPost, hit: Hit, kind: EntityKind, hits: Sequence[Hit], sure: Sequence[Span], title: str) -> int:
    """How much the words around a name speak for a thing of this kind."""
    tokens = post.tokens(hit.span)
    if tokens is None:
        return 0
    first, last = tokens[0], tokens[-1]
    if not any(c.isupper() for c in tokens.text):
        return 0
    sentence = first.sent
    before = first.nbor(-1) if first.i > sentence.start else None
    after = last.nbor(1) if last.i + 1 < sentence.end else None
    labels = {token.ent_type_ for token in tokens}
    points = -1 if after is not None and after.like_num else 0
    if before is not None and first.tag_ in {"NNP", "NNPS"} and not before.is_punct:
        points += 1
    if kind is EntityKind.PLACE:
        if before is not None and before.lower_ in PLACE_PREPOSITIONS:
            points += 1
        if labels & _PLACE_LABELS:
            points += 1
        if any(_next_to(post, hit, other) and any(entry.kind is EntityKind.PLACE for entry in other.entries) for other in hits):
            points += 1
        return points
    if before is not None and (before.lower_ in _USE_BEFORE or before.lemma_.lower() in _USE_BEFORE):
        points += 2
    if first.dep_ in {"pobj", "dobj"} and first.head.lemma_.lower() in _USE_BEFORE:
        points += 1
    if after is not None and after.lower_ in _USE_AFTER:
        points += 2
    if last.dep_ == "nsubj" and last.head.lemma_.lower() in _ACTING:
        points += 1
    if any(sentence.start_char <= span.start - post.start < sentence.end_char for span in sure):
        points += 1
    if _listed_with(tokens, post, sure):
        points += 1
    if labels & _PRODUCT_LABELS:
        points += 1
    elif labels & {"DATE", "TIME", "CARDINAL"}:
        points -= 1
    if re.search(r"[a-z][A-Z]|[A-Z]{2}|\d|\.", tokens.text):
        points += 1
    if tokens.text in title:
        points += 1
    return points


def _next_to(post: ParsedPost, hit: Hit, other: Hit) -> bool:
    """Whether only a comma, a slash or `and` stands between the two."""
    if other.span.start >= hit.span.end:
        between = post.text[hit.span.end - post.start : other.span.start - post.start]
    elif hit.span.start >= other.span.end:
        between = post.text[other.span.end - post.start : hit.span.start - post.start]
    else:
        return False
    return len(between) < 10 and between.strip(" ,/&") in {"", "and", "or", "to"}


def _listed_with(tokens: TokenSpan, post: ParsedPost, sure: Sequence[Span]) -> bool:
    """Whether a name that is sure stands next to it in an enumeration."""
    root = tokens.root
    siblings = [root.head, *root.conjuncts] if root.dep_ == "conj" else list(root.conjuncts)
    return any(post.span(sibling).overlaps(span) for sibling in siblings for span in sure)


_ADDRESS = re.compile(r"https?:|www\.", re.IGNORECASE)
"""A link to a page of a company's names the page, not the company; a link into a platform is a use of it."""


def known_names(
    document: Document, post: ParsedPost, meanings: Sequence[Meaning], settled: Mapping[str, Entry]
) -> Iterator[Proposal]:  # fmt: skip
    """The names of the catalog that count: what one mention on the page settles holds for all of them."""
    for meaning in meanings:
        hit = meaning.hit
        form = _form(post, hit)
        if meaning.entry.kind is not EntityKind.PLATFORM and _ADDRESS.match(form):
            continue
        if hit.ambiguity is Ambiguity.NONE:
            if not _is_part_of_quoted_name(post, hit.span):
                yield from propose(
                    document,
                    post,
                    hit.span,
                    meaning.entry.kind,
                    Rank.CATALOG,
                    Judgement(0.95, "catalog"),
                    entry=meaning.entry,
                    trim=False,
                )
            continue
        entry = settled.get(form) or settled.get(form.casefold() if not is_dictionary_word(form) else "")
        if entry is not None and not _inside_a_longer_name(post, hit.span) and not _is_part_of_quoted_name(post, hit.span):
            yield from propose(
                document,
                post,
                hit.span,
                entry.kind,
                Rank.CATALOG_CONTEXT,
                Judgement(0.75, "catalog-in-context"),
                entry=entry,
                trim=False,
            )


def settle(posts: Sequence[ParsedPost], meanings: Mapping[str, Sequence[Meaning]]) -> dict[str, Entry]:
    """What each ambiguous form means on this page: the entry that some mention of it has enough support for."""
    best: dict[str, Meaning] = {}
    for post in posts:
        for meaning in meanings[post.post.id]:
            form = _form(post, meaning.hit)
            if (
                meaning.hit.ambiguity is not Ambiguity.NONE
                and meaning.accepted
                and not _inside_a_longer_name(post, meaning.hit.span)
            ):
                for key in {form, form.casefold()}:
                    if key not in best or meaning.support > best[key].support:
                        best[key] = meaning
    return {form: meaning.entry for form, meaning in best.items()}


def _is_part_of_quoted_name(post: ParsedPost, span: Span) -> bool:
    """Whether a common word stands in quotation marks after another capitalised word: a button's label, not the product."""
    tokens = post.tokens(span)
    if tokens is None or len(tokens) > 1 or tokens.start < 2 or not is_dictionary_word(tokens.text):
        return False
    before = tokens[0].nbor(-1)
    return before.text[0].isupper() and before.whitespace_ == " " and before.nbor(-1).text in MARKS


def _inside_a_longer_name(post: ParsedPost, span: Span) -> bool:
    """Whether a proper noun stands right before it, or after it one that no platform's name is followed by."""
    tokens = post.tokens(span)
    if tokens is None:
        return False
    before = tokens[0].nbor(-1) if tokens.start > tokens.sent.start else None
    after = tokens[-1].nbor(1) if tokens.end < tokens.sent.end else None
    names_before = (
        before is not None
        and before.text[0].isupper()
        and before.pos_ == "PROPN"
        and before.whitespace_ == " "
        and before.i > tokens.sent.start
    )
    names_after = (
        after is not None
        and after.text[0].isupper()
        and after.pos_ == "PROPN"
        and tokens[-1].whitespace_ == " "
        and after.lower_ not in _USE_AFTER
    )
    return names_before or names_after


def otherwise_cased(document: Document, post: ParsedPost, chosen: Iterable[Sequence[Named]]) -> Iterator[Proposal]:
    """The catalog's names that the page spells as the catalog does in one place, where it writes them small in another."""
    known = {
        named.surface: named
        for of_post in chosen
        for named in of_post
        if named.entry is not None and not named.surface.islower()
    }
    start, text = post.post.span.start, document.words(post.post.span)
    small = text.casefold()
    for surface, named in known.items():
        form = surface.casefold()
        if (
            len(form) < 4
            or form not in small
            or is_dictionary_word(form)
            or len(small) != len(text)
            or named.kind is EntityKind.PLACE
        ):
            continue
        for match in re.finditer(rf"(?<![\w.@/]){re.escape(form)}(?!\w)", text):
            span = Span(start + match.start(), start + match.end())
            yield from propose(
                document,
                post,
                span,
                named.kind,
                Rank.TAGGED,
                Judgement(0.85, "catalog-respelled"),
                entry=named.entry,
                trim=False,
            )


_BETWEEN = re.compile(r", (?P<name>[A-Z][\w&-]*(?: [A-Z][\w&-]*)?)(?:,|,? (?:and|or|&)) $")


def enumerated(document: Document, post: ParsedPost, meanings: Sequence[Meaning]) -> Iterator[Proposal]:
    """A name that nobody knows between two of one kind: `Plaza, Zorbo and Agora`."""
    known = [meaning for meaning in meanings if meaning.accepted]
    for one, two in pairwise(known):
        kind = one.entry.kind
        between = document.text[one.hit.span.end : two.hit.span.start]
        match = _BETWEEN.match(between + " " if not between.endswith(" ") else between) if len(between) < 60 else None
        if match and kind is two.entry.kind and kind in {EntityKind.ORGANIZATION, EntityKind.PLATFORM}:
            start = one.hit.span.end + match.start("name")
            span = Span(start, start + len(match["name"]))
            yield from propose(document, post, span, kind, Rank.PERSON, Judgement(0.6, "enumeration"))
