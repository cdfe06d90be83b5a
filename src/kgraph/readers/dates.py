"""Dates as people write them above a post, and their xsd forms.

A date is told only where the page gives day, month and year in an order that can be meant in one way: `03/04/2009` is
found as a date, so that it is not taken for a name, and told as None.
"""

from __future__ import annotations

import datetime
import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?"
    r"|dec(?:ember)?)\b\.?"
)
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?"
_TIME = r"\d{1,2}[:.h]\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:\s?[ap]\.?m\b\.?)?|\d{1,2}\s?[ap]m\b"
_ZONE = (
    r"(?:\s?(?:Z\b|(?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d{2})?)?\b|[+-]\d{2}:?\d{2}\b(?:\s?\([A-Z]{2,5}\))?"
    r"|\([A-Z]{2,5}\)|[ECMPB][SD]?T\b|CEST\b))"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"

DATE = re.compile(
    rf"""(?<![\w/.-])(?:
      (?P<y1>\d{{4}})[-/](?P<m1>\d{{2}})[-/](?P<d1>\d{{2}})(?:T(?=\d)|[\s,]{{0,3}}(?:at\s)?)(?P<t1>{_TIME})?(?P<z1>{_ZONE})?
    | (?:{_WEEKDAY}[\s,]{{1,2}})?(?P<d2>{_DAY})[\s-](?:of\s)?(?P<m2>{_MONTH})[\s,-]{{0,2}}(?P<y2>\d{{4}})?(?![\d:])
      (?:[\s,–—-]{{0,3}}(?:at\s|@\s?)?(?P<t2>{_TIME})(?P<z2>{_ZONE})?)?
    | (?:{_WEEKDAY}[\s,]{{1,2}})?(?P<m3>{_MONTH})\s(?P<d3>{_DAY})(?![\d:])(?:[\s,]{{1,2}}(?P<y3>\d{{4}})(?![\d:]))?
      (?:[\s,–—-]{{0,3}}(?:at\s|@\s?)?(?P<t3>{_TIME})(?P<z3>{_ZONE})?(?:\s(?P<y3b>\d{{4}})\b)?)?
    | (?P<a4>\d{{1,2}})(?P<s4>[/.-])(?P<b4>\d{{1,2}})(?P=s4)(?P<y4>\d{{4}}|\d{{2}})(?!\d)
      (?:[\s,–—-]{{0,3}}(?:at\s|@\s?)?(?P<t4>{_TIME})(?P<z4>{_ZONE})?)?
    | (?:(?:about|over)\s)?(?:\d{{1,3}}|an?|one)\s?(?:s|m|min|h|hr|d|w|mo|y|second|minute|hour|day|week|month|year)s?\sago\b
    | (?:yesterday|today)(?:\s(?:at\s)?(?:{_TIME}))? | just\snow
    | \d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:\s?[ap]\.?m\b\.?)?
    )(?![\w/])""",
    re.VERBOSE | re.IGNORECASE,
)
"""A date, with its time where one follows. It looks at no more than some sixty characters from where it starts."""

HINT = re.compile(
    r"\d[-/.:h]\d|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\bago\b|\d\s?[ap]m\b|yesterday|today|just\snow", re.I
)
"""Whether `DATE` could find something: cheap, for the many lines where it cannot."""

_CLOCK = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?(?::(\d{2})(?:\.\d+)?)?\s?([ap])?", re.IGNORECASE)
_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})?")


def created(match: re.Match[str]) -> str | None:
    """The xsd:date or xsd:dateTime of what `DATE` found; None where no calendar day, or none for sure, is named."""
    part = match.groupdict()
    try:
        if part["y1"]:
            day = datetime.date(int(part["y1"]), int(part["m1"]), int(part["d1"]))
            time, zone = part["t1"], part["z1"]
        elif part["d2"] and part["y2"]:
            day = datetime.date(int(part["y2"]), _month(part["m2"]), _number(part["d2"]))
            time, zone = part["t2"], part["z2"]
        elif part["d3"] and (part["y3"] or part["y3b"]):
            day = datetime.date(int(part["y3"] or part["y3b"]), _month(part["m3"]), _number(part["d3"]))
            time, zone = part["t3"], part["z3"]
        elif part["a4"]:
            first, second = int(part["a4"]), int(part["b4"])
            if first <= 12 and second <= 12 and first != second and part["s4"] != ".":
                return None
            month, number = (second, first) if first > 12 or part["s4"] == "." else (first, second)
            year = int(part["y4"])
            day = datetime.date(year + (2000 if year < 70 else 1900) if year < 100 else year, month, number)
            time, zone = part["t4"], part["z4"]
        else:
            return None
        return day.isoformat() + (_clock(time, zone) if time else "")
    except ValueError:
        return None


def _month(word: str) -> int:
    return _MONTHS.index(word[:3].lower()) + 1


def _number(day: str) -> int:
    return int("".join(filter(str.isdigit, day)))


def _clock(time: str, zone: str | None) -> str:
    found = _CLOCK.match(time)
    if found is None:
        return ""
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if found[4]:
        hour = hour % 12 + (12 if found[4].lower() == "p" else 0)
    clock = datetime.time(hour, minute, second)
    return f"T{clock.isoformat()}{_zone(zone)}"


def _zone(zone: str | None) -> str:
    """The offset; empty for a zone's letters other than UTC, which more than one zone shares."""
    if zone is None:
        return ""
    offset = _OFFSET.search(zone)
    if offset is not None:
        return f"{offset[1]}{int(offset[2]):02}:{int(offset[3] or 0):02}"
    return "Z" if zone.strip().upper() in {"Z", "UTC", "GMT"} else ""


def xsd(written: str) -> str | None:
    """The xsd form of a date that stands alone: ISO 8601 as data files have it, or any form that `DATE` finds."""
    written = written.strip()
    try:
        moment = datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", written))
    except ValueError:
        found = DATE.search(written[:100])
        return created(found) if found else None
    if len(written) <= 10:
        return moment.date().isoformat()
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")
