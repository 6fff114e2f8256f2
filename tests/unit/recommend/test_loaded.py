"""A plan made ready: everything that is wrong with what is kept as it was written, and what is made of what is right."""

import pytest

from shared.errors import InvalidRequest
from shared.merchandising.plan import Plan, Rule
from shared.recommend.loaded import load, mistakes

VARIANTS = [{"name": "off", "share": 0.5}, {"name": "on", "share": 0.5}]


def experiment(*variants, **more):
    return {"placements": ["home"], "variants": [VARIANTS[0], *variants], **more}


def test_every_setting_and_dial_is_judged_alone():
    strategies = [{"name": "a", "when": "shopper.order > 1", "count": 0, "pool": -1}, 3]
    home = {"count": 0, "dials": {"diversity": 9, "loud": 1, "margin": 0.5}, "strategies": strategies}
    variant = {"name": "on", "share": 0.5, "settings": {"dials": {"diversity": 3, "margin": 5}}}
    found = mistakes(
        {
            "placements": {"home": home, "own": {"count": 1}, "p": 7, "q": {"like": ["home"]}},
            "experiments": {"e": experiment(variant)},
            "bandits": {"b": {"placement": "cart", "arms": [{"name": "x"}, {"name": "y", "settings": {"size": 1}}]}},
        }
    )
    assert [mistake.field for mistake in found] == [
        "placements.home.count",
        "placements.home.dials.diversity",
        "placements.home.dials.loud",
        "placements.home.strategies[0].count",
        "placements.home.strategies[0].pool",
        "placements.home.strategies[0].when",
        "placements.home.strategies[1]",
        "placements.own.like",
        "placements.p",
        "placements.q.like",
        "experiments.e.on.settings.dials.diversity",
        "experiments.e.on.settings.dials.margin",
        "bandits.b.y.settings.size",
    ]


def test_a_placement_with_mistakes_is_known_all_the_same():
    document = {"placements": {"own": {"like": "home", "count": 0}}, "experiments": {"e": experiment(VARIANTS[1])}}
    document["experiments"]["e"]["placements"] = ["own"]
    assert [mistake.field for mistake in mistakes(document)] == ["placements.own.count"]


@pytest.mark.parametrize(("more", "right"), [({}, True), ({"enabled": False}, False), ({"name": "other"}, False)])
def test_a_variant_switches_rules_that_are_there_and_enabled(more, right):
    variant = {"name": "on", "share": 0.5, "rules": {"winter": True}}
    rule = {"name": "winter", "action": "exclude", "items": ["tent"], **more}
    found = mistakes({"rules": [rule], "experiments": {"e": experiment(variant)}})
    assert [mistake.field for mistake in found] == ([] if right else ["experiments.e.on.rules.winter"])


@pytest.mark.parametrize("wrong", [{"placements": []}, {"experiments": "x"}, {"bandits": None}, {"rules": {}}])
def test_what_is_no_object_is_left_to_the_parser(wrong):
    assert mistakes(wrong) == []


def test_a_plan_is_made_ready_with_its_own_placements_strategies_and_switches():
    plan = Plan(
        version="7",
        rules=(Rule(name="winter", action="exclude", items=("tent",)), Rule(name="x", action="exclude", items=("a",))),
        placements={"own": {"like": "cart", "count": 3, "strategies": [{"name": "s", "when": "shopper.orders > 1"}]}},
        experiments={
            "e": experiment({"name": "on", "share": 0.5, "rules": {"winter": True}, "settings": {"count": 4}})
        },
    )
    made = load(plan)
    assert made.version == "7" and made.placements["own"].count == 3 and made.placements["own"].about == "cart"
    assert [strategy.name for strategy in made.strategies["own"]] == ["s"]
    assert made.changes["experiment", "e", "on"] == {"count": 4}
    assert made.switched(0b11, {}) == 0b10 and made.switched(0b11, {"winter": True, "x": False}) == 0b01


def test_a_plan_that_this_code_cannot_read_is_not_made_ready():
    with pytest.raises(InvalidRequest) as refused:
        load(Plan(placements={"home": {"count": 0}}))
    assert refused.value.field == "placements.home.count"
