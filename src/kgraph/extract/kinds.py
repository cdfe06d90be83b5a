"""What kind of claim a sentence puts forward, how strongly, and whether it is denied.

Each cue votes for a kind with a weight; the kind with the most weight wins, and the confidence is its share of all the votes (a
constant vote for `factual` stands for the reading without any cue). The cues are those of the argument-mining literature: modals of
obligation and imperatives (normative), future and possibility (predictive), connectives and causative verbs (causal), copulas with a
generic subject and verbs of meaning (definitional), rated words and verbs of opinion (evaluative), the writer's own past (testimony).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from spacy.tokens import Token

from kgraph.extract.grammar import (
    FIRST_PERSON,
    SECOND_PERSON,
    finite_verbs,
    is_imperative,
    is_negated,
    is_negation,
    subject,
    valence,
)
from kgraph.extract.sentences import Sentence
from kgraph.extract.words import fold
from kgraph.model.annotations import ClaimKind, Judgement, Modality, Polarity

OPINION = frozenset({"think", "believe", "feel", "find", "consider", "guess", "suppose", "reckon", "doubt", "suspect", "agree", "disagree", "wish", "hope"})
LIKING = frozenset({"love", "like", "hate", "enjoy", "prefer", "appreciate", "admire", "despise", "loathe", "dislike", "resonate", "adore", "regret"})
_CAUSING = frozenset({"cause", "lead", "result", "create", "produce", "trigger", "enable", "undermine", "drive", "force", "allow", "prevent", "destroy",
                      "amplify", "hinder", "boost", "reduce", "increase", "improve", "generate", "stem", "ruin", "kill", "spark", "lift", "raise"})  # fmt: skip
_SCHEMES: tuple[tuple[re.Pattern[str], ClaimKind, float], ...] = tuple(
    (re.compile(pattern), kind, weight)
    for pattern, kind, weight in (
        (r"\b(?:should|shouldn't|ought|had better|must(?! have| be (?:a |the |some)))\b", ClaimKind.NORMATIVE, 2.2),
        (r"\b(?:needs? to|ha(?:s|ve) (?:got )?to (?:be|go|stop|change|start)|is supposed to|let's|let us)\b", ClaimKind.NORMATIVE, 1.6),
        (r"\b(?:i'd like to see|i would like to see|i (?:encourage|urge|suggest|recommend|advise)|i'd (?:not|rather|suggest|recommend|say you)|would be better)\b", ClaimKind.NORMATIVE, 2.5),
        (r"\b(?:it'?s|it is) (?:\w+ )?(?:important|necessary|essential|crucial|vital|time|better|best|worth|wise|imperative) (?:to|that|we|you)\b", ClaimKind.NORMATIVE, 2.0),
        (r"\b(?:the )?(?:last|only|first|next|best) (?:thing|step|way|option)\b.{0,60}\b(?:needs?|to do|is to)\b", ClaimKind.NORMATIVE, 1.8),
        (r"\b(?:the key (?:to|is|lies)|the point is to|one has to|you (?:have|need|want) to|you'll (?:then )?(?:need|have|want) to)\b", ClaimKind.NORMATIVE, 1.6),
        (r"\b(?:will|won't|'ll|shall|going to|gonna|about to|(?:is|are|'m|am) likely to|unlikely to|bound to|(?:is|are) becoming)\b", ClaimKind.PREDICTIVE, 1.8),
        (r"\b(?:someday|some day|eventually|in the (?:near |long )?(?:future|run)|sooner or later|by 20[2-9]\d|from now on|next year)\b", ClaimKind.PREDICTIVE, 1.2),
        (r"\b(?:can only|may (?:well |yet )?(?:be|become|end)|might (?:well |yet )?(?:be|become|end)|(?:is|are) spreading)\b", ClaimKind.PREDICTIVE, 0.8),
        (r"\b(?:because|due to|thanks to|as a result|results? in|resulted in|leads? to|led to|caused? by|owing to|that's why|which is why|the reason)\b", ClaimKind.CAUSAL, 1.3),
        (r"\b(?:therefore|thus|hence|consequently)\b", ClaimKind.CAUSAL, 0.5),
        (r"\b(?:means? that|is defined as|are defined as|defined? \w+ as|refers? to|stands? for|is called|is known as|by definition|(?:is|are) (?:not |n't )?the same(?: thing)?(?: as)?|is (?:just )?another word for)\b", ClaimKind.DEFINITIONAL, 2.2),
        (r"\bis (?:the (?:concept|idea|notion|principle|practice|process|act|difference)|what (?:makes|we call|distinguishes|\w+ (?:is|are) (?:all )?about))\b", ClaimKind.DEFINITIONAL, 2.2),
        (r"\b(?:that's|that is|this is) what \w+ (?:is|are|means)\b", ClaimKind.DEFINITIONAL, 2.0),
        (r"\b(?:in my (?:humble )?opinion|imho|imo|to me|my (?:concern|view|opinion|feeling|guess|problem|gripe|complaint|point)|personally|i'm (?:not )?sure|i am (?:not )?sure)\b", ClaimKind.EVALUATIVE, 1.4),
        (r"\b(?:fan of|all for|in favou?r of|opposed to|against the idea|makes? sense|worth it|no excuse|a lot to|much to offer|good news|bad news|the problem|rather than)\b", ClaimKind.EVALUATIVE, 0.9),
        (r"\b(?:the most|the least|too (?!long ago)|so much|far (?:too|more|less|better|worse)|much (?:more|less|better|worse)|more \w+ than|less \w+ than|\w{3,}er than|as \w+ as)\b", ClaimKind.EVALUATIVE, 0.8),
    )
)  # fmt: skip
_WHEN = re.compile(r"\b(?:yesterday|last (?:week|month|year|night|summer|winter)|recently|(?:\d+|a few|some|many) (?:years?|months?|weeks?|days?|hours?|minutes?) ago|in (?:19|20)\d\d|when i|as i|after i|once i|every time i|since i|back in|at the time|for years|i remember|for a while now)\b")
_HEDGES = re.compile(r"\b(?:probably|likely|apparently|presumably|seems?|seemed|appears?|looks? like|i (?:think|guess|suppose|believe|suspect|reckon|bet)|in most cases|tends? to|usually|sounds? like)\b")
_POSSIBLE = re.compile(r"\b(?:may|might|could|can|perhaps|maybe|possibly|conceivably)\b")
_NECESSARY = re.compile(r"\b(?:must|should|shall|ought|ha(?:s|ve) to|needs? to|has got to|had better)\b")
_CONDITION = re.compile(r"(?:^|[,;:—–-] ?)(?:and |but |so |then |even )?(?:if|unless|provided|suppose|assuming|once|whether)\b|\bwould\b")


@dataclass(frozen=True, slots=True)
class KindCues:
    """The votes of a sentence: a kind, a weight, and the cue that cast it."""

    votes: tuple[tuple[ClaimKind, float, str], ...]

    def judge(self) -> tuple[ClaimKind, Judgement]:
        """The kind with the most weight, its share of all votes, and its strongest cue."""
        totals: dict[ClaimKind, float] = {ClaimKind.FACTUAL: 0.9}
        for kind, weight, _ in self.votes:
            totals[kind] = totals.get(kind, 0.0) + weight
        chosen = max(totals, key=lambda kind: (totals[kind], kind is ClaimKind.FACTUAL))
        cues = [(weight, cue) for kind, weight, cue in self.votes if kind is chosen]
        confidence = totals[chosen] / sum(totals.values())
        return chosen, Judgement(round(confidence, 3), f"kind:{max(cues)[1]}" if cues else "kind:default")


def kind_of(sentence: Sentence) -> tuple[ClaimKind, Judgement]:
    return KindCues(tuple(_votes(sentence))).judge()


def _votes(sentence: Sentence) -> Iterator[tuple[ClaimKind, float, str]]:
    text = fold(sentence.text)
    root = sentence.tokens.root
    for pattern, kind, weight in _SCHEMES:
        match = pattern.search(text)
        if match is not None:
            yield kind, weight, match.group().strip()
    verb = main_verb(root)
    whose = subject(verb)
    yield from _grammatical(sentence, verb, whose)
    yield from _rated(sentence)
    if is_imperative(root) and not sentence.asks:
        yield ClaimKind.NORMATIVE, 2.4, "imperative"
    own = [v for v in finite_verbs(sentence.tokens) if _is_own(v)]
    past = [v for v in own if _is_past(v)]
    if whose is not None and whose.lower_ in {"i", "we"}:
        yield from _own(verb, whose)
    elif past:
        yield ClaimKind.TESTIMONY, 0.8, "own past"
    if _WHEN.search(text) and (past or own):
        yield ClaimKind.TESTIMONY, 1.2, "own time"
    elif whose is not None and whose.lemma_.lower() in {"i", "my"} and past:
        yield ClaimKind.TESTIMONY, 0.6, "own past"


def main_verb(root: Token) -> Token:
    """The verb that heads a sentence, past a parataxis of opinion: of `I think it works`, `works` is not it, `think` is."""
    return root


def _is_own(verb: Token) -> bool:
    who = subject(verb) or (subject(verb.head) if verb.dep_ in {"aux", "auxpass"} else None)
    return who is not None and who.lower_ in {"i", "we"}


def _is_past(verb: Token) -> bool:
    if verb.tag_ == "VBD" or verb.lower_ in {"'ve", "’ve"}:
        return True
    return verb.lemma_ == "have" and verb.dep_ == "aux" and verb.head.tag_ == "VBN"


def _own(verb: Token, whose: Token) -> Iterator[tuple[ClaimKind, float, str]]:
    lemma = verb.lemma_.lower()
    auxiliaries = {child.lower_ for child in verb.children if child.dep_ in {"aux", "auxpass"}}
    past = verb.tag_ == "VBD" or (verb.tag_ in {"VBN", "VBD", "VBG"} and auxiliaries & {"have", "'ve", "’ve", "had", "'d", "was", "were", "been"})
    if lemma in OPINION or lemma in LIKING:
        yield ClaimKind.EVALUATIVE, 1.8 if not past else 1.0, f"I {lemma}"
        if past:
            yield ClaimKind.TESTIMONY, 1.2, "own past"
    elif past:
        yield ClaimKind.TESTIMONY, 2.2 if whose.lower_ == "i" else 0.9, "own past"
    elif verb.tag_ == "VBG":
        yield ClaimKind.TESTIMONY, 1.4 if whose.lower_ == "i" else 0.5, "own present"
    elif verb.pos_ == "VERB" and not auxiliaries & {"will", "'ll", "’ll", "would", "'d", "should", "must", "can", "could"}:
        yield ClaimKind.TESTIMONY, 1.1 if whose.lower_ == "i" else 0.3, "own present"
    elif verb.lemma_ == "be":
        yield ClaimKind.EVALUATIVE, 0.6, "I am"


def _grammatical(sentence: Sentence, verb: Token, whose: Token | None) -> Iterator[tuple[ClaimKind, float, str]]:
    lemma = verb.lemma_.lower()
    if lemma in _CAUSING and whose is not None and whose.lower_ not in FIRST_PERSON and any(c.dep_ in {"dobj", "prep", "ccomp"} for c in verb.children):
        yield ClaimKind.CAUSAL, 1.2, lemma
    if lemma == "make" and any(child.dep_ == "ccomp" for child in verb.children):
        yield ClaimKind.CAUSAL, 0.9, "make"
    if lemma == "be" and whose is not None:
        for child in verb.children:
            if child.dep_ == "acomp":
                yield ClaimKind.EVALUATIVE, 0.9, f"is {child.lower_}"
            elif child.dep_ == "attr" and any(part.dep_ == "amod" for part in child.children):
                yield ClaimKind.EVALUATIVE, 0.5, f"is {child.lower_}"
    if lemma in {"feel", "seem", "sound", "look", "appear"} and whose is not None and whose.lower_ not in FIRST_PERSON:
        yield ClaimKind.EVALUATIVE, 1.2, lemma
    if whose is not None and whose.lower_ in SECOND_PERSON and sentence.tokens.root.tag_ in {"VBD", "VBN"}:
        yield ClaimKind.EVALUATIVE, 1.0, "you did"


def _rated(sentence: Sentence) -> Iterator[tuple[ClaimKind, float, str]]:
    """The words that rate: the main predicate's own count in full, those of clauses below it by half."""
    strength, cue = 0.0, ""
    root = sentence.tokens.root
    for token in sentence.tokens:
        rating = abs(valence(token))
        if rating:
            near = token is root or token.head is root or token.head.head is root
            strength += rating * (0.45 if near else 0.22)
            cue = cue or token.lower_
    if strength:
        yield ClaimKind.EVALUATIVE, min(strength, 1.9), cue


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
    heads = [root, *(child for child in root.children if child.dep_ in {"ccomp", "acomp", "attr"} and root.lemma_.lower() in OPINION | {"be"})]
    for head in heads:
        if is_negated(head) or any(is_negation(child) or any(map(is_negation, child.children)) for child in head.children if child.dep_ in SUBJECT_OR_OBJECT):
            return Polarity.NEGATED
    return Polarity.AFFIRMED


SUBJECT_OR_OBJECT = frozenset({"nsubj", "dobj", "nsubjpass", "attr", "aux"})
