"""Matrix factorisation and the linear autoencoder: ALS of `implicit` with the history folded in, and EASE."""

from typing import Any

import numpy as np
import scipy.linalg
from implicit.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from infrastructure.cli.evaluate.baselines.neighbours import matrix
from infrastructure.cli.evaluate.baselines.scores import Scored, histories
from infrastructure.cli.evaluate.baselines.tuned import Grid, Rank, Settings, Tuned
from shared.evaluation.task import Cases
from shared.models.interactions import Interactions

ITERATIONS = 15
EASE_ITEMS = 20_000  # its matrix has 1.6 GB then, its inverse as much


def als() -> Tuned:
    grid: Grid = {"factors": [64, 256], "confidence": [(10.0, 50.0), (40.0, 1.0)]}  # alpha and regularization
    return Tuned("ALS", _als, grid, {"decay": [0.8, 1.0]})


def ease() -> Tuned:
    return Tuned("EASE", _ease, {"regularization": [50.0, 200.0, 1000.0]}, {"decay": [0.8, 1.0]}, EASE_ITEMS)


def _als(train: Interactions, now: float, settings: Settings) -> Rank:
    alpha, regularization = settings["confidence"]
    with threadpool_limits(1, "blas"):  # implicit runs its own threads; BLAS threads beside them only fight
        model = AlternatingLeastSquares(
            settings["factors"], alpha=alpha, regularization=regularization, iterations=ITERATIONS, random_state=1
        )
        model.fit(matrix(train, "shopper"), show_progress=False)

    def scores(cases: Cases, decay: float) -> Any:
        with threadpool_limits(1, "blas"):
            folded = model.recalculate_user(np.arange(len(cases)), histories(cases, decay))
        found = folded @ model.item_factors.T
        found[cases.known == 0] = -np.inf
        return found

    return lambda chosen: Scored(lambda cases: scores(cases, chosen["decay"]))


def _ease(train: Interactions, now: float, settings: Settings) -> Rank:
    """B = I − P·diag(1/diag P), P = (XᵀX + λI)⁻¹ (Steck, 2019), X binary."""
    rows = matrix(train, "shopper")
    rows.data[:] = 1.0
    gram = (rows.T @ rows).toarray()
    gram[np.diag_indices(len(gram))] += settings["regularization"]
    factor, info = scipy.linalg.lapack.spotrf(gram.T, lower=1, overwrite_a=1)
    inverse, failed = scipy.linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    if info or failed:
        raise ValueError(f"EASE: the matrix of {len(gram)} items could not be inverted")
    found = inverse.T  # C order, its upper triangle filled
    for start in range(0, len(found), 1024):
        stop = start + 1024
        found[stop:, start:stop] = found[start:stop, stop:].T
        corner = np.triu(found[start:stop, start:stop])
        found[start:stop, start:stop] = corner + np.triu(corner, 1).T
    found /= -np.diag(found).copy()
    found[np.diag_indices(len(found))] = 0.0
    return lambda chosen: Scored(lambda cases: _product(histories(cases, chosen["decay"], counted=False), found))


def _product(rows: Any, weights: Any) -> Any:
    scores = np.asarray(rows @ weights)
    scores[np.diff(rows.indptr) == 0] = -np.inf
    return scores
