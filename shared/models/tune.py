"""The blend of the sources, chosen on days the model has not seen: coordinate search over a few values each."""

from collections.abc import Sequence

import numpy as np

from shared.evaluation.metrics import ndcg
from shared.evaluation.protocol import Case, K
from shared.models.bundle import Bundle, Floats
from shared.models.candidates import SOURCES, Scores, score

STEPS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
OWN_STEPS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
ROUNDS = 3
BUDGET = 30_000_000  # cells of source scores kept at a time


class Judge:
    """Scores blends on cases whose source scores were computed once."""

    def __init__(self, bundle: Bundle, cases: Sequence[Case], now: float) -> None:
        self.bundle = bundle
        affordable = max(BUDGET // max(len(SOURCES) * bundle.size, 1), 1)
        self.cases = [case for case in cases if case.right][:affordable]
        self.scores: list[Scores] = [score(case.state, bundle, now) for case in self.cases]
        self.right = [set(bundle.indices(sorted(case.right)).tolist()) - {-1} for case in self.cases]

    def new_only(self, settings: dict[str, float]) -> float:
        """Mean NDCG@20 of what the shopper had not bought before."""
        return self._mean(settings, fresh=True)

    def with_repeats(self, settings: dict[str, float]) -> float:
        return self._mean(settings, fresh=False)

    def _mean(self, settings: dict[str, float], *, fresh: bool) -> float:
        weights = np.array([settings[name] for name in SOURCES], np.float32)
        values = []
        for scores, right in zip(self.scores, self.right, strict=True):
            blended: Floats = weights @ scores.sources
            wanted = right
            if fresh:
                blended[scores.purchased] = -1.0
                wanted = right - set(scores.purchased.tolist())
            else:
                blended = blended + settings["own"] * scores.own
            if wanted:
                top = np.argsort(-blended, kind="stable")[:K].tolist()
                values.append(ndcg(top, wanted))
        return float(np.mean(values)) if values else 0.0


def tune(bundle: Bundle, cases: Sequence[Case], now: float) -> tuple[dict[str, float], list[dict[str, float]]]:
    """The best settings found and the history of the search. Weights of sources are judged on new items, `own` on repeats."""
    judge = Judge(bundle, cases, now)
    best = dict(bundle.settings)
    history: list[dict[str, float]] = []
    value = judge.new_only(best)
    for _ in range(ROUNDS):
        before = value
        for name in SOURCES:
            for step in STEPS:
                tried = {**best, name: step}
                got = judge.new_only(tried)
                history.append({"ndcg": got, **{source: tried[source] for source in SOURCES}})
                if got > value + 1e-4:
                    best, value = tried, got
        if value == before:
            break
    best["own"] = max(OWN_STEPS, key=lambda step: judge.with_repeats({**best, "own": step}))
    return best, history
