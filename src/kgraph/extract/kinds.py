"""What kind of claim a sentence puts forward, how strongly, and whether it is denied.

The kind is weighed by a log-linear model: every feature of a sentence adds its weight to each kind. Features are read off the
parse: function words and their neighbours, how the sentence opens, its verbs with tense, auxiliaries and subject, what its main
verb governs, words that rate, degrees, names, length. Nouns count by class alone, so that what a text is about does not sway
its kind. Beside them stand the cues of the argument-mining literature, one sum for each kind: modals of obligation and
imperatives (normative), future and possibility (predictive), connectives and causative verbs (causal), verbs of meaning
(definitional), verbs of opinion and rated words (evaluative), the writer's own past (testimony).

`data/kind_cues.tsv` holds the cues that are phrases: the kind, how strong, words of which one must occur, the pattern.
`data/kinds.json` holds the weights; `tools/kinds/train.py` makes them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from spacy.tokens import Span as TokenSpan
from spacy.tokens import Token

from kgraph.extract.grammar import (
    FINITE,
    FIRST_PERSON,
    SECOND_PERSON,
    SUBJECTS,
    is_imperative,
    is_negated,
    is_negation,
    valence,
)
from kgraph.extract.sentences import Sentence
from kgraph.extract.words import fold
from kgraph.model.annotations import ClaimKind, Judgement, Modality, Polarity

OPINION = frozenset("think believe feel find consider guess suppose reckon doubt suspect agree disagree wish hope".split())
LIKING = frozenset("love like hate enjoy prefer appreciate admire despise loathe dislike resonate adore regret".split())
_CAUSING = frozenset(
    "cause lead result create produce trigger enable undermine drive force allow prevent destroy amplify hinder boost "
    "reduce increase improve generate stem ruin kill spark lift raise".split()
)
_WHEN = re.compile(
    r"\b(?:yesterday|last (?:week|month|year|night|summer|winter)|recently|(?:\d+|a few|some|many) (?:years?|"
    r"months?|weeks?|days?|hours?|minutes?) ago|in (?:19|20)\d\d|when i|as i|after i|once i|every time i|since i|"
    r"back in|at the time|for years|i remember|for a while now)\b"
)
_HEDGES = re.compile(
    r"\b(?:probably|likely|apparently|presumably|seems?|seemed|appears?|looks? like|i (?:think|guess|suppose|"
    r"believe|suspect|reckon|bet)|in most cases|tends? to|usually|sounds? like)\b"
)
_POSSIBLE = re.compile(r"\b(?:may|might|could|can|perhaps|maybe|possibly|conceivably)\b")
_NECESSARY = re.compile(r"\b(?:must|should|shall|ought|ha(?:s|ve) to|needs? to|has got to|had better)\b")
_CONDITION = re.compile(
    r"(?:^|[,;:—–-] ?)(?:and |but |so |then |even )?(?:if|unless|provided|suppose|assuming|once|whether)\b|\bwould\b"
)
_ARGUMENTS = frozenset({"nsubj", "dobj", "nsubjpass", "attr", "aux"})
_WORD_CLASSES = frozenset({"NOUN", "PROPN", "NUM", "VERB", "ADJ", "ADV", "INTJ", "X", "SYM"})
_NAMING = frozenset({"NOUN", "PROPN", "NUM"})
_DEGREES = frozenset({"JJR", "JJS", "RBR", "RBS"})
_SPELLED = {
    "'ve": "have",
    "'re": "are",
    "'m": "am",
    "'ll": "will",
    "n't": "not",
    "nt": "not",
    "ca": "can",
    "wo": "will",
    "u": "you",
    "im": "i",
}
_PRONOUNS = frozenset(
    "i we you he she they it this that these those there here who which what one everyone everybody nobody people "
    "someone somebody nothing anyone mine".split()
)
_POSSESSIVES = frozenset({"my", "our", "your", "their", "his", "her"})
_LENGTHS = (4, 7, 11, 16, 24, 34)
_RATINGS = (1.5, 3.0, 5.0)


@dataclass(frozen=True, slots=True)
class Features:
    """What the kind of a sentence is weighed by: features that are there or not, and the strength of the cues for each kind."""

    present: Set[str]
    cues: Mapping[ClaimKind, float]


@dataclass(frozen=True, slots=True)
class KindModel:
    """Weights of features and of cues, a column for each of `kinds`; `bias` is the score of a sentence without any.

    All are whole numbers, `scale` times the natural logarithm, so that a sum does not depend on the order of its parts. The
    features' sum is divided by the square root of their number: a long sentence is not surer than a short one. `trained_on` is
    the SHA-256 of the sentences that the weights were trained on.
    """

    version: str
    trained_on: str
    kinds: tuple[ClaimKind, ...]
    rows: Mapping[str, int]
    weights: npt.NDArray[np.int32]
    cues: Mapping[ClaimKind, npt.NDArray[np.float64]]
    bias: npt.NDArray[np.float64]
    scale: float

    def judge(self, features: Features) -> tuple[ClaimKind, float]:
        """The likeliest kind and its probability."""
        scores = self.bias.copy()
        known = [row for feature in features.present if (row := self.rows.get(feature)) is not None]
        if known:
            scores += self.weights.take(known, axis=0).sum(axis=0) / math.sqrt(len(known))
        for kind, strength in features.cues.items():
            scores += self.cues[kind] * strength
        scores /= self.scale
        best = int(scores.argmax())
        return self.kinds[best], 1.0 / float(np.exp(scores - scores[best]).sum())


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A cue in words: looked for only where one of `words` occurs."""

    kind: ClaimKind
    weight: float
    words: frozenset[str]
    pattern: re.Pattern[str]


