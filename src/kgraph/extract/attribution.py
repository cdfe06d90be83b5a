"""Reported speech: whose words a sentence passes on, by source, cue and content (Pareti 2015, PARC; Newell et al. 2018,
PolNeAR).

A report needs all three: somebody or something that can speak (source), a verb, noun or preposition of speech (cue), and
what was said (content: a clause, a quotation). So `according to their abilities` has no source that speaks, and `thinking
about it` no content. What somebody would, might or did not say is no report; nor is the writer's own `I said`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spacy.tokens import Token

from kgraph.extract.grammar import FIRST_PERSON, SECOND_PERSON, is_negation, noun_phrase, subject
from kgraph.extract.sentences import Sentence
from kgraph.extract.words import straighten
from kgraph.model.annotations import Judgement, Mention
from kgraph.model.text import Span

SPEECH = frozenset(
    "say state declare claim argue note suggest tell explain define announce report write mention point insist admit warn "
    "predict assert maintain contend propose observe remark reply answer add confirm deny complain conclude estimate "
    "acknowledge allege concede describe call quote recall stress swear reveal tweet comment testify caution reckon "
    "emphasize emphasise proclaim posit stipulate hold".split()
)
"""Verbs whose clause or quotation is somebody's words."""
_NAMING = frozenset({"define", "describe", "characterize", "characterise", "portray", "label", "call", "term"})
_NOUNS = frozenset(
    "view claim argument statement assertion opinion contention belief theory suggestion remark warning prediction thesis "
    "position definition".split()
)
_DOCUMENTS = frozenset(
    "study report survey article paper research data poll book essay post site website page documentation faq dictionary "
    "spec press news statistics".split()
)
_HYPOTHETICAL = frozenset(
    {"would", "could", "might", "may", "should", "will", "'d", "’d", "'ll", "’ll", "can", "must", "shall"}
)
_NO_SPEAKERS = frozenset({"it", "this", "that", "which", "there", "what", "these", "those"})
_ROLES = frozenset(
    "friend colleague expert doctor teacher professor grandfather grandmother father mother dad mom mum uncle aunt brother "
    "sister cousin neighbour neighbor boss wife husband daughter son partner critic supporter founder author editor writer "
    "reporter journalist researcher scientist economist lawyer judge minister president spokesman spokeswoman spokesperson "
    "official user member customer reader commenter developer engineer manager people person man woman guy someone somebody "
    "everyone everybody others some many most crowd advocate opponent proponent analyst student company government court "
    "agency team community".split()
)


@dataclass(frozen=True, slots=True)
class Report:
    """Whose words a sentence passes on: an entity's id, or the words that name the source, with where they stand."""

    source: str
    is_entity: bool
    span: Span
    judgement: Judgement


def find_report(
    sentence: Sentence, mentions: Sequence[Mention], *, addressee: str | None, before: Sequence[Sentence]
) -> Report | None:
    """The report that a sentence makes, None where it speaks for itself.

    `mentions` are those of the post, anaphoric ones too; `addressee` is the person whom `you` calls; `before` are the
    post's earlier sentences, where a pronoun's noun is looked for.
    """
    for cue, source, confidence in _candidates(sentence):
        found = _resolve(sentence, source, mentions, addressee, before)
        if found is not None:
            name, is_entity, span = found
            return Report(name, is_entity, span, Judgement(confidence, f"report:{cue}"))
    return None


def continues_report(sentence: Sentence, last: Report) -> Report | None:
    """The report that goes on in the next sentence: `But when he …, he sees …`, `Also stating that …`; None where it does
    not.
    """
    root = sentence.tokens.root
    whose = subject(root)
    opening = sentence.tokens[0].lower_
    goes_on = (
        whose is not None
        and whose.lower_ in {"he", "she"}
        and opening in {"but", "and", "also", "so", "then", "he", "she"}
        and root.tag_ in {"VBZ", "VBP"}
        and last.is_entity
    )
    adds = (
        root.tag_ == "VBG"
        and whose is None
        and root.lemma_.lower() in SPEECH
        and _has_content(sentence, root, root.lemma_.lower())
    )
    if not (goes_on or adds):
        return None
    return Report(last.source, last.is_entity, last.span, Judgement(0.6 if goes_on else 0.75, "report:continued"))


