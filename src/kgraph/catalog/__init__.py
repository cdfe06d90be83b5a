"""What is known by name before a text is read: platforms, technologies, organizations and places.

It comes from the tables beside this file; their README says where each row is from.

A *form* is one way to write an entry's name: the name itself or an alias. How much a form needs before it counts:

- `none`: it counts on sight. From four letters up it also counts in lower case, Capitalised and in CAPITALS.
- `case`: it counts only as the table spells it, since it is also a word, a place or a surname, or short (Kiva, Slack, IRC).
  The table says `word` where the word is a common one (Slack): then a capital that opens a sentence does not make it a name.
- `context`: even so it is only a candidate, since it is also a person's name or opens many sentences. `find` returns it marked.

Offsets count code points, ranges are half-open, as in `model.text`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from kgraph.errors import Misuse
from kgraph.model.annotations import EntityKind
from kgraph.model.text import Span

FILES = {
    EntityKind.PLATFORM: "platforms.csv",
    EntityKind.TECHNOLOGY: "technologies.csv",
    EntityKind.ORGANIZATION: "organizations.csv",
    EntityKind.PLACE: "places.csv",
}
"""The tables, in the order in which entries of one name are given."""

SAME_AS = ("http://www.wikidata.org/entity/{}", "http://dbpedia.org/resource/{}", "https://sws.geonames.org/{}/")
"""IRIs of the columns `wikidata`, `dbpedia` and `geonames`."""

COLUMNS = (
    "slug",
    "name",
    "aliases",
    "category",
    "url",
    "types",
    "wikidata",
    "dbpedia",
    "geonames",
    "ambiguous",
    "source",
    "licence",
)


class Ambiguity(StrEnum):
    NONE = "none"
    CASE = "case"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is known by name. `id` is its reference (`platform/craigslist`), as `iris.entity` makes it.

    `same_as` are its IRIs in open-data graphs, each confirmed by a list named in `source`; `aliases` and `alias_ambiguities`
    run side by side. `types` are schema.org class names. `common` are the forms that are common words too.
    """

    id: str
    slug: str
    name: str
    aliases: tuple[str, ...]
    kind: EntityKind
    category: str
    url: str | None
    types: tuple[str, ...]
    same_as: tuple[str, ...]
    ambiguity: Ambiguity
    alias_ambiguities: tuple[Ambiguity, ...]
    source: str
    common: tuple[str, ...] = ()
    licence: str = ""

    @property
    def forms(self) -> tuple[tuple[str, Ambiguity], ...]:
        """Every form with what it needs before it counts; the name comes first."""
        return ((self.name, self.ambiguity), *zip(self.aliases, self.alias_ambiguities, strict=True))


@dataclass(frozen=True, slots=True)
class Hit:
    """A stretch of text that is a form of `entries`, the best first, or a URL on the domain of one.

    `spelled` says that the table spells it so. `ambiguity` is what the form needs of the caller: `none` and `case` have been
    checked and count; `context` does not count until other words support it. A `case` form is marked `context` too where it is
    a common word whose capital may be owed to the sentence it opens, or any single word that may be part of a longer name.
    """

    span: Span
    entries: tuple[Entry, ...]
    spelled: bool
    ambiguity: Ambiguity = Ambiguity.NONE


_Node: TypeAlias = dict[str, Any]
"""Next token, casefolded, a space before it where the form has one → node; under `""` the `_Form`s that end here."""
_Form: TypeAlias = tuple[str, Ambiguity, Entry]

