"""For or against: toward the post that a comment answers, the words it quotes, or an entity.

High-precision cues only, and silence otherwise: a wrong accusation is worse than a missed one. In the order they are tried: formulas of
agreement and disagreement; judgement of the addressee and of what is theirs (`your attempt is misguided`); judgement of the article by
name; a denial of the article's own subject; liking and rejection of an entity in the first person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spacy.tokens import Token

from kgraph.extract.grammar import is_negated, is_negation, subject, valence
from kgraph.extract.kinds import LIKING
from kgraph.extract.parse import ParsedPost
from kgraph.extract.sentences import Sentence
from kgraph.extract.words import fold
from kgraph.model.annotations import Judgement, Mention, Stance, Toward
from kgraph.model.text import Document

_WORKS = r"(?:article|post|essay|piece|blog|column|write-?up|analysis|argument|point|points|examples?|attempt|comparison|conclusion|premise|reasoning|claim|claims|statement|view|idea|proposal|thesis|comment|assertion|logic|theory)"
_AGREES = re.compile(
    r"\b(?:(?<!n't )(?<!not )(?:i|we) (?:(?:totally|completely|fully|strongly|also|would|wholeheartedly|absolutely|definitely|must|do|really|tend to|have to) )*(?:agree|concur)\b(?! to disagree)"
    r"|couldn't (?:have )?(?:agree|said it|put it)|could not agree more|so true|very true|how true|well said|well put|spot[- ]on|right on|hear,? hear|amen\b"
    r"|(?:great|good|excellent|nice|fantastic|awesome|brilliant|wonderful|superb|valid|fair|important|interesting|fine|thoughtful|insightful)(?: \w+)?(?: and \w+)? (?:post|article|point|points|essay|piece|write-?up|read|summary|analysis|stuff|job|work|explanation|tip|question|observation)\b"
    r"|you(?:'re| are) (?:absolutely |so |quite |completely |totally )?(?:right|correct)|(?:he|she)(?:'s| is) (?:absolutely )?right|my thoughts exactly|i second (?:that|this)|ditto|this is (?:very |so |absolutely )?true"
    r"|that's (?:very |so |absolutely )?(?:true|right)|it's true|exactly right|precious contribution|count me in|can't agree more|\+1)"
)
_AGREES_WHOLE = re.compile(r"^(?:exactly|agreed|indeed|absolutely|true|precisely|yes|amen|this|bravo|well done|nicely done|\+1|ditto)\b[.!, ]*$")
_DISAGREES = re.compile(
    r"\b(?:i (?:(?:strongly|respectfully|totally|completely|also|have to|must|really|would|beg to) )*(?:disagree|differ|object)\b"
    r"|(?:i|we) (?:do not|don't|can't|cannot) (?:(?:really|quite|entirely|fully|at all) )?(?:agree|buy|accept)"
    r"|not (?:even )?(?:quite |really |entirely |necessarily |at all )?true|(?:that|this|it)(?:'s| is) (?:just |simply |plain |flat(?:-out)? |dead |completely |totally |a )?(?:wrong|false|nonsense|not so|not the case|incorrect|untrue|rubbish|bogus|reach|stretch|myth|fallacy)\b"
    r"|you(?:'re| are|'ve| have)? (?:wrong|mistaken|missing|missed|confusing|confused|conflating|fail|failed|forgot|forget|ignore|ignored|overlook|overlooked|neglect|neglected|misunderstood|misunderstand|over ?stepped|exaggerate|contradict)"
    r"|on the contrary|with (?:all )?due respect|i beg to differ|not (?:sure|convinced) (?:that )?(?:i agree|you)|wishful thinking|missing the point|misses the point|missed the point|goes against your|no way\b)"
)
_DISAGREES_WHOLE = re.compile(r"^(?:nope|wrong|nonsense|no|not true|rubbish|bullshit|false|disagree)\b[.!, ]*$")
_PROBLEM = re.compile(rf"\b(?:problems?|issues?|flaws?|quarrels?|objections?|mistakes?|errors?|trouble) (?:with|in) (?:this|the|your|that) {_WORKS}\b")
_ITEM = re.compile(r"^(?:\(?\d{1,2}[.):]|first(?:ly)?\b|second(?:ly)?\b|third(?:ly)?\b|finally\b)")
_YOURS = re.compile(rf"\b(?:your (?:\w+ ){{0,2}}{_WORKS}|you (?:wrote|said|went|mixed|stated|claim|claimed|made|put|used|call|called|say|suggest|suggested|argue|argued))\b")
_ARTICLE = re.compile(r"\b(?:the|this|that) (?:article|post|essay|author|piece|writer|column)\b|\barticle about\b")
_FOR = re.compile(r"\b(?:i'm|i am|we're|we are) (?:all for|in favou?r of|(?:\w+ ){0,3}fan of|(?:very |really |so )?grateful for)\b")
_AGAINST = re.compile(r"\b(?:stop(?:ped)?|quit|avoid|boycott|uninstall(?:ed)?|never) (?:using|use|trust|buying|buy)\b|\b(?:i'm|i am) (?:(?:totally|completely|strongly) )?(?:against|opposed to|done with|sick of|tired of|fed up with)\b")
_STOP = frozenset("the a an of on in and or for to my your our why how what is are new with about from".split())


@dataclass(frozen=True, slots=True)
class Setting:
    """What a post's stances can be toward: the post it answers, the one it last quoted, and the page's subject."""

    parent: str | None
    to_article: bool
    topic: frozenset[str]


@dataclass(slots=True)
class Course:
    """Where a post stands while it is read: whether it has disagreed, and whether a list of objections runs."""

    disputed: int = 99
    """Sentences since the post last disagreed."""
    objecting: bool = False


def topic_of(document: Document, posts: Sequence[ParsedPost]) -> frozenset[str]:
    """The words of the title that the article keeps using: what it is about, in lemmas."""
    article = document.article
    if article is None or not document.title:
        return frozenset()
    title = {word.strip("“”\"'’.,:;!?()") for word in fold(document.title).split()} - _STOP
    used = Counter(token.lemma_.lower() for token in posts[0].parse if token.pos_ in {"NOUN", "PROPN"})
    return frozenset(word for word in title if used[word] >= 4)


def find_stances(sentence: Sentence, setting: Setting, course: Course, mentions: Sequence[Mention], quoted: str | None) -> tuple[Stance, ...]:
    """The stances of a sentence, at most one toward a post; `quoted` is the post whose words stand just before it."""
    text = fold(sentence.text)
    target = quoted or setting.parent
    course.disputed += 1
    stances: list[Stance] = []
    if target is not None:
        judged = _toward_post(sentence, text, setting, course)
        if judged is not None:
            toward, judgement = judged
            stances.append(Stance(target=target, toward=toward, judgement=judgement))
            if toward is Toward.DISPUTES:
                course.disputed = 0
    if _PROBLEM.search(text):
        course.objecting = True
    stances.extend(_toward_entities(sentence, text, mentions))
    return tuple(stances)


def _toward_post(sentence: Sentence, text: str, setting: Setting, course: Course) -> tuple[Toward, Judgement] | None:
    if course.objecting and _ITEM.match(text):
        return Toward.DISPUTES, Judgement(0.8, "stance:listed-objection")
    for pattern, toward, rule in (
        (_DISAGREES, Toward.DISPUTES, "disagreement"),
        (_DISAGREES_WHOLE, Toward.DISPUTES, "disagreement"),
        (_AGREES, Toward.SUPPORTS, "agreement"),
        (_AGREES_WHOLE, Toward.SUPPORTS, "agreement"),
    ):
        if pattern.search(text):
            return toward, Judgement(0.9, f"stance:{rule}")
    rating = balance(sentence)
    if _YOURS.search(text) and abs(rating) >= 1.0:
        return _by_sign(rating), Judgement(0.8, "stance:yours")
    if setting.to_article and _judges_article(sentence) and abs(rating) >= 1.0:
        return _by_sign(rating), Judgement(0.75, "stance:article")
    if setting.to_article and _denies_topic(sentence, setting.topic):
        return Toward.DISPUTES, Judgement(0.65, "stance:topic-denied")
    if course.disputed <= 1 and setting.to_article and rating <= -1.5 and _names_topic(sentence, setting.topic):
        return Toward.DISPUTES, Judgement(0.6, "stance:continued")
    if course.disputed == 1 and sentence.tokens.root.tag_ == "VB" and subject(sentence.tokens.root) is None:
        return Toward.DISPUTES, Judgement(0.55, "stance:advice-after-dispute")
    return None


def _by_sign(rating: float) -> Toward:
    return Toward.SUPPORTS if rating > 0 else Toward.DISPUTES


def balance(sentence: Sentence) -> float:
    """The sum of the ratings of a sentence's words, each turned round where it is denied, words in quotation marks left out."""
    total = 0.0
    inside = False
    for token in sentence.tokens:
        if token.text in {"“", "”", '"', "«", "»"}:
            inside = token.text not in {"”", "»"} and not inside
            continue
        if inside:
            continue
        rating = valence(token)
        total += -0.75 * rating if rating and is_negated(token) else rating
        if is_negation(token) and token.head.lemma_.lower() in {"make", "mention", "address", "explain", "see"}:
            total -= 1.5
    return total


