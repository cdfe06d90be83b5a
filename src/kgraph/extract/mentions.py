"""Where a text names a person, a platform, a place and so on, and what kind of thing each name is.

Names come from four sources, surest first: the thread (who writes here, called by name), the catalog, the wording
(`Ana Lima's The Long Road` in a list of works, `sites such as Plaza`), and the tagger with the model of `people`. Each proposes;
where two proposals overlap the surer source wins, then the longer name. A name in the catalog that is also a common word, a
person's or a place's counts only where the words around it speak for the thing of the catalog.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spacy.tokens import Span as TokenSpan
from spacy.tokens import Token

from kgraph.catalog import Catalog, Entry, Hit
from kgraph.extract.address import addresses, straighten_same_length
from kgraph.extract.parse import ParsedPost
from kgraph.extract.people import PersonName, is_dictionary_word, is_given_name, names_of_people, word_classes
from kgraph.extract.wording import worded_names
from kgraph.model.annotations import Entity, EntityKind, Judgement
from kgraph.model.extraction import Thread
from kgraph.model.text import Document, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A name in a post: of `person` where it is somebody of the thread, of `entry` where the catalog has it.

    `creators` are the spans of the names of a work's creators.
    """

    post: str
    span: Span
    surface: str
    kind: EntityKind
    judgement: Judgement
    entry: Entry | None = None
    person: str | None = None
    creators: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class _Proposal:
    rank: int
    named: Named


# Where two names overlap, the higher rank wins.
_FULL_NAME, _CREATOR, _WORK_BY, _CALLED, _CATALOG, _WORDED, _CATALOG_CONTEXT, _PERSON, _SITE, _TAGGED = range(100, 0, -10)

_SURE_PERSON = 0.5
_LIKELY_PERSON = 0.25
"""How probable a name of two words or more must be, and one of a single word; set on the project's own sample pages."""


def find_mentions(document: Document, posts: Sequence[ParsedPost], thread: Thread, catalog: Catalog) -> tuple[Named, ...]:
    """Every name in the posts, in the order of the text, none overlapping another."""
    hits = {post.post.id: list(catalog.find(document.text, post.post.span.start, post.post.span.end)) for post in posts}
    supported = _supported_entries(posts, hits)
    forms = _Forms(document, thread)
    proposals: dict[str, list[_Proposal]] = {post.post.id: [] for post in posts}
    people = {post.post.id: names_of_people(post.parse, at_least=_LIKELY_PERSON) for post in posts}
    for post in posts:
        found = proposals[post.post.id]
        found.extend(_from_wording(document, post))
        found.extend(_full_names(document, post, people[post.post.id], hits[post.post.id]))
    for found in proposals.values():
        forms.learn(proposal.named for proposal in found if proposal.named.kind is EntityKind.PERSON)
    for post in posts:
        found = proposals[post.post.id]
        found.extend(_from_catalog(document, post, hits[post.post.id], supported))
        found.extend(_called(document, post, forms))
        found.extend(_single_names(document, post, people[post.post.id], forms))
        found.extend(_site(document, post))
        found.extend(_tagged(document, post, catalog))
    return tuple(named for post in posts for named in _choose(proposals[post.post.id]))


def _choose(proposals: Iterable[_Proposal]) -> list[Named]:
    """The proposals without overlaps: the surer wins, then the longer, then the earlier."""
    chosen: list[Named] = []
    ordered = sorted(proposals, key=lambda p: (-p.rank, -len(p.named.span), p.named.span))
    for proposal in ordered:
        if not any(proposal.named.span.overlaps(other.span) for other in chosen):
            chosen.append(proposal.named)
    return sorted(chosen, key=lambda named: named.span)


_LOOSE_START = re.compile(r"^[\s.,:;!?\"'“”‘’(){}\[\]*_~`@-]+")
_LOOSE_END = re.compile(r"(?:['’]s|(?<=s)['’]|[\s.,:;!?\"“”‘’(){}\[\]*_~`-])+$")


