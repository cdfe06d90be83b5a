"""`kgraph serve`: the SPARQL endpoint and its pages."""

from __future__ import annotations

from typing import Annotated

import typer

from kgraph.cli.console import StoreOption, settings

_EPILOG = """Examples:\n
  kgraph serve\n
  kgraph serve --store other-data --port 8080 --workers 4\n
  kgraph serve --limits "deadline=10 per_client=20"\n
While it runs, a build into the same store shows as soon as it publishes."""


def register(app: typer.Typer) -> None:
    app.command(epilog=_EPILOG)(serve)


def serve(
    store: StoreOption = None,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0 for any that is free.")] = 8000,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Processes that answer queries.")] = 2,
    limits: Annotated[
        str | None,
        typer.Option(metavar="NAME=VALUE…", help="What a request may cost, where it is not the default. From KGRAPH_LIMITS."),
    ] = None,
) -> None:
    """Serve the graph that is in the store: SPARQL, dumps and pages for people. Builds nothing."""
    from kgraph.server.access import Access
    from kgraph.server.app import serve as serve_graph  # the web framework takes its time to load
    from kgraph.server.limits import Limits

    chosen = settings(store=store, limits=limits)
    serve_graph(
        chosen.store,
        host=host,
        port=port,
        workers=workers,
        limits=Limits.of(chosen.limits),
        access=Access.of(chosen),
        access_log=chosen.access_log,
    )
