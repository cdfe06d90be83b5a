"""Writes the answers that the pages show, asked over HTTP of a server over the graph of seeds/: `python docs/make_examples.py`.

A page holds an answer between `<!-- answer: NAME (column, …) -->` and `<!-- end -->`. NAME is that of a query in queries/, or
`above` for the query that the page itself shows last, between `<<'END'` and `END`. tests/docs/test_examples.py fails where
a page is not what this writes.
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from kgraph import queries

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = (REPOSITORY / "README.md", REPOSITORY / "docs" / "tutorial" / "first-graph.md")
_KGRAPH = Path(sys.executable).with_name("kgraph")
_ANSWER = re.compile(r"(<!-- answer: (?P<name>[\w-]+) \((?P<columns>[\w, ]+)\) -->\n).*?(<!-- end -->)", re.DOTALL)
_SHOWN = re.compile(r"<<'END'\n(.*?)\nEND\n", re.DOTALL)

Ask = Callable[[str], list[list[str]]]


@contextmanager
def served() -> Iterator[Ask]:
    """What asks a real server over the graph of seeds/, built for the purpose; the first row is the columns' names."""
    with tempfile.TemporaryDirectory() as store:
        subprocess.run([_KGRAPH, "build", "seeds", "--store", store], cwd=REPOSITORY, check=True, capture_output=True)
        server = subprocess.Popen(
            [_KGRAPH, "serve", "--store", store, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            assert server.stdout is not None
            address = next(found[0] for line in server.stdout if (found := re.search(r"http://[\w.:]+/", line)))
            with httpx.Client(base_url=address, headers={"accept": "text/csv"}) as client:

                def ask(text: str) -> list[list[str]]:
                    answer = client.post("sparql", data={"query": text}).raise_for_status()
                    return list(csv.reader(io.StringIO(answer.text, newline="")))

                yield ask
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()


def filled(page: str, ask: Ask) -> str:
    """The page with each of its answers as it comes out now."""

    def answer(found: re.Match[str]) -> str:
        text = _SHOWN.findall(page[: found.start()])[-1] if found["name"] == "above" else queries.get(found["name"]).text
        header, *rows = ask(text)
        chosen = [header.index(column) for column in found["columns"].split(", ")]
        return f"{found[1]}\n{_table([header, *rows], chosen)}\n{found[4]}"

    return _ANSWER.sub(answer, page)


def _table(lines: list[list[str]], chosen: list[int]) -> str:
    head, *rows = ([line[place].replace("|", "\\|") for place in chosen] for line in lines)
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


if __name__ == "__main__":
    with served() as ask_server:
        for path in PAGES:
            path.write_text(filled(path.read_text(encoding="utf-8"), ask_server), encoding="utf-8")