@cache
def _phrases() -> tuple[_Phrase, ...]:
    rows = (
        line.split("\t")
        for line in (files("kgraph.extract") / "data" / "kind_cues.tsv").read_text(encoding="utf-8").splitlines()
    )
    return tuple(
        _Phrase(ClaimKind(kind), float(weight), frozenset(words.split()), re.compile(pattern))
        for kind, weight, words, pattern in rows
    )


@cache
def kind_model() -> KindModel:
    """The shipped weights."""
    stored = json.loads((files("kgraph.extract") / "data" / "kinds.json").read_text(encoding="utf-8"))
    return KindModel(
        version=stored["version"],
        trained_on=stored["trained_on"],
        kinds=tuple(map(ClaimKind, stored["kinds"])),
        rows={feature: row for row, feature in enumerate(stored["weights"])},
        weights=np.array(list(stored["weights"].values()), dtype=np.int32),
        cues={ClaimKind(kind): np.array(row, dtype=np.float64) for kind, row in stored["cues"].items()},
        bias=np.array(stored["bias"], dtype=np.float64),
        scale=float(stored["scale"]),
    )


def kind_of(sentence: Sentence) -> tuple[ClaimKind, Judgement]:
    """The likeliest kind of the claim, how likely it is, and the model that says so."""
    weights = kind_model()
    kind, probability = weights.judge(kind_features(sentence.tokens))
    return kind, Judgement(round(probability, 3), f"model:kinds@{weights.version}")


def kind_features(tokens: TokenSpan) -> Features:
    """The features of a sentence. Depends on nothing outside the tokens."""
    reading = _Reading(tokens)
    present = set(_wording(reading))
    present.update(_clauses(reading))
    present.update(_main_clause(reading))
    present.update(_tone(reading))
    cues: dict[ClaimKind, float] = {}
    for kind, weight in _cues(reading):
        cues[kind] = cues.get(kind, 0.0) + weight
    return Features(present, {kind: min(weight, 3.0) / 2.0 for kind, weight in cues.items()})


