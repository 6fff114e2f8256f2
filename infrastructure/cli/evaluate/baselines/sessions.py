"""Session-kNN and V-SKNN (Jannach and Ludewig, 2017; Ludewig and Jannach, 2018).

Of the latest `sample` train sessions that share an item with the history, the `k` most similar lend their items; ties go to the
latest session. Similarity: the sum of the history's weights of the common items, over the length of both vectors if `cosine`. A weight
is 1, or place / length (`positions`: what came late counts more; of an item that came twice the later place). A session lends its
items as much as it is similar, divided by the steps back to the latest common item (`fading`), and each item by its inverse document
frequency (`idf`). Of a history the latest 50 events count.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from infrastructure.cli.evaluate.baselines.scores import Scored, latest
from infrastructure.cli.evaluate.baselines.tuned import Grid, Rank, Settings, Tuned
from shared.evaluation.task import Cases, pointers
from shared.models.interactions import Interactions

LONGEST = 50  # events of a history that count, the latest
ROWS = 1500  # events of the histories of a block: each is in up to `sample` sessions


class Sessions(NamedTuple):
    """s train sessions in order of their ends over n items."""

    items: Any  # (s, n) sparse, 1 where a session has an item
    latest: Any  # (n, s) sparse, 1 for the latest `sample` sessions of an item
    length: NDArray[np.int64]  # (s,) items of each session
    idf: NDArray[np.float32]  # (n,)


class Pairs(NamedTuple):
    """A case and a session that share an item, in order of both."""

    case: NDArray[np.int64]
    session: NDArray[np.int64]
    similarity: NDArray[np.float64]
    steps: NDArray[np.int64]  # back to the latest common item, 1 for the last of the history


def sknn() -> Tuned:
    ranks: Grid = {"k": [100, 500], "cosine": [True], "positions": [False], "fading": [False], "idf": [False]}
    return Tuned("session-kNN", _fit, {"sample": [1000]}, ranks)


def vsknn() -> Tuned:
    ranks: Grid = {
        "k": [100, 500],
        "cosine": [True, False],
        "positions": [True],
        "fading": [True, False],
        "idf": [True],
    }
    return Tuned("V-SKNN", _fit, {"sample": [1000]}, ranks)


def _fit(train: Interactions, now: float, settings: Settings) -> Rank:
    sessions = made(train, settings["sample"])

    def scores(cases: Cases, chosen: Settings) -> Any:
        near = nearest(similar(cases, sessions, settings["sample"], chosen), chosen["k"])
        weights = near.similarity / near.steps if chosen["fading"] else near.similarity
        shape = (len(cases), sessions.items.shape[0])
        lent = sp.csr_matrix((weights.astype(np.float32), (near.case, near.session)), shape=shape) @ sessions.items
        return lent @ sp.diags(sessions.idf, dtype=np.float32) if chosen["idf"] else lent

    return lambda chosen: Scored(lambda cases: scores(cases, chosen), rows=ROWS)


def made(train: Interactions, sample: int) -> Sessions:
    names, session = np.unique(train.session, return_inverse=True)
    size, height = len(train.items), len(names)
    ends = np.zeros(height)
    ends[session] = train.at  # rows are in order of time: the last write is the end
    place = np.empty(height, np.int64)
    place[np.argsort(ends, kind="stable")] = np.arange(height)
    items = sp.csr_matrix((np.ones(len(train), np.float32), (place[session], train.item)), shape=(height, size))
    items.data[:] = 1.0
    by_item = items.T.tocsr().astype(np.float64)
    by_item.sort_indices()
    idf = np.log(max(height, 1) / np.maximum(np.diff(by_item.indptr), 1)).astype(np.float32)
    return Sessions(items, _last(by_item, sample), np.diff(items.indptr), idf)


def _last(matrix: Any, most: int) -> Any:
    """The last `most` entries of each row; places in a row are in order."""
    counts = np.diff(matrix.indptr)
    back = np.repeat(matrix.indptr[1:], counts) - np.arange(matrix.nnz)  # 1 for the last
    kept = back <= most
    start = pointers(np.minimum(counts, most))
    return sp.csr_matrix((matrix.data[kept], matrix.indices[kept], start), shape=matrix.shape)


def similar(cases: Cases, sessions: Sessions, sample: int, chosen: Settings) -> Pairs:
    """Each case with its latest `sample` sessions.

    A session that is not among an item's latest `sample` is not among the case's either: nothing is lost by leaving it out.
    The steps come from sums of 2^−steps, whose largest power of two is that of the fewest.
    """
    case, item, back = latest(cases)
    near = back < LONGEST
    case, item, steps = case[near], item[near], back[near] + 1
    known = np.minimum(cases.known, LONGEST)
    weights = 1.0 - (steps - 1) / known[case] if chosen["positions"] else np.ones(len(case))
    shape = (len(cases), sessions.latest.shape[0])
    sums, codes = (
        sp.csr_matrix((values, (case, item)), shape=shape) @ sessions.latest for values in (weights, np.exp2(-steps))
    )
    sums.sort_indices()
    codes.sort_indices()
    sums, codes = _last(sums, sample), _last(codes, sample)
    case_of, session = np.repeat(np.arange(len(cases)), np.diff(sums.indptr)), sums.indices.astype(np.int64)
    values = sums.data
    if chosen["cosine"]:
        own = np.sqrt(np.bincount(case, weights**2, len(cases)))
        values = values / (own[case_of] * np.sqrt(sessions.length[session]))
    return Pairs(case_of, session, values, 1 - np.frexp(codes.data)[1].astype(np.int64))


def nearest(pairs: Pairs, k: int) -> Pairs:
    """Of each case the k most similar sessions, of equals the latest."""
    rounded = np.round(pairs.similarity, 9)  # equal sums of other parts differ in the last digits
    order = np.lexsort((-pairs.session, -rounded, pairs.case))
    case = pairs.case[order]
    start = pointers(np.bincount(case))[:-1] if len(case) else np.zeros(0, np.int64)
    kept = order[np.arange(len(case)) - start[case] < k]
    return Pairs(pairs.case[kept], pairs.session[kept], pairs.similarity[kept], pairs.steps[kept])
