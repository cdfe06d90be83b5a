"""The queue of links that wait for people, and what they decide: as a table to edit elsewhere, or one by one.

A row of the table is one candidate of one entity. `decision` is what people fill in: `accept`, `reject`, or `nothing` where no
candidate is right. Rows without a decision stay open.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kgraph.errors import Misuse
from kgraph.link.authority import Candidate
from kgraph.link.decide import Linker, Weighed
from kgraph.link.judgements import MANUAL, NOTHING, Table
from kgraph.link.page import Named, Page
from kgraph.model.annotations import LinkStatus

COLUMNS = (
    "entity",
    "name",
    "kind",
    "status",
    "document",
    "sentence",
    "target",
    "label",
    "description",
    "source",
    "score",
    "signals",
    "decision",
)
DECISIONS = ("accept", "reject", "nothing")
_SENTENCES = 3
_CANDIDATES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An entity whose links wait for people, with where it stands and what it may be, the likeliest first."""

    named: Named
    status: LinkStatus
    documents: tuple[str, ...]
    sentences: tuple[str, ...]
    weighed: tuple[Weighed, ...]


def queue(pages: Iterable[Page], linker: Linker, *, statuses: frozenset[LinkStatus]) -> list[Open]:
    """The entities whose links have one of these statuses, those that stand in most documents first."""
    found = dict[str, list[tuple[LinkStatus, Page, Named]]]()
    for page in pages:
        decided = {link.entity: link.status for link in linker.links(page) if link.status is not LinkStatus.REJECTED}
        for named in page.named:
            if decided.get(named.id) in statuses and not any(verdict.settles for verdict in linker.judgements.of(named.id)):
                found.setdefault(named.id, []).append((decided[named.id], page, named))
    waiting = [_open(places, linker) for places in found.values()]
    return sorted((one for one in waiting if one.weighed), key=lambda one: (-len(one.documents), one.named.id))


def _open(places: Sequence[tuple[LinkStatus, Page, Named]], linker: Linker) -> Open:
    best = dict[str, Weighed]()
    sentences = list[str]()
    rejected = {verdict.target for verdict in linker.judgements.of(places[0][2].id)}
    for _, page, named in places:
        sentences += [page.sentence(naming) for naming in named.namings]
        for _, weighed in linker.weigh(page, named):
            for one in weighed:
                id = one.candidate.id
                if rejected.isdisjoint(one.candidate.same_as) and (id not in best or best[id].score < one.score):
                    best[id] = one
    ordered = sorted(best.values(), key=lambda one: (-one.score, one.candidate.id))
    return Open(
        named=places[0][2],
        status=places[0][0],
        documents=tuple(page.document for _, page, _ in places),
        sentences=tuple(dict.fromkeys(sentences))[:_SENTENCES],
        weighed=tuple(one for one in ordered if one.candidate.same_as)[:_CANDIDATES],
    )


def as_csv(waiting: Iterable[Open]) -> str:
    """The queue as a table for OpenRefine or a spreadsheet; `read_csv` takes it back with its decisions."""
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    for one in waiting:
        for weighed in one.weighed:
            candidate = weighed.candidate
            table.writerow(
                {
                    "entity": one.named.id,
                    "name": one.named.name,
                    "kind": one.named.kind.value,
                    "status": one.status.value,
                    "document": one.documents[0],
                    "sentence": " … ".join(one.sentences),
                    "target": candidate.same_as[0],
                    "label": candidate.label,
                    "description": candidate.description,
                    "source": f"{candidate.source} {candidate.version} ({candidate.licence})",
                    "score": weighed.score,
                    "signals": " ".join(weighed.signals),
                    "decision": "",
                }
            )
    return out.getvalue()


def read_csv(text: str, *, name: str, author: str, on: date, table: Table) -> Table:
    """The table of judgements with the decisions of such a table in it.

    Raises:
        Misuse: a column is missing, or a decision is none of the three.
    """
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if missing := [column for column in ("entity", "target", "decision") if column not in (rows.fieldnames or ())]:
        raise Misuse(
            f"{name} lacks the column {missing[0]!r}", hint="`kgraph link review --export FILE` writes the table to fill in"
        )
    made = []
    for row in rows:
        decision = (row["decision"] or "").strip().casefold()
        if not decision:
            continue
        if decision not in DECISIONS:
            raise Misuse(f"{name}, line {rows.line_num}: the decision {decision!r}", hint=f"use one of {', '.join(DECISIONS)}")
        target = None if decision == "nothing" else row["target"]
        label = row.get("label") or ""
        made.append(
            judgement(table, row["entity"], row.get("name") or "", target, label, decision == "reject", author=author, on=on)
        )
    return table.with_rows(made)


def judged(table: Table, one: Open, candidate: Candidate | None, *, rejected: bool, author: str, on: date) -> Table:
    """The table with one decision more; without a candidate it is that nothing is right."""
    target, label = (candidate.same_as[0], candidate.label) if candidate is not None else (None, "")
    row = judgement(
        table,
        one.named.id,
        one.named.name,
        target,
        label,
        rejected,
        author=author,
        on=on,
        heading=bool(candidate and candidate.heading),
    )
    return table.with_rows([row])


def judgement(
    table: Table,
    entity: str,
    name: str,
    target: str | None,
    label: str,
    rejected: bool,
    *,
    author: str,
    on: date,
    heading: bool = False,
) -> Mapping[str, str]:
    """One row of the table of judgements."""
    return {
        "subject_id": f"entity:{entity}",
        "subject_label": name,
        "predicate_modifier": "Not" if rejected else "",
        "predicate_id": "skos:exactMatch" if heading else "schema:sameAs",
        "object_id": NOTHING if target is None else table.contract(target),
        "object_label": label,
        "mapping_justification": MANUAL,
        "author_label": author,
        "mapping_date": on.isoformat(),
    }
