"""For or against: toward the post that a comment answers, the words it quotes, or an entity.

High-precision cues only, and silence otherwise: a wrong accusation is worse than a missed one. In the order they are tried:
formulas of agreement and disagreement; judgement of the addressee and of what is theirs (`your attempt is misguided`);
judgement of the article by name; a denial of the article's own subject; liking and rejection of an entity in the first person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spacy.tokens import Token

from kgraph.extract.grammar import is_negated, is_negation, subject, valence, words_before
from kgraph.extract.kinds import LIKING, OPINION
from kgraph.extract.parse import ParsedPost
from kgraph.extract.sentences import Sentence
from kgraph.extract.words import fold
from kgraph.model.annotations import Judgement, Mention, Stance, Toward
from kgraph.model.text import Document

_WORKS = (
    r"(?:article|post|essay|piece|blog|column|write-?up|analysis|argument|point|points|examples?|attempt|comparison|conclusion"
    r"|premise|reasoning|claim|claims|statement|view|idea|proposal|thesis|comment|assertion|logic|theory)"
)
_AGREES = re.compile(
    r"\b(?:(?<!n't )(?<!not )(?:i|we)(?:'d|'ll)? (?:(?:totally|completely|fully|strongly|also|would|wholeheartedly"
    r"|absolutely|definitely|must|do|really|tend to|have to) )*(?:agree|concur)\b(?! to disagree)"
    r"|couldn't (?:have )?(?:agree|said it|put it)|could not agree more|so true|very true|how true|well said|well put"
    r"|i stand corrected|fair enough|point taken"
    r"|spot[- ]on|right on|hear,? hear|amen\b"
    r"|(?:great|good|excellent|nice|useful|helpful|lovely|fantastic|awesome|brilliant|wonderful|superb|valid|fair|important"
    r"|interesting|fine|thoughtful|insightful)(?: \w+)?(?: and \w+)? (?:post|article|point|points|essay|piece|write-?up|read"
    r"|summary|analysis|stuff|job|work|explanation|tip|question|observation|thoughts|advice|suggestions?)\b"
    r"|you(?:'re| are) (?:absolutely |so |quite |completely |totally )?(?:right|correct)|(?:he|she)(?:'s"
    r"| is) (?:absolutely )?right|my thoughts exactly|i second (?:that|this)|ditto|this is (?:very |so |absolutely )?true"
    r"|that's (?:very |so |absolutely )?(?:true|right)|it's true|exactly right|precious contribution|count me in"
    r"|can't agree more|\+1)"
)
_AGREES_WHOLE = re.compile(
    r"^(?:exactly|agreed|indeed|absolutely|true|precisely|yes|amen|this|bravo|well done|nicely done|\+1|ditto)\b[.!, ]*$"
)
_DISAGREES = re.compile(
    r"\b(?:i (?:(?:strongly|respectfully|totally|completely|also|have to|must|really|would|beg to) )*(?:disagree|differ"
    r"|object)\b"
    r"|(?:i|we) (?:do not|don't|can't|cannot) (?:(?:really|quite|entirely|fully|at all) )?(?:agree|buy|accept)"
    r"|not (?:even )?(?:quite |really |entirely |necessarily |at all )?true|(?:that|this|it)(?:'s| is) (?:just |simply "
    r"|plain |flat(?:-out)? |dead |completely |totally |a )?(?:wrong|false|nonsense|not so|not the case|incorrect|untrue"
    r"|rubbish|bogus|reach|stretch|myth|fallacy)\b"
    r"|you(?:'re| are|'ve| have)? (?:wrong|mistaken|missing|missed|confusing|confused|conflating|fail|failed|forgot|forget"
    r"|ignore|ignored|overlook|overlooked|neglect|neglected|misunderstood|misunderstand|over ?stepped|exaggerate|contradict)"
    r"|on the contrary|with (?:all )?due respect|i beg to differ|not (?:sure|convinced) (?:that )?(?:i agree|you)"
    r"|wishful thinking|missing the point|misses the point|missed the point|goes against your)"
)
_DISAGREES_WHOLE = re.compile(r"^(?:nope|no way|wrong|nonsense|no|not true|rubbish|bullshit|false|disagree)\b[.!, ]*$")
_PROBLEM = re.compile(
    rf"\b(?:problems?|issues?|flaws?|quarrels?|objections?|mistakes?|errors?|trouble) (?:with|in) (?:this|the|your"
    rf"|that) {_WORKS}\b"
)
_ITEM = re.compile(r"^(?:\(?\d{1,2}[.):]|first(?:ly)?\b|second(?:ly)?\b|third(?:ly)?\b|finally\b)")
_YOURS = re.compile(
    rf"\b(?:your (?:\w+ ){{0,2}}{_WORKS}|you (?:wrote|said|went|mixed|stated|claim|claimed|made|put|used|call|called|say"
    rf"|suggest|suggested|argue|argued))\b"
)
_ARTICLE = re.compile(r"\b(?:the|this|that) (?:article|post|essay|author|piece|writer|column)\b|\barticle about\b")
_FOR = re.compile(
    r"\b(?:i'm|i am|we're|we are) (?:all for|in favou?r of|(?:\w+ ){0,3}fan of|(?:very |really |so )?grateful for)\b"
)
_AGAINST = re.compile(
    r"\b(?:stop(?:ped)?|quit|avoid|boycott|uninstall(?:ed)?|never) (?:using|use|trust|buying|buy)\b|\b(?:i'm"
    r"|i am) (?:(?:totally|completely|strongly) )?(?:against|opposed to|done with|sick of|tired of|fed up with)\b"
)
_PLEASED = re.compile(
    r"\b(?:i'm|i am|i was|we're|we are|i've been) (?:(?:very|really|so|quite|extremely|pretty|more than) )*(?P<how>happy"
    r"|pleased|satisfied|delighted|impressed|thrilled|unhappy|disappointed|frustrated|annoyed|fed up|dissatisfied"
    r"|unimpressed) (?:with|by)\b"
)
_MAKES_POINT = re.compile(
    r"\b(?:makes?|made|has|had|raises?|raised) (?:a|an|some|several) (?:very |really )?(?:great|good|excellent|valid|fair"
    r"|interesting|important|compelling) (?:points?|arguments?|case|questions?)\b"
)
_AS_SAID = re.compile(
    r"\b(?:as|like) [\w. '-]{2,40}? (?:(?:so )?\w+ly )?(?:said|says|pointed out|points out|noted|notes|mentioned|mentions"
    r"|wrote|writes|put it|puts it|observed|argues|argued)\b"
)
_STOP = frozenset("the a an of on in and or for to my your our why how what is are new with about from".split())


@dataclass(frozen=True, slots=True)
class Setting:
    """What a post's stances can be toward: the post it answers, the one it last quoted, and the page's subject."""

    parent: str | None
    to_article: bool
    topic: frozenset[str]
    named_parent: str | None = None
    """The first name, folded, of who wrote the post that is answered."""


@dataclass(slots=True)
class Course:
    """Where a post stands while it is read: what it last did, in sentences since."""

    read: int = 0
    disputed: int = 99
    on_article: int = 99
    objecting: bool = False
    """Whether a list of objections runs."""
    carried: Toward | None = None
    """A verdict that stood alone (`Nope.`) and goes to the next claim."""

    def step(self) -> None:
        self.read, self.disputed, self.on_article = self.read + 1, self.disputed + 1, self.on_article + 1


def topic_of(document: Document, posts: Sequence[ParsedPost]) -> frozenset[str]:
    """The words of the title that the article keeps using: what it is about, in lemmas."""
    article = document.article
    if article is None or not document.title:
        return frozenset()
    title = {word.strip("“”\"'’.,:;!?()") for word in fold(document.title).split()} - _STOP
    used = Counter(token.lemma_.lower() for token in posts[0].parse if token.pos_ in {"NOUN", "PROPN"})
    return frozenset(word for word in title if used[word] >= 4)


def find_stances(
    sentence: Sentence, setting: Setting, course: Course, mentions: Sequence[Mention], quoted: str | None
) -> tuple[Stance, ...]:
    """The stances of a sentence, at most one toward a post; `quoted` is the post whose words stand just before it."""
    text = fold(sentence.text)
    target = quoted or setting.parent
    course.step()
    stances: list[Stance] = []
    if target is not None:
        judged = _toward_post(sentence, text, setting, course, quoted=quoted is not None)
        if judged is not None:
            toward, judgement = judged
            stances.append(Stance(target=target, toward=toward, judgement=judgement))
            if toward is Toward.DISPUTES:
                course.disputed = 0
    if _PROBLEM.search(text):
        course.objecting = True
    stances.extend(_toward_entities(sentence, text, mentions, in_article=setting.parent is None))
    return tuple(stances)


def _toward_post(
    sentence: Sentence, text: str, setting: Setting, course: Course, *, quoted: bool
) -> tuple[Toward, Judgement] | None:
    if course.objecting and _ITEM.match(text):
        return Toward.DISPUTES, Judgement(0.8, "stance:listed-objection")
    for pattern, toward in ((_DISAGREES_WHOLE, Toward.DISPUTES), (_AGREES_WHOLE, Toward.SUPPORTS)):
        if pattern.search(text):
            course.carried = toward
            return toward, Judgement(0.9, "stance:verdict")
    carried, course.carried = course.carried, None
    for pattern, toward, rule in ((_DISAGREES, Toward.DISPUTES, "disagreement"), (_AGREES, Toward.SUPPORTS, "agreement")):
        if pattern.search(text):
            return toward, Judgement(0.9, f"stance:{rule}")
    if carried is not None:
        return carried, Judgement(0.7, "stance:verdict-before")
    if quoted and _liked_words(sentence):
        return _liked_words(sentence)[0][1], Judgement(0.75, "stance:quoted-liked")
    if setting.named_parent and _AS_SAID.search(text) and setting.named_parent in text:
        return Toward.SUPPORTS, Judgement(0.7, "stance:as-said")
    rating = balance(sentence)
    if _YOURS.search(text) and abs(rating) >= 1.0:
        return _by_sign(rating), Judgement(0.8, "stance:yours")
    if setting.to_article:
        return _toward_article(sentence, setting, course, rating)
    return None


def _toward_article(sentence: Sentence, setting: Setting, course: Course, rating: float) -> tuple[Toward, Judgement] | None:
    whose = subject(sentence.tokens.root)
    if _judges_article(sentence) or (course.on_article <= 1 and whose is not None and whose.lower_ == "it"):
        course.on_article = 0
        if abs(rating) >= 1.0:
            return _by_sign(rating), Judgement(0.75, "stance:article")
    if _denies_topic(sentence, setting.topic):
        return Toward.DISPUTES, Judgement(0.65, "stance:topic-denied")
    if course.read == 1 and abs(rating) >= 1.5 and _judges_it(sentence):
        return _by_sign(rating), Judgement(0.6, "stance:opening-verdict")
    if course.disputed <= 2 and rating <= -1.5 and _names_topic(sentence, setting.topic):
        return Toward.DISPUTES, Judgement(0.6, "stance:continued")
    if course.disputed == 1 and sentence.tokens.root.tag_ == "VB" and subject(sentence.tokens.root) is None:
        return Toward.DISPUTES, Judgement(0.55, "stance:advice-after-dispute")
    return None


def _by_sign(rating: float) -> Toward:
    return Toward.SUPPORTS if rating > 0 else Toward.DISPUTES


def balance(sentence: Sentence) -> float:
    """How favourable a sentence is: its predicate's rating where it has one, else the sum over its words.

    Each word's rating is turned round where the word is denied; words in quotation marks are left out.
    """
    total = predicate = 0.0
    root = sentence.tokens.root
    core = {root.i, *(child.i for child in root.children if child.dep_ in {"acomp", "attr", "dobj", "oprd", "xcomp", "ccomp"})}
    core |= {
        grand.i
        for child in root.children
        if child.i in core
        for grand in child.children
        if grand.dep_ in {"acomp", "attr", "amod", "oprd"}
    }
    inside = False
    for token in sentence.tokens:
        if token.text in {"“", "”", '"', "«", "»"}:
            inside = token.text not in {"”", "»"} and not inside
            continue
        rating = 0.0 if inside else _rating(token)
        total += rating
        if token.i in core:
            predicate += rating
    return predicate if abs(predicate) >= 1.0 else total


def _rating(token: Token) -> float:
    rating = valence(token)
    if is_negation(token) and token.head.lemma_.lower() in {"make", "mention", "address", "explain", "see"}:
        return -1.5
    if token.pos_ == "ADJ" and not rating and token.dep_ in {"acomp", "oprd", "attr"} and _is_excess(token):
        return -1.0
    return -0.75 * rating if rating and is_negated(token) else rating


def _is_excess(adjective: Token) -> bool:
    """`too political`, `a little political`, `a bit divisive`: more of it than the writer likes."""
    before = words_before(adjective, 2)
    return before.endswith(("too", "a little", "a bit", "overly"))


def _judges_article(sentence: Sentence) -> bool:
    """Whether the article, or who wrote it, is what the sentence is about: its subject, or named outright with a verbless
    praise.
    """
    verb = sentence.tokens.root
    whose = subject(verb)
    if whose is None:
        return bool(_ARTICLE.search(fold(sentence.text))) and verb.pos_ in {"NOUN", "PROPN", "ADJ"}
    return whose.lemma_.lower() in {"article", "post", "essay", "author", "piece", "column"} and any(
        child.lower_ in {"the", "this", "that", "your"} for child in whose.children
    )


def _judges_it(sentence: Sentence) -> bool:
    """Whether `it`, `this` or `that` is what is judged: `I think it's annoying`, `This is brilliant`."""
    root = sentence.tokens.root
    verbs = [root, *(child for child in root.children if child.dep_ == "ccomp" and root.lemma_.lower() in OPINION)]
    return any(
        whose is not None and whose.lower_ in {"it", "this", "that"} and verb.lemma_ in {"be", "seem", "sound", "look", "feel"}
        for verb in verbs
        for whose in (subject(verb),)
    )


def _names_topic(sentence: Sentence, topic: frozenset[str]) -> bool:
    return any(token.lemma_.lower() in topic for token in sentence.tokens)


def _denies_topic(sentence: Sentence, topic: frozenset[str]) -> bool:
    """Whether the sentence denies that something is what the article calls it: `That is not socialism`, `X and Y are not the
    same`.
    """
    root = sentence.tokens.root
    if not any(is_negation(child) for child in root.children) or root.lemma_ != "be":
        return False
    near = [child for child in root.children if child.dep_ in {"nsubj", "attr"}]
    return any(token.lemma_.lower() in topic for child in near for token in (child, *child.conjuncts))


def _toward_entities(sentence: Sentence, text: str, mentions: Sequence[Mention], *, in_article: bool) -> Iterator[Stance]:
    here = [mention for mention in mentions if mention.span in sentence.span]
    if in_article:
        yield from _toward_people(text, here)
    named = [mention for mention in here if not mention.entity.startswith("person/")]
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
    for pattern, toward in ((_FOR, Toward.SUPPORTS), (_AGAINST, Toward.DISPUTES), (_PLEASED, Toward.SUPPORTS)):
        match = pattern.search(text)
        if match is None:
            continue
        if pattern is _PLEASED and match["how"] not in {"happy", "pleased", "satisfied", "delighted", "impressed", "thrilled"}:
            toward = Toward.DISPUTES
        for mention in named:
            if mention.entity not in seen and text.find(fold(sentence.words(mention.span)), match.end()) >= 0:
                seen.add(mention.entity)
                yield Stance(target=mention.entity, toward=toward, judgement=Judgement(0.75, "stance:for-or-against"))


def _toward_people(text: str, here: Sequence[Mention]) -> Iterator[Stance]:
    """An article that grants somebody a point, or passes on what somebody rightly said."""
    people = [mention for mention in here if mention.entity.startswith("person/")]
    if people and (
        _MAKES_POINT.search(text)
        or re.search(r"\bas [\w. '-]{2,40}? (?:so )?(?:rightly|correctly|eloquently|wisely|aptly|astutely|nicely)\b", text)
    ):
        yield Stance(target=people[0].entity, toward=Toward.SUPPORTS, judgement=Judgement(0.75, "stance:point-granted"))


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
            words.update(
                grand
                for child in comp.children
                if child.dep_ == "attr"
                for grand in child.children
                if grand.dep_ in {"compound", "nmod", "amod"}
            )
        found.append((words, Toward.DISPUTES if against else Toward.SUPPORTS))
    return found
