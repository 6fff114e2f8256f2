"""From scores of all items to the best of each case, in blocks of cases."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from shared.evaluation.task import Cases, Ints

Floats = NDArray[np.float32]
ROWS = 20_000  # events of the histories of a block, about
CELLS = 20_000_000  # scores of a block of dense rows, at most
DENSE = 0.1  # with more of the items scored, sorting whole rows is cheaper


@dataclass(frozen=True)
class Scored:
    """A ranker by `scores(cases)`: (c, n), sparse (no score is no place in the list) or dense (−inf likewise).

    Of equals the item with the first id. `rows` and `cells` bound a block.
    """

    scores: Callable[[Cases], Any]
    rows: int = ROWS
    cells: int = CELLS

    def rank(self, cases: Cases, k: int, *, repeats: bool) -> Ints:
        found = [_best(self.scores(part), part, k, repeats=repeats) for part in self._blocks(cases)]
        return np.concatenate(found) if found else np.full((0, k), -1, np.int32)

    def _blocks(self, cases: Cases) -> Iterator[Cases]:
        most, first = max(self.cells // max(len(cases.history.items), 1), 1), 0
        while first < len(cases):
            full = int(np.searchsorted(cases.start, cases.start[first] + self.rows, side="right")) - 1
            last = min(max(full, first + 1), first + most, len(cases))
            yield cases.take(np.arange(first, last))
            first = last


@dataclass(frozen=True)
class SameForAll:
    """A ranker that shows everybody the items in the order of `values`, (n,); those with 0 never."""

    values: Floats

    def rank(self, cases: Cases, k: int, *, repeats: bool) -> Ints:
        order = np.argsort(-self.values, kind="stable")[: int((self.values > 0).sum())].astype(np.int32)
        if repeats:
            return np.tile(_padded(order[:k], k), (len(cases), 1))
        case, item = cases.bought()
        had = np.bincount(case, minlength=len(cases))
        top = np.full((len(cases), k), -1, np.int32)
        for one in range(len(cases)):  # a few hundred thousand cases at most, each a look at k + had items
            begin = int(np.searchsorted(case, one))
            mine = item[begin : begin + had[one]]
            head = order[: k + len(mine)]
            kept = head[~np.isin(head, mine)][:k] if len(mine) else head[:k]
            top[one, : len(kept)] = kept
        return top


def _padded(order: Ints, k: int) -> Ints:
    return np.concatenate([order, np.full(k - len(order), -1, np.int32)])


def _best(scores: Any, cases: Cases, k: int, *, repeats: bool) -> Ints:
    if sp.issparse(scores):
        scores = scores.tocsr()
        if scores.nnz > DENSE * scores.shape[0] * scores.shape[1]:
            dense = scores.toarray()
            dense[dense == 0] = -np.inf
            return _dense(dense, cases, k, repeats=repeats)
        return _sparse(scores, cases, k, repeats=repeats)
    return _dense(scores, cases, k, repeats=repeats)


def _dense(scores: Any, cases: Cases, k: int, *, repeats: bool) -> Ints:
    """`scores` is changed in place."""
    if not repeats:
        scores[cases.bought()] = -np.inf
    width = min(k, scores.shape[1])
    chosen = np.argpartition(-scores, width - 1, axis=1)[:, :width]
    values = np.take_along_axis(scores, chosen, axis=1)
    order = np.lexsort((chosen, -values), axis=1)
    top = np.where(np.take_along_axis(values, order, 1) > -np.inf, np.take_along_axis(chosen, order, 1), -1)
    return np.pad(top, ((0, 0), (0, k - width)), constant_values=-1).astype(np.int32)


def _sparse(scores: Any, cases: Cases, k: int, *, repeats: bool) -> Ints:
    case = np.repeat(np.arange(len(cases)), np.diff(scores.indptr))
    item, values = scores.indices, scores.data
    good = values != 0
    if not repeats:
        had = sp.csr_matrix((np.ones(len(cases.bought()[0]), bool), cases.bought()), shape=scores.shape)
        size = np.int64(scores.shape[1])
        taken = np.repeat(np.arange(len(cases)), np.diff(had.indptr)) * size + had.indices
        good &= ~np.isin(case * size + item, taken)
    return firsts(case[good], item[good], values[good], len(cases), k)


def firsts(case: Any, item: Any, values: Any, cases: int, k: int) -> Ints:
    """Of each case the k items with the largest values, best first, (cases, k); of equals the first item."""
    order = np.lexsort((item, -values, case))
    case, item = case[order], item[order]
    place = np.arange(len(case)) - np.searchsorted(case, case)
    top = np.full((cases, k), -1, np.int32)
    kept = place < k
    top[case[kept], place[kept]] = item[kept]
    return top


def histories(cases: Cases, decay: float = 1.0, *, counted: bool = True) -> Any:
    """Weights of the items of each history, sparse (c, n): decay^(steps back), summed over an item's events or of its latest only."""
    every = (cases.history.shopper, cases.history.item, steps_back(cases))
    case, item, steps = every if counted else latest(cases)
    values = np.power(decay, steps).astype(np.float32) if decay < 1.0 else np.ones(len(steps), np.float32)
    made = sp.csr_matrix((values, (case, item)), shape=(len(cases), len(cases.history.items)))
    made.eliminate_zeros()
    return made


def latest(cases: Cases) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct items of each history, in order of case and item: cases, items, and steps back to the latest event of each."""
    size = np.int64(max(len(cases.history.items), 1))
    keys = cases.history.shopper * size + cases.history.item
    distinct, place = np.unique(keys[::-1], return_index=True)
    return distinct // size, distinct % size, steps_back(cases)[::-1][place]


def steps_back(cases: Cases) -> NDArray[np.int64]:
    """Of each event of the histories how many came after it."""
    steps: NDArray[np.int64] = cases.start[1:][cases.history.shopper] - 1 - np.arange(len(cases.history))
    return steps
