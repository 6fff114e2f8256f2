"""How to fit, how to read a shopper and how to blend, chosen on days the model has not seen.

Each phase is a study of Optuna: first how to fit each source, judged by what it finds alone, then how much what a shopper did
counts, then the weights for new items, then those of repeats. A study starts from the settings as they are: what it finds is no
worse on the moments it is judged on.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import optuna

from shared.evaluation.metrics import clearly_worse
from shared.models.bundle import DEFAULTS, Bundle, Floats
from shared.models.fit import REGRESSED, als, popularity, similar, together
from shared.models.interactions import Interactions
from shared.models.judge import Judge, Settings, mean
from shared.models.known import Known
from shared.models.moments import Moment
from shared.models.pairs import NPMI
from shared.models.sequences import following
from shared.models.sources import SOURCES

FEWEST_SHOPPERS = 30
CASES = 1000
SEARCH_ROWS = 200_000  # interactions; settings are searched on a sample of shoppers with about so many
JUDGES = 3  # every third shopper judges whether the current settings stay
FEWEST_JUDGES = 50  # with fewer they stay
STEP = 100  # moments between looks at whether a trial is behind
GAIN = 1e-4  # less is no reason to change a setting
SEED = 1
History = list[dict[str, Any]]  # of each trial `phase`, `ndcg` and the settings tried


class Range(NamedTuple):
    low: float
    high: float
    log: bool = False
    step: float | None = None
    kind: bool = False  # a whole number that names a kind: every one is tried

    def kinds(self) -> list[float]:
        return [float(kind) for kind in range(int(self.low), int(self.high) + 1)] if self.kind else []

    def form(self) -> dict[str, Any]:
        return {"log": self.log, "step": self.step}


class Phase(NamedTuple):
    name: str
    space: dict[str, Range]
    trials: int


def kinds(last: int) -> Range:
    """Kinds from 0 to `last`."""
    return Range(0, last, step=1, kind=True)


DAYS = Range(3.0, 365.0, log=True)
WEIGHT = Range(0.0, 2.0, step=0.05)
FITS = (
    Phase("similar", {"similar_days": DAYS, "similar_kind": kinds(REGRESSED), "similar_ridge": Range(1.0, 200.0, log=True)}, 12),
    Phase("together", {"together_kind": kinds(NPMI)}, 3),
    Phase("next", {"next_days": DAYS}, 4),
    Phase("popularity", {"popular_days": Range(1.0, 60.0, log=True)}, 5),
    Phase("factors", {"factors_days": DAYS, "alpha": Range(0.5, 40.0, log=True), "regularization": Range(1.0, 100.0, log=True)}, 5),
)  # fmt: skip
READING = Phase(
    "reading",
    {
        "step_decay": Range(0.4, 0.95), "next_decay": Range(0.1, 0.9), "seen_decay": Range(0.4, 0.95),
        "long_look": Range(0.0, 3.0), "cart": Range(0.0, 4.0), "bounce": Range(-0.5, 1.0),
    },
    10,
)  # fmt: skip
BLEND = Phase("blend", dict.fromkeys(SOURCES, WEIGHT), 80)
REPEATS = Phase(
    "repeats", {"own": Range(0.0, 4.0, step=0.1), **dict.fromkeys((f"again_{name}" for name in SOURCES), WEIGHT)}, 60
)


class Budget(NamedTuple):
    """How much a search may cost: seconds by a clock, and trials as a share of the usual number."""

    seconds: float = 600.0
    share: float = 1.0
    clock: Callable[[], float] = time.monotonic


BUDGET = Budget()


def searched(
    known: Known, asked: Sequence[Moment], current: Settings | None = None, budget: Budget = BUDGET
) -> tuple[Settings, History]:
    """Settings that do best on the moments `asked`.

    The `current` settings stay unless those found are clearly better for shoppers whom the search did not see: a search always finds
    something that is better for those it looked at.
    """
    start = {**DEFAULTS, **(current or {})}
    shoppers = sorted({moment.shopper for moment in asked})
    if len(shoppers) < FEWEST_SHOPPERS:
        return start, []
    apart = frozenset(shoppers[::JUDGES] if current else ())
    if current and len(apart) < FEWEST_JUDGES:
        return start, []
    seen = [moment for moment in asked if moment.shopper not in apart]
    made = Search(known._replace(data=sample(known.data, SEARCH_ROWS)), seen[:CASES], budget)
    found = made.run(start)
    if current and not made.clearly_better(found, start, [m for m in asked if m.shopper in apart][:CASES]):
        found = start
    return found, made.history


class Search:
    """Over moments `asked` that come after all that is known."""

    def __init__(self, known: Known, asked: Sequence[Moment], budget: Budget) -> None:
        self.known, self.asked, self.budget = known, asked, budget
        self.until = budget.clock() + budget.seconds
        self.history: History = []

    def run(self, start: Settings) -> Settings:
        bundle = self.known.fitted(start)
        for phase in FITS:
            bundle = self._source(phase, bundle)
        settings = self._study(READING, bundle.settings, lambda tried: self._blended(bundle, tried))
        judge = Judge(replace(bundle, settings=settings), self.asked)
        settings = self._study(BLEND, settings, judge.new_values)
        return self._study(REPEATS, settings, judge.repeat_values)

    def clearly_better(self, found: Settings, kept: Settings, asked: Sequence[Moment]) -> bool:
        """On other moments, in one mode, and clearly worse in none."""
        mine, theirs = (Judge(self.known.fitted(settings), asked) for settings in (found, kept))
        pairs = [
            (list(mine.new_values(found)), list(theirs.new_values(kept))),
            (list(mine.repeat_values(found)), list(theirs.repeat_values(kept))),
        ]
        better = any(clearly_worse(held, new) for new, held in pairs)
        return better and not any(clearly_worse(new, held) for new, held in pairs)

    def _source(self, phase: Phase, bundle: Bundle) -> Bundle:
        """`bundle` with one source fitted as well as the phase finds; the source is judged alone."""
        alone = {name: float(name == phase.name) for name in SOURCES}
        bare = bared(bundle, phase.name)  # which has the source as the settings of `bundle` fit it
        top: list[tuple[float, dict[str, Any]]] = []  # the best trial's value, and what it fitted, for that takes time

        def judged(tried: Settings) -> Iterator[float]:
            fitted = (
                {} if tried == bundle.settings else source_fitted(phase.name, self.known, tried, bundle.item_factors)
            )
            made, values = replace(bare, settings=tried, **fitted), list[float]()
            for value in Judge(made, self.asked).new_values({**tried, **alone}):
                values.append(value)
                yield value
            top[:] = [max([*top, (mean(values), fitted)], key=itemgetter(0))]

        chosen = self._study(phase, bundle.settings, judged)
        return bundle if chosen == bundle.settings else replace(bundle, settings=chosen, **top[0][1])

    def _blended(self, bundle: Bundle, tried: Settings) -> Iterator[float]:
        return Judge(replace(bundle, settings=tried), self.asked).repeat_values(tried)

    def _study(self, phase: Phase, settings: Settings, judged: Callable[[Settings], Iterator[float]]) -> Settings:
        """`settings` with those of the phase that do best. A trial behind half of the others on the first moments is given up."""
        left = self.until - self.budget.clock()
        if left <= 0:
            return settings
        study = _made(phase)
        for tried in starts(phase, settings):
            study.enqueue_trial(tried)

        def objective(trial: optuna.Trial) -> float:
            tried = {name: trial.suggest_float(name, *span[:2], **span.form()) for name, span in phase.space.items()}
            return _value(trial, judged({**settings, **tried}))

        study.optimize(objective, n_trials=max(round(phase.trials * self.budget.share), 1), timeout=left)
        done = [trial for trial in study.trials if trial.value is not None and trial.state.name == "COMPLETE"]
        self.history += [{"phase": phase.name, "ndcg": trial.value, **trial.params} for trial in done]
        top = max(done, key=lambda trial: trial.value or 0.0)
        better = (top.value or 0.0) > (done[0].value or 0.0) + GAIN
        return {**settings, **top.params} if better else settings


def starts(phase: Phase, settings: Settings) -> list[Settings]:
    """What is tried before anything drawn: the settings as they are, then every other kind there is."""
    start = {name: settings[name] for name in phase.space}
    others = [(name, kind) for name, span in phase.space.items() for kind in span.kinds() if kind != start[name]]
    return [start, *({**start, name: kind} for name, kind in others)]


def _made(phase: Phase) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    first = max(phase.trials // 4, 2)
    sampler = optuna.samplers.TPESampler(seed=SEED, n_startup_trials=first)
    return optuna.create_study(
        direction="maximize", sampler=sampler, pruner=optuna.pruners.MedianPruner(n_startup_trials=first)
    )


def _value(trial: optuna.Trial, judged: Iterator[float]) -> float:
    values: list[float] = []
    for value in judged:
        values.append(value)
        if len(values) % STEP == 0:
            trial.report(float(np.mean(values)), len(values))
            if trial.should_prune():
                raise optuna.TrialPruned
    return mean(values)


def bared(bundle: Bundle, source: str) -> Bundle:
    """`bundle` without what only costs time while `source` alone is judged: what others find has no weight then. The factors are judged on
    what the others find too."""
    if source == "factors":
        return bundle
    others = [name for name in ("similar", "next", "together") if name != source]
    less = {f"{name}_{part}": getattr(bundle, f"{name}_{part}")[:0] for name in others for part in ("items", "scores")}
    less |= {"item_factors": bundle.item_factors[:, :0], "gram": bundle.gram[:0, :0], "content": bundle.content[:, :0]}
    return replace(bundle, **less)


def source_fitted(source: str, known: Known, settings: Settings, start: Floats) -> dict[str, Any]:
    """What of a bundle one source fits, by field. ALS goes on from the factors `start`: settings compare as they do when each begins
    from nothing, in a third of the time."""
    data, now = known.data, known.now
    if source == "popularity":
        return {"popularity": popularity(data, now, settings["popular_days"])}
    if source == "factors":
        factors = als(data, now, settings, start)
        return {"item_factors": factors, "gram": factors.T @ factors}
    if source == "similar":
        items, scores = similar(data, now, settings)
    elif source == "next":
        items, scores = following(data, now, settings["next_days"])
    else:
        items, scores = together(data, settings)
    return {f"{source}_items": items, f"{source}_scores": scores}


def sample(data: Interactions, rows: int) -> Interactions:
    """All rows of some shoppers, about `rows` in all."""
    if len(data) <= rows:
        return data
    chosen = np.random.default_rng(SEED).random(len(data.shoppers)) < rows / len(data)
    return data.where(chosen[data.shopper])
