"""From interactions to a version: split, fit, tune, measure, decide."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shared.errors import ShopwindowError
from shared.evaluation.metrics import clearly_worse
from shared.evaluation.protocol import Case, Facts, Ranked, Result, cases, measure, popular_first, split_at
from shared.models.bundle import DEFAULTS, Bundle
from shared.models.candidates import rank
from shared.models.fit import FIT_SETTINGS, described, fit
from shared.models.interactions import Interactions
from shared.models.known import Known, Texts
from shared.models.recipe import made, recipe
from shared.profiles.state import State

FEWEST_CASES = 30
METRICS = ("ndcg@20 with repeats", "ndcg@20 new only")


class TooLittleData(ShopwindowError):
    """There is nothing to learn from yet; the message says what is missing."""

    status = 409
    code = "too_little_data"


@dataclass(frozen=True)
class Trained:
    """`trial` knows only the train part and is measured; `bundle` has the same recipe on everything and is published."""

    trial: Bundle
    bundle: Bundle
    search: list[dict[str, Any]]


def train(
    data: Interactions, facts: Facts, current: dict[str, float] | None = None, texts: Texts | None = None
) -> Trained:
    """`current` are the settings of the version that serves now."""
    if not len(data):
        raise TooLittleData("the lake has no product views or orders of shoppers who agreed to personalization")
    moment, end = split_at(data), float(data.at.max())
    early = data.before(moment)
    if not len(early):
        bundle = Known(data, end, facts, texts).fitted(DEFAULTS)
        return Trained(bundle, bundle, [])
    known = Known(early, moment, facts, texts)
    learned = recipe(known, current)
    trial = made(known, learned)
    bundle = made(Known(data, end, facts, texts), learned, start=trial.item_factors)
    return Trained(trial, bundle, learned.history)


def evaluate(data: Interactions, trial: Bundle, current: dict[str, float] | None) -> dict[str, Any]:
    """Metrics of the trial, of popularity and of the current version's recipe on days the trial has not seen; and the verdict."""
    moment = split_at(data)
    facts = _facts(trial)
    shoppers = cases(data, moment, facts=facts)
    models: dict[str, Ranked] = {"model": served(trial, moment), "popularity": popular_first(trial)}
    if current:
        models["current"] = served(_rival(data.before(moment), trial, {**trial.settings, **current}, moment), moment)
    results = {name: measure(ranked, shoppers) for name, ranked in models.items()}
    passed, reasons = gate(results, len(shoppers))
    return {
        "shoppers": len(shoppers),
        "split": moment,
        "metrics": {name: result.summary(trial.size) for name, result in results.items()},
        "segments": _by_activity(shoppers, models),
        "passed": passed,
        "reasons": reasons,
        "examples": _examples(shoppers, trial, moment),
    }


def _rival(data: Interactions, trial: Bundle, settings: dict[str, float], moment: float) -> Bundle:
    """The recipe of another version, made of the same data as the trial."""
    if all(settings[name] == trial.settings[name] for name in FIT_SETTINGS):
        return replace(trial, settings=settings)
    made_so = described(fit(data, moment, settings), _facts(trial))
    return replace(made_so, content=trial.content, forest=trial.forest)


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


def gate(results: dict[str, Result], shoppers: int) -> tuple[bool, list[str]]:
    """Whether the new version may be published, and why, in plain words. It is refused where it is clearly worse than a rival:
    where shoppers' differences leave no doubt, so that a small shop is not ruled by chance."""
    if shoppers < FEWEST_CASES:
        return True, [
            f"Only {shoppers} shoppers came back in the test days: too few to judge by, so the new version is taken."
        ]
    reasons, passed = [], True
    for metric in METRICS:
        mine = results["model"].values.get(metric, [])
        for rival in ("popularity", "current"):
            theirs = results[rival].values.get(metric, []) if rival in results else []
            if not theirs:
                continue
            worse = clearly_worse(mine, theirs)
            passed = passed and not worse
            name = "popularity" if rival == "popularity" else "the current version"
            word = "Refused, clearly worse" if worse else "Good"
            reasons.append(
                f"{word}: {metric} is {sum(mine) / len(mine):.4f}, {name} has {sum(theirs) / len(theirs):.4f}."
            )
    return passed, reasons


def _by_activity(shoppers: list[Case], models: dict[str, Ranked]) -> dict[str, dict[str, Any]]:
    """The same by how much was known of the shopper."""
    bands = {"1-2 events": (1, 2), "3-5 events": (3, 5), "6-20 events": (6, 20), "over 20 events": (21, 10**9)}
    found = {}
    for name, (least, most) in bands.items():
        members = [case for case in shoppers if least <= case.state.totals.events <= most]
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
