"""How a shelf is filled: order, variety, caps."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog.model import Price, top_category
from shared.merchandising.places import group
from shared.merchandising.steered import Entry
from shared.profiles.state import State
from shared.recommend.dials import OFF, About, Dials, closeness, factor, familiarity
from shared.recommend.filling import Queue
from tests.unit.recommend.shop import NOW, item

DAY = 86400.0
ITEMS = st.builds(
    item,
    name=st.integers(0, 60).map("i{:02}".format),
    brand=st.sampled_from(["", "Alm", "Berg", "Cima"]),
    product_type=st.sampled_from(["", "Camping > Tents", "Camping > Stoves", "Kitchen", "Kitchen > Pans > Iron"]),
    sketch=st.sampled_from([0, 2**64 - 1, 2**60 - 1, 2**40 - 1, 12345]),
)
VALUES = st.floats(0.01, 1.0)
POOLS = st.lists(st.tuples(ITEMS, VALUES), max_size=40, unique_by=lambda pair: pair[0].id).map(
    lambda pairs: [Entry(one.id, value, one) for one, value in pairs]
)


def filled(pool, dials, count=12):
    queue, shown = Queue(pool, dials), []

    def where(entry):
        return "shown" if group(entry.item) in {group(other.item) for other in shown} else ""

    while len(shown) < count and (chosen := queue.take(len(shown) + 1, shown, where)):
        shown.append(chosen)
    return shown, queue


@given(POOLS)
def test_without_dials_relevance_alone_decides(pool):
    shown, _ = filled(pool, OFF)
    assert shown == sorted(pool, key=lambda entry: -entry.score)[:12]


@given(POOLS, st.floats(0.0, 1.0))
def test_the_lazy_queue_is_maximal_marginal_relevance(pool, diversity):
    """Compared with the formula itself, computed anew for every place and item."""
    shown, left, naive = [], list(pool), []
    for _ in range(min(12, len(pool))):
        values = [
            (1 - diversity) * s.score - diversity * max((closeness(s.item, o) for o in shown), default=0.0)
            for s in left
        ]
        chosen = left.pop(values.index(max(values)))
        shown.append(chosen.item)
        naive.append(chosen.item.id)
    assert [entry.id for entry in filled(pool, Dials(diversity=diversity))[0]] == naive


@given(POOLS, st.integers(1, 3), st.integers(1, 3), st.floats(0.0, 1.0))
def test_caps_hold_and_only_they_leave_places_empty(pool, brands, categories, diversity):
    dials = Dials(diversity=diversity, brand_cap=brands, category_cap=categories)
    shown, queue = filled(pool, dials)
    of_brand = Counter(entry.item.brand for entry in shown if entry.item.brand)
    of_category = Counter(top_category(entry.item) for entry in shown if entry.item.product_type)
    assert all(n <= brands for n in of_brand.values()) and all(n <= categories for n in of_category.values())
    capped = [name for cause in ("brand_cap", "category_cap") for name in queue.removed.get(cause, [])]
    assert len(shown) == 12 or len(shown) + len(capped) == len(pool)


@given(ITEMS, ITEMS)
def test_closeness_is_symmetric_and_at_most_one(one, other):
    assert closeness(one, other) == closeness(other, one) and 0.0 <= closeness(one, other) <= 1.0


def test_closeness_counts_category_texts_and_brand_where_they_are_known():
    one = item("a", sketch=2**64 - 1)
    assert closeness(one, item("b", sketch=2**64 - 1)) == 1.0
    assert closeness(one, item("b", sketch=2**40 - 1)) == 0.7  # 24 bits apart may be chance
    assert closeness(one, item("b", sketch=0)) == 0.7  # written before there were sketches
    assert 0.7 < closeness(one, item("b", sketch=2**60 - 1)) < 1.0
    assert closeness(one, item("b", sketch=2**64 - 1, brand="", product_type="")) == pytest.approx(0.3)
    assert closeness(item("a"), item("b", product_type="Camping > Stoves", brand="Berg")) == 0.25


def test_of_items_of_one_category_the_one_that_says_something_else_is_shown():
    best, twin, other = item("best", sketch=2**64 - 1), item("twin", sketch=2**64 - 2), item("other", sketch=2**32 - 1)
    pool = [Entry(one.id, value, one) for one, value in ((best, 1.0), (twin, 0.9), (other, 0.8))]
    assert [entry.id for entry in filled(pool, OFF, 2)[0]] == ["best", "twin"]
    assert [entry.id for entry in filled(pool, Dials(diversity=0.4), 2)[0]] == ["best", "other"]


def test_what_is_new_or_earns_more_gains_and_what_is_familiar_or_shown_in_vain_loses():
    state = State(categories={"Camping": 4.0, "Kitchen": 1.0}, brands={"Alm": 2.0})
    about = About(state, {"seen": 0.8}, {"scarce": 2.0})
    now = NOW + 100 * DAY
    young, old = item("n", first_seen=now - DAY), item("o", first_seen=now - 60 * DAY)
    assert factor(Dials(freshness=1.0), young, about, now) > factor(Dials(freshness=1.0), old, about, now) == 1.0
    strange = item("s", product_type="Garden", brand="Berg")
    assert familiarity(item("k", product_type="Kitchen", brand="Berg"), state) == 0.25
    assert factor(Dials(serendipity=1.0), strange, about, NOW) == 1.0 > factor(Dials(serendipity=0.5), old, about, NOW)
    assert factor(Dials(repetition=0.5), item("seen"), about, NOW) == pytest.approx(0.6)
    rich = item("r", margin=4.0)
    assert factor(Dials(margin=1.0), rich, about, NOW) == pytest.approx(1.4)
    assert factor(Dials(stock_days=4.0), item("scarce"), about, NOW) == 0.5
    assert factor(Dials(stock_days=4.0), item("plenty"), about, NOW) == 1.0


@given(st.floats(0.1, 1000.0))
def test_prices_outside_the_shoppers_range_fade_and_no_price_does_not(amount):
    about = About(State(price_log_mean=math.log(50.0), price_weight=3.0))
    dials = Dials(price_range=(0.5, 2.0))
    made = factor(dials, item("a", price=Price(amount, "EUR")), about, NOW)
    assert (made == 1.0) == (25.0 <= amount <= 100.0) or made == pytest.approx(1.0)
    assert factor(dials, item("a", price=None), about, NOW) == 1.0