def introduces_quotation(
    sentence: Sentence, mentions: Sequence[Mention], *, addressee: str | None, before: Sequence[Sentence]
) -> Report | None:
    """Whose words a sentence that ends in a colon announces: `As Ana Lima writes in her book:`, `Here is what Ben has to
    say:`.
    """
    if not sentence.text.rstrip("\"”’'*_ ").endswith(":"):
        return None
    for verb in sentence.tokens:
        source = subject(verb) if verb.pos_ == "VERB" and verb.lemma_.lower() in SPEECH else None
        if source is None or source.lower_ in FIRST_PERSON:
            continue
        found = _resolve(sentence, source, mentions, addressee, before)
        if found is not None:
            return Report(*found, Judgement(0.8, "report:introduced"))
    people = [mention for mention in mentions if mention.span in sentence.span and mention.entity.startswith("person/")]
    if len({mention.entity for mention in people}) == 1:
        return Report(people[0].entity, True, people[0].span, Judgement(0.65, "report:introduced"))
    return None


def _candidates(sentence: Sentence) -> Iterator[tuple[str, Token, float]]:
    for token in sentence.tokens:
        lemma = token.lemma_.lower()
        if token.pos_ == "VERB" and lemma in SPEECH:
            yield from _by_verb(sentence, token, lemma)
            yield from _as_told(token, lemma)
        elif lemma == "accord" and token.lower_ == "according":
            yield from _according_to(token)
        elif token.pos_ == "NOUN" and lemma in _NOUNS:
            yield from _by_noun(token, lemma)


def _by_verb(sentence: Sentence, verb: Token, lemma: str) -> Iterator[tuple[str, Token, float]]:
    if _is_unreal(verb):
        return
    source = subject(verb)
    if source is not None and source.dep_ in {"nsubj"} and source.lower_ not in FIRST_PERSON:
        if source.tag_ in {"WDT", "WP"}:
            source = verb.head if verb.dep_ == "relcl" and verb.head.pos_ != "PRON" else None
        if source is not None and _has_content(sentence, verb, lemma):
            yield lemma, source, 0.85
        elif source is not None and verb.dep_ == "relcl" and _is_said_thing(verb.head):
            yield lemma, source, 0.8


def _as_told(verb: Token, lemma: str) -> Iterator[tuple[str, Token, float]]:
    """`As a friend once told me, …`, which parsers read as a preposition with its noun and a clause beside it."""
    for noun in verb.doc[max(verb.sent.start, verb.i - 3) : verb.i]:
        introduced = (noun.dep_ == "pobj" and noun.head.lower_ in {"as", "like"}) or (
            noun.dep_ == "nsubj"
            and noun.head is verb
            and verb.doc[noun.left_edge.i - 1].lower_ in {"as", "like"}
            and noun.left_edge.i > 0
        )
        if introduced and all(word.pos_ == "ADV" for word in verb.doc[noun.i + 1 : verb.i]):
            yield f"as … {lemma}", noun, 0.85


def _is_unreal(verb: Token) -> bool:
    """Whether the saying did not take place: denied, wished, conditional, asked for, infinitive."""
    chain = [verb, *([verb.head] if verb.dep_ in {"xcomp", "conj"} else [])]
    for word in chain:
        for child in word.children:
            if is_negation(child) or (child.dep_ == "aux" and (child.lower_ in _HYPOTHETICAL or child.tag_ == "TO")):
                return True
            if child.dep_ == "mark" and child.lower_ in {"if", "unless", "whether"}:
                return True
    return verb.dep_ == "advcl" and any(child.lower_ in {"if", "unless"} for child in verb.children)


def _has_content(sentence: Sentence, verb: Token, lemma: str) -> bool:
    """Whether what was said is there: a clause, a quotation, or the sentence around a parenthetic `as she told me`."""
    if lemma in _NAMING:
        if verb.i and verb.nbor(-1).text in {",", "("}:
            return False  # `the essay, called …` is given a name, whatever the parser makes of it
        following = sentence.post.parse[verb.i + 1 : sentence.tokens.end]
        return any(child.dep_ == "oprd" for child in verb.children) or any(
            word.lower_ == "as" and (word.head is verb or word.head.head is verb) for word in following
        )
    for child in verb.children:
        if child.dep_ in {"ccomp", "acl"} and child.pos_ in {"VERB", "AUX", "NOUN", "ADJ"}:
            return True
        if (
            child.dep_ == "advcl"
            and any(grand.lower_ in {"how", "that", "why"} for grand in child.children)
            and lemma not in {"ask"}
        ):
            return True
    if verb.dep_ in {"parataxis", "ccomp"} and verb.head.i > verb.i:
        return True
    if verb.dep_ == "advcl" and any(child.lower_ == "as" and child.dep_ in {"mark", "advmod"} for child in verb.children):
        return True
    if verb.i + 4 < sentence.tokens.end and verb.nbor(1).lower_ == "that":
        return True
    after = sentence.post.parse[verb.i + 1 : min(verb.i + 4, sentence.tokens.end)].text
    return any(mark in after for mark in '“"«') or after.lstrip().startswith(":")


