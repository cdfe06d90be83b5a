"""The server that the W3C's tests are asked of."""

from __future__ import annotations

import pytest
from tests.server.conftest import Start, serving


@pytest.fixture(scope="module")
def serve() -> Start:
    return serving
