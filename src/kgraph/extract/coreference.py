"""What pronouns and descriptions refer to: `it`, `he`, `the site`, `these projects`, `your article`, `the latter`.

Each rule covers a form whose referent the grammar or the thread gives, and stays silent otherwise: a pronoun left open costs a
little, a wrong one makes somebody say a thing of somebody else. Nothing is resolved across the border of a post, but for the
person addressed and the one product that a whole page is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from spacy.tokens import Span as TokenSpan
from spacy.tokens import Token

from kgraph.extract.entities import site_of
from kgraph.extract.grammar import valence
from kgraph.extract.parse import ParsedPost, model
from kgraph.extract.words import fold
from kgraph.model.annotations import Entity, EntityKind, Judgement, Mention
from kgraph.model.extraction import Thread
from kgraph.model.text import Document, PostKind

_THING = frozenset({EntityKind.PLATFORM, EntityKind.ORGANIZATION, EntityKind.TECHNOLOGY, EntityKind.WORK, EntityKind.EVENT})
_USED = frozenset({EntityKind.PLATFORM, EntityKind.TECHNOLOGY})

_HE = frozenset("he him his she her hers himself herself".split())
_IT = frozenset("it its itself".split())
_THEY = frozenset("they them their theirs themselves".split())

_KIND_NOUNS: dict[str, frozenset[EntityKind]] = {
    **dict.fromkeys(
        "site website service platform network marketplace app application program software browser tool product portal "
        "wiki forum "
        "magazine podcast encyclopedia system database".split(),
        frozenset({EntityKind.PLATFORM}),
    ),
    **dict.fromkeys("language framework library technology protocol standard".split(), _USED),
    **dict.fromkeys(
        "company firm corporation organization organisation foundation giant".split(),
        frozenset({EntityKind.ORGANIZATION, EntityKind.PLATFORM}),
    ),
    **dict.fromkeys("book essay novel film movie song album show series sitcom".split(), frozenset({EntityKind.WORK})),
    **dict.fromkeys("city town country state region".split(), frozenset({EntityKind.PLACE})),
    **dict.fromkeys("conference event festival summit".split(), frozenset({EntityKind.EVENT})),
}
"""Nouns that, made definite, refer back to a thing of these kinds."""

_GROUP_NOUNS = frozenset(
    "project site service platform network app application program tool product company language framework system "
    "technology".split()
)

_PART_NOUNS = frozenset(
    "version release feature interface ui menu skin theme setting preference option button window tab toolbar plugin "
    "extension installer "
    "installation upgrade update beta download integration dialog icon configuration functionality".split()
)
"""Parts that a product has: on a page about one product, `the menu` is that product's."""

_WRITTEN = frozenset(
    "article post essay piece attempt analysis argument point comment view opinion write-up writeup blog entry assertion "
    "claim statement "
    "reasoning conclusion assessment premise criticism question".split()
)
_PERSONS = frozenset(
    "man woman guy girl boy friend buddy father mother grandfather grandmother brother sister son daughter wife husband "
    "colleague boss author "
    "writer reader person driver doctor teacher uncle aunt cousin kid child coworker co-worker neighbor neighbour "
    "professor president".split()
)
_OF_THE_THREAD = frozenset({"praise", "you-did", "your-text", "self-judgement"})
"""Rules that tell a person by the thread, whether or not the sentence also calls them by name."""
_SITE_NOUNS = frozenset("blog site website weblog".split())
_EXPECTING = frozenset("seem appear look turn happen take follow sound".split())


def resolve_anaphora(
    document: Document, posts: Sequence[ParsedPost], thread: Thread, entities: Sequence[Entity], mentions: Sequence[Mention]
) -> tuple[Mention, ...]:
    """The anaphoric mentions of a document, in the order of the text."""
    kinds = {entity.id: entity.kind for entity in entities}
    people = {account.id: account.person for account in thread.accounts}
    writer = {post: people[account] for post, account in thread.authors.items() if account in people}
    answered = {reply.post: writer.get(reply.parent) for reply in thread.replies}
    topic = page_topic(document, entities, mentions)
    site = site_of(document, entities)
    owner = writer.get(document.article.id) if document.article is not None else None
    shared = _shared_head(posts, mentions)
    named: dict[str, list[Mention]] = {}
    for mention in mentions:
        named.setdefault(mention.post, []).append(mention)
    found: list[Mention] = []
    for post in posts:
        id = post.post.id
        reading = _PostReading(
            post,
            kinds,
            named.get(id, ()),
            writer=writer.get(id),
            addressee=answered.get(id),
            topic=topic,
            site=site,
            owner=owner,
            shared=shared,
        )
        found.extend(reading.read())
    return tuple(found)


