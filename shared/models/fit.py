"""Interactions to a bundle: ALS factors, neighbours, popularity. What happened long ago counts less everywhere."""

import os
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from threadpoolctl import threadpool_limits

from shared.models.bundle import DEFAULTS, Bundle, Floats, Ints
from shared.models.counted import counted
from shared.models.interactions import DAY, ORDER, WEIGHTS, Interactions
from shared.models.pairs import associated, regressed, walked
from shared.models.sequences import following

FACTORS = 64
FACTORS_OF_FEW = 128  # of at most FEW items, with RICH interactions or more: there is time to score them, and enough to learn them from
FEW, RICH = 30_000, 400_000
SEED = 1
ITERATIONS = 10
HEAVY = 5_000_000  # interactions, from which on an iteration takes long
ITERATIONS_OF_HEAVY = 4
REFIT_ITERATIONS = 3  # from factors of nearly the same data, or by other settings
NEIGHBOURS = 100
NEIGHBOURS_OF_MANY = 50  # of more than MANY items: the bundle must fit the profiles function
MANY = 50_000
TOGETHER = 30
WALKED, REGRESSED = 3, 4  # the kinds of similarity that are RP³β and ridge regression
SMALLEST_FOR_FACTORS = 500  # interactions; below, ALS only memorises
FIT_SETTINGS = (
    "similar_days", "similar_kind", "similar_ridge", "next_days", "together_kind",
    "factors_days", "alpha", "regularization", "popular_days",
)  # fmt: skip


def fit(
    data: Interactions,
    now: float,
    settings: dict[str, float] | None = None,
    start: Floats | None = None,
) -> Bundle:
    """A bundle of everything in `data` as of `now` (epoch seconds). Categories, brands and prices stay unknown: see `described`.

    `start` are item factors fitted before with the same settings on nearly the same data: ALS goes on from there.
    """
    chosen = {**DEFAULTS, **(settings or {})}
    size = len(data.items)
    unknown = np.full(size, "", dtype="U1")
    item_factors = als(data, now, chosen, start)
    return Bundle(
        item_ids=data.items,
        item_factors=item_factors,
        gram=item_factors.T @ item_factors,
        categories=unknown,
        brands=unknown,
        prices=np.full(size, np.nan, np.float32),
        settings=chosen,
        **sums(data, now, chosen),
    )


def sums(data: Interactions, now: float, settings: dict[str, float]) -> dict[str, Any]:
    """What of a bundle is counted, by field: everything but what ALS learns and what the catalog says."""
    similar_items, similar_scores = similar(data, now, settings)
    together_items, together_scores = together(data, settings)
    next_items, next_scores = following(data, now, settings["next_days"])
    return {
        "similar_items": similar_items,
        "similar_scores": similar_scores,
        "together_items": together_items,
        "together_scores": together_scores,
        "popularity": popularity(data, now, settings["popular_days"]),
        "next_items": next_items,
        "next_scores": next_scores,
        "facts": counted(data, now),
    }


def described(bundle: Bundle, facts: dict[str, tuple[str, str, float]]) -> Bundle:
    """The bundle with what the catalog says of its items: id -> (top category, brand, price)."""
    nothing = ("", "", float("nan"))
    rows = [facts.get(str(item), nothing) for item in bundle.item_ids]
    return replace(
        bundle,
        categories=np.array([row[0] for row in rows], dtype=np.str_),
        brands=np.array([row[1] for row in rows], dtype=np.str_),
        prices=np.array([row[2] for row in rows], np.float32),
    )


def als(
    data: Interactions,
    now: float,
    settings: dict[str, float],
    start: Floats | None = None,
) -> Floats:
    """Item factors (n, k) of implicit ALS; (n, 0) when there is too little to learn from."""
    if len(data) < SMALLEST_FOR_FACTORS:
        return np.zeros((len(data.items), 0), np.float32)
    signal = data.weight * _decay(data, now, settings["factors_days"])
    factors = width(len(data), len(data.items))
    warm = start is not None and start.shape == (len(data.items), factors)
    # implicit runs its own threads; BLAS threads beside them only fight
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=settings["regularization"],
            alpha=settings["alpha"],
            iterations=REFIT_ITERATIONS if warm else iterations(len(data)),
            random_state=SEED,
            num_threads=os.cpu_count() or 1,
        )
        if warm and start is not None:
            model.item_factors = start.copy()
        model.fit(_matrix(data.shopper, data.item, signal, data), show_progress=False)
    return np.ascontiguousarray(model.item_factors, dtype=np.float32)


