"""From interactions to a version: split, fit, tune, measure, decide."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shared.errors import TooLittleData
from shared.evaluation.protocol import Case, Facts, K, Ranked, measure, popular_first, split_at
from shared.models import cold
from shared.models.bundle import DEFAULTS, Bundle, Ints
from shared.models.candidates import rank
from shared.models.fit import FIT_SETTINGS, described, fit
from shared.models.gate import FEWEST_CASES, PLAIN, Measured, gate
from shared.models.interactions import Interactions
from shared.models.known import Known
from shared.models.objective import Aim
from shared.models.recipe import made, recipe
from shared.models.rolling import Window, each_in_its_own, windows
from shared.models.tune import BUDGET, Budget
from shared.profiles.state import State

Widen = Callable[[Bundle, float], Bundle]


def alone(bundle: Bundle, now: float) -> Bundle:  # noqa: ARG001 - a Widen
    """The bundle as it is: it knows everything."""
    return bundle


@dataclass(frozen=True)
class Trained:
    """`trial` knows only the train part and is measured; `bundle` has the same recipe on everything and is published."""

    trial: Bundle
    bundle: Bundle
    search: list[dict[str, Any]]


def train(
    known: Known, current: dict[str, float] | None = None, budget: Budget = BUDGET, widened: Widen = alone
) -> Trained:
    """`current` are the settings of the version that serves now, `budget` is of the search of settings. `widened` gets the bundles and
    the moment up to which they know all (epoch seconds): where `known` is a sample, it brings in what the others did. The search and the
    ranker see `known` only."""
    if not len(known.data):
        raise TooLittleData("the lake has no product views or orders of shoppers who agreed to personalization")
    moment = split_at(known.data)
    early = known._replace(data=known.data.before(moment), now=moment)
    if not len(early.data):
        bundle = widened(known.fitted(DEFAULTS), known.now)
        return Trained(bundle, bundle, [])
    learned = recipe(early, current, budget)
    trial = made(early, learned)
    bundle = made(known, learned, start=trial.item_factors)
    return Trained(widened(trial, moment), widened(bundle, known.now), learned.history)


def evaluate(
    data: Interactions, trial: Bundle, current: dict[str, float] | None, aim: Aim | None = None
) -> dict[str, Any]:
    """Metrics of the trial, of popularity and of the current version's recipe on days the trial has not seen; and the verdict, by what
    was aimed at (None: orders where there are enough, else anything)."""
    folds = windows(data, _facts(trial), FEWEST_CASES, aim)
    shoppers = [case for window in folds for case in window.shoppers]
    models = contenders(data, trial, current, folds)
    results = {name: measure(ranked, shoppers) for name, ranked in models.items()}
    measured = {name: Measured(results[name].values, shown(models[name], shoppers, trial)) for name in models}
    verdict = gate(measured, segments(shoppers), trial.popularity, aim.metric if aim else PLAIN)
    return {
        "shoppers": len(shoppers),
        "split": folds[0].moment,
        "folds": len(folds),
        "metrics": {name: result.summary(trial.size) for name, result in results.items()},
        "segments": {**cold.measured(data, folds[0].moment, trial), **_by_activity(shoppers, models)},
        "passed": verdict.passed,
        "reasons": verdict.reasons,
        "checks": [check._asdict() for check in verdict.checks],
        "examples": _examples(folds[0].shoppers, trial, folds[0].moment),
    }


def contenders(
    data: Interactions, trial: Bundle, current: dict[str, float] | None, folds: list[Window]
) -> dict[str, Ranked]:
    """The trial, popularity, and the current version's recipe, each of what was known before the window it is tested in."""
    trials = {window.moment: _rival(data, trial, trial.settings, window.moment) for window in folds}
    models = {
        "model": each_in_its_own(folds, lambda window: served(trials[window.moment], window.moment)),
        "popularity": each_in_its_own(folds, lambda window: popular_first(trials[window.moment])),
    }
    if current:
        settings = {**trial.settings, **current}
        rivals = {window.moment: _rival(data, trial, settings, window.moment) for window in folds}
        models["current"] = each_in_its_own(folds, lambda window: served(rivals[window.moment], window.moment))
    return models