def page_topic(document: Document, entities: Sequence[Entity], mentions: Sequence[Mention]) -> str | None:
    """The one thing that the page is about: the title names it, and the posts name it twice as often as any other."""
    title = f" {fold(document.title or '')} "
    kinds = {entity.id: entity.kind for entity in entities}
    counts = Counter(mention.entity for mention in mentions if kinds.get(mention.entity) in _THING)
    if not title.strip() or not counts:
        return None
    (first, most), *rest = counts.most_common(2)
    entity = next(entity for entity in entities if entity.id == first)
    in_title = any(f" {fold(form)} " in title for form in (entity.name, *entity.aliases))
    whole = any(f" {fold(form)} " == title for form in (entity.name, *entity.aliases))
    clear = (most >= 2 or whole) and (not rest or most >= 2 * rest[0][1])
    return first if in_title and clear else None


@cache
def _telling_words() -> tuple[frozenset[int], frozenset[int]]:
    """The hashes of the words, and of the lemmas of the nouns, that a rule looks at: all others are passed over."""
    strings = model().vocab.strings
    pronouns = _HE | _IT | _THEY | {"i", "you", "your", "u", "latter"}
    nouns = {*_KIND_NOUNS, *_GROUP_NOUNS, *_PART_NOUNS, *_WRITTEN, *_SITE_NOUNS, *_COLLECTIVES}
    return frozenset(map(strings.add, pronouns)), frozenset(map(strings.add, nouns))