class _Reading:
    """One pass over the tokens: each word as the features see it, and who depends on whom."""

    __slots__ = (
        "auxiliaries",
        "forms",
        "known",
        "lengths",
        "names",
        "of_root",
        "opening",
        "possessives",
        "ratings",
        "root",
        "subjects",
        "text",
        "verbs",
        "words",
    )

    def __init__(self, tokens: TokenSpan) -> None:
        self.root = root = tokens.root
        self.text = fold(tokens.text)
        self.forms: list[str] = ["<"]
        self.words: list[str] = []
        self.opening: list[str] = []
        self.known: list[str] = []
        self.names: set[str] = set()
        self.verbs: list[Token] = []
        self.subjects: dict[int, Token] = {}
        self.auxiliaries: dict[int, list[str]] = {}
        self.possessives: dict[int, str] = {}
        self.of_root: list[tuple[Token, str]] = []
        self.ratings: list[tuple[Token, float]] = []
        self.lengths = 0
        at_root = root.i
        for token in tokens:
            part = token.pos_
            if part == "SPACE":
                continue
            tag, dep, head = token.tag_, token.dep_, token.head.i
            lower = token.lower_
            self.words.append(lower)
            spelled = _SPELLED.get(lower, lower)
            if dep in SUBJECTS:
                self.subjects.setdefault(head, token)
            elif dep in {"aux", "auxpass"}:
                self.auxiliaries.setdefault(head, []).append(spelled)
            elif dep == "poss":
                self.possessives.setdefault(head, lower)
            if head == at_root and token.i != at_root:
                self.of_root.append((token, dep))
            if tag in FINITE and part in {"VERB", "AUX"}:
                self.verbs.append(token)
            self._spell(token, part, tag, spelled)
            if len(self.opening) < 2:
                self.opening.append(self.forms[-1] if part in _NAMING else lower)
        self.forms.append(">")

    def _spell(self, token: Token, part: str, tag: str, spelled: str) -> None:
        if part not in _WORD_CLASSES:
            self.lengths += part != "PUNCT"
            self.forms.append(spelled)
            return
        self.lengths += 1
        rating = valence(token)
        if rating:
            self.ratings.append((token, rating))
        if token.ent_type_:
            self.names.add("n:" + token.ent_type_)
        if part == "NOUN":
            self.forms.append("NS" if tag == "NNS" else "N")
        elif part == "PROPN":
            self.forms.append("P")
        elif part == "NUM":
            self.forms.append("#")
        else:
            self.known.append("w:" + token.lemma_.lower())
            sign = "+" if rating >= 1 else "-" if rating <= -1 else ""
            self.forms.append(tag if part == "VERB" else tag + sign)
            if tag in _DEGREES:
                self.known.append("t:" + tag)

    def subject(self, verb: Token) -> Token | None:
        """The subject of a verb, of the verb it is coordinated with, or of the verb that an auxiliary serves."""
        found = self.subjects.get(verb.i)
        if found is None and verb.dep_ in {"conj", "aux", "auxpass"}:
            return self.subjects.get(verb.head.i)
        return found

    def who(self, subject: Token | None) -> str:
        """A class of subjects: a pronoun itself, a noun by number, with `my` or its like, a name."""
        if subject is None:
            return "0"
        lower = subject.lower_
        part = subject.pos_
        if lower in _PRONOUNS or part in {"PRON", "DET"}:
            return lower
        owner = self.possessives.get(subject.i)
        if owner in _POSSESSIVES:
            return f"{owner}+"
        if part == "PROPN":
            return "P"
        if part in {"VERB", "AUX"}:
            return "V"
        return "NS" if subject.tag_ == "NNS" else "N"


