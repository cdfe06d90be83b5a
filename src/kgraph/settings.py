"""One object holds what can be set. Every field is also an environment variable: `KGRAPH_` and its name in capitals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from kgraph import iris


def _base(iri: str) -> str:
    if not iris.is_base(iri):
        raise ValueError("a base is an absolute http(s) IRI that ends in / or #, such as http://localhost:8000/")
    return iri


class Settings(BaseSettings):
    """What an operator can set; a command's options win over the environment, which wins over these defaults."""

    model_config = SettingsConfigDict(env_prefix="KGRAPH_", extra="ignore", frozen=True)

    base: Annotated[str, AfterValidator(_base)] = Field(iris.DEFAULT_BASE, description="IRI that all names are built under")
    store: str = Field("kgraph-data", description="folder of the embedded store, or http(s) URL of a SPARQL 1.1 server")
    jobs: int = Field(1, ge=1, description="processes that read and extract during a build")
    max_source_bytes: int = Field(20_000_000, ge=1, description="largest source that is read, in bytes")
    curation: Path = Field(Path("curation.txt"), description="file of inferences that people have undone, a line each")
    links: Path = Field(Path("links.sssom.tsv"), description="SSSOM file of people's judgements on links, which win")
    authorities: Path = Field(
        Path("~/.local/share/kgraph/authorities"), description="folder of the authorities, the files of what can be linked to"
    )
    reconcile_url: str | None = Field(None, description="reconciliation service whose candidates linking adds, off by default")
    reconcile_cache: Path = Field(
        Path("~/.cache/kgraph/reconcile"), description="folder of its answers, so that a name is asked for once"
    )
    llm_base_url: str | None = Field(None, description="OpenAI-compatible endpoint of a second reader, off by default")
    llm_model: str | None = Field(None, description="name of the model there")
    llm_api_key: SecretStr | None = Field(None, description="key for it, sent as a bearer token")
    llm_cache: Path = Field(Path("~/.cache/kgraph/llm"), description="folder of its answers, so that it is asked once")

    union_default_graph: bool = Field(
        True, description="whether queries see all named graphs together by default; else the unnamed graph alone"
    )
    write_token: SecretStr | None = Field(None, description="bearer token that lets clients write over HTTP; none lets nobody")
    service_hosts: str | None = Field(
        None, description="hosts, with spaces between, whose endpoints SERVICE may ask over HTTPS; none by default"
    )
    service_allow_private: bool = Field(
        False, description="lets SERVICE reach private and loopback addresses, over plain HTTP too; for tests"
    )

    limits: str | None = Field(
        None,
        description="what a request may cost a server, where it is not the default: deadline=10 long=8, with spaces between",
    )
    access_log: bool = Field(False, description="whether the server writes a line of JSON on stderr for each request")

    @property
    def store_path(self) -> Path:
        return Path(self.store)