class _PostReading:
    """One post being read from its first sentence to its last."""

    def __init__(
        self,
        post: ParsedPost,
        kinds: Mapping[str, EntityKind],
        mentions: Sequence[Mention],
        *,
        writer: str | None,
        addressee: str | None,
        topic: str | None,
        site: str | None,
        owner: str | None,
        shared: Mapping[str, str],
    ) -> None:
        self.post = post
        self.kinds = kinds
        self.writer = writer
        self.addressee = addressee if addressee != writer else None
        self.topic = topic if post.post.kind is PostKind.COMMENT else None
        self.page_topic = topic
        self.site = site
        self.owner = owner
        self.shared = shared
        self.by_token: dict[int, Mention] = {}
        self.named_tokens: set[int] = set()
        for mention in mentions:
            tokens = post.tokens(mention.span)
            if tokens is not None:
                self.by_token[tokens.root.i] = mention
                self.named_tokens.update(range(tokens.start, tokens.end))
        pronouns, nouns = _telling_words()
        words = post.parse.to_array(["LOWER", "LEMMA"]).tolist() if len(post.parse) else []
        self.telling = {
            at for at, (lower, lemma) in enumerate(words) if lower in pronouns or lemma in nouns
        } | self.by_token.keys()
        self.previous_is_last = False
        self.subject: tuple[str, ...] = ()
        self.previous: list[tuple[Token, str]] = []
        self.modified: dict[str, str] = {}
        self.person: str | None = None
        self.sentences_since_person = 99

    def read(self) -> Iterator[Mention]:
        if not self.by_token and self.topic is None and self.addressee is None and self.site is None:
            return
        for sentence in self.post.parse.sents:
            yield from self._sentence(sentence)

    def _mention(self, tokens: TokenSpan | Token, entity: str, confidence: float, rule: str) -> Mention:
        return Mention(
            post=self.post.post.id,
            span=self.post.span(tokens),
            entity=entity,
            judgement=Judgement(confidence, rule),
            anaphoric=True,
        )

    def _sentence(self, sentence: TokenSpan) -> Iterator[Mention]:
        here: list[tuple[Token, str]] = []
        done: set[str] = set()
        said: set[str] = set()
        person_here = False
        for at in range(sentence.start, sentence.end):
            if at not in self.telling:
                continue
            token = self.post.parse[at]
            if at in self.by_token:
                entity = self.by_token[token.i].entity
                here.append((token, entity))
                done.add(entity)
                if self.kinds.get(entity) is EntityKind.PERSON and entity != self.writer:
                    self.person, self.sentences_since_person, person_here = entity, 0, True
                head = self._modified_noun(token)
                if head is not None:
                    self.modified[head.lemma_.lower()] = entity
            for tokens, ids, confidence, rule in self._refers(token, sentence, here):
                for entity in ids:
                    if entity not in done or (rule in _OF_THE_THREAD and entity not in said):
                        yield self._mention(tokens, entity, confidence, rule)
                        done.add(entity)
                        said.add(entity)
                    here.append((token, entity))
                if rule == "he":
                    person_here = True
                    self.sentences_since_person = 0
        root_subject = self._subject_of(sentence, here)
        if root_subject:
            self.subject = root_subject
        elif here or _has_thing_subject(sentence):
            self.subject = ()
        self.previous_is_last = bool(here)
        if here:
            self.previous = here
        if not person_here:
            self.sentences_since_person += 1

    def _modified_noun(self, token: Token) -> Token | None:
        """The noun that a name stands before: `community` in `the .NET community`."""
        head = token.head
        if (
            token.dep_ in {"compound", "amod", "nmod", "poss"}
            and head.i > token.i
            and head.pos_ in {"NOUN", "PROPN"}
            and head.i not in self.named_tokens
        ):
            return head
        return None

    def _refers(
        self, token: Token, sentence: TokenSpan, here: Sequence[tuple[Token, str]]
    ) -> Iterator[tuple[TokenSpan | Token, tuple[str, ...], float, str]]:  # fmt: skip
        """What a token refers to, if it refers: the words, the entities, how sure, and by which rule."""
        word = token.lower_
        if word in _HE:
            if self.person is not None and self.sentences_since_person <= 1 and not self._other_person(token, sentence):
                yield token, (self.person,), 0.8, "he"
        elif word in _IT:
            yield from self._it(token, sentence, here)
        elif word in _THEY:
            yield from self._they(token, sentence, here)
        elif word == "i":
            if self.writer is not None and _judges_oneself(token):
                yield token, (self.writer,), 0.7, "self-judgement"
        elif word in {"you", "your", "u"}:
            yield from self._you(token)
        elif word == "latter":
            things = list(dict.fromkeys(entity for _, entity in self.previous if self.kinds.get(entity) in _THING))
            if len(things) == 2:
                yield token, (things[1],), 0.75, "latter"
        elif token.pos_ in {"NOUN", "PROPN"} and token.i not in self.named_tokens:
            yield from self._description(token, sentence, here)

    # Pronouns

    def _other_person(self, token: Token, sentence: TokenSpan) -> bool:
        """Whether an unnamed person was spoken of, as a subject or since the name: then the pronoun may be theirs."""
        parse = self.post.parse
        start = parse[sentence.start - 1].sent.start if sentence.start else sentence.start
        last_named = max(
            (t.i for t in parse[start : token.i] if t.i in self.by_token and self.by_token[t.i].entity == self.person),
            default=-1,
        )
        for other in parse[start : token.i]:
            if other.lemma_.lower() in _PERSONS and other.i not in self.named_tokens:
                subject = other.dep_ in {"nsubj", "nsubjpass"}
                if not any(child.i in self.by_token for child in other.children) and (
                    subject or (other.i > last_named and other.dep_ in {"dobj", "pobj"})
                ):
                    return True
        return False

    def _it(
        self, token: Token, sentence: TokenSpan, here: Sequence[tuple[Token, str]]
    ) -> Iterator[tuple[TokenSpan | Token, tuple[str, ...], float, str]]:
        if _is_expletive(token):
            return
        earlier = [
            entity
            for other, entity in here
            if other.i < token.i and other.dep_ in {"nsubj", "nsubjpass"} and self.kinds.get(entity) in _THING
        ]
        if earlier and token.i > sentence.start + 1:
            yield token, (earlier[-1],), 0.7, "it-subject-here"
        elif (
            len(self.subject) == 1
            and not here
            and not _noun_subject_before(token, sentence)
            and self.kinds.get(self.subject[0]) in _THING
            and (token.dep_ in {"nsubj", "nsubjpass"} or token.lower_ == "its")
        ):
            yield token, self.subject, 0.75, "it-subject"
        elif self.topic is not None and token.dep_ in {"nsubj", "nsubjpass", "dobj"} and self._only_topic(here):
            yield token, (self.topic,), 0.6, "it-topic"
        elif (
            token.dep_ in {"nsubj", "nsubjpass"}
            and not here
            and self._only_thing()
            and not _noun_subject_before(token, sentence)
        ):
            yield token, self._only_thing(), 0.55, "it-only-thing"

    def _only_thing(self) -> tuple[str, ...]:
        """The one thing that the sentence before spoke of, if it spoke of one."""
        things = tuple(dict.fromkeys(entity for _, entity in self.previous if self.kinds.get(entity) in _THING))
        return things if len(things) == 1 and self.previous_is_last and self.site not in things else ()

    def _only_topic(self, here: Sequence[tuple[Token, str]]) -> bool:
        """Whether nothing but the page's topic was spoken of in this sentence and the one before."""
        return all(entity == self.topic or self.kinds.get(entity) not in _THING for _, entity in [*self.previous, *here])

    def _they(
        self, token: Token, sentence: TokenSpan, here: Sequence[tuple[Token, str]]
    ) -> Iterator[tuple[TokenSpan | Token, tuple[str, ...], float, str]]:
        if token.dep_ not in {"nsubj", "nsubjpass"} or token.i > sentence.start + 3 or here:
            return
        if len(self.subject) > 1:
            yield token, self.subject, 0.7, "they-list"
        elif len(self.subject) == 1 and self._was_collective():
            yield token, self.subject, 0.65, "they-collective"

    def _was_collective(self) -> bool:
        """Whether the last subject was a group of people around the thing: `the .NET community`."""
        for other, entity in self.previous:
            head = self._modified_noun(other)
            if entity in self.subject and (other.lower_ in _THEY or (head is not None and head.lemma_.lower() in _COLLECTIVES)):
                return True
        return False

    def _you(self, token: Token) -> Iterator[tuple[TokenSpan | Token, tuple[str, ...], float, str]]:
        if self.addressee is None:
            return
        head = token.head
        if token.dep_ == "poss" and head.lemma_.lower() in _WRITTEN and head.tag_ == "NN" and _is_judged(head):
            yield token, (self.addressee,), 0.8, "your-text"
        elif token.dep_ == "nsubj" and not _is_conditional(head) and (head.tag_ == "VBD" or _is_said_of_you(head)):
            yield token, (self.addressee,), 0.75, "you-did"

    # Descriptions

    def _description(
        self, noun: Token, sentence: TokenSpan, here: Sequence[tuple[Token, str]]
    ) -> Iterator[tuple[TokenSpan | Token, tuple[str, ...], float, str]]:
        lemma = noun.lemma_.lower()
        determiner = next((child for child in noun.children if child.dep_ in {"det", "poss"} and child.i < noun.i), None)
        named_here = any(child.i in self.by_token for child in noun.subtree)
        if lemma in _WRITTEN and self.addressee is not None and _is_praise(sentence):
            yield noun, (self.addressee,), 0.7, "praise"
        if determiner is None or named_here:
            if lemma in _PART_NOUNS and not here and self._topic_is_open():
                yield noun, (self.page_topic or "",), 0.5, "part-of-topic"
            return
        plain = not any(child.tag_ in {"JJR", "JJS"} for child in noun.children)
        word = determiner.lower_
        if word in {"these", "those"} and noun.tag_ in {"NNS", "NNPS"} and lemma in _GROUP_NOUNS:
            things = tuple(dict.fromkeys(entity for _, entity in self.previous if self.kinds.get(entity) in _THING))
            if len(things) > 1:
                yield noun, things, 0.65, "these-things"
        elif lemma in _SITE_NOUNS and noun.tag_ == "NN" and self.site is not None and self._is_own_site(word):
            yield noun, (self.site,), 0.8, "own-site"
        elif word in {"this", "the", "our", "that"} and noun.tag_ == "NN" and lemma in _COLLECTIVES and plain:
            entity = self.modified.get(lemma) or (self.shared.get(lemma) if self.post.post.kind is PostKind.COMMENT else None)
            if entity is not None and not _contrasted(noun, sentence):
                yield noun, (entity,), 0.7, "repeated-head"
        elif (
            word in {"the", "this", "that"}
            and noun.tag_ == "NN"
            and lemma in _KIND_NOUNS
            and plain
            and not _is_restricted(noun)
        ):
            wanted = _KIND_NOUNS[lemma]
            candidates = [entity for _, entity in [*self.previous, *here] if self.kinds.get(entity) in wanted]
            if not candidates and self.topic is not None and self.kinds.get(self.topic) in wanted:
                candidates = [self.topic]
            if len(set(candidates)) == 1:
                yield noun, (candidates[-1],), 0.75, "description"
        elif lemma in _PART_NOUNS and not here and self._topic_is_open():
            yield noun, (self.page_topic or "",), 0.6, "part-of-topic"

    def _topic_is_open(self) -> bool:
        """Whether the page's topic can be meant without being named: in any comment, and where it was just spoken of."""
        return self.page_topic is not None and (
            self.topic is not None or any(entity == self.page_topic for _, entity in self.previous)
        )

    def _is_own_site(self, determiner: str) -> bool:
        """`this blog`; `my blog` where the page's owner writes; `your blog` where somebody answers the owner."""
        if determiner == "this":
            return True
        if determiner == "my":
            return self.writer is not None and self.writer == self.owner
        return determiner == "your" and self.addressee is not None and self.addressee == self.owner

    def _subject_of(self, sentence: TokenSpan, here: Sequence[tuple[Token, str]]) -> tuple[str, ...]:
        """The things in the subject of the main clause, or introduced by an imperative (`Consider craigslist`)."""
        root = sentence.root
        subject = next((child for child in root.children if child.dep_ in {"nsubj", "nsubjpass"}), None)
        if subject is None:
            if root.tag_ == "VB":
                objects = [entity for token, entity in here if token.dep_ == "dobj" and token.head.i == root.i]
                return tuple(dict.fromkeys(objects))
            return ()
        edge = range(subject.left_edge.i, subject.right_edge.i + 1)
        inside = [(token, entity) for token, entity in here if token.i in edge and self.kinds.get(entity) in _THING]
        return tuple(dict.fromkeys(entity for _, entity in inside))


