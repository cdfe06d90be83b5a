"""What people have judged about links, as SSSOM (https://mapping-commons.github.io/sssom/): a table that wins over the machine.

    #curie_map:
    #  entity: http://localhost:8000/
    #  wikidata: http://www.wikidata.org/entity/
    subject_id	predicate_modifier	predicate_id	object_id	author_label
    entity:platform/plaza		schema:sameAs	wikidata:Q1	Ana
    entity:place/portland	Not	schema:sameAs	wikidata:Q2	Ana
    entity:work/the-long-road		schema:sameAs	sssom:NoTermFound	Ana

`schema:sameAs` accepts, `skos:exactMatch` accepts a heading, `skos:closeMatch` leaves a proposal open; with `Not` each
rejects, for good. `sssom:NoTermFound` says that nothing anywhere is right. What stands under `entity:` is an entity's
reference, whatever the base. Columns beyond these are kept. Among rows of one entity and target the last one counts.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kgraph import iris
from kgraph.errors import Misuse
from kgraph.model.annotations import LinkStatus

NOTHING = "sssom:NoTermFound"
MANUAL = "semapv:ManualMappingCuration"
COLUMNS = (
    "subject_id",
    "subject_label",
    "predicate_modifier",
    "predicate_id",
    "object_id",
    "object_label",
    "mapping_justification",
    "author_label",
    "mapping_date",
    "comment",
)
_NEEDED = ("subject_id", "predicate_id", "object_id")

PREFIXES = {
    "entity": iris.DEFAULT_BASE,
    "wikidata": "http://www.wikidata.org/entity/",
    "dbpedia": "http://dbpedia.org/resource/",
    "geonames": "https://sws.geonames.org/",
    "fast": "http://id.worldcat.org/fast/",
    "lcsh": "http://id.loc.gov/authorities/subjects/",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "semapv": "https://w3id.org/semapv/vocab/",
    "sssom": "https://w3id.org/sssom/",
}
_STATUS = {
    "schema:sameAs": (LinkStatus.ACCEPTED, False),
    "skos:exactMatch": (LinkStatus.ACCEPTED, True),
    "skos:closeMatch": (LinkStatus.PROPOSED, False),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody judged of an entity and a target; the target is None where nothing is right."""

    target: str | None
    status: LinkStatus
    heading: bool
    signals: tuple[str, ...]

    @property
    def settles(self) -> bool:
        """Whether nothing is left for the machine to find."""
        return self.status is not LinkStatus.REJECTED


@dataclass(frozen=True, slots=True)
class Judgements:
    """The verdicts by entity; `version` stands for the rows."""

    verdicts: Mapping[str, Sequence[Verdict]] = field(default_factory=dict)
    version: str = ""

    def __bool__(self) -> bool:
        return bool(self.verdicts)

    def of(self, entity: str) -> Sequence[Verdict]:
        return self.verdicts.get(entity, ())


@dataclass(frozen=True, slots=True)
class Table:
    """An SSSOM file: its prefixes, its other header lines and its rows, in which CURIEs stay as they are written."""

    prefixes: Mapping[str, str]
    header: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    @classmethod
    def empty(cls, *, base: str) -> Table:
        return cls({**PREFIXES, "entity": base}, (), COLUMNS, ())

    def expand(self, curie: str) -> str:
        prefix, _, local = curie.partition(":")
        return self.prefixes[prefix] + local if prefix in self.prefixes and not local.startswith("//") else curie

    def contract(self, iri: str) -> str:
        found = [(namespace, prefix) for prefix, namespace in self.prefixes.items() if namespace and iri.startswith(namespace)]
        return f"{max(found)[1]}:{iri[len(max(found)[0]) :]}" if found else iri

    def with_rows(self, rows: Iterable[Mapping[str, str]]) -> Table:
        """These rows beside those there are, in the place of earlier ones of the same entity and target."""
        kept = {(self.expand(row["subject_id"]), self.expand(row["object_id"])): row for row in self.rows}
        for row in rows:
            kept[self.expand(row["subject_id"]), self.expand(row["object_id"])] = row
        columns = tuple(dict.fromkeys([*self.columns, *(name for row in kept.values() for name in row)]))
        return Table(self.prefixes, self.header, columns, tuple(kept.values()))

    def as_text(self) -> str:
        out = io.StringIO(newline="")
        out.write("#curie_map:\n")
        out.writelines(f"#  {prefix}: {namespace}\n" for prefix, namespace in self.prefixes.items())
        out.writelines(f"{line}\n" for line in self.header)
        table = csv.DictWriter(out, self.columns, delimiter="\t", lineterminator="\n", restval="", quoting=csv.QUOTE_MINIMAL)
        table.writeheader()
        table.writerows(
            {column: " ".join(str(value).split()) for column, value in row.items()} for row in sorted(self.rows, key=_order)
        )
        return out.getvalue()