def iterations(interactions: int) -> int:
    """How many ALS takes from nothing."""
    return ITERATIONS if interactions < HEAVY else ITERATIONS_OF_HEAVY


def width(interactions: int, items: int) -> int:
    """How many factors ALS has."""
    return FACTORS_OF_FEW if items <= FEW and interactions >= RICH else FACTORS


def similar(
    data: Interactions, now: float, settings: dict[str, float], neighbours: int | None = None
) -> tuple[Ints, Floats]:
    """Items dealt with in the same sessions, recent sessions counting more: positions and scores, (n, K).

    By TF-IDF, BM25, cosine, RP³β or ridge regression.
    """
    wanted = neighbours or (NEIGHBOURS if len(data.items) <= MANY else NEIGHBOURS_OF_MANY)
    # a usual signal of today is 1, which is what BM25's saturation is made for
    usual = float(data.weight.mean()) if len(data) else 1.0
    signal = data.weight / usual * _decay(data, now, settings["similar_days"])
    sessions = _matrix(data.session, data.item, signal, data)
    kind = int(settings["similar_kind"])
    if kind == WALKED:
        return walked(sessions, wanted)
    if kind == REGRESSED:
        return regressed(sessions, wanted, settings["similar_ridge"])
    models: list[Any] = [TFIDFRecommender(wanted + 1), BM25Recommender(wanted + 1, K1=1.2, B=0.2)]
    models.append(CosineRecommender(wanted + 1))
    return _table(models[kind], sessions, wanted)


def together(data: Interactions, settings: dict[str, float], neighbours: int = TOGETHER) -> tuple[Ints, Floats]:
    """Items bought in the same orders (cosine, lift or NPMI), (n, K)."""
    orders = data.where(data.kind == ORDER)
    baskets = _matrix(orders.basket, orders.item, np.ones(len(orders), np.float32), orders)
    return associated(baskets, int(settings["together_kind"]), neighbours)


def popularity(data: Interactions, now: float, days: float) -> Floats:
    """What shoppers did with each item, halved every `days`, one shopper counting for one order at most; the most popular item has 1."""
    signal = data.weight * _decay(data, now, days)
    shoppers = _matrix(data.shopper, data.item, signal, data)
    total = np.bincount(shoppers.indices, np.minimum(shoppers.data, WEIGHTS[ORDER]), len(data.items)).astype(np.float32)
    top = total.max(initial=0.0)
    return total / top if top > 0 else total


def _decay(data: Interactions, now: float, days: float) -> Floats:
    return np.exp2((data.at - now) / (days * DAY)).astype(np.float32)


def _matrix(rows: Any, columns: Any, values: Any, data: Interactions) -> Any:
    """Rows that hold nothing are left out: of a sample of shoppers they are most, and ALS takes time for each."""
    held = np.bincount(rows) > 0
    places = np.cumsum(held, dtype=np.int32)[rows] - 1
    shape = (max(int(held.sum()), 1), len(data.items))
    return sp.csr_matrix((values.astype(np.float32), (places, columns)), shape=shape)


def _table(model: Any, matrix: Any, neighbours: int) -> tuple[Ints, Floats]:
    """The model's similarity as fixed-width rows, best first, an item never its own neighbour."""
    size = matrix.shape[1]
    items, scores = np.full((size, neighbours), -1, np.int32), np.zeros((size, neighbours), np.float32)
    if not matrix.nnz:
        return items, scores
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):
        warnings.simplefilter("ignore")  # the library warns of conversions it makes itself
        model.fit(matrix, show_progress=False)
    found = sp.csr_matrix(model.similarity)
    found.sort_indices()
    counts = np.diff(found.indptr)
    rows = np.repeat(np.arange(size), counts)
    places = np.arange(found.nnz) - np.repeat(found.indptr[:-1], counts)
    to = np.full((size, int(counts.max())), -1, np.int32)
    values = np.zeros(to.shape, np.float32)
    to[rows, places] = found.indices
    # a weight of 0 everywhere (an item of every session) has no cosine
    values[rows, places] = np.nan_to_num(np.where(found.indices == rows, 0.0, found.data))
    order = np.argsort(-values, axis=1, kind="stable")[:, :neighbours]  # of equals the first item
    width = order.shape[1]
    scores[:, :width] = np.take_along_axis(values, order, axis=1)
    items[:, :width] = np.where(scores[:, :width] > 0, np.take_along_axis(to, order, axis=1), -1)
    return items, scores
