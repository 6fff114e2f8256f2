"""What showing other items brings: expected clicks and revenue, with the doubt about them.

Both are sums over places of what a place is worth (`shared.answers.simulation.worth`), so that the doubt about a difference is that of a
sum, and small where nearly the same is shown.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from shared.answers.simulation.worth import SEED, Floats, Worth
from shared.catalog.model import Item


class Estimate(NamedTuple):
    """What one plan brings more than another, for all answers together, with a 95 % interval."""

    mean: float
    low: float
    high: float


class Brings(NamedTuple):
    clicks: Estimate
    revenue: Estimate


class Gain:
    """What one plan brings more than another: by row of the worth (see `Worth`), and its spread over answers."""

    def __init__(self, worth: Worth) -> None:
        self.worth = worth
        self.answers = 0
        self.moved: Counter[tuple[str, int]] = Counter()  # (item, place) -> how often more
        self.items: dict[str, Item] = {}
        self.clicks: list[float] = []
        self.revenue: list[float] = []

    def add(self, shown: Sequence[Item], instead: Sequence[Item]) -> None:
        """`shown` by the one plan, `instead` by the other."""
        if [item.id for item in shown] == [item.id for item in instead]:
            return
        self.answers += 1
        for items, sign in ((shown, 1), (instead, -1)):
            for place, item in enumerate(items):
                self.items[item.id] = item
                self.moved[item.id, place] += sign
        ours, theirs = expected(self.worth, shown), expected(self.worth, instead)
        self.clicks.append(ours[0] - theirs[0])
        self.revenue.append(ours[1] - theirs[1])

    def brings(self) -> Brings:
        rows = len(self.worth.buys)
        clicks, revenue = np.zeros(rows), np.zeros(rows)
        for (name, place), times in self.moved.items():
            if times:
                item = self.items[name]
                chance = times * self.worth.clicks(item, place)
                clicks += chance
                revenue += chance * price(item)
        return Brings(_estimate(clicks, self.clicks), _estimate(revenue * self.worth.buys, self.revenue))


def expected(worth: Worth, shown: Iterable[Item]) -> tuple[float, float]:
    """Clicks on an answer, and the revenue that comes of them."""
    clicks = revenue = 0.0
    for place, item in enumerate(shown):
        chance = float(worth.look[0, min(place, worth.look.shape[1] - 1)] * worth.appeal[0, worth.column(item)])
        clicks += chance
        revenue += chance * float(worth.buys[0]) * price(item)
    return clicks, revenue


def price(item: Item) -> float:
    found = item.sale_price or item.price
    return found.amount if found else 0.0


def _estimate(rows: Floats, by_answer: Sequence[float]) -> Estimate:
    """The interval is of what the worth might be and of which answers are asked for next time, as many of them."""
    spread = float(np.std(by_answer) * len(by_answer) ** 0.5) if by_answer else 0.0
    drawn = rows[1:] + np.random.default_rng(SEED).normal(0.0, 1.0, len(rows) - 1) * spread
    mean = float(rows[0])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(mean, min(float(low), mean), max(float(high), mean))
