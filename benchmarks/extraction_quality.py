"""Scores the annotated pages and writes docs/reference/extraction-quality.md and .json.

usage: extraction_quality.py GOLD_FOLDER PAGES_FOLDER          (`make evaluate`)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kgraph.evaluate import Figures, evaluate, pairs
from kgraph.pipeline import Pipeline
from kgraph.settings import Settings

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"

HEAD = """# Extraction quality

What `kgraph evaluate` gives on the annotated pages, from their raw text, one by one and together (micro average): F1 for
what is found, a share for what is right of it. The definitions stand in the annotation guidelines beside the pages, which
are not part of this repository. `make evaluate` writes this table anew, and a test fails when a figure of all pages drops by
more than 0.01.

"""


def main(gold: str, pages: str) -> None:
    pipeline = Pipeline.standard(Settings())
    figures = evaluate(pairs(Path(gold), Path(pages)), pipeline).figures()
    (REFERENCE / "extraction-quality.json").write_text(
        json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (REFERENCE / "extraction-quality.md").write_text(HEAD + table(figures), encoding="utf-8")
    sys.stdout.write(table(figures))


def table(figures: dict[str, Figures]) -> str:
    flat = {page: flattened(of_page) for page, of_page in figures.items()}
    names = list(dict.fromkeys(name for of_page in flat.values() for name in of_page))
    lines = [["figure", *flat], ["---", *["--:"] * len(flat)]]
    lines += [[name, *(f"{of_page[name]:.3f}" if name in of_page else "" for of_page in flat.values())] for name in names]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def flattened(figures: Figures) -> dict[str, float]:
    """One number a figure: the F1 or the share."""
    flat = dict[str, float]()
    for name, value in figures.items():
        if not isinstance(value, dict):
            flat[name] = value
        elif "f1" in value:
            flat[f"{name} F1"] = value["f1"]
        else:
            flat |= {f"{name} {part}": share for part, share in value.items() if part != "extra"}
    return flat


if __name__ == "__main__":
    main(*sys.argv[1:])
