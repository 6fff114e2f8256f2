"""A baseline with a small grid of settings, chosen on the validation part."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from shared.evaluation.ranking import accuracy, hits
from shared.evaluation.task import Known, Learned, Ranker
from shared.models.interactions import Interactions

JUDGED = {"next": 5000, "top": 1000}  # validation cases looked at
K = 20
Grid = Mapping[str, Sequence[Any]]
Settings = dict[str, Any]
Rank = Callable[[Settings], Ranker]


@dataclass(frozen=True)
class Tuned:
    """`fit(train, now, settings)` is called once for each combination of `fits`; what it returns is asked for a ranker for each of `ranks`.

    `most_items`: with more the baseline is left out.
    """

    name: str
    fit: Callable[[Interactions, float, Settings], Rank]
    fits: Grid = field(default_factory=dict)
    ranks: Grid = field(default_factory=dict)
    most_items: int = 10**9

    def learn(self, known: Known) -> Learned:
        chosen, _ = max(self._tried(known), key=lambda pair: pair[1]) if self._open() else (self._first(), 0.0)
        return Learned(self.fit(known.train, known.now, chosen)(chosen), chosen)

    def _open(self) -> bool:
        """Whether there is anything to choose."""
        return any(len(values) > 1 for values in (*self.fits.values(), *self.ranks.values()))

    def _first(self) -> Settings:
        return {name: values[0] for name, values in {**self.fits, **self.ranks}.items()}

    def _tried(self, known: Known) -> Iterator[tuple[Settings, float]]:
        fold = known.validation
        for fit in _combinations(self.fits):
            made = self.fit(fold.train, fold.now, fit)
            for rank in _combinations(self.ranks):
                settings = {**fit, **rank}
                yield settings, quality(made(settings), known)


def quality(ranker: Ranker, known: Known) -> float:
    """MRR@20 of the next item; NDCG@20 of the next days, of two modes their mean. On a seeded sample of the validation cases."""
    cases = known.validation.cases.sample(JUDGED[known.task])
    if known.task == "next":
        found = hits(ranker.rank(cases, K, repeats=True), cases)
        return float(np.nanmean(accuracy(found, cases.targets, K)[f"mrr@{K}"]))
    modes = [(cases.fresh(), False), *([(cases, True)] if known.repeats else [])]
    values = [accuracy(hits(ranker.rank(c, K, repeats=r), c), c.targets, K)[f"ndcg@{K}"] for c, r in modes]
    return float(np.mean([np.nanmean(value) if not np.isnan(value).all() else 0.0 for value in values]))


def _combinations(grid: Grid) -> list[Settings]:
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