def _judges_article(sentence: Sentence) -> bool:
    """Whether the article, or who wrote it, is what the sentence is about: its subject, or named outright with a verbless praise."""
    verb = sentence.tokens.root
    whose = subject(verb)
    if whose is None:
        return bool(_ARTICLE.search(fold(sentence.text))) and verb.pos_ in {"NOUN", "PROPN", "ADJ"}
    return whose.lemma_.lower() in {"article", "post", "essay", "author", "piece", "column"} and any(
        child.lower_ in {"the", "this", "that", "your"} for child in whose.children
    )


def _names_topic(sentence: Sentence, topic: frozenset[str]) -> bool:
    return any(token.lemma_.lower() in topic for token in sentence.tokens)


def _denies_topic(sentence: Sentence, topic: frozenset[str]) -> bool:
    """Whether the sentence denies that something is what the article calls it: `That is not socialism`, `X and Y are not the same`."""
    root = sentence.tokens.root
    if not any(is_negation(child) for child in root.children) or root.lemma_ != "be":
        return False
    near = [child for child in root.children if child.dep_ in {"nsubj", "attr"}]
    return any(token.lemma_.lower() in topic for child in near for token in (child, *child.conjuncts))


def _toward_entities(sentence: Sentence, text: str, mentions: Sequence[Mention]) -> Iterator[Stance]:
    named = [mention for mention in mentions if mention.span in sentence.span and not mention.entity.startswith("person/")]
    if not named:
        return
    liked = _liked_words(sentence)
    seen = set[str]()
    for mention in named:
        tokens = sentence.post.tokens(mention.span)
        if tokens is None or mention.entity in seen:
            continue
        for words, toward in liked:
            if tokens.root in words:
                seen.add(mention.entity)
                yield Stance(target=mention.entity, toward=toward, judgement=Judgement(0.8, "stance:liking"))
                break
    for pattern, toward in ((_FOR, Toward.SUPPORTS), (_AGAINST, Toward.DISPUTES)):
        match = pattern.search(text)
        if match is None:
            continue
        for mention in named:
            if mention.entity not in seen and text.find(fold(sentence.words(mention.span)), match.end()) >= 0:
                seen.add(mention.entity)
                yield Stance(target=mention.entity, toward=toward, judgement=Judgement(0.75, "stance:for-or-against"))


def _liked_words(sentence: Sentence) -> list[tuple[set[Token], Toward]]:
    """The objects of the writer's own verbs of liking, with what they list and exemplify."""
    found = []
    for verb in sentence.tokens:
        lemma = verb.lemma_.lower()
        whose = subject(verb) if verb.pos_ == "VERB" else None
        if lemma not in LIKING or whose is None or whose.lower_ not in {"i", "we"}:
            continue
        if any(child.dep_ == "aux" and child.lower_ in {"would", "'d", "’d", "could", "might"} for child in verb.children):
            continue
        against = (lemma in {"hate", "despise", "loathe", "dislike", "regret"}) != is_negated(verb)
        objects = {child for child in verb.children if child.dep_ in {"dobj", "pobj"}}
        words = {word for noun in objects for word in (noun, *noun.conjuncts)}
        for comp in (child for child in verb.children if child.dep_ == "xcomp" and child.lemma_ == "be"):
            words.update(child for child in comp.children if child.dep_ == "attr")
            words.update(grand for child in comp.children if child.dep_ == "attr" for grand in child.children if grand.dep_ in {"compound", "nmod", "amod"})
        found.append((words, Toward.DISPUTES if against else Toward.SUPPORTS))
    return found