def _proposal(
    document: Document, post: ParsedPost, span: Span, kind: EntityKind, rank: int, judgement: Judgement, *, entry: Entry | None = None,
    person: str | None = None, creators: tuple[Span, ...] = (), trim: bool = True,
) -> Iterable[_Proposal]:  # fmt: skip
    """One proposal, the possessive and the marks around the name left out; none where nothing is left."""
    if trim:
        words = span.of(document.text)
        start = span.start + len(words) - len(_LOOSE_START.sub("", words))
        end = span.start + len(_LOOSE_END.sub("", words))
        if end <= start:
            return
        span = Span(start, end)
    yield _Proposal(
        rank,
        Named(
            post=post.post.id, span=span, surface=span.of(document.text), kind=kind, judgement=judgement, entry=entry, person=person,
            creators=creators,
        ),
    )  # fmt: skip


# The wording ----------------------------------------------------------------------------------------------------------


def _from_wording(document: Document, post: ParsedPost) -> Iterable[_Proposal]:
    start = post.post.span.start
    for worded in worded_names(straighten_same_length(document.words(post.post.span))):
        creators = []
        for first, last in worded.creators:
            for proposal in _proposal(
                document, post, Span(start + first, start + last), EntityKind.PERSON, _CREATOR, Judgement(worded.confidence, worded.rule)
            ):
                creators.append(proposal.named.span)
                yield proposal
        rank = _WORK_BY if creators else _WORDED
        yield from _proposal(
            document, post, Span(start + worded.start, start + worded.end), worded.kind, rank, Judgement(worded.confidence, worded.rule),
            creators=tuple(creators),
        )  # fmt: skip


# People ---------------------------------------------------------------------------------------------------------------

_PARTICLES = frozenset("van von de der den del della di da dos la le bin al el".split())
_HONORIFICS = frozenset("mr mrs ms miss dr prof professor sir lord president senator st".split())
_NOT_A_NAME = frozenset(
    "inc corp university college institute foundation street avenue road river lake county city party church press books team conference day "
    "windows studio server office project manager".split()
)


def _full_names(document: Document, post: ParsedPost, names: Sequence[PersonName], hits: Sequence[Hit]) -> Iterable[_Proposal]:
    """Names of two words or more."""
    known = {hit.span for hit in hits}
    for name in names:
        tokens = _trimmed(_with_initials(name.tokens))
        if tokens is None:
            continue
        words = [token.text for token in tokens if token.text not in "-.'’"]
        if len(words) < 2 or len(words) > 5 or post.span(tokens) in known or name.probability < _LIKELY_PERSON:
            continue
        if any(word.casefold() in _NOT_A_NAME for word in words) or not _well_formed(tokens):
            continue
        parts = [hit for hit in hits if hit.span in post.span(tokens)]
        if parts and not (is_given_name(words[0]) and name.probability >= _SURE_PERSON):
            continue
        if all(is_dictionary_word(word) and not is_given_name(word) for word in words) and name.probability < 0.8:
            continue
        yield from _proposal(document, post, post.span(tokens), EntityKind.PERSON, _FULL_NAME, Judgement(round(name.probability, 2), "people-model"))


def _with_initials(tokens: TokenSpan) -> TokenSpan:
    """The name with the initials that stand before it (`E. V. Debs`, `JR Smith`) and its particles."""
    parse, start, end = tokens.doc, tokens.start, tokens.end
    while start > 0 and re.fullmatch(r"(?:[A-Z]\.?){1,3}", parse[start - 1].text) and parse[start - 1].text not in {"I", "A"}:
        start -= 1
    return parse[start:end]


def _trimmed(tokens: TokenSpan) -> TokenSpan | None:
    """The name without an honorific, an at-sign, and what stands on another line."""
    start, end = tokens.start, tokens.end
    parse = tokens.doc
    while start < end and (parse[start].text.casefold().rstrip(".") in _HONORIFICS or not parse[start].text[0].isalnum()):
        start += 1
    for at in range(start, end):
        if "\n" in parse[at].text:
            end = at
            break
    while end > start and (not parse[end - 1].text[0].isalnum() or parse[end - 1].text in {"'s", "’s"}):
        end -= 1
    return parse[start:end] if end > start else None