_MARKS = {"": Ambiguity.NONE, "case": Ambiguity.CASE, "word": Ambiguity.CASE, "context": Ambiguity.CONTEXT}
_RANK = {Ambiguity.NONE: 0, Ambiguity.CASE: 1, Ambiguity.CONTEXT: 2}
_TOKEN = re.compile(r"\w+|[^\w\s]")
_FIRST = re.compile(r"\.?\w+")
_NEXT = re.compile(r"([ \t\xa0]*(?:\r?\n[ \t\xa0]*)?)(\w+|[^\w\s])")
_URLS = (re.compile(r"https?://[^\s<>\"'`{}|\\^\[\]“”‘’]+", re.I), re.compile(r"www\.[^\s<>\"'`{}|\\^\[\]“”‘’]+"))
_ARTICLE = re.compile(r"^(?:the|an?)\s+(?=\S)")
_SENTENCE_OPENS = re.compile(r"(?:^|[.!?:;…][\"'”’)\]]*\s+|\n\s*\n\s*|\n\s*(?:[*•>#-]+|\d+[.)])\s*)[\"'“‘(\[]*\Z")
_CAPITALISED_NEXT = re.compile(r"[ \xa0][A-Z][a-z]+")
_CAPITALISED_BEFORE = re.compile(r"\b[A-Z][a-z]+[ \xa0]\Z")
_SHOUTED_NEXT = re.compile(r"[ \xa0][A-Z]{2,}\b")
_SHOUTED_BEFORE = re.compile(r"\b[A-Z]{2,}[ \xa0]\Z")
_LEAST_LETTERS = 4
_LOOK_BACK = 80


class Catalog:
    """The entries, and the ways to find them. Build one with `load`, or from entries of your own."""

    def __init__(self, entries: Iterable[Entry], version: str = "") -> None:
        self.entries = tuple(entries)
        self.version = version
        """Sixteen hexadecimal digits that stand for the tables' bytes."""
        self._by_id = {entry.id: entry for entry in self.entries}
        self._by_domain = dict[str, list[Entry]]()
        self._starts = dict[str, _Node]()
        roots = dict[str, _Node]()
        for entry in self.entries:
            for form, ambiguity in entry.forms:
                self._plant(roots, form, ambiguity, entry)
            if entry.url is not None and (host := _own_host(entry.url)):
                self._by_domain.setdefault(host, []).append(entry)
                self._plant(roots, host, Ambiguity.NONE, entry)

    def _plant(self, roots: dict[str, _Node], form: str, ambiguity: Ambiguity, entry: Entry) -> None:
        first, *rest = (form,) if form.isalnum() else _tokens(form)
        node = root = roots.setdefault(first.casefold(), {})
        for token in rest:
            node = node.setdefault(token, {})
        node.setdefault("", []).append((form, ambiguity, entry))
        for spelling in _spellings(first) if ambiguity is Ambiguity.NONE else (first,):
            self._starts[spelling] = root

    @cached_property
    def _by_name(self) -> dict[str, dict[Entry, None]]:
        named = dict[str, dict[Entry, None]]()
        for entry in self.entries:
            for form, _ in entry.forms:
                named.setdefault(_normal(form), {})[entry] = None
        return named

    def by_id(self, id: str) -> Entry | None:
        return self._by_id.get(id)

    def lookup(self, name: str) -> tuple[Entry, ...]:
        """The entries that have this form, however it is cased, with or without a leading article."""
        return tuple(self._by_name.get(_normal(name), ()))

    def by_domain(self, host: str) -> tuple[Entry, ...]:
        """The entries whose home is at this host, or at the nearest domain above it (`seattle.craigslist.org`)."""
        labels = host.casefold().rstrip(".").split(":")[0].split(".")
        for start in range(max(len(labels) - 1, 0)):
            if found := self._by_domain.get(".".join(labels[start:])):
                return tuple(found)
        return ()

    def find(self, text: str, start: int = 0, end: int | None = None) -> list[Hit]:
        """The forms in this stretch of the text, in order and without overlap; of several at one place the longest.

        A form may run over one line break, never over an empty line. A possessive's `'s` stays outside the span. Inside URLs,
        e-mail addresses, member names (`System.Windows`) and handles nothing is found; a URL on a known domain is itself a hit.
        """
        end = len(text) if end is None else min(end, len(text))
        hits = list[Hit]()
        position = start
        for url in _urls(text, start, end):
            self._find_words(text, position, url.start, hits)
            host = urlsplit(url.of(text) if "://" in url.of(text) else "http://" + url.of(text)).netloc.rpartition("@")[2]
            if entries := self.by_domain(host):
                hits.append(Hit(url, entries, spelled=False))
            position = url.end
        self._find_words(text, position, end, hits)
        return hits

    def _find_words(self, text: str, start: int, end: int, hits: list[Hit]) -> None:
        starts = self._starts
        done = start
        for match in _FIRST.finditer(text, start, end):
            node = starts.get(match.group())
            if node is None or match.start() < done:
                continue
            hit = self._longest(text, node, match.start(), match.end(), end, hits)
            if hit is not None:
                hits.append(hit)
                done = hit.span.end

    def _longest(self, text: str, node: _Node, start: int, position: int, end: int, hits: list[Hit]) -> Hit | None:
        if not _opens(text, start):
            return None
        ends = list[tuple[int, list[_Form]]]()
        while True:
            if "" in node:
                ends.append((position, node[""]))
            step = _NEXT.match(text, position, end)
            if step is None:
                break
            gap, token = step.groups()
            following: _Node | None = node.get((" " if gap else "") + _straight(token.casefold()))
            if following is None:
                break
            node = following
            position = step.end()
        for stop, forms in reversed(ends):
            if _closes(text, stop) and (hit := _hit(text, Span(start, stop), forms, hits)):
                return hit
        return None


