"""The W3C's SPARQL 1.1 tests over HTTP: all of the protocols, and of the queries and updates every fourth.

`make conformance` asks all of them. A case that is known to fail and passes after all fails here, so that the list stays true.
"""

from __future__ import annotations

import pytest

from . import w3c
from .known import KNOWN

CASES = w3c.cases()
EVERY = 4
CHOSEN = [
    case for place, case in enumerate(CASES) if case.kind.endswith(("ProtocolTest", "DescriptionTest")) or place % EVERY == 0
]
CHOSEN += [case for case in CASES if case.id in KNOWN and case not in CHOSEN]

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CASES, reason="the W3C's tests are in ../shared/conformance, which is not there"),
]


@pytest.fixture(scope="module")
def runner(endpoint):
    return w3c.Runner(endpoint)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(one, id=one.id, marks=[pytest.mark.xfail(reason=KNOWN[one.id], strict=True)] if one.id in KNOWN else [])
        for one in CHOSEN
    ],
)
def test_case(runner, case):
    runner.run(case)


def test_the_manifests_are_understood():
    assert len(CASES) == 548
    assert {case.id for case in CASES} >= set(KNOWN)
    assert all(w3c.local(case.text).is_file() for case in CASES if case.text)