def _well_formed(tokens: TokenSpan) -> bool:
    """Whether every word looks like part of a name as people print them: capitalised letters, or a particle."""
    for token in tokens:
        text = token.text
        if text in {"-", ".", "'", "’"} or text in _PARTICLES:
            continue
        if not text[0].isupper() or not all(c.isalpha() or c in ".-'’" for c in text):
            return False
    return True


class _Forms:
    """What people of this document are called in short: by first name, surname or handle."""

    def __init__(self, document: Document, thread: Thread) -> None:
        self._people: dict[str, set[str]] = defaultdict(set)
        self._short: dict[str, set[str]] = defaultdict(set)
        named = {account.person: account.name for account in thread.accounts if account.name != "unheaded"}
        for person in thread.people:
            if person.name.startswith("unknown ") and person.id.partition("/unheaded-")[1]:
                continue
            for name in {person.name, *person.aliases, named.get(person.id, person.name)}:
                self._add(name, person.id)
        self._document = document
        self._writer = {post: account.person for post, id in thread.authors.items() for account in thread.accounts if account.id == id}
        self._answered = {reply.post: self._writer.get(reply.parent) for reply in thread.replies}

    def _add(self, name: str, person: str) -> None:
        words = name.split()
        self._people[name.casefold()].add(person)
        if len(words) > 1:
            for word in (words[0], words[-1]):
                if len(word) > 2:
                    self._short[word.casefold()].add(person)

    def learn(self, names: Iterable[Named]) -> None:
        """Takes in the full names that the text itself mentions; a person without an id goes by the folded name."""
        for named in names:
            words = named.surface.split()
            if named.surface.casefold() not in self._people and len(words) > 1:
                for word in (words[0], words[-1]):
                    if len(word) > 2:
                        self._short[word.casefold()].add("")

    def whole(self, name: str) -> str | None:
        people = self._people.get(name.casefold(), set())
        return next(iter(people)) if len(people) == 1 else None

    def of(self, name: str, post: str) -> str | None:
        """Who this is: a person's id, an empty string for somebody whom only the text names, None for nobody or several."""
        whole = self.whole(name)
        if whole is not None:
            return whole
        people = self._short.get(name.casefold(), set())
        if len(people) == 1:
            return next(iter(people))
        answered = self._answered.get(post)
        return answered if answered in people else None


def _called(document: Document, post: ParsedPost, forms: _Forms) -> Iterable[_Proposal]:
    """People who are addressed: `@Name`, `Name, I …`, `Great post Name.`"""
    for address in addresses(document, post):
        name, at = address.name, document.text[max(0, address.span.start - 2) : address.span.start].strip().endswith("@")
        words = name.split()
        person = next((found for n in range(len(words), 0, -1) if (found := forms.of(" ".join(words[:n]), post.post.id)) is not None), None)
        length = next((n for n in range(len(words), 0, -1) if forms.of(" ".join(words[:n]), post.post.id) is not None), 0)
        if length:
            name = " ".join(words[:length])
            span = Span(address.span.start, address.span.start + len(name))
            yield from _proposal(document, post, span, EntityKind.PERSON, _CALLED, Judgement(0.95, "address"), person=person or None)
        elif at or (is_given_name(words[0]) and not set(word_classes(words[0].lower())) & set("var")):
            span = Span(address.span.start, address.span.start + len(name))
            yield from _proposal(document, post, span, EntityKind.PERSON, _PERSON, Judgement(0.7, "address"))


_SAYING = frozenset("say write argue think tell ask claim note suggest mention believe explain point state reply add agree comment want know".split())


