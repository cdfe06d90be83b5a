"""Which thing a name means: candidates are weighed by what is seen in the text, and what is seen is kept as signals.

    score = name * (1 - product of (1 - weight) over the evidence)

The evidence is the name itself, how the extraction read it, a web address on the thing's domain, other names of the page in
its description or of its category, words of its description around the name, and how well known it is. A link is accepted
from `ACCEPTED` on, which no name reaches by itself, and only `MARGIN` ahead of the next; several that lie closer together
are ambiguous; from `PROPOSED` on one is proposed to people; else nothing is found, which is an answer. Kind is a filter.
People under one word, and those who wrote the page, are left to people.

The weights are set by hand on pages of the development corpus; docs/reference/linking-quality.md has what they reach.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from kgraph import iris
from kgraph.catalog import Ambiguity, Catalog
from kgraph.link.authority import Authority, Candidate, form, forms
from kgraph.link.judgements import Judgements, Verdict
from kgraph.link.page import Named, Page
from kgraph.model.annotations import EntityKind, Link, LinkStatus

ACCEPTED = 0.85
PROPOSED = 0.5
AMBIGUOUS = 0.5
"""From here on several that fit alike are worth saying so."""
MARGIN = 0.15
MOST_AMBIGUOUS = 3

_SURE_READING, _READING = 0.9, 0.75
"""How sure the extraction is of a name that has one meaning, and of one whose surroundings spoke for the catalog's row."""

