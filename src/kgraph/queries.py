"""The named queries: SPARQL files in `queries/` that answer one question each, with a header that says so.

A file begins with comment lines. `# title: …` and `# question: …` are one line each; `# parameters:` is followed by one
line for each variable that is there to be edited, `#   ?name — what it stands for`, which the query binds by `VALUES` or
`BIND`. The header ends at the first line that is no comment; everything after it is plain SPARQL 1.1.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kgraph import resources
from kgraph.errors import Misuse

_LINE = re.compile(r"#\s?(?P<words>.*)")
_FIELD = re.compile(r"(?P<name>title|question|parameters):\s*(?P<value>.*)")
_PARAMETER = re.compile(r"\s+\?(?P<name>\w+)\s+—\s+(?P<meaning>.+)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A variable that the query binds to an example value, to be edited: `?platform`, "the platform's name, exactly"."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedQuery:
    """One question; `text` is the whole file, header and all, ready to be sent to an endpoint."""

    name: str
    title: str
    question: str
    text: str
    parameters: tuple[Parameter, ...] = ()


@cache
def all() -> tuple[NamedQuery, ...]:
    """Every query that travels with kgraph, in the order of their names."""
    return tuple(parse(path) for path in sorted(resources.folder("queries").glob("*.rq")))


def get(name: str) -> NamedQuery:
    """The query of this name; raises Misuse, with the names that come near, where there is none."""
    found = {query.name: query for query in all()}
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`kgraph query` lists them"
    raise Misuse(f"there is no query named {name!r}", hint=hint)


def parse(path: Path) -> NamedQuery:
    """The query in this file; raises Misuse where its header lacks the title or the question."""
    text = path.read_text(encoding="utf-8")
    fields: dict[str, str] = {}
    parameters: list[Parameter] = []
    for line in text.splitlines():
        comment = _LINE.fullmatch(line)
        if comment is None:
            break
        if field := _FIELD.fullmatch(comment["words"]):
            fields[field["name"]] = field["value"]
        elif parameter := _PARAMETER.fullmatch(comment["words"]):
            parameters.append(Parameter(parameter["name"], parameter["meaning"]))
    for needed in ("title", "question"):
        if not fields.get(needed):
            raise Misuse(f"{path.name} has no `# {needed}:` line in its header", hint="queries/README.md shows the header")
    return NamedQuery(
        name=path.stem, title=fields["title"], question=fields["question"], text=text, parameters=tuple(parameters)
    )