def _single_names(document: Document, post: ParsedPost, names: Sequence[PersonName], forms: _Forms) -> Iterable[_Proposal]:
    """Names of one word: short for somebody known here, or a given name that the model is sure of."""
    likely = {token.i: name.probability for name in names for token in name.tokens}
    for token in post.parse:
        text = token.text
        if not text[0].isalpha() or len(text) < 3 or (text[0].islower() and forms.whole(text) is None):
            continue
        person = forms.of(text, post.post.id)
        probability = likely.get(token.i, 0.0)
        if person is not None:
            if _stands_alone(token) and (token.pos_ == "PROPN" or probability or not is_dictionary_word(text)):
                if text[0].islower() and (is_dictionary_word(text) or len(text) < 5):
                    continue
                yield from _proposal(document, post, post.span(token), EntityKind.PERSON, _CALLED, Judgement(0.9, "short-name"), person=person or None)
            continue
        if probability < _SURE_PERSON or not text[0].isupper() or not text.isalpha() or text.isupper() or not _stands_alone(token):
            continue
        classes = word_classes(text.lower())
        sure = "G" in classes and not set(classes) & set("var")
        if sure or (token.ent_type_ == "PERSON" and _acts_like_a_person(token)):
            yield from _proposal(document, post, post.span(token), EntityKind.PERSON, _PERSON, Judgement(round(probability, 2), "people-model"))


def _stands_alone(token: Token) -> bool:
    """Whether no capitalised neighbour makes it part of a longer name."""
    parse = token.doc
    before = parse[token.i - 1] if token.i else None
    after = parse[token.i + 1] if token.i + 1 < len(parse) else None
    if after is not None and token.whitespace_ == " " and after.text[0].isupper() and after.pos_ == "PROPN" and not after.is_sent_start:
        return False
    return not (before is not None and before.whitespace_ == " " and before.text[0].isupper() and before.pos_ == "PROPN" and not token.is_sent_start)


def _acts_like_a_person(token: Token) -> bool:
    """Whether it says or thinks something, has a view, or is thanked."""
    head = token.head
    if token.dep_ == "nsubj" and head.lemma_.lower() in _SAYING:
        return True
    if token.dep_ == "poss" and head.lemma_.lower() in _HELD:
        return True
    before = token.nbor(-1).lower_ if token.i else ""
    return before in {"thanks", "by", "with"} and token.dep_ in {"pobj", "npadvmod", "dobj"} and before != "with"


_HELD = frozenset("view opinion argument point idea theory law claim position thought book paper work question answer suggestion comment advice".split())

# The catalog ----------------------------------------------------------------------------------------------------------

_USE_BEFORE = frozenset(
    "on via use using join visit browse install uninstall download read tweet run upgrade launch support try love hate like prefer switch migrate "
    "subscribe post publish write code program build host develop learn site website app application service network platform magazine program "
    "tool product software browser blog language framework library database server version issue called named through onto".split()
)
_USE_AFTER = frozenset(
    "user users account accounts page pages group groups app apps api site website magazine profile community developer developers team feed plugin "
    "plugins extension extensions client server feature features version blog forum channel code library framework database programmer support "
    "integration project projects".split()
)
_ACTING = frozenset("allow let do offer provide make launch host support add enable give show announce run require work".split())
_PRODUCT_LABELS = frozenset({"ORG", "PRODUCT", "WORK_OF_ART"})
_SUPPORT_NEEDED = 2


def _is_ambiguous(hit: Hit) -> bool:
    return hit.ambiguity != "none"


def _supported_entries(posts: Sequence[ParsedPost], hits: dict[str, list[Hit]]) -> dict[str, frozenset[str]]:
    """The ambiguous names that the words around one of them speak for, with the entry that they then mean in the whole page."""
    supported: dict[str, set[str]] = defaultdict(set)
    for post in posts:
        of_post = hits[post.post.id]
        sure = [hit.span for hit in of_post if not _is_ambiguous(hit)]
        for hit in of_post:
            if _is_ambiguous(hit) and _support(post, hit, sure) >= _SUPPORT_NEEDED:
                supported[_form(post, hit)].update(entry.id for entry in hit.entries)
    return {form: frozenset(ids) for form, ids in supported.items()}


def _form(post: ParsedPost, hit: Hit) -> str:
    return post.parse.text[hit.span.start - post.start : hit.span.end - post.start]


def _support(post: ParsedPost, hit: Hit, sure: Sequence[Span]) -> int:
    """How much the words around an ambiguous name speak for the thing of the catalog."""
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
    points = 0
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
    elif "PERSON" in labels and len({token.ent_iob_ for token in tokens}) == 1 and not is_given_name(first.text):
        points += 0
    elif labels & {"DATE", "TIME", "CARDINAL", "NORP"}:
        points -= 1
    if before is not None and first.text[0].isupper() and not before.is_punct and first.pos_ == "PROPN":
        points += 1
    if re.search(r"[a-z][A-Z]|[A-Z]{2}|\d|\.", tokens.text):
        points += 1
    return points