def _order(row: Mapping[str, str]) -> tuple[str, str, str]:
    return row["subject_id"], row.get("predicate_modifier", ""), row["object_id"]


def read(path: Path, *, base: str) -> Table:
    """The table in this file; an empty one where there is no such file.

    Raises:
        Misuse: it cannot be read, or is no SSSOM table.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return Table.empty(base=base)
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{path}: cannot be read as UTF-8 text: {error}") from error
    return parse(text, name=str(path), base=base)


def parse(text: str, *, name: str, base: str) -> Table:
    """The table that this text is; `name` is what errors call it."""
    prefixes = {**PREFIXES, "entity": base}
    header, body, in_map = list[str](), list[str](), False
    for line in text.splitlines():
        if not line.startswith("#"):
            body.append(line)
        elif line.rstrip() == "#curie_map:":
            in_map = True
        elif in_map and line.startswith("#  ") and ":" in line:
            prefix, _, namespace = line[1:].strip().partition(":")
            prefixes[prefix.strip()] = namespace.strip().strip("\"'")
        else:
            in_map = False
            header.append(line)
    rows = csv.DictReader(body, delimiter="\t")
    columns = tuple(rows.fieldnames or ())
    if missing := [column for column in _NEEDED if column not in columns]:
        raise Misuse(f"{name} is no SSSOM table: it lacks {', '.join(missing)}", hint="`kgraph link review` writes one")
    kept = [{key: value or "" for key, value in row.items() if key is not None} for row in rows]
    return Table(prefixes, tuple(header), columns, tuple(row for row in kept if any(row.values())))


def judgements(table: Table, *, name: str) -> Judgements:
    """What the table's rows say of each entity.

    Raises:
        Misuse: a row cannot be meant, with its entity.
    """
    found = dict[str, dict[str | None, Verdict]]()
    base = table.prefixes["entity"]
    for row in table.rows:
        entity = table.expand(row["subject_id"]).removeprefix(base)
        target, verdict = _verdict(table, row, name)
        found.setdefault(entity, {})[target] = verdict
    if not found:
        return Judgements()
    content = "\n".join(sorted(repr(sorted(row.items())) for row in table.rows))
    version = f"judgements {hashlib.sha256(content.encode()).hexdigest()[:16]}"
    return Judgements({entity: tuple(verdicts.values()) for entity, verdicts in found.items()}, version)


def _verdict(table: Table, row: Mapping[str, str], name: str) -> tuple[str | None, Verdict]:
    subject = row["subject_id"]
    predicate = table.contract(table.expand(row["predicate_id"]))
    if predicate not in _STATUS:
        raise Misuse(f"{name}: {subject} has the predicate {row['predicate_id']!r}", hint=f"use one of {', '.join(_STATUS)}")
    status, heading = _STATUS[predicate]
    negated = row.get("predicate_modifier", "")
    if negated not in {"", "Not"}:
        raise Misuse(f"{name}: {subject} has the modifier {negated!r}", hint="leave it empty, or write Not to reject")
    by = row.get("author_label") or row.get("author_id") or "a person"
    signals = tuple(filter(None, (f"judged-by:{by}", row.get("mapping_date", ""), row.get("comment", ""))))
    if table.expand(row["object_id"]) == table.expand(NOTHING):
        if negated:
            raise Misuse(f"{name}: {subject} is not without a target, but which is it?", hint="name the right one")
        return None, Verdict(None, LinkStatus.NIL, False, signals)
    target = table.expand(row["object_id"])
    if not target.startswith(("http://", "https://")):
        raise Misuse(
            f"{name}: {subject} has the target {row['object_id']!r}", hint="an http(s) IRI or a CURIE of the file's map"
        )
    return target, Verdict(target, LinkStatus.REJECTED if negated else status, heading, signals)


def write(path: Path, table: Table) -> None:
    """Writes beside and renames, so that no half table is ever read."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(table.as_text(), "utf-8")
    part.replace(path)


def change(path: Path, make: Callable[[Table], Table], *, base: str) -> Table:
    """Writes what `make` makes of the table that is in the file by then: of several who decide at once none loses a row.

    Raises:
        Misuse: the file cannot be read or written, or what would be in it cannot be meant.
    """
    folder = -1
    try:
        folder = os.open(path.parent, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        table = make(read(path, base=base))
        judgements(table, name=str(path))
        write(path, table)
    except OSError as error:
        raise Misuse(f"{path} cannot be written: {error.strerror}", hint="KGRAPH_LINKS names the file") from error
    finally:
        if folder >= 0:
            os.close(folder)
    return table
