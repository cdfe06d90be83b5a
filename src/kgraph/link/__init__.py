"""From entities to open-data graphs: each link a judgement with its score and signals, never a merged identity.

authority   what may be linked to, by name: the one that travels with kgraph, and those that were installed or loaded
page        what linking looks at, from an extraction or from the graph of one
decide      which candidate a name means: accepted, proposed, ambiguous or nil
judgements  what people have said, which wins
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kgraph.link.authority import Authority, AuthorityFile, Candidate, installed
from kgraph.link.decide import Linker, Weighed, versions
from kgraph.link.judgements import Judgements
from kgraph.link.page import Page
from kgraph.link.shipped import shipped
from kgraph.model.extraction import Extraction

__all__ = [
    "Authority",
    "AuthorityFile",
    "Candidate",
    "Judgements",
    "Linker",
    "Page",
    "Weighed",
    "authorities",
    "link",
    "versions",
]


def authorities(folder: Path) -> list[AuthorityFile]:
    """The shipped authority and those in this folder, in the order in which they are searched."""
    return [shipped(folder), *installed(folder)]


def link(extraction: Extraction, linker: Linker) -> Extraction:
    """The same extraction with the links of its entities."""
    return replace(extraction, links=linker.links(Page.of(extraction)))
