"""What the pages and descriptions ask of the graph: SPARQL goes to a query worker, rows of plain strings come back.

A row leaves out what is unbound. An IRI gets into a query only through `term`, which lets nothing through that could end it.
"""

from __future__ import annotations

import asyncio
import json

from kgraph import media
from kgraph.server import frames
from kgraph.server.pool import Pool
from kgraph.store.quads import is_iri
from kgraph.vocab import PREFIXES

Row = dict[str, str]

PROLOGUE = "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in PREFIXES.items())
_LONG = 1 << 16


def term(iri: str) -> str:
    """The IRI as it stands in a query; raises ValueError where it is none."""
    if not is_iri(iri):
        raise ValueError(f"{iri!r} is no IRI")
    return f"<{iri}>"


class Reading:
    """The questions behind one answer; `snapshots` are those that answered, more than one where it changed meanwhile."""

    def __init__(self, pool: Pool, *, deadline: float) -> None:
        self._pool = pool
        self._deadline = deadline
        self.snapshots: set[str] = set()

    async def rows(self, text: str) -> list[Row]:
        """What a SELECT without a prologue finds."""
        body = await self._ask(("query", PROLOGUE + text, (media.JSON.media_type,), None, None, 0))
        # A long answer is parsed beside the event loop, which goes on in between.
        return _rows(body) if len(body) < _LONG else await asyncio.to_thread(_rows, body)

    async def triples(self, text: str) -> bytes:
        """What a CONSTRUCT without a prologue makes, as N-Triples."""
        return await self._ask(("query", PROLOGUE + text, (media.NTRIPLES.media_type,), None, None, 0))

    async def graph(self, iri: str, form: media.Format) -> bytes:
        """The whole of a named graph."""
        return await self._ask(("dump", form.media_type, iri))

    async def _ask(self, request: frames.QueryRequest | frames.DumpRequest) -> bytes:
        job = self._pool.ask(request, self._deadline)
        try:
            head = await job.head
            self.snapshots.add(head.snapshot)
            return head.body if head.body is not None else b"".join([chunk async for chunk in job.chunks()])
        finally:
            job.close()


def _rows(body: bytes) -> list[Row]:
    found = json.loads(body)["results"]["bindings"]
    return [{name: bound["value"] for name, bound in row.items()} for row in found]
