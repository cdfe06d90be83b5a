"""Asks an OpenAI-compatible endpoint (`POST {base}/chat/completions`, structured outputs) and keeps its answers on disk.

An answer is filed under the hash of all that was asked, so that the same post is asked about once, a rebuild needs no
network, and the same input gives the same graph. Only an answer that parses is filed.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import httpx

from kgraph import iris
from kgraph.errors import KgraphError
from kgraph.retries import retrying


class NoAnswer(KgraphError):
    """The endpoint gave nothing that can be used for this post: it costs the post its second reading, nothing else."""


class Client:
    """One endpoint and one model. `timeout` is in seconds for one attempt; `attempts` counts all of them."""

    def __init__(
        self, base_url: str, model: str, *, api_key: str | None = None, cache: Path, timeout: float = 60.0, attempts: int = 4
    ) -> None:
        self.model = model
        self._url = base_url.rstrip("/") + "/chat/completions"
        self._cache = cache
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(timeout=timeout, headers=headers)
        self._retrying = retrying(attempts)

    def ask(self, system: str, question: str, *, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        """The answer as the JSON object that the schema describes.

        Raises:
            NoAnswer: the endpoint cannot be reached, refuses, or answers with something else.
        """
        body = {
            "model": self.model,
            "temperature": 0,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": question}],
            "response_format": {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}},
        }
        filed = self._cache / f"{iris.digest(self._url, json.dumps(body, sort_keys=True))}.json"
        if filed.exists():
            return _object(filed.read_text("utf-8"))
        try:
            response = self._retrying(self._post, body)
            content = response.json()["choices"][0]["message"]["content"]
        except httpx.HTTPStatusError as error:
            raise NoAnswer(f"the language model at {self._url} answered {error.response.status_code}") from error
        except httpx.HTTPError as error:
            raise NoAnswer(
                f"the language model at {self._url} cannot be reached: {str(error) or type(error).__name__}"
            ) from error
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise NoAnswer(f"the language model at {self._url} gave an answer of another form") from error
        answer = _object(content)
        self._file(filed, content)
        return answer

    def _post(self, body: dict[str, Any]) -> httpx.Response:
        return self._http.post(self._url, json=body).raise_for_status()

    def _file(self, path: Path, content: str) -> None:
        """Writes beside and renames, so that no half answer is ever read."""
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=self._cache, suffix=".part", delete=False) as part:
            part.write(content)
        Path(part.name).replace(path)

    def close(self) -> None:
        self._http.close()


def _object(content: Any) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (TypeError, ValueError) as error:
        raise NoAnswer("the language model's answer is not JSON") from error
    if not isinstance(answer, dict):
        raise NoAnswer("the language model's answer is no JSON object")
    return answer
