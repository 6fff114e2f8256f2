"""Days of stock: what is left against what sells a day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.lists import sales as stored
from shared.profiles.signals import read
from shared.trends.counters import Counters, count
from shared.trends.lists import merged
from shared.trends.sales import MOST_DAYS, LiveSales, covers, usual_order
from tests.factories import NOON, event
from tests.unit.recommend.shop import item

NOW = NOON.timestamp()
DAY = 1440.0  # minutes


def sold(name, days_ago, quantity=1):
    properties = {"total": 1, "products": [{"product_id": name, "quantity": quantity}]}
    return read(event("Order Completed", minutes=-DAY * days_ago, properties=properties))


def sums(*signals):
    counters = Counters()
    count(counters, list(enumerate(signals, 1)))
    return merged([counters], NOW)["all"]


def lasting(sold_sums, *items):
    return covers(sold_sums, {one.id: one for one in items}, NOW)


@pytest.mark.parametrize("quantity", [1, 5])
def test_stock_lasts_as_many_days_as_it_covers_what_is_sold_in_one(quantity):
    steady = sums(*(sold("tent", half / 2, quantity) for half in range(200)))
    assert lasting(steady, item("tent", stock=100))["tent"] == pytest.approx(100 / (2 * quantity), rel=0.06)


def test_of_what_came_lately_the_sales_so_far_are_those_of_fewer_days():
    three_days = sums(*(sold("new", n / 10) for n in range(30)))
    new = item("new", stock=40, first_seen=NOW - 3 * 86400)
    assert lasting(three_days, new)["new"] == pytest.approx(4.0, rel=0.05)
    assert lasting(three_days, item("new", stock=40))["new"] > 10, "without knowing since when it is there"


def test_what_does_not_sell_or_has_no_number_of_pieces_has_no_cover():
    one = sums(sold("tent", 0), read(event(item="mug")))
    unknown, none, unsold = item("tent"), item("tent", stock=0), item("mug", stock=3)
    assert [lasting(one, found) for found in (unknown, none, unsold)] == [{}, {}, {}]
    assert lasting(one, item("tent", stock=100_000)) == {"tent": MOST_DAYS}


def test_orders_counted_before_pieces_were_count_one_piece_each():
    old = sums(sold("tent", 0))
    for counted in old.values():
        counted.units = 0.0
    assert lasting(old, item("tent", stock=10)) == lasting(sums(sold("tent", 0)), item("tent", stock=10))


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 30))
def test_more_stock_lasts_longer(stock, more, orders):
    counted = sums(*(sold("tent", day) for day in range(orders)))
    assert (
        lasting(counted, item("tent", stock=stock))["tent"]
        <= lasting(counted, item("tent", stock=stock + more))["tent"]
    )


def test_what_is_published_never_outgrows_its_place_and_what_runs_short_stays():
    many = {f"{'x' * 190}{n}": float(n) for n in range(2000)}
    value = stored.encode(stored.Sales(many, 30.0))
    kept, usual = stored.decode(value).covers, stored.decode(value).usual_order
    assert (
        len(value) <= stored.MOST_BYTES and f"{'x' * 190}0" in kept and f"{'x' * 190}1999" not in kept and usual == 30.0
    )


def test_a_usual_order_is_the_mean_of_late_wherever_they_were_counted():
    def shard(*orders):
        counters = Counters()
        events = (
            event("Order Completed", minutes=-DAY * days, properties={"total": total, "products": []})
            for total, days in orders
        )
        count(counters, [(place, read(one)) for place, one in enumerate(events, 1)])
        return counters

    assert usual_order([shard((20, 1)), shard((40, 1), (0, 1))], NOW) == 30.0, "an order that tells no sum is left out"
    assert usual_order([shard((20, 0), (80, 14))], NOW) == 32.0, "two weeks ago counts a quarter"
    assert usual_order([shard()], NOW) == usual_order([], NOW) == 0.0


def test_what_stands_still_is_written_once():
    class Lists:
        written = []

        def put_sales(self, value):
            self.written.append(value)

    live = LiveSales(Lists())
    made = stored.Sales({"tent": 2.0}, 30.0)
    assert [live.put(one) for one in (stored.NONE, made, made, stored.NONE)] == [0, 1, 1, 0]
    assert Lists.written == [made, stored.NONE]
