"""Where a shopper stands with the shop, from recency, frequency and money, as known now."""

import math
from typing import Literal, NamedTuple, get_args

from shared.profiles.state import State

Lifecycle = Literal["anonymous", "new", "returning", "loyal", "high-value", "lapsing"]
STAGES: tuple[Lifecycle, ...] = get_args(Lifecycle)
DAY = 86400.0
CART_LEFT = 3600.0  # seconds without touching the cart
MANY_ORDERS = 5.0


class Limits(NamedTuple):
    """Where one stage ends and the next begins. Money in the shop's currency; None: as much as MANY_ORDERS usual orders come to."""

    loyal_orders: int = 3
    high_value_revenue: float | None = None
    lapsing_days: float = 120.0  # since the last order

    def of_shop(self, usual_order: float) -> "Limits":
        """With `usual_order`, what an order of this shop comes to; 0 while that is not known: then nobody is of high value."""
        if self.high_value_revenue is not None:
            return self
        return self._replace(high_value_revenue=MANY_ORDERS * usual_order if usual_order > 0 else math.inf)


USUAL = Limits()


def lifecycle(state: State, now: float, limits: Limits = USUAL, *, known: bool) -> Lifecycle:
    """`known`: somebody who has logged in. Who bought without logging in stands where their orders put them.

    Somebody who bought, but long ago, is lapsing however much it was: that is whom a shop wants to win back.
    """
    since = days_since_order(state, now)
    if since is None:
        if not known:
            return "anonymous"
        return "returning" if state.session.number > 1 else "new"
    if since > limits.lapsing_days:
        return "lapsing"
    if limits.high_value_revenue is not None and state.totals.revenue >= limits.high_value_revenue:
        return "high-value"
    return "loyal" if state.totals.orders >= limits.loyal_orders else "returning"


def average_order(state: State) -> float | None:
    """Revenue per order; None before the first."""
    return state.totals.revenue / state.totals.orders if state.totals.orders else None


def days_since_order(state: State, now: float) -> float | None:
    """None before the first order, and once everything ordered was given back."""
    return max(now - max(p.last for p in state.purchases), 0.0) / DAY if state.purchases else None


def days_since_seen(state: State, now: float) -> float | None:
    """Days since the last event; None of whom there is none."""
    return max(now - state.session.last, 0.0) / DAY if state.session.number else None


def abandoned_cart(state: State, now: float) -> bool:
    """Something is in the cart, and nothing was put in, taken out or ordered for an hour. Looking at products touches no cart."""
    return bool(state.cart) and now - (state.carted_at or state.session.last) > CART_LEFT
