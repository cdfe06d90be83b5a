"""How good an extraction is: a found page against an annotated one, figure by figure."""

from kgraph.evaluate.metrics import Counts, Figures, Score, compare
from kgraph.evaluate.page import Page, found_page, gold_page
from kgraph.evaluate.report import Evaluation, evaluate, pairs

__all__ = ["Counts", "Evaluation", "Figures", "Page", "Score", "compare", "evaluate", "found_page", "gold_page", "pairs"]
