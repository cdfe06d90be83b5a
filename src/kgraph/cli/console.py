"""What the commands have in common: data to stdout, talk to stderr, tables, settings and the end of an error.

Exit codes: 0 done, 1 failed, 2 misused, 130 stopped by Ctrl-C. A reader of stdout that has had enough (`| head`) is no failure.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup

from kgraph.errors import KgraphError, Misuse
from kgraph.settings import Settings

DONE, FAILED, MISUSED, STOPPED = 0, 1, 2, 130

StoreOption = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="Folder of the store, or the URL of a SPARQL 1.1 server. From KGRAPH_STORE, else ./kgraph-data.",
    ),
]


class Commands(TyperGroup):
    """The group of all commands: where each of them ends, however it ends."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except KgraphError as error:
            say_error(error)
            raise typer.Exit(MISUSED if isinstance(error, Misuse) else FAILED) from error
        except KeyboardInterrupt as stop:
            talk().print("\nstopped")
            raise typer.Exit(STOPPED) from stop
        except BrokenPipeError as closed:
            # What the interpreter flushes at its end must find something open.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(DONE) from closed
        except OSError as error:
            say_error(KgraphError(f"{error.filename or 'the system'}: {error.strerror or error}"))
            raise typer.Exit(FAILED) from error
        return result


def talk() -> Console:
    """Where a command speaks to the person before it: stderr."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say_error(error: KgraphError) -> None:
    console = talk()
    console.print(f"[bold red]error:[/] {escape(error.message)}")
    if error.hint:
        console.print(f"[bold]hint:[/] {escape(error.hint)}")


def write(data: bytes) -> None:
    """Data to stdout, as it is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def settings(**options: object) -> Settings:
    """The settings with the options that were given on the command line; those left at None come from elsewhere.

    Raises:
        Misuse: a value that cannot be meant.
    """
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise Misuse(
            f"{name} cannot be {first['input']!r}: {first['msg'].removeprefix('Value error, ')}",
            hint=f"give it as --{name.replace('_', '-')} or in the variable KGRAPH_{name.upper()}",
        ) from error


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = ()) -> None:
    """A table on stdout: drawn on a terminal, else plain text in columns with one line a row.

    Columns named in `right` hold numbers.
    """
    if sys.stdout.isatty():
        drawn = Table(header_style="bold")
        for column in columns:
            drawn.add_column(escape(column), justify="right" if column in right else "left", overflow="fold")
        for row in rows:
            drawn.add_row(*map(escape, row))
        Console(highlight=False).print(drawn)
        return
    lines = [[" ".join(cell.split()) for cell in row] for row in (columns, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, cell, width in zip(columns, line, widths, strict=True)
        ]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
