"""`kgraph query`: ask the store."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from kgraph import media, queries
from kgraph.cli.console import StoreOption, print_table, settings, talk
from kgraph.errors import BadQuery, Misuse
from kgraph.store import Answer, Store, open_store
from kgraph.vocab import PREFIXES

Form = Literal["table", "json", "xml", "csv", "tsv", "turtle", "ntriples"]

_FORMATS = {
    "table": (media.JSON, media.TURTLE),
    "json": (media.JSON, media.JSONLD),
    "xml": (media.XML, media.RDFXML),
    "csv": (media.CSV,),
    "tsv": (media.TSV,),
    "turtle": (media.TURTLE,),
    "ntriples": (media.NTRIPLES,),
}

_PREFIX = re.compile(r"\bPREFIX\s+([\w-]*):", re.IGNORECASE)
_NUMBERS = {f"{PREFIXES['xsd']}{name}" for name in ("integer", "decimal", "double", "float")}

_EPILOG = """Examples:\n
  kgraph query                                what can be asked by name\n
  kgraph query platforms-by-claims            a query that comes with kgraph\n
  kgraph query mine.rq --format csv > mine.csv\n
  echo 'ASK { ?c a kg:Claim }' | kgraph query -\n
The usual prefixes (kg:, schema:, sioc:, oa:, prov:, …) need not be declared."""


def register(app: typer.Typer) -> None:
    app.command(epilog=_EPILOG)(query)


def query(
    question: Annotated[
        str | None, typer.Argument(metavar="[FILE.rq | - | NAME]", help="A file with SPARQL, - for stdin, or a query's name.")
    ] = None,
    store: StoreOption = None,
    format: Annotated[Form, typer.Option(help="How to write the answer.")] = "table",
) -> None:
    """Ask the graph in SPARQL; without a query, list those that have names."""
    if question is None:
        print_table(["name", "question"], [(known.name, known.question) for known in queries.all()])
        talk().print("`kgraph query NAME` asks one of them")
        return
    text = _text(question)
    with open_store(settings(store=store).store) as opened:
        answer = _ask(opened, text, [form.media_type for form in _FORMATS[format]])
        if format == "table" and answer.kind is media.Kind.RESULTS:
            _print(json.loads(answer.read()))
        else:
            sys.stdout.flush()
            answer.write_to(sys.stdout.buffer)
            sys.stdout.buffer.flush()


def _text(question: str) -> str:
    if question == "-":
        return _decoded("stdin", sys.stdin.buffer.read())
    path = Path(question)
    if path.is_file():
        return _decoded(question, path.read_bytes())
    if path.suffix == ".rq" or len(path.parts) > 1:
        raise Misuse(f"there is no file {question}", hint="`kgraph query` lists the queries that have names")
    return queries.get(question).text


def _decoded(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Misuse(f"{name} is not UTF-8, which SPARQL is written in") from error


def _ask(store: Store, text: str, media_types: list[str]) -> Answer:
    """Asks with the usual prefixes declared where the text uses them, before its first line so that line numbers stay true."""
    declared = {found[1] for found in _PREFIX.finditer(text)}
    missing = {prefix: iri for prefix, iri in PREFIXES.items() if f"{prefix}:" in text and prefix not in declared}
    before = "".join(f"PREFIX {prefix}: <{iri}> " for prefix, iri in missing.items())
    try:
        return store.query(before + text, media_type=media_types)
    except BadQuery as error:
        if error.line != 1 or error.column is None or not before:
            raise
        column = error.column - len(before)
        message = error.message.replace(f"column {error.column}", f"column {column}")
        raise BadQuery(message, line=1, column=column) from error


def _print(answer: dict[str, Any]) -> None:
    if "boolean" in answer:
        print_table(["answer"], [["yes" if answer["boolean"] else "no"]])
        return
    columns = answer["head"]["vars"]
    rows = answer["results"]["bindings"]
    right = {column for column in columns if all(row[column].get("datatype") in _NUMBERS for row in rows if column in row)}
    print_table(columns, [[_cell(row.get(column)) for column in columns] for row in rows], right=right if rows else ())
    talk().print(f"{len(rows):,} row{'' if len(rows) == 1 else 's'}")


def _cell(term: dict[str, Any] | None) -> str:
    if term is None:
        return ""
    value = str(term["value"])
    if term["type"] == "uri":
        for prefix, iri in PREFIXES.items():
            if value.startswith(iri) and value[len(iri) :].isidentifier():
                return f"{prefix}:{value[len(iri) :]}"
    return value
