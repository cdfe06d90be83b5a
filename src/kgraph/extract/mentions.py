"""Where a text names a person, a platform, a place and so on, and what kind of thing each name is.

Names come from four sources, surest first: the thread (who writes here, called by name), the catalog, the wording
(`Ana Lima's The Long Road` in a list of works, `sites such as Plaza`), and the tagger with the model of `people`. Each proposes;
where two proposals overlap the surer source wins, then the longer name. A name in the catalog that is also a common word, a
person's or a place's counts only where the words around it speak for the thing of the catalog.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from spacy.tokens import Span as TokenSpan
from spacy.tokens import Token

from kgraph.catalog import Ambiguity, Catalog, Entry, Hit
from kgraph.extract.address import addresses, straighten_same_length
from kgraph.extract.parse import ParsedPost
from kgraph.extract.people import PersonName, is_dictionary_word, is_given_name, names_among, probabilities, word_classes
from kgraph.extract.wording import worded_names
from kgraph.model.annotations import EntityKind, Judgement
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
    meanings = {post.post.id: _meanings(post, hits[post.post.id], document.title or "") for post in posts}
    settled = _settled(posts, meanings)
    coinages = _coinages(document)
    forms = _Forms(document, thread)
    proposals: dict[str, list[_Proposal]] = {post.post.id: [] for post in posts}
    likely = {post.post.id: probabilities(post.parse) for post in posts}
    people = {post.post.id: names_among(post.parse, likely[post.post.id], at_least=_LIKELY_PERSON) for post in posts}
    for post in posts:
        found = proposals[post.post.id]
        found.extend(_from_wording(document, post, hits[post.post.id]))
        found.extend(_enumerated(document, post, meanings[post.post.id]))
        found.extend(_full_names(document, post, people[post.post.id], likely[post.post.id], hits[post.post.id]))
    for found in proposals.values():
        forms.learn(proposal.named for proposal in found if proposal.named.kind is EntityKind.PERSON)
    for post in posts:
        found = proposals[post.post.id]
        found.extend(_from_catalog(document, post, meanings[post.post.id], settled))
        found.extend(_called(document, post, forms))
        found.extend(_single_names(document, post, likely[post.post.id], forms))
        found.extend(_site(document, post))
        found.extend(_tagged(document, post))
        found.extend(_coined(document, post, catalog, coinages))
    chosen = {post.post.id: _choose(proposals[post.post.id]) for post in posts}
    for post in posts:
        proposals[post.post.id].extend(_otherwise_cased(document, post, chosen.values()))
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


def _from_wording(document: Document, post: ParsedPost, hits: Sequence[Hit]) -> Iterable[_Proposal]:
    start = post.post.span.start
    for worded in worded_names(straighten_same_length(document.words(post.post.span))):
        creators = []
        for first, last in worded.creators:
            for proposal in _proposal(
                document,
                post,
                Span(start + first, start + last),
                EntityKind.PERSON,
                _CREATOR,
                Judgement(worded.confidence, worded.rule),
            ):
                creators.append(proposal.named.span)
                yield proposal
        rank = _WORK_BY if creators else _WORDED
        kind = worded.kind
        if worded.rule == "owned-long" and _names_a_technology(hits, Span(start + worded.start, start + worded.end)):
            kind = EntityKind.TECHNOLOGY
        yield from _proposal(
            document, post, Span(start + worded.start, start + worded.end), kind, rank, Judgement(worded.confidence, worded.rule),
            creators=tuple(creators),
        )  # fmt: skip


def _names_a_technology(hits: Sequence[Hit], span: Span) -> bool:
    """Whether part of the name is a technology's: `Ana Lima's HTML Tool Kit` is a program rather than a book."""
    return any(hit.span in span and any(entry.kind is EntityKind.TECHNOLOGY for entry in hit.entries) for hit in hits)


_BETWEEN = re.compile(r", (?P<name>[A-Z][\w&-]*(?: [A-Z][\w&-]*)?)(?:,|,? (?:and|or|&)) $")


def _enumerated(document: Document, post: ParsedPost, meanings: Sequence[_Meaning]) -> Iterable[_Proposal]:
    """A name that nobody knows between two of one kind: `Plaza, Zorbo and Agora`."""
    known = [meaning for meaning in meanings if meaning.accepted]
    for one, two in zip(known, known[1:], strict=False):
        kind = one.entry.kind
        between = document.text[one.hit.span.end : two.hit.span.start]
        match = _BETWEEN.match(between + " " if not between.endswith(" ") else between) if len(between) < 60 else None
        if match and kind is two.entry.kind and kind in {EntityKind.ORGANIZATION, EntityKind.PLATFORM}:
            start = one.hit.span.end + match.start("name")
            span = Span(start, start + len(match["name"]))
            yield from _proposal(document, post, span, kind, _PERSON, Judgement(0.6, "enumeration"))


# People ---------------------------------------------------------------------------------------------------------------

_PARTICLES = frozenset("van von de der den del della di da dos la le bin al el".split())
_HONORIFICS = frozenset("mr mrs ms miss dr prof professor sir lord president senator st".split())
_NOT_A_NAME = frozenset(
    "inc corp university college institute foundation street avenue road river lake county city party church press books team conference day "
    "windows studio server office project manager".split()
)


def _full_names(
    document: Document, post: ParsedPost, names: Sequence[PersonName], likely: Mapping[int, float], hits: Sequence[Hit]
) -> Iterable[_Proposal]:
    """Names of two words or more."""
    known = {hit.span for hit in hits}
    for name in _joined(post, names, likely):
        tokens = _trimmed(name.tokens)
        if tokens is None or _is_in_marks(tokens):
            continue
        words = [token.text for token in tokens if token.text not in "-.'’"]
        titled = tokens.start and parse_before(tokens).rstrip(".").lower() in _HONORIFICS
        if (len(words) < 2 and not titled) or len(words) > 5 or post.span(tokens) in known or name.probability < _LIKELY_PERSON:
            continue
        if any(word.casefold() in _NOT_A_NAME for word in words) or not _well_formed(tokens):
            continue
        parts = [hit for hit in hits if hit.span in post.span(tokens)]
        if parts and not (is_given_name(words[0]) and name.probability >= _SURE_PERSON):
            continue
        if all(is_dictionary_word(word) and not is_given_name(word) for word in words) and name.probability < 0.8:
            continue
        yield from _proposal(
            document,
            post,
            post.span(tokens),
            EntityKind.PERSON,
            _FULL_NAME,
            Judgement(round(name.probability, 2), "people-model"),
        )


def _joined(post: ParsedPost, names: Sequence[PersonName], likely: Mapping[int, float]) -> Iterable[PersonName]:
    """The model's names, and those that a form gives away: `Mr. Lima`, `EV Lima, Ana Sol and …`, `Don Lima's blog`."""
    yield from names
    taken = {token.i for name in names for token in name.tokens}
    parse = post.parse
    for at in likely:
        if at + 1 >= len(parse):
            break
        token, after = parse[at], parse[at + 1]
        text = token.text
        if (
            not text[0].isupper()
            or after.i in taken
            or not after.text[0].isupper()
            or token.whitespace_ != " "
            or not after.text[1:].islower()
        ):
            continue
        if at not in taken and text.rstrip(".").lower() in _HONORIFICS and after.pos_ == "PROPN":
            yield PersonName(parse[at + 1 : at + 2], 0.8)
        elif re.fullmatch(r"(?:[A-Z]\.?){1,3}", text) and text not in {"I", "A"} and after.tag_ == "NNP":
            if any(
                abs(name.tokens.start - after.i) <= 3 and name.tokens.start > after.i and name.probability > _SURE_PERSON
                for name in names
            ):
                yield PersonName(parse[at : at + 2], 0.8)
        elif (
            at not in taken and is_given_name(text) and "S" in word_classes(after.lower_) and token.tag_ == after.tag_ == "NNP"
        ):
            if at + 2 < len(parse) and parse[at + 2].text in {"'s", "’s"}:
                yield PersonName(parse[at : at + 2], 0.6)