_COLLECTIVES = frozenset("community team crowd group folk people world camp developer user scene".split())


def _shared_head(posts: Sequence[ParsedPost], mentions: Sequence[Mention]) -> dict[str, str]:
    """For each collective noun the name that stands before it on the page twice as often as any other."""
    counts: dict[str, Counter[str]] = {}
    of_post: dict[str, list[Mention]] = {}
    for mention in mentions:
        of_post.setdefault(mention.post, []).append(mention)
    for post in posts:
        for mention in of_post.get(post.post.id, ()):
            tokens = post.tokens(mention.span)
            if tokens is not None and tokens.end < len(post.parse):
                lemma = post.parse[tokens.end].lemma_.lower()
                if lemma in _COLLECTIVES:
                    counts.setdefault(lemma, Counter())[mention.entity] += 1
    shared = {}
    for lemma, counter in counts.items():
        (first, most), *rest = counter.most_common(2)
        if most >= 2 and (not rest or most >= 2 * rest[0][1]):
            shared[lemma] = first
    return shared


def _contrasted(noun: Token, sentence: TokenSpan) -> bool:
    """Whether the sentence speaks of others of the kind: `other communities … the community`."""
    return any(token.lemma_ == noun.lemma_ and token.tag_ == "NNS" for token in sentence)


