"""Puts the server together: one FastAPI application whose `/sparql` and dumps are raw ASGI, and the program around it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from time import perf_counter

import uvicorn
from fastapi import FastAPI, Response
from starlette.routing import Route

from kgraph import __version__
from kgraph.errors import Misuse
from kgraph.server import addresses, assets, ontology, openapi, query_page, reconcile, review, search, void
from kgraph.server.access import Access
from kgraph.server.asgi import Receive, Scope, Send
from kgraph.server.clients import Clients
from kgraph.server.connections import guarded
from kgraph.server.dumps import PATHS, Dumps
from kgraph.server.entities import Entities
from kgraph.server.graphs import PATH as GRAPH_STORE
from kgraph.server.graphs import Beside, Graphs
from kgraph.server.indexing import Indexing
from kgraph.server.limits import Limits
from kgraph.server.observing import Observing, Sent
from kgraph.server.pages import Pages
from kgraph.server.pool import Pool
from kgraph.server.repeats import Repeats
from kgraph.server.representations import Made, explain
from kgraph.server.responses import Problem
from kgraph.server.sparql import Sparql
from kgraph.server.writing import Writer
from kgraph.store.oxigraph import OxigraphStore

_GRACE = 10


class Application(FastAPI):
    """FastAPI, with raw ASGI applications in front of its own middleware and routes."""

    raw: dict[str, Callable[[Scope, Receive, Send], Awaitable[None]]]
    pools: list[Pool]
    clients: Clients
    observing: Observing
    repeats: Repeats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        began = perf_counter()
        sent = Sent(send)
        try:
            await self._answer(scope, receive, sent)
        finally:
            self.observing.add(scope, sent, perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = self.raw.get(scope["path"])
        client = self.clients.enter(scope)
        if client is None:
            await self.clients.refuse(scope, send)
            return
        try:
            await (raw(scope, receive, send) if raw is not None else super().__call__(scope, receive, send))
        finally:
            self.clients.leave(client)


def create_app(
    root: Path, *, workers: int = 2, limits: Limits | None = None, access: Access | None = None, access_log: bool = False
) -> Application:
    """The application over the store in this folder; its processes start and stop with its lifespan."""
    limits = limits or Limits()
    access = access or Access()
    pool = Pool(root, size=workers, limits=limits)
    indexing = Indexing(pool)
    pages = Pages(pool)
    dumps = Dumps(pool, limits)

    pools = [pool]
    if access.services:
        pools.append(Pool(root, size=1, limits=limits, services=access.services))
    writer = Writer(pools, limits, union=access.union) if access.write_token else None
    graphs = Graphs(pool, limits, access, writer)
    sparql = Sparql(pool, limits, pages, access, writer, asking=pools[-1] if access.services else None)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as running:
            running.callback(app.observing.close)
            if writer is not None:
                await writer.start()
                running.push_async_callback(writer.stop)
            for one in pools:
                await one.start()
                running.push_async_callback(one.stop)
            indexing.start()
            running.push_async_callback(indexing.stop)
            yield

    app = Application(title="kgraph", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.pools = pools
    app.repeats = sparql.repeats
    app.clients = Clients(limits.per_client)
    app.raw = {
        "/": pages,
        **dict.fromkeys(("/sparql", "/update"), sparql),
        GRAPH_STORE: graphs,
        **dict.fromkeys(PATHS, dumps),
        **query_page.routes(),
        **assets.all(),
    }
    app.raw |= reconcile.routes(pool, limits)
    made = Made(pool, limits)
    entities = Entities(pool, limits, dumps, made)
    app.raw |= dict.fromkeys(ontology.ROUTES, ontology.Ontology(made))
    app.raw |= dict.fromkeys(void.ROUTES, void.Void(made, dumps, entities))
    app.raw[search.PATH] = search.Search(pool, made, entities.bases)
    app.raw[review.PATH] = review.Review(pool, limits, access, entities.bases)
    caches = {"sparql": sparql.cache, "pages": made.cache}
    routes = (*app.raw, "/metrics", "/health", "/ready", "/openapi.json")
    app.observing = app.raw["/metrics"] = Observing(pool, caches=caches, routes=routes, log=access_log)
    for path in addresses.ROUTES:
        app.router.routes.append(Route(path, Beside(entities, graphs), include_in_schema=False))
    app.router.routes.append(Route(f"{GRAPH_STORE}/{{rest:path}}", graphs, include_in_schema=False))
    app.router.default = _nowhere
    _add_routes(app, pool)
    openapi.describe(app)
    return app


async def _nowhere(scope: Scope, _receive: Receive, send: Send) -> None:
    await explain(scope, send, Problem(HTTPStatus.NOT_FOUND, f"there is nothing at {scope['path']}"))


def _add_routes(app: FastAPI, pool: Pool) -> None:
    @app.get("/health")
    async def health() -> dict[str, str]:
        """Answers as long as the process does."""
        return {"status": "ok", "version": __version__}

    @app.get("/ready")
    async def ready(response: Response) -> dict[str, str]:
        """Whether queries would be answered, and from which snapshot; 503 if not."""
        response.status_code = 200 if pool.ready else 503
        return {"status": "ready" if pool.ready else "not ready", "snapshot": pool.snapshot}


def serve(
    root: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 2,
    limits: Limits | None = None,
    access: Access | None = None,
    access_log: bool = False,
) -> None:
    """Serves the store until it is told to stop (SIGINT, SIGTERM), then finishes what it is at.

    Says on stderr what to open, once it listens. Raises Misuse where it cannot listen there, StoreError where the folder holds
    no graph and none can be written, StoreLocked where one can and another process writes.
    """
    if str(root).startswith(("http://", "https://")):
        raise Misuse(f"{root} is served by its own server", hint="`kgraph serve` takes a folder that `kgraph build` made")
    access = access or Access()
    _prepare(Path(root), access)
    limits = limits or Limits()
    _raise_file_limit(4 * limits.connections)
    listening = _listen(host, port)
    with listening:
        name, port = listening.getsockname()[:2]
        at = f"[{name}]" if ":" in name else name
        app = create_app(Path(root), workers=workers, limits=limits, access=access, access_log=access_log)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            http=guarded(limits, app.repeats, app.observing.add_repeat),
            timeout_keep_alive=int(limits.patience),
            timeout_graceful_shutdown=_GRACE,
        )
        gc.collect()
        gc.freeze()  # what was imported is never garbage: a look through it would hold up every request
        print(f"kgraph serves {root}: open http://{at}:{port}/", file=sys.stderr, flush=True)
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again once it has stopped
            _Server(config, app).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Uvicorn's server, which as it stops tells those who still wait that it does, before it would cancel their requests."""

    def __init__(self, config: uvicorn.Config, app: Application) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        ends = [loop.call_later(_GRACE - 2, self._end_queries), loop.call_later(_GRACE - 1, self._break_off)]
        await super().shutdown(sockets)
        for end in ends:
            end.cancel()

    def _end_queries(self) -> None:
        for pool in self._app.pools:
            pool.end()

    def _break_off(self) -> None:
        """Leaves the clients that are slow to take their answers."""
        for connection in list(self.server_state.connections):
            if connection.transport.get_write_buffer_size():
                connection.transport.abort()


def _prepare(root: Path, access: Access) -> None:
    """Sees that the store can be served as it should be: there is a graph, and its unnamed graph is what it is said to be."""
    if not access.write_token:
        with OxigraphStore(root, write=False) as store:
            if access.union in (None, store.union):
                return
    OxigraphStore(root, write=True, union=access.union).close()


def _raise_file_limit(wanted: int) -> None:
    """Connections and spooled answers take a descriptor each; many systems allow 1024 unless asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(1024)
    except OSError as error:
        raise Misuse(f"cannot listen on {host}:{port}: {error.strerror}", hint="choose another --host or --port") from error
    return listening