def _wording(reading: _Reading) -> Iterator[str]:
    forms = reading.forms
    yield from reading.known
    yield from reading.names
    for form in forms[1:-1]:
        yield "u:" + form
    for before, after in pairwise(forms):
        yield f"b:{before} {after}"
    yield "f1:" + forms[1]
    yield "f2:" + " ".join(forms[1:3])
    yield "f3:" + " ".join(forms[1:4])
    yield from ("g1:" + reading.opening[0], "g2:" + " ".join(reading.opening)) if reading.opening else ()


def _clauses(reading: _Reading) -> Iterator[str]:
    for verb in reading.verbs:
        yield f"c:{reading.who(reading.subject(verb))}/{verb.tag_}"


def _main_clause(reading: _Reading) -> Iterator[str]:
    root = reading.root
    tag = root.tag_
    lemma = tag if root.pos_ in _NAMING else root.lemma_.lower()
    auxiliaries = sorted(reading.auxiliaries.get(root.i, ()))
    joined = "+".join(auxiliaries)
    who = reading.who(reading.subject(root))
    yield from (
        f"r:{lemma}",
        f"rt:{tag}",
        f"rta:{tag}/{joined}",
        f"s:{who}",
        f"srt:{who}/{tag}",
        f"sr:{who}/{lemma}",
        f"srta:{who}/{tag}/{joined}",
    )
    for auxiliary in auxiliaries:
        yield "ra:" + auxiliary
    if auxiliaries:
        yield f"sa:{who}/{auxiliaries[0]}"
    if is_imperative(root):
        yield "imp"
    for child, dep in reading.of_root:
        yield "rn" if dep == "neg" else "k:" + dep
        if lemma == "be" and dep in {"acomp", "attr", "prep", "advmod", "ccomp"}:
            rating = valence(child)
            yield f"bk:{dep}{'+' if rating > 0 else '-' if rating < 0 else ''}"
            yield f"bk2:{who}{dep}{child.tag_}"
            if dep == "acomp":
                yield "bj:" + child.lemma_.lower()
            elif dep == "attr":
                if any(part.dep_ == "amod" for part in child.children):
                    yield "bka"
                yield "bkd:" + next((part.lower_ for part in child.children if part.dep_ == "det"), "0")


def _tone(reading: _Reading) -> Iterator[str]:
    strength = sum(abs(rating) for _, rating in reading.ratings)
    if strength:
        yield "v"
    for threshold in _RATINGS:
        if strength >= threshold:
            yield f"v{threshold:g}"
    if any(rating >= 1 for _, rating in reading.ratings):
        yield "vp"
    if any(rating <= -1 for _, rating in reading.ratings):
        yield "vn"
    for length in _LENGTHS:
        if reading.lengths >= length:
            yield f"l:{length}"
    for mark in '":;(':
        if mark in reading.text:
            yield "p" + mark
    if "..." in reading.text:
        yield "p..."
    if reading.text.endswith("!"):
        yield "p!"
    if any(map(str.isdigit, reading.text)):
        yield "p0"


def _cues(reading: _Reading) -> Iterator[tuple[ClaimKind, float]]:
    """Votes for kinds, each with its weight."""
    text, root = reading.text, reading.root
    words = frozenset(reading.words)
    for phrase in _phrases():
        if not phrase.words.isdisjoint(words) and phrase.pattern.search(text):
            yield phrase.kind, phrase.weight
    whose = reading.subject(root)
    who = whose.lower_ if whose is not None else ""
    yield from _cues_of_the_main_verb(reading, who)
    strength = sum(
        abs(rating) * (0.45 if token is root or token.head is root or token.head.head is root else 0.22)
        for token, rating in reading.ratings
    )
    if strength:
        yield ClaimKind.EVALUATIVE, min(strength, 1.9)
    if is_imperative(root):
        yield ClaimKind.NORMATIVE, 2.4
    own = [verb for verb in reading.verbs if (by := reading.subject(verb)) is not None and by.lower_ in {"i", "we"}]
    past = any(verb.tag_ == "VBD" or (verb.lemma_ == "have" and verb.dep_ == "aux" and verb.head.tag_ == "VBN") for verb in own)
    if who in {"i", "we"}:
        yield from _cues_of_own_verb(reading, who)
    elif past:
        yield ClaimKind.TESTIMONY, 0.8
    if own and _WHEN.search(text):
        yield ClaimKind.TESTIMONY, 1.2
    elif who == "i" and past:
        yield ClaimKind.TESTIMONY, 0.6


