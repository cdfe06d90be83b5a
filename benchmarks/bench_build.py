"""Speed and memory of a build against the parser alone, on threads in the Jekyll form, all in one run.

usage: bench_build.py ARCHIVE [--threads N] [--seed S] [--report FILE]

ARCHIVE holds a folder of threads (`../shared/corpora/haacked-threads.tar.xz`); `--threads` takes that many of them at random.

Words are those of the posts' bodies, divided at white space. First, in one process and in turns of 32 documents, so that both
meet the machine in the same state: `nlp.pipe` of the parser's model alone over the bodies, in batches; reading, extraction,
mapping and the evidence gate; the shapes gate and the writing of quads. Then `kgraph.build` into an empty store of its own,
with one and with two reading processes, start-up included; and `nlp.pipe` with two processes for comparison. "cpu" counts
the seconds that processes computed, which other work on the machine disturbs less than the seconds that passed ("wall").

Memory is the resident set of each process, twice a second. Growth is the median of the second half over that of the first, from
a tenth of the run on, when the models are loaded.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import random
import re
import tarfile
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import psutil

from kgraph import readers
from kgraph.build import BuildReport, build
from kgraph.model.text import Source
from kgraph.settings import Settings

TURN = 32


@dataclass
class Clock:
    """Seconds that passed and seconds computed, by this process and those it has waited for."""

    wall: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), computed()
        try:
            yield
        finally:
            self.wall += time.perf_counter() - wall
            self.cpu += computed() - cpu


def computed() -> float:
    times = psutil.Process().cpu_times()
    return times.user + times.system + times.children_user + times.children_system


@dataclass(frozen=True)
class Rate:
    what: str
    words: int
    wall: float
    cpu: float

    def of(self, alone: Rate) -> tuple[float, float]:
        """The share of its speed that this one reaches, by wall and by cpu."""
        return alone.wall / self.wall, alone.cpu / self.cpu


@dataclass(frozen=True)
class Memory:
    process: str
    peak_mb: float
    growth: float


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("archive", type=Path)
    arguments.add_argument("--threads", type=int, metavar="N", help="a sample of so many threads; all without it")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--report", type=Path, metavar="FILE", help="write the figures as JSON")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="kgraph-bench-") as folder:
        threads = unpacked(given.archive, Path(folder))
        if given.threads is not None and given.threads < len(threads):
            threads = sorted(random.Random(given.seed).sample(threads, given.threads))
        figures = run(threads, Path(folder))
    if given.report is not None:
        given.report.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def unpacked(archive: Path, folder: Path) -> list[Path]:
    """The folders of threads in an archive."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "pages", filter="data")
    return sorted(path.parent for path in (folder / "pages").rglob("comments") if path.is_dir())


def run(threads: Sequence[Path], folder: Path) -> dict[str, object]:
    words, alone, gated, passed = in_child(stages, threads)
    print(f"{len(threads)} threads, {words:,} words\n")
    print(f"{'':52} {'words/s wall':>12} {'cpu':>7} {'of alone: wall':>15} {'cpu':>5}")
    rates = [Rate("nlp.pipe alone, one process", words, alone.wall, alone.cpu)]
    show(rates[0], rates[0])
    for what, clock in (
        ("reading, extraction, mapping, evidence gate", gated),
        ("the same with shapes gate and quads", passed),
    ):
        rates.append(Rate(what, words, clock.wall, clock.cpu))
        show(rates[-1], rates[0])
    pair = in_child(alone_by_two, threads)
    outcomes: list[BuildReport] = []
    memory: list[Memory] = []
    for jobs in (1, 2):
        clock, report, measured = in_child(built, threads, folder / f"store-{jobs}", jobs)
        rates.append(Rate(f"kgraph build --jobs {jobs}, start and store included", words, clock.wall, clock.cpu))
        show(rates[-1], rates[0])
        outcomes.append(report)
        memory += measured
    rates.append(Rate("nlp.pipe alone, n_process=2, start included", words, pair.wall, pair.cpu))
    show(rates[-1], rates[0])
    print(f"\n{'process':40} {'peak MB':>8} {'growth':>7}")
    for one in memory:
        print(f"{one.process:40} {one.peak_mb:8.0f} {one.growth:7.3f}")
    print()
    for jobs, report in zip((1, 2), outcomes, strict=True):
        print(
            f"--jobs {jobs}: {report.documents} loaded, {report.quarantined} quarantined, {report.rejected} rejected, ", end=""
        )
        print(f"{report.posts:,} posts, {report.claims:,} claims, {report.triples:,} triples")
    reasons = Counter(f"{failure.kind}: {reason_of(failure.reason)}" for failure in outcomes[0].failures)
    for reason, times in reasons.most_common():
        print(f"{times:6} {reason}")
    return {
        "threads": len(threads),
        "rates": [asdict(rate) for rate in rates],
        "memory": [asdict(one) for one in memory],
        "loaded": [report.documents for report in outcomes],
        "reasons": dict(reasons),
    }


