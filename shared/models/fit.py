"""Interactions to a bundle: ALS factors, neighbours, popularity."""

import os
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender, TFIDFRecommender
from threadpoolctl import threadpool_limits

from shared.models.bundle import DEFAULTS, Bundle, Floats, Ints
from shared.models.interactions import DAY, ORDER, Interactions

FACTORS = 64
ITERATIONS = 15
NEIGHBOURS = 50
TOGETHER = 30
POPULAR_HALF_LIFE = 14 * DAY
SMALLEST_FOR_FACTORS = 500  # interactions; below, ALS only memorises


def fit(
    data: Interactions, now: float, settings: dict[str, float] | None = None, *, factors: int = FACTORS, seed: int = 1
) -> Bundle:
    """A bundle of everything in `data` as of `now` (epoch seconds). Categories, brands and prices stay unknown: see `described`."""
    chosen = {**DEFAULTS, **(settings or {})}
    size = len(data.items)
    unknown = np.full(size, "", dtype="U1")
    similar_items, similar_scores = similar(data)
    together_items, together_scores = together(data)
    item_factors = als(data, chosen, factors, seed)
    return Bundle(
        item_ids=data.items,
        item_factors=item_factors,
        gram=item_factors.T @ item_factors,
        similar_items=similar_items,
        similar_scores=similar_scores,
        together_items=together_items,
        together_scores=together_scores,
        popularity=popularity(data, now),
        categories=unknown,
        brands=unknown,
        prices=np.full(size, np.nan, np.float32),
        settings=chosen,
    )


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
    data: Interactions, settings: dict[str, float], factors: int = FACTORS, seed: int = 1, iterations: int = ITERATIONS
) -> Floats:
    """Item factors (n, factors) of implicit ALS; (n, 0) when there is too little to learn from."""
    if len(data) < SMALLEST_FOR_FACTORS:
        return np.zeros((len(data.items), 0), np.float32)
    # implicit runs its own threads; BLAS threads beside them only fight
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=settings["regularization"],
            alpha=settings["alpha"],
            iterations=iterations,
            random_state=seed,
            num_threads=os.cpu_count() or 1,
        )
        model.fit(np.log1p(_matrix(data.shopper, data.item, data.weight, data)), show_progress=False)
    return np.ascontiguousarray(model.item_factors, dtype=np.float32)


def similar(data: Interactions, neighbours: int = NEIGHBOURS) -> tuple[Ints, Floats]:
    """Items dealt with in the same sessions and by the same shoppers (TF-IDF weighted cosine): positions and scores, (n, K)."""
    sessions = _matrix(data.session, data.item, data.weight, data)
    shoppers = _matrix(data.shopper, data.item, data.weight, data)
    return _table(TFIDFRecommender(K=neighbours + 1), sp.vstack([sessions, shoppers]).tocsr(), neighbours)


def together(data: Interactions, neighbours: int = TOGETHER) -> tuple[Ints, Floats]:
    """Items bought in the same orders (cosine, which is lift tempered by how often both are bought), (n, K)."""
    orders = data.where(data.kind == ORDER)
    baskets = _matrix(orders.basket, orders.item, np.ones(len(orders), np.float32), orders)
    baskets.data[:] = 1.0
    return _table(CosineRecommender(K=neighbours + 1), baskets, neighbours)


def popularity(data: Interactions, now: float, half_life: float = POPULAR_HALF_LIFE) -> Floats:
    """Weights of what was done with each item, halved every `half_life` seconds; the most popular has 1."""
    total = np.bincount(data.item, data.weight * 0.5 ** ((now - data.at) / half_life), len(data.items)).astype(
        np.float32
    )
    return total / total.max() if total.any() else total


def _matrix(rows: Any, columns: Any, values: Any, data: Interactions) -> Any:
    height = int(rows.max()) + 1 if len(rows) else 1
    return sp.csr_matrix((values.astype(np.float32), (rows, columns)), shape=(height, len(data.items)))


def _table(model: Any, matrix: Any, neighbours: int) -> tuple[Ints, Floats]:
    """The model's similarity as fixed-width rows, best first, an item never its own neighbour."""
    size = matrix.shape[1]
    items, scores = np.full((size, neighbours), -1, np.int32), np.zeros((size, neighbours), np.float32)
    if not matrix.nnz:
        return items, scores
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of conversions it makes itself
        model.fit(matrix, show_progress=False)
    similarity = sp.csr_matrix(model.similarity)
    for row in range(size):
        start, end = similarity.indptr[row], similarity.indptr[row + 1]
        to, values = similarity.indices[start:end], similarity.data[start:end]
        good = (to != row) & (values > 0)
        order = np.lexsort((to[good], -values[good]))[:neighbours]
        items[row, : len(order)], scores[row, : len(order)] = to[good][order], values[good][order]
    return items, scores