def _listed_with(tokens: TokenSpan, post: ParsedPost, sure: Sequence[Span]) -> bool:
    """Whether a name that is sure stands next to it in an enumeration."""
    root = tokens.root
    siblings = [root.head, *root.conjuncts] if root.dep_ == "conj" else list(root.conjuncts)
    return any(post.span(sibling).overlaps(span) for sibling in siblings for span in sure)


def _from_catalog(
    document: Document, post: ParsedPost, hits: Sequence[Hit], supported: dict[str, frozenset[str]]
) -> Iterable[_Proposal]:  # fmt: skip
    for hit in hits:
        if not hit.entries:
            continue
        entry = hit.entries[0]
        if not _is_ambiguous(hit):
            yield from _proposal(
                document, post, hit.span, entry.kind, _CATALOG, Judgement(0.95, "catalog"), entry=entry, trim=False
            )
        elif supported.get(_form(post, hit)) and not _inside_a_longer_name(post, hit.span):
            yield from _proposal(
                document, post, hit.span, entry.kind, _CATALOG_CONTEXT, Judgement(0.75, "catalog-in-context"), entry=entry, trim=False
            )


def _inside_a_longer_name(post: ParsedPost, span: Span) -> bool:
    """Whether a proper noun stands right before it, or after it one that no platform's name is followed by."""
    tokens = post.tokens(span)
    if tokens is None:
        return False
    before = tokens[0].nbor(-1) if tokens.start > tokens.sent.start else None
    after = tokens[-1].nbor(1) if tokens.end < tokens.sent.end else None
    names_before = before is not None and before.text[0].isupper() and before.pos_ == "PROPN" and before.whitespace_ == " " and before.i > tokens.sent.start
    names_after = after is not None and after.text[0].isupper() and after.pos_ == "PROPN" and tokens[-1].whitespace_ == " " and after.lower_ not in _USE_AFTER
    return names_before or names_after


def _site(document: Document, post: ParsedPost) -> Iterable[_Proposal]:
    """The page's own site, where a post names it."""
    if not document.site or len(document.site) < 4:
        return
    name = re.sub(r"^(?:the|a|an)\s+", "", document.site.strip(), flags=re.IGNORECASE)
    if not re.search(r"\w{4}", name) or name.islower() and " " not in name:
        return
    for match in re.finditer(rf"(?<!\w)(?:[Tt]he )?{re.escape(name)}(?!\w)", document.words(post.post.span)):
        start = post.post.span.start
        yield from _proposal(
            document, post, Span(start + match.start(), start + match.end()), EntityKind.PLATFORM, _SITE, Judgement(0.9, "site"), trim=False
        )


# The tagger -----------------------------------------------------------------------------------------------------------

_PLACE_PREPOSITIONS = frozenset("in from to at near of outside across throughout around between into toward towards visiting left".split())


def _tagged(document: Document, post: ParsedPost, catalog: Catalog) -> Iterable[_Proposal]:
    """Places and events that the tagger names, where the words around agree."""
    for entity in post.parse.ents:
        if entity.label_ not in {"GPE", "LOC"}:
            continue
        tokens = _trimmed(entity)
        if tokens is None or not tokens[0].text[0].isupper() or not all(token.text.isalpha() for token in tokens if not token.is_punct):
            continue
        if tokens[0].i == tokens.sent.start and len(tokens) == 1:
            continue
        if not _is_where(tokens):
            continue
        yield from _proposal(document, post, post.span(tokens), EntityKind.PLACE, _TAGGED, Judgement(0.6, "tagger"))


def _is_where(tokens: TokenSpan) -> bool:
    before = tokens[0].nbor(-1) if tokens.start else None
    if before is not None and before.lower_ == "the" and before.i:
        before = before.nbor(-1)
    return before is not None and before.lower_ in _PLACE_PREPOSITIONS - {"to", "of", "from", "at"}
