"""How kgraph asks others over HTTP a second time: what passes by itself is tried again, as late as the other side says."""

from __future__ import annotations

from typing import Any

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter
from tenacity.wait import wait_base

_PASSING = frozenset({408, 409, 429, 500, 502, 503, 504})
LONGEST_WAIT = 30.0


class _AsAsked(wait_base):
    """Waits as long as `Retry-After` says (RFC 9110, section 10.2.3, in seconds), else longer each time."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._otherwise = wait_exponential_jitter(multiplier=0.5, max=longest)

    def __call__(self, retry_state: Any) -> float:
        error = retry_state.outcome.exception()
        asked = error.response.headers.get("retry-after", "") if isinstance(error, httpx.HTTPStatusError) else ""
        return min(float(asked), self._longest) if asked.isdecimal() else float(self._otherwise(retry_state))


def retrying(attempts: int, *, longest_wait: float = LONGEST_WAIT) -> Retrying:
    """Calls again what fails for a reason that passes, `attempts` times in all, and then raises what it raised.

    Waits are in seconds.
    """
    return Retrying(
        stop=stop_after_attempt(attempts), wait=_AsAsked(longest_wait), retry=retry_if_exception(_passes), reraise=True
    )


def _passes(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in _PASSING
    return isinstance(error, httpx.TransportError)
