"""What a draft would have brought: on a made-up shop whose clicks are known."""

import random

import pytest

from shared.answers.model import Answered, Question
from shared.answers.simulation.clicks import read
from shared.answers.simulation.simulate import Shop, simulate, starved
from shared.answers.simulation.worth import measured
from shared.catalog.model import Item, Price
from shared.events.model import encode
from shared.merchandising.plan import Plan, Rule
from shared.recommend.loaded import NOTHING, load
from tests.factories import event

NOW = 1_700_000_000.0
APPEAL = {"good": 0.4, "fair": 0.2, "poor": 0.02}
LOOK = [1.0, 0.6, 0.3]
ITEMS = {
    **{name: Item(id=name, title=name, product_type="Tents", price=Price(10.0, "EUR")) for name in APPEAL},
    "stove": Item(id="stove", title="stove", product_type="Stoves", price=Price(10.0, "EUR")),
}
CLICKS = 1000


def answers(number, shown=None, seed=1):
    rng = random.Random(seed)
    for n in range(number):
        order = shown or rng.sample(sorted(APPEAL), 3)
        pool = [(name, 1.0 - place / 10) for place, name in enumerate(order)]
        yield Answered(f"{n:023x}", NOW + n, "home", list(order), pool=pool, question=Question(count=3))


def clicks(logged, rng):
    """Pairs of (answer, item) as the click model makes them."""
    return {
        (one.id, item)
        for one in logged
        for place, item in enumerate(one.shown)
        if rng.random() < LOOK[place] * APPEAL[item]
    }


def worth(number=20_000, seed=1):
    logged = list(answers(number, seed=seed))
    pairs = clicks(logged, random.Random(seed + 1))
    return measured(logged, lambda *pair: pair in pairs, ITEMS, CLICKS // 4, CLICKS)


def test_the_click_model_finds_what_made_the_clicks():
    found = worth()
    assert found.look[0] == pytest.approx(LOOK, rel=0.1)
    assert {name: found.appeal[0, found.column(ITEMS[name])] for name in APPEAL} == pytest.approx(APPEAL, rel=0.12)
    assert found.column(ITEMS["stove"]) == found.columns["\0"], "never shown: as all are"
    assert found.buys[0] == pytest.approx(0.25) and found.buys[1:].std() < 0.02
    assert abs(found.look[1:].mean(axis=0) - found.look[0]).max() < 0.02


def again(one):
    raise AssertionError("no draft here changes where candidates come from")


def simulated(rules, logged=None, **more):
    draft = load(Plan(version="d", rules=tuple(rules)))
    logged = logged or list(answers(500, ["good", "fair", "poor"]))
    return simulate(logged, NOTHING, draft, Shop(ITEMS, more.get("worth") or worth(), again))


def test_a_draft_without_rules_changes_nothing():
    made = simulated([])
    assert (made.answers, made.changed, made.changed_places, made.short) == (500, 0, 0, 0)
    assert made.brings.clicks == (0.0, 0.0, 0.0) and not made.rules and not made.starved
    assert made.clicks == pytest.approx(500 * sum(map(float.__mul__, LOOK, APPEAL.values())), rel=0.1)


def test_a_rule_has_its_price():
    """The worst item first: 0.02 + 0.6 · 0.4 + 0.3 · 0.2 instead of 0.4 + 0.6 · 0.2 + 0.3 · 0.02 clicks an answer."""
    made = simulated([Rule(name="hero", action="pin", items=("poor",), slots=(1,))])
    truth = 500 * ((0.02 + 0.24 + 0.06) - (0.4 + 0.12 + 0.006))
    assert made.changed == 500 and made.changed_places == 1500
    assert made.brings.clicks.low < truth < made.brings.clicks.high < 0
    assert made.brings.revenue.mean == pytest.approx(truth * 0.25 * 10.0, rel=0.15)
    (price,) = made.rules
    assert (price.rule, price.action, price.answers) == ("hero", "pin", 500)
    assert price.brings.clicks.mean == pytest.approx(made.brings.clicks.mean)


def test_two_rules_are_priced_apart_and_one_that_does_nothing_costs_nothing():
    rules = [
        Rule(name="good away", action="exclude", items=("good",)),
        Rule(name="nobody", action="boost", where='item.brand = "None"', by=3.0),
        Rule(name="poor up", action="pin", items=("poor",), slots=(1,)),
    ]
    made = {one.rule: one for one in simulated(rules).rules}
    assert made["nobody"].answers == 0 and made["nobody"].brings.clicks.mean == 0.0
    assert made["good away"].brings.clicks.high < 0 and made["poor up"].brings.clicks.high < 0
    assert made["good away"].brings.clicks.mean < made["poor up"].brings.clicks.mean


def test_places_that_nothing_in_the_log_fills_are_told():
    made = simulated([Rule(name="away", action="exclude", items=("good", "fair"))])
    assert made.short == 1000 and made.changed_places == 500 + 1000


def test_a_better_draft_is_seen_to_be_one():
    made = simulated(
        [Rule(name="best", action="pin", items=("good",), slots=(1,))], list(answers(500, ["poor", "fair", "good"]))
    )
    assert made.brings.clicks.low > 0 and made.rules[0].brings.revenue.low > 0


def test_intervals_hold_the_truth():
    """Of worlds drawn anew, about 95 % have the true difference in the interval."""
    truth = 200 * ((0.02 + 0.24 + 0.06) - (0.4 + 0.12 + 0.006))
    logged = list(answers(200, ["good", "fair", "poor"]))
    rule = Rule(name="hero", action="pin", items=("poor",), slots=(1,))
    within = 0
    for seed in range(40):
        found = simulated([rule], logged, worth=worth(600, seed * 2 + 10)).brings.clicks
        within += found.low <= truth <= found.high
    assert within >= 32


def test_a_category_that_vanishes_is_named():
    (lost,) = starved({"Tents": 90.0, "Stoves": 10.0, "Maps": 0.1}, {"Tents": 98.0, "Stoves": 2.0})
    assert (lost.category, lost.before, lost.after) == ("Stoves", pytest.approx(0.1, rel=0.01), pytest.approx(0.02))


def test_what_the_log_cannot_tell_is_left_out_with_its_reason():
    logged = [Answered("0" * 23, NOW, "home"), Answered("1" * 23, NOW, "attic", pool=[("good", 1.0)])]
    made = simulated([], logged)
    assert made.answers == 0 and sum(made.skipped.values()) == 2 and any("attic" in why for why in made.skipped)


def line(name, item, who="a1", answer="r1", **more):
    properties = {"product_id": item, "recommendation_id": answer}
    return encode(event(name=name, item=item, anonymous_id=who, properties=properties, **more))


def test_clicks_and_what_becomes_of_them_are_counted_from_events():
    lines = [
        line("Recommendation Clicked", "x"),
        line("Recommendation Clicked", "y"),
        line("Recommendation Clicked", "y", who="a2", answer="r2"),
        line("Order Completed", "y"),
        line("Product Viewed", "z"),
        b'{"broken": "Order Completed"',
    ]
    found = read(lines)
    assert found.pairs == {("r1", "x"), ("r1", "y"), ("r2", "y")} and found.has("r1", "x")
    assert (found.clicked, found.ordered) == (3, 1)
