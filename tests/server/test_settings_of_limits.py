"""Limits as an operator writes them."""

from __future__ import annotations

import pytest

from kgraph.errors import Misuse
from kgraph.server.limits import Limits


def test_limits_that_are_named_are_otherwise_and_the_rest_as_they_are():
    limits = Limits.of(" deadline=2.5  long=8 ")
    assert (limits.deadline, limits.long, limits.waiting) == (2.5, 8, Limits().waiting)
    assert Limits.of(None) == Limits.of("") == Limits()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("longest=3", "there is no limit 'longest'"),
        ("long=many", "long cannot be 'many'"),
        ("deadline", "deadline cannot be ''"),
        ("deadline=-1", "below nothing"),
        ("deadline=nan", "below nothing"),
        ("long=2.5", "long cannot be '2.5'"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused_with_what_can(text, told):
    with pytest.raises(Misuse, match=told) as refused:
        Limits.of(text)
    assert refused.value.hint