def _cues_of_own_verb(reading: _Reading, who: str) -> Iterator[tuple[ClaimKind, float]]:
    root = reading.root
    lemma, tag = root.lemma_.lower(), root.tag_
    auxiliaries = set(reading.auxiliaries.get(root.i, ()))
    past = tag == "VBD" or (tag in {"VBN", "VBG"} and bool(auxiliaries & {"have", "had", "'d", "was", "were", "been"}))
    if lemma in OPINION or lemma in LIKING:
        yield ClaimKind.EVALUATIVE, 1.0 if past else 1.8
        if past:
            yield ClaimKind.TESTIMONY, 1.2
    elif past:
        yield ClaimKind.TESTIMONY, 2.2 if who == "i" else 0.9
    elif tag == "VBG":
        yield ClaimKind.TESTIMONY, 1.4 if who == "i" else 0.5
    elif root.pos_ == "VERB" and not auxiliaries & {"will", "would", "'d", "should", "must", "can", "could"}:
        yield ClaimKind.TESTIMONY, 1.1 if who == "i" else 0.3
    elif lemma == "be":
        yield ClaimKind.EVALUATIVE, 0.6


def _cues_of_the_main_verb(reading: _Reading, who: str) -> Iterator[tuple[ClaimKind, float]]:
    root = reading.root
    lemma = root.lemma_.lower()
    governed = {dep for _, dep in reading.of_root}
    if lemma in _CAUSING and who and who not in FIRST_PERSON and governed & {"dobj", "prep", "ccomp"}:
        yield ClaimKind.CAUSAL, 1.2
    if lemma == "make" and "ccomp" in governed:
        yield ClaimKind.CAUSAL, 0.9
    if lemma == "be" and who:
        for child, dep in reading.of_root:
            if dep == "acomp":
                yield ClaimKind.EVALUATIVE, 0.9
            elif dep == "attr" and any(part.dep_ == "amod" for part in child.children):
                yield ClaimKind.EVALUATIVE, 0.5
    if lemma in {"feel", "seem", "sound", "look", "appear"} and who and who not in FIRST_PERSON:
        yield ClaimKind.EVALUATIVE, 1.2
    if who in SECOND_PERSON and root.tag_ in {"VBD", "VBN"}:
        yield ClaimKind.EVALUATIVE, 1.0


def modality_of(sentence: Sentence) -> Modality:
    """How strongly the sentence is put forward; a condition wins, then duty, then doubt."""
    text = fold(sentence.text)
    for pattern, modality in (
        (_CONDITION, Modality.HYPOTHETICAL),
        (_NECESSARY, Modality.NECESSARY),
        (_POSSIBLE, Modality.POSSIBLE),
        (_HEDGES, Modality.PROBABLE),
    ):
        if pattern.search(text):
            return modality
    return Modality.CERTAIN


def polarity_of(sentence: Sentence) -> Polarity:
    """Whether the main clause, or what it says somebody thinks, is denied."""
    root = sentence.tokens.root
    heads = [
        root,
        *(
            child
            for child in root.children
            if child.dep_ in {"ccomp", "acomp", "attr"} and root.lemma_.lower() in OPINION | {"be"}
        ),
    ]
    for head in heads:
        if is_negated(head) or any(
            is_negation(child) or any(map(is_negation, child.children)) for child in head.children if child.dep_ in _ARGUMENTS
        ):
            return Polarity.NEGATED
    return Polarity.AFFIRMED
