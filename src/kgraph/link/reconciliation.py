"""Candidates from a reconciliation service: any that speaks 0.1, 0.2 or the draft of 1.0 of the Reconciliation API.

What a service says is a stranger's word. It only ever adds candidates, which are then weighed like all others: its `match` is
not believed, and its scores serve to see that it cannot tell its best candidates apart. What it does wrong costs its own
candidates and nothing else, and is told in `Service.failures`.

An answer is filed under the hash of the address and of the one name that was asked for, so that a name is asked for once, a
rebuild needs no network, and every id leads back to the record that it came from (`Candidate.version`). Only what could be read
is filed.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import httpx

from kgraph import iris
from kgraph.errors import KgraphError, Misuse
from kgraph.link.authority import Candidate
from kgraph.model.annotations import EntityKind
from kgraph.retries import retrying

WIKIDATA = "https://wikidata.reconci.link/en/api"
"""The service that is asked where somebody wants one and names none."""
MOST_BYTES = 4 << 20
"""Of one answer; what is longer is none."""
MOST_CANDIDATES = 25
_BATCH, _LARGEST_BATCH = 10, 50
"""Names of one request: where the service does not say how many it takes, and at most."""
_LONGEST_NAME = 500
_LONGEST_TEXT = 2_000
_LONGEST_WAIT = 10.0
_MOST_FAILURES = 2
"""Batches in a row that fail before the service is left alone."""

_NOT_IN_AN_IRI = re.compile(r'[\x00-\x20<>"{}|^`\\\ud800-\udfff]')

_KINDS = {
    **dict.fromkeys(("person", "human", "people"), EntityKind.PERSON),
    **dict.fromkeys(("platform", "website", "web site", "online service", "social network"), EntityKind.PLATFORM),
    **dict.fromkeys(
        ("organization", "organisation", "company", "business", "corporation", "nonprofit"), EntityKind.ORGANIZATION
    ),
    **dict.fromkeys(("place", "location", "city", "country", "town", "state", "region"), EntityKind.PLACE),
    **dict.fromkeys(("work", "creativework", "creative work", "book", "film"), EntityKind.WORK),
    "event": EntityKind.EVENT,
    "technology": EntityKind.TECHNOLOGY,
}
"""What services call the kinds, by the names of their types or the ends of their ids."""


class NoAnswer(KgraphError):
    """The service gave nothing that can be used for these names."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service says of one name, its best first.

    `ambiguous` says that it names several as matches, or has none ahead of the others.
    """

    candidates: tuple[Candidate, ...] = ()
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a service says of itself."""

    name: str
    versions: tuple[str, ...]
    space: str
    view: str
    batch: int

    def iri(self, id: str) -> str | None:
        """The IRI of an id: itself, or under the identifier space, or where the service shows it; None where there is none."""
        if id.startswith(("http://", "https://")):
            return _address(id)
        if self.space.startswith(("http://", "https://")) and self.space.endswith(("/", "#", "=", ":")):
            return _address(self.space + quote(_clean(id), safe="/:@!$&'()*+,;=~"))
        for template in ("{{id}}", "{id}"):
            if template in self.view:
                return _address(self.view.replace(template, quote(_clean(id), safe="~")))
        return None


