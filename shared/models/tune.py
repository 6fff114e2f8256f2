"""How to fit and how to blend, chosen on days the model has not seen. The fit by a small grid, each source by what it finds alone;
the blend by coordinate search over a few values each."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from shared.evaluation.metrics import clearly_worse, ndcg
from shared.evaluation.protocol import Case, Facts, K, cases, split_at
from shared.models.bundle import Bundle, Floats, Ints
from shared.models.candidates import again, best, blend
from shared.models.fit import als, described, fit, popularity, similar
from shared.models.interactions import Interactions
from shared.models.sources import SOURCES, Scores, score

STEPS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0)
OWN_STEPS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
ROUNDS = 3
GAIN = 1e-4  # less is no reason to change a setting
FEWEST_CASES = 30
FIT_CASES = 300
SEARCH_ROWS = 200_000  # interactions; settings are searched on a sample of shoppers with about so many
POOL = 200  # best items of each source that a blend is judged on
SIMILAR_GRID = [{"similar_bm25": kind, "similar_days": days} for days in (90.0, 30.0, 365.0) for kind in (0.0, 1.0)]
FACTORS_GRID = [
    {"factors_days": days, "alpha": 2.0, "regularization": weight} for days in (180.0, 45.0) for weight in (10.0, 30.0)
]
POPULAR_GRID = [{"popular_days": days} for days in (14.0, 3.0, 7.0, 30.0)]
Settings = dict[str, float]
History = list[dict[str, Any]]  # of each trial `phase`, `ndcg` and the settings tried


def search(data: Interactions, facts: Facts, current: Settings | None = None) -> tuple[Settings, History]:
    """Settings that do best on the last days of `data`, and what was tried.

    The `current` settings stay unless those found are clearly better: few shoppers tempt a search into chance.
    """
    data = _sample(data)
    moment = split_at(data)
    known, shoppers = data.before(moment), cases(data, moment, facts=facts)
    bundle, fits = tune_fit(known, shoppers, moment, described(fit(known, moment), facts))
    settings, blends = tune(bundle, shoppers, moment)
    if current:
        kept = {**settings, **current}
        found, held = (
            Judge(bundle, shoppers, moment),
            Judge(described(fit(known, moment, kept), facts), shoppers, moment),
        )
        if not _clearly_better(found, settings, held, kept):
            settings = kept
    return settings, fits + blends


def _clearly_better(found: "Judge", settings: Settings, held: "Judge", kept: Settings) -> bool:
    """In one mode, and clearly worse in none."""
    pairs = [
        (found.new_values(settings), held.new_values(kept)),
        (found.repeat_values(settings), held.repeat_values(kept)),
    ]
    better = any(clearly_worse(theirs, mine) for mine, theirs in pairs)
    return better and not any(clearly_worse(mine, theirs) for mine, theirs in pairs)


def _sample(data: Interactions) -> Interactions:
    """All rows of some shoppers, about SEARCH_ROWS in all."""
    if len(data) <= SEARCH_ROWS:
        return data
    chosen = np.random.default_rng(1).random(len(data.shoppers)) < SEARCH_ROWS / len(data)
    return data.where(chosen[data.shopper])


class Pool(NamedTuple):
    """The items of one case that any blend could put on top: where any source is strong, what was bought, what was right.

    `values` is (len(SOURCES), p); `bought`, `right` and `new` (right and not bought) are positions among the p; `own` goes with `bought`.
    """

    values: Floats
    bought: Ints
    own: Floats
    right: frozenset[int]
    new: frozenset[int]


class Judge:
    """Scores blends on cases whose source scores were computed once."""

    def __init__(self, bundle: Bundle, shoppers: Sequence[Case], now: float, most: int = 10**9) -> None:
        known = [(case, bundle.indices(sorted(case.right))) for case in shoppers]
        known = [(case, right[right >= 0]) for case, right in known if (right >= 0).any()][:most]
        self.pools = [_pool(score(case.state, bundle, now), right) for case, right in known]

    def new_only(self, settings: Settings) -> float:
        """Mean NDCG@20 of what the shopper had not bought before."""
        return _mean(self.new_values(settings))

    def with_repeats(self, settings: Settings) -> float:
        return _mean(self.repeat_values(settings))

    def new_values(self, settings: Settings) -> list[float]:
        found = []
        for pool in self.pools:
            if pool.new:
                values = blend(pool.values, settings)
                values[pool.bought] = -1.0
                found.append(ndcg(best(values, K).tolist(), pool.new))
        return found

    def repeat_values(self, settings: Settings) -> list[float]:
        found = []
        for pool in self.pools:
            values = blend(pool.values, settings)
            values[pool.bought] = again(pool.values[:, pool.bought], pool.own, settings)
            found.append(ndcg(best(values, K).tolist(), pool.right))
        return found


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _pool(scores: Scores, right: Ints) -> Pool:
    # more than POOL where items were bought, so that as many new ones are left
    limit = POOL + len(scores.purchased)
    strong = [best(values, limit) for values in scores.sources]
    items = np.unique(np.concatenate([*strong, scores.purchased, right]))
    bought = np.searchsorted(items, scores.purchased).astype(np.int32)
    wanted = frozenset(np.searchsorted(items, right).tolist())
    return Pool(
        np.ascontiguousarray(scores.sources[:, items]), bought, scores.own, wanted, wanted - frozenset(bought.tolist())
    )


def tune_fit(data: Interactions, shoppers: Sequence[Case], now: float, fitted: Bundle) -> tuple[Bundle, History]:
    """`fitted` with its sources fitted as well as the grid allows, and what was tried. Each source is judged alone."""
    history: History = []
    if len(shoppers) < FEWEST_CASES:
        return fitted, history

    def similarly(bundle: Bundle, tried: Settings) -> Bundle:
        items, scores = similar(data, now, tried)
        return replace(bundle, similar_items=items, similar_scores=scores, settings=tried)

    def factorized(bundle: Bundle, tried: Settings) -> Bundle:
        fitted_so = all(tried[name] == fitted.settings[name] for name in FACTORS_GRID[0])
        found = fitted.item_factors if fitted_so else als(data, now, tried)
        return replace(bundle, item_factors=found, gram=found.T @ found, settings=tried)

    def popularly(bundle: Bundle, tried: Settings) -> Bundle:
        return replace(bundle, popularity=popularity(data, now, tried["popular_days"]), settings=tried)

    # factors only cost time while other sources are judged
    base = replace(fitted, item_factors=fitted.item_factors[:, :0], gram=fitted.gram[:0, :0])
    searches = (("similar", SIMILAR_GRID, similarly), ("popularity", POPULAR_GRID, popularly))
    for source, grid, made in (*searches, ("factors", FACTORS_GRID, factorized)):
        alone = {name: float(name == source) for name in SOURCES}
        top, chosen = -1.0, base
        for step in grid:
            bundle = made(base, {**base.settings, **step})
            got = Judge(bundle, shoppers, now, FIT_CASES).new_only({**bundle.settings, **alone})
            history.append({"phase": source, "ndcg": got, **step})
            if got > top + GAIN:
                top, chosen = got, bundle
        base = chosen
    return base, history


def tune(bundle: Bundle, shoppers: Sequence[Case], now: float) -> tuple[Settings, History]:
    """The best settings found and the history of the search. Weights are judged on new items, then those of repeats on everything."""
    settings = dict(bundle.settings)
    history: History = []
    if len(shoppers) < FEWEST_CASES:
        return settings, history
    judge = Judge(bundle, shoppers, now)
    settings = _climb(judge.new_only, settings, dict.fromkeys(SOURCES, STEPS), "blend", history)
    repeats = {"own": OWN_STEPS, **dict.fromkeys((f"again_{name}" for name in SOURCES), STEPS)}
    return _climb(judge.with_repeats, settings, repeats, "repeats", history), history


def _climb(
    judge: Callable[[Settings], float],
    settings: Settings,
    steps: dict[str, tuple[float, ...]],
    phase: str,
    history: History,
) -> Settings:
    """One setting after the other to its best value, until a round gains nothing."""
    value = judge(settings)
    for _ in range(ROUNDS):
        before = value
        for name, values in steps.items():
            for step in values:
                tried = {**settings, name: step}
                got = judge(tried)
                history.append({"phase": phase, "ndcg": got, **{name: tried[name] for name in steps}})
                if got > value + GAIN:
                    settings, value = tried, got
        if value == before:
            break
    return settings
