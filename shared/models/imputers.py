"""Ways to guess an attribute: the most frequent value or the median, and gradient boosted trees over behaviour.

scikit-learn is loaded where it is used: it takes a second, and most of what imports this module only reads guesses.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from shared.models.behaviour import Behaviour

FEWEST_OF_A_VALUE = 20  # rarer values are never guessed
LEAST = 1e-3  # chance of what an imputer thinks impossible, so that one surprise does not decide
SEED = 1

Floats = NDArray[np.float32]
Guess = Callable[
    [Any], Floats
]  # positions of shoppers -> (m, k + 1) chances of k values and of any other; or (m,) years


def _plain(values: Any, strategy: str) -> float:
    from sklearn.impute import SimpleImputer  # noqa: PLC0415

    column = np.asarray(values, np.float64)[:, None]
    return float(SimpleImputer(strategy=strategy).fit(column).statistics_[0])


def most_frequent(codes: Any, names: int) -> Guess:
    counts = np.bincount(codes, minlength=names + 1).astype(np.float32)
    named = codes[codes < names]  # "any other" is no value
    counts[int(_plain(named, "most_frequent"))] += 1e-3  # of equals the one the imputer takes
    chances = _bounded(counts[None, :])
    return lambda places: np.repeat(chances, len(places), axis=0)


def median(years: Any) -> Guess:
    middle = _plain(years, "median")
    return lambda places: np.full(len(places), middle, np.float32)


def classifier(seen: Behaviour, learned: Any, codes: Any, names: int) -> Guess:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415

    enough = np.bincount(codes, minlength=names + 1)[codes] >= FEWEST_OF_A_VALUE  # "any other" may be rare
    trees = HistGradientBoostingClassifier(**_trees(seen))
    with threadpool_limits(1, "openmp"):  # steps are so small that threads would only wait for each other
        trees.fit(seen.values[learned[enough]], codes[enough])

    def guess(places: Any) -> Floats:
        chances = np.zeros((len(places), names + 1), np.float32)
        chances[:, trees.classes_] = trees.predict_proba(seen.values[places])
        return _bounded(chances)

    return guess


def regressor(seen: Behaviour, learned: Any, years: Any) -> Guess:
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415

    trees = HistGradientBoostingRegressor(loss="absolute_error", **_trees(seen))
    with threadpool_limits(1, "openmp"):
        trees.fit(seen.values[learned], years)
    return lambda places: np.asarray(trees.predict(seen.values[places]), np.float32)


def _trees(seen: Behaviour) -> dict[str, Any]:
    """Small trees, and no more of them than help on a part of what is learned from."""
    return {
        "max_iter": 30,
        "max_leaf_nodes": 15,
        "learning_rate": 0.25,
        "early_stopping": True,
        "validation_fraction": 0.15,
        "n_iter_no_change": 5,
        "random_state": SEED,
        "categorical_features": [name in seen.codes for name in seen.names],
    }


def _bounded(chances: Floats) -> Floats:
    """Rows that sum to 1, nothing impossible."""
    shares = np.maximum(chances / chances.sum(axis=1, keepdims=True), LEAST)
    bounded: Floats = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return bounded
