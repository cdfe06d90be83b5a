"""Names that the wording of a text gives away, whatever the name: `Ana Lima's The Long Road`, `sites such as Plaza and Agora`,
`she works at Plum Press`, `at Devmeet 2011`.

Everything here reads plain text with its typographic marks made straight; offsets are the text's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from kgraph.model.annotations import EntityKind


@dataclass(frozen=True, slots=True)
class Worded:
    """A stretch that the rule takes for a name of this kind; `creators` are the stretches that name a work's creators."""

    kind: EntityKind
    start: int
    end: int
    rule: str
    confidence: float
    creators: tuple[tuple[int, int], ...] = ()


WEAK_RULES = frozenset({"employer", "attended", "such-as", "member", "kind-after", "version-of", "event-compound"})
"""Rules that tell that something is named, but less well than the catalog what it is."""


def worded_names(text: str) -> Iterator[Worded]:
    """All that the wording of one post gives away, in no order; stretches may overlap."""
    yield from _works(text)
    yield from _events(text)
    yield from _organizations(text)
    yield from _platforms(text)


_LETTERS = r"[\w-]{0,40}"
"""The rest of a word. Bounded, as are all repetitions here, so that no text makes a pattern slow."""
_CAPITAL = rf"[A-Z]{_LETTERS}(?:\.\w{{1,20}}){{0,3}}(?:'(?!s\b)\w{{1,20}})?"
_INNER = r"(?:of|the|and|for|to|in|on|a|an|with|from|at|&)"
_OPENING = r"(?:(?:The|A|An|On|In|How|Why|What|Of) )?"
_TITLE = rf"{_OPENING}{_CAPITAL}(?:'s(?= [A-Z]))?(?: (?:{_INNER} ){{0,2}}{_CAPITAL}| \d{{1,6}}){{0,12}}"
_CAPITALS = rf"{_CAPITAL}(?: {_CAPITAL}){{0,6}}"
_LONG_TITLE = rf"{_CAPITALS} (?:of|for|to|and|in|on|at|with)(?: the| a)? {_CAPITALS}"
_PARTICLE = r"(?:van|von|de|der|den|del|della|di|da|dos|la|le|bin|al|el)"
_PART = r"[A-Z](?:\.(?:[A-Z]\.){0,3}|[\w-]{0,40}?)"
_PERSON = rf"{_PART}(?: (?:{_PARTICLE} ){{0,2}}{_PART}){{0,3}}"
_FULL_PERSON = rf"{_PART}(?: (?:{_PARTICLE} ){{0,2}}{_PART}){{1,3}}"
_OF = r"(?:'s|(?<=s)')"
_BULLET = r"^[ \t]*(?:[-*•–][ \t]+|\d+[.)][ \t]+)?"
_QUOTED = r"[\"*_](?P<marked>[A-Z0-9][^\"*_\n]{1,80}?)[,.]?[\"*_]"

# Works ----------------------------------------------------------------------------------------------------------------

_WORK = (
    r"(?:books?|novels?|essays?|articles?|films?|movies?|songs?|albums?|papers?|poems?|documentar(?:y|ies)|memoirs?|biograph(?:y|ies)|"
    r"textbooks?|episodes?|white ?papers?|manifesto|column|report|shows?|sitcom|series|musical|play)"
)
_OWNERS = rf"{_PERSON}{_OF}(?:(?:, and |, | & | and ){_PERSON}{_OF}){{0,4}}"
_OWNED_LINE = re.compile(
    rf"{_BULLET}(?P<names>{_OWNERS}) [\"*_]?(?P<title>{_TITLE})[\"*_]?[ \t]*[.,;]?[ \t]*$",
    re.M,
)
_OWNER = re.compile(rf"({_PERSON}){_OF}(?=[ ,])")
_BY_LINE = re.compile(
    rf"{_BULLET}[\"*_]?(?P<title>{_TITLE}(?:: {_TITLE})?)[\"*_]?,? by (?P<name>{_PERSON})[ \t]*[.,;]?[ \t]*$", re.M
)
_OWNED = re.compile(rf"\b(?P<name>{_FULL_PERSON}){_OF} (?:(?:\w+ ){{0,2}}{_WORK},? )?{_QUOTED}")
_OWNED_NOUN = re.compile(rf"\b(?P<name>{_FULL_PERSON}){_OF} (?:\w+ ){{0,2}}{_WORK},? (?P<title>{_TITLE})")
_BY = re.compile(rf"{_QUOTED},? \(?by (?P<name>{_FULL_PERSON})\b")
_CALLED = re.compile(rf"\b{_WORK},? (?:called|titled|entitled|named),? (?:{_QUOTED}|(?P<plain>(?:the )?{_TITLE}))")
_NOUN_TITLE = re.compile(rf"\b{_WORK},? (?:{_QUOTED}|(?P<plain>{_LONG_TITLE}))")
_READ = re.compile(
    rf"\b(?:read|reading|wrote|reread|watched|author of|copy of) (?:{_QUOTED}|'(?P<single>[A-Z][^'\"\n]{{1,60}})'(?!\w))"
)
_OWNED_LONG = re.compile(
    rf"\b(?P<name>{_FULL_PERSON}){_OF} (?P<title>{_CAPITAL}(?:'s)?(?: (?:{_INNER} )?{_CAPITAL}){{2,10}}\??)"
)
_OWNED_COINAGE = re.compile(rf"\b{_FULL_PERSON}{_OF} (?P<name>[A-Z][a-z]+(?:[A-Z][a-z0-9]+)+)\b")