_SENTENCES = 6
_CONTEXT_WORDS = 3
_WORD = re.compile(r"[A-Za-z]{4,}")
_LOWER_WORD = re.compile(r"(?<![\w'’-])[a-z]{4,}(?![\w'’-])")
_ENDING = re.compile(r"(?:ists?|ians?|ings?|ers?|ors?|ed|es|s|al|ion|ions)$")
_EMPTY = frozenset(
    """
    about after also american area based been before best city company country county district east first former found
    founded from general group have held international into large largest located made main major many more
    multinational name national north number online other over owned part people person place private public region seat
    service since site small some south state states such than that their them they this town type united used well were
    west what when which will with world your
    """.split()
)
_PART_OF_A_NAME = re.compile(
    r"[ \xa0](?:cent(?:er|re)|stadium|arena|park|field|hall|theat(?:er|re)|street|st\.|ave(?:nue)?|bl(?:vd)?|boulevard|road|"
    r"square|airport|university|college|magazine|award|prize|protocol|paradox|effect|licen[cs]e)\b",
    re.IGNORECASE,
)
_GREETING = re.compile(r"(?:\b(?:hey|hi|hello|dear|thanks|thank you|cheers|sorry)[, ]+|@)\Z", re.IGNORECASE)
_TOWN = re.compile(r"\b(?:city|town|capital|seat|municipality|commune)\b")
_CLUB = re.compile(
    r"\b(?:sports|football|soccer|basketball|baseball|hockey|athletic|cricket|rugby)\b.*\b(?:club|team|franchise)\b",
    re.IGNORECASE,
)
_KNOWN_EVERYWHERE = frozenset({"continent", "country", "state"})


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate with its score and what speaks for it and against it."""

    candidate: Candidate
    score: float
    signals: tuple[str, ...]


class Linker:
    """Links the names of pages to the things of authorities; what people have judged wins.

    Each authority is decided by itself. `run` is the reference of the run that the links are of.
    """

    def __init__(
        self,
        authorities: Sequence[Authority],
        catalog: Catalog,
        *,
        judgements: Judgements | None = None,
        run: str | None = None,
    ) -> None:
        self.authorities = tuple(authorities)
        self.judgements = judgements or Judgements()
        self._catalog = catalog
        self._run = run

    @property
    def version(self) -> str:
        """What was searched and what people judged: the same version gives the same links."""
        return versions(self.authorities, self.judgements)

    def links(self, page: Page) -> tuple[Link, ...]:
        """The links of a page, in the order of their entities and targets."""
        found = list[Link]()
        scene = _Scene(page, self._catalog)
        for named in page.named:
            judged = self.judgements.of(named.id)
            found.extend(self._judged(page, named.id, judged))
            if not any(verdict.settles for verdict in judged):
                found.extend(self._decided(scene, named, judged))
        for author in page.authors:
            found.extend(self._judged(page, author, self.judgements.of(author)))
        return tuple(sorted(found, key=lambda link: (link.entity, link.target or "", link.id)))

    def weigh(self, page: Page, named: Named) -> list[tuple[Authority, list[Weighed]]]:
        """Every candidate that was considered, by authority, the best first."""
        scene = _Scene(page, self._catalog)
        return [(authority, scene.weigh(named, authority)) for authority in self.authorities]

    def _judged(self, page: Page, entity: str, verdicts: Iterable[Verdict]) -> Iterable[Link]:
        for verdict in verdicts:
            yield Link(
                id=_id(page, entity, verdict.target),
                entity=entity,
                target=verdict.target,
                score=0.0 if verdict.status is LinkStatus.NIL else 1.0,
                status=verdict.status,
                signals=verdict.signals,
                authority=self.judgements.version,
                heading=verdict.heading,
                run=self._run,
            )

    def _decided(self, scene: _Scene, named: Named, judged: Sequence[Verdict]) -> list[Link]:
        rejected = {verdict.target for verdict in judged if verdict.status is LinkStatus.REJECTED}
        found = list[Link]()
        doubts = list[str]()
        for authority in self.authorities:
            weighed = [one for one in scene.weigh(named, authority) if rejected.isdisjoint(one.candidate.same_as)]
            status, chosen = decide(weighed)
            if status is LinkStatus.NIL:
                doubts += [_doubt(weighed)] if weighed else []
                continue
            for one in chosen:
                # All that are accepted or proposed are one thing under several IRIs; of what is ambiguous one IRI each will do.
                targets = one.candidate.same_as[:1] if status is LinkStatus.AMBIGUOUS else one.candidate.same_as
                found += [self._link(scene.page, named, target, status, one, authority) for target in targets]
        if found:
            return found
        searched = "|".join(f"{authority.name} {authority.version}" for authority in self.authorities)
        return [
            Link(
                id=_id(scene.page, named.id, None),
                entity=named.id,
                target=None,
                score=0.0,
                status=LinkStatus.NIL,
                signals=tuple(doubts) or (("one-word-person",) if _is_short_of_a_name(named) else ("no-candidate",)),
                authority=searched,
                run=self._run,
            )
        ]

    def _link(self, page: Page, named: Named, target: str, status: LinkStatus, one: Weighed, authority: Authority) -> Link:
        return Link(
            id=_id(page, named.id, target),
            entity=named.id,
            target=target,
            score=one.score,
            status=status,
            signals=one.signals,
            authority=f"{authority.name} {authority.version}",
            heading=one.candidate.heading,
            run=self._run,
        )


def versions(authorities: Iterable[Authority], judgements: Judgements) -> str:
    """Authorities and judgements with their versions, as one string."""
    parts = [f"{authority.name} {authority.version}" for authority in authorities]
    return "|".join([*parts, judgements.version] if judgements else parts)


def decide(weighed: Sequence[Weighed]) -> tuple[LinkStatus, Sequence[Weighed]]:
    """The status that candidates of one authority come to, and those that have it; `weighed` has the best first."""
    if not weighed or not weighed[0].candidate.same_as:
        return LinkStatus.NIL, ()
    best = weighed[0]
    behind = best.score - weighed[1].score if len(weighed) > 1 else best.score
    if best.score >= ACCEPTED and behind >= MARGIN:
        return LinkStatus.ACCEPTED, (best,)
    if behind < MARGIN and best.score >= AMBIGUOUS:
        alike = [one for one in weighed if best.score - one.score < MARGIN and one.candidate.same_as]
        if len(alike) > 1:
            return LinkStatus.AMBIGUOUS, alike[:MOST_AMBIGUOUS]
    return (LinkStatus.PROPOSED, (best,)) if best.score >= PROPOSED else (LinkStatus.NIL, ())


class _Scene:
    """A page with what all of its names have in common."""

    def __init__(self, page: Page, catalog: Catalog) -> None:
        self.page = page
        self._clubs = dict[str, bool]()
        self._entries = {named.id: entry for named in page.named if (entry := catalog.by_id(named.id)) is not None}
        sure = {named.id for named in page.named if named.namings and max(one.confidence for one in named.namings) >= _READING}
        self._categories = Counter((entry.kind, entry.category) for id, entry in self._entries.items() if id in sure)

    def weigh(self, named: Named, authority: Authority) -> list[Weighed]:
        if _is_short_of_a_name(named):
            return []
        candidates = self._candidates(named, authority)
        meant = [(candidate, *_agreement(named, candidate)) for candidate in candidates]
        namesakes = sum(share >= 0.9 for _, share, _ in meant)
        weighed = [self._weigh(named, *one, authority, alone=namesakes < 2) for one in meant]
        return sorted(weighed, key=lambda one: (-one.score, one.candidate.id))

    def _candidates(self, named: Named, authority: Authority) -> list[Candidate]:
        found = dict[str, Candidate]()
        for name in named.names:
            if host := _host(name):
                rows = [row for row in authority.at_domain(host) if row.kind is named.kind]
            else:
                rows = list(authority.candidates(name, kind=named.kind))
            found |= {row.id: row for row in rows}
        own = authority.get(named.id)
        if own is not None and own.kind is named.kind:
            found[own.id] = own
        return list(found.values())

    def _weigh(
        self, named: Named, candidate: Candidate, share: float, how: str, authority: Authority, *, alone: bool
    ) -> Weighed:
        evidence = [(how, 0.35), *self._reading(named, candidate, alone=alone)]
        if candidate.domain and any(
            host == candidate.domain or host.endswith(f".{candidate.domain}") for host in self.page.hosts
        ):
            evidence.append((f"domain:{candidate.domain}", 0.7))
        evidence += [(f"co-mention:{name}", 0.5) for name in self._named_in(candidate.description, named)]
        if words := self._words_around(named, candidate):
            evidence.append((f"context:{'+'.join(words)}", 1 - 0.75 ** len(words)))
        if _is_well_known(candidate):
            evidence.append(("well-known", 0.3))
        doubt = 1.0
        for _, weight in evidence:
            doubt *= 1 - weight
        against = list(self._against(named, candidate, authority))
        score = share * (1 - doubt)
        for _, factor in against:
            score *= factor
        return Weighed(candidate, round(score, 3), tuple(signal for signal, _ in (*evidence, *against)))

    def _reading(self, named: Named, candidate: Candidate, *, alone: bool) -> Iterable[tuple[str, float]]:
        """What the extraction made of the name, where it read it as this very row of the catalog."""
        entry = self._entries.get(named.id)
        if entry is None or candidate.reference != named.id or not named.namings:
            return
        sure = max(naming.confidence for naming in named.namings)
        if entry.ambiguity is Ambiguity.NONE and sure >= _SURE_READING and alone:
            # A town is rarely the only one of its name, whatever the lists say.
            yield "distinctive-name", 0.75 if entry.category == "city" else 0.9
        elif sure >= _READING:
            yield f"reading:{sure:.2f}", 0.7
        else:
            yield f"reading:{sure:.2f}", sure / 2
        if entry.ambiguity is not Ambiguity.CONTEXT and entry.category != "city":
            others = self._categories[entry.kind, entry.category] - (sure >= _READING)
            if others > 0:
                yield f"category:{entry.category}", 0.3

    def _named_in(self, description: str, named: Named) -> list[str]:
        """Other names of the page that the description has, two at most."""
        found = []
        for other in self.page.named:
            name = other.name
            if other.id == named.id or len(name) < 4 or not name[0].isupper() or name not in description:
                continue
            if re.search(rf"\b{re.escape(name)}\b", description) and form(name) != form(named.name):
                found.append(name)
        return found[:2]

    def _words_around(self, named: Named, candidate: Candidate) -> list[str]:
        """Words of the description that stand around the name or in the title, as they are there."""
        described = {_stem(word): word for word in _LOWER_WORD.findall(candidate.description) if word not in _EMPTY}
        if not described:
            return []
        around = [part for naming in named.namings[:_SENTENCES] for part in self.page.around(naming)]
        own = {_stem(word.casefold()) for name in named.names for word in _WORD.findall(name)}
        seen = {_stem(word.casefold()) for part in (*around, self.page.title) for word in _WORD.findall(part)} - own
        return sorted(described[stem] for stem in described.keys() & seen)[:_CONTEXT_WORDS]

    def _against(self, named: Named, candidate: Candidate, authority: Authority) -> Iterable[tuple[str, float]]:
        if named.namings and all(_PART_OF_A_NAME.match(self.page.around(naming)[1]) for naming in named.namings):
            yield "part-of-a-name", 0.6
        if named.namings and all(_GREETING.search(self.page.around(naming)[0]) for naming in named.namings):
            yield "addressed", 0.6
        if candidate.kind is EntityKind.PLACE and _TOWN.search(candidate.description) and self._names_clubs(authority):
            yield "town-or-its-club", 0.8

    def _names_clubs(self, authority: Authority) -> bool:
        """Whether the page is about sports clubs, which are often called by their town alone."""
        if authority.name not in self._clubs:
            organizations = (named for named in self.page.named if named.kind is EntityKind.ORGANIZATION)
            rows = (row for named in organizations for row in authority.candidates(named.name, kind=named.kind, limit=3))
            self._clubs[authority.name] = any(_CLUB.search(row.description) for row in rows)
        return self._clubs[authority.name]


def _agreement(named: Named, candidate: Candidate) -> tuple[float, str]:
    """How well the names agree, and how."""
    called = {form(name) for name in named.names if not _host(name)}
    if form(candidate.label) in called:
        return 1.0, "label"
    if candidate.reference == named.id or called & {form(alias) for alias in candidate.aliases}:
        return 0.97, "alias"
    if any(_host(name) for name in named.names) and not called - {form(named.name)} and candidate.domain:
        return 0.9, "address"
    if called & forms(candidate):
        return 0.9, "short-form"
    near = max(OSA.normalized_similarity(one, other) for one in called or {""} for other in forms(candidate))
    return 0.75 * near, f"slip:{near:.2f}"


def _is_well_known(candidate: Candidate) -> bool:
    """Whether several lists have it, or one of what is well known."""
    sources = candidate.source.split("|")
    return len(sources) > 1 or "wikidata-2019" in sources or candidate.description.partition(":")[0] in _KNOWN_EVERYWHERE


def _host(name: str) -> str | None:
    """The host of a name that is a web address."""
    found = re.match(r"(?:https?://|www\.)([\w.-]+)", name, re.IGNORECASE)
    return found[1].removeprefix("www.") if found else None


def _is_short_of_a_name(named: Named) -> bool:
    """Whether it is a person who goes by one word: too many bear it."""
    return named.kind is EntityKind.PERSON and " " not in named.name.strip()


def _stem(word: str) -> str:
    bare = _ENDING.sub("", word)
    return bare if len(bare) >= 4 else word


def _doubt(weighed: Sequence[Weighed]) -> str:
    best = weighed[0]
    if not best.candidate.same_as:
        return "known-without-identifier"
    return f"too-little:{best.candidate.id} {best.score:.2f}"


def _id(page: Page, entity: str, target: str | None) -> str:
    return f"{page.document}#link-{iris.digest(entity, target or '')}"
