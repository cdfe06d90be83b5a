"""What the model is asked about a post, what of its answer may be believed, and how that joins what the rules found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from kgraph import iris
from kgraph.llm.client import Client, NoAnswer
from kgraph.model.annotations import Assertion, Attitude, Claim, ClaimKind, Judgement, Stance, Toward
from kgraph.model.extraction import Extraction
from kgraph.model.text import Post, Span

SURE = 0.8
"""What a rule decided with this confidence or more is not touched."""
_PROPOSED = 0.6
_LONGEST_POST = 12_000
"""Code points of a post that are shown; a longer one is left to the rules."""

_SYSTEM = (
    "You annotate one post of a public discussion. List every claim that the post puts forward: copy its words exactly, "
    "character by character, one sentence each. Questions, greetings and words repeated from another post are no claims. "
    "`speaker` is the number of the person whose words they are: the writer, or whoever the writer reports. `stance` is "
    "toward the post that this one answers; use null when the words do not plainly agree or disagree. Leave out what you "
    "are not sure of."
)


class _Answered(BaseModel):
    """One claim of an answer, as the schema asks for it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    words: str
    speaker: int
    kind: str
    stance: str | None


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    claims: list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A claim that the model sees at `span`, said by the person `speaker`."""

    span: Span
    speaker: str
    kind: ClaimKind
    toward: Toward | None


def review(extraction: Extraction, client: Client, *, trouble: Callable[[str], None] = lambda _: None) -> Extraction:
    """The extraction with what the model adds to it; `trouble` hears, a line each, of posts it could not be asked about."""
    for post in extraction.document:
        if len(post.span) > _LONGEST_POST:
            continue
        try:
            proposals = propose(extraction, post, client)
        except NoAnswer as error:
            trouble(f"{extraction.document.id} {post.id}: {error}")
            continue
        for proposal in proposals:
            extraction = _joined(extraction, post, proposal, f"llm:{client.model}")
    return extraction


def propose(extraction: Extraction, post: Post, client: Client) -> tuple[Proposal, ...]:
    """What the model says of a post, as far as it may be believed.

    Raises:
        NoAnswer: there is no answer, or it is not of the form asked for.
    """
    speakers = _speakers(extraction, post)
    answer = client.ask(_SYSTEM, _question(extraction, post, speakers), name="claims", schema=_schema(len(speakers)))
    try:
        listed = _Answer.model_validate(answer).claims
    except ValidationError as error:
        raise NoAnswer("the language model's answer does not follow the schema") from error
    found = []
    for item in listed:
        try:
            claim = _Answered.model_validate(item)
            kind = ClaimKind(claim.kind)
            toward = Toward(claim.stance) if claim.stance is not None else None
        except (ValidationError, ValueError):
            continue
        span = _verbatim(extraction, post, claim.words)
        if span is not None and 1 <= claim.speaker <= len(speakers):
            found.append(Proposal(span=span, speaker=speakers[claim.speaker - 1], kind=kind, toward=toward))
    return tuple(found)


def _speakers(extraction: Extraction, post: Post) -> list[str]:
    """Who may be speaking: the writer first, then the people whom the post names, in the order of the text."""
    accounts = {account.id: account.person for account in extraction.thread.accounts}
    named = (m.entity for m in extraction.mentions if m.post == post.id and m.entity.startswith("person/"))
    return list(dict.fromkeys([accounts[extraction.thread.authors[post.id]], *named]))


def _question(extraction: Extraction, post: Post, speakers: Sequence[str]) -> str:
    document = extraction.document
    names = {entity.id: entity.name for entity in (*extraction.thread.people, *extraction.entities)}
    parent = next((reply.parent for reply in extraction.thread.replies if reply.post == post.id), None)
    people = "\n".join(f"{number}. {names[speaker]}" for number, speaker in enumerate(speakers, 1))
    answered = f"\n\nIt answers this post:\n{document.words(document.post(parent).span)[:2000]}" if parent is not None else ""
    return f"Speakers (1 is the writer):\n{people}{answered}\n\nThe post:\n{document.words(post.span)}"


def _schema(speakers: int) -> dict[str, Any]:
    claim = {
        "type": "object",
        "additionalProperties": False,
        "required": ["words", "speaker", "kind", "stance"],
        "properties": {
            "words": {"type": "string"},
            "speaker": {"type": "integer", "enum": list(range(1, speakers + 1))},
            "kind": {"type": "string", "enum": [kind.value for kind in ClaimKind]},
            "stance": {"type": ["string", "null"], "enum": [*(toward.value for toward in Toward), None]},
        },
    }
    listed = {"type": "array", "items": claim}
    return {"type": "object", "additionalProperties": False, "required": ["claims"], "properties": {"claims": listed}}


def _verbatim(extraction: Extraction, post: Post, words: str) -> Span | None:
    """Where the words stand in the post, None unless exactly once, and not within words repeated from another post."""
    body = extraction.document.words(post.span)
    start = body.find(words) if words.strip() else -1
    if start < 0 or body.find(words, start + 1) >= 0:
        return None
    lead = len(words) - len(words.lstrip())
    span = Span(post.span.start + start + lead, post.span.start + start + len(words.rstrip()))
    repeated = (quotation.span for quotation in extraction.thread.quotations if quotation.post == post.id)
    return None if any(span.overlaps(quoted) for quoted in (*repeated, *post.quoted)) else span


def _joined(extraction: Extraction, post: Post, proposal: Proposal, rule: str) -> Extraction:
    judgement = Judgement(_PROPOSED, rule)
    for assertion in extraction.assertions:
        if assertion.post == post.id and assertion.span.overlaps(proposal.span):
            return _refined(extraction, assertion, proposal, judgement)
    return _added(extraction, post, proposal, judgement)


def _refined(extraction: Extraction, assertion: Assertion, proposal: Proposal, judgement: Judgement) -> Extraction:
    """What the rules left open or doubted, filled in; what they decided with confidence, kept."""
    overlap = min(assertion.span.end, proposal.span.end) - max(assertion.span.start, proposal.span.start)
    if 2 * overlap < max(len(assertion.span), len(proposal.span)):
        return extraction
    claim = next(claim for claim in extraction.claims if claim.id == assertion.claim)
    better = claim
    if claim.kind is not proposal.kind and claim.kind_judgement.confidence < min(SURE, _PROPOSED):
        better = replace(claim, kind=proposal.kind, kind_judgement=judgement)
    said = assertion
    if assertion.reported_from is None and proposal.speaker != assertion.claimant:
        said = replace(said, attitude=Attitude.REPORTS, reported_from=proposal.speaker, source_is_entity=True)
    if not assertion.stances:
        said = replace(said, stances=_stances(extraction, assertion.post, proposal, judgement))
    return replace(
        extraction,
        claims=tuple(better if other is claim else other for other in extraction.claims),
        assertions=tuple(said if other is assertion else other for other in extraction.assertions),
    )


def _added(extraction: Extraction, post: Post, proposal: Proposal, judgement: Judgement) -> Extraction:
    """A claim that the rules did not see, in the shape they would have given it."""
    document = extraction.document
    wording = " ".join(proposal.span.of(document.text).split())
    about = tuple(dict.fromkeys(mention.entity for mention in extraction.mentions if mention.span in proposal.span))
    claim = Claim(
        id=f"{document.id}#claim-{iris.digest(wording, *about)}",
        text=wording,
        kind=proposal.kind,
        kind_judgement=judgement,
        about=about,
    )
    writer = _speakers(extraction, post)[0]
    reported = proposal.speaker if proposal.speaker != writer else None
    assertion = Assertion(
        id=f"{document.id}#assertion-{iris.digest(claim.id, str(proposal.span.start))}",
        claim=claim.id,
        claimant=writer,
        post=post.id,
        span=proposal.span,
        judgement=judgement,
        attitude=Attitude.REPORTS if reported is not None else Attitude.ASSERTS,
        reported_from=reported,
        source_is_entity=reported is not None,
        stances=_stances(extraction, post.id, proposal, judgement),
    )
    known = any(other.id == claim.id for other in extraction.claims)
    ordered = sorted((*extraction.assertions, assertion), key=lambda one: one.span)
    return replace(extraction, claims=extraction.claims if known else (*extraction.claims, claim), assertions=tuple(ordered))


def _stances(extraction: Extraction, post: str, proposal: Proposal, judgement: Judgement) -> tuple[Stance, ...]:
    parent = next((reply.parent for reply in extraction.thread.replies if reply.post == post), None)
    if proposal.toward is None or parent is None:
        return ()
    return (Stance(target=parent, toward=proposal.toward, judgement=judgement),)
