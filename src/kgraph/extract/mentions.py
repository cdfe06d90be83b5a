"""Where a text names a person, a platform, a place and so on, and what kind of thing each name is.

Names come from four sources, surest first: the thread (who writes here, called by name), the catalog, the wording
(`Ana Lima's The Long Road` in a list of works, `sites such as Plaza`), the tagger with the model of `people`. Each proposes;
where two proposals overlap the surer source wins, then the longer name. A name in the catalog that is also a common word, a
person's or a place's counts only where the words around it speak for the thing of the catalog.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from spacy.tokens import Span as TokenSpan

from kgraph.catalog import Catalog, Hit
from kgraph.extract.address import straighten_same_length
from kgraph.extract.known_names import PLACE_PREPOSITIONS, enumerated, known_names, meanings_of, otherwise_cased, settle
from kgraph.extract.naming import Named, Proposal, Rank, choose, propose
from kgraph.extract.parse import ParsedPost
from kgraph.extract.people import is_dictionary_word, names_among, probabilities
from kgraph.extract.person_names import LIKELY, Forms, full_names, is_code, people_called, single_names, trimmed
from kgraph.extract.wording import WEAK_RULES, worded_names
from kgraph.model.annotations import EntityKind, Judgement
from kgraph.model.extraction import Thread
from kgraph.model.text import Document, Span

__all__ = ["Named", "find_mentions"]


def find_mentions(document: Document, posts: Sequence[ParsedPost], thread: Thread, catalog: Catalog) -> tuple[Named, ...]:
    """Every name in the posts, in the order of the text, none overlapping another."""
    hits = {post.post.id: list(catalog.find(document.text, post.post.span.start, post.post.span.end)) for post in posts}
    meanings = {post.post.id: meanings_of(post, hits[post.post.id], document.title or "") for post in posts}
    settled = settle(posts, meanings)
    coinages = _coinages(document, catalog)
    forms = Forms(thread)
    proposals: dict[str, list[Proposal]] = {post.post.id: [] for post in posts}
    likely = {post.post.id: probabilities(post.parse) for post in posts}
    people = {post.post.id: names_among(post.parse, likely[post.post.id], at_least=LIKELY) for post in posts}
    for post in posts:
        found = proposals[post.post.id]
        found.extend(_from_wording(document, post, catalog, hits[post.post.id]))
        found.extend(enumerated(document, post, meanings[post.post.id]))
        found.extend(full_names(document, post, people[post.post.id], likely[post.post.id], hits[post.post.id]))
    for found in proposals.values():
        forms.learn(proposal.named for proposal in found if proposal.named.kind is EntityKind.PERSON)
    for post in posts:
        found = proposals[post.post.id]
        found.extend(known_names(document, post, meanings[post.post.id], settled))
        found.extend(people_called(document, post, forms))
        found.extend(single_names(document, post, likely[post.post.id], forms))
        found.extend(_site(document, post))
        found.extend(_tagged(document, post))
        found.extend(_coined(document, post, catalog, coinages))
    chosen = {post.post.id: choose(proposals[post.post.id]) for post in posts}
    for post in posts:
        proposals[post.post.id].extend(otherwise_cased(document, post, chosen.values()))
    return tuple(named for post in posts for named in choose(proposals[post.post.id]))


# The wording ----------------------------------------------------------------------------------------------------------


def _from_wording(document: Document, post: ParsedPost, catalog: Catalog, hits: Sequence[Hit]) -> Iterator[Proposal]:
    start = post.post.span.start
    for worded in worded_names(straighten_same_length(document.words(post.post.span))):
        creators = []
        for first, last in worded.creators:
            for proposal in propose(
                document,
                post,
                Span(start + first, start + last),
                EntityKind.PERSON,
                Rank.CREATOR,
                Judgement(worded.confidence, worded.rule),
            ):
                creators.append(proposal.named.span)
                yield proposal
        rank = Rank.WORK_BY if creators else Rank.WORDED if worded.rule in WEAK_RULES else Rank.TITLE
        kind = worded.kind
        if worded.rule == "owned-long" and _names_a_technology(hits, Span(start + worded.start, start + worded.end)):
            kind = EntityKind.TECHNOLOGY
        judgement = Judgement(worded.confidence, worded.rule)
        span = Span(start + worded.start, start + worded.end)
        known = next((entry for entry in catalog.lookup(span.of(document.text)) if entry.kind is kind and not creators), None)
        yield from propose(document, post, span, kind, rank, judgement, entry=known, creators=tuple(creators))


def _names_a_technology(hits: Sequence[Hit], span: Span) -> bool:
    """Whether part of the name is a technology's: `Ana Lima's HTML Tool Kit` is a program rather than a book."""
    return any(hit.span in span and any(entry.kind is EntityKind.TECHNOLOGY for entry in hit.entries) for hit in hits)


def _site(document: Document, post: ParsedPost) -> Iterator[Proposal]:
    """The page's own site, where a post names it."""
    if not document.site or len(document.site) < 4:
        return
    name = re.sub(r"^(?:the|a|an)\s+", "", document.site.strip(), flags=re.IGNORECASE)
    if not re.search(r"\w{4}", name) or (name.islower() and " " not in name):
        return
    for match in re.finditer(rf"(?<!\w)(?:[Tt]he )?{re.escape(name)}(?!\w)", document.words(post.post.span)):
        start = post.post.span.start
        yield from propose(
            document,
            post,
            Span(start + match.start(), start + match.end()),
            EntityKind.PLATFORM,
            Rank.SITE,
            Judgement(0.9, "site"),
            trim=False,
        )


_COINAGE = re.compile(r"(?<![\w@.\\/:-])[A-Z][a-z]+[A-Z]\w*+(?![\w(\\/]|::|\.\w)")
_SURNAME_PREFIX = re.compile(r"(?:Mc|Mac|De|Di|La|Le|Van|Von|Fitz|O)[A-Z][a-z]+")
_MODEL = re.compile(
    r"\b(?:[Aa]|[Aa]n|[Tt]he|[Mm]y|your|his|her|our) "
    r"(?:(?<!the )(?P<name>[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)* \d{2,4})|(?P<code>[A-Z]{1,3}-?\d{2,4}[A-Z]?))\b"
    r"(?! (?:percent|people|years|days))"
)
_NUMBERED = frozenset(
    "chapter section version level page step part route room day week june july august october november december january "
    "february march april may september".split()
)


def _coinages(document: Document, catalog: Catalog) -> frozenset[str]:
    """The made-up words, folded, that a page uses more than once, in whatever case."""
    seen = {
        match.group().casefold()
        for post in document
        for match in _COINAGE.finditer(document.words(post.span))
        if not is_code(document, Span(post.span.start + match.start(), post.span.start + match.end()))
    }
    words = (
        Counter(word for post in document for word in re.findall(r"\w+", document.words(post.span).casefold()))
        if seen
        else Counter()
    )
    return frozenset(word for word in seen if words[word] > 1 and not catalog.lookup(word))


def _coined(document: Document, post: ParsedPost, catalog: Catalog, coinages: frozenset[str]) -> Iterator[Proposal]:
    """Names made up for a thing: `PlumServer`, where the page repeats it or the catalog spells it otherwise; `a Plum 500`."""
    start, text = post.post.span.start, document.words(post.post.span)
    for match in _COINAGE.finditer(text):
        word, span = match.group(), Span(start + match.start(), start + match.end())
        known = [entry for entry in catalog.lookup(word) if len(word) > 4]
        if known:
            yield from propose(
                document,
                post,
                span,
                known[0].kind,
                Rank.CATALOG_CONTEXT,
                Judgement(0.9, "catalog-respelled"),
                entry=known[0],
                trim=False,
            )
        elif word.casefold() in coinages and not is_code(document, span) and not _SURNAME_PREFIX.fullmatch(word):
            yield from propose(document, post, span, EntityKind.TECHNOLOGY, Rank.TAGGED, Judgement(0.5, "coinage"))
    for word in coinages:
        for match in (
            re.finditer(rf"(?<![\w@.\\/]){re.escape(word)}(?![\w\\/])", text.casefold()) if word in text.casefold() else ()
        ):
            span = Span(start + match.start(), start + match.end())
            if not is_code(document, span):
                yield from propose(document, post, span, EntityKind.TECHNOLOGY, Rank.TAGGED, Judgement(0.4, "coinage"))
    for match in _MODEL.finditer(text):
        group = str(match.lastgroup)
        if match[group].split()[0].casefold() not in _NUMBERED:
            span = Span(start + match.start(group), start + match.end(group))
            yield from propose(document, post, span, EntityKind.TECHNOLOGY, Rank.CATALOG, Judgement(0.5, "model-number"))


def _tagged(document: Document, post: ParsedPost) -> Iterator[Proposal]:
    """Places that the tagger names, where the words around agree."""
    for entity in post.parse.ents:
        if entity.label_ not in {"GPE", "LOC"}:
            continue
        tokens = trimmed(entity)
        if (
            tokens is None
            or not tokens[0].text[0].isupper()
            or not all(token.text.isalpha() for token in tokens if not token.is_punct)
        ):
            continue
        if tokens[0].i == tokens.sent.start and len(tokens) == 1:
            continue
        if any(is_dictionary_word(token.text) for token in tokens if len(tokens) == 1) or tokens.text.isupper():
            continue
        if not _is_where(tokens):
            continue
        yield from propose(document, post, post.span(tokens), EntityKind.PLACE, Rank.TAGGED, Judgement(0.6, "tagger"))


def _is_where(tokens: TokenSpan) -> bool:
    before = tokens[0].nbor(-1) if tokens.start else None
    if before is not None and before.lower_ == "the" and before.i:
        before = before.nbor(-1)
    return before is not None and before.lower_ in PLACE_PREPOSITIONS - {"to", "of", "from", "at"}
