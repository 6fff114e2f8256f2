"""What lists are like besides being right: how much of the catalog they show, how known, how alike. `top` is (c, k) positions, −1 pads."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared.distinct import distinct
from shared.models.interactions import Interactions

DIVERSITY_CASES = 1000  # lists looked at for distances, a seeded sample


def coverage(top: Any, items: int) -> float:
    """Share of the items that are shown to anybody."""
    return len(np.unique(top[top >= 0])) / max(items, 1)


def gini(top: Any, items: int) -> float:
    """Inequality of exposure over all items: 0 when each is shown as often, near 1 when few are shown.

    >>> gini(np.array([[0, 1], [2, 3]]), 4), gini(np.array([[0], [0]]), 4)
    (0.0, 0.75)
    """
    shown = np.sort(np.bincount(top[top >= 0], minlength=items)).astype(float)
    total = shown.sum()
    if not total:
        return 0.0
    ranks = np.arange(1, items + 1)
    return float((2 * ranks - items - 1) @ shown / (items * total))


def novelty(top: Any, train: Interactions) -> float:
    """Mean self-information of what is shown, in bits: −log2 of the share of shoppers who dealt with the item (Zhou et al., 2010).

    An item nobody dealt with counts as one that one shopper did.
    """
    pairs = distinct(train.shopper.astype(np.int64) * len(train.items) + train.item)
    counts = np.bincount(pairs % len(train.items), minlength=len(train.items))
    share = np.maximum(counts, 1) / max(len(distinct(train.shopper)), 1)
    shown = top[top >= 0]
    return float(-np.log2(np.minimum(share[shown], 1.0)).mean()) if len(shown) else 0.0


def diversity(top: Any, features: Any) -> float:
    """Mean distance (1 − cosine) of the pairs within a list, over a sample of lists. `features` is a sparse (n, f) row an item.

    The pairs of a list need not be formed: Σᵢⱼ vᵢ·vⱼ = |Σᵢ vᵢ|² for vectors of length 1. NaN when no list has two items.
    """
    if len(top) > DIVERSITY_CASES:
        top = top[np.sort(np.random.default_rng(1).choice(len(top), DIVERSITY_CASES, replace=False))]
    top = top[(top >= 0).sum(axis=1) > 1]
    if not len(top):
        return float("nan")
    units = _units(sp.csr_matrix(features, dtype=np.float64))
    case, place = np.nonzero(top >= 0)
    lists = sp.csr_matrix((np.ones(len(case)), (case, top[case, place])), shape=(len(top), units.shape[0]))
    sums = (lists @ units).power(2).sum(axis=1).A1
    own = lists @ units.power(2).sum(axis=1).A1  # 1 an item, 0 for one without features
    sizes = (top >= 0).sum(axis=1)
    return float((1.0 - (sums - own) / (sizes * (sizes - 1))).mean())


def by_category(categories: NDArray[Any]) -> Any:
    """Features of items for `diversity`: the category, nothing for ""."""
    _, codes = np.unique(categories, return_inverse=True)
    rows = np.flatnonzero(categories != "")
    return sp.csr_matrix((np.ones(len(rows)), (rows, codes[rows])), shape=(len(categories), int(codes.max()) + 1))


def by_session(train: Interactions) -> Any:
    """Features of items for `diversity`: the sessions they occur in."""
    height = int(train.session.max(initial=0)) + 1
    made = sp.csr_matrix((np.ones(len(train)), (train.item, train.session)), shape=(len(train.items), height))
    made.data[:] = 1.0
    return made


def _units(matrix: Any) -> Any:
    lengths = np.sqrt(matrix.power(2).sum(axis=1).A1)
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sp.diags(scale) @ matrix
