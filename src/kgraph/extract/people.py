"""Which words name people: a small linear model over the tagger's output, lists of names and the words around.

spaCy's small model misses most names in informal writing and takes many other words for names. The model here reads what spaCy
says as one feature among others; it was trained on the WNUT-17 training split (Derczynski et al. 2017, CC BY 4.0) by
`tools/train_people.py`. Weights are natural-log odds; a token that cannot be a name (no capital, in no list, no `@`) is never
weighed.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files

from spacy.tokens import Doc as ParsedText
from spacy.tokens import Span as TokenSpan
from spacy.tokens import Token

from kgraph.extract.parse import model

_DATA = files("kgraph.extract") / "data"
_PARTS = (("verb", "v"), ("adj", "a"), ("adv", "r"), ("noun", "n"))


def folded(name: str) -> str:
    """Lower case, without accents: how the lists are written."""
    if name.isascii():
        return name.lower()
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


@cache
def given_names() -> frozenset[str]:
    return frozenset((_DATA / "given_names.txt").read_text(encoding="ascii").split())


@cache
def surnames() -> frozenset[str]:
    return frozenset((_DATA / "surnames.txt").read_text(encoding="ascii").split())


@cache
def _dictionary() -> tuple[tuple[frozenset[str], str], ...]:
    index = model().get_pipe("lemmatizer").lookups.get_table("lemma_index")  # type: ignore[attr-defined]
    return tuple((frozenset(index[part]), letter) for part, letter in _PARTS)


@cache
def _word_classes() -> dict[str, str]:
    return {}


def word_classes(word: str) -> str:
    """What a lower-case word is known as: G a given name, S a surname, v verb, a adjective, r adverb, n noun."""
    known = _word_classes()
    classes = known.get(word)
    if classes is None:
        plain = folded(word)
        classes = ("G" if plain in given_names() else "") + ("S" if plain in surnames() else "")
        classes += "".join(letter for words, letter in _dictionary() if word in words)
        if len(known) < 200_000:
            known[word] = classes
    return classes


def is_given_name(word: str) -> bool:
    return folded(word) in given_names()


def is_dictionary_word(word: str) -> bool:
    """Whether the word, in lower case, is a verb, adjective, adverb or noun of the lemmatizer's word lists."""
    return bool(set(word_classes(word.lower())) & set("varn"))


def shape(word: str) -> str:
    """`x` all lower, `Xx` capitalised, `XX` all upper, `X` one letter, `XxX` mixed, `o` other."""
    if word.isupper():
        return "X" if len(word) == 1 else "XX"
    if word.islower():
        return "x"
    if word[:1].isupper():
        return "Xx" if word[1:].islower() else "XxX"
    return "o"


@dataclass(frozen=True, slots=True)
class _Reading:
    word: str
    shape: str
    tag: str
    label: str
    classes: str


_NOTHING = _Reading("<>", "-", "-", "", "")


def _reading(token: Token) -> _Reading:
    text = token.text
    word = text.lower()
    return _Reading(word, shape(text), token.tag_, token.ent_type_, word_classes(word) if text[0].isalpha() else "")


def candidates(parse: ParsedText) -> list[int]:
    """The tokens worth weighing: with a capital, a leading `@`, in a list of names, or taken for a name by the tagger."""
    found = []
    known = _worth
    strings = parse.vocab.strings
    name_tags, person = {strings["NNP"], strings["NNPS"]}, strings["PERSON"]
    for at, (orth, tag, label) in enumerate(parse.to_array(["ORTH", "TAG", "ENT_TYPE"]).tolist()):
        worth = known.get(orth)
        if worth is None:
            worth = _worth_of(parse[at])
            if len(known) < 200_000:
                known[orth] = worth
        if worth is _Worth.ALWAYS or (worth is _Worth.TAGGED and (tag in name_tags or label == person)):
            found.append(at)
    return found


class _Worth(Enum):
    NEVER, TAGGED, ALWAYS = range(3)


_worth: dict[int, _Worth] = {}


def _worth_of(token: Token) -> _Worth:
    text = token.text
    first = text[0]
    if first == "@":
        return _Worth.ALWAYS if len(text) > 1 else _Worth.NEVER
    if not first.isalpha() or token.is_stop:
        return _Worth.NEVER
    if first.isupper() or not text.islower():
        return _Worth.ALWAYS
    classes = word_classes(text)
    return _Worth.ALWAYS if "G" in classes or classes == "S" else _Worth.TAGGED


