"""All that was found in one document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kgraph.model.annotations import (
    Account,
    Assertion,
    Claim,
    Entity,
    IdentityInference,
    Link,
    Mention,
    Question,
    Quotation,
    Reply,
)
from kgraph.model.text import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Who wrote which post, which post each answers, and whose words it repeats.

    `authors` maps a post's id to the account that wrote it; a post by nobody known is not in it.
    """

    accounts: tuple[Account, ...]
    authors: Mapping[str, str]
    replies: tuple[Reply, ...]
    quotations: tuple[Quotation, ...]
    inferences: tuple[IdentityInference, ...]
    people: tuple[Entity, ...]
    """Those who wrote a post, or head one: what the mention stage then adds aliases to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """One document and all that the stages found in it, in the order of the text."""

    document: Document
    thread: Thread
    entities: tuple[Entity, ...]
    mentions: tuple[Mention, ...]
    claims: tuple[Claim, ...]
    assertions: tuple[Assertion, ...]
    questions: tuple[Question, ...] = ()
    links: tuple[Link, ...] = field(default=())
