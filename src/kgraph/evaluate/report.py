"""Gold files and the pages they annotate, scored one by one and together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

from rdflib import Graph

from kgraph import readers
from kgraph.errors import Misuse
from kgraph.evaluate.metrics import Figures, Score, compare
from kgraph.evaluate.page import Page, found_page, gold_page
from kgraph.pipeline import Pipeline
from kgraph.rdf import to_triples


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The score of each page by its gold file's name."""

    pages: Mapping[str, Score]

    @property
    def together(self) -> Score:
        """All pages as one: the micro average."""
        return reduce(add, self.pages.values())

    def figures(self) -> dict[str, Figures]:
        """The figures of each page, and of all together under `all pages` where there are several."""
        figures = {name: score.figures() for name, score in self.pages.items()}
        if len(figures) > 1:
            figures["all pages"] = self.together.figures()
        return figures


def evaluate(pairs: Iterable[tuple[Path, Path]], pipeline: Pipeline) -> Evaluation:
    """Runs each source through the pipeline and scores what a store would be given against its gold file.

    Raises:
        Misuse: a gold file that is none.
        Rejected, Quarantined: a source that yields no graph to score.
    """
    return Evaluation({gold.stem: _score(gold_page(gold), page, pipeline) for gold, page in pairs})


def _score(annotated: Page, page: Path, pipeline: Pipeline) -> Score:
    (source,) = readers.sources([page])
    graph = Graph().parse(data=to_triples(pipeline(source).quads), format="nt")
    return compare(found_page(graph), annotated, pipeline.read(source).text)


def pairs(gold: Path, page: Path) -> list[tuple[Path, Path]]:
    """Each gold file with its page: two files as they are; of two folders, each `*.json` of the first with the one page in or
    below the second that has its name.

    Raises:
        Misuse: a path that does not exist, a file with a folder, a gold file without its page or with two.
    """
    for path in (gold, page):
        if not path.exists():
            raise Misuse(f"{path} does not exist")
    if gold.is_dir() != page.is_dir():
        raise Misuse(f"{gold} and {page} do not go together", hint="give a gold file and its page, or two folders")
    if gold.is_file():
        return [(gold, page)]
    return [(annotated, _page_of(annotated, page)) for annotated in sorted(gold.glob("*.json"))]


def _page_of(annotated: Path, folder: Path) -> Path:
    endings = {ending for reader in readers.supported() for ending in reader.endings}
    found = sorted(
        path for path in folder.rglob(f"{annotated.stem}.*") if path.suffix.lower() in endings and not path.samefile(annotated)
    )
    if len(found) != 1:
        what = "no page" if not found else f"{len(found)} pages"
        raise Misuse(
            f"{annotated} has {what} below {folder}", hint=f"one file named {annotated.stem}.txt or the like is wanted"
        )
    return found[0]
