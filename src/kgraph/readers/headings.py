"""Lines that may head a post: who wrote it, when, and whom it answers.

A line is read for what it could be; whether it heads a post is decided over the whole page (`layout`). Offsets are relative
to the line. Only the first `REACH` characters of a line are looked at, so that no line costs more than a short one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum

from kgraph.readers.dates import DATE, HINT, created

REACH = 180


class Form(Enum):
    """How a line names a writer."""

    FENCE = "--- Name wrote on DATE ---"
    SAID = "Name says:"
    MAIL = "On DATE, Name wrote:"
    DATED = "Name — DATE"
    BY = "Comment by Name"
    FROM = "From: Name"
    BRACKET = "[Name]"
    COLON = "Name:"
    NAME = "Name"


@dataclass(frozen=True, slots=True)
class Head:
    """What a line says of a post. `body` is where its words start on the same line, None where they start below.

    `to` is whom or which (`#3`) it says it answers; `number` its own number. `manner` is the line with its name and date taken
    out, alike for headings of one page. `odd` is a name that only its place among such headings makes one.
    """

    form: Form
    name: str
    start: int
    end: int
    dated: bool = False
    created: str | None = None
    to: str | None = None
    number: int | None = None
    body: int | None = None
    trailing: str = ""
    manner: str = ""
    odd: bool = False


_VERB = (
    r"(?:says|said|wrote|writes|replied|replies|responded|responds|commented|comments|posted|posts|answered|answers|added|adds"
    r"|asked|asks|noted|notes|remarked|observed|opined)"
)
_NAME = r"(?P<name>[^\s\0:…][^\0:…]{0,60}?)"
_SEP = r"[\s,;|·•—–~/-]*"
_END = r"(?P<end>:|…|\.\.\.)"

_EMPHASIS = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)|^#{1,6}(?=\s)")
_FENCE = re.compile(r"\A([-=*_~#+—–])\1+\s*(?=[^\s])(.*?[^\s])\s*\1{2,}\Z", re.DOTALL)
_ADDRESS = re.compile(r"[<(\[]\s*(?:mailto:)?[^\s<>()@]{1,64}(?:@| at )[^\s<>()]{1,100}\s*[>)\]]")
_TO = re.compile(
    r"[\s,;(\[|·—–-]*(?:\b(?:in\s(?:reply|response)\sto|repl(?:ying|ied|ies)\sto|respond(?:ing|ed|s)\sto|answering|reply\sto)\b\s*:?"
    r"|(?<=\s)(?:→|⟶|->|=>|»|▸|►|↪|↩)\s)\s*(?P<to>[^\0:…()\[\]|,]{1,60}?)"
    r"(?:\s*[)\]]|(?=\s*(?:[\0:…,|(\[·—–]|\.\.\.|\son\s|\sat\s|$)))",
    re.IGNORECASE,
)
_DATES = re.compile(r"\0+")
_SCORE = re.compile(r"[\s,|·(]+[-–+]?\d+\s+(?:points?|likes?|votes?|upvotes?|karma)\b\)?\Z", re.IGNORECASE)
_NUMBER = re.compile(r"\A\s*#?(\d{1,5})[.):]\s+(?=\S)|(?<=[\s\0])#(\d{1,5})\s*\Z")
_SAID = re.compile(
    rf"\A\s*{_NAME}(?P<early>{_SEP}(?:\b(?:on|at)\s+)?\0+{_SEP}|\s+){_VERB}\b(?P<mid>{_SEP}(?:(?:this|on|at|in|the\sfollowing)\b[\s,]*)*[(\[]?\0*[)\]]?{_SEP})(?:{_END}|(?=\s*\Z))"
    r"(?P<rest>.*)\Z",
    re.DOTALL | re.IGNORECASE,
)
_MAIL = re.compile(
    rf"\A\s*(?:on|at)?\s*\0+{_SEP}(?:at\s+\0+{_SEP})?{_NAME}\s+{_VERB}[\s,]*{_END}(?P<rest>.*)\Z", re.DOTALL | re.IGNORECASE
)
_BY = re.compile(
    rf"\A\s*(?P<what>(?:posted|written|submitted|published|left|sent|started|comment(?:ed)?|reply|response|answer(?:ed)?|review)"
    rf"(?:\s*(?:on|at)?\s*\0+)?\s*)?\bby\b\s*:?\s*{_NAME}{_SEP}[(\[]?(?:(?:on|at)\b\s*)?\0*[)\]]?[\s:.|]*\Z",
    re.IGNORECASE,
)
_FROM = re.compile(rf"\A\s*(?:from|author|name|user|username|poster)\s*:\s*{_NAME}{_SEP}\0*\s*\Z", re.IGNORECASE)
_DATED = re.compile(
    rf"\A\s*{_NAME}[\s,;:|·•—–~/(\[@-]*(?:\b(?:on|at|posted)\b[\s:,]*)*\0+\s*[)\]]?\s*(?P<end>:)?(?P<rest>.*)\Z",
    re.DOTALL | re.IGNORECASE,
)
_DATE_FIRST = re.compile(
    rf"\A\s*[(\[]?\0+[)\]]?[\s,;:|·•—–~/-]*(?:by\s+)?<?{_NAME}\s*>?\s*(?:(?P<end>:)(?P<rest>.*))?\Z", re.DOTALL
)
_BRACKET = re.compile(
    r"\A\s*(?:\[\s*(?P<name>[^\[\]\0]{1,60}?)\s*\]|<\s*(?P<nick>[^<>\0]{1,60}?)\s*>)\s*(?P<end>:)?(?P<rest>.*)\Z", re.DOTALL
)
_COLON = re.compile(rf"\A\s*{_NAME}\s*:(?=\s|\Z)(?P<rest>.*)\Z", re.DOTALL)
_TAIL = re.compile(r"\s*(?:[|·•#(\[–—-].{0,60})?\Z", re.DOTALL)
_DATE_LINE = re.compile(
    rf"\A(?:(?:posted|published|written|date|commented|on|at|updated)\b[\s:]*)*\0+(?:\s*at\s*\0+)?{_SEP}(?:[|·#(\[].{{0,60}})?\.?\Z",
    re.I,
)
_NO_NAME = re.compile(r"\(\)|[;“”\"!?=<>{}\\|…,]|://|\s-\s|\w{4,}\.\s+\w{4,}")


def parse(line: str, *, odd: bool = False) -> Head | None:
    """What this line would say if it headed a post; None where it cannot. `odd` allows names of any shape."""
    whole = len(line) <= REACH
    line = line[:REACH]
    fence = _FENCE.match(line) if whole else None
    shown = line
    if fence is not None:
        shown = " " * fence.start(2) + fence[2] + " " * (len(line) - fence.end(2))
    shown = _EMPHASIS.sub(lambda found: " " * len(found[0]), shown)
    shown = _ADDRESS.sub(lambda found: " " * len(found[0]), shown)
    shown, date = without_dates(shown)
    to = None
    answered = _TO.search(shown)
    if answered is not None and answered.start() > 0:
        to = answered["to"].strip()
        shown = shown[: answered.start()] + " " * (answered.end() - answered.start()) + shown[answered.end() :]
    number = None
    numbered = _NUMBER.search(shown)
    if numbered is not None:
        number = int(numbered[1] or numbered[2])
        shown = shown[: numbered.start()] + " " * len(numbered[0]) + shown[numbered.end() :]
    head = _head(shown, whole, answers=to is not None, odd=odd)
    if head is None:
        return None
    if fence is not None and head.form is not Form.COLON and head.body is None:
        head = replace(head, form=Form.FENCE, trailing="" if head.form is Form.NAME else "said")
    manner = " ".join(_DATES.sub("\0", f"{shown[: head.start]}\1{shown[head.end : head.body]}").split())
    return replace(
        head, manner=manner, odd=odd, dated=date is not None, created=created(date) if date else None, to=to, number=number
    )


def without_dates(line: str) -> tuple[str, re.Match[str] | None]:
    """The line with its dates blanked by NULs, and the first date that names a day, or else the first."""
    line = line.replace("\0", " ")
    first: re.Match[str] | None = None
    if not HINT.search(line):
        return line, None
    for found in DATE.finditer(line):
        if first is None or (created(first) is None and created(found) is not None):
            first = found
        line = line[: found.start()] + "\0" * len(found[0]) + line[found.end() :]
    return line, first


def date_line(line: str) -> re.Match[str] | None:
    """The date of a line that holds nothing else."""
    if len(line) > 100:
        return None
    shown, date = without_dates(_EMPHASIS.sub(lambda found: " " * len(found[0]), line))
    return date if date is not None and _DATE_LINE.match(shown.strip()) else None


def _head(shown: str, whole: bool, *, answers: bool, odd: bool) -> Head | None:
    for pattern, form, needed in _PATTERNS:
        found = pattern.match(shown) if needed is None or needed.search(shown) else None
        if found is None:
            continue
        head = _accept(found, form, whole, answers=answers, odd=odd)
        if head is not None:
            return head
    return None


_LABEL = re.compile(
    r"(?:updated?|edit(?:ed)?|correction|addendum|errat(?:um|a)|post\s?script|p\.?s\.?|note|warning|example)\s?\d*\Z", re.I
)
"""What writers head an afterthought or an aside with, as they would a name."""


def _accept(found: re.Match[str], form: Form, whole: bool, *, answers: bool, odd: bool) -> Head | None:
    groups = found.groupdict()
    group = "nick" if groups.get("nick") else "name"
    named = _named(found[group], found.start(group), odd=odd)
    if named is None:
        return None
    name, start, end = named
    if _LABEL.match(name):
        return None
    rest = groups.get("rest") or ""
    body = None
    if rest.strip():
        if form in {Form.SAID, Form.MAIL, Form.COLON} or groups.get("end") or form is Form.BRACKET:
            body = found.start("rest") + len(rest) - len(rest.lstrip())
        elif not (form is Form.DATED and whole and _TAIL.match(rest)):
            return None
    elif not whole:
        return None
    if form is Form.SAID and not groups.get("end") and "\0" not in found["mid"]:
        return None
    if form is Form.BY and not groups.get("what") and "\0" not in found[0]:
        return None
    if form is Form.COLON and answers:
        form = Form.SAID
    return Head(form, name, start, end, body=body, trailing=groups.get("end") or "")


_DATED_LINE = re.compile(r"\0")
_SPOKEN = re.compile(rf"\s{_VERB}\b", re.IGNORECASE)
_COLONED = re.compile(r":(?=\s|\Z)")
_PATTERNS: tuple[tuple[re.Pattern[str], Form, re.Pattern[str] | None], ...] = (
    (_MAIL, Form.MAIL, re.compile(rf"\0.*\s{_VERB}\b", re.IGNORECASE)),
    (_BY, Form.BY, re.compile(r"\bby\b", re.IGNORECASE)),
    (_SAID, Form.SAID, _SPOKEN),
    (_FROM, Form.FROM, _COLONED),
    (_DATED, Form.DATED, _DATED_LINE),
    (_DATE_FIRST, Form.DATED, _DATED_LINE),
    (_BRACKET, Form.BRACKET, re.compile(r"\A\s*[\[<]")),
    (_COLON, Form.COLON, _COLONED),
    (re.compile(r"\A\s*(?P<name>[^\0]{1,70}?)\s*\Z"), Form.NAME, None),
)
"""What a line can be, the more telling first, each with what it cannot be without."""


def _named(words: str, at: int, *, odd: bool = False) -> tuple[str, int, int] | None:
    """The name in these words with where it starts and ends, if it could be one."""
    words = _SCORE.sub("", words.rstrip(" \t,;|·•—–-(["))
    lead = len(words) - len(words.lstrip(" \t@~“\"'"))
    words = words[lead:].rstrip(" \t”\"'")
    if not (is_name(words) or (odd and is_odd_name(words))):
        return None
    return words, at + lead, at + lead + len(words)


def is_name(words: str) -> bool:
    """Whether these words could be somebody's name or handle, by their shape alone."""
    parts = words.split()
    if not 1 <= len(parts) <= 6 or len(words) > 60 or _NO_NAME.search(words) or not any(map(str.isalpha, words)):
        return False
    if words[-1] in ".:" and len(parts[-1]) > 4:
        return False
    small = sum(part[0].islower() for part in parts)
    return len(parts) <= 2 or 2 * small < len(parts)


