import math

from hypothesis import given
from hypothesis import strategies as st

from shared.profiles.fold import fold
from shared.profiles.signals import read
from shared.profiles.state import RECENT_ITEMS, State, decode, encode
from tests.factories import event, order


def fold_all(*events):
    state = State()
    for e in events:
        fold(state, read(e))
    return state


def recent(state):
    return [touch.item for touch in state.recent]


def test_viewed_items_are_remembered_latest_last():
    state = fold_all(event(item="tent"), event(item="stove", minutes=1), event(item="tent", minutes=2))
    assert recent(state) == ["stove", "tent"]
    assert state.recent[-1].views == 2


def test_a_session_ends_after_thirty_minutes_without_an_event():
    state = fold_all(event(), event(minutes=29), event(minutes=60))
    assert (state.session.number, state.session.events) == (2, 1)
    assert fold_all(event(), event(minutes=30)).session.number == 1


def test_a_late_event_does_not_end_the_session_nor_move_it_back():
    state = fold_all(event(minutes=100), event(minutes=0, item="stove"))
    assert state.session.number == 1
    assert state.session.last == read(event(minutes=100)).at
    assert recent(state) == ["stove", "tent"]


def test_dwell_adds_up_and_scroll_keeps_the_deepest():
    def engaged(dwell, scroll, minutes):
        return event(
            "Page Engaged",
            minutes=minutes,
            properties={"product_id": "tent", "dwell_seconds": dwell, "scroll_depth": scroll},
        )

    state = fold_all(event(), engaged(12.5, 0.8, 1), engaged(3, 0.2, 2))
    assert (state.recent[0].dwell, state.recent[0].scroll) == (15.5, 0.8)


def test_a_bought_item_leaves_the_cart_and_is_remembered_as_bought():
    state = fold_all(event("Product Added"), event("Product Added", item="stove"), order("tent", minutes=5))
    assert state.cart == {"stove": 1.0}
    assert [(p.item, p.orders, p.quantity) for p in state.purchases] == [("tent", 1, 1.0)]
    assert state.totals.revenue == 10.0


def test_a_refunded_item_was_not_bought():
    refund = event(
        "Order Refunded", minutes=9, properties={"total": 10, "products": [{"product_id": "tent", "quantity": 1}]}
    )
    state = fold_all(order("tent", "stove"), refund)
    assert [p.item for p in state.purchases] == ["stove"]
    assert state.totals.revenue == 10.0


def test_affinity_halves_in_fourteen_days():
    state = fold_all(event(), event("Page Engaged", minutes=14 * 1440), event(minutes=14 * 1440, item="x"))
    assert math.isclose(state.categories["Camping"], 1.5)
    assert math.isclose(math.exp(state.price_log_mean), 20.0)


def test_country_comes_from_the_best_source_known():
    at_home = event(traits={"address": {"country": "de"}}, context={"locale": "en-GB"})
    assert fold_all(at_home).traits["country"] == "DE"
    assert fold_all(event(context={"locale": "en-GB"})).traits["country"] == "GB"


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "7", "nan", "tent"]),
    st.just([1]),
    st.just({"x": 1}),
)
fields = st.sampled_from(["product_id", "price", "quantity", "total", "dwell_seconds", "scroll_depth", "category"])
flat = st.dictionaries(fields, junk, max_size=4)
properties = st.one_of(
    flat, st.builds(lambda rows: {"products": rows}, st.lists(st.one_of(flat, junk), max_size=3) | junk)
)
names = st.sampled_from(
    ["Product Viewed", "Product Added", "Product Removed", "Order Completed", "Order Refunded", "Page Engaged", "x"]
)


@given(st.lists(st.tuples(names, properties, st.floats(-1e4, 1e4)), max_size=6))
def test_no_properties_whatever_break_a_state(rows):
    state = fold_all(*(event(name, minutes=minutes, properties=properties) for name, properties, minutes in rows))
    assert decode(encode(state)) == state
    assert all(math.isfinite(v) for v in [*state.categories.values(), state.price_log_mean, state.totals.revenue])
    assert all(q > 0 or q == 0 for q in state.cart.values())


def test_a_state_stays_small_whatever_a_shopper_does():
    state = fold_all(
        *(event(item=f"item-{i}", minutes=i) for i in range(500)),
        *(order(f"item-{i}", minutes=600 + i) for i in range(600)),
    )
    assert len(state.recent) == RECENT_ITEMS
    assert len(encode(state)) < 40_000
