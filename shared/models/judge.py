"""Blends of sources judged on moments whose source scores were computed once."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from shared.evaluation.metrics import ndcg
from shared.models.bundle import Bundle, Floats, Ints
from shared.models.candidates import again, best, blend
from shared.models.moments import Moment
from shared.models.sources import Scores, score

K = 20
Settings = dict[str, float]


class Pool(NamedTuple):
    """The candidates of one moment, and what was right.

    `values` is (len(SOURCES), p); `bought`, `right` and `new` (right and not bought) are positions among the p; `own` goes with
    `bought`. What was right and is no candidate has a negative position, which no list has.
    """

    values: Floats
    bought: Ints
    own: Floats
    right: frozenset[int]
    new: frozenset[int]


class Judge:
    def __init__(self, bundle: Bundle, moments: Sequence[Moment]) -> None:
        known = [(moment, bundle.indices(list(moment.right))) for moment in moments]
        known = [(moment, right[right >= 0]) for moment, right in known if (right >= 0).any()]
        self.pools = [_pool(score(moment.state, bundle, moment.now), right) for moment, right in known]

    def new_only(self, settings: Settings) -> float:
        """Mean NDCG@20 of what the shopper had not bought before."""
        return mean(self.new_values(settings))

    def with_repeats(self, settings: Settings) -> float:
        return mean(self.repeat_values(settings))

    def new_values(self, settings: Settings) -> Iterator[float]:
        for pool in self.pools:
            if pool.new:
                values = blend(pool.values, settings)
                values[pool.bought] = -1.0
                yield ndcg(best(values, K).tolist(), pool.new)

    def repeat_values(self, settings: Settings) -> Iterator[float]:
        for pool in self.pools:
            values = blend(pool.values, settings)
            values[pool.bought] = again(pool.values[:, pool.bought], pool.own, settings)
            yield ndcg(best(values, K).tolist(), pool.right)


def mean(values: Iterator[float]) -> float:
    found = list(values)
    return float(np.mean(found)) if found else 0.0


def _pool(scores: Scores, right: Ints) -> Pool:
    places = np.searchsorted(scores.items, right)
    found = scores.items[np.minimum(places, len(scores.items) - 1)] == right
    wanted = frozenset(places[found].tolist()) | frozenset(range(int(found.sum()) - len(right), 0))
    return Pool(scores.sources, scores.purchased, scores.own, wanted, wanted - frozenset(scores.purchased.tolist()))
