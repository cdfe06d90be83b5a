"""Prints how well people are found in the WNUT-17 development split: F1 over exact spans, spaCy's own beside ours.

Usage: python benchmarks/wnut.py [PATH/emerging.dev.conll]      (default: ../shared/corpora/wnut17/emerging.dev.conll)

The corpus is tokenised; each text is put together again as people write it (no space before a full stop, `don't` in one
piece), and spans are compared by code points.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

DEFAULT = Path(__file__).parents[2] / "shared" / "corpora" / "wnut17" / "emerging.dev.conll"

_NO_SPACE_BEFORE = frozenset(".,!?;:%)]}…")
_APOSTROPHES = frozenset("'’´`")
_AFTER_APOSTROPHE = frozenset(["s", "ve", "re", "m", "ll", "d", "t"])

Text = tuple[str, list[tuple[int, int]]]


def read_persons(path: Path) -> list[Text]:
    """Each text of a CoNLL file with the spans of its persons."""
    return list(_texts(path.read_text(encoding="utf-8").splitlines()))


def _texts(lines: Iterable[str]) -> Iterator[Text]:
    words: list[tuple[str, str]] = []
    for line in [*lines, ""]:
        if line.strip():
            word, label = line.split("\t")[:2]
            words.append((word, label))
        elif words:
            yield _put_together(words)
            words = []


def _put_together(words: list[tuple[str, str]]) -> Text:
    text = ""
    spans: list[list[int]] = []
    open_span = glued = False
    for at, (word, label) in enumerate(words):
        before = words[at - 1][0] if at else ""
        after = words[at + 1][0] if at + 1 < len(words) else ""
        contraction = word in _APOSTROPHES and before[-1:].isalpha() and after.lower() in _AFTER_APOSTROPHE
        if text and not (glued or contraction or word in _NO_SPACE_BEFORE):
            text += " "
        glued = contraction
        start = len(text)
        text += word
        if label == "B-person":
            spans.append([start, len(text)])
            open_span = True
        elif label == "I-person" and open_span:
            spans[-1][1] = len(text)
        else:
            open_span = False
    return text, [(start, end) for start, end in spans]


def _f1(right: int, found: int, gold: int) -> str:
    precision, recall = right / found if found else 0.0, right / gold if gold else 0.0
    return f"P {precision:.3f}  R {recall:.3f}  F1 {2 * right / (found + gold) if found + gold else 0.0:.3f}"


def main(path: Path = DEFAULT) -> None:
    from kgraph.extract.parse import model
    from kgraph.extract.people import names_of_people

    texts = read_persons(path)
    spacy_right = spacy_found = right = found = gold = 0
    for parse, (_, spans) in zip(model().pipe([text for text, _ in texts], batch_size=128), texts, strict=True):
        expected = set(spans)
        theirs = {(entity.start_char, entity.end_char) for entity in parse.ents if entity.label_ == "PERSON"}
        ours = {(name.tokens.start_char, name.tokens.end_char) for name in names_of_people(parse)}
        spacy_right, spacy_found = spacy_right + len(theirs & expected), spacy_found + len(theirs)
        right, found, gold = right + len(ours & expected), found + len(ours), gold + len(expected)
    print(f"WNUT-17 {path.name}, persons, exact spans, {gold} gold")
    print(f"  spaCy alone  {_f1(spacy_right, spacy_found, gold)}")
    print(f"  kgraph       {_f1(right, found, gold)}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