def _hit(text: str, span: Span, forms: list[_Form], hits: list[Hit]) -> Hit | None:
    words = _straight(" ".join(span.of(text).split()))
    fitting = [
        (_RANK[ambiguity], form, ambiguity, entry)
        for form, ambiguity, entry in forms
        if words == form or (ambiguity is Ambiguity.NONE and _respelled(words, form))
    ]
    if not fitting:
        return None
    fitting.sort(key=lambda fit: fit[0])
    _, form, ambiguity, entry = fitting[0]
    if ambiguity is Ambiguity.CASE and _is_doubtful(text, span, words, form in entry.common, hits):
        ambiguity = Ambiguity.CONTEXT
    entries = tuple(dict.fromkeys(entry for *_, entry in fitting))
    return Hit(span, entries, any(words == form for _, form, _, _ in fitting), ambiguity)


def _is_doubtful(text: str, span: Span, words: str, common: bool, hits: list[Hit]) -> bool:
    """Whether the capitals may say nothing.

    So it is where a common word opens a sentence, where all around is in capitals, and where a single word may be part of a
    longer name: a capitalised word stands beside it that is no hit itself.
    """
    back = max(0, span.start - _LOOK_BACK)
    before = text[back : span.start]
    if words.isupper():
        return words.isalpha() and bool(_SHOUTED_BEFORE.search(before) and _SHOUTED_NEXT.match(text, span.end))
    if not words.istitle():
        return False
    if _SENTENCE_OPENS.search(before) and (back == 0 or before.strip()):
        return common or (words.isalpha() and bool(_CAPITALISED_NEXT.match(text, span.end)))
    if not words.isalpha():
        return False
    if _CAPITALISED_NEXT.match(text, span.end):
        return True
    name = _CAPITALISED_BEFORE.search(before)
    if name is None or _SENTENCE_OPENS.search(before[: name.start()]):
        return False
    return not (hits and hits[-1].span.end == span.start - 1)


def _opens(text: str, start: int) -> bool:
    """Whether a form can begin here: not inside a member name, an address, a handle, a path or after an apostrophe."""
    if start == 0:
        return True
    before = text[start - 1]
    if before in "@\\" or (before == "/" and text[start].islower()):
        return False
    if before in ".'’" or text[start] == ".":
        lead = text[start - 2] if before in ".'’" and start > 1 else before
        return not (lead.isalnum() or lead == "_")
    return True


def _closes(text: str, stop: int) -> bool:
    """Whether a form can end here: not where a member name, an address or a sign that changes the name (`C#`) goes on."""
    if stop >= len(text):
        return True
    after = text[stop]
    if after in "@#+" or (not text[stop - 1].isalnum() and after.isalpha()):
        return False
    if after in ".\\":
        return stop + 1 >= len(text) or not (text[stop + 1].isalnum() or text[stop + 1] == "_")
    return after != "(" or text[stop + 1 : stop + 2] != ")"


