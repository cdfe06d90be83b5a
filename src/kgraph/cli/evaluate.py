"""`kgraph evaluate`: how good the extraction is on annotated pages."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from kgraph.cli.console import print_table, settings
from kgraph.evaluate import Figures, pairs
from kgraph.evaluate import evaluate as score
from kgraph.pipeline import Pipeline

_EPILOG = """Examples:\n
  kgraph evaluate page.gold.json page.txt\n
  kgraph evaluate gold/ pages/ --json"""


def register(app: typer.Typer) -> None:
    app.command(epilog=_EPILOG)(evaluate)


def evaluate(
    gold: Annotated[Path, typer.Argument(metavar="GOLD.json", help="An annotated page, or a folder of them.")],
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="The page itself, or the folder they are in, by their names.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Read a page and score what was found against its annotation: precision, recall and F1, or a share."""
    chosen = settings()
    asked = pairs(gold, source)
    figures = score(asked, Pipeline.standard(chosen)).figures()
    if as_json:
        sys.stdout.write(json.dumps(figures if gold.is_dir() else figures[gold.stem], ensure_ascii=False) + "\n")
        return
    for number, (name, page) in enumerate(figures.items()):
        if len(figures) > 1:
            sys.stdout.write(f"{'' if number == 0 else chr(10)}{name}\n")
        _print(page)


def _print(figures: Figures) -> None:
    rows = []
    for name, value in figures.items():
        if isinstance(value, dict) and "f1" in value:
            rows.append(
                (name, f"{value['p']:.3f}", f"{value['r']:.3f}", f"{value['f1']:.3f}", *(str(value[c]) for c in _COUNTS))
            )
        elif isinstance(value, dict):
            rows.extend(
                (f"{name} {part}", "", "", f"{share:.3f}" if part != "extra" else str(share)) for part, share in value.items()
            )
        else:
            rows.append((name, "", "", f"{value:.3f}"))
    columns = ("figure", "precision", "recall", "f1 or share", "right", "wrong", "missing")
    print_table(columns, [(*row, *[""] * (len(columns) - len(row))) for row in rows], right=columns[1:])


_COUNTS = ("tp", "fp", "fn")