def is_odd_name(words: str) -> bool:
    """Whether these few words, whatever their shape, may stand where a page puts names."""
    return 0 < len(words) <= 60 and len(words.split()) <= 8


def is_telling_name(words: str) -> bool:
    """Whether the shape is a name's or handle's rather than any word's: two capitals, or signs that words do not carry."""
    parts = words.split()
    if len(parts) > 1:
        return len(parts) <= 4 and all(part[0].isupper() or not part[0].isalpha() for part in parts)
    return any(map(str.isdigit, words)) or "_" in words or any(map(str.isupper, words[1:])) or "." in words.strip(".")


_BYLINE = re.compile(
    rf"\A\s*(?:(?:posted|written|published|submitted|article|story|words|text|essay|post|blog\spost)\s+(?:on\s*)?\0*{_SEP})?by\b\s*:?\s+{_NAME}"
    rf"(?:\s+(?:on|at|in|for)\s+(?P<site>[^\0|·]{{2,60}}?))?{_SEP}[(\[]?(?:\b(?:on|at)\s+)?\0*(?:\s*at\s*\0+)?[)\]]?{_SEP}(?:[|·].{{0,60}})?\.?\Z",
    re.IGNORECASE,
)
_SEGMENTS = re.compile(r"\s+[|·•—–-]\s+|\s*[|·•]\s*")


