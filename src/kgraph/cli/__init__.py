"""The `kgraph` command: each verb parses, calls the library and prints."""

from __future__ import annotations

from typing import Annotated

import typer

import kgraph
from kgraph.cli import authority, build, dump, enrich, evaluate, link, query, readers, serve, validate
from kgraph.cli.console import Commands

app = typer.Typer(
    name="kgraph",
    cls=Commands,
    help="Reads public arguments and builds a graph of [bold]who says what about whom and what[/], on which exact words.",
    epilog="Start with: kgraph build page.txt; kgraph query platforms-by-claims; kgraph serve",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (build, validate, query, dump, serve, evaluate, readers, link, authority, enrich):
    verb.register(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"kgraph {kgraph.__version__}")
        raise typer.Exit


@app.callback()
def _kgraph(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The console script."""
    app()
