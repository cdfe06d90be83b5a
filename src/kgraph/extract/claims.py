"""The claims of a post: which sentences put something forward, who answers for them, and what they say of what.

A sentence with a finite verb claims something unless it asks; so does an imperative that advises, and a verbless verdict (`A
very good point.`). Words that repeat another post are that post's author's: what stands wholly within them is no claim of
this one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kgraph import iris
from kgraph.extract.attribution import Report, continues_report, find_report, introduces_quotation
from kgraph.extract.grammar import finite_verbs, is_imperative, valence
from kgraph.extract.kinds import kind_of, modality_of, polarity_of
from kgraph.extract.parse import ParsedPost
from kgraph.extract.propositions import find_proposition
from kgraph.extract.sentences import Sentence, sentences
from kgraph.extract.stance import Course, Setting, find_stances, topic_of
from kgraph.extract.words import fold
from kgraph.model.annotations import Assertion, Attitude, Claim, Judgement, Mention, Question
from kgraph.model.extraction import Thread
from kgraph.model.text import Document, Span

_POLITE = re.compile(
    r"^(?:please|thanks?|thank you|thx|cheers|sorry|welcome|congrat\w*|hello|hi|hey|regards|best|sincerely|let me know"
    r"|correct me|see (?:also|you|http|this|here|the)|"
    r"check (?:out|it|this)|click|read more|update|edit|note|ps|p\.s|consider \w+$|imagine|suppose|take,? for)\b"
)
_DENIES = re.compile(
    r"\b(?:(?:it|that|this)(?:'s| is) (?:simply |just )?not (?:true|the case)|i (?:do not|don't) (?:think|believe|see|agree)"
    r"|i (?:doubt|deny|dispute|reject)|nothing could be further)\b"
)
_CONCEDES = re.compile(
    r"^(?:sure|granted|admittedly|okay|ok|yes|true|of course|fair enough|fair point|point taken|to be fair|don't get me wrong"
    r"|i (?:must |have to |will |'ll |do )?(?:admit|concede|grant|acknowledge)|i'll (?:admit|concede|grant|give you)"
    r"|i stand corrected|my mistake|you have a point|while i (?:agree|understand|see|do))\b"
)
_CLIPPED = re.compile(r"(?:its|thats|theres|heres|hes|shes|were|theyre|youre|im|ive) (?:\w+ )?\w+ ")
"""A verb that lost its apostrophe: `Its always time to …`."""
_CODE = re.compile(r"[{};]\s*$|^\s*(?:</?\w+|\w+\(.*\);?|[$#>] \w|(?:public|private|static|var|import|def|using|function)\s)")


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a document, the acts that put them forward, and the questions asked."""

    claims: tuple[Claim, ...]
    assertions: tuple[Assertion, ...]
    questions: tuple[Question, ...]


def find_claims(document: Document, posts: Sequence[ParsedPost], thread: Thread, mentions: Sequence[Mention]) -> Claims:
    """Every claim of a document, in the order of the text."""
    of_post: dict[str, list[Mention]] = defaultdict(list)
    for mention in mentions:
        of_post[mention.post].append(mention)
    person = {account.id: account.person for account in thread.accounts}
    writer = {post: person[account] for post, account in thread.authors.items()}
    parents = {reply.post: reply.parent for reply in thread.replies}
    names = {person.id: person.name for person in thread.people}
    topic = topic_of(document, posts)
    article = document.article
    parent_of_all = article.id if article is not None else None
    previous: str | None = None
    found = _Found(document)
    for post in posts:
        parent = parents.get(post.post.id)
        own = writer[post.post.id]
        other = parent if parent is not None and writer[parent] != own else previous if post.post is not article else None
        setting = Setting(
            parent=other if other is not None and writer[other] != own else None,
            to_article=article is not None and parent == article.id and writer[article.id] != own,
            topic=topic,
            named_parent=names[writer[other]].split()[0].casefold() if other is not None and other != parent_of_all else None,
        )
        repeated = [
            (quotation.span, quotation.source_post) for quotation in thread.quotations if quotation.post == post.post.id
        ]
        _read_post(post, found, setting, own, writer.get(parent) if parent else None, of_post[post.post.id], repeated)
        previous = post.post.id
    return Claims(tuple(found.claims.values()), _with_responses(found.assertions, thread), tuple(found.questions))