def _is_expletive(token: Token) -> bool:
    """`it` that refers to nothing, or to a clause: `it is time to`, `it seems that`, `it's true`."""
    if token.dep_ == "expl":
        return True
    head = token.head
    if token.dep_ not in {"nsubj", "nsubjpass"}:
        return False
    if any(
        child.dep_ in {"ccomp", "xcomp", "csubj", "advcl"} and child.i > head.i for child in head.children
    ) and head.lemma_ in {"be", *_EXPECTING}:
        return head.lemma_ == "be" or any(child.dep_ == "ccomp" for child in head.children)
    if head.lemma_ == "be":
        for child in head.children:
            if child.dep_ == "acomp" and any(grandchild.dep_ in {"xcomp", "ccomp"} for grandchild in child.children):
                return True
            if child.lower_ in {"time", "true", "late", "early", "possible", "clear"}:
                return True
    return False


_FEELINGS = frozenset(
    "happy glad sorry sad sure grateful afraid curious excited proud interested impressed tired ok okay fine thankful".split()
)


def _judges_oneself(token: Token) -> bool:
    """`I must be dense`, `I'm not as clever as …`: what the writer is, by the writer's own judgement, not how they feel."""
    verb = token.head
    if token.dep_ != "nsubj" or verb.lemma_ != "be" or _is_conditional(verb):
        return False
    for child in verb.children:
        if child.dep_ == "acomp" and child.tag_ == "JJ" and valence(child) and child.lemma_.lower() not in _FEELINGS:
            return not any(
                grandchild.dep_ in {"prep", "ccomp"} and grandchild.lower_ in {"with", "for", "about"}
                for grandchild in child.children
            )
    return False


