import math

from hypothesis import given
from hypothesis import strategies as st

from shared.profiles.signals import read
from shared.trends.counters import Counters, count, decode, encode
from shared.trends.lists import RATE, lists, merged
from tests.factories import NOON, event, order

NOW = NOON.timestamp()


def counted(*events):
    counters = Counters()
    count(counters, [(i + 1, read(e)) for i, e in enumerate(events)])
    return counters


def test_a_view_counts_half_after_its_half_life():
    fast, slow, category = merged([counted(event())], NOW + 86400)["tent"]
    assert math.isclose(fast, 0.5) and math.isclose(slow, 0.5 ** (1 / 7)) and category == "Camping"


def test_an_order_weighs_more_than_a_view():
    popular = lists(merged([counted(event(item="a"), order("b"))], NOW))["live#popular#all"]
    assert [item for item, _ in popular] == ["b", "a"] and popular[0][1] == 1.0


def test_what_sells_evenly_does_not_trend():
    steady = [event(item="steady", minutes=-1440 * day) for day in range(60) for _ in range(20)]
    rising = [event(item="rising", minutes=-minute) for minute in range(100)]
    trending = dict(lists(merged([counted(*reversed(steady), *rising)], NOW))["live#trending#all"])
    assert trending["rising"] == 1.0 and trending.get("steady", 0.0) < 0.5


def test_a_constant_rate_is_recovered_from_the_sums():
    hourly = [event(minutes=-60 * i) for i in range(24 * 80)]
    fast, slow, _ = merged([counted(*reversed(hourly))], NOW)["tent"]
    assert math.isclose(fast * RATE[0], 24, rel_tol=0.05) and math.isclose(slow * RATE[1], 24, rel_tol=0.05)


def test_each_top_category_has_lists_of_its_own():
    assert "live#popular#category:Camping" in lists(merged([counted(event())], NOW))


events = st.lists(
    st.builds(lambda i, m: event(item=i, minutes=m), st.sampled_from("abc"), st.integers(-100_000, 0)), max_size=15
)


@given(events, st.integers(0, 15))
def test_records_delivered_again_are_not_counted_again(history, cut):
    signals = [(i + 1, read(e)) for i, e in enumerate(history)]
    once, again = Counters(), Counters()
    count(once, signals)
    for batch in (signals[:cut], signals[: cut // 2], signals[cut // 2 :], signals):
        count(again, batch)
    a, b = merged([once], NOW), merged([decode(encode(again))], NOW)
    assert a.keys() == b.keys()
    assert all(math.isclose(a[k][n], b[k][n], rel_tol=1e-9) for k in a for n in (0, 1))


@given(events, events)
def test_shards_add_up(left, right):
    together = merged([counted(*left, *right)], NOW)
    apart = merged([counted(*left), counted(*right)], NOW)
    assert all(math.isclose(apart[k][1], v[1], rel_tol=1e-9) for k, v in together.items())
