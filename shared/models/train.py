"""From interactions to a version: split, fit, tune, measure, decide."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shared.errors import TooLittleData
from shared.evaluation.protocol import Case, Facts, K, Ranked, cases, measure, popular_first, split_at
from shared.models.bundle import Bundle, Ints
from shared.models.candidates import rank
from shared.models.fit import FIT_SETTINGS, described, fit
from shared.models.gate import Measured, gate
from shared.models.interactions import Interactions
from shared.models.tune import search
from shared.profiles.state import State

Fit = Callable[..., Bundle]  # called as `fit` is


@dataclass(frozen=True)
class Trained:
    """`trial` knows only the train part and is measured; `bundle` has the same recipe on everything and is published."""

    trial: Bundle
    bundle: Bundle
    search: list[dict[str, Any]]


def train(data: Interactions, facts: Facts, current: dict[str, float] | None = None, fitted: Fit = fit) -> Trained:
    """`current` are the settings of the version that serves now. `fitted` makes the two bundles; the search always fits its own."""
    if not len(data):
        raise TooLittleData("the lake has no product views or orders of shoppers who agreed to personalization")
    moment, end = split_at(data), float(data.at.max())
    early = data.before(moment)
    if not len(early):
        bundle = described(fitted(data, end), facts)
        return Trained(bundle, bundle, [])
    settings, tried = search(early, facts, current)
    trial = described(fitted(early, moment, settings), facts)
    bundle = described(fitted(data, end, settings, trial.item_factors), facts)
    return Trained(trial, bundle, tried)


def evaluate(data: Interactions, trial: Bundle, current: dict[str, float] | None) -> dict[str, Any]:
    """Metrics of the trial, of popularity and of the current version's recipe on days the trial has not seen; and the verdict."""
    moment = split_at(data)
    facts = _facts(trial)
    shoppers = cases(data, moment, facts=facts)
    models: dict[str, Ranked] = {"model": served(trial, moment), "popularity": popular_first(trial)}
    if current:
        models["current"] = served(_rival(data.before(moment), trial, {**trial.settings, **current}, moment), moment)
    models = {name: remembered(ranked) for name, ranked in models.items()}
    results = {name: measure(ranked, shoppers) for name, ranked in models.items()}
    measured = {name: Measured(results[name].values, shown(models[name], shoppers, trial)) for name in models}
    verdict = gate(measured, segments(shoppers), trial.popularity)
    return {
        "shoppers": len(shoppers),
        "split": moment,
        "metrics": {name: result.summary(trial.size) for name, result in results.items()},
        "segments": _by_activity(shoppers, models),
        "passed": verdict.passed,
        "reasons": verdict.reasons,
        "checks": [check._asdict() for check in verdict.checks],
        "examples": _examples(shoppers, trial, moment),
    }


def remembered(ranked: Ranked) -> Ranked:
    """Ranks each state once: metrics, segments and guardrails all look at the same lists."""
    known: dict[int, tuple[list[str], list[str]]] = {}

    def again(state: State) -> tuple[list[str], list[str]]:
        if id(state) not in known:
            known[id(state)] = ranked(state)
        return known[id(state)]

    return again


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
    """The recipe of another version, made of the same data as the trial."""
    if all(settings[name] == trial.settings[name] for name in FIT_SETTINGS):
        return replace(trial, settings=settings)
    return described(fit(data, moment, settings), _facts(trial))


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


BANDS = {"1-2 events": 2, "3-5 events": 5, "6-20 events": 20, "over 20 events": 10**9}


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
