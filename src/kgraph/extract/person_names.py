"""Which names are people's: full names, and the short ones that people of the page are called by."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from spacy.tokens import Span as TokenSpan
from spacy.tokens import Token

from kgraph.catalog import Hit
from kgraph.extract.address import addresses
from kgraph.extract.naming import Named, Proposal, Rank, propose
from kgraph.extract.parse import ParsedPost
from kgraph.extract.people import PersonName, is_dictionary_word, is_given_name, word_classes
from kgraph.extract.thread import UNHEADED
from kgraph.model.annotations import Entity, EntityKind, Judgement
from kgraph.model.extraction import Thread
from kgraph.model.text import Document, Span

SURE = 0.5
LIKELY = 0.25
"""How probable a name of one word must be, and one of more; set on pages other than those the project is scored on."""

_PARTICLES = frozenset("van von de der den del della di da dos la le bin al el".split())
_HONORIFICS = frozenset("mr mrs ms miss dr prof professor sir lord president senator st".split())
_NOT_A_NAME = frozenset(
    "christmas easter eve year library case item code inc corp ltd llc gmbh co university college institute foundation "
    "street avenue road river lake county city party "
    "church press books team conference day "
    "windows studio server office project manager".split()
)


def full_names(
    document: Document, post: ParsedPost, names: Sequence[PersonName], likely: Mapping[int, float], hits: Sequence[Hit]
) -> Iterator[Proposal]:
    """Names of two words or more."""
    known = {hit.span for hit in hits}
    for name in _joined(post, names, likely):
        tokens = trimmed(name.tokens)
        if tokens is None or _is_in_marks(tokens):
            continue
        words = [token.text for token in tokens if token.text not in "-.'’"]
        titled = tokens.start and tokens.doc[tokens.start - 1].text.rstrip(".").lower() in _HONORIFICS
        if (len(words) < 2 and not titled) or len(words) > 5 or post.span(tokens) in known or name.probability < LIKELY:
            continue
        if any(word.casefold() in _NOT_A_NAME for word in words) or not _well_formed(tokens):
            continue
        parts = [hit for hit in hits if hit.span in post.span(tokens)]
        if parts and not (is_given_name(words[0]) and name.probability >= SURE):
            continue
        if all(is_dictionary_word(word) and not is_given_name(word) for word in words) and name.probability < 0.8:
            continue
        if "S" not in (last := word_classes(words[-1].lower())) and last and "G" not in last and name.probability < 0.8:
            continue
        yield from propose(
            document,
            post,
            post.span(tokens),
            EntityKind.PERSON,
            Rank.FULL_NAME,
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
            if any(0 < name.tokens.start - after.i <= 3 and name.probability > SURE for name in names):
                yield PersonName(parse[at : at + 2], 0.8)
        elif at not in taken and is_given_name(text) and "S" in word_classes(after.lower_) and _is_owner(parse[at : at + 2]):
            yield PersonName(parse[at : at + 2], 0.6)


def _is_owner(tokens: TokenSpan) -> bool:
    """Whether proper nouns stand before a possessive's `'s`."""
    after = tokens.doc[tokens.end].text if tokens.end < len(tokens.doc) else ""
    return after == "'s" and all(token.tag_ == "NNP" for token in tokens)


def _is_in_marks(tokens: TokenSpan) -> bool:
    """Whether quotation marks hug the name: then it is spoken of as a name, a handle or a title."""
    parse = tokens.doc
    return (
        tokens.start > 0
        and tokens.end < len(parse)
        and parse[tokens.start - 1].text in MARKS
        and parse[tokens.end].text in MARKS
    )


MARKS = frozenset("\"“”‘’'*_")


def trimmed(tokens: TokenSpan) -> TokenSpan | None:
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


def _is_unknown(person: Entity) -> bool:
    return person.name.startswith(("unknown author of ", "unknown commenter "))


class Forms:
    """What people of this document are called in short: by first name, surname or handle."""

    def __init__(self, thread: Thread) -> None:
        self._people: dict[str, set[str]] = defaultdict(set)
        self._spelled: set[str] = set()
        self._short: dict[str, set[str]] = defaultdict(set)
        for person in thread.people:
            if not _is_unknown(person):
                for name in (person.name, *person.aliases):
                    self._add(name, person.id)
        unknown = {person.id for person in thread.people if _is_unknown(person)}
        for account in thread.accounts:
            if account.name != UNHEADED and account.person not in unknown:
                self._add(account.name, account.person)
        small = [name for name in self._spelled if name.islower() and len(name) > 4 and not is_dictionary_word(name)]
        handles = "|".join(re.escape(name) for name in sorted(small) if " " not in name)
        self.handles = re.compile(rf"(?<![\w@./-])(?:{handles})(?![\w@/-])") if handles else None
        """Finds the handles that are written small and are no words."""
        people = {account.id: account.person for account in thread.accounts}
        self._writer = {post: people[account] for post, account in thread.authors.items() if account in people}
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


def people_called(document: Document, post: ParsedPost, forms: Forms) -> Iterator[Proposal]:
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
            yield from propose(
                document, post, span, EntityKind.PERSON, Rank.CALLED, Judgement(0.95, "address"), person=person or None
            )
        elif _is_handle(document, address.span) if at else is_plain_given_name(words[0]):
            name = words[0] if at and len(words) > 1 and not word_classes(words[1].lower()).startswith(("G", "S")) else name
            span = Span(address.span.start, address.span.start + len(name))
            yield from propose(document, post, span, EntityKind.PERSON, Rank.PERSON, Judgement(0.7, "address"))


_CODE = re.compile(r"[{};=<>$]|\w\(|\(\)|::|->")


def line_of(document: Document, span: Span) -> str:
    """The line of the text that a stretch begins in."""
    start = document.text.rfind("\n", 0, span.start) + 1
    end = document.text.find("\n", span.start)
    return document.text[start : end if end >= 0 else len(document.text)]


def is_code(document: Document, span: Span) -> bool:
    """Whether the line that a stretch stands in reads like a program: braces, calls, assignments; lines of prose are long."""
    line = line_of(document, span)
    return len(_CODE.findall(line)) > len(line) // 150


def _is_handle(document: Document, span: Span) -> bool:
    """Whether what follows an at-sign calls somebody, and is no variable: `@firstName`, `@Html.Text`, `@owner`."""
    name = span.of(document.text)
    inner = name[:1].islower() and not name.islower()
    return not (inner or "." in name or is_dictionary_word(name) or is_code(document, span))


def is_plain_given_name(word: str) -> bool:
    """Whether the word is a given name and neither a verb, adjective or adverb nor an exclamation."""
    classes = word_classes(word.lower())
    return "G" in classes and not set(classes) & set("var") and word.lower() not in _EXCLAMATIONS


_EXCLAMATIONS = frozenset("all ha hai hah hey ho no so oh ah eh my see you do an in la love man".split())
_SAYING = frozenset(
    "say write argue think tell ask claim note suggest mention believe explain point state reply add agree comment want "
    "know".split()
)


def single_names(document: Document, post: ParsedPost, likely: Mapping[int, float], forms: Forms) -> Iterator[Proposal]:
    """Names of one word: short for somebody known here, or a given name that the model is sure of."""
    for match in forms.handles.finditer(document.text, post.post.span.start, post.post.span.end) if forms.handles else ():
        person = forms.whole(match.group())
        yield from propose(
            document,
            post,
            Span(*match.span()),
            EntityKind.PERSON,
            Rank.CALLED,
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
            common = is_dictionary_word(text) and not is_given_name(text)
            proper = token.pos_ == "PROPN" and not common
            if _stands_alone(token) and (proper or probability >= LIKELY or forms.whole(text) is not None):
                yield from propose(
                    document,
                    post,
                    post.span(token),
                    EntityKind.PERSON,
                    Rank.CALLED,
                    Judgement(0.9, "short-name"),
                    person=person or None,
                )
            continue
        if (
            probability < SURE
            or forms.is_shared(text)
            or _is_in_marks(post.parse[token.i : token.i + 1])
            or not text.isalpha()
            or text.isupper()
            or not _stands_alone(token)
        ):
            continue
        if is_plain_given_name(text) or (token.ent_type_ == "PERSON" and _acts_like_a_person(token)):
            yield from propose(
                document,
                post,
                post.span(token),
                EntityKind.PERSON,
                Rank.PERSON,
                Judgement(round(probability, 2), "people-model"),
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
    "view opinion argument point idea theory law claim position thought book paper work question answer suggestion "
    "comment advice".split()
)
