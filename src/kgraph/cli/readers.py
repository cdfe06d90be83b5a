"""`kgraph readers`: what can be read."""

from __future__ import annotations

import typer

from kgraph import readers as installed
from kgraph.cli.console import print_table


def register(app: typer.Typer) -> None:
    app.command(epilog="A package adds readers of its own through the entry points group kgraph.readers.")(readers)


def readers() -> None:
    """List the forms of pages that can be read."""
    print_table(
        ("reader", "media types", "files", "reads"),
        [
            (reader.name, ", ".join(reader.media_types), " ".join(reader.endings), reader.reads)
            for reader in installed.supported()
        ],
    )
