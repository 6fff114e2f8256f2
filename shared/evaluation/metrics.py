"""How good lists are, per shopper. Every function takes a ranked list of positions and the set of right ones."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T", str, int)  # item ids or positions


def recall(ranked: Sequence[T], right: Collection[T]) -> float:
    """Share of the right items that are in the list.

    >>> recall(["a", "b"], {"b", "c"})
    0.5
    """
    return len(set(ranked) & set(right)) / len(right)


def ndcg(ranked: Sequence[T], right: Collection[T]) -> float:
    """Normalised discounted cumulative gain, gains 0 or 1 (Järvelin and Kekäläinen, 2002).

    >>> ndcg(["a", "b"], {"a"})
    1.0
    >>> round(ndcg(["x", "a"], {"a"}), 4)
    0.6309
    """
    gain = sum(1 / math.log2(place + 2) for place, item in enumerate(ranked) if item in right)
    best = sum(1 / math.log2(place + 2) for place in range(min(len(right), len(ranked))))
    return gain / best if best else 0.0


def worth_ndcg(ranked: Sequence[T], worth: Mapping[T, float]) -> float:
    """The same with what each right item is worth as its gain.

    >>> worth_ndcg(["a", "b"], {"a": 1.0, "b": 1.0})
    1.0
    >>> round(worth_ndcg(["a", "b"], {"a": 1.0, "b": 9.0}), 4)
    0.6934
    """
    gain = sum(worth[item] / math.log2(place + 2) for place, item in enumerate(ranked) if item in worth)
    best = sum(
        value / math.log2(place + 2) for place, value in enumerate(sorted(worth.values(), reverse=True)[: len(ranked)])
    )
    return gain / best if best else 0.0


def reciprocal_rank(ranked: Sequence[T], right: Collection[T]) -> float:
    """
    >>> reciprocal_rank(["x", "a"], {"a"})
    0.5
    """
    return next((1 / (place + 1) for place, item in enumerate(ranked) if item in right), 0.0)


def clearly_worse(mine: Sequence[float], theirs: Sequence[float]) -> bool:
    """Whether the 95 % bootstrap interval of the mean of paired differences lies wholly below zero.

    >>> clearly_worse([0.1, 0.2, 0.1], [0.5, 0.6, 0.5]), clearly_worse([0.1, 0.9], [0.9, 0.1])
    (True, False)
    """
    return interval([a - b for a, b in zip(mine, theirs, strict=True)])[1] < 0


def interval(values: Sequence[float], seed: int = 1, rounds: int = 500) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over shoppers."""
    if not values:
        return 0.0, 0.0
    numbers = np.asarray(values)
    means = np.random.default_rng(seed).choice(numbers, (rounds, len(numbers))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
