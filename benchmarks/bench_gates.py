"""Speed of the mapping and of the two gates on made-up documents of several sizes: `python benchmarks/bench_gates.py`.

Prints one line a size: triples, then triples per second of mapping, writing, SHACL gate and evidence gate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

from kgraph.model.annotations import Account, Assertion, Claim, ClaimKind, Entity, EntityKind, Judgement, Mention
from kgraph.model.extraction import Extraction, Thread
from kgraph.model.text import Document, Post, PostKind, Span
from kgraph.rdf import to_graph, to_quads
from kgraph.validate import ShapesGate, check_evidence

BASE, DOC = "http://localhost:8000/", "doc/made-up"
SURE = Judgement(0.9, "sentence")
PLATFORM = Entity(id="platform/made-up", kind=EntityKind.PLATFORM, name="Bazaar")
PERSON = Entity(id="person/made-up/ada", kind=EntityKind.PERSON, name="Ada")
ACCOUNT = Account(id="account/made-up/ada", name="Ada", person=PERSON.id)


def made_up(posts: int, sentences: int) -> Extraction:
    """A thread of posts of equal length; each sentence names the platform and is a claim about it."""
    text, threads, mentions, claims, assertions = "", [], [], [], []
    for number in range(posts):
        post, start = f"{DOC}#p{number + 1}", len(text)
        for sentence in range(sentences):
            words = f"Stall {number}-{sentence} of Bazaar sells bread."
            span = Span(len(text), len(text) + len(words))
            name = span.start + words.index("Bazaar")
            text += words + " "
            mentions.append(Mention(post=post, span=Span(name, name + 6), entity=PLATFORM.id, judgement=SURE))
            claim = f"{DOC}#claim-{number}-{sentence}"
            claims.append(Claim(id=claim, text=words, kind=ClaimKind.FACTUAL, kind_judgement=SURE, about=(PLATFORM.id,)))
            assertion = claim.replace("claim", "assertion")
            assertions.append(Assertion(id=assertion, claim=claim, claimant=PERSON.id, post=post, span=span, judgement=SURE))
        kind = PostKind.COMMENT if number else PostKind.ARTICLE
        threads.append(Post(id=post, kind=kind, span=Span(start, len(text)), reply_to=f"{DOC}#p1" if number else None))
        text += "\n"
    digest = sha256(text.encode()).hexdigest()
    thread = Thread(
        accounts=(ACCOUNT,),
        authors={post.id: ACCOUNT.id for post in threads},
        replies=(),
        quotations=(),
        inferences=(),
        people=(PERSON,),
    )
    return Extraction(
        document=Document(id=DOC, text=text, posts=tuple(threads), sha256=digest, media_type="text/plain"),
        thread=thread,
        entities=(PLATFORM, PERSON),
        mentions=tuple(mentions),
        claims=tuple(claims),
        assertions=tuple(assertions),
    )


Result = TypeVar("Result")


def best(of: Callable[[], Result], times: int = 10) -> tuple[float, Result]:
    shortest = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        result = of()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest, result


def main() -> None:
    gate = ShapesGate()
    print(f"{'triples':>8} {'map/s':>9} {'quads/s':>9} {'shapes/s':>9} {'shapes ms':>9} {'evidence/s':>10}")
    for posts, sentences in ((1, 1), (5, 4), (20, 5), (100, 10)):
        extraction = made_up(posts, sentences)
        mapping, graph = best(lambda extraction=extraction: to_graph(extraction, base=BASE, run="run/bench"))
        writing, _ = best(lambda graph=graph: to_quads(graph, name=BASE + DOC))
        shapes, report = best(lambda graph=graph: gate.check(graph))
        evidence, evident = best(lambda graph=graph, text=extraction.document.text: check_evidence(graph, text))
        assert not report.findings, report.as_text()
        assert not evident.findings, evident.as_text()
        rates = [len(graph) / seconds for seconds in (mapping, writing, shapes, evidence)]
        print(f"{len(graph):8} {rates[0]:9.0f} {rates[1]:9.0f} {rates[2]:9.0f} {shapes * 1000:9.1f} {rates[3]:10.0f}")


if __name__ == "__main__":
    main()
