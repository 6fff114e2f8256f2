"""How a shelf is filled: order, variety, caps."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog.model import Price
from shared.profiles.state import State
from shared.recommend.dials import OFF, About, Dials, closeness, factor, familiarity
from shared.recommend.filling import Queue, Shown, Standing
from shared.recommend.picks import Pick
from tests.unit.recommend.shop import NOW, item

DAY = 86400.0
ITEMS = st.builds(
    item,
    name=st.integers(0, 60).map("i{:02}".format),
    brand=st.sampled_from(["", "Alm", "Berg", "Cima"]),
    product_type=st.sampled_from(["", "Camping > Tents", "Camping > Stoves", "Kitchen", "Kitchen > Pans > Iron"]),
)
VALUES = st.floats(0.01, 1.0)
POOLS = st.lists(st.tuples(ITEMS, VALUES), max_size=40, unique_by=lambda pair: pair[0].id).map(
    lambda pairs: [Standing(Pick(one.id, value, "for_you", "", "live"), one, value) for one, value in pairs]
)


def filled(pool, dials, count=12):
    queue, shown = Queue(pool, dials), Shown()
    removed = {}
    while len(shown.picks) < count and (chosen := queue.take(shown, removed)):
        shown.show(chosen.pick, chosen.item)
    return shown, removed


@given(POOLS)
def test_without_dials_relevance_alone_decides(pool):
    shown, _ = filled(pool, OFF)
    best = sorted(pool, key=lambda s: -s.value)[:12]
    assert [pick.item for pick in shown.picks] == [s.item.id for s in best]


@given(POOLS, st.floats(0.0, 1.0))
def test_the_lazy_queue_is_maximal_marginal_relevance(pool, diversity):
    """Compared with the formula itself, computed anew for every place and item."""
    shown, left, naive = [], list(pool), []
    for _ in range(min(12, len(pool))):
        values = [
            (1 - diversity) * s.value - diversity * max((closeness(s.item, o) for o in shown), default=0.0)
            for s in left
        ]
        chosen = left.pop(values.index(max(values)))
        shown.append(chosen.item)
        naive.append(chosen.item.id)
    made = [pick.item for pick in filled(pool, Dials(diversity=diversity))[0].picks]
    assert made == naive


@given(POOLS, st.integers(1, 3), st.integers(1, 3), st.floats(0.0, 1.0))
def test_caps_hold_and_only_they_leave_places_empty(pool, brands, categories, diversity):
    dials = Dials(diversity=diversity, brand_cap=brands, category_cap=categories)
    shown, removed = filled(pool, dials)
    assert all(n <= brands for name, n in shown.brands.items() if name)
    assert all(n <= categories for name, n in shown.categories.items() if name)
    capped = {name for cause in ("brand_cap", "category_cap") for name in removed.get(cause, [])}
    assert len(shown.picks) == 12 or len(shown.picks) + len(capped) == len(pool)


@given(ITEMS, ITEMS)
def test_closeness_is_symmetric_and_at_most_one(one, other):
    assert closeness(one, other) == closeness(other, one) and 0.0 <= closeness(one, other) <= 1.0


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
