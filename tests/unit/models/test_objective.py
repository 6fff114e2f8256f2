"""What a model aims at: what counts as right, what it is worth, and what comes of it."""

from dataclasses import replace

import numpy as np
import pytest

from shared.errors import InvalidRequest
from shared.evaluation.protocol import cases, measure
from shared.events import lake
from shared.events.model import encode
from shared.models import ranker, sales
from shared.models.candidates import rank
from shared.models.interactions import DAY, ORDER, VIEW, Interactions
from shared.models.known import Goal, Known
from shared.models.moments import HEAVIEST, LIGHTEST, moments
from shared.models.objective import Aim, aimed, asked, worth_of
from shared.models.prepare import Room, prepare
from shared.models.sales import NO_SALES, PIECES, Sales, refunded
from tests.factories import event, order

SHELVES, SINCE = 20, 40 * DAY


def shop(shoppers=1200, seed=5):
    """On each shelf a lamp is looked at; afterwards three in five buy its bulb, for 4, the others the matching chair, for 40."""
    rng, rows = np.random.default_rng(seed), []
    for shopper in range(shoppers):
        shelf, looked = shopper % SHELVES, float(rng.uniform(0, 39)) * DAY
        bought = looked + 600 if shopper < shoppers // 2 else float(rng.uniform(41, 49)) * DAY
        thing = 1 if rng.random() < 0.6 else 2
        rows += [(looked, shopper, 3 * shelf, VIEW), (bought, shopper, 3 * shelf + thing, ORDER)]
    rows.sort()
    at, who, item, kind = (np.array(column) for column in zip(*rows, strict=True))
    orders = kind == ORDER
    return Interactions(
        items=np.array([f"i{n:02d}" for n in range(3 * SHELVES)]),
        shoppers=np.arange(shoppers, dtype=np.uint64),
        shopper=who.astype(np.int32),
        item=item.astype(np.int32),
        at=at.astype(np.float64),
        kind=kind.astype(np.int8),
        session=np.where(at < SINCE, who, shoppers + who).astype(np.int32),
        basket=np.where(orders, np.cumsum(orders) - 1, -1).astype(np.int32),
        quantity=np.ones(len(rows), np.float32),
        countries=np.full(shoppers, ""),
    )


DATA = shop()
PRICES = (30.0, 4.0, 40.0)
FACTS = {f"i{n:02d}": ("Light", "", PRICES[n % 3]) for n in range(3 * SHELVES)}
MARGINS = {item: price / 2 for item, (_, _, price) in FACTS.items()}
# nineteen of twenty chairs come back
SOLD = Sales(
    np.full(3 * SHELVES, 3, np.int32),
    np.array(sorted(FACTS)),
    np.full(3 * SHELVES, 1000, np.float32),
    np.array([950.0 if n % 3 == 2 else 0.0 for n in range(3 * SHELVES)], np.float32),
)


def firsts(objective):
    """Which thing a ranker with this objective puts first for who looked at a lamp: 1 the bulb, 2 the chair."""
    aim = aimed(objective, FACTS, MARGINS, SOLD, SINCE)
    bundle = Known(DATA.before(SINCE), SINCE, FACTS, goal=Goal(aim)).fitted({})
    found = moments(DATA, SINCE, FACTS, aim, 2000)
    learned = ranker.learn(bundle, found)
    assert learned.forest is not None
    made = replace(bundle, forest=learned.forest)
    places = [[c.item for c in rank(moment.state, made, moment.now, 20)[0]] for moment in found]
    return np.array([next(int(item[1:]) % 3 for item in items if int(item[1:]) % 3) for items in places])


def test_orders_put_what_is_bought_most_first_revenue_what_costs_most_and_margin_what_stays_sold():
    assert (firsts("order") == 1).mean() > 0.95  # 0.6 orders against 0.4
    assert (firsts("revenue") == 2).mean() > 0.95  # 0.6 × 4 against 0.4 × 40
    assert (firsts("margin") == 1).mean() > 0.95  # 0.6 × 2 against 0.4 × 20 × 0.07


def test_the_metric_that_decides_counts_what_came_by_its_value():
    aim = aimed("revenue", FACTS, {}, NO_SALES, SINCE)
    shoppers = cases(DATA, SINCE, facts=FACTS, aim=aim)
    bulbs, chairs = ([[f"i{3 * s + t:02d}" for s in range(SHELVES)] for t in (thing, 3 - thing)] for thing in (1, 2))
    means = [
        measure(lambda state, order=lists: (order[0] + order[1], order[0] + order[1]), shoppers).means()
        for lists in (bulbs, chairs)
    ]
    assert aim.metric == "revenue ndcg@20" and f"{aim.metric} with repeats" in means[0]
    assert set(means[0]) - set(measure(lambda s: ([], []), cases(DATA, SINCE)).means()) == {
        "revenue ndcg@20 with repeats",
        "revenue ndcg@20 new only",
    }