def parse_before(tokens: TokenSpan) -> str:
    return str(tokens.doc[tokens.start - 1].text)


def _is_in_marks(tokens: TokenSpan) -> bool:
    """Whether quotation marks hug the name: then it is spoken of as a name, a handle or a title."""
    parse = tokens.doc
    return (
        0 < tokens.start
        and tokens.end < len(parse)
        and parse[tokens.start - 1].text in _MARKS
        and parse[tokens.end].text in _MARKS
    )


_MARKS = frozenset("\"“”‘’'*_")


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
        self._spelled: set[str] = set()
        self._short: dict[str, set[str]] = defaultdict(set)
        named = {account.person: account.name for account in thread.accounts if account.name != "unheaded"}
        for person in thread.people:
            if person.name.startswith("unknown ") and person.id.partition("/unheaded-")[1]:
                continue
            for name in {person.name, *person.aliases, named.get(person.id, person.name)}:
                self._add(name, person.id)
        small = [form for form in self._people if " " not in form and len(form) > 4 and not is_dictionary_word(form)]
        small = [name for name in small if any(name == full for full in self._spelled)]
        self.handles = re.compile(rf"(?<![\w@./-])(?:{'|'.join(map(re.escape, small))})(?![\w@/-])") if small else None
        """Finds the handles that are written small and are no words."""
        self._writer = {
            post: account.person for post, id in thread.authors.items() for account in thread.accounts if account.id == id
        }
        self._answered = {reply.post: self._writer.get(reply.parent) for reply in thread.replies}

    def _add(self, name: str, person: str) -> None:
        words = name.split()
        self._spelled.add(name)
        self._people[name.casefold()].add(person)
        if len(words) > 1:
            for word in (words[0], words[-1]):
                if len(word) > 2:
                    self._short[word.casefold()].add(person)

    def learn(self, names: Iterable[Named]) -> None:
        """Takes in the full names that the text itself mentions; a person without an id goes by the folded name."""
        for named in names:
            words = named.surface.split()
            if named.surface.casefold() in self._people:
                continue
            if len(words) == 1:
                self._short[named.surface.casefold()].add("")
            else:
                for word in (words[0], words[-1]):
                    if len(word) > 2:
                        self._short[word.casefold()].add("")

    def is_shared(self, name: str) -> bool:
        """Whether several people here go by this name."""
        return len(self._short.get(name.casefold(), ())) > 1

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
        person = next(
            (found for n in range(len(words), 0, -1) if (found := forms.of(" ".join(words[:n]), post.post.id)) is not None),
            None,
        )
        length = next((n for n in range(len(words), 0, -1) if forms.of(" ".join(words[:n]), post.post.id) is not None), 0)
        if length:
            name = " ".join(words[:length])
            span = Span(address.span.start, address.span.start + len(name))
            yield from _proposal(
                document, post, span, EntityKind.PERSON, _CALLED, Judgement(0.95, "address"), person=person or None
            )
        elif at or (is_given_name(words[0]) and not set(word_classes(words[0].lower())) & set("var")):
            span = Span(address.span.start, address.span.start + len(name))
            yield from _proposal(document, post, span, EntityKind.PERSON, _PERSON, Judgement(0.7, "address"))