def _urls(text: str, start: int, end: int) -> Iterator[Span]:
    found = sorted(match.span() for pattern in _URLS for match in pattern.finditer(text, start, end))
    done = start
    for first, last in found:
        if first < done:
            continue
        words = text[first:last].rstrip(".,;:!?*_")
        while words.endswith(")") and words.count(")") > words.count("("):
            words = words[:-1].rstrip(".,;:!?*_")
        done = first + len(words)
        yield Span(first, done)


def _tokens(form: str) -> list[str]:
    """The first token as written, a leading dot kept on it; then each next one casefolded, a space before it if it had one."""
    words = form.split()
    if all(map(str.isalnum, words)):
        return [words[0], *[" " + word.casefold() for word in words[1:]]]
    tokens = list[str]()
    for word in words:
        for i, token in enumerate(_TOKEN.findall(word)):
            tokens.append(token if i or not tokens else " " + token)
    if tokens[0] == "." and len(tokens) > 1:
        tokens[:2] = ["." + tokens[1]]
    return [tokens[0], *(_straight(token.casefold()) for token in tokens[1:])]


def _spellings(word: str) -> set[str]:
    return {word, word.lower(), word.upper(), word.capitalize(), word[:1].upper() + word[1:]}


def _respelled(words: str, form: str) -> bool:
    """Whether these words are the form in lower case, Capitalised or in CAPITALS, word by word."""
    if sum(map(str.isalnum, form)) < _LEAST_LETTERS or words.casefold() != form.casefold():
        return False
    return all(word in _spellings(known) for word, known in zip(words.split(), form.split(), strict=True))


def _straight(words: str) -> str:
    return words.replace("’", "'").replace("‘", "'").replace("ʼ", "'")


def _normal(name: str) -> str:
    return _ARTICLE.sub("", " ".join(_straight(name.casefold()).split()))


def _own_host(url: str) -> str:
    """The host of a home page that is a site's root; a page deeper in somebody's site claims no domain."""
    host, _, path = url.partition("://")[2].partition("/")
    return "" if path else host.removeprefix("www.")


def _entry(kind: EntityKind, row: list[str]) -> Entry:
    slug, name, also, category, url, types, wikidata, dbpedia, geonames, ambiguous, source, licence = row
    aliases = tuple(also.split("|")) if also else ()
    marks = ambiguous.split("|")
    marks += [""] * (1 + len(aliases) - len(marks))
    return Entry(
        id=f"{kind.value}/{slug}",
        slug=slug,
        name=name,
        aliases=aliases,
        kind=kind,
        category=category,
        url=url or None,
        types=tuple(types.split("|")) if types else (),
        same_as=tuple([pattern.format(id) for pattern, id in zip(SAME_AS, (wikidata, dbpedia, geonames), strict=True) if id]),
        ambiguity=_MARKS[marks[0]],
        alias_ambiguities=tuple([_MARKS[mark] for mark in marks[1:]]),
        source=source,
        common=tuple([form for form, mark in zip((name, *aliases), marks, strict=True) if mark == "word"])
        if "word" in marks
        else (),
        licence=licence,
    )


@lru_cache(maxsize=1)
def load() -> Catalog:
    """The catalog that comes with kgraph; the same object each time."""
    folder = Path(__file__).parent
    entries = list[Entry]()
    digest = hashlib.sha256()
    for kind, name in FILES.items():
        content = (folder / name).read_bytes()
        digest.update(content)
        header, *rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
        if tuple(header) != COLUMNS:
            raise Misuse(f"{name} is not a table of the catalog", hint="tools/make_catalog.py makes it anew")
        entries += [_entry(kind, row) for row in rows]
    return Catalog(entries, digest.hexdigest()[:16])


__all__ = ["Ambiguity", "Catalog", "Entry", "Hit", "load"]
