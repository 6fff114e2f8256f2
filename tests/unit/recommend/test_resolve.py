"""What the shop's plan makes of a placement for a shopper."""

import pytest

from shared.errors import InvalidRequest
from shared.lists.arms import NONE, Arms, Chances
from shared.merchandising.parse import parse as parse_plan
from shared.profiles.state import Session, State, Totals
from shared.recommend.loaded import load, mistakes
from shared.recommend.request import parse
from shared.recommend.resolve import Asker, resolve
from tests.unit.recommend.shop import NOW

LOYAL = State(totals=Totals(events=9, orders=1, revenue=20.0), session=Session(2, last=NOW))


def loaded(**document):
    return load(parse_plan(document, NOW, [mistakes]))


def resolved(plan, state=LOYAL, unit="u1", chance=0.0, arms=NONE, **request):
    asked = parse({"placement": "home", **request}, placements=plan.placements)
    return resolve(asked, Asker(state, unit, known=True, chance=chance), plan, arms, NOW)


def test_settings_strategy_arm_and_variant_stand_over_one_another_in_this_order():
    arm = {"name": "a", "settings": {"dials": {"serendipity": 0.3}, "pool": 40}}
    plan = loaded(
        placements={
            "home": {
                "count": 7,
                "dials": {"freshness": 0.1},
                "strategies": [
                    {"name": "never", "when": "shopper.orders > 100", "count": 1},
                    {"name": "known", "when": "shopper.orders >= 1", "dials": {"margin": 0.2}, "pool": 30},
                ],
            }
        },
        bandits={"b": {"placement": "home", "arms": [arm, {"name": "z", "settings": {}}]}},
        experiments={
            "e": {
                "placements": ["home"],
                "variants": [
                    {"name": "on", "share": 0.999999, "settings": {"pool": 50}},
                    {"name": "off", "share": 0.000001},
                ],
            }
        },
    )
    made = resolved(plan)
    assert made.strategy == "known" and made.drawn.arm.name == "a" and made.assigned[0].variant.name == "on"
    spec = made.request.spec
    assert (spec.count, spec.pool) == (7, 50) == (made.request.count, 50)
    assert (spec.dials.freshness, spec.dials.margin, spec.dials.serendipity) == (0.1, 0.2, 0.3)
    assert made.propensity == pytest.approx(0.5 * 0.999999)


def test_a_count_that_was_asked_for_stays():
    plan = loaded(placements={"home": {"count": 7}})
    assert resolved(plan).request.count == 7 and resolved(plan, count=3).request.count == 3


def test_a_placement_of_the_shop_is_like_a_ready_made_one_until_changed():
    plan = loaded(placements={"spring": {"like": "on-sale", "count": 5}})
    made = resolved(plan, placement="spring")
    assert made.request.spec.shelf == "on-sale" and made.request.count == 5
    with pytest.raises(InvalidRequest, match="spring"):
        parse({"placement": "summer"}, placements=plan.placements)


def test_who_may_not_be_known_is_in_no_experiment_but_may_see_an_arm():
    plan = loaded(
        experiments={
            "e": {"placements": ["home"], "variants": [{"name": "on", "share": 0.5}, {"name": "off", "share": 0.5}]}
        },
        bandits={"b": {"placement": "home", "arms": [{"name": "a"}, {"name": "z", "settings": {"pool": 9}}]}},
    )
    assert not resolved(plan, state=State(), unit="").assigned
    assert resolved(plan, unit="u2").assigned
    arms = Arms({("home", "all"): Chances("home", "all", ["a", "z"], [0.9, 0.1])}, {})
    assert resolved(plan, unit="", chance=0.95, arms=arms).request.spec.pool == 9
    assert resolved(plan, unit="", chance=0.85, arms=arms).propensity == 0.9


def test_assignment_is_that_of_the_unit_whatever_the_device():
    plan = loaded(
        experiments={
            "e": {"placements": ["home"], "variants": [{"name": "on", "share": 0.5}, {"name": "off", "share": 0.5}]}
        },
    )
    for unit in map(str, range(50)):
        phone = resolved(plan, unit=unit, context={"device": "mobile"}).assigned[0].variant
        assert phone == resolved(plan, unit=unit, chance=0.7, context={"device": "desktop"}).assigned[0].variant


def test_a_rule_that_a_variant_switches_on_holds_there_only():
    rule = {"name": "push", "action": "boost", "where": 'item.brand = "Alm"', "by": 2}
    plan = loaded(
        rules=[rule, {**rule, "name": "always"}],
        experiments={
            "e": {
                "placements": ["home"],
                "variants": [{"name": "on", "share": 0.5, "rules": {"push": True}}, {"name": "off", "share": 0.5}],
            }
        },
    )
    held = {}
    for unit in map(str, range(30)):
        made = resolved(plan, unit=unit)
        held[made.assigned[0].variant.name] = {rule.name for _, rule in made.rules.rules(made.rules.active)}
    assert held == {"on": {"push", "always"}, "off": {"always"}}


def test_rules_hear_lifecycle_and_the_shops_own_segments():
    plan = loaded(
        segments={"buyers": "shopper.orders >= 1"},
        rules=[
            {"name": "s", "action": "exclude", "where": "item.on_sale", "when": 'shopper.segments contains "buyers"'},
            {"name": "n", "action": "exclude", "where": "item.on_sale", "when": 'shopper.lifecycle = "new"'},
        ],
    )
    made = resolved(plan)
    assert [rule.name for _, rule in made.rules.rules(made.rules.active)] == ["s"]
    new = resolved(plan, state=State(session=Session(1, last=NOW)))
    assert [rule.name for _, rule in new.rules.rules(new.rules.active)] == ["n"]
