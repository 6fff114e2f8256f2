"""Why something is shown, and why something is not."""

import pytest

from shared.lists.arms import NONE
from shared.merchandising.parse import parse as parse_plan
from shared.recommend.explain import explained, why_not
from shared.recommend.loaded import load, mistakes
from shared.recommend.picks import Reads
from shared.recommend.pipeline import answer
from shared.recommend.request import parse
from shared.recommend.resolve import Asker, resolve
from tests.unit.recommend.shop import NOW, Catalog, item, scored, state

PLAN = load(
    parse_plan(
        {
            "rules": [
                {"name": "winter", "action": "exclude", "where": 'item.tags contains "summer"'},
                {"name": "hero", "action": "pin", "items": ["hero"], "slots": [1]},
                {"name": "sold-out", "action": "pin", "items": ["gone"], "slots": [2]},
            ],
            "placements": {"home": {"dials": {"brandCap": 2}}},
        },
        NOW,
        [mistakes],
    )
)
SHOP = Catalog(
    item("a", brand="x"),
    item("b", brand="x"),
    item("c", brand="x"),
    item("towel", tags=["summer"]),
    item("d", brand="y"),
    item("e", brand="y"),
    item("hero"),
    item("gone", in_stock=False),
    item("bought"),
    item("lonely"),
)


def made(plan=PLAN, **asked):
    request = parse({"placement": "home", "count": 4, **asked}, placements=plan.placements)
    known = state("a", "b", "c", "towel", "d", "e", "bought", bought=("bought",))
    resolved = resolve(request, Asker(known, "u", known=True), plan, NONE, NOW)
    reads = Reads(known, resolved=resolved)
    return answer(resolved.request, reads, SHOP.lookup, NOW), resolved.request, reads


def told(name, **asked):
    return why_not(name, *made(**asked), SHOP.lookup)


def test_the_shelf_is_what_rules_and_caps_make_of_it():
    shown, *_ = made()
    assert [pick.item for pick in shown.picks] == ["hero", "a", "b", "d"]


@pytest.mark.parametrize(
    ("name", "stage", "why"),
    [
        ("a", "shown", "it is shown, at 2"),
        ("towel", "rule", "removed by rule winter"),
        ("c", "variety", "its brand has as many places as the placement's dials allow"),
        ("bought", "constraint", "the shopper has bought it"),
        ("gone", "constraint", "it is out of stock or not on sale at this time"),
        ("nothing", "constraint", "the catalog does not have it"),
        ("lonely", "sources", "none of the placement's sources came to offer it before the shelf was full"),
    ],
)
def test_an_item_is_told_where_it_dropped_out(name, stage, why):
    found = told(name)
    assert (found["stage"], found["why"]) == (stage, why)


def test_an_outranked_item_is_told_what_it_lacks():
    found = told("e")
    assert found["stage"] == "rank" and found["rank"] == 5, "the towel, that a rule removed, stands in nobody's way"
    assert found["needs"] == pytest.approx(0.01, abs=1e-6) and found["why"] == "rank 5, needs +0.0100"


def test_rank_and_lack_are_those_after_boosts():
    """d has 0.96 and e 0.95; with the boost e stands at 1.14, before a, and d lacks what it has less than b."""
    boost = {"name": "e", "action": "boost", "where": 'item.id = "e"', "by": 1.2}
    shown, request, reads = made(plan=load(parse_plan({"rules": [boost]}, NOW, [mistakes])), count=3)
    assert [pick.item for pick in shown.picks] == ["e", "a", "b"]
    found = why_not("d", shown, request, reads, SHOP.lookup)
    assert found["rank"] == 6 and found["needs"] == pytest.approx(0.03, abs=1e-6)


def test_the_causes_of_the_request_are_told():
    assert told("a", exclude=["a"])["cause"] == "excluded"
    assert told("a", cart=["a"])["cause"] == "in_cart"
    assert told("a", filter='item.brand = "y"')["cause"] == "filtered"


def test_an_explanation_tells_rules_dials_and_who_it_is_for():
    shown, request, reads = made()
    body = explained(shown, request, reads)
    by_name = {rule["rule"]: rule for rule in body["rules"]}
    assert by_name["winter"]["items"] == ["towel"]
    assert by_name["hero"] == {"rule": "hero", "action": "pin", "items": ["hero"], "slots": [1]}
    assert by_name["sold-out"]["items"] == [] and by_name["sold-out"]["why"] == "unavailable"
    assert body["dials"] == {"brand_cap": 2} and body["lifecycle"] == "returning"
    assert body["pool"][0] == {"item": "a", "rank": 1, "score": 1.0}
    assert body["removedCounts"] == {"purchased": 1, "excluded_by_rule": 1, "brand_cap": 1}
    assert body["tiers"]["hero"] == "rules"


def test_scores_in_the_pool_are_those_of_the_sources():
    _, request, reads = made()
    assert explained(*made())["pool"][1]["score"] == pytest.approx(scored("a", "b")[1][1])
