"""`kgraph build`: pages in, a graph in the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kgraph import readers
from kgraph.build import BuildReport, Outcome
from kgraph.build import build as build_graph
from kgraph.cli.console import FAILED, StoreOption, print_table, settings, talk
from kgraph.errors import Misuse
from kgraph.pipeline import Passed

_EPILOG = """Examples:\n
  kgraph build page.txt\n
  kgraph build threads/ notes.md --jobs 2 --report report.json\n
  curl -s https://example.org/page.txt | kgraph build -"""


def register(app: typer.Typer) -> None:
    app.command(epilog=_EPILOG)(build)


def build(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files, folders of them, or - for stdin.")],
    store: StoreOption = None,
    base: Annotated[str | None, typer.Option(metavar="IRI", help="What all names are built under. From KGRAPH_BASE.")] = None,
    jobs: Annotated[int | None, typer.Option(metavar="N", min=1, help="Processes that read. From KGRAPH_JOBS, else 1.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what was done, as JSON.")] = None,
) -> None:
    """Read pages, check what they say against their own words, and load it into the store.

    A page that was built before is replaced. What does not pass the checks is kept in the store's quarantine, with the
    reasons, and the rest is loaded all the same; the command then exits with 1.
    """
    chosen = settings(store=store, base=base, jobs=jobs)
    if report is not None and not report.parent.is_dir():
        raise Misuse(f"the folder of {report} does not exist")
    sources = readers.sources(paths, max_bytes=chosen.max_source_bytes)
    with _progress(len(sources)) as heard:
        made = build_graph(sources, settings=chosen, progress=heard)
    if report is not None:
        report.write_text(json.dumps(made.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _print(made)
    if made.failures:
        raise typer.Exit(FAILED)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Outcome], None]]:
    """A bar on a terminal, a line a source elsewhere; what fails gets its line on either."""
    console = talk()
    if not console.is_terminal:
        yield lambda outcome: console.print(escape(_line(outcome)))
        return
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("loading the language model", total=total)

        def heard(outcome: Outcome) -> None:
            if not isinstance(outcome, Passed) or outcome.refused:
                bar.print(escape(_line(outcome)))
            bar.update(task, advance=1, description=escape(outcome.source))

        yield heard


def _line(outcome: Outcome) -> str:
    if not isinstance(outcome, Passed):
        return str(outcome)
    line = f"{outcome.source}: {outcome.posts} posts, {outcome.claims} claims, {outcome.triples} triples"
    return f"{line}; {outcome.refused.message}" if outcome.refused else line


def _print(made: BuildReport) -> None:
    figures = {
        "documents": f"{made.documents:,}",
        "posts": f"{made.posts:,}",
        "people": f"{made.people:,}",
        "platforms": f"{made.platforms:,}",
        "claims": f"{made.claims:,}",
        "quarantined": f"{made.quarantined:,}",
        "rejected": f"{made.rejected:,}",
        "triples": f"{made.triples:,}",
        "seconds": f"{made.seconds:.1f}",
    }
    print_table(list(figures), [list(figures.values())], right=figures)
    for folder in [failure.folder for failure in made.failures if failure.folder]:
        talk().print(f"in quarantine: {escape(folder)}")
