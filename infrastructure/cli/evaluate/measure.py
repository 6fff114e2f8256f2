"""What came of a run, as plain numbers: means with intervals, leads over the best baseline, spread, and segments."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from infrastructure.cli.evaluate.apart import Outcome
from shared.evaluation.ranking import Floats, accuracy, bounds, drawn, hits, means
from shared.evaluation.spread import by_category, by_session, coverage, diversity, gini, novelty
from shared.evaluation.task import Cases, Dataset, Ints

CUTS = (5, 10, 20)
NAMES = {"next": ("hr", "mrr"), "top": ("recall", "ndcg", "hr", "mrr")}
MAIN = {"next": ("hr@20", "mrr@20"), "top": ("recall@20", "ndcg@20")}
BANDS = {"0": (0, 0), "1": (1, 1), "2": (2, 2), "3-5": (3, 5), "6-20": (6, 20), "over 20": (21, 10**9)}
FEWEST = 30  # cases of a segment worth a row
ROUNDS = 500


class View(NamedTuple):
    """A way to look at the lists: which of the modes, and against which targets."""

    name: str
    mode: int
    cases: Cases


def views(dataset: Dataset, cases: Cases) -> list[View]:
    """Lists of the next item are measured once on all targets, and on the repeated and the new ones apart."""
    if dataset.known.task == "next":
        again = cases.repeated()
        parts = {"all targets": cases, "repeated targets": cases.only(again), "new targets": cases.only(~again)}
        return [View(name, 0, part) for name, part in parts.items()]
    words = {"repeats": ("with repeats", cases), "new": ("new only", cases.fresh())}
    return [View(words[mode][0], place, words[mode][1]) for place, mode in enumerate(dataset.modes)]


def summary(dataset: Dataset, cases: Cases, outcomes: dict[str, Outcome], baselines: Sequence[str]) -> dict[str, Any]:
    """Everything a report needs. `baselines` names those of `outcomes` that others are compared with."""
    looks = views(dataset, cases)
    measured = {view.name: _measured(dataset, view, outcomes, baselines) for view in looks}
    return {
        "dataset": dataset.name,
        "note": dataset.note,
        "task": dataset.known.task,
        "main": list(MAIN[dataset.known.task]),
        "train": len(dataset.known.train),
        "items": len(dataset.known.train.items),
        "cases": len(cases),
        "groups": len(np.unique(cases.group)),
        "baselines": list(baselines),
        "views": measured,
        "spread": {name: _spread(dataset, outcome.tops) for name, outcome in outcomes.items()},
        "segments": {view.name: _segments(dataset, view, outcomes) for view in looks},
        "cost": {name: _cost(outcome, len(cases)) for name, outcome in outcomes.items()},
        "settings": {name: outcome.settings for name, outcome in outcomes.items()},
    }


def values(view: View, tops: Sequence[Ints], names: Sequence[str]) -> dict[str, Floats]:
    """Per case every metric at every cut."""
    found = hits(tops[view.mode], view.cases)
    every = [accuracy(found, view.cases.targets, k) for k in CUTS]
    return {f"{name}@{k}": metrics[f"{name}@{k}"] for name in names for k, metrics in zip(CUTS, every, strict=True)}


def _measured(dataset: Dataset, view: View, outcomes: dict[str, Outcome], baselines: Sequence[str]) -> dict[str, Any]:
    """Of each model every metric, and what it has more or less than the best of the other baselines, both with intervals."""
    names = NAMES[dataset.known.task]
    every = {model: values(view, outcome.tops, names) for model, outcome in outcomes.items()}
    metrics = list(next(iter(every.values())))
    columns = np.stack([every[model][metric] for metric in metrics for model in outcomes], axis=1)
    found = means(columns).reshape(len(metrics), len(outcomes))
    samples = drawn(columns, view.cases.group, ROUNDS).reshape(ROUNDS, len(metrics), len(outcomes))
    made: dict[str, Any] = {model: {} for model in outcomes}
    for row, metric in enumerate(metrics):
        low, high = bounds(samples[:, row])
        for place, model in enumerate(outcomes):
            made[model][metric] = {
                "mean": _number(found[row, place]),
                "low": _number(low[place]),
                "high": _number(high[place]),
                **_lead(list(outcomes), place, baselines, found[row], samples[:, row]),
            }
    return made


def _lead(models: list[str], place: int, baselines: Sequence[str], found: Floats, samples: Floats) -> dict[str, Any]:
    """Against the best of the other baselines by this metric; the interval is of paired differences."""
    rivals = [n for n, name in enumerate(models) if name in baselines and n != place and not np.isnan(found[n])]
    if not rivals:
        return {}
    best = max(rivals, key=lambda n: float(found[n]))
    low, high = bounds((samples[:, place] - samples[:, best])[:, None])
    lead = _number(found[place] - found[best])
    return {"rival": models[best], "lead": lead, "lead_low": _number(low[0]), "lead_high": _number(high[0])}


def _spread(dataset: Dataset, tops: Sequence[Ints]) -> dict[str, dict[str, float | None]]:
    """Of the lists of each mode; distances by category only where categories are known."""
    train, facts = dataset.known.train, dataset.known.facts
    categories = np.array([facts.get(str(item), ("",))[0] for item in train.items], np.str_)
    sold = len(np.unique(train.item))
    made: dict[str, dict[str, float | None]] = {}
    for mode, top in zip(dataset.modes, tops, strict=True):
        found = {
            "coverage": coverage(top, sold),
            "gini": gini(top, len(train.items)),
            "novelty": novelty(top, train),
            "diversity by session": diversity(top, by_session(train)),
        }
        if (categories != "").any():
            found["diversity by category"] = diversity(top, by_category(categories))
        made[mode] = {name: _number(value) for name, value in found.items()}
    return made


def _segments(dataset: Dataset, view: View, outcomes: dict[str, Outcome]) -> dict[str, dict[str, Any]]:
    """Of each segment with at least FEWEST cases: how many, and the mean of the last of the main metrics of each model."""
    task = dataset.known.task
    metric, some = MAIN[task][-1], view.cases.targets > 0
    every = {model: values(view, outcome.tops, NAMES[task])[metric] for model, outcome in outcomes.items()}
    made = {}
    for name, members in _members(dataset, view.cases).items():
        chosen = members & some
        if chosen.sum() >= FEWEST:
            made[name] = {
                "cases": int(chosen.sum()),
                **{model: _number(v[chosen].mean()) for model, v in every.items()},
            }
    return made


def _members(dataset: Dataset, cases: Cases) -> dict[str, Any]:
    """Segment -> which cases: by how many events were known, and by what shoppers said of themselves."""
    known = cases.known
    found = {f"events known: {name}": (known >= low) & (known <= high) for name, (low, high) in BANDS.items()}
    for attribute, words in dataset.known.demographics.items():
        said = np.where(cases.shopper >= 0, words[cases.shopper], "")
        found |= {f"{attribute}: {word or 'not said'}": said == word for word in np.unique(said).tolist()}
    return found


def _cost(outcome: Outcome, cases: int) -> dict[str, float]:
    return {
        "learn_seconds": round(outcome.learn_seconds, 2),
        "rank_ms": round(outcome.rank_seconds / max(cases * len(outcome.tops), 1) * 1000, 4),
        "peak_gb": round(outcome.peak_bytes / 1e9, 3),
    }


def _number(value: float) -> float | None:
    """For JSON, which has no NaN."""
    return None if math.isnan(value) else round(float(value), 6)
