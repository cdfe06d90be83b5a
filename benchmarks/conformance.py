"""Asks a running kgraph all of the W3C's SPARQL 1.1 tests over HTTP, and writes docs/reference/conformance.md and .json.

`make conformance`, or `python benchmarks/conformance.py` from the repository's root. Ends with 1 where a test fails that is not
known to, or passes that is.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.protocol import w3c  # noqa: E402
from tests.protocol.conftest import TOKEN  # noqa: E402
from tests.protocol.known import KNOWN  # noqa: E402
from tests.server.conftest import serving  # noqa: E402

REFERENCE = ROOT / "docs" / "reference"
AREAS = {
    "QueryEvaluationTest": "Query evaluation",
    "CSVResultFormatTest": "Query evaluation",
    "PositiveSyntaxTest11": "Query syntax",
    "NegativeSyntaxTest11": "Query syntax",
    "UpdateEvaluationTest": "Update evaluation",
    "PositiveUpdateSyntaxTest11": "Update syntax",
    "NegativeUpdateSyntaxTest11": "Update syntax",
    "ProtocolTest": "Protocol",
    "GraphStoreProtocolTest": "Graph store protocol",
    "ServiceDescriptionTest": "Service description",
}


PAGE = """# Conformance

The W3C's SPARQL 1.1 tests, each asked of a running `kgraph serve` over HTTP. Written by `make conformance`; the same as data in
[conformance.json](conformance.json).

| | Pass | Of |
|---|---:|---:|
{rows}

## What fails

| Test | Reason |
|---|---|
{failed}

## What is not asked

| Folder | Reason |
|---|---|
{left_out}

## How it is asked
The default graph is the unnamed one alone (`KGRAPH_UNION_DEFAULT_GRAPH=false`). For each test the store is emptied with
`DROP ALL`, the data is PUT as N-Triples with the address of its file as base, and `BASE` with the address of the file stands
before the query. Numbers and booleans are compared by value, since the store writes them in canonical form (`1.0` as `1`);
blank nodes by isomorphism.

A test of syntax passes where the answer says rightly whether the text parses. A text that parses can still be refused: with 403
where it would fetch (`LOAD`, `SERVICE`), with 400 where it names a graph that is not there or a function that nobody knows.
"""


def area(case: w3c.Case) -> str:
    named = AREAS[case.kind]
    return f"{named}, {case.folder.rpartition('-')[2]}" if case.kind == "GraphStoreProtocolTest" else named


def run() -> tuple[list[w3c.Case], dict[str, str], float]:
    cases = w3c.cases()
    failures: dict[str, str] = {}
    env = {"KGRAPH_WRITE_TOKEN": TOKEN, "KGRAPH_UNION_DEFAULT_GRAPH": "false"}
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "store", env=env) as served,
        httpx.Client(base_url=served.url, timeout=60, headers={"Authorization": f"Bearer {TOKEN}"}) as client,
    ):
        runner = w3c.Runner(client)
        began = time.monotonic()
        for case in cases:
            try:
                runner.run(case)
            except w3c.Failed as failure:
                failures[case.id] = str(failure)
        return cases, failures, time.monotonic() - began


def page(cases: list[w3c.Case], failures: dict[str, str]) -> str:
    asked, passed = Counter(map(area, cases)), Counter(area(case) for case in cases if case.id not in failures)
    rows = [f"| {name} | {passed[name]} | {asked[name]} |" for name in dict.fromkeys([*AREAS.values(), *asked]) if asked[name]]
    language = [case for case in cases if not case.kind.endswith(("ProtocolTest", "DescriptionTest"))]
    rows.append(f"| **Query and update together** | {sum(case.id not in failures for case in language)} | {len(language)} |")
    rows.append(f"| **All** | {len(cases) - len(failures)} | {len(cases)} |")
    failed = [f"| `{id}` | {KNOWN.get(id, failure)} |" for id, failure in sorted(failures.items())]
    left_out = [f"| `{folder}` | {reason} |" for folder, reason in sorted(w3c.LEFT_OUT.items())]
    return PAGE.format(rows="\n".join(rows), failed="\n".join(failed), left_out="\n".join(left_out))


def main() -> int:
    cases, failures, seconds = run()
    if not cases:
        print("the W3C's tests are in ../shared/conformance, which is not there", file=sys.stderr)
        return 1
    text = page(cases, failures)
    (REFERENCE / "conformance.md").write_text(text, encoding="utf-8")
    results = [{"test": case.id, "kind": case.kind, "passed": case.id not in failures} for case in cases]
    report = {"passed": len(cases) - len(failures), "of": len(cases), "failures": failures, "tests": results}
    (REFERENCE / "conformance.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(text)
    print(f"{len(cases)} tests in {seconds:.0f} s", file=sys.stderr)
    unexpected = sorted(set(failures) ^ set(KNOWN))
    for id in unexpected:
        print(f"unexpected: {id}: {failures.get(id, 'passes')}", file=sys.stderr)
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