def _is_conditional(verb: Token) -> bool:
    return any(
        (child.dep_ == "mark" and child.lower_ in {"if", "unless", "once", "until"})
        or child.lower_ in {"when", "whenever", "if"}
        for child in verb.children
    )


def _is_judged(noun: Token) -> bool:
    """Whether the text is what the clause judges: its subject, or the object of liking."""
    if noun.dep_ in {"nsubj", "nsubjpass"}:
        return True
    return noun.dep_ == "dobj" and noun.head.lemma_ in {
        "like",
        "love",
        "enjoy",
        "hate",
        "appreciate",
        "dislike",
        "admire",
        "find",
    }


def _is_said_of_you(verb: Token) -> bool:
    """`you make a good point`, `you are right`, `you miss …`: what is said of the one answered, whatever the tense."""
    if verb.lemma_ in {"miss", "ignore", "forget", "overlook", "misunderstand", "confuse", "fail", "assume"} and verb.tag_ in {
        "VBP",
        "VBG",
    }:
        return True
    if verb.lemma_ in {"make", "raise", "have"}:
        return any(child.dep_ == "dobj" and child.lemma_ in {"point", "argument", "mistake", "case"} for child in verb.children)
    return verb.lemma_ == "be" and any(
        child.dep_ == "acomp" and child.lower_ in {"right", "wrong", "correct", "incorrect", "mistaken"}
        for child in verb.children
    )


def _is_praise(sentence: TokenSpan) -> bool:
    """`Great post.`, `A very good point.`: a short sentence without a verb that judges what was written."""
    words = [token for token in sentence if not token.is_punct and not token.is_space]
    return (
        len(words) <= 8
        and any(token.tag_ == "JJ" for token in words)
        and not any(token.pos_ in {"VERB", "AUX"} for token in words)
    )


def _noun_subject_before(token: Token, sentence: TokenSpan) -> bool:
    """Whether the sentence has another noun as a subject before the pronoun, which may then be what it stands for."""
    return any(
        other.dep_ in {"nsubj", "nsubjpass"} and other.pos_ in {"NOUN", "PROPN"}
        for other in sentence.doc[sentence.start : token.i]
    )


def _is_restricted(noun: Token) -> bool:
    """Whether a relative clause or an `of` makes it another thing: `the site that I built`, `the network of roads`."""
    return any(
        child.dep_ in {"relcl", "acl"} or (child.dep_ == "prep" and child.lower_ in {"of", "for", "with"})
        for child in noun.children
    )


def _has_thing_subject(sentence: TokenSpan) -> bool:
    """Whether the main clause has a subject of its own that is no pronoun: then the topic has changed."""
    return any(child.dep_ in {"nsubj", "nsubjpass"} and child.pos_ in {"NOUN", "PROPN"} for child in sentence.root.children)