_SAYING = frozenset(
    "say write argue think tell ask claim note suggest mention believe explain point state reply add agree comment want know".split()
)


def _single_names(document: Document, post: ParsedPost, likely: Mapping[int, float], forms: _Forms) -> Iterable[_Proposal]:
    """Names of one word: short for somebody known here, or a given name that the model is sure of."""
    for match in forms.handles.finditer(document.text, post.post.span.start, post.post.span.end) if forms.handles else ():
        person = forms.whole(match.group())
        yield from _proposal(
            document,
            post,
            Span(*match.span()),
            EntityKind.PERSON,
            _CALLED,
            Judgement(0.9, "short-name"),
            person=person,
            trim=False,
        )
    for at, probability in likely.items():
        token = post.parse[at]
        text = token.text
        if not text[0].isupper() or len(text) < 3:
            continue
        person = forms.of(text, post.post.id)
        if person is not None:
            if _stands_alone(token) and (
                token.pos_ == "PROPN" or probability >= _LIKELY_PERSON or forms.whole(text) is not None
            ):
                yield from _proposal(
                    document,
                    post,
                    post.span(token),
                    EntityKind.PERSON,
                    _CALLED,
                    Judgement(0.9, "short-name"),
                    person=person or None,
                )
            continue
        if (
            probability < _SURE_PERSON
            or forms.is_shared(text)
            or _is_in_marks(post.parse[token.i : token.i + 1])
            or not text.isalpha()
            or text.isupper()
            or not _stands_alone(token)
        ):
            continue
        classes = word_classes(text.lower())
        sure = "G" in classes and not set(classes) & set("var")
        if sure or (token.ent_type_ == "PERSON" and _acts_like_a_person(token)):
            yield from _proposal(
                document, post, post.span(token), EntityKind.PERSON, _PERSON, Judgement(round(probability, 2), "people-model")
            )


