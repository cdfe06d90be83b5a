"""The evidence gate: what a graph quotes is what the text says, at the very place it says so.

It reads the graph and not the extraction that the graph came from, so that nothing between the two can go wrong unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from rdflib import Graph, Literal
from rdflib.term import Node

from kgraph.validate.report import SHAPES, Finding, Report
from kgraph.vocab import KG, OA, RDF

_PASSAGE, _SELECTOR, _START, _END, _EXACT, _PREFIX, _SUFFIX = (
    OA[name] for name in ("SpecificResource", "hasSelector", "start", "end", "exact", "prefix", "suffix")
)
_EVIDENCE, _IN_POST, _DIGEST = KG.evidence, KG.inPost, KG.textDigest
_WITHIN_POST = (KG.Assertion, KG.Question)


def check_evidence(graph: Graph, text: str) -> Report:
    """Holds every passage of a document's graph against the document's text.

    - `text[start:end]` equals oa:exact, and oa:prefix and oa:suffix are what stands before and after it;
    - what a post says lies within the passage that the post fills;
    - kg:textDigest is the digest of this text.

    A passage without one start, one end and one quotation cannot be checked, which is a finding too.
    """
    findings: list[Finding] = []
    spans: dict[Node, tuple[int, int]] = {}
    for passage in graph.subjects(RDF.type, _PASSAGE):
        span = _span(graph, passage)
        if span is None:
            findings.append(
                _finding(
                    passage,
                    "readable",
                    "Give the passage one oa:start, one oa:end, one oa:exact, one oa:prefix and one oa:suffix.",
                )
            )
            continue
        start, end, exact, prefix, suffix = span
        spans[passage] = start, end
        if not 0 <= start < end <= len(text):
            message = f"Let the passage lie within the text: it is from {start} to {end} of {len(text)} code points."
            findings.append(_finding(passage, "within", message))
        elif text[start:end] != exact:
            message = f"Quote the very words: the text has {_shown(text[start:end])} from {start} to {end}."
            findings.append(_finding(passage, "exact", message, exact))
        elif text[max(0, start - len(prefix)) : start] != prefix:
            message = f"Quote what stands before the passage: the text has {_shown(text[max(0, start - len(prefix)) : start])}."
            findings.append(_finding(passage, "prefix", message, prefix))
        elif text[end : end + len(suffix)] != suffix:
            message = f"Quote what stands after the passage: the text has {_shown(text[end : end + len(suffix)])}."
            findings.append(_finding(passage, "suffix", message, suffix))
    findings.extend(_outside(graph, spans))
    findings.extend(_digests(graph, text))
    return Report(tuple(findings))


def _span(graph: Graph, passage: Node) -> tuple[int, int, str, str, str] | None:
    values: dict[Node, Node] = {}
    for selector in graph.objects(passage, _SELECTOR):
        for predicate, value in graph.predicate_objects(selector):
            if predicate in values and predicate != RDF.type:
                return None
            values[predicate] = value
    start, end = values.get(_START), values.get(_END)
    exact, prefix, suffix = values.get(_EXACT), values.get(_PREFIX), values.get(_SUFFIX)
    if not (isinstance(start, Literal) and isinstance(end, Literal)):
        return None
    if not (isinstance(exact, Literal) and isinstance(prefix, Literal) and isinstance(suffix, Literal)):
        return None
    if not (isinstance(start.value, int) and isinstance(end.value, int)):
        return None
    return start.value, end.value, str(exact), str(prefix), str(suffix)


def _outside(graph: Graph, spans: dict[Node, tuple[int, int]]) -> Iterator[Finding]:
    of_post: dict[Node, tuple[int, int] | None] = {}
    for kind in _WITHIN_POST:
        for node in graph.subjects(RDF.type, kind):
            post = graph.value(node, _IN_POST)
            if post is None:
                continue
            if post not in of_post:
                of_post[post] = next((spans[own] for own in graph.objects(post, _EVIDENCE) if own in spans), None)
            room = of_post[post]
            for passage in graph.objects(node, _EVIDENCE):
                span = spans.get(passage)
                if room is not None and span is not None and not (room[0] <= span[0] and span[1] <= room[1]):
                    yield _finding(
                        node, "in-post", f"Let the evidence lie within its post, from {room[0]} to {room[1]}.", passage
                    )


def _digests(graph: Graph, text: str) -> Iterator[Finding]:
    digest = f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
    for document, stated in graph.subject_objects(_DIGEST):
        if str(stated) != digest:
            yield _finding(
                document, "digest", f"Check the graph against the text that it was made from: this one is {digest}.", stated
            )


def _finding(focus: Node, check: str, message: str, value: Node | str | None = None) -> Finding:
    at_fault = Literal(value) if isinstance(value, str) and not isinstance(value, Node) else value
    assert at_fault is None or isinstance(at_fault, Node)
    return Finding(focus=focus, shape=SHAPES[f"Evidence-{check}"], message=message, value=at_fault)


def _shown(words: str) -> str:
    return repr(words if len(words) <= 80 else words[:79] + "…")
