"""A small thread with everything that an extraction can hold, written for these tests.

Spans are found by their words, so that the text can be edited without counting.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from kgraph.model.annotations import (
    Account,
    Assertion,
    Attitude,
    Claim,
    ClaimKind,
    Entity,
    EntityKind,
    Fidelity,
    IdentityInference,
    Judgement,
    Link,
    LinkStatus,
    Mention,
    Modality,
    Polarity,
    Proposition,
    Question,
    Quotation,
    Reply,
    Stance,
    Toward,
)
from kgraph.model.extraction import Extraction, Thread
from kgraph.model.text import Byline, Document, Post, PostKind, Span

BASE = "http://localhost:8000/"
DOC = "doc/on-bicycle-maps"

ARTICLE = """OpenCycleMap draws every lane that a volunteer reports. Strava “only” counts the riders who pay.
My aunt says that paper maps were kinder\tto strangers. Should a city trust either?"""
AGREES = "Well put, Nora. Volunteers keep the map honest."
DISPUTES = "Strava counts everybody who opens the app. You wrote that Strava counts the riders who pay, which is wrong."
UNHEADED = "Thanks, both. I stand corrected."

TEXT = "\n\n".join(["On bicycle maps", ARTICLE, "Imre", AGREES, "Zoë ☂", DISPUTES, UNHEADED]) + "\n"

SURE = Judgement(1.0, "heading")
CUE = Judgement(0.85, "cue:wrong")


def words(text: str, occurrence: int = 1) -> Span:
    """The span of these words where they occur for the n-th time."""
    start = -1
    for _ in range(occurrence):
        start = TEXT.index(text, start + 1)
    return Span(start, start + len(text))


def post(number: int) -> str:
    return f"{DOC}#p{number}"


@dataclass(frozen=True)
class Person:
    name: str
    slug: str

    @property
    def id(self) -> str:
        return f"person/maps-weekly/{self.slug}"

    @property
    def account(self) -> Account:
        return Account(id=f"account/maps-weekly/{self.slug}", name=self.name, person=self.id)

    @property
    def entity(self) -> Entity:
        return Entity(id=self.id, kind=EntityKind.PERSON, name=self.name)


NORA, IMRE, ZOE = Person("Nora", "nora"), Person("Imre", "imre"), Person("Zoë ☂", "zoe")
STRAVA, OPEN_CYCLE_MAP = "platform/strava", "platform/opencyclemap"


def document() -> Document:
    return Document(
        id=DOC,
        text=TEXT,
        posts=(
            Post(id=post(1), kind=PostKind.ARTICLE, span=words(ARTICLE), created="2026-03-01"),
            Post(
                id=post(2),
                kind=PostKind.COMMENT,
                span=words(AGREES),
                byline=Byline("Imre", words("Imre")),
                reply_to=post(1),
                created="2026-03-02T08:30:00.500+00:00",
            ),
            Post(
                id=post(3),
                kind=PostKind.COMMENT,
                span=words(DISPUTES),
                byline=Byline("Zoë ☂", words("Zoë ☂")),
                reply_to=post(1),
            ),
            Post(id=post(4), kind=PostKind.COMMENT, span=words(UNHEADED)),
        ),
        sha256=sha256(TEXT.encode()).hexdigest(),
        media_type="text/plain",
        title="On bicycle maps",
        site="Maps Weekly",
        url="https://maps.example/on bicycle maps",
    )


def thread() -> Thread:
    return Thread(
        accounts=(NORA.account, IMRE.account, ZOE.account),
        authors={post(1): NORA.account.id, post(2): IMRE.account.id, post(3): ZOE.account.id, post(4): NORA.account.id},
        replies=(
            Reply(post=post(2), parent=post(1), judgement=Judgement(1.0, "layout")),
            Reply(post=post(3), parent=post(1), judgement=Judgement(1.0, "layout")),
            Reply(post=post(4), parent=post(3), judgement=Judgement(0.7, "thanks"), evidence=(words("Thanks, both"),)),
        ),
        quotations=(
            Quotation(
                id=f"{DOC}#quotation-1",
                post=post(3),
                span=words("Strava counts the riders who pay"),
                source_post=post(1),
                source_span=words("Strava “only” counts the riders who pay"),
                speaker=NORA.id,
                fidelity=Fidelity.ALTERED,
                judgement=Judgement(0.92, "repeated-words"),
            ),
        ),
        inferences=(
            IdentityInference(
                id=f"{DOC}#identity-1",
                identifies=NORA.account.id,
                person=NORA.id,
                evidence=(words("Nora"),),
                signals=("a commenter addresses the author",),
                judgement=Judgement(0.9, "vocative"),
            ),
            IdentityInference(
                id=f"{DOC}#identity-2",
                identifies=f"{DOC}#at-{words(UNHEADED).start}-{words(UNHEADED).end}",
                person=NORA.id,
                evidence=(words("both"), words("I stand corrected")),
                signals=("an unheaded reply",),
                judgement=Judgement(0.6, "host"),
            ),
        ),
        people=(NORA.entity, IMRE.entity, ZOE.entity),
    )


def stance(target: str, toward: Toward, responds_to: str | None = None) -> Stance:
    return Stance(target=target, toward=toward, judgement=CUE, responds_to=responds_to)


def extraction() -> Extraction:
    strava = Entity(
        id=STRAVA,
        kind=EntityKind.PLATFORM,
        name="Strava",
        aliases=("the app", "Strava"),
        url="https://www.strava.example/",
        types=("WebSite", "SoftwareApplication"),
    )
    open_cycle_map = Entity(id=OPEN_CYCLE_MAP, kind=EntityKind.PLATFORM, name="OpenCycleMap", url="not an address")
    claims = (
        Claim(
            id=f"{DOC}#claim-lanes",
            text="OpenCycleMap draws every lane that a volunteer reports.",
            kind=ClaimKind.FACTUAL,
            kind_judgement=Judgement(0.8, "present-tense"),
            about=(OPEN_CYCLE_MAP,),
            proposition=Proposition(OPEN_CYCLE_MAP, "draw", "every lane that a volunteer reports"),
        ),
        Claim(
            id=f"{DOC}#claim-kinder",
            text="paper maps were kinder\tto strangers",
            kind=ClaimKind.EVALUATIVE,
            kind_judgement=Judgement(0.66667, "comparative"),
            modality=Modality.PROBABLE,
        ),
        Claim(
            id=f"{DOC}#claim-honest",
            text="Volunteers keep the map honest.",
            kind=ClaimKind.CAUSAL,
            kind_judgement=Judgement(0.5, "keep"),
            about=(OPEN_CYCLE_MAP,),
        ),
        Claim(
            id=f"{DOC}#claim-everybody",
            text="Strava counts everybody who opens the app.",
            kind=ClaimKind.FACTUAL,
            kind_judgement=Judgement(0.8, "present-tense"),
            about=(STRAVA,),
            polarity=Polarity.AFFIRMED,
            proposition=Proposition(STRAVA, "count", STRAVA),
        ),
    )
    lanes = f"{DOC}#assertion-lanes"
    assertions = (
        Assertion(
            id=lanes,
            claim=f"{DOC}#claim-lanes",
            claimant=NORA.id,
            post=post(1),
            span=words("OpenCycleMap draws every lane that a volunteer reports."),
            judgement=Judgement(0.95, "sentence"),
        ),
        Assertion(
            id=f"{DOC}#assertion-kinder",
            claim=f"{DOC}#claim-kinder",
            claimant=NORA.id,
            post=post(1),
            span=words("paper maps were kinder\tto strangers"),
            judgement=Judgement(0.9, "cue:says-that"),
            attitude=Attitude.REPORTS,
            reported_from="My aunt",
        ),
        Assertion(
            id=f"{DOC}#assertion-honest",
            claim=f"{DOC}#claim-honest",
            claimant=IMRE.id,
            post=post(2),
            span=words("Volunteers keep the map honest."),
            judgement=Judgement(0.95, "sentence"),
            stances=(stance(post(1), Toward.SUPPORTS, lanes), stance(OPEN_CYCLE_MAP, Toward.SUPPORTS)),
        ),
        Assertion(
            id=f"{DOC}#assertion-everybody",
            claim=f"{DOC}#claim-everybody",
            claimant=ZOE.id,
            post=post(3),
            span=words("Strava counts everybody who opens the app."),
            judgement=Judgement(0.95, "sentence"),
            reported_from=NORA.id,
            source_is_entity=True,
            stances=(stance(post(1), Toward.DISPUTES),),
        ),
    )
    return Extraction(
        document=document(),
        thread=thread(),
        entities=(NORA.entity, strava, open_cycle_map),
        mentions=(
            Mention(post=post(1), span=words("OpenCycleMap"), entity=OPEN_CYCLE_MAP, judgement=Judgement(0.99, "catalog")),
            Mention(post=post(1), span=words("Strava"), entity=STRAVA, judgement=Judgement(0.99, "catalog")),
            Mention(post=post(2), span=words("Nora"), entity=NORA.id, judgement=Judgement(0.9, "ner")),
            Mention(
                post=post(2), span=words("the map"), entity=OPEN_CYCLE_MAP, judgement=Judgement(0.6, "anaphora"), anaphoric=True
            ),
            Mention(post=post(4), span=words("both"), entity=IMRE.id, judgement=Judgement(0.55, "anaphora"), anaphoric=True),
            Mention(post=post(4), span=words("both"), entity=ZOE.id, judgement=Judgement(0.55, "anaphora"), anaphoric=True),
        ),
        claims=claims,
        assertions=assertions,
        questions=(
            Question(
                id=f"{DOC}#question-1",
                post=post(1),
                asker=NORA.id,
                span=words("Should a city trust either?"),
                text="Should a city trust either?",
            ),
        ),
        links=(
            Link(
                id=f"{DOC}#link-1",
                entity=STRAVA,
                target="http://data.example/entity/Q2",
                score=0.97,
                status=LinkStatus.ACCEPTED,
                signals=("name", "domain"),
            ),
            Link(
                id=f"{DOC}#link-2",
                entity=OPEN_CYCLE_MAP,
                target="http://data.example/entity/Q3",
                score=0.5,
                status=LinkStatus.PROPOSED,
                signals=("name",),
            ),
            Link(
                id=f"{DOC}#link-3",
                entity=OPEN_CYCLE_MAP,
                target="http://data.example/entity/Q4",
                score=0.1,
                status=LinkStatus.REJECTED,
                signals=("name",),
            ),
            Link(
                id=f"{DOC}#link-4",
                entity=OPEN_CYCLE_MAP,
                target="http://data.example/entity/Q6",
                score=0.8,
                status=LinkStatus.AMBIGUOUS,
                signals=("label", "runner-up:0.80"),
                authority="list 1",
                run="run/linking",
            ),
            Link(
                id=f"{DOC}#link-5",
                entity=OPEN_CYCLE_MAP,
                target="http://data.example/heading/5",
                score=0.95,
                status=LinkStatus.ACCEPTED,
                signals=("label",),
                authority="headings 1",
                heading=True,
                run="run/linking",
            ),
            Link(
                id=f"{DOC}#link-6",
                entity=STRAVA,
                target=None,
                score=0.0,
                status=LinkStatus.NIL,
                signals=("no-candidate",),
                authority="headings 1",
                run="run/linking",
            ),
        ),
    )