def _stands_alone(token: Token) -> bool:
    """Whether no capitalised neighbour makes it part of a longer name."""
    parse = token.doc
    before = parse[token.i - 1] if token.i else None
    after = parse[token.i + 1] if token.i + 1 < len(parse) else None
    if (
        after is not None
        and token.whitespace_ == " "
        and after.text[0].isupper()
        and after.pos_ == "PROPN"
        and not after.is_sent_start
    ):
        return False
    return not (
        before is not None
        and before.whitespace_ == " "
        and before.text[0].isupper()
        and before.pos_ == "PROPN"
        and not token.is_sent_start
    )


def _acts_like_a_person(token: Token) -> bool:
    """Whether it says or thinks something, has a view, or is thanked."""
    head = token.head
    if token.dep_ == "nsubj" and head.lemma_.lower() in _SAYING:
        return True
    if token.dep_ == "poss" and head.lemma_.lower() in _HELD:
        return True
    before = token.nbor(-1).lower_ if token.i else ""
    return before in {"thanks", "by", "with"} and token.dep_ in {"pobj", "npadvmod", "dobj"} and before != "with"


_HELD = frozenset(
    "view opinion argument point idea theory law claim position thought book paper work question answer suggestion comment advice".split()
)

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
_ACTING = frozenset(
    "allow let do offer provide make launch host support add enable give show announce run require work".split()
)
_PRODUCT_LABELS = frozenset({"ORG", "PRODUCT", "WORK_OF_ART"})
_PLACE_LABELS = frozenset({"GPE", "LOC", "FAC"})
_NEEDED = {Ambiguity.NONE: 0, Ambiguity.CASE: 0, Ambiguity.CONTEXT: 2}
"""How much must speak for a name: nothing where its spelling does, more for one that is a common word or name in any spelling."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the catalog's name means here, and how much the words around speak for it."""

    hit: Hit
    entry: Entry
    support: int

    @property
    def accepted(self) -> bool:
        short = 1 if self.hit.ambiguity is Ambiguity.CONTEXT and len(self.hit.span) < 3 else 0
        return self.support >= _NEEDED[self.hit.ambiguity] + short


def _meanings(post: ParsedPost, hits: Sequence[Hit], title: str) -> list[_Meaning]:
    """The catalog's names of a post, each with the entry that the words around fit best."""
    sure = [hit.span for hit in hits if hit.ambiguity is Ambiguity.NONE]
    found = []
    for hit in hits:
        scored = [(_support(post, hit, entry.kind, hits, sure, title), entry) for entry in hit.entries]
        if scored:
            support, entry = max(scored, key=lambda pair: pair[0])
            found.append(_Meaning(hit, entry, support))
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
        if before is not None and before.lower_ in _PLACE_PREPOSITIONS:
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


def _from_catalog(
    document: Document, post: ParsedPost, meanings: Sequence[_Meaning], settled: Mapping[str, Entry]
) -> Iterable[_Proposal]:  # fmt: skip
    """The names of the catalog that count: what one mention on the page settles holds for all of them."""
    for meaning in meanings:
        hit = meaning.hit
        form = _form(post, hit)
        if hit.ambiguity is Ambiguity.NONE:
            if not _is_part_of_quoted_name(post, hit.span):
                yield from _proposal(
                    document,
                    post,
                    hit.span,
                    meaning.entry.kind,
                    _CATALOG,
                    Judgement(0.95, "catalog"),
                    entry=meaning.entry,
                    trim=False,
                )
            continue
        entry = settled.get(form) or settled.get(form.casefold() if not is_dictionary_word(form) else "")
        if entry is not None and not _inside_a_longer_name(post, hit.span) and not _is_part_of_quoted_name(post, hit.span):
            yield from _proposal(
                document,
                post,
                hit.span,
                entry.kind,
                _CATALOG_CONTEXT,
                Judgement(0.75, "catalog-in-context"),
                entry=entry,
                trim=False,
            )


def _settled(posts: Sequence[ParsedPost], meanings: Mapping[str, Sequence[_Meaning]]) -> dict[str, Entry]:
    """What each ambiguous form means on this page: the entry that some mention of it has enough support for."""
    best: dict[str, _Meaning] = {}
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
    """Whether a common word stands in quotation marks after another capitalised word: the label of a button, not the product."""
    tokens = post.tokens(span)
    if tokens is None or len(tokens) > 1 or tokens.start < 2 or not is_dictionary_word(tokens.text):
        return False
    before = tokens[0].nbor(-1)
    return before.text[0].isupper() and before.whitespace_ == " " and before.nbor(-1).text in _MARKS


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


