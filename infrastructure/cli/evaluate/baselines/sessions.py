"""Session-kNN and V-SKNN (Jannach and Ludewig, 2017; Ludewig and Jannach, 2018).

Of the latest `sample` train sessions that share an item with the history, the `k` most similar lend their items; ties go to the
latest session. Similarity: the sum of the history's weights of the common items, over the length of both vectors if `cosine`. A weight
is 1, or place / length (`positions`: what came late counts more; of an item that came twice the later place). A session lends its
items as much as it is similar, divided by the steps back to the latest common item (`fading`), and each item by its inverse document
frequency (`idf`).
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from infrastructure.cli.evaluate.baselines.scores import Scored, latest
from infrastructure.cli.evaluate.baselines.tuned import Grid, Rank, Settings, Tuned
from shared.evaluation.task import Cases, pointers, ragged
from shared.models.interactions import Interactions

ROWS = 1500  # events of the histories of a block: each joins up to `sample` sessions


class Sessions(NamedTuple):
    """s train sessions in order of their ends over n items."""

    items: Any  # (s, n) sparse, 1 where a session has an item
    of_item: NDArray[np.int32]  # sessions of each item, the latest `sample` of it, one item after the other
    start: NDArray[np.int64]  # (n + 1,)
    length: NDArray[np.int64]  # (s,) items of each session
    idf: NDArray[np.float32]  # (n,)


class Pairs(NamedTuple):
    """A case and a session that share an item."""

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
        "idf": [True, False],
    }
    return Tuned("V-SKNN", _fit, {"sample": [1000]}, ranks)


def _fit(train: Interactions, now: float, settings: Settings) -> Rank:
    sessions = made(train, settings["sample"])

    def scores(cases: Cases, chosen: Settings) -> Any:
        near = nearest(similar(cases, sessions, chosen), sessions, settings["sample"], chosen["k"])
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
    by_item = items.T.tocsr()
    by_item.sort_indices()
    counts = np.diff(by_item.indptr)
    kept, start = ragged(_ends(by_item.indptr.astype(np.int64), sample), 2 * np.arange(size) + 1)
    idf = np.log(max(height, 1) / np.maximum(counts, 1)).astype(np.float32)
    return Sessions(items, by_item.indices[kept], start, np.diff(items.indptr), idf)


def _ends(start: NDArray[np.int64], sample: int) -> NDArray[np.int64]:
    """Pointers of each group in two: what comes before its last `sample`, and those. Groups 1, 3, 5 … are the latter."""
    begin = np.maximum(start[1:] - sample, start[:-1])
    return np.concatenate([np.stack([start[:-1], begin], axis=1).ravel(), start[-1:]])


def similar(cases: Cases, sessions: Sessions, chosen: Settings) -> Pairs:
    """All pairs. A session beyond the latest `sample` of one common item is not among the latest `sample` of all pairs of its case
    either, so what the pairs that are used lack is nothing."""
    case, item, back = latest(cases)
    steps = back + 1
    weights = 1.0 - (steps - 1) / cases.known[case] if chosen["positions"] else np.ones(len(case))
    rows, joined = ragged(sessions.start, item)
    entry = np.repeat(np.arange(len(item)), np.diff(joined))
    session = sessions.of_item[rows].astype(np.int64)
    keys = case[entry] * np.int64(len(sessions.length)) + session
    order = np.argsort(keys, kind="stable")
    first = np.flatnonzero(np.diff(keys[order], prepend=-1))
    if not len(first):
        nothing = np.zeros(0, np.int64)
        return Pairs(nothing, nothing, np.zeros(0), nothing)
    pair = keys[order][first]
    case_of, session_of = pair // len(sessions.length), pair % len(sessions.length)
    values = np.add.reduceat(weights[entry][order], first)
    if chosen["cosine"]:
        own = np.sqrt(np.bincount(case, weights**2, len(cases)))
        values = values / (own[case_of] * np.sqrt(sessions.length[session_of]))
    return Pairs(case_of, session_of, values, np.minimum.reduceat(steps[entry][order], first))


def nearest(pairs: Pairs, sessions: Sessions, sample: int, k: int) -> Pairs:
    """Of each case's latest `sample` sessions the k most similar, of equals the latest."""
    recent = _first(pairs, np.lexsort((-pairs.session, pairs.case)), sample)
    rounded = np.round(recent.similarity, 9)  # equal sums of other parts differ in the last digits
    return _first(recent, np.lexsort((-recent.session, -rounded, recent.case)), k)


def _first(pairs: Pairs, order: NDArray[np.int64], most: int) -> Pairs:
    case = pairs.case[order]
    start = pointers(np.bincount(case))[:-1] if len(case) else np.zeros(0, np.int64)
    kept = order[np.arange(len(case)) - start[case] < most]
    return Pairs(pairs.case[kept], pairs.session[kept], pairs.similarity[kept], pairs.steps[kept])
