"""The triple that a clause states: `craigslist – undermine – the business model of newspapers`."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Token

from kgraph.extract.grammar import noun_phrase, subject
from kgraph.extract.kinds import OPINION
from kgraph.extract.sentences import Sentence
from kgraph.model.annotations import Mention, Proposition

_NO_SUBJECT = frozenset(
    {"there", "it", "this", "that", "what", "which", "who", "one", "you", "he", "she", "they", "these", "those", "i", "we"}
)


def find_proposition(sentence: Sentence, mentions: Sequence[Mention], writer: str) -> Proposition | None:
    """The main clause as a triple, None where it lacks a subject that can be named or an object.

    `I think that …` gives way to what is thought. The writer stands for `I`; other pronouns count only where they were
    resolved.
    """
    verb = sentence.tokens.root
    if verb.lemma_.lower() in OPINION:
        verb = next((child for child in verb.children if child.dep_ == "ccomp" and child.pos_ in {"VERB", "AUX"}), verb)
    whose = subject(verb)
    if verb.pos_ not in {"VERB", "AUX"} or whose is None:
        return None
    predicate, what = _object(verb)
    if what is None:
        return None
    one, other = _name(sentence, whose, mentions, writer), _name(sentence, what, mentions, writer)
    return Proposition(one, predicate, other) if one and other else None


def _object(verb: Token) -> tuple[str, Token | None]:
    lemma = verb.lemma_.lower()
    particle = next((f" {child.lower_}" for child in verb.children if child.dep_ == "prt"), "")
    for child in verb.children:
        if child.dep_ in {"dobj", "attr", "acomp"} and child.pos_ in {"NOUN", "PROPN", "ADJ", "PRON"}:
            return lemma + particle, child
    for child in verb.children:
        if child.dep_ == "prep":
            for noun in child.children:
                if noun.dep_ == "pobj":
                    return f"{lemma}{particle} {child.lower_}", noun
    return lemma, None


def _name(sentence: Sentence, token: Token, mentions: Sequence[Mention], writer: str) -> str | None:
    """An entity's id where the whole phrase is a mention, else the phrase's words; None for a pronoun that was left open."""
    if token.i < sentence.tokens.start or token.i >= sentence.tokens.end:
        return None
    here = sentence.post.span(token)
    phrase = sentence.post.span(noun_phrase(token))
    for mention in mentions:
        if here in mention.span and len(phrase) <= len(mention.span) + 5:
            return mention.entity
    if token.lower_ in {"i", "me", "myself"}:
        return writer
    if token.lower_ in _NO_SUBJECT or token.pos_ == "PRON":
        return None
    words = " ".join(sentence.words(phrase).split())
    return words if len(words) <= 200 else None
