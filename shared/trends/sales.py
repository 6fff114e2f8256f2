"""What is sold of late: how many days the stock of an item lasts, and how much a usual order is."""

import math
from collections.abc import Iterable, Mapping

from shared.catalog.model import Item
from shared.lists.sales import NONE, Sales
from shared.lists.scores import DAILY, arrived
from shared.lists.store import ListsStore
from shared.trends.counters import HALF_LIVES, Counters, Items, Sums

MOST_DAYS = 365.0  # longer is as good as for ever
LEAST_AGE = 1.0  # days an item is taken to have been there at least: what sold in its first hour may stop
DAY = 86400.0
EXACT = 10.0  # days from which on whole ones will do


def covers(sums: Items, items: Mapping[str, Item], now: float) -> dict[str, float]:
    """Of items that sell and whose stock the shop tells. `sums` are of all shoppers as of `now` (epoch seconds)."""
    made: dict[str, float] = {}
    for name, counted in sums.items():
        item = items.get(name)
        rate = daily(counted, item, now) if item and item.stock else 0.0
        if item and item.stock and rate > 0:
            days = min(item.stock / rate, MOST_DAYS)
            made[name] = round(days, 1 if days < EXACT else None)
    return made


def daily(sums: Sums, item: Item, now: float) -> float:
    """Pieces sold a day: the decayed sum by what it would be of one a day, which is less for an item that came lately.

    With k = ln 2 / 7 days, of a constant rate r the sum of `age` days is (r / k) · (1 − e^(−k · age)). Counters written before there were
    numbers of pieces have numbers of orders.
    """
    sold = max(sums.units, sums.orders)
    since = arrived(item)
    age = max((now - since) / DAY, LEAST_AGE) if since else float("inf")
    return sold * DAILY.slow / -math.expm1(-age * DAILY.slow)


def usual_order(all_counters: Iterable[Counters], now: float) -> float:
    """Mean revenue of an order, older ones counting less; 0 before the first. To two digits: it need not be written every minute."""
    orders = revenue = 0.0
    for counters in all_counters:
        fade = 2.0 ** ((counters.landmark - now) / HALF_LIVES[1])
        orders += fade * counters.orders
        revenue += fade * counters.revenue
    return float(f"{revenue / orders:.2g}") if orders > 0 else 0.0


class LiveSales:
    """Writes what changed since it wrote last."""

    def __init__(self, lists: ListsStore) -> None:
        self.lists = lists
        self.written = NONE

    def put(self, made: Sales) -> int:
        """Of how many items it is told how long they last."""
        if made != self.written:
            self.lists.put_sales(made)
            self.written = made
        return len(made.covers)
