"""Blends of sources judged on moments whose source scores were computed once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from shared.evaluation.metrics import worth_ndcg
from shared.models.bundle import Bundle, Floats, Ints
from shared.models.candidates import again, best, blend
from shared.models.moments import Moment
from shared.models.sources import Scores, score

K = 20
Settings = dict[str, float]


class Pool(NamedTuple):
    """The candidates of one moment, and what was right, with what it is worth.

    `values` is (len(SOURCES), p); `bought`, `right` and `new` (right and not bought) are positions among the p; `own` goes with
    `bought`. What was right and is no candidate has a negative position, which no list has.
    """

    values: Floats
    bought: Ints
    own: Floats
    right: Mapping[int, float]
    new: Mapping[int, float]


class Judge:
    def __init__(self, bundle: Bundle, moments: Sequence[Moment]) -> None:
        known = [(moment, _known(bundle, moment.right)) for moment in moments]
        self.pools = [_pool(score(moment.state, bundle, moment.now), right) for moment, right in known if right]

    def new_only(self, settings: Settings) -> float:
        """Mean NDCG@20, by worth, of what the shopper had not bought before."""
        return mean(self.new_values(settings))

    def with_repeats(self, settings: Settings) -> float:
        return mean(self.repeat_values(settings))

    def new_values(self, settings: Settings) -> Iterator[float]:
        for pool in self.pools:
            if pool.new:
                values = blend(pool.values, settings)
                values[pool.bought] = -1.0
                yield worth_ndcg(best(values, K).tolist(), pool.new)

    def repeat_values(self, settings: Settings) -> Iterator[float]:
        for pool in self.pools:
            values = blend(pool.values, settings)
            values[pool.bought] = again(pool.values[:, pool.bought], pool.own, settings)
            yield worth_ndcg(best(values, K).tolist(), pool.right)


def mean(values: Iterable[float]) -> float:
    found = list(values)
    return float(np.mean(found)) if found else 0.0


def _known(bundle: Bundle, right: Mapping[str, float]) -> dict[int, float]:
    places = bundle.indices(list(right)).tolist()
    return {place: worth for place, worth in zip(places, right.values(), strict=True) if place >= 0}


def _pool(scores: Scores, right: Mapping[int, float]) -> Pool:
    wanted = placed(scores.items, right)
    bought = set(scores.purchased.tolist())
    new = {place: worth for place, worth in wanted.items() if place not in bought}
    return Pool(scores.sources, scores.purchased, scores.own, wanted, new)


def placed(items: Ints, right: Mapping[int, float]) -> dict[int, float]:
    """What was right by its place among the sorted `items`; what is not among them by negative places, which no list has."""
    wanted = np.array(list(right), np.int32)
    places = np.minimum(np.searchsorted(items, wanted), len(items) - 1)
    found = items[places] == wanted if len(items) else np.zeros(len(wanted), bool)
    missing = -1 - np.arange(len(wanted))
    return dict(zip(np.where(found, places, missing).tolist(), right.values(), strict=True))
