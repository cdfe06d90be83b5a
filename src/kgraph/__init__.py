"""kgraph: who says what about whom and what, on which exact words, and who disputes it."""

__version__ = "0.1.0"