def features(parse: ParsedText, at: int) -> list[str]:
    """What the model sees of one token."""
    token = parse[at]
    last = len(parse) - 1
    this = _reading(token)
    p = _reading(parse[at - 1]) if at else _NOTHING
    n = _reading(parse[at + 1]) if at < last else _NOTHING
    p2 = parse[at - 2].text.lower() if at > 1 else "<>"
    n2 = parse[at + 2].text.lower() if at + 1 < last else "<>"
    word, form, tag, label, classes = this.word, this.shape, this.tag, this.label, this.classes
    given = "G" in classes
    return [
        f"w={word}", f"sh={form}", f"tag={tag}", f"ent={label}", f"lx={classes}", f"ss={bool(token.is_sent_start):d}",
        f"dep={token.dep_}", f"dh={token.dep_}{token.head.lemma_.lower()}", f"G={given:d}", f"S={'S' in classes:d}",
        f"d={any(c in classes for c in 'varn'):d}", f"shlx={form}{classes}", f"entsh={label}{form}", f"enttag={label}{tag}",
        f"entlx={label}{classes}", f"entG={label}{given:d}", f"taglx={tag}{classes}", f"suf={word[-3:]}", f"suf2={word[-2:]}",
        f"len={min(len(word), 8)}", f"pw={p.word}", f"nw={n.word}", f"psh={p.shape}", f"nsh={n.shape}", f"ptag={p.tag}",
        f"ntag={n.tag}", f"pent={p.label}", f"nent={n.label}", f"plx={p.classes}", f"nlx={n.classes}",
        f"pG={'G' in p.classes:d}{p.shape}", f"nS={'S' in n.classes:d}{n.shape}", f"nSd={form}{n.classes}{n.shape}",
        f"pGd={form}{p.classes}{p.shape}", f"pp={p2} {p.word}", f"p2={p2}", f"n2={n2}", f"shp={p.shape}{form}{n.shape}",
        f"caps={p.shape == 'XX' and n.shape == 'XX':d}", f"lxn={classes}|{n.classes}", f"plxx={p.classes}|{classes}",
    ]  # fmt: skip


@cache
def _weights() -> tuple[float, dict[str, float]]:
    stored = json.loads((_DATA / "people.json").read_text(encoding="utf-8"))
    return float(stored["intercept"]), {name: value / stored["scale"] for name, value in stored["weights"].items()}


def probabilities(parse: ParsedText) -> dict[int, float]:
    """For each token that may be part of a person's name, how probable that is."""
    intercept, weights = _weights()
    known = weights.get
    found = {}
    for at in candidates(parse):
        total = intercept
        for feature in features(parse, at):
            total += known(feature, 0.0)
        found[at] = 1.0 / (1.0 + math.exp(-total))
    return found


@dataclass(frozen=True, slots=True)
class PersonName:
    """Adjacent tokens that read as one name, with the probability of the surest of them."""

    tokens: TokenSpan
    probability: float


PROBABLE = 0.17
"""Where precision and recall meet best over the folds of the training split."""


def names_of_people(parse: ParsedText, *, at_least: float = PROBABLE) -> list[PersonName]:
    """The names in a text, in its order: neighbouring probable tokens with nothing but a space or a hyphen between."""
    return names_among(parse, probabilities(parse), at_least=at_least)


def names_among(parse: ParsedText, likely: Mapping[int, float], *, at_least: float) -> list[PersonName]:
    """The names that the tokens' probabilities make."""
    names: list[PersonName] = []
    end = 0
    for at in sorted(likely):
        if at < end or likely[at] < at_least:
            continue
        end = at + 1
        while (step := _continues(parse, end, likely, at_least)) > 0:
            end += step
        best = max(likely.get(i, 0.0) for i in range(at, end))
        names.append(PersonName(parse[at:end], best))
    return names


def _continues(parse: ParsedText, at: int, likely: Mapping[int, float], at_least: float) -> int:
    """How many tokens from here on belong to the name that ends before: a hyphen takes its second half along."""
    if likely.get(at, 0.0) >= at_least and len(parse[at - 1].whitespace_) <= 1:
        return 1
    hyphen = at + 1 < len(parse) and parse[at].text == "-" and not parse[at].whitespace_ and not parse[at - 1].whitespace_
    return 2 if hyphen and likely.get(at + 1, 0.0) >= at_least else 0