def test_a_rich_purchase_counts_more_but_not_without_end():
    aim = Aim("revenue", {item: 10_000.0 if item == "i02" else 1.0 for item in FACTS})
    weights = {next(iter(m.right)): m.weight for m in moments(DATA, SINCE, FACTS, aim, 2000)}
    assert weights["i02"] == HEAVIEST and weights["i01"] == LIGHTEST
    assert {m.weight for m in moments(DATA, SINCE, FACTS, Aim("order"), 2000)} == {1.0}


def test_a_loss_is_not_right_and_who_brought_nothing_is_not_asked_about():
    aim = Aim("margin", {item: -1.0 if n % 3 == 1 else 0.0 if n % 3 else 2.0 for n, item in enumerate(sorted(FACTS))})
    assert moments(DATA, SINCE, FACTS, aim, 2000) == []


def test_refunds_are_expected_as_they_were_known_and_shrunk_to_what_is_usual():
    told = Sales(
        np.array([0, 0, 1], np.int32),
        np.array(["a", "b", "a"]),
        np.array([80.0, 20.0, 100.0], np.float32),
        np.array([0.0, 20.0, 100.0], np.float32),
    )
    shares, usual = refunded(told, DAY)
    assert usual == pytest.approx(0.2)
    assert shares == {"a": pytest.approx(4.0 / (80 + PIECES)), "b": pytest.approx(24.0 / (20 + PIECES))}
    assert refunded(told, DAY - 1) == ({}, 0.0)  # the day is not over
    later, _ = refunded(told, 2 * DAY)
    assert later["a"] > shares["a"]
    aim = aimed("margin", {}, {"a": 10.0, "new": 10.0}, told, DAY)
    assert aim.unit["new"] == pytest.approx(8.0) and aim.unit["a"] == pytest.approx(10 * (1 - shares["a"]))


def test_what_is_sold_and_taken_back_is_read_from_the_lake(tmp_path):
    events = [
        order("tent", "tent", "stove"),
        event("Order Refunded", minutes=5, properties={"order_id": "o1", "products": [{"product_id": "tent"}]}),
        order("tent", minutes=2, anonymous_id="", user_id=""),  # nobody's
    ]
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(lake.lines(encode(e) for e in events))
    found = prepare([str(path)], "20260303T030000Z", room=Room(str(tmp_path / "spill"))).sales
    found = sales.load(sales.dump(found))
    assert found.item.tolist() == ["stove", "tent"]
    assert found.sold.tolist() == [1.0, 2.0] and found.back.tolist() == [0.0, 1.0]


def test_an_objective_without_values_is_refused_in_words():
    with pytest.raises(InvalidRequest, match="no item of the catalog has a margin") as error:
        aimed("margin", FACTS, {}, NO_SALES, SINCE)
    assert error.value.field == "objective"
    with pytest.raises(InvalidRequest, match="no item of the catalog has a price"):
        aimed("revenue", {"a": ("", "", float("nan"))}, {}, NO_SALES, SINCE)
    with pytest.raises(InvalidRequest, match="must be one of auto, click"):
        aimed("fame", FACTS, {}, NO_SALES, SINCE)
    assert aimed("auto", FACTS, {}, NO_SALES, SINCE) is None


@pytest.mark.parametrize("given", [None, "", {}, {"other": 1}])
def test_a_run_without_an_objective_of_its_own_has_the_usual_one(given):
    assert asked(given, "cart") == "cart"


def test_a_run_may_have_its_own_objective():
    assert asked({"objective": "margin"}, "cart") == "margin"
    with pytest.raises(InvalidRequest):
        asked({"objective": ""}, "cart")


def test_the_ranker_is_told_what_a_piece_brings_beside_the_usual():
    items = np.array(["a", "b", "c", "d"])
    told = worth_of(items, Aim("revenue", {"a": 1.0, "b": 2.0, "c": 4.0}))
    assert told.tolist() == pytest.approx([-np.log(2), 0.0, np.log(2), 0.0], abs=1e-6)
    assert not worth_of(items, Aim("order")).any() and not worth_of(items, None).any()
    assert np.isfinite(worth_of(items, Aim("margin", {"a": -5.0, "b": 0.0, "c": 1.0}))).all()
