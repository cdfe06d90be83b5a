"""`kgraph dump`: write the graph out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from kgraph import media
from kgraph.cli.console import StoreOption, settings, talk
from kgraph.errors import Misuse
from kgraph.store import open_store

Form = Literal["turtle", "trig", "ntriples", "nquads", "jsonld", "rdfxml"]

_EPILOG = """Examples:\n
  kgraph dump > graph.ttl\n
  kgraph dump --format nquads --out graph.nq\n
  kgraph dump --graph http://localhost:8000/doc/my-page --format jsonld"""


def register(app: typer.Typer) -> None:
    app.command(epilog=_EPILOG)(dump)


def dump(
    store: StoreOption = None,
    graph: Annotated[str | None, typer.Option(metavar="IRI", help="Only this named graph.")] = None,
    format: Annotated[Form, typer.Option(help="trig and nquads keep graphs apart.")] = "turtle",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write, at once when whole.")] = None,
) -> None:
    """Write the graph, or one document's, as RDF."""
    media_type = media.named(format).media_type
    with open_store(settings(store=store).store) as opened:
        if out is None:
            sys.stdout.flush()
            opened.dump(sys.stdout.buffer, media_type=media_type, graph=graph)
            sys.stdout.buffer.flush()
            return
        part = out.with_name(f"{out.name}.part")
        try:
            with part.open("wb") as file:
                opened.dump(file, media_type=media_type, graph=graph)
            part.replace(out)
        except FileNotFoundError as error:
            raise Misuse(f"the folder of {out} does not exist") from error
        finally:
            part.unlink(missing_ok=True)
    talk().print(f"wrote {out} ({out.stat().st_size:,} bytes)")
