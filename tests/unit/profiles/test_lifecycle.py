"""Stages of a shopper's dealings with the shop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.profiles.fold import fold
from shared.profiles.lifecycle import (
    STAGES,
    Limits,
    abandoned_cart,
    average_order,
    days_since_order,
    days_since_seen,
    lifecycle,
)
from shared.profiles.signals import read
from shared.profiles.state import Purchase, Session, State, Totals
from tests.factories import NOON, event, order

NOW = 1_800_000_000.0
DAY = 86400.0
SHOP = Limits().of_shop(100.0)  # where a usual order comes to 100


def shopper(orders=0, revenue=0.0, days=0.0, sessions=1):
    bought = [Purchase("i1", NOW - days * DAY, orders)] if orders else []
    return State(purchases=bought, totals=Totals(orders=orders, revenue=revenue), session=Session(sessions, last=NOW))


@pytest.mark.parametrize(
    ("state", "known", "stage"),
    [
        (State(), False, "anonymous"),
        (shopper(sessions=9), False, "anonymous"),
        (shopper(), True, "new"),
        (shopper(sessions=2), True, "returning"),
        (shopper(orders=1, revenue=20), False, "returning"),
        (shopper(orders=3, revenue=90), True, "loyal"),
        (shopper(orders=1, revenue=500), True, "high-value"),
        (shopper(orders=2, revenue=499), True, "returning"),
        (shopper(orders=9, revenue=5000, days=121), True, "lapsing"),
        (shopper(orders=1, revenue=20, days=119), True, "returning"),
    ],
)
def test_a_stage_is_told_by_recency_frequency_and_money(state, known, stage):
    assert lifecycle(state, NOW, SHOP, known=known) == stage


def test_a_shop_may_draw_the_lines_elsewhere():
    assert lifecycle(shopper(orders=2, revenue=90), NOW, Limits(loyal_orders=2), known=True) == "loyal"
    assert lifecycle(shopper(orders=2, revenue=90, days=9), NOW, Limits(lapsing_days=7), known=True) == "lapsing"


@given(st.integers(0, 20), st.floats(0, 2000), st.floats(0, 400), st.integers(0, 20), st.booleans())
def test_more_orders_and_more_money_never_put_anybody_back(orders, revenue, days, sessions, known):
    before = lifecycle(shopper(orders, revenue, days, sessions), NOW, SHOP, known=known)
    after = lifecycle(shopper(orders + 1, revenue + 50, min(days, 1.0), sessions), NOW, SHOP, known=known)
    assert after not in ("anonymous", "new", "lapsing")
    assert before == "lapsing" or STAGES.index(after) >= STAGES.index(before)


def test_what_is_not_known_is_none():
    assert average_order(State()) is days_since_order(State(), NOW) is days_since_seen(State(), NOW) is None
    assert average_order(shopper(orders=2, revenue=90)) == 45
    assert days_since_order(shopper(orders=1, days=3), NOW) == pytest.approx(3)
    assert days_since_seen(shopper(), NOW + DAY) == pytest.approx(1)


def test_high_value_is_five_usual_orders_of_the_shop_unless_the_shop_says_how_much():
    rich = shopper(orders=2, revenue=90)
    assert lifecycle(rich, NOW, Limits().of_shop(18.0), known=True) == "high-value"
    assert lifecycle(rich, NOW, Limits().of_shop(18.1), known=True) == "returning"
    assert lifecycle(rich, NOW, Limits(high_value_revenue=90).of_shop(18.1), known=True) == "high-value"
    assert lifecycle(shopper(orders=2, revenue=1e9), NOW, Limits().of_shop(0.0), known=True) == "returning"


def folded(*events):
    state = State()
    for one in events:
        fold(state, read(one))
    return state


def test_a_cart_is_abandoned_an_hour_after_it_was_touched_whatever_is_looked_at_meanwhile():
    noon = NOON.timestamp()
    state = folded(event("Product Added", "i1"), event("Product Added", "i2", minutes=30), event(item="i1", minutes=80))
    assert not abandoned_cart(state, noon + 89 * 60) and abandoned_cart(state, noon + 91 * 60)
    fold(state, read(event("Product Removed", "i2", minutes=95)))
    assert not abandoned_cart(state, noon + 96 * 60) and abandoned_cart(state, noon + 160 * 60)
    fold(state, read(order("i1", minutes=100)))
    assert not abandoned_cart(state, noon + DAY)


def test_of_a_cart_from_before_changes_were_noted_the_last_event_counts():
    state = State(session=Session(1, last=NOW), cart={"i1": 1.0})
    assert not abandoned_cart(state, NOW + 3600) and abandoned_cart(state, NOW + 3601)
