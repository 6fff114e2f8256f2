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


def intervals(values: Floats, group: Any, rounds: int = ROUNDS, seed: int = 1) -> tuple[Floats, Floats]:
    """95 % bootstrap intervals of the means of the columns of `values` (c, m), NaN for none; groups are drawn, not cases.

    Returns low and high, (m,); NaN in a column without values.
    """
    _, place = np.unique(group, return_inverse=True)
    size = int(place.max(initial=-1)) + 1
    present = ~np.isnan(values)
    columns = range(values.shape[1])
    sums = np.stack([np.bincount(place, np.nan_to_num(values[:, i]), size) for i in columns], axis=1)
    counts = np.stack([np.bincount(place, present[:, i].astype(float), size) for i in columns], axis=1)
    both = np.concatenate([sums, counts], axis=1)
    random = np.random.default_rng(seed)
    drawn = np.stack([np.bincount(random.integers(size, size=size), minlength=size) @ both for _ in range(rounds)])
    with np.errstate(invalid="ignore", divide="ignore"):
        means = drawn[:, : values.shape[1]] / drawn[:, values.shape[1] :]
    known = present.any(axis=0)
    low, high = np.full((2, values.shape[1]), np.nan)
    if known.any():
        low[known], high[known] = np.nanpercentile(means[:, known], [2.5, 97.5], axis=0)
    return low, high
