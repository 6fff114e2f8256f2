import math

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shared.lists.scores import DAILY
from shared.profiles.signals import read
from shared.trends import counters as module
from shared.trends.counters import Counters, count, decode, encode
from shared.trends.lists import lists, merged
from tests.factories import NOON, event, order

NOW = NOON.timestamp()


def counted(*events):
    counters = Counters()
    count(counters, [(i + 1, read(e)) for i, e in enumerate(events)])
    return counters


def everyone(*counters):
    return merged(counters, NOW)["all"]


def made(*events):
    return lists(merged([counted(*events)], NOW), {}, NOW)


def test_a_view_counts_half_after_its_half_life():
    sums = merged([counted(event())], NOW + 86400)["all"]["tent"]
    assert math.isclose(sums.fast, 0.5) and math.isclose(sums.slow, 0.5 ** (1 / 7)) and sums.category == "Camping"


def test_views_carts_orders_and_having_been_shown_are_counted_apart():
    shown = event("Recommendation Viewed", properties={"products": [{"product_id": "b"}, {"product_id": "c"}]})
    items = everyone(
        counted(event(item="a"), event("Product Added", "a"), event("Product Added", "a"), order("b"), shown)
    )
    numbers = [(items[i].views, items[i].carts, items[i].orders, items[i].shown) for i in "abc"]
    assert [tuple(map(round, row)) for row in numbers] == [(1, 2, 0, 0), (0, 0, 1, 1), (0, 0, 0, 1)]
    assert round(items["a"].slow) == 7 and items["c"].slow == 0, "to be shown is no sign of being liked"


def test_an_order_weighs_more_than_a_view():
    popular = made(event(item="a"), order("b"))["popular", "all"]
    assert [item for item, _ in popular] == ["b", "a"] and popular[0][1] == 1.0


def test_what_sells_evenly_does_not_trend():
    steady = [event(item="steady", minutes=-1440 * day) for day in range(60) for _ in range(20)]
    rising = [event(item="rising", minutes=-minute) for minute in range(100)]
    trending = dict(made(*reversed(steady), *rising)["trending", "all"])
    assert trending["rising"] == 1.0 and trending.get("steady", 0.0) < 0.5


def test_a_constant_rate_is_recovered_from_the_sums():
    hourly = [event(minutes=-60 * i) for i in range(24 * 80)]
    sums = everyone(counted(*reversed(hourly)))["tent"]
    assert math.isclose(sums.fast * DAILY.fast, 24, rel_tol=0.05)
    assert math.isclose(sums.slow * DAILY.slow, 24, rel_tol=0.05)


def test_one_order_makes_no_best_seller_and_one_view_no_most_viewed():
    named = made(order("once"), *(order("often", order_id=f"o{n}") for n in range(4)), event(item="once"))
    assert named["best-sellers", "all"] == [("often", 1.0)] and named["most-viewed", "all"] == []


def test_each_top_category_country_and_device_has_lists_of_its_own():
    there = {"location": {"country": "gb"}, "device": {"type": "Mobile"}}
    named = made(event(context=there), event(item="mug", context={"device": {"type": "toaster"}}))
    assert named["popular", "country:GB"] == named["popular", "device:mobile"] == [("tent", 1.0)]
    assert ("popular", "category:Camping") in named and not [s for _, s in named if "toaster" in s]


def test_counters_stored_before_there_were_numbers_of_events_go_on():
    old = msgspec.msgpack.encode(["7", 0.0, {"tent": [1.0, 2.0, "Camping"]}])
    counters = decode(old)
    assert counters.items["tent"].slow == 2.0 and counters.items["tent"].views == 0.0 and counters.segments == {}
    assert count(counters, [(7, read(event())), (8, read(event(item="mug")))])
    assert counters.items.keys() == {"tent", "mug"}, "the record that was counted before is not counted again"


def test_a_shards_counters_never_outgrow_what_dynamodb_takes(monkeypatch):
    monkeypatch.setattr(module, "KEEP", 4000)
    long = "x" * 90
    counters = Counters()
    signals = [read(event(item=f"{long}{n}", context={"locale": "en-GB"})) for n in range(6000)]
    signals += [read(order(f"{long}1"))]
    count(counters, list(enumerate(signals, 1)))
    value = encode(counters)
    assert len(value) <= module.MOST_BYTES < len(module._encoder.encode(Counters("1", 0.0, counters.items))) * 2
    assert f"{long}1" in decode(value).items and decode(value).watermark == "6001"


def test_only_the_largest_segments_are_counted_on():
    countries = [f"{a}{b}" for a in "ABCD" for b in "ABCDE"]
    events = [event(context={"location": {"country": c}}) for c in [*countries, *["GB"] * 30]]
    counters = Counters()
    for place, one in enumerate(events, 1):
        count(counters, [(place, read(one))])
    assert "country:GB" in counters.segments and len(counters.segments) <= 2 * module.SEGMENTS


events = st.lists(
    st.builds(
        lambda i, m, c: event(item=i, minutes=m, context={"location": {"country": c}}),
        st.sampled_from("abc"),
        st.integers(-100_000, 0),
        st.sampled_from(["GB", "DE", ""]),
    ),
    max_size=15,
)


def same(a, b):
    return a.keys() == b.keys() and all(
        math.isclose(getattr(a[k], field), getattr(b[k], field), rel_tol=1e-9)
        for k in a
        for field in ("fast", "slow", "views", "carts", "orders", "shown")
    )


@given(events, st.integers(0, 15))
def test_records_delivered_again_are_not_counted_again(history, cut):
    signals = [(i + 1, read(e)) for i, e in enumerate(history)]
    once, again = Counters(), Counters()
    count(once, signals)
    for batch in (signals[:cut], signals[: cut // 2], signals[cut // 2 :], signals):
        count(again, batch)
    a, b = merged([once], NOW), merged([decode(encode(again))], NOW)
    assert a.keys() == b.keys() and all(same(a[segment], b[segment]) for segment in a)


@given(events, events)
def test_shards_add_up(left, right):
    together = merged([counted(*left, *right)], NOW)
    apart = merged([counted(*left), counted(*right)], NOW)
    assert all(
        math.isclose(apart[segment][k].slow, v.slow, rel_tol=1e-9)
        for segment, items in together.items()
        for k, v in items.items()
    )
