"""What puts an item on a list: scores of decayed counts and catalog facts. Zero or less: not on it."""

import math
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from shared.catalog.model import Item, on_sale

WEIGHTS = {"view": 1.0, "cart": 3.0, "order": 5.0}
PRIOR_ORDERS = 5.0  # how many orders of its own an item needs to count as much as the shop's usual rate
NEW_DAYS = 30.0
NEW_HALF_LIFE = 7.0  # days


class Counts(Protocol):
    """Decayed: `fast` and `slow` weighted sums, and numbers of events."""

    fast: float
    slow: float
    views: float
    carts: float
    orders: float


class Rates(NamedTuple):
    """What a constant daily rate is of its decayed sum: ln 2 / half-life in days."""

    fast: float
    slow: float


DAILY = Rates(math.log(2) / 1.0, math.log(2) / 7.0)


def popular(counts: Counts) -> float:
    """Counters written before there were numbers of events have `slow` alone."""
    weighted = WEIGHTS["view"] * counts.views + WEIGHTS["cart"] * counts.carts + WEIGHTS["order"] * counts.orders
    return max(counts.slow, weighted)


def trending(counts: Counts) -> float:
    """How far the last day's rate lies above the week's, in standard deviations of a Poisson count."""
    fast, slow = counts.fast * DAILY.fast, counts.slow * DAILY.slow
    return (fast - slow) / math.sqrt(slow + 1.0)


def best_seller(counts: Counts) -> float:
    return _surely(counts.orders)


def most_viewed(counts: Counts) -> float:
    return _surely(counts.views)


def _surely(count: float) -> float:
    """A Poisson count less its standard deviation: one event alone says nothing."""
    return round(count - math.sqrt(max(count, 0.0)), 6)


def conversion(counts: Iterable[Counts]) -> float:
    """Orders per view of the whole shop; at most 1, and 1 where nobody tells of views."""
    views, orders = 0.0, 0.0
    for one in counts:
        orders += one.orders
        views += max(one.views, one.orders)
    return orders / views if views > 0 else 0.0


def expected_orders(counts: Counts, usual: float) -> float:
    """Orders to be expected of the item's views. Its rate has a Gamma prior around the shop's `usual` rate that weighs PRIOR_ORDERS."""
    views = max(counts.views, counts.orders)
    return views * (counts.orders + PRIOR_ORDERS) / (views + PRIOR_ORDERS / usual) if usual > 0 else 0.0


def high_margin(counts: Counts, item: Item | None, usual: float) -> float:
    return item.margin * expected_orders(counts, usual) if item and item.margin else 0.0


def discount(item: Item | None, now: float) -> float:
    """Share of the price that the sale at `now` takes off."""
    if item is None or not on_sale(item, now) or not item.price or not item.sale_price or item.price.amount <= 0:
        return 0.0
    return 1.0 - item.sale_price.amount / item.price.amount


def sale(item: Item | None, interest: float, now: float) -> float:
    """Large reductions of what is asked for come first; what nobody asked for yet has a place too."""
    return discount(item, now) * math.log2(2.0 + interest)


def arrived(item: Item) -> float:
    """When the item could be had first: epoch seconds, 0 when nobody knows."""
    return max(item.first_seen, item.available_from)


def new(item: Item, now: float) -> float:
    """Halved every NEW_HALF_LIFE days from 1; 0 before its time and after NEW_DAYS."""
    days = (now - arrived(item)) / 86400.0
    return 0.5 ** (days / NEW_HALF_LIFE) if 0.0 <= days <= NEW_DAYS else 0.0
