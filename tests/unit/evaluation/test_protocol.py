import math

import numpy as np

from shared.evaluation.protocol import cases, measure, split_at
from shared.models.interactions import CART, DAY, ENGAGED, ORDER, VIEW, Interactions


def interactions(*rows):
    """Rows of (day, shopper, item, kind, basket)."""
    day, who, what, kind, basket = (np.array(column) for column in zip(*sorted(rows), strict=True))
    items, item = np.unique(what, return_inverse=True)
    return Interactions(
        items=items,
        shoppers=np.array([f"a#{n}" for n in range(who.max() + 1)]),
        shopper=who.astype(np.int32),
        item=item.astype(np.int32),
        at=day * DAY,
        kind=kind.astype(np.int8),
        session=np.arange(len(day), dtype=np.int32),
        basket=basket.astype(np.int32),
        quantity=np.ones(len(day), np.float32),
        countries=np.full(who.max() + 1, "GB"),
    )


DATA = interactions(
    (1.0, 0, "tent", VIEW, -1),
    (2.0, 0, "tent", CART, -1),
    (3.0, 0, "tent", ORDER, 0),
    (3.0, 0, "stove", ORDER, 0),
    (4.0, 0, "lamp", ENGAGED, -1),
    (9.0, 0, "tent", VIEW, -1),
    (9.5, 0, "rope", VIEW, -1),
    (9.5, 1, "rope", VIEW, -1),
)


def test_the_test_part_is_the_last_fifth_and_at_most_thirty_days():
    assert split_at(DATA) == (9.5 - 8.5 * 0.2) * DAY
    year = interactions((0.0, 0, "a", VIEW, -1), (365.0, 0, "a", VIEW, -1))
    assert split_at(year) == 335 * DAY


def test_a_case_knows_what_the_live_fold_would_have_known_at_the_split():
    (case,) = cases(DATA, split_at(DATA), facts={"tent": ("Camping", "Alm", 20.0), "stove": ("Kitchen", "", 0.0)})
    assert [t.item for t in case.state.recent] == ["tent", "lamp"]
    assert case.state.totals.orders == 1 and {p.item for p in case.state.purchases} == {"tent", "stove"}
    assert case.state.cart == {} and set(case.state.categories) == {"Camping", "Kitchen"}
    assert math.isclose(case.state.price_log_mean, math.log(20.0))
    assert case.bought == {"tent", "stove"} and case.right == {"tent", "rope"}


def test_shoppers_nothing_was_known_of_are_no_cases():
    assert [case.shopper for case in cases(DATA, split_at(DATA))] == [0]


def test_repeats_count_in_one_mode_only():
    shoppers = cases(DATA, split_at(DATA))
    means = measure(lambda state: (["tent", "rope"], ["x", "rope"]), shoppers).means()
    assert means["recall@20 with repeats"] == 1.0 and means["recall@20 new only"] == 1.0
    assert means["mrr@20 with repeats"] == 1.0 and means["mrr@20 new only"] == 0.5
