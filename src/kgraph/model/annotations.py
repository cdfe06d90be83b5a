"""What the stages find in a text. Ids are references (see `iris`); spans point into the document's text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kgraph.model.text import Span


@dataclass(frozen=True, slots=True)
class Judgement:
    """How sure a rule or model is of what it decided, from 0 to 1, and its name (`heading`, `cue:according-to`)."""

    confidence: float
    rule: str

    def __post_init__(self) -> None:
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"a confidence lies between 0 and 1, not at {self.confidence}")


class EntityKind(StrEnum):
    PERSON = "person"
    PLATFORM = "platform"
    ORGANIZATION = "organization"
    PLACE = "place"
    EVENT = "event"
    WORK = "work"
    TECHNOLOGY = "technology"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One thing in one document under its fullest name; `creators` are the ids of a work's persons.

    `types` are schema.org class names known besides its kind (`WebSite`, `Periodical`).
    """

    id: str
    kind: EntityKind
    name: str
    aliases: tuple[str, ...] = ()
    url: str | None = None
    types: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The name that a person writes under on a site."""

    id: str
    name: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A stretch of a post that names an entity, or refers to it (`it`, `the site`) where `anaphoric`."""

    post: str
    span: Span
    entity: str
    judgement: Judgement
    anaphoric: bool = False


class ClaimKind(StrEnum):
    FACTUAL = "factual"
    CAUSAL = "causal"
    EVALUATIVE = "evaluative"
    NORMATIVE = "normative"
    PREDICTIVE = "predictive"
    DEFINITIONAL = "definitional"
    TESTIMONY = "testimony"


class Polarity(StrEnum):
    AFFIRMED = "affirmed"
    NEGATED = "negated"


class Modality(StrEnum):
    """How strongly it is put forward: `hypothetical` for the consequent of a condition."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    NECESSARY = "necessary"
    HYPOTHETICAL = "hypothetical"


class Attitude(StrEnum):
    ASSERTS = "asserts"
    DENIES = "denies"
    QUESTIONS = "questions"
    CONCEDES = "concedes"
    REPORTS = "reports"


class Toward(StrEnum):
    SUPPORTS = "supports"
    DISPUTES = "disputes"


@dataclass(frozen=True, slots=True)
class Proposition:
    """A clause as subject, predicate and object. `subject` and `object` are an entity's id, or words of the text."""

    subject: str
    predicate: str
    """The lemma of the verb, with its particle or preposition: `undermine`, `depend on`."""
    object: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is put forward: expressed, not asserted by the graph."""

    id: str
    text: str
    kind: ClaimKind
    kind_judgement: Judgement
    about: tuple[str, ...] = ()
    polarity: Polarity = Polarity.AFFIRMED
    modality: Modality = Modality.CERTAIN
    proposition: Proposition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """For or against `target`: the id of a post or an entity; `responds_to` is the very assertion, where known."""

    target: str
    toward: Toward
    judgement: Judgement
    responds_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """Somebody putting a claim forward, or passing it on.

    `claimant` is the person who answers for the post; `reported_from` is whose words they pass on: an entity's id
    (`source_is_entity`) or the words that name the source (`My grandfather`). The reporter is never made the source.
    """

    id: str
    claim: str
    claimant: str
    post: str
    span: Span
    judgement: Judgement
    attitude: Attitude = Attitude.ASSERTS
    reported_from: str | None = None
    source_is_entity: bool = False
    stances: tuple[Stance, ...] = ()


class Fidelity(StrEnum):
    VERBATIM = "verbatim"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """Words of one post, at `source_span`, that another post repeats at `span`; they are `speaker`'s."""

    id: str
    post: str
    span: Span
    source_post: str
    source_span: Span
    speaker: str
    fidelity: Fidelity
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A sentence that asks, kept as a question."""

    id: str
    post: str
    asker: str
    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityInference:
    """That an account, or a stretch of text, is this person: never written in the page, concluded from `signals`."""

    id: str
    identifies: str
    person: str
    evidence: tuple[Span, ...]
    signals: tuple[str, ...]
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """That a post answers another. `evidence` and a rule other than `layout` where the words, not the page, say so."""

    post: str
    parent: str
    judgement: Judgement
    evidence: tuple[Span, ...] = ()


class LinkStatus(StrEnum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    AMBIGUOUS = "ambiguous"
    """One of several that fit alike."""
    NIL = "nil"
    """Nothing that was searched has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """That an entity is `target` in an open-data graph: a proposal that can be reviewed and undone.

    A link that is `nil` has no target, and says that none was found. `authority` is what was searched, with its version, or who
    judged. `heading` says that the target is a heading of a subject authority. `run` is the run that judged, where that is not
    the one that extracted.
    """

    id: str
    entity: str
    target: str | None
    score: float
    status: LinkStatus
    signals: tuple[str, ...]
    authority: str | None = None
    heading: bool = False
    run: str | None = None

    def __post_init__(self) -> None:
        if (self.target is None) != (self.status is LinkStatus.NIL):
            raise ValueError(f"the link {self.id} is {self.status} and its target is {self.target}")