def _otherwise_cased(document: Document, post: ParsedPost, chosen: Iterable[Sequence[Named]]) -> Iterable[_Proposal]:
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
            yield from _proposal(
                document, post, span, named.kind, _TAGGED, Judgement(0.85, "catalog-respelled"), entry=named.entry, trim=False
            )


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
            document,
            post,
            Span(start + match.start(), start + match.end()),
            EntityKind.PLATFORM,
            _SITE,
            Judgement(0.9, "site"),
            trim=False,
        )


# The tagger -----------------------------------------------------------------------------------------------------------

_PLACE_PREPOSITIONS = frozenset(
    "in from to at near of outside across throughout around between into toward towards visiting left".split()
)


_COINAGE = re.compile(r"(?<![\w@.\\/:-])[A-Z][a-z]+(?:[A-Z]\w*)+(?![\w(\\/]|::|\.\w)")
_SURNAME_PREFIX = re.compile(r"(?:Mc|Mac|De|Di|La|Le|Van|Von|Fitz|O)[A-Z][a-z]+")
_MODEL = re.compile(
    r"\b(?:[Aa]|[Aa]n|[Tt]he|[Mm]y|your|his|her|our) (?:(?<!the )(?P<name>[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)* \d{2,4})|(?P<code>[A-Z]{1,3}-?\d{2,4}[A-Z]?))\b(?! (?:percent|people|years|days))"
)
_NUMBERED = frozenset(
    "chapter section version level page step part route room day week june july august october november december january february march april may september".split()
)


def _coinages(document: Document) -> frozenset[str]:
    """The made-up words, folded, that a page uses more than once, in whatever case."""
    seen = {match.group().casefold() for post in document for match in _COINAGE.finditer(document.words(post.span))}
    words = (
        Counter(word for post in document for word in re.findall(r"\w+", document.words(post.span).casefold()))
        if seen
        else Counter()
    )
    return frozenset(word for word in seen if words[word] > 1)


def _coined(document: Document, post: ParsedPost, catalog: Catalog, coinages: frozenset[str]) -> Iterable[_Proposal]:
    """Names made up for a thing: `PlumServer`, as the catalog has it in another spelling or the page repeats it, and `a Plum 500`."""
    start, text = post.post.span.start, document.words(post.post.span)
    for match in _COINAGE.finditer(text):
        word, span = match.group(), Span(start + match.start(), start + match.end())
        known = [entry for entry in catalog.lookup(word) if len(word) > 4]
        if known:
            yield from _proposal(
                document,
                post,
                span,
                known[0].kind,
                _CATALOG_CONTEXT,
                Judgement(0.9, "catalog-respelled"),
                entry=known[0],
                trim=False,
            )
        elif word.casefold() in coinages and not _SURNAME_PREFIX.fullmatch(word):
            yield from _proposal(document, post, span, EntityKind.TECHNOLOGY, _TAGGED, Judgement(0.5, "coinage"))
    for word in coinages:
        for match in (
            re.finditer(rf"(?<![\w@.\\/]){re.escape(word)}(?![\w\\/])", text.casefold()) if word in text.casefold() else ()
        ):
            span = Span(start + match.start(), start + match.end())
            yield from _proposal(document, post, span, EntityKind.TECHNOLOGY, _TAGGED - 1, Judgement(0.4, "coinage"))
    for match in _MODEL.finditer(text):
        group = str(match.lastgroup)
        if match[group].split()[0].casefold() not in _NUMBERED:
            span = Span(start + match.start(group), start + match.end(group))
            yield from _proposal(document, post, span, EntityKind.TECHNOLOGY, _CATALOG, Judgement(0.5, "model-number"))


def _tagged(document: Document, post: ParsedPost) -> Iterable[_Proposal]:
    """Places that the tagger names, where the words around agree."""
    for entity in post.parse.ents:
        if entity.label_ not in {"GPE", "LOC"}:
            continue
        tokens = _trimmed(entity)
        if (
            tokens is None
            or not tokens[0].text[0].isupper()
            or not all(token.text.isalpha() for token in tokens if not token.is_punct)
        ):
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
