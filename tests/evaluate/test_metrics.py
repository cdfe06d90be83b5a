"""The metrics, on pages small enough to count by hand."""

from __future__ import annotations

import json

import pytest

from kgraph.errors import Misuse
from kgraph.evaluate import Counts, Page, Score, compare, gold_page
from kgraph.evaluate.page import PageClaim, PageEntity, PagePost, normal

TEXT = "Trains are slow. Buses are quick. Nobody walks. "


def entity(id: str, type: str = "Platform", *names: str, optional: bool = False) -> PageEntity:
    return PageEntity(id, type, frozenset(map(normal, names or (id,))), optional)


def claim(words: str, *, who: str = "ann", optional: bool = False, **facts: object) -> PageClaim:
    start = TEXT.index(words)
    return PageClaim(words, "p0", start, start + len(words), str(facts.pop("kind", "factual")), who, optional=optional, **facts)


def page(*claims: PageClaim, entities: tuple[PageEntity, ...] = (), posts: tuple[PagePost, ...] = ()) -> Page:
    return Page(posts, (entity("ann", "Person", "Ann"), *entities), claims)


def test_a_page_compared_with_itself_is_all_right():
    same = page(
        claim("Trains are slow.", about=frozenset({"train"}), stances=frozenset({("train", "disputes")}), reported=True),
        entities=(entity("train"),),
        posts=(PagePost("p0", "ann", None, 0, 40), PagePost("p1", "ann", "p0", 41, 47)),
    )
    figures = compare(same, same, TEXT).figures()
    assert figures["posts"] == {"found": 1.0, "author": 1.0, "reply_to": 1.0, "extra": 0}
    assert figures["claimant"] == figures["kind"] == 1.0
    for name in ("entity Person", "entity Platform", "claims", "about", "stance", "reported"):
        assert figures[name]["f1"] == 1.0, name


def test_nothing_found_is_all_missing():
    score = compare(Page((), (), ()), page(claim("Trains are slow.")), TEXT)
    assert score.claims == Counts(0, 0, 1)
    assert score.entities["Person"] == Counts(0, 0, 1)
    assert score.figures()["claimant"] == 0.0


def test_a_claim_matches_from_half_its_words_on():
    gold = page(claim("Trains are slow. Buses"))
    assert compare(page(claim("Trains")), gold, TEXT).claims == Counts(0, 1, 1)
    assert compare(page(claim("Trains are")), gold, TEXT).claims == Counts(1, 0, 0)


def test_claims_match_one_to_one_and_best_first():
    gold = page(claim("Trains are slow."))
    found = page(claim("Trains are"), claim("Trains are slow."))
    assert compare(found, gold, TEXT).claims == Counts(1, 1, 0)


def test_what_is_optional_is_neither_hit_nor_error():
    gold = page(claim("Trains are slow. Buses are quick.", optional=True), entities=(entity("bus", optional=True),))
    found = page(claim("Trains are slow. Buses are quick."), entities=(entity("bus"),))
    assert compare(found, gold, TEXT).claims == Counts()
    assert compare(found, gold, TEXT).entities["Platform"] == Counts()
    assert compare(page(claim("quick")), gold, TEXT).claims == Counts()
    assert compare(Page((), (), ()), gold, TEXT).claims == Counts()


def test_entities_match_by_any_name_with_its_article_dropped_and_only_within_a_type():
    gold = page(entities=(entity("x", "Work", "The Long Road", "Road"),))
    assert compare(page(entities=(entity("y", "Work", "long road"),)), gold, TEXT).entities["Work"] == Counts(1, 0, 0)
    assert compare(page(entities=(entity("y", "Event", "Road"),)), gold, TEXT).entities["Work"] == Counts(0, 0, 1)


def test_claimants_are_compared_by_name():
    found = Page((), (entity("http://x/1", "Person", "ann"),), (claim("Trains are slow.", who="http://x/1"),))
    assert compare(found, page(claim("Trains are slow.")), TEXT).claimants == 1
    assert compare(found, page(claim("Trains are slow.", who="bob")), TEXT).claimants == 0


def test_posts_match_by_where_they_start():
    gold = page(posts=(PagePost("p0", "ann", None, 0, 10), PagePost("p1", "ann", "p0", 500, 600)))
    found = page(
        posts=(PagePost("a", "ann", None, 79, 90), PagePost("b", "ann", "a", 590, 600), PagePost("c", "ann", "a", 300, 310))
    )
    score = compare(found, gold, TEXT)
    assert (score.posts_found, score.posts_extra, score.authors) == (1, 2, 1)


def test_scores_add_up_to_their_micro_average():
    one = Score(claims=Counts(1, 0, 0), entities={"Person": Counts(1, 1, 0)}, posts=1, posts_found=1)
    two = Score(claims=Counts(1, 2, 2), entities={"Place": Counts(0, 0, 1)}, posts=3, posts_found=0)
    figures = (one + two).figures()
    assert figures["claims"] == {"p": 0.5, "r": 0.5, "f1": 0.5, "tp": 2, "fp": 2, "fn": 2}
    assert figures["posts"]["found"] == 0.25
    assert list(figures)[:2] == ["entity Person", "entity Place"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"posts": [{}], "entities": [], "claims": []}', "\x00"])
def test_what_is_no_gold_file_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "gold.json"
    path.write_text(content)
    with pytest.raises(Misuse, match="no gold file"):
        gold_page(path)


def test_a_gold_file_gives_its_page(tmp_path):
    path = tmp_path / "gold.json"
    claims = [{"id": "c", "post": "p0", "start": 0, "end": 5, "kind": "causal", "stance": {"toward": "p0", "is": "supports"}}]
    gold = {
        "posts": [{"id": "p0", "author": "ann", "start": 0, "end": 9}],
        "entities": [{"id": "ann", "type": "Person", "name": "Ann", "aliases": ["The Ann"]}],
        "claims": claims,
    }
    path.write_text(json.dumps(gold))
    read = gold_page(path)
    assert read.entities[0].names == {"ann"}
    assert read.claims[0].claimant == "ann"
    assert read.claims[0].stances == {("p0", "supports")}
