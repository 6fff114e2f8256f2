"""Shopwindow as it serves: settings searched and fitted as at night, states folded and items ranked as when a shopper acts."""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from infrastructure.cli.evaluate.datasets.files import places
from shared.evaluation.protocol import Facts, folded
from shared.evaluation.task import Cases, Ints, Known, Learned
from shared.models.bundle import Bundle
from shared.models.fit import described, fit
from shared.models.train import served
from shared.models.tune import search
from shared.profiles.state import State


@dataclass(frozen=True)
class Shopwindow:
    name: str = "Shopwindow as served"

    def learn(self, known: Known) -> Learned:
        with threadpool_limits(1, "blas"):  # as in the training step
            settings, _ = search(known.train, known.facts)
            bundle = described(fit(known.train, known.now, settings), known.facts)
        return Learned(Served(bundle, known.facts), settings)


@dataclass(frozen=True)
class Served:
    """Item positions are those of the train part's items, which the bundle has in the same order."""

    bundle: Bundle
    facts: Facts

    def rank(self, cases: Cases, k: int, *, repeats: bool) -> Ints:
        top = np.full((len(cases), k), -1, np.int32)
        with threadpool_limits(1, "blas"):  # small products by the thousand: threads would only wait for each other
            for one in range(len(cases)):
                both, fresh = served(self.bundle, float(cases.now[one]))(self._state(cases, one))
                found = places(self.bundle.item_ids, (both if repeats else fresh)[:k])
                top[one, : len(found)] = found
        return top

    def _state(self, cases: Cases, one: int) -> State:
        return folded(cases.history, list(range(cases.start[one], cases.start[one + 1])), self.facts)
