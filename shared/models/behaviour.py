"""What is seen of each shopper's behaviour, as columns to guess from: never a name, never an address."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.evaluation.protocol import UNKNOWN, Facts
from shared.models.interactions import ORDER, Interactions
from shared.models.people import People

TOP = 15  # most frequent categories, languages and timezones are looked at; the rest are one

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Behaviour:
    """Columns over shoppers, NaN unknown. `codes` are the columns that name things instead of measuring them."""

    values: Floats  # (u, f)
    names: list[str]
    codes: frozenset[str]

    def without(self, name: str) -> "Behaviour":
        kept = [place for place, other in enumerate(self.names) if other != name]
        return Behaviour(self.values[:, kept], [self.names[place] for place in kept], self.codes - {name})


def behaviour(data: Interactions, people: People, facts: Facts) -> Behaviour:
    """Shares of categories, price level, times of day (UTC), orders, how much in all; language, timezone and device."""
    size = len(data.shoppers)
    categories, prices = _items(data, facts)
    who = data.shopper.astype(np.intp)  # once, not in every count
    rows = np.maximum(np.bincount(who, minlength=size), 1).astype(np.float32)
    shares = _counts(who, categories[data.item], TOP + 1, size)[:, :TOP] / rows[:, None]
    hours = _counts(who, (data.at / 21600).astype(np.int32) % 4, 4, size) / rows[:, None]
    columns = {
        **{f"category {n}": shares[:, n] for n in range(TOP)},
        **{f"quarter {n} of the day": hours[:, n] for n in range(4)},
        "price": _means(who, prices, data.item, size),
        "orders": np.bincount(who[data.kind == ORDER], minlength=size) / rows,
        "rows": np.log1p(rows),
        "language": codes(people.language),
        "timezone": codes(people.timezone),
        "device": codes(people.device),
    }
    values = np.stack([column.astype(np.float32) for column in columns.values()], axis=1)
    return Behaviour(values, list(columns), frozenset({"language", "timezone", "device"}))


def codes(words: NDArray[Any], weights: Any = None) -> Floats:
    """Each of the TOP most frequent words as a number, the others as TOP, "" as NaN."""
    names, places = np.unique(words, return_inverse=True)
    counts = np.bincount(places, weights, len(names)) * (names != "")
    numbers = np.full(len(names), TOP, np.float32)
    best = np.argsort(-counts, kind="stable")[:TOP]
    numbers[best] = np.arange(len(best))
    numbers[names == ""] = np.nan
    return numbers[places]


def _items(data: Interactions, facts: Facts) -> tuple[NDArray[np.int8], Floats]:
    """Of each item the code of its category (TOP for the rest and the unknown) and the logarithm of its price."""
    rows = [facts.get(str(item), UNKNOWN) for item in data.items]
    names = np.array([row[0] for row in rows], dtype=np.str_)
    categories = codes(names, np.bincount(data.item, minlength=len(rows)))
    prices = np.array([row[2] if row[2] > 0 else np.nan for row in rows], np.float32)
    return np.nan_to_num(categories, nan=TOP).astype(np.int8), np.log(prices)


def _counts(shopper: Any, numbers: Any, width: int, size: int) -> Floats:
    counts = np.bincount(shopper * width + numbers, minlength=size * width)
    return counts.reshape(size, width).astype(np.float32)


def _means(shopper: Any, values: Floats, item: Any, size: int) -> Floats:
    """Mean of the known values of the items dealt with; NaN for a shopper without any."""
    counts = np.bincount(shopper, (~np.isnan(values)).astype(np.float64)[item], size)
    sums = np.bincount(shopper, np.nan_to_num(values).astype(np.float64)[item], size)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).astype(np.float32)
