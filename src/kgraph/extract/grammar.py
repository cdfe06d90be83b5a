"""Questions that the stages ask of a parse: is there a finite verb, who is the subject, is it negated, how is it judged."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from spacy.tokens import Span as TokenSpan
from spacy.tokens import Token

from kgraph.extract.words import straighten

FINITE = frozenset({"VBD", "VBZ", "VBP", "MD"})
SUBJECTS = frozenset({"nsubj", "nsubjpass", "csubj", "expl"})
FIRST_PERSON = frozenset({"i", "we", "me", "us", "my", "our", "mine", "ours", "myself", "ourselves"})
SECOND_PERSON = frozenset({"you", "your", "yours", "yourself", "u", "ya"})
_NEGATIONS = frozenset(
    "not no never n't nt neither nor none nobody nothing nowhere cannot without hardly barely scarcely dont doesnt didnt isnt "
    "arent "
    "wasnt werent wont cant couldnt shouldnt wouldnt aint havent hasnt hadnt".split()
)
_JUDGING = {
    "absurd": -2, "appalling": -3, "baffling": -1, "bloody": -1, "bogus": -2, "clumsy": -2, "courageous": 2,
    "disappointing": -2, "dead": -1, "dense": -1, "divisive": -2, "elegant": 2, "false": -2, "flawed": -2,
    "indisputable": 1, "insightful": 3, "insular": -1, "irrelevant": -2, "laughable": -2, "misguided": -3,
    "misleading": -2, "naive": -2, "naïve": -2, "nonsense": -3, "outdated": -1, "overblown": -2, "overrated": -2,
    "overstep": -2, "pointless": -2, "precise": 1, "ridiculous": -3, "rubbish": -3, "spot-on": 3, "startling": 1,
    "thoughtful": 2, "true": 2, "unfair": -2, "unfounded": -2, "useful": 2, "viable": 2, "vibrant": 2, "wrong": -2,
    "expensive": -1, "awkward": -1, "indispensable": 2, "mediocre": -2, "sane": 1, "sensible": 2, "silly": -2,
    "inaccurate": -2, "incorrect": -2, "overlook": -1, "mistaken": -2, "exaggerate": -1, "oversimplify": -2,
    "conflate": -1, "misunderstand": -2,
}  # fmt: skip


@cache
def _valences() -> dict[str, float]:
    rows = csv.reader(files(__package__).joinpath("data/valence.tsv").read_text("utf-8").splitlines(), delimiter="\t")
    return {word: float(mean) for word, mean in rows} | {word: float(mean) for word, mean in _JUDGING.items()}


def valence(token: Token) -> float:
    """How favourable the word is, from -4 to 4, 0 where neutral or unknown. Negation is not applied."""
    known = _valences()
    if (
        token.pos_ in {"PROPN", "ADP", "AUX", "DET", "PRON", "CCONJ", "SCONJ", "PART", "NUM", "PUNCT", "INTJ"}
        and token.lower_ not in _JUDGING
    ):
        return 0.0
    if token.lower_ in {"like", "kind", "well", "pretty", "just", "help"} and token.pos_ != "VERB":
        return 0.0
    return known.get(token.lower_, known.get(token.lemma_.lower(), 0.0))


def is_negation(token: Token) -> bool:
    """`not`, `n't` and their kin, with a straight, a curly or a missing apostrophe."""
    return token.dep_ == "neg" or straighten(token.lower_) in _NEGATIONS


def is_negated(token: Token) -> bool:
    """Whether a word is denied: a negation among its dependants, or among those of the verb that it completes."""
    if any(is_negation(child) for child in token.children):
        return True
    head = token.head
    return (
        token.dep_ in {"acomp", "attr", "xcomp", "oprd", "amod", "dobj"}
        and head is not token
        and any(is_negation(child) for child in head.children)
    )


def finite_verbs(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens that carry tense, or are a modal."""
    return (token for token in tokens if token.tag_ in FINITE and token.pos_ in {"VERB", "AUX"})


def subject(verb: Token) -> Token | None:
    """The grammatical subject of a verb, or of the verb that it is coordinated with."""
    for child in verb.children:
        if child.dep_ in SUBJECTS:
            return child
    if verb.dep_ == "conj" and verb.head.pos_ in {"VERB", "AUX"}:
        return subject(verb.head)
    if verb.dep_ == "xcomp":
        return subject(verb.head)
    return None


def is_imperative(root: Token) -> bool:
    """Whether a bare verb without a subject heads the sentence: `Choose another word`, `Don't buy it`."""
    if root.tag_ not in {"VB", "VBP"} or root.pos_ not in {"VERB", "AUX"}:
        return False
    for child in root.children:
        if child.dep_ in SUBJECTS or child.dep_ == "mark" or (child.dep_ == "aux" and child.lemma_ != "do"):
            return False
        if child.tag_ == "TO":
            return False
    before = [token for token in root.sent if token.i < root.i and not token.is_punct and not token.is_space]
    return all(token.dep_ not in {"ROOT", "ccomp", "conj", "attr", "dobj", "acomp", "poss"} for token in before)


def noun_phrase(token: Token) -> TokenSpan:
    """The noun with what modifies it, relative clauses and appositions left out."""
    left = token.left_edge
    kept = [token]
    for child in token.rights:
        if child.dep_ not in {"prep", "poss"}:
            break
        kept.append(child.right_edge)
    return token.doc[left.i : max(word.i for word in kept) + 1]


def words_before(token: Token, count: int) -> str:
    """The folded words before a token in its sentence, nearest last."""
    start = max(token.sent.start, token.i - count)
    return straighten(token.doc[start : token.i].text).casefold()
