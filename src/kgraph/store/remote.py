"""A store behind HTTP: the SPARQL 1.1 Protocol for asking, the Graph Store HTTP Protocol for writing.

A server's services are found at `{url}/query` and `{url}/store`, as Oxigraph has them; for others both addresses are given,
with a space between: `http://host/ds/sparql http://host/ds/data`. Which graph a query sees by default is for the server to
say; those that know the parameter `union-default-graph` (Oxigraph) are asked for the union.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Self

import httpx
import pyoxigraph as ox

from kgraph import media
from kgraph.errors import BadQuery, NotAcceptable, QueryTimeout, StoreError, StoreUnreachable
from kgraph.store import Answer
from kgraph.store import quads as terms
from kgraph.store.sparql import SEARCH, bad_query, has_dataset, refuse_fetching

_ANYTHING = ", ".join(
    [media.JSON.media_type, media.TURTLE.media_type]
    + [f"{form.media_type};q=0.5" for form in media.FORMATS if form not in (media.JSON, media.TURTLE)]
)
_UNION = "{ SELECT DISTINCT ?s ?p ?o WHERE { GRAPH ?g { ?s ?p ?o } } }"


class RemoteStore:
    """A `Store` on a SPARQL 1.1 server; `timeout` is in seconds, for connecting and between two pieces of an answer."""

    def __init__(self, queries: str, graphs: str, *, timeout: float = 60.0) -> None:
        self._queries = queries
        self._graphs = graphs
        self._client = httpx.Client(timeout=timeout)

    @classmethod
    def at(cls, where: str) -> Self:
        """The store at this URL, or at these two; raises StoreUnreachable where nothing answers."""
        first, _, second = where.partition(" ")
        root = first.rstrip("/")
        store = cls(first, second.strip()) if second else cls(f"{root}/query", f"{root}/store")
        try:
            store.query("ASK { }").read()
        except BaseException:
            store.close()
            raise
        return store

    def replace(self, graph: str, quads: bytes) -> None:
        triples = terms.triples(terms.parse(graph, quads))
        if not triples:
            self.remove(graph)
            return
        with self._answering():
            _check(
                self._client.put(
                    self._graphs, params={"graph": graph}, content=triples, headers={"Content-Type": media.NTRIPLES.media_type}
                )
            )

    def replace_many(self, graphs: Mapping[str, bytes]) -> None:
        for graph, quads in graphs.items():
            self.replace(graph, quads)

    def remove(self, graph: str) -> None:
        with self._answering():
            response = self._client.delete(self._graphs, params={"graph": graph})
            if response.status_code != httpx.codes.NOT_FOUND:
                _check(response)

    def publish(self) -> None:
        """Nothing to do: what a server has committed, everybody sees."""

    def compact(self) -> None:
        """Nothing to do: a server does so as it sees fit."""

    def graphs(self) -> list[str]:
        return sorted(row["g"].value for row in self._solutions("SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }"))

    def count(self) -> int:
        return int(next(self._solutions(f"SELECT (COUNT(*) AS ?n) WHERE {_UNION}"))["n"].value)

    def query(
        self,
        text: str,
        *,
        media_type: str | Sequence[str] | None = None,
        default_graphs: Sequence[str] | None = None,
        named_graphs: Sequence[str] | None = None,
        base: str | None = None,
    ) -> Answer:
        refuse_fetching(text)
        if SEARCH in text:
            raise BadQuery("a remote store has no search index: GRAPH kgs:index cannot be asked of it")
        accepted = (media_type,) if isinstance(media_type, str) else media_type
        accept = _ANYTHING if accepted is None else _by_preference(accepted)
        params: list[tuple[str, str | int | float | bool | None]]
        params = [("default-graph-uri", graph) for graph in default_graphs or ()]
        params += [("named-graph-uri", graph) for graph in named_graphs or ()]
        if not params and not has_dataset(text):
            params = [("union-default-graph", "true")]
        request = self._client.build_request(
            "POST",
            self._queries,
            params=params,
            content=(f"BASE <{base}>\n{text}" if base else text).encode(),
            headers={"Content-Type": "application/sparql-query", "Accept": accept},
        )
        with self._answering():
            response = self._client.send(request, stream=True)
            if response.is_error:
                response.read()
        try:
            _check(response)
            form = media.named(response.headers.get("Content-Type", ""))
        except BaseException:
            response.close()
            raise

        def write_to(out: BinaryIO) -> None:
            try:
                with self._answering():
                    for chunk in response.iter_bytes():
                        out.write(chunk)
            finally:
                response.close()

        return Answer(form, write_to)

    def dump(self, out: BinaryIO, *, media_type: str, graph: str | None = None) -> None:
        form = media.named(media_type)
        if form.kind is not media.Kind.RDF:
            raise NotAcceptable(f"a graph cannot be written as {form.media_type}")
        if form.datasets:
            from kgraph.vocab import PREFIXES  # noqa: PLC0415  (imports rdflib, which only dumps with prefixes need)

            names = [graph] if graph is not None else self.graphs()
            quads = (
                ox.Quad(triple.subject, triple.predicate, triple.object, ox.NamedNode(name))
                for name in names
                for triple in ox.parse(self._get(name, media.NTRIPLES).content, ox.RdfFormat.N_TRIPLES)
            )
            ox.serialize(quads, out, ox.RdfFormat.from_media_type(form.media_type), prefixes=PREFIXES)
        elif graph is not None:
            out.write(self._get(graph, form).content)
        else:
            self.query(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {_UNION}", media_type=form.media_type).write_to(out)

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _get(self, graph: str, form: media.Format) -> httpx.Response:
        with self._answering():
            response = self._client.get(self._graphs, params={"graph": graph}, headers={"Accept": form.media_type})
            if response.status_code == httpx.codes.NOT_FOUND:
                raise StoreError(f"there is no graph {graph}", hint="`kgraph query documents` lists them")
            _check(response)
        return response

    def _solutions(self, text: str) -> Iterator[ox.QuerySolution]:
        answer = self.query(text, media_type=media.JSON.media_type).read()
        solutions = ox.parse_query_results(answer, ox.QueryResultsFormat.JSON)
        assert isinstance(solutions, ox.QuerySolutions)
        return iter(solutions)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Foreign exceptions stop here."""
        try:
            yield
        except httpx.TimeoutException as error:
            raise QueryTimeout(f"{self._queries} did not answer in time") from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise StoreUnreachable(f"{self._queries} does not answer: {error}", hint="is the server running there?") from error


def _check(response: httpx.Response) -> None:
    """Raises what the status means."""
    if response.is_success:
        return
    words = response.text.strip()
    if response.status_code == httpx.codes.BAD_REQUEST:
        raise bad_query(words or "the server calls this a bad request")
    if response.status_code == httpx.codes.NOT_ACCEPTABLE:
        raise NotAcceptable(words or "the server can write this answer in none of the forms that were asked for")
    raise StoreError(f"{response.url} answered {response.status_code}: {words[:500]}")


def _by_preference(media_types: Sequence[str]) -> str:
    """An Accept header in which an earlier type has the higher q."""
    return ", ".join(f"{media_type};q={1 - place / 100:.2f}" for place, media_type in enumerate(media_types[:99]))
