"""Whom a post addresses: `@Name …`, `Tomas, I …`, `Great post Vera.`, `On this, Ana: …`.

An address is found by its form (an at-sign, a comma or colon around a name, a formula of greeting or praise before it), so
that a name inside a sentence is none. Names are matched as people shorten them: in full, by the first name, by the handle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from kgraph.extract.parse import ParsedPost
from kgraph.extract.words import straighten
from kgraph.model.text import Document, Post, Span

_GREETING = (
    r"(?:(?:hi|hiya|hey|hello|dear|thanks|thank you|thx|cheers|yes|yeah|yep|no|nope|ok|okay|sorry|well|so|but|and|oh|ah"
    r"|agreed|congrats|"
    r"congratulations|kudos|bravo|wow|right|true|exactly|indeed|good morning|good evening)[\s,!.]+){0,3}"
)
_PRAISED = (
    r"(?:posts?|articles?|points?|jobs?|work|stuff|questions?|ideas?|tips?|pieces?|essays?|write-?up|reads?|thanks|thank you"
    r"|thx|welcome|"
    r"agreed?|congrats|congratulations|kudos|cheers|luck|said|one|again|wrong|right|sorry)"
)
_NAME = r"[A-Z][\w'-]+(?: [A-Z][\w'-]+)?"
_START = r"(?:^|(?<=[.!?\n])|(?<=[.!?\"] ))[ \t\"(*_]{0,12}"
_UNKNOWN = re.compile(
    rf"{_START}(?i:{_GREETING})(?P<opening>{_NAME}) ?(?:[,:!]| [-—–] )"
    rf"|(?P<closing>(?<=, ){_NAME})(?=[.!?:\n]|$)"
    rf"|\b(?i:{_PRAISED})[,]? (?P<praised>{_NAME})(?=[.!?,:;\n]|$)",
    re.MULTILINE,
)
_AT = re.compile(r"(?<![\w.@/])@ ?(?P<name>\w[\w.'-]*(?: [A-Z][\w'-]+){0,3})")


class Form(StrEnum):
    AT = "at"
    OPENING = "opening"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Address:
    """A name that a post calls, where it stands, and whether the post opens with it."""

    name: str
    span: Span
    form: Form
    first: bool


def addresses(document: Document, parsed: ParsedPost) -> tuple[Address, ...]:
    """Every address of a post in the order of the text, the names as written."""
    post = parsed.post
    text = straighten_same_length(document.words(post.span))
    found: list[Address] = []
    for match in _AT.finditer(text):
        span = Span(post.span.start + match.start("name"), post.span.start + match.end("name"))
        found.append(Address(match["name"].rstrip(".'-"), span, Form.AT, _opens(text, match.start())))
    for match in _UNKNOWN.finditer(text):
        group = match.lastgroup or ""
        start, end = match.span(group)
        span = Span(post.span.start + start, post.span.start + end)
        if any(span.overlaps(other.span) for other in found) or not _is_name(parsed, span):
            continue
        form = Form.OPENING if group == "opening" else Form.CLOSING
        found.append(Address(match[group], span, form, _opens(text, start)))
    return tuple(sorted(found, key=lambda address: address.span))


def straighten_same_length(text: str) -> str:
    """Plain marks for typographic ones, an ellipsis kept, so that offsets stay."""
    return straighten(text.replace("…", ".")) if "…" in text else straighten(text)


def _opens(text: str, start: int) -> bool:
    """Whether nothing but one short sentence stands before: `Great post. Phil, …` opens with Phil."""
    before = text[:start].strip(' \t\n@"*_(')
    return len(before.split()) <= 8 and "\n" not in before


def _is_name(parsed: ParsedPost, span: Span) -> bool:
    """Whether the parser takes these tokens for a proper noun, and not for a day, a place or an exclamation."""
    tokens = parsed.tokens(span)
    if tokens is None:
        return False
    return all(token.pos_ == "PROPN" for token in tokens) and all(
        token.ent_type_ in {"", "PERSON", "ORG", "NORP", "PRODUCT", "WORK_OF_ART", "GPE"} for token in tokens
    )


class Participants:
    """The people of a thread by the forms that others call them by. A form that fits two people calls neither."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """`names` maps a person's id to the name they write under."""
        self._by_form: dict[str, set[str]] = {}
        self._names: dict[str, str] = {}
        for person, name in names.items():
            self.add(person, name)

    def add(self, person: str, name: str) -> None:
        """Takes in somebody, once."""
        if person not in self._names:
            self._names[person] = name
            for form in forms_of(name):
                self._by_form.setdefault(form, set()).add(person)

    def called(self, name: str) -> str | None:
        """The person whom this name calls: exactly, or by as much of it as is one of theirs."""
        words = straighten(name).casefold().split()
        for length in range(len(words), 0, -1):
            people = self._by_form.get(" ".join(words[:length]), set())
            if len(people) == 1:
                return next(iter(people))
            exact = [person for person in people if self._names[person].casefold() == " ".join(words[:length])]
            if len(exact) == 1:
                return exact[0]
        return None


@lru_cache(maxsize=4096)
def forms_of(name: str) -> frozenset[str]:
    """What others call somebody of this name: `Ana Lima` → ana lima, ana, analima, lima."""
    whole = straighten(name).casefold().strip().lstrip("@")
    parts = re.findall(r"[\w'-]+", whole)
    forms = {whole, "".join(parts)}
    if len(parts) > 1:
        forms.update(part for part in (parts[0], parts[-1]) if len(part) > 2)
    forms.update(part for part in re.findall(r"[A-Z][a-z]{2,}", name) if name.startswith(part))  # AnaLima → ana
    return frozenset(form.casefold() for form in forms if len(form) > 1)


def credited_authors(document: Document, posts: Iterable[Post]) -> Iterator[tuple[str, Span]]:
    """Names that a post credits with the page's article: `… article about it by Ana Lima`, in full only."""
    pattern = re.compile(
        r"\b(?:article|essay|post|piece|column|text"
        r"|write-?up)\b[^.!?\n]{0,60}?\bby ([A-Z][\w'-]+(?: [A-Z][\w'.-]*)* [A-Z][\w'-]+)"
    )
    for post in posts:
        for match in pattern.finditer(straighten_same_length(document.words(post.span))):
            yield match[1], Span(post.span.start + match.start(1), post.span.start + match.end(1))