def _works(text: str) -> Iterator[Worded]:
    owned = list(_OWNED_LINE.finditer(text))
    for at, match in enumerate(owned):
        owners = [
            (match.start("names") + o.start(1), match.start("names") + o.end(1)) for o in _OWNER.finditer(match["names"] + " ")
        ]
        if _in_list(at, owned, text):
            yield Worded(EntityKind.WORK, *match.span("title"), "owned-line", 0.9, tuple(owners))
    for match in _OWNED_COINAGE.finditer(text):
        yield Worded(EntityKind.TECHNOLOGY, *match.span("name"), "owned-coinage", 0.6)
    lines = list(_BY_LINE.finditer(text))
    for at, match in enumerate(lines):
        if _in_list(at, lines, text):
            yield Worded(EntityKind.WORK, *match.span("title"), "by-line", 0.9, (match.span("name"),))
    for rule, pattern in (("owned", _OWNED), ("owned-noun", _OWNED_NOUN), ("owned-long", _OWNED_LONG), ("by", _BY)):
        for match in pattern.finditer(text):
            title = "title" if rule in {"owned-noun", "owned-long"} else "marked"
            yield Worded(EntityKind.WORK, *match.span(title), rule, 0.8, (match.span("name"),))
    for rule, pattern in (("called", _CALLED), ("noun-title", _NOUN_TITLE), ("read", _READ)):
        for match in pattern.finditer(text):
            group = str(match.lastgroup)
            if group == "plain" or _is_title(match[group]):
                yield Worded(EntityKind.WORK, *match.span(group), rule, 0.7)


def _in_list(at: int, lines: list[re.Match[str]], text: str) -> bool:
    """Whether the line before or after has the same form."""
    pairs = pairwise(lines[max(at - 1, 0) : at + 2])
    return any(not text[one.end() : two.start()].strip() for one, two in pairs)


def _is_title(words: str) -> bool:
    """Whether all but the small words are capitalised, and it is no sentence."""
    parts = words.split()
    return (
        len(parts) <= 10
        and all(part[0].isupper() or not part[0].isalpha() or part in _SMALL for part in parts)
        and words[-1] not in ".!?"
    )


_SMALL = frozenset("of the and for to in on a an with from at by or vs as is".split())

# Events ---------------------------------------------------------------------------------------------------------------

_EVENT_NOUN = (
    r"(?:Conference|Summit|Symposium|Convention|Expo|Festival|Fest|Olympics|Olympic Games|World Cup|Super Bowl|Grand Prix|"
    r"Marathon|Awards|Hackathon|Code Camp|Civil War|World War)"
)
_NAMED_EVENT = re.compile(
    rf"\b(?!The |This |Our |My |A )(?:{_CAPITAL} ){{0,4}}{_EVENT_NOUN}(?: (?:(?:19|20)\d\d|I{{1,3}}\b|\d+))?(?!\w)"
)
_YEARLY = re.compile(
    r"\b(?P<cue>[A-Za-z]{1,20}) (?:the )?"
    r"(?P<name>[A-Z][\w.+-]{0,40}(?: [A-Z][\w.+-]{0,40}){0,3},? ?(?:(?:19|20)\d\d|'\d\d))(?!\w)"
)
_COMPOUND = re.compile(r"\b[A-Z]\w{0,40}(?:Con|Conf|Fest|Camp)(?: (?:19|20)\d\d)?\b")
_ATTENDED = re.compile(
    r"\b(?:attend(?:s|ed|ing)?|keynote at|speak(?:ing)? at|spoke at|present(?:ed|ing)? at) (?:the )?"
    r"(?P<name>[A-Z]\w{1,40}(?: [A-Z]\w{1,40}){0,3})\b(?! (?:\w+ )?user groups?|,)"
)
_ATTENDING = frozenset("attend attending attended attends at during visiting visited".split())
_CALENDAR = frozenset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug "
    "sep sept oct nov dec "
    "monday tuesday wednesday thursday friday saturday sunday spring summer autumn fall winter "
    "christmas easter halloween thanksgiving ramadan passover".split()
)