def show(rate: Rate, alone: Rate) -> None:
    wall, cpu = rate.of(alone)
    print(f"{rate.what:52} {rate.words / rate.wall:12,.0f} {rate.words / rate.cpu:7,.0f} {wall:15.2f} {cpu:5.2f}", flush=True)


def reason_of(message: str) -> str:
    """A message without what is particular to one document."""
    return re.sub(r"\d+", "N", message.splitlines()[0])[:100]


def in_child(do, *arguments):
    """What a function gives in a fresh process, so that no measure finds another's memory or caches."""
    with multiprocessing.get_context("spawn").Pool(1, initializer=undaemoned) as pool:
        return pool.apply(do, arguments)


def undaemoned() -> None:
    """A daemon may not start processes, and a build starts some."""
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]


def bodies(documents) -> list[str]:
    return [document.words(post.span) for document in documents for post in document]


def stages(threads: Sequence[Path]) -> tuple[int, Clock, Clock, Clock]:
    import spacy

    from kgraph.extract.parse import MODEL
    from kgraph.pipeline import Pipeline
    from kgraph.rdf import to_quads
    from kgraph.validate import check_evidence

    pipeline = Pipeline.standard(Settings())
    nlp = spacy.load(MODEL)
    pipeline(warm_up())
    nlp("One text, to warm up.")
    gc.collect()
    gc.freeze()  # what is loaded by now slows neither
    words = 0
    alone, gated, passed = Clock(), Clock(), Clock()
    sources = iter(readers.sources(threads))
    for turn, some in enumerate(iter(lambda: list(islice(sources, TURN)), [])):
        texts = bodies(map(pipeline.read, some))
        words += sum(len(text.split()) for text in texts)

        def by_itself(texts=texts) -> None:
            gc.enable()
            with alone.running(), nlp.memory_zone():
                for _ in nlp.pipe(texts, batch_size=64):
                    pass

        def by_kgraph(some=some) -> None:
            gc.disable()  # as a reading process of a build does, which collects between documents
            for source in some:
                with passed.running():
                    with gated.running():
                        gc.collect()
                        document = pipeline.read(source)
                        graph = pipeline.map(pipeline.extract(document))
                        assert check_evidence(graph, document.text).conforms
                    pipeline.check_shapes(graph)
                    to_quads(graph, name="http://localhost:8000/")

        for do in (by_itself, by_kgraph) if turn % 2 else (by_kgraph, by_itself):
            do()
    return words, alone, gated, passed


def warm_up() -> Source:
    text = b"A Page\nby Ada Marsh\n\nRadio is older than television, and I like it better.\n\nComments\n\nBen says:\nSo do I.\n"
    return Source("doc/a-page", "a-page.txt", "text/plain", text)


def alone_by_two(threads: Sequence[Path]) -> Clock:
    import spacy

    from kgraph.extract.parse import MODEL

    texts = bodies(readers.read(source, max_bytes=10**9) for source in readers.sources(threads))
    nlp = spacy.load(MODEL)
    clock = Clock()
    with clock.running():
        for _ in nlp.pipe(texts, batch_size=64, n_process=2):
            pass
    return clock


def built(threads: Sequence[Path], store: Path, jobs: int) -> tuple[Clock, BuildReport, list[Memory]]:
    clock = Clock()
    with resident() as sizes, clock.running():
        report = build(readers.sources(threads), settings=Settings(store=str(store), jobs=jobs))
    memory = []
    for number, series in enumerate(sizes.values()):
        steady = series[len(series) // 10 :]
        half = len(steady) // 2
        growth = median(steady[half:]) / median(steady[: half or 1])
        name = f"--jobs {jobs}: {f'reader {number}' if number else 'loader'}"
        memory.append(Memory(name, max(series) / 1e6, round(growth, 3)))
    return clock, report, memory


@contextmanager
def resident() -> Iterator[dict[int, list[int]]]:
    """The resident sets of this process and of those it starts, in bytes, by process id, this one's first."""
    sizes: dict[int, list[int]] = {}
    over = threading.Event()

    def watch() -> None:
        this = psutil.Process()
        while not over.wait(0.5):
            for process in (this, *this.children(recursive=True)):
                try:
                    if process is this or "resource_tracker" not in " ".join(process.cmdline()):
                        sizes.setdefault(process.pid, []).append(process.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield sizes
    finally:
        over.set()
        watcher.join()


if __name__ == "__main__":
    main()
