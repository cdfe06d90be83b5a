"""Writes src/kgraph/extract/data/valence.tsv from the VADER lexicon (PyPI vaderSentiment, MIT).

Usage: pip install vaderSentiment==3.3.2 && python tools/make_valence.py

Kept are plain words whose mean rating is at least one away from neutral, on VADER's scale from -4 to 4.
"""

from importlib.resources import files
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src/kgraph/extract/data/valence.tsv"


def main() -> None:
    rows = (
        line.split("\t")[:2] for line in files("vaderSentiment").joinpath("vader_lexicon.txt").read_text("utf-8").splitlines()
    )
    kept = sorted((word, float(mean)) for word, mean in rows if word.isalpha() and word.islower() and abs(float(mean)) >= 1.0)
    TARGET.write_text("".join(f"{word}\t{mean:g}\n" for word, mean in kept), encoding="utf-8")


if __name__ == "__main__":
    main()