@dataclass(frozen=True, slots=True)
class Credit:
    """What a line under a title says: whose the article is, on which site, of when."""

    name: str | None = None
    start: int = 0
    end: int = 0
    site: str | None = None
    created: str | None = None


def credit(line: str) -> Credit | None:
    """Reads a by-line: `by Name`, `Posted by Name on Site, DATE`, `Site · by Name · DATE`, `Name, DATE`, or a date alone."""
    if len(line) > REACH:
        return None
    alone = date_line(line)
    if alone is not None:
        return Credit(created=created(alone))
    shown, date = without_dates(_EMPHASIS.sub(lambda found: " " * len(found[0]), line))
    shown = _ADDRESS.sub(lambda found: " " * len(found[0]), shown)
    when = created(date) if date else None
    found = _BYLINE.match(shown)
    if found is not None:
        named = _author(found["name"], found.start("name"))
        if named is not None:
            site = found["site"]
            return Credit(*named, site.strip(" ,") if site else None, when)
    segments = _segments(shown)
    if len(segments) > 1:
        site = None
        credited: tuple[str, int, int] | None = None
        for at, segment in segments:
            by = _BYLINE.match(segment)
            if by is not None:
                credited = _author(by["name"], at + by.start("name"))
            elif not segment.strip("\0 ,"):
                continue
            elif site is None:
                site = segment.strip()
        if credited is not None:
            return Credit(*credited, site, when)
    from_ = _FROM.match(shown)
    if from_ is not None:
        named = _author(from_["name"], from_.start("name"))
        if named is not None:
            return Credit(*named, None, when)
    if when is not None:
        head = parse(line)
        if head is not None and head.form is Form.DATED and head.body is None:
            return Credit(head.name, head.start, head.end, None, when)
    return None


def _author(words: str, at: int) -> tuple[str, int, int] | None:
    named = _named(words, at)
    return named if named is not None and (len(named[0].split()) == 1 or not named[0].islower()) else None


def _segments(line: str) -> list[tuple[int, str]]:
    segments: list[tuple[int, str]] = []
    at = 0
    for found in _SEGMENTS.finditer(line):
        segments.append((at, line[at : found.start()]))
        at = found.end()
    segments.append((at, line[at:]))
    return segments