class _Codec(Protocol):
    """How one version writes a batch and reads its answer."""

    def request(self, url: str, names: Sequence[str], limit: int) -> tuple[str, dict[str, Any]]:
        """Where to post it, and the body, as httpx takes them."""

    def results(self, answer: Any, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """Each name with its list of candidates, as far as the answer has one."""


class _Forms:
    """0.1 and 0.2: a form with a batch by key."""

    def request(self, url: str, names: Sequence[str], limit: int) -> tuple[str, dict[str, Any]]:
        batch = {f"q{place}": {"query": name, "limit": limit} for place, name in enumerate(names)}
        return url, {"data": {"queries": json.dumps(batch)}}

    def results(self, answer: Any, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
        for place, name in enumerate(names):
            result = answer.get(f"q{place}") if isinstance(answer, dict) else None
            if isinstance(result, dict) and isinstance(result.get("result"), list):
                yield name, result["result"]


class _Documents:
    """1.0: a list in JSON, at `/match`."""

    def request(self, url: str, names: Sequence[str], limit: int) -> tuple[str, dict[str, Any]]:
        batch = [{"conditions": [{"matchType": "name", "propertyValue": name}], "limit": limit} for name in names]
        return f"{url}/match", {"content": json.dumps({"queries": batch}), "headers": {"Content-Type": "application/json"}}

    def results(self, answer: Any, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
        results = answer.get("results") if isinstance(answer, dict) else None
        if isinstance(results, list) and len(results) == len(names):  # else nobody knows which is whose
            for name, result in zip(names, results, strict=True):
                if isinstance(result, dict) and isinstance(result.get("candidates"), list):
                    yield name, result["candidates"]


class Service:
    """One service, at the address of its manifest. It gets one request at a time, `per_second` of them at most.

    `timeout` is in seconds, for one request from its start to its end; `attempts` is how often one is tried. With `offline`
    only what is on disk is used. `failures` says what went wrong.
    """

    def __init__(
        self,
        url: str,
        *,
        cache: Path,
        timeout: float = 10.0,
        attempts: int = 3,
        per_second: float = 20.0,
        limit: int = 10,
        offline: bool = False,
    ) -> None:
        known = False
        with contextlib.suppress(httpx.InvalidURL):
            known = httpx.URL(url).scheme in ("http", "https") and _address(url) is not None
        if not known:
            raise Misuse(f"{url!r} is no address of a reconciliation service", hint="it is the http(s) URL of its manifest")
        self.url = url.rstrip("/")
        self.failures: list[str] = []
        self._cache = cache.expanduser()
        self._timeout = timeout
        self._limit = min(limit, MOST_CANDIDATES)
        self._pause = 1 / per_second
        self._next = 0.0
        self._offline = offline
        self._failed = 0
        self._manifest: Manifest | None = None
        # Not compressed: a few bytes could unfold to any length at once.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        self._http = httpx.Client(timeout=timeout, headers=headers, follow_redirects=False)
        self._retrying = retrying(attempts, longest_wait=_LONGEST_WAIT)

    def answers(self, names: Iterable[str]) -> dict[str, Answer]:
        """What the service says of each of these names: an empty answer where it has none, and where it fails."""
        wanted = dict.fromkeys(names)
        askable = [name for name in wanted if name.strip() and len(name) <= _LONGEST_NAME]
        found = dict.fromkeys(wanted, Answer())
        try:
            manifest = self.manifest()
            codec = _codec(manifest)
        except NoAnswer as error:
            self._fail(error)
            return found
        raw = {name: filed for name in askable if (filed := self._filed(self._key(name), "candidates", list)) is not None}
        unknown = [name for name in askable if name not in raw]
        for start in range(0, len(unknown), manifest.batch):
            if self._offline or self._failed >= _MOST_FAILURES:
                break
            batch = unknown[start : start + manifest.batch]
            try:
                url, body = codec.request(self.url, batch, self._limit)
                answered = dict(codec.results(self._fetch(self._http.build_request("POST", url, **body)), batch))
                if not answered:
                    raise NoAnswer(f"{self.url} gave an answer of another form")
            except NoAnswer as error:
                self._fail(error)
                continue
            self._failed = 0
            for name, rows in answered.items():
                raw[name] = {"service": self.url, "name": name, "candidates": _usable(rows)}
                self._file(self._key(name), raw[name])
        return found | {name: self._read(manifest, name, filed) for name, filed in raw.items()}

    def manifest(self) -> Manifest:
        """What the service says of itself; raises NoAnswer where it says nothing that can be read."""
        if self._manifest is None:
            key = iris.digest(self.url, "manifest")
            fields = self._filed(key, "name", str)
            if fields is None:
                if self._offline:
                    raise NoAnswer(f"{self.url} was never asked", hint="ask it once with the network")
                if self._failed >= _MOST_FAILURES:
                    raise NoAnswer(f"{self.url} has failed before")
                answer = self._fetch(self._http.build_request("GET", self.url))
                if not isinstance(answer, dict) or not isinstance(answer.get("name"), str):
                    raise NoAnswer(f"what answers at {self.url} is no reconciliation service")
                fields = answer
                self._file(key, fields)
            self._manifest = _manifest(fields)
        return self._manifest

    def _fail(self, error: NoAnswer) -> None:
        self._failed += 1
        if str(error) not in self.failures:
            self.failures.append(str(error))

    def _fetch(self, request: httpx.Request) -> Any:
        try:
            body = self._retrying(self._send, request)
        except httpx.HTTPStatusError as error:
            raise NoAnswer(f"{self.url} answered {error.response.status_code}") from error
        except (httpx.HTTPError, UnicodeError) as error:  # the last is a host that no name server could know
            raise NoAnswer(f"{self.url} cannot be reached: {str(error) or type(error).__name__}") from error
        try:
            return json.loads(body, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise NoAnswer(f"{self.url} gave an answer that is not JSON") from error

    def _send(self, request: httpx.Request) -> bytes:
        """The body; the deadline holds for all of it, since a time-out of httpx starts anew with every byte."""
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + self._pause
        deadline = time.monotonic() + self._timeout
        body = bytearray()
        response = self._http.send(request, stream=True)
        try:
            response.raise_for_status()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise NoAnswer(f"{self.url} gave an answer of more than {MOST_BYTES >> 20} MB")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout(f"the answer took longer than its {self._timeout:g} seconds", request=request)
        finally:
            response.close()
        return bytes(body)

    def _read(self, manifest: Manifest, name: str, filed: Mapping[str, Any]) -> Answer:
        rows = _usable(filed["candidates"])
        first = [row for row in rows if _score(row) == _score(rows[0])]
        matches = [row for row in rows if row.get("match") is True]
        candidates = dict[str, Candidate]()
        for row in rows:
            if (iri := manifest.iri(row["id"])) is not None:
                candidates.setdefault(iri, self._candidate(iri, row, self._key(name)))
        return Answer(tuple(candidates.values()), ambiguous=len(matches) > 1 or len(first) > 1)

    def _candidate(self, iri: str, row: Mapping[str, Any], record: str) -> Candidate:
        return Candidate(
            id=iri,
            label=_clean(row["name"]),
            kind=_kind(row.get("type")),
            description=_clean(row["description"]) if _text(row.get("description")) else "",
            source=self.url,
            version=record,
            licence="",
        )

    def _key(self, name: str) -> str:
        return iris.digest(self.url, "name", str(self._limit), name)

    def _filed(self, key: str, field: str, kind: type) -> dict[str, Any] | None:
        """The record, if it has this field of this type."""
        try:
            filed = json.loads((self._cache / f"{key}.json").read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        return filed if isinstance(filed, dict) and isinstance(filed.get(field), kind) else None

    def _file(self, key: str, filed: Mapping[str, Any]) -> None:
        """Writes beside and renames, so that no half answer is ever read."""
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=self._cache, suffix=".part", delete=False) as part:
            json.dump(filed, part)  # escaped: a lone surrogate too
        Path(part.name).replace(self._cache / f"{key}.json")

    def close(self) -> None:
        self._http.close()


def candidates_from(service: Service, names: Iterable[str]) -> dict[str, list[Candidate]]:
    """The candidates that a service adds for each of these names, none where it fails. Its order decides nothing."""
    return {name: list(answer.candidates) for name, answer in service.answers(names).items()}


def _codec(manifest: Manifest) -> _Codec:
    if not manifest.versions or {"0.1", "0.2"} & set(manifest.versions):
        return _Forms()
    if any(version.startswith("1.0") for version in manifest.versions):
        return _Documents()
    raise NoAnswer(f"{manifest.name} speaks {', '.join(manifest.versions)}", hint="0.1, 0.2 and 1.0-draft are understood")


def _manifest(fields: Mapping[str, Any]) -> Manifest:
    versions, view, batch = fields.get("versions"), fields.get("view"), fields.get("batchSize")
    url = view.get("url") if isinstance(view, dict) else None
    return Manifest(
        name=_clean(fields["name"]),
        versions=tuple(one for one in versions if isinstance(one, str)) if isinstance(versions, list) else (),
        space=_clean(fields["identifierSpace"]) if _text(fields.get("identifierSpace")) else "",
        view=url if isinstance(url, str) and url.startswith(("http://", "https://")) else "",
        batch=min(batch, _LARGEST_BATCH) if isinstance(batch, int) and not isinstance(batch, bool) and batch > 0 else _BATCH,
    )


def _address(text: str) -> str | None:
    """The address as an IRI can hold it; None where it is none."""
    try:
        parts = urlsplit(text)
        return text if parts.hostname and parts.port != 0 and not _NOT_IN_AN_IRI.search(text) else None
    except ValueError:
        return None


def _usable(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """The candidates that have an id and a name, the best first, not too many of them."""
    whole = [row for row in rows if isinstance(row, dict) and _text(row.get("id")) and _text(row.get("name"))]
    return sorted(whole, key=lambda row: -_score(row))[:MOST_CANDIDATES]


def _kind(types: Any) -> EntityKind | None:
    """The one kind that its types speak of, if they do."""
    called = set[str]()
    for one in types if isinstance(types, list) else [types]:
        words = [one] if isinstance(one, str) else [one.get("name"), one.get("id")] if isinstance(one, dict) else []
        called |= {word.casefold() for word in words if isinstance(word, str)}
    ends = {word.replace("#", "/").rpartition("/")[2].rpartition(":")[2] for word in called}
    kinds = {_KINDS[word] for word in called | ends if word in _KINDS}
    return kinds.pop() if len(kinds) == 1 else None


def _score(row: Mapping[str, Any]) -> float:
    score = row.get("score")
    return float(score) if isinstance(score, int | float) and abs(score) < 1e9 and math.isfinite(score) else 0.0


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= _LONGEST_TEXT


def _clean(text: str) -> str:
    """On one line, and without what UTF-8 cannot hold."""
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")
