"""An optional second reader: a language model behind any OpenAI-compatible endpoint proposes, the rules decide.

It is asked one post at a time, with the people who may be speaking numbered and a JSON schema for its answer. What it
returns goes through gates before anything is believed: words that are not verbatim in the post are dropped, speakers are
only those of the list, and what a rule decided with confidence stays. Off unless an endpoint is set; nothing is sent
anywhere by default.
"""

from __future__ import annotations

from kgraph.llm.client import Client
from kgraph.llm.proposals import Proposal, review

__all__ = ["Client", "Proposal", "review"]