def shown(ranked: Ranked, shoppers: list[Case], bundle: Bundle) -> Ints:
    """Positions of the new items each shopper is shown, (shoppers, K), −1 where there are fewer."""
    places = np.full((len(shoppers), K), -1, np.int32)
    for row, case in enumerate(shoppers):
        fresh = bundle.indices(ranked(case.state)[1][:K])
        places[row, : len(fresh)] = fresh
    return places


def segments(shoppers: list[Case]) -> dict[str, list[str]]:
    """Each shopper's label by activity and by country."""
    return {
        "known by": [_band(case) for case in shoppers],
        "from": [str(case.state.traits.get("country", "")) for case in shoppers],
    }


def _rival(data: Interactions, trial: Bundle, settings: dict[str, float], moment: float) -> Bundle:
    """A recipe, made of what was known before `moment`; the trial is that already for its own."""
    if moment == split_at(data) and all(settings[name] == trial.settings[name] for name in FIT_SETTINGS):
        return replace(trial, settings=settings)
    made_so = described(fit(data.before(moment), moment, settings), _facts(trial))
    # the ranker knows what came after earlier windows
    return replace(
        made_so, content=trial.content, worth=trial.worth, forest=trial.forest if moment == split_at(data) else None
    )


def _facts(bundle: Bundle) -> Facts:
    columns = (bundle.item_ids, bundle.categories, bundle.brands, bundle.prices)
    return {str(i): (str(c), str(b), float(p)) for i, c, b, p in zip(*columns, strict=True)}


def served(bundle: Bundle, now: float) -> Ranked:
    """Lists as `recommend` makes them of the candidates: by score, bought items in or out."""

    def ranked(state: State) -> tuple[list[str], list[str]]:
        fresh, again = rank(state, bundle, now)
        both = sorted(fresh + again, key=lambda c: -c.score)
        return [c.item for c in both], [c.item for c in fresh]

    return ranked


BANDS = {"1 event": 1, "2 events": 2, "3-5 events": 5, "6-20 events": 20, "over 20 events": 10**9}


def _band(case: Case) -> str:
    """By how much was known of the shopper; "" for nothing."""
    events = case.state.totals.events
    return next(name for name, most in BANDS.items() if events <= most) if events else ""


def _by_activity(shoppers: list[Case], models: dict[str, Ranked]) -> dict[str, dict[str, Any]]:
    """The same by how much was known of the shopper."""
    found = {}
    for name in BANDS:
        members = [case for case in shoppers if _band(case) == name]
        if members:
            means = {model: measure(ranked, members).means() for model, ranked in models.items()}
            found[name] = {"shoppers": len(members), **means}
    return found


def _examples(shoppers: list[Case], bundle: Bundle, now: float, most: int = 5) -> list[dict[str, Any]]:
    chosen = sorted(shoppers, key=lambda case: (abs(case.state.totals.events - 12), case.shopper))[:most]
    return [
        {
            "dealt_with": [t.item for t in case.state.recent[-6:]] or [p.item for p in case.state.purchases[-6:]],
            "recommended": [[c.item, c.reason, c.because] for c in rank(case.state, bundle, now, limit=8)[0]],
            "came": sorted(case.right)[:20],
        }
        for case in chosen
    ]


def neighbours(bundle: Bundle, most: int = 8) -> list[dict[str, Any]]:
    """The most popular items and what is shown beside them."""
    top = np.argsort(-bundle.popularity, kind="stable")[:most]
    return [
        {
            "item": str(bundle.item_ids[i]),
            "similar": [str(bundle.item_ids[j]) for j in bundle.similar_items[i][:5] if j >= 0],
            "together": [str(bundle.item_ids[j]) for j in bundle.together_items[i][:5] if j >= 0],
        }
        for i in top
    ]
