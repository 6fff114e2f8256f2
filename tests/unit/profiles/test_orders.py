"""What is given back was not bought, and an order given back whole was not made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.profiles.fold import fold
from shared.profiles.lifecycle import average_order, days_since_order
from shared.profiles.merge import merge
from shared.profiles.signals import read
from shared.profiles.state import ORDERS, State
from tests.factories import NOON, event, order

NOW = NOON.timestamp()


def folded(*events):
    state = State()
    for one in events:
        fold(state, read(one))
    return state


def refund(*items, order_id="o1", total=None, name="Order Refunded", quantity=1):
    told = {"products": [{"product_id": item, "quantity": quantity} for item in items]} if items else {"products": []}
    if total is not None:
        told["total"] = total
    return event(name, minutes=9, properties={"order_id": order_id, **told})


@pytest.mark.parametrize(
    "back",
    [
        [refund("tent", "mug", total=20)],
        [refund("tent", total=10), refund("mug", total=10)],
        [refund("tent", "mug", total=15)],  # a fee was kept
        [refund(total=20)],
        [refund(name="Order Cancelled")],
        [refund()],
    ],
)
def test_an_order_given_back_whole_was_not_made(back):
    state = folded(order("tent", "mug"), *back)
    assert (state.totals.orders, state.purchases, state.orders) == (0, [], [])
    assert average_order(state) is None and days_since_order(state, NOW) is None


@pytest.mark.parametrize("back", [refund("tent", total=10), refund(total=5), refund("tent", order_id="o9", total=10)])
def test_an_order_given_back_in_part_or_another_one_stays(back):
    state = folded(order("tent", "mug"), back)
    assert state.totals.orders == 1 and "mug" in {p.item for p in state.purchases}


def test_the_money_of_an_order_goes_with_it_when_nobody_says_how_much():
    state = folded(order("tent", "mug"), order("rope", order_id="o2"), refund(name="Order Cancelled"))
    assert (state.totals.orders, state.totals.revenue) == (1, 10.0)
    assert [p.item for p in state.purchases] == ["rope"]
    partly = folded(order("tent", "mug"), refund("tent", total=10), refund(name="Order Cancelled"))
    assert (partly.totals.orders, partly.totals.revenue) == (0, 0.0)


def test_of_two_orders_of_the_same_item_one_is_left():
    state = folded(order("tent"), order("tent", order_id="o2"), refund("tent", total=10))
    assert (state.totals.orders, [p.quantity for p in state.purchases]) == (1, [1.0])


def test_only_the_latest_orders_are_known_one_by_one():
    state = folded(*(order("tent", minutes=n, order_id=f"o{n}") for n in range(ORDERS + 3)))
    assert len(state.orders) == ORDERS and state.totals.orders == ORDERS + 3
    fold(state, read(refund("tent", order_id="o0", total=10)))
    assert state.totals.orders == ORDERS + 3, "it is not known any more whether that was all of it"


def test_an_order_made_before_the_log_in_may_be_given_back_after_it():
    device, user = folded(order("tent")), folded(order("mug", order_id="o2"))
    merge(user, device, "u1")
    fold(user, read(refund("tent", total=10)))
    assert user.totals.orders == 1 and [p.item for p in user.purchases] == ["mug"]


@given(
    st.lists(st.tuples(st.sampled_from(["o1", "o2", "o3"]), st.lists(st.sampled_from("abc"), max_size=3)), max_size=12)
)
def test_no_refund_leads_below_nothing(refunds):
    state = folded(order("a", "b"), order("b", "c", order_id="o2"))
    for order_id, items in refunds:
        fold(state, read(refund(*items, order_id=order_id)))
    assert 0 <= state.totals.orders <= 2 and state.totals.orders == len(state.orders)
    assert all(p.quantity > 0 for p in state.purchases)