def _events(text: str) -> Iterator[Worded]:
    for match in _NAMED_EVENT.finditer(text):
        if " " in match.group():
            yield Worded(EntityKind.EVENT, *match.span(), "event-noun", 0.8)
    for match in _YEARLY.finditer(text):
        first = match["name"].split()[0].strip(".,").casefold()
        if match["cue"].casefold() in _ATTENDING and first not in _CALENDAR:
            yield Worded(EntityKind.EVENT, *match.span("name"), "event-year", 0.8)
    for match in _COMPOUND.finditer(text):
        yield Worded(EntityKind.EVENT, *match.span(), "event-compound", 0.7)
    for match in _ATTENDED.finditer(text):
        if match["name"].split()[0].casefold() not in _CALENDAR:
            yield Worded(EntityKind.EVENT, *match.span("name"), "attended", 0.6)


# Organisations --------------------------------------------------------------------------------------------------------

_FIRM = (
    r"(?:Inc|Corp|Corporation|Ltd|LLC|GmbH|University|College|Institute|Foundation|Bank|Press|Committee|Commission|Agency|Association|"
    r"Ministry|Council|Society|Books|Records|Airlines|Airways|Motors|Pictures|Studios|Hospital|Party|Union|Consortium|Laboratories|Labs|"
    r"Partners|Ventures|Group|Company|Brothers|Museum|Academy|Bakery|Diner|Brewery)"
)
_FIRM_NAME = re.compile(
    rf"(?<![\w&])(?!The {_FIRM}\b)\.?(?:{_CAPITAL}(?:'s)?(?: &| and| of)? ){{0,3}}{_CAPITAL}(?:'s)?,? {_FIRM}"
    rf"(?: of (?:the )?{_CAPITALS})?(?!\w)"
)
_OF_NAME = re.compile(
    rf"\b(?:University|Bank|Department|Ministry|Institute|Museum|House|College) (?:of|for) (?:the )?{_CAPITALS}"
)
_ROLE = (
    r"(?:CEO|CTO|CFO|founder|co-founder|employees?|president|director|chairman|engineers?|developers?|managers?|vice president)"
)
_EMPLOYER = re.compile(
    rf"\b(?:(?:work(?:s|ed|ing)?|jobs?|employed|hired|position|interned|internship) (?:at|for|by)|"
    rf"(?:left|leaving|joined|joining)(?= [A-Z])|{_ROLE} (?:of|at))"
    r" (?P<name>[A-Z][\w&-]{0,40}(?: [A-Z][\w&-]{0,40}){0,3})"
)


def _organizations(text: str) -> Iterator[Worded]:
    for rule, pattern in (("firm", _FIRM_NAME), ("body-of", _OF_NAME)):
        for match in pattern.finditer(text):
            yield Worded(EntityKind.ORGANIZATION, *match.span(), rule, 0.8)
    for match in _EMPLOYER.finditer(text):
        yield Worded(EntityKind.ORGANIZATION, *match.span("name"), "employer", 0.7)


# Platforms ------------------------------------------------------------------------------------------------------------

_SERVICE = (
    r"(?:web ?sites?|sites?|social networks?|networks?|platforms?|web services?|services?|apps?|applications?|search engines?|"
    r"browsers?|forums?|wikis?|podcasts?|blogs?|magazines?|operating systems?|databases?|marketplaces?|"
    r"message boards?|portals?|startups?)"
)
_NAME_PART = r"[A-Z][\w!+-]{0,40}(?:\.[A-Za-z]\w{0,40}){0,3}"
_NAME = rf"(?:{_NAME_PART}(?: {_NAME_PART}){{0,3}}|\.[A-Z][\w-]{{1,40}}(?: [A-Z][\w-]{{1,40}}){{0,2}})"
_SUCH_AS = re.compile(
    rf"\b(?i:{_SERVICE})(?:,? such as| like|,? including| called| named) "
    rf"(?P<names>{_NAME}(?:(?:,? and |,? or |, | & ){_NAME}){{0,20}})"
)
_ONE_NAME = re.compile(_NAME)
_MEMBER = re.compile(
    rf"\b(?:subscri(?:ption|ber|bed?|bing) to|sign(?:ed)? up (?:for|on|with)|account (?:on|at|with)|log(?:ged|ging)? in ?to|"
    rf"posted (?:on|to)) (?P<name>{_NAME})"
)
_VERSION = re.compile(rf"\b(?:versions?|beta|release|copy) of (?P<name>{_NAME})")
_OPENERS = frozenset(
    "The This That A An My Our Your His Her Their Its Each Every Any Some No One Another In On At For If When".split()
)
_KIND_AFTER = re.compile(rf"\b(?P<name>{_NAME}) (?:magazine|website|web site|podcast|app)\b")


def _platforms(text: str) -> Iterator[Worded]:
    for match in _SUCH_AS.finditer(text):
        for name in _ONE_NAME.finditer(text, *match.span("names")):
            yield Worded(EntityKind.PLATFORM, *name.span(), "such-as", 0.7)
    for rule, pattern in (("member", _MEMBER), ("kind-after", _KIND_AFTER), ("version-of", _VERSION)):
        for match in pattern.finditer(text):
            if match["name"].split()[0] in _OPENERS:
                continue
            yield Worded(EntityKind.PLATFORM, *match.span("name"), rule, 0.6)
