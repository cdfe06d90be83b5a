"""`kgraph link`: link a store anew, review what waits for people, take in what they decided."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from kgraph.cli.console import StoreOption, print_table, settings, talk
from kgraph.errors import Misuse
from kgraph.link import judgements
from kgraph.link.judgements import Table
from kgraph.link.review import Open
from kgraph.model.annotations import LinkStatus
from kgraph.settings import Settings

_EPILOG = """Examples:\n
  kgraph link                                 link every document of the store anew\n
  kgraph link --reconcile URL                 ask a reconciliation service for more candidates first\n
  kgraph link review                          decide on what is proposed or ambiguous\n
  kgraph link review --export open.csv        the same as a table, for OpenRefine or a spreadsheet\n
  kgraph link import open.csv                 take its decisions in, and link anew"""

_AuthorOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who decides. Else the name that you are logged in by.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(invoke_without_command=True, epilog=_EPILOG, help="Link what the store names to open-data graphs.")
    group.callback()(link)
    group.command()(review)
    group.command("import")(import_)
    app.add_typer(group, name="link")


def link(
    context: typer.Context,
    store: StoreOption = None,
    reconcile: Annotated[
        str | None, typer.Option(metavar="URL", help="Reconciliation service that is asked for more candidates first.")
    ] = None,
) -> None:
    """Link every document of the store anew, from its graph alone.

    What people have judged (links.sssom.tsv) wins. Running it again changes nothing.
    """
    if context.invoked_subcommand is None:
        chosen = settings(store=store)
        asked = reconcile or chosen.reconcile_url
        if asked is not None:
            _gather(chosen, asked)
        _link(chosen)


def _gather(chosen: Settings, url: str) -> None:
    from kgraph.build.relink import gather

    found, failures = gather(chosen, url)
    for failure in failures:
        talk().print(escape(failure))
    talk().print(f"{escape(url)} named {found:,} things")


def _link(chosen: Settings) -> None:
    from kgraph.build.relink import relink

    made = relink(chosen)
    counts = {
        "documents": made.documents,
        "changed": made.changed,
        **{status.value: made.statuses.get(status, 0) for status in LinkStatus},
    }
    print_table(list(counts), [[f"{count:,}" for count in counts.values()]], right=counts)


def review(
    store: StoreOption = None,
    export: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the queue as CSV and ask nothing.")] = None,
    nil: Annotated[bool, typer.Option(help="Also what was found nowhere but has candidates.")] = False,
    author: _AuthorOption = None,
) -> None:
    """Decide on links that are proposed or ambiguous: each with its sentence, its candidates and what speaks for them."""
    from kgraph.build.relink import pages
    from kgraph.link.review import as_csv, queue
    from kgraph.pipeline import standard_linker
    from kgraph.store import open_store

    chosen = settings(store=store)
    linker, _ = standard_linker(chosen)
    statuses = frozenset({LinkStatus.PROPOSED, LinkStatus.AMBIGUOUS} | ({LinkStatus.NIL} if nil else set()))
    with open_store(chosen.store) as opened:
        waiting = queue((page for _, _, page in pages(opened, base=chosen.base)), linker, statuses=statuses)
    if export is not None:
        export.write_text(as_csv(waiting), "utf-8")
        talk().print(
            f"{len(waiting):,} names wait in {escape(str(export))}: fill in its last column, then `kgraph link import` it"
        )
    elif not waiting:
        talk().print("nothing waits for people")
    else:
        _ask(waiting, chosen, author or getpass.getuser())


def _ask(waiting: list[Open], chosen: Settings, author: str) -> None:
    today = datetime.now(UTC).date()
    decided = 0
    for number, one in enumerate(waiting, 1):
        _show(one, f"{number} of {len(waiting)}")
        answer = _answer(len(one.weighed))
        if answer == "q":
            break
        if answer == "s":
            continue
        judgements.change(chosen.links, partial(_judged, one, answer, author=author, on=today), base=chosen.base)
        decided += 1
    talk().print(f"{decided:,} decided, in {escape(str(chosen.links))}; `kgraph link` brings them into the store")


def _judged(one: Open, answer: str, table: Table, *, author: str, on: date) -> Table:
    """The table with what was answered of this entity."""
    from kgraph.link.review import judged

    if answer.isdigit():
        return judged(table, one, one.weighed[int(answer) - 1].candidate, rejected=False, author=author, on=on)
    if answer == "n":
        return judged(table, one, None, rejected=False, author=author, on=on)
    for weighed in one.weighed:
        table = judged(table, one, weighed.candidate, rejected=True, author=author, on=on)
    return table


def _show(one: Open, place: str) -> None:
    out = talk()
    out.print(f"\n[bold]{escape(one.named.name)}[/] ({one.named.kind.value}, {one.status.value}, {place})")
    for sentence in one.sentences:
        out.print(f"  “{escape(sentence)}”")
    for number, weighed in enumerate(one.weighed, 1):
        candidate = weighed.candidate
        out.print(f"  [bold]{number}[/] {escape(candidate.label)}: {escape(candidate.description or 'no description')}")
        out.print(f"    {escape(candidate.same_as[0])}  ({escape(candidate.source)})")
        out.print(f"    {weighed.score:.2f}  {escape(' '.join(weighed.signals))}")


def _answer(candidates: int) -> str:
    choices = {*map(str, range(1, candidates + 1)), "r", "n", "s", "q"}
    while True:
        talk().print(f"1-{candidates} accept, r reject all, n nothing is right anywhere, s skip, q quit: ", end="")
        line = sys.stdin.readline()
        answer = line.strip().casefold() if line else "q"
        if answer in choices:
            return answer


def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="CSV that `review --export` wrote, or SSSOM tables (.tsv).")
    ],
    store: StoreOption = None,
    author: _AuthorOption = None,
) -> None:
    """Take decisions into the file of judgements, and link the store anew."""
    from kgraph.link.review import read_csv

    chosen = settings(store=store)
    table = judgements.read(chosen.links, base=chosen.base)
    before = len(table.rows)
    for path in files:
        text = _text(path)
        if path.suffix.casefold() == ".csv":
            table = read_csv(text, name=str(path), author=author or getpass.getuser(), on=datetime.now(UTC).date(), table=table)
        else:
            table = _joined(table, judgements.parse(text, name=str(path), base=chosen.base))
        judgements.judgements(table, name=str(path))
    judgements.write(chosen.links, table)
    talk().print(f"{len(table.rows) - before:,} judgements more in {escape(str(chosen.links))}")
    _link(chosen)


def _joined(table: Table, other: Table) -> Table:
    """The rows of both, those of the other written with this one's prefixes."""

    def rows() -> Iterable[dict[str, str]]:
        base = other.prefixes["entity"]
        for row in other.rows:
            entity = other.expand(row["subject_id"]).removeprefix(base)
            curies = {column: table.contract(other.expand(row[column])) for column in ("predicate_id", "object_id")}
            yield {**row, **curies, "subject_id": f"entity:{entity}"}

    return table.with_rows(rows())


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise Misuse(f"there is no file {path}") from error
    except UnicodeDecodeError as error:
        raise Misuse(f"{path} is not UTF-8 text") from error
