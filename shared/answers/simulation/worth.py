"""What a place on a shelf is worth: the position-based click model (Craswell, Zoeter, Taylor, Ramsey 2008), counted from the log.

An item is clicked when its place is looked at and it appeals: P(click) = look(place) · appeal(item). Both are counted in turns until they
fit, appeal drawn towards that of its category where an item was shown little. A click is worth the item's price times the share of
clicks that become an order of it. The doubt about all of it is that of a parametric bootstrap: clicks drawn anew by the fit, and fitted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.answers.model import Answered
from shared.catalog.model import Item, top_category

ROUNDS, AGAIN = 20, 5  # of fitting, and of fitting once more from there
DRAWS = 200
SEED = 5
PRIOR = 10.0  # looks that the category's appeal counts as much as
Clicked = Callable[[str, str], bool]  # (recommendationId, item)
Floats = NDArray[np.float64]


class Cells(NamedTuple):
    """Impressions of an item in a place, as indices; `group` of each item is its top category."""

    item: NDArray[np.int64]
    place: NDArray[np.int64]
    shown: Floats
    group: NDArray[np.int64]


class Worth(NamedTuple):
    """Row 0 of each is the fit, the other DRAWS rows are what it might as well be. `look` by place, 1.0 for the first; `appeal` by
    item, then by top category, then of all; `buys` is the chance that a click becomes an order."""

    look: Floats  # (1 + DRAWS, places)
    appeal: Floats  # (1 + DRAWS, columns)
    columns: Mapping[str, int]
    buys: Floats  # (1 + DRAWS,)

    def column(self, item: Item) -> int:
        own = self.columns.get(item.id)
        return self.columns.get(f"\0{top_category(item)}", self.columns["\0"]) if own is None else own

    def clicks(self, item: Item, place: int) -> Floats:
        """Chance of a click on an item in a place counted from 0, by row."""
        made: Floats = self.look[:, min(place, self.look.shape[1] - 1)] * self.appeal[:, self.column(item)]
        return made


def measured(
    answers: Iterable[Answered], clicked: Clicked, items: Mapping[str, Item], orders: int, clicks: int
) -> Worth:
    """`orders` of items that were clicked, of `clicks`."""
    shown, counted = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for one in answers:
        for place, item in enumerate(one.shown):
            shown[item, place] += 1
            counted[item, place] += clicked(one.id, item)
    ids = list(dict.fromkeys(item for item, _ in shown))
    groups = list(dict.fromkeys(_top(items, item) for item in ids))
    cells, clicks_there = _cells(shown, counted, ids, [groups.index(_top(items, item)) for item in ids])
    rng = np.random.default_rng(SEED)
    fits = [_fit(cells, clicks_there, np.ones(1 + cells.place.max(initial=0)), ROUNDS)]
    look, appeal = fits[0][0], fits[0][1]
    chance = np.clip(look[cells.place] * appeal[cells.item], 0.0, 1.0)
    for _ in range(DRAWS):
        drawn = rng.binomial(cells.shown.astype(np.int64), chance).astype(np.float64)
        fits.append(_fit(cells, drawn, look, AGAIN))
    buys = np.concatenate(
        [[orders / clicks if clicks else 0.0], rng.beta(orders + 1, max(clicks - orders, 0) + 1, DRAWS)]
    )
    columns = {name: at for at, name in enumerate([*ids, *(f"\0{name}" for name in groups if name), "\0"])}
    kept = [at for at, name in enumerate(groups) if name]
    rows = [np.concatenate([appeal, usual[kept], [of_all]]) for _, appeal, usual, of_all in fits]
    return Worth(np.stack([look for look, *_ in fits]), np.stack(rows), columns, buys)


def _cells(
    shown: Counter[tuple[str, int]], clicks: Counter[tuple[str, int]], ids: list[str], group: list[int]
) -> tuple[Cells, Floats]:
    at = {item: place for place, item in enumerate(ids)}
    keys = list(shown)
    return Cells(
        np.array([at[item] for item, _ in keys], dtype=np.int64),
        np.array([place for _, place in keys], dtype=np.int64),
        np.array([shown[key] for key in keys], dtype=np.float64),
        np.array(group, dtype=np.int64),
    ), np.array([clicks[key] for key in keys], dtype=np.float64)


def _fit(cells: Cells, clicks: Floats, look: Floats, rounds: int) -> tuple[Floats, Floats, Floats, float]:
    """(look, appeal by item, appeal by group, appeal of all)"""
    count, groups = len(cells.group), 1 + cells.group.max(initial=0)
    by_item = np.bincount(cells.item, clicks, count)
    appeal, usual, of_all = np.zeros(count), np.zeros(groups), 0.0
    for _ in range(rounds):
        looks = np.bincount(cells.item, cells.shown * look[cells.place], count)
        of_all = float(by_item.sum() / max(looks.sum(), 1e-9))
        clicked, looked = np.bincount(cells.group, by_item, groups), np.bincount(cells.group, looks, groups)
        usual = np.minimum((clicked + PRIOR * of_all) / (looked + PRIOR), 1.0)
        appeal = np.minimum((by_item + PRIOR * usual[cells.group]) / (looks + PRIOR), 1.0)
        expected = np.bincount(cells.place, cells.shown * appeal[cells.item], len(look))
        rates = np.bincount(cells.place, clicks, len(look)) / np.maximum(expected, 1e-9)
        look = np.minimum(rates / rates[0], 1.0) if rates[0] > 0 else np.ones(len(look))
    return look, appeal, usual, of_all


def _top(items: Mapping[str, Item], item: str) -> str:
    found = items.get(item)
    return top_category(found) if found else ""
