"""What a build did, for people (a table) and for programs (JSON)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

FailureKind = Literal["rejected", "quarantined", "assertions quarantined"]
"""The source could not be read; a gate refused the document; a gate refused single assertions and the rest was loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One source, or one assertion of it, that was not loaded. `folder` is where a quarantined one lies."""

    source: str
    kind: FailureKind
    reason: str
    hint: str | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """People and platforms are counted once however many documents name them; `triples` is the sum over documents."""

    documents: int
    posts: int
    people: int
    platforms: int
    claims: int
    triples: int
    seconds: float
    failures: tuple[Failure, ...]

    @property
    def quarantined(self) -> int:
        """Documents of which something was refused."""
        return sum(failure.kind != "rejected" for failure in self.failures)

    @property
    def rejected(self) -> int:
        return sum(failure.kind == "rejected" for failure in self.failures)

    def as_json(self) -> Mapping[str, object]:
        return {"quarantined": self.quarantined, "rejected": self.rejected, **asdict(self)}
