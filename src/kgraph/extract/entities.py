"""One entity for each thing that a document names: names that mean the same are brought together under the fullest.

Ids are references made of the kind and the name. A person under a full name is the same everywhere; a person under a single
name, or a handle, only within the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kgraph import iris
from kgraph.catalog import Entry
from kgraph.extract.naming import Named
from kgraph.extract.thread import person_id
from kgraph.extract.words import fold
from kgraph.model.annotations import Entity, EntityKind, Mention
from kgraph.model.extraction import Thread
from kgraph.model.text import Document, Span

_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)


@dataclass(slots=True)
class _Thing:
    """An entity in the making."""

    id: str
    kind: EntityKind
    name: str
    forms: dict[str, None] = field(default_factory=dict)
    entry: Entry | None = None
    creators: dict[str, None] = field(default_factory=dict)


def resolve_entities(
    document: Document, thread: Thread, named: Sequence[Named]
) -> tuple[tuple[Entity, ...], tuple[Mention, ...]]:
    """The document's entities, those of the thread first and then by first mention, and one mention for each name."""
    things: dict[str, _Thing] = {}
    people = _People(document, thread, named)
    meanings = _meanings(named)
    ids: dict[Span, str] = {}
    for name in named:
        thing = _thing_of(name, people, meanings)
        thing = things.setdefault(thing.id, thing)
        thing.forms.setdefault(name.surface)
        ids[name.span] = thing.id
    for name in named:
        for creator in name.creators:
            if creator in ids and ids[creator] != ids[name.span]:
                things[ids[name.span]].creators.setdefault(ids[creator])
    site = _site(document, things)
    if site is not None:
        things.setdefault(site.id, site)
    in_thread = {person.id: person for person in thread.people}
    entities = [_with_forms(person, things.get(person.id)) for person in thread.people]
    entities.extend(_entity(thing) for thing in things.values() if thing.id not in in_thread)
    mentions = tuple(Mention(post=name.post, span=name.span, entity=ids[name.span], judgement=name.judgement) for name in named)
    return tuple(entities), mentions


def site_of(document: Document, entities: Iterable[Entity]) -> str | None:
    """The id of the platform that the page is part of, None where the page names no site."""
    if not document.site:
        return None
    wanted = _bare(document.site)
    named = (
        entity.id
        for entity in entities
        if entity.kind is EntityKind.PLATFORM and wanted in map(_bare, (entity.name, *entity.aliases))
    )
    return next(named, None)


def _bare(name: str) -> str:
    return _ARTICLE.sub("", fold(name))


def _site(document: Document, things: Mapping[str, _Thing]) -> _Thing | None:
    """The page's site, unless a name of the text already means it."""
    if not document.site or any(_bare(document.site) in map(_bare, [thing.name, *thing.forms]) for thing in things.values()):
        return None
    return _Thing(iris.entity(EntityKind.PLATFORM.value, document.site), EntityKind.PLATFORM, document.site)


def _meanings(named: Sequence[Named]) -> dict[str, Named]:
    """For each name that is no person's and has no creator, the surest mention of it: what it is, all of that name are."""
    best: dict[str, Named] = {}
    for name in named:
        if name.kind is not EntityKind.PERSON and not name.creators:
            known = best.setdefault(_bare(name.surface), name)
            if (name.entry is not None, name.judgement.confidence) > (known.entry is not None, known.judgement.confidence):
                best[_bare(name.surface)] = name
    return best


def _thing_of(name: Named, people: _People, meanings: Mapping[str, Named]) -> _Thing:
    if name.kind is EntityKind.PERSON:
        id, fullest = people.identify(name)
        return _Thing(id, name.kind, fullest)
    if name.entry is None and not name.creators:
        name = meanings[_bare(name.surface)]
    if name.entry is not None:
        return _Thing(name.entry.id, name.kind, name.entry.name, entry=name.entry)
    scope = [people.identify_at(creator)[1] for creator in name.creators[:1]]
    return _Thing(iris.entity(name.kind.value, _ARTICLE.sub("", name.surface), *scope), name.kind, name.surface)


class _People:
    """Who a name of a person means: somebody of the thread, somebody named in full here, or somebody of a single name."""

    def __init__(self, document: Document, thread: Thread, named: Sequence[Named]) -> None:
        self._document = document
        self._names = {person.id: person.name for person in thread.people}
        self._whole = {fold(person.name): person.id for person in thread.people}
        self._at = {name.span: name for name in named if name.kind is EntityKind.PERSON}
        self._full: dict[str, list[str]] = {}
        for name in self._at.values():
            words = name.surface.split()
            if name.person is None and len(words) > 1 and fold(name.surface) not in self._whole:
                for word in {words[0], words[-1]}:
                    known = self._full.setdefault(fold(word), [])
                    if name.surface not in known:
                        known.append(name.surface)

    def identify(self, name: Named) -> tuple[str, str]:
        """The id and the fullest name of the person whom this name means."""
        if name.person is not None:
            return name.person, self._names[name.person]
        whole = self._whole.get(fold(name.surface))
        if whole is not None:
            return whole, self._names[whole]
        if " " not in name.surface:
            fuller = self._full.get(fold(name.surface), [])
            if len({fold(full) for full in fuller}) == 1:
                return person_id(self._document, fuller[0]), fuller[0]
        return person_id(self._document, name.surface), name.surface

    def identify_at(self, span: Span) -> tuple[str, str]:
        name = self._at.get(span)
        return self.identify(name) if name is not None else ("", span.of(self._document.text))


def _entity(thing: _Thing) -> Entity:
    entry = thing.entry
    aliases = tuple(form for form in thing.forms if form != thing.name)
    if entry is None:
        return Entity(id=thing.id, kind=thing.kind, name=thing.name, aliases=aliases, creators=tuple(thing.creators))
    return Entity(
        id=thing.id,
        kind=thing.kind,
        name=thing.name,
        aliases=aliases,
        url=entry.url,
        types=entry.types,
        creators=tuple(thing.creators),
    )


def _with_forms(person: Entity, thing: _Thing | None) -> Entity:
    if thing is None:
        return person
    aliases = dict.fromkeys([*person.aliases, *(form for form in thing.forms if form != person.name)])
    return replace(person, aliases=tuple(aliases))
