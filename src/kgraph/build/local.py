"""A build on one machine: child processes read, this process loads."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from time import monotonic

from kgraph import iris, media
from kgraph.build import quarantine
from kgraph.build.report import BuildReport, Failure, FailureKind
from kgraph.build.workers import Lost, run
from kgraph.errors import Quarantined, Rejected
from kgraph.model.text import Source
from kgraph.pipeline import Passed, Pipeline
from kgraph.rdf import Run, run_quads, runs_graph
from kgraph.settings import Settings
from kgraph.store import Store, open_store

COMMIT_SECONDS = 1.0
COMMIT_BYTES = 8_000_000
"""Graphs that wait for a commit are committed when the oldest is so old, or when they are so large together."""

PUBLISH_SECONDS = 10.0
"""How far those who read the store may lag behind a build."""

_MUCH, _LARGE_PART = 10_000, 0.1
"""So many triples, and so large a part of all, are worth bringing the whole store into order."""

Outcome = Passed | Quarantined | Rejected
"""What becomes of a source."""


MakePipeline = Callable[[], Pipeline]


def build(
    sources: Iterable[Source],
    *,
    settings: Settings,
    progress: Callable[[Outcome], None] | None = None,
    make_pipeline: MakePipeline | None = None,
) -> BuildReport:
    """Reads every source, loads what passes the gates, keeps in quarantine what does not, and publishes the result.

    `progress` hears of each source, in their order. `make_pipeline` is called once in each child process, and must pickle;
    without it the pipeline is the standard one.

    Raises:
        StoreError: the store cannot be written to.
        KgraphError: no child process could be started.
    """
    started = monotonic()
    with open_store(settings.store, write=True) as store:
        loading = _Loading(store, settings)
        for outcome in _outcomes(sources, make_pipeline or _standard(settings), settings.jobs):
            loading.take(outcome)
            if progress is not None:
                progress(outcome)
        loading.finish()
    return loading.report(monotonic() - started)


def _standard(settings: Settings) -> MakePipeline:
    return partial(Pipeline.standard, settings)


def _outcomes(sources: Iterable[Source], make_pipeline: MakePipeline, jobs: int) -> Iterator[Outcome]:
    """What the child processes make of each source, in the order of the sources."""
    names = deque[str]()

    def named() -> Iterator[Source]:
        for source in sources:
            names.append(source.name)
            yield source

    for outcome in run(partial(_reading, make_pipeline), named(), jobs=jobs):
        name = names.popleft()
        if isinstance(outcome, Lost):
            yield Rejected(name, f"the process that read it died ({_how(outcome)})", hint="is there memory enough for it?")
        else:
            yield outcome


def _how(lost: Lost) -> str:
    code = lost.exitcode or 0
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _reading(make_pipeline: MakePipeline) -> Callable[[Source], Outcome]:
    """Runs in a child process, once: loads the models."""
    return partial(_read, make_pipeline())


def _read(pipeline: Pipeline, source: Source) -> Outcome:
    try:
        return pipeline(source)
    except (Rejected, Quarantined) as refused:
        return refused
    except Exception as error:  # a defect costs its document, is counted like any rejection, and shows its place
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"kgraph failed on it: {type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        return Rejected(source.name, reason, hint="this is a defect of kgraph: please report it with the document")


class _Loading:
    """What was taken and is not committed yet, and the counts of all that was."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._base = settings.base
        self._quarantine = quarantine.folder(settings)
        self._waiting = dict[str, Passed]()
        self._waiting_bytes = 0
        self._waiting_since = self._published = monotonic()
        self._runs = dict[str, Run]()
        self._people = set[str]()
        self._platforms = set[str]()
        self._documents = self._posts = self._claims = self._triples = 0
        self._failures = list[Failure]()

    def take(self, outcome: Outcome) -> None:
        """Loads what passed, keeps what did not."""
        match outcome:
            case Passed():
                self._load(outcome)
            case Quarantined():
                self._keep("quarantined", outcome)
            case Rejected():
                self._failures.append(Failure(source=outcome.source, kind="rejected", reason=outcome.reason, hint=outcome.hint))
        now = monotonic()
        if self._waiting_bytes >= COMMIT_BYTES or (self._waiting and now - self._waiting_since >= COMMIT_SECONDS):
            self._commit()

    def finish(self) -> None:
        """Commits the rest, and says in the graph of runs what made it and when."""
        self._commit()
        ended = datetime.now(UTC).replace(microsecond=0)
        if self._runs:
            quads = with_earlier_runs(self._store, self._runs.values(), base=self._base, ended=ended)
            self._store.replace(runs_graph(self._base), quads)
        if self._triples >= _MUCH and self._triples >= self._store.count() * _LARGE_PART:
            self._store.compact()

    def report(self, seconds: float) -> BuildReport:
        return BuildReport(
            documents=self._documents,
            posts=self._posts,
            people=len(self._people),
            platforms=len(self._platforms),
            claims=self._claims,
            triples=self._triples,
            seconds=round(seconds, 2),
            failures=tuple(self._failures),
        )

    def _load(self, passed: Passed) -> None:
        if not self._waiting:
            self._waiting_since = monotonic()
        self._waiting[passed.graph] = passed
        self._waiting_bytes += len(passed.quads)
        self._runs |= {run.id: run for run in passed.runs}
        self._people |= passed.people
        self._platforms |= passed.platforms
        self._documents += 1
        self._posts += passed.posts
        self._claims += passed.claims
        self._triples += passed.triples

    def _keep(self, kind: FailureKind, refused: Quarantined) -> None:
        home = quarantine.keep(self._quarantine, refused)
        self._failures.append(Failure(source=refused.source, kind=kind, reason=refused.message, folder=str(home)))

    def _commit(self) -> None:
        self._store.replace_many({graph: passed.quads for graph, passed in self._waiting.items()})
        for passed in self._waiting.values():
            quarantine.clear(self._quarantine, passed.document)
            if passed.refused is not None:
                self._keep("assertions quarantined", passed.refused)
        self._waiting.clear()
        self._waiting_bytes = 0
        if monotonic() - self._published >= PUBLISH_SECONDS:
            self._store.publish()
            self._published = monotonic()


def with_earlier_runs(store: Store, runs: Iterable[Run], *, base: str, ended: datetime) -> bytes:
    """The graph of runs with these in it: documents that were not made anew still point to their own."""
    name = runs_graph(base)
    again = {used.id: used for used in runs}
    lines = set[bytes]()
    if name in store.graphs():
        earlier = BytesIO()
        store.dump(earlier, media_type=media.NQUADS.media_type, graph=name)
        theirs = tuple(f"<{iris.resolve(base, id)}> ".encode() for id in again)
        lines.update(line for line in earlier.getvalue().splitlines() if not line.startswith(theirs))
    for used in again.values():
        lines.update(run_quads(used, base=base, ended=ended).splitlines())
    return b"".join(line + b"\n" for line in sorted(lines))
