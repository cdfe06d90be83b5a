"""`kgraph validate`: hold RDF against the shapes."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer
from rdflib import Dataset, Graph

from kgraph import media
from kgraph.cli.console import FAILED, StoreOption, settings, talk
from kgraph.errors import Misuse
from kgraph.store import open_store
from kgraph.validate import ShapesGate

_EPILOG = """Examples:\n
  kgraph validate                             every graph of the store\n
  kgraph validate graph.ttl --shapes my-shapes/\n
  kgraph validate kgraph-data/quarantine/my-page/graph.nq"""


def register(app: typer.Typer) -> None:
    app.command(epilog=_EPILOG)(validate)


def validate(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE", help="RDF files; without any, the store.")] = None,
    store: StoreOption = None,
    shapes: Annotated[Path | None, typer.Option(metavar="DIR", help="Shapes to use in place of kgraph's own.")] = None,
) -> None:
    """Check graphs against the SHACL shapes and print what is to be mended."""
    if shapes is not None and not shapes.is_dir():
        raise Misuse(f"there is no folder {shapes}")
    gate = ShapesGate(shapes)
    checked = bad = 0
    for name, graph in _of_files(files) if files else _of_store(settings(store=store).store):
        report = gate.check(graph)
        checked += 1
        if report.findings:
            sys.stdout.write(f"{name}\n\n{report.as_text()}")
        bad += not report.conforms
    talk().print(f"{checked} graph{'' if checked == 1 else 's'} checked, {bad or 'none'} with violations")
    if bad:
        raise typer.Exit(FAILED)


def _of_files(files: list[Path]) -> Iterator[tuple[str, Graph]]:
    for path in files:
        form = next((form for form in media.RDF if f".{form.suffix}" == path.suffix.lower()), None)
        if not path.is_file():
            raise Misuse(f"there is no file {path}")
        if form is None:
            raise Misuse(f"{path} ends in none of " + ", ".join(f".{form.suffix}" for form in media.RDF))
        yield str(path), _parsed(str(path), path.read_bytes(), form)


def _of_store(where: str) -> Iterator[tuple[str, Graph]]:
    with open_store(where) as opened:
        for name in opened.graphs():
            triples = BytesIO()
            opened.dump(triples, media_type=media.NTRIPLES.media_type, graph=name)
            yield name, _parsed(name, triples.getvalue(), media.NTRIPLES)


def _parsed(name: str, content: bytes, form: media.Format) -> Graph:
    """The triples, whatever graphs they are in."""
    graph = Graph(bind_namespaces="none")
    try:
        if form.datasets:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's parser uses what rdflib deprecates
                named = Dataset().parse(data=content, format=form.media_type)
            for subject, predicate, object, _ in named.quads():
                graph.add((subject, predicate, object))
        else:
            graph.parse(data=content, format=form.media_type)
    except Exception as error:  # rdflib's parsers share no error of their own
        raise Misuse(f"{name} is not {form.name}: {error}") from error
    return graph
