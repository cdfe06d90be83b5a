"""`kgraph enrich`: what open-data graphs say of the things that are linked."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from kgraph.cli.console import StoreOption, print_table, settings
from kgraph.errors import Misuse

_EPILOG = """Examples:\n
  kgraph enrich --endpoint https://query.wikidata.org/sparql\n
  kgraph enrich --dump latest-slice.json.bz2\n
  kgraph enrich --endpoint https://dbpedia.org/sparql --licence https://creativecommons.org/licenses/by-sa/3.0/"""

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"


def register(app: typer.Typer) -> None:
    app.command(epilog=_EPILOG)(enrich)


def enrich(
    endpoint: Annotated[str | None, typer.Option(metavar="URL", help="A SPARQL endpoint to ask.")] = None,
    dump: Annotated[Path | None, typer.Option(metavar="FILE", help="A slice of a Wikidata dump (.json, .gz or .bz2).")] = None,
    licence: Annotated[str, typer.Option(metavar="IRI", help="The licence of what it says.")] = CC0,
    store: StoreOption = None,
) -> None:
    """Bring label, description, image, founding date and home page of linked things into a graph of their own.

    Nothing is asked unless you name the endpoint. The graph has its source, its licence and the run that made it.
    """
    from kgraph.build.enrich import enrich as enriching
    from kgraph.link import facts

    if (endpoint is None) == (dump is None):
        raise Misuse("what to ask?", hint="give either --endpoint URL or --dump FILE")
    if not licence.startswith(("http://", "https://")):
        raise Misuse(f"the licence {licence!r} is no IRI", hint=f"for example {CC0}")
    if endpoint is not None:
        if not endpoint.startswith(("http://", "https://")):
            raise Misuse(f"{endpoint!r} is no http(s) URL")
        source, asked = endpoint, partial(facts.of_endpoint, endpoint)
    else:
        assert dump is not None
        if not dump.is_file():
            raise Misuse(f"there is no file {dump}")
        source, asked = dump.name, partial(facts.of_dump, dump)
    made = enriching(settings(store=store), asked, source=source, licence=licence)
    figures = {"linked things": made.things, "found": made.found, "facts": made.facts}
    print_table([*figures, "graph"], [[*(f"{figure:,}" for figure in figures.values()), made.graph]], right=figures)
