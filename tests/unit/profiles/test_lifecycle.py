"""Stages of a shopper's dealings with the shop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.profiles.lifecycle import (
    STAGES,
    Limits,
    abandoned_cart,
    average_order,
    days_since_order,
    days_since_seen,
    lifecycle,
)
from shared.profiles.state import Purchase, Session, State, Totals, Touch

NOW = 1_800_000_000.0
DAY = 86400.0


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
        (shopper(orders=9, revenue=5000, days=121), True, "lapsing"),
        (shopper(orders=1, revenue=20, days=119), True, "returning"),
    ],
)
def test_a_stage_is_told_by_recency_frequency_and_money(state, known, stage):
    assert lifecycle(state, NOW, known=known) == stage


def test_a_shop_may_draw_the_lines_elsewhere():
    assert lifecycle(shopper(orders=2, revenue=90), NOW, Limits(loyal_orders=2), known=True) == "loyal"
    assert lifecycle(shopper(orders=2, revenue=90, days=9), NOW, Limits(lapsing_days=7), known=True) == "lapsing"


@given(st.integers(0, 20), st.floats(0, 2000), st.floats(0, 400), st.integers(0, 20), st.booleans())
def test_more_orders_and_more_money_never_put_anybody_back(orders, revenue, days, sessions, known):
    before = lifecycle(shopper(orders, revenue, days, sessions), NOW, known=known)
    after = lifecycle(shopper(orders + 1, revenue + 50, min(days, 1.0), sessions), NOW, known=known)
    assert after not in ("anonymous", "new", "lapsing")
    assert before == "lapsing" or STAGES.index(after) >= STAGES.index(before)


def test_what_is_not_known_is_none():
    assert average_order(State()) is days_since_order(State(), NOW) is days_since_seen(State(), NOW) is None
    assert average_order(shopper(orders=2, revenue=90)) == 45
    assert days_since_order(shopper(orders=1, days=3), NOW) == pytest.approx(3)
    assert days_since_seen(shopper(), NOW + DAY) == pytest.approx(1)


def test_a_cart_is_abandoned_an_hour_after_it_was_touched():
    state = State(recent=[Touch("i1", NOW - 7200), Touch("i2", NOW - 1800)], cart={"i1": 1.0, "i2": 1.0})
    assert not abandoned_cart(state, NOW) and abandoned_cart(state, NOW + 1801)
    assert not abandoned_cart(State(recent=state.recent), NOW + DAY)