class _Found:
    """What has been found so far, each claim once however often it is made."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.claims: dict[str, Claim] = {}
        self.assertions: list[Assertion] = []
        self.questions: list[Question] = []


def _read_post(
    post: ParsedPost,
    found: _Found,
    setting: Setting,
    writer: str,
    addressee: str | None,
    mentions: Sequence[Mention],
    quoted: Sequence[tuple[Span, str]],
) -> None:
    course = Course()
    before: list[Sentence] = []
    report: Report | None = None
    announced: Report | None = None
    pending_quote: str | None = None
    elsewhere = [stretch for stretch in post.post.quoted if not any(stretch.overlaps(span) for span, _ in quoted)]
    for sentence in sentences(post):
        inside = _share_quoted(sentence, [span for span, _ in quoted])
        pending_quote = _quoted_just_before(sentence, quoted) or (pending_quote if inside > 0 else None)
        if _share_quoted(sentence, elsewhere) >= 0.6:
            if announced is not None:
                _read_sentence(sentence, found, None, course, writer, mentions, announced, None)
        elif inside < 0.6:
            told = find_report(sentence, mentions, addressee=addressee, before=before)
            report = told or (continues_report(sentence, report) if report is not None else None)
            announced = introduces_quotation(sentence, mentions, addressee=addressee, before=before)
            _read_sentence(sentence, found, setting, course, writer, mentions, report, pending_quote)
        before.append(sentence)


def _read_sentence(
    sentence: Sentence,
    found: _Found,
    setting: Setting | None,
    course: Course,
    writer: str,
    mentions: Sequence[Mention],
    report: Report | None,
    quoted: str | None,
) -> None:
    """Adds what a sentence asks or claims. `setting` is None within words from outside the page, which are never the
    writer's stance.
    """
    document = found.document
    span, text = sentence.span, sentence.text
    if sentence.asks:
        id = f"{document.id}#question-{span.start}-{span.end}"
        found.questions.append(
            Question(id=id, post=sentence.post.post.id, asker=writer, span=span, text=" ".join(text.split()))
        )
        return
    stances = find_stances(sentence, setting, course, mentions, quoted) if setting is not None else ()
    judgement = _is_claim(sentence, has_stance=bool(stances))
    if judgement is None:
        return
    here = [mention for mention in mentions if mention.span in span]
    kind, kind_judgement = kind_of(sentence)
    about = tuple(dict.fromkeys(mention.entity for mention in here))
    wording = " ".join(text.split())
    claim = Claim(
        id=f"{document.id}#claim-{iris.digest(wording, *about)}",
        text=wording,
        kind=kind,
        kind_judgement=kind_judgement,
        about=about,
        polarity=polarity_of(sentence),
        modality=modality_of(sentence),
        proposition=find_proposition(sentence, here, writer),
    )
    found.claims.setdefault(claim.id, claim)
    found.assertions.append(
        Assertion(
            id=f"{document.id}#assertion-{iris.digest(claim.id, str(span.start))}",
            claim=claim.id,
            claimant=writer,
            post=sentence.post.post.id,
            span=span,
            judgement=judgement,
            attitude=Attitude.REPORTS if report is not None else _attitude(text),
            reported_from=report.source if report is not None else None,
            source_is_entity=report is not None and report.is_entity,
            stances=stances,
        )
    )


def _is_claim(sentence: Sentence, *, has_stance: bool) -> Judgement | None:
    text = fold(sentence.text)
    words = [token for token in sentence.tokens if token.is_alpha or token.like_num]
    if len(words) < 2 or _CODE.search(sentence.text):
        return None
    root = sentence.tokens.root
    finite = list(finite_verbs(sentence.tokens))
    if _POLITE.match(text):
        opening = sentence.tokens.start + 2
        finite = [verb for verb in finite if verb.i >= opening and verb.dep_ in {"ROOT", "conj", "aux"}]
        if not finite:
            return None
    if finite or _CLIPPED.match(text):
        if len(words) < 3 and not has_stance:
            return None
        return Judgement(0.9 if any(verb is root or verb.head is root for verb in finite) else 0.75, "claim:finite-verb")
    if is_imperative(root) and len(words) >= 4:
        return Judgement(0.75, "claim:imperative")
    if has_stance or (len(words) <= 12 and _is_verdict(sentence)):
        return Judgement(0.6, "claim:verdict")
    return None


def _is_verdict(sentence: Sentence) -> bool:
    """A rated adjective on a plain noun with no verb: `A very good point.`, `Brilliant article!`"""
    root = sentence.tokens.root
    if (
        root.pos_ not in {"NOUN", "ADJ"}
        or sentence.tokens[0].pos_ == "CCONJ"
        or not sentence.text.rstrip("\"”’')*_").endswith((".", "!", ":"))
    ):
        return False
    return any(abs(valence(token)) >= 1.5 for token in (root, *root.children) if token.pos_ == "ADJ")


def _attitude(text: str) -> Attitude:
    folded = fold(text)
    if _CONCEDES.match(folded):
        return Attitude.CONCEDES
    return Attitude.DENIES if _DENIES.search(folded) else Attitude.ASSERTS


def _share_quoted(sentence: Sentence, quoted: Sequence[Span]) -> float:
    """The share of a sentence's words that stand in words of another post."""
    if not any(sentence.span.overlaps(stretch) for stretch in quoted):
        return 0.0
    words = [token for token in sentence.tokens if token.is_alpha]
    spans = [sentence.post.span(token) for token in words]
    return sum(any(span in stretch for stretch in quoted) for span in spans) / len(spans) if spans else 0.0


def _quoted_just_before(sentence: Sentence, quoted: Sequence[tuple[Span, str]]) -> str | None:
    """The post whose quoted words end right before this sentence, or in it."""
    text = sentence.post.text
    for stretch, source in quoted:
        if stretch.end <= sentence.span.end and source != sentence.post.post.id:
            between = text[max(stretch.end - sentence.post.start, 0) : max(sentence.span.start - sentence.post.start, 0)]
            if stretch.end > sentence.span.start or not between.strip(" \n\t\r\"”“'’.>*_-"):
                return source
    return None


def _with_responses(assertions: Sequence[Assertion], thread: Thread) -> tuple[Assertion, ...]:
    """Stances toward a quoted post are pointed at the very assertion whose words were quoted."""
    by_post: dict[str, list[Assertion]] = defaultdict(list)
    for assertion in assertions:
        by_post[assertion.post].append(assertion)
    quotations = defaultdict(list)
    for quotation in thread.quotations:
        quotations[quotation.post].append(quotation)
    answered = []
    for assertion in assertions:
        stances = []
        for stance in assertion.stances:
            said = [
                other.id
                for quotation in quotations[assertion.post]
                if quotation.source_post == stance.target and quotation.span.start < assertion.span.end
                for other in by_post[stance.target]
                if other.span.overlaps(quotation.source_span)
            ]
            stances.append(replace(stance, responds_to=said[-1]) if said else stance)
        answered.append(replace(assertion, stances=tuple(stances)))
    return tuple(answered)