def _is_said_thing(noun: Token) -> bool:
    """Whether `One thing he suggested is that …` puts a clause where the noun stands."""
    copula = noun.head
    return copula.lemma_ == "be" and any(
        child.dep_ in {"ccomp", "advcl", "attr", "acomp"} and child.i > noun.i for child in copula.children
    )


def _according_to(token: Token) -> Iterator[tuple[str, Token, float]]:
    for to in (child for child in token.children if child.lower_ == "to"):
        for noun in (child for child in to.children if child.dep_ == "pobj"):
            if (
                any(child.dep_ == "poss" and child.pos_ == "PRON" for child in noun.children)
                and noun.lemma_.lower() not in _ROLES | _DOCUMENTS
            ):
                return
            if noun.pos_ == "PROPN" or noun.lemma_.lower() in _ROLES | _DOCUMENTS or noun.ent_type_ in {"PERSON", "ORG"}:
                yield "according to", noun, 0.9


def _by_noun(noun: Token, lemma: str) -> Iterator[tuple[str, Token, float]]:
    if noun.i + 1 >= len(noun.doc):
        return
    copula = noun.head if noun.head.lemma_ == "be" and noun.dep_ == "nsubj" else None
    stated = copula is not None and any(child.dep_ == "ccomp" for child in copula.children)
    if not stated and noun.nbor(1).lower_ != "that":
        return
    for child in noun.children:
        if child.dep_ == "poss" and child.lower_ not in FIRST_PERSON:
            yield f"'s {lemma}", child, 0.75


def _resolve(
    sentence: Sentence, source: Token, mentions: Sequence[Mention], addressee: str | None, before: Sequence[Sentence]
) -> tuple[str, bool, Span] | None:
    """The source as an entity, or as words: what can speak, or None."""
    words = straighten(source.lower_)
    span = sentence.post.span(source)
    if words in SECOND_PERSON:
        return (addressee, True, span) if addressee is not None else None
    for mention in mentions:
        if mention.span.overlaps(span) and mention.entity.startswith(("person/", "organization/", "platform/")):
            return mention.entity, True, mention.span
    if words in {"he", "she", "they"}:
        antecedent = _antecedent(sentence, source, before, plural=words == "they")
        if antecedent is None:
            return None
        where, noun = antecedent
        span = where.post.span(noun)
        for mention in mentions:
            if mention.span.overlaps(span) and mention.entity.startswith("person/"):
                return mention.entity, True, mention.span
        phrase = where.post.span(noun_phrase(noun))
        return where.words(phrase), False, phrase
    if source.pos_ == "PRON" and words in _NO_SPEAKERS:
        return None
    if (
        source.pos_ in {"NOUN", "PRON", "DET", "ADJ"}
        and source.lemma_.lower() not in _ROLES | _DOCUMENTS
        and not _is_agent(source)
    ):
        return None
    phrase = sentence.post.span(noun_phrase(source))
    return sentence.words(phrase), False, phrase


def _is_agent(noun: Token) -> bool:
    """Whether a common noun names people by what they do: `supporters`, `an activist`, `a librarian`."""
    return (
        noun.pos_ == "NOUN"
        and noun.lemma_.lower().endswith(("er", "or", "ist", "ian", "ant", "ent", "ee", "man", "woman"))
        and len(noun) > 4
    )


def _antecedent(
    sentence: Sentence, pronoun: Token, before: Sequence[Sentence], *, plural: bool
) -> tuple[Sentence, Token] | None:
    """The last noun for people before a pronoun, subjects first, within three sentences."""
    for earlier in (sentence, *reversed(before[-3:])):
        nouns = [
            token
            for token in earlier.tokens
            if token.pos_ in {"NOUN", "PROPN"}
            and (earlier is not sentence or token.i < pronoun.i)
            and (token.lemma_.lower() in _ROLES or token.ent_type_ == "PERSON" or _is_agent(token))
            and (token.tag_ in {"NNS", "NNPS"}) == plural
        ]
        if nouns:
            subjects = [token for token in nouns if token.dep_ in {"nsubj", "nsubjpass"}]
            return earlier, (subjects or nouns)[-1 if not subjects else 0]
    return None
