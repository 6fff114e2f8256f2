"""How good ranked lists are, all at once: arrays over cases. `top` is (c, k) item positions, best first, −1 pads.

The same figures as `metrics.py` gives list by list; a test holds that.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.evaluation.task import Cases

Floats = NDArray[np.float64]
ROUNDS = 1000


def hits(top: Any, cases: Cases) -> NDArray[np.bool_]:
    """Which places hold a target, (c, k)."""
    size = len(cases.history.items)
    case = np.repeat(np.arange(len(cases)), cases.targets)
    right = case * np.int64(size) + cases.target
    shown = np.arange(len(cases), dtype=np.int64)[:, None] * size + top
    found: NDArray[np.bool_] = np.isin(shown, right) & (top >= 0)
    return found


def accuracy(found: NDArray[np.bool_], targets: Any, k: int) -> dict[str, Floats]:
    """Per case, over the first k places: `hr` (is any right), `recall`, `mrr` and `ndcg` (gains 0 or 1; Järvelin and Kekäläinen, 2002).

    `found` is (c, at least k). NaN in cases without a target.
    """
    first = found[:, :k]
    place = np.arange(first.shape[1])
    discounts = 1.0 / np.log2(place + 2.0)
    any_right = first.any(axis=1)
    best = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(targets, len(discounts))]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = {
            "hr": any_right.astype(float),
            "mrr": np.where(any_right, 1.0 / (first.argmax(axis=1) + 1.0), 0.0),
            "recall": first.sum(axis=1) / targets,
            "ndcg": first @ discounts / best,
        }
    return {f"{name}@{k}": np.where(targets > 0, value, np.nan) for name, value in values.items()}


def means(values: Floats) -> Floats:
    """Means of the columns of `values` (c, m) without NaN; NaN for a column of nothing else."""
    present = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        found: Floats = np.nansum(values, axis=0) / present.sum(axis=0)
    return found


def drawn(values: Floats, group: Any, rounds: int = ROUNDS, seed: int = 1) -> Floats:
    """Bootstrapped means of the columns of `values` (c, m), (rounds, m). Groups are drawn, not cases, the same for every column: a
    difference of two columns is that of paired values."""
    _, place = np.unique(group, return_inverse=True)
    size = int(place.max(initial=-1)) + 1
    present = ~np.isnan(values)
    columns = range(values.shape[1])
    sums = np.stack([np.bincount(place, np.nan_to_num(values[:, i]), size) for i in columns], axis=1)
    counts = np.stack([np.bincount(place, present[:, i].astype(float), size) for i in columns], axis=1)
    random = np.random.default_rng(seed)
    made = np.empty((rounds, values.shape[1]))
    for one in range(rounds):
        times = np.bincount(random.integers(size, size=size), minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            made[one] = (times @ sums) / (times @ counts)
    return made


def bounds(samples: Floats) -> tuple[Floats, Floats]:
    """The middle 95 % of the columns of `samples`, low and high; NaN for a column of nothing but NaN."""
    low, high = np.full((2, samples.shape[1]), np.nan)
    known = ~np.isnan(samples).all(axis=0)
    if known.any():
        low[known], high[known] = np.nanpercentile(samples[:, known], [2.5, 97.5], axis=0)
    return low, high
