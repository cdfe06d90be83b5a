"""What a gate refused, as files that a person can open.

quarantine/<document>/graph.nq      the refused quads
                      graph.ttl     the same as Turtle
                      report.txt    what is wrong, in words
                      report.ttl    the same as a SHACL validation report
"""

from __future__ import annotations

import shutil
from pathlib import Path

from rdflib import Graph

from kgraph import iris
from kgraph.errors import Quarantined
from kgraph.rdf import to_triples
from kgraph.settings import Settings
from kgraph.vocab import PREFIXES


def folder(settings: Settings) -> Path:
    """Where a build keeps what it refuses: inside an embedded store, beside the working folder's own for a remote one."""
    return (Path("kgraph-data") if settings.store.startswith(("http://", "https://")) else settings.store_path) / "quarantine"


def keep(folder: Path, refused: Quarantined) -> Path:
    """Writes the document's files anew, all or none of them, and says where they are."""
    home = _home(folder, refused.document)
    part = home.with_name(f"{home.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    (part / "graph.nq").write_bytes(refused.quads)
    (part / "graph.ttl").write_text(_turtle(refused.quads), encoding="utf-8")
    (part / "report.txt").write_text(refused.report, encoding="utf-8")
    (part / "report.ttl").write_text(refused.report_turtle, encoding="utf-8")
    clear(folder, refused.document)
    part.rename(home)
    return home


def clear(folder: Path, document: str) -> None:
    """Forgets the document, which has passed."""
    shutil.rmtree(_home(folder, document), ignore_errors=True)


def _home(folder: Path, document: str) -> Path:
    return folder / iris.slug(document.rpartition("/")[2])


def _turtle(quads: bytes) -> str:
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace)
    return graph.parse(data=to_triples(quads), format="nt").serialize(format="turtle")
