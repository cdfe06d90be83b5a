"""Which of the graph's things a reconciliation query may mean, and how surely.

What both versions of the API ask is one `Query`. A score goes from 0 to 100: the likeness of the names, less where another
kind was asked for, mixed with what the conditions on properties say. `match` is said of one candidate at most: the one that is
far enough ahead of all others, has the kind that was asked for and fails no condition. A person's single name never is enough
for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kgraph.model.annotations import EntityKind
from kgraph.server.names import Names, Thing, bare, likeness, words

SURE = 95.0
AHEAD = 10.0
LEAST = 45.0
"""A candidate below this is not named at all."""
OTHER_KIND = 0.7
CONDITIONS = 0.2
"""What the conditions on properties weigh together, beside the name."""
ALIKE = 0.9
"""A property's value that is less like the one asked for is another value."""


class Quantifier(StrEnum):
    """How many of a condition's values have to be there."""

    ANY = "any"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a property is to be. `values` are names, addresses or ids."""

    property: str
    values: tuple[str, ...]
    required: bool = False
    quantifier: Quantifier = Quantifier.ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question of a batch: a thing of one of these names, of one of these kinds, with these properties.

    `kinds` is None where none was asked for, empty where those asked for are none of ours; `strict` says that they filter.
    `ids` are those that the thing is to have.
    """

    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    kinds: frozenset[EntityKind] | None = None
    strict: bool = False
    conditions: tuple[Condition, ...] = ()
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Feature:
    """One reason for a score."""

    id: str
    name: str
    value: float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A candidate."""

    thing: Thing
    score: float
    match: bool
    features: tuple[Feature, ...]


COMPARED: dict[str, Callable[[Thing], Sequence[str]]] = {
    "schema:name": lambda thing: thing.names,
    "schema:alternateName": lambda thing: thing.others,
    "schema:url": lambda thing: thing.urls,
    "schema:sameAs": lambda thing: thing.same_as,
}
"""The properties that candidates are compared by; a condition on another one says nothing, and if required is not met."""
ADDRESSES = frozenset({"schema:url", "schema:sameAs"})


def matches(names: Names, query: Query) -> list[Found]:
    """The candidates, the best first."""
    if query.kinds is not None and not query.kinds and query.strict:
        return []
    weighed = [_weighed(thing, alike, query) for thing, alike in _candidates(names, query)]
    ranked = sorted(
        (found for found in weighed if found is not None and found.score >= LEAST),
        key=lambda found: (-found.score, -found.thing.documents, -found.thing.claims, found.thing.reference),
    )
    if ranked and _certain(ranked, query):
        best = ranked[0]
        ranked[0] = Found(thing=best.thing, score=best.score, match=True, features=best.features)
    return ranked[: query.limit]


def _candidates(names: Names, query: Query) -> list[tuple[Thing, float]]:
    if query.ids:
        wanted = {thing.reference: thing for id in query.ids for thing in names.called(id)}
        return [(thing, _named(thing, query.names)) for thing in wanted.values()]
    if query.names:
        best = dict[str, tuple[Thing, float]]()
        for name in query.names:
            for thing, alike in names.like(name, limit=max(25, 2 * query.limit)):
                if alike > best.get(thing.reference, (thing, 0.0))[1]:
                    best[thing.reference] = thing, alike
        return list(best.values())
    found = dict[str, Thing]()
    for condition in query.conditions:
        if condition.property in COMPARED and condition.quantifier is not Quantifier.NONE:
            for value in condition.values:
                by_value = (
                    names.called(value)
                    if condition.property in ADDRESSES
                    else [one for one, alike in names.like(value) if alike >= ALIKE]
                )
                found |= {thing.reference: thing for thing in by_value}
    return [(thing, 1.0) for thing in found.values()]


def _named(thing: Thing, wanted: Sequence[str]) -> float:
    return max((likeness(words(name), words(one)) for name in wanted for one in thing.names), default=1.0)


def _weighed(thing: Thing, alike: float, query: Query) -> Found | None:
    """None where a hard condition is not met."""
    score = 100 * alike
    features = [Feature("name", "Likeness of the name", round(score, 1))] if query.names else []
    if query.kinds is not None:
        fits = thing.kind in query.kinds
        if query.strict and not fits:
            return None
        score *= 1.0 if fits else OTHER_KIND
        features.append(Feature("type", "Is of a type that was asked for", fits))
    met = []
    for condition in query.conditions:
        result = _meets(thing, condition)
        if condition.required and result is not True:
            return None
        if result is not None:
            met.append(result)
            features.append(Feature(condition.property, f"Has what was asked for as {condition.property}", result))
    if met:
        score = (1 - CONDITIONS) * score + CONDITIONS * 100 * sum(met) / len(met)
    features.append(Feature("documents", "Documents that name it", thing.documents))
    return Found(thing=thing, score=round(score, 2), match=False, features=tuple({one.id: one for one in features}.values()))


def _meets(thing: Thing, condition: Condition) -> bool | None:
    """Whether the thing meets the condition; None where that cannot be told, or it has no such property."""
    read = COMPARED.get(condition.property)
    own = read(thing) if read else ()
    if not own:
        return None
    if condition.property in ADDRESSES:
        known = {bare(value) for value in own}
        has = [bare(value) in known for value in condition.values]
    else:
        spelt = [words(value) for value in own]
        has = [max(likeness(words(value), one) for one in spelt) >= ALIKE for value in condition.values]
    if condition.quantifier is Quantifier.ALL:
        return all(has)
    return any(has) is (condition.quantifier is Quantifier.ANY)


def _certain(ranked: Sequence[Found], query: Query) -> bool:
    best = ranked[0]
    by_feature = {feature.id: feature.value for feature in best.features}
    told = [by_feature[condition.property] for condition in query.conditions if condition.property in by_feature]
    if best.score < SURE or by_feature.get("type") is False or not all(told):
        return False
    if len(ranked) > 1 and ranked[1].score > best.score - AHEAD:
        return False
    single = best.thing.kind is EntityKind.PERSON and " " not in words(best.thing.name)
    return not single or bool(told) or bool(query.ids)
