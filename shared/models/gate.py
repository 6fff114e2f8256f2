"""Whether a new version may replace the one that serves: the challenger against the champion, shopper by shopper.

Means prove little in a small shop, so every comparison is a bootstrap interval of paired differences: shoppers are drawn again and
again, with both models' values of each. A version is refused only where the whole interval lies on the wrong side.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from shared.models.bundle import Floats, Ints

PLAIN = "ndcg@20"
MODES = ("with repeats", "new only")
RIVALS = {"popularity": "popularity", "current": "the current version"}
FEWEST_CASES = 30  # shoppers; of fewer nothing is said
SMALLEST_GROUP = 100  # shoppers; intervals of smaller groups are too narrow, and there are several groups
ROUNDS = 1000
LEVEL = 0.95
SEED = 1


class Measured(NamedTuple):
    """What a model did on the test days. `values` maps a metric to its value for each shopper, in the same order for every model;
    `shown` are the positions of the new items shown to each shopper, (shoppers, K), −1 where there were fewer."""

    values: Mapping[str, Sequence[float]]
    shown: Ints


class Check(NamedTuple):
    """One comparison: `low` and `high` bound the difference of the new version from its rival."""

    name: str
    rival: str
    mine: float
    theirs: float
    low: float
    high: float
    refused: bool
    sentence: str


class Verdict(NamedTuple):
    passed: bool
    reasons: list[str]
    checks: list[Check]


class Guard(NamedTuple):
    """A property of what is shown that may not get much worse. `sign` is +1 where more is worse; a rise is weighed against `times` the
    rival's value plus `slack`."""

    name: str
    measured: Callable[[Ints, Floats], float]
    sign: int
    times: float
    slack: float


def coverage(shown: Ints, popularity: Floats) -> float:
    """Share of all items shown to anybody."""
    return len(np.unique(shown[shown >= 0])) / max(len(popularity), 1)


def popularity_bias(shown: Ints, popularity: Floats) -> float:
    """Mean over what is shown of the share of items that are less popular: 1 if only the most popular item is."""
    ranks = np.argsort(np.argsort(popularity, kind="stable")) / max(len(popularity) - 1, 1)
    places = shown[shown >= 0]
    return float(ranks[places].mean()) if len(places) else 0.0


def gini(shown: Ints, popularity: Floats) -> float:
    """How unequally items are shown: 0 all alike, 1 one alone."""
    counts = np.sort(np.bincount(shown[shown >= 0], minlength=len(popularity))).astype(np.float64)
    total = counts.sum()
    if not total:
        return 0.0
    places = np.arange(1, len(counts) + 1)
    return float((2 * places - len(counts) - 1) @ counts / (len(counts) * total))


def empty(shown: Ints, _popularity: Floats) -> float:
    """Share of shoppers who are shown nothing."""
    return float((shown < 0).all(axis=1).mean())


def short(shown: Ints, _popularity: Floats) -> float:
    """Share of shoppers who are shown less than a full list."""
    return float((shown < 0).any(axis=1).mean())


GUARDS = (
    Guard("coverage of the catalog", coverage, -1, 0.5, 0.0),
    Guard("popularity bias", popularity_bias, 1, 1.0, 0.1),
    Guard("inequality of what is shown (Gini)", gini, 1, 1.0, 0.1),
    Guard("share of empty answers", empty, 1, 1.0, 0.01),
    Guard("share of short answers", short, 1, 1.0, 0.05),
)


def gate(
    models: Mapping[str, Measured], segments: Mapping[str, Sequence[str]], popularity: Floats, metric: str = PLAIN
) -> Verdict:
    """`models` has "model", and as rivals "popularity" and, if there is one, "current". `segments` gives each shopper a label, by what
    they are told apart by ("" for no segment). `popularity` is that of every item. `metric`, in both MODES, is what decides."""
    shoppers = len(models["model"].shown)
    if shoppers < FEWEST_CASES:
        few = f"Only {shoppers} shoppers came back in the test days: too few to judge by, so the new version is taken."
        return Verdict(True, [few], [])
    decisive = [f"{metric} {mode}" for mode in MODES]
    checks = [
        *_quality(models, decisive),
        *_guarded(models, popularity),
        *_worst_segment(models, segments, decisive[0]),
    ]
    told = [check.sentence for check in checks if check.refused or check.name in decisive]
    return Verdict(not any(check.refused for check in checks), told, checks)


def _quality(models: Mapping[str, Measured], decisive: Sequence[str]) -> list[Check]:
    """The more comparisons decide, the surer each must be (Bonferroni): of two equal versions one is refused every fortieth time."""
    checks = []
    rivals = [name for name in RIVALS if name in models]
    surer = 1 - (1 - LEVEL) / (len(rivals) * len(decisive))
    for rival in rivals:
        for metric, mine in models["model"].values.items():
            theirs = models[rival].values.get(metric, ())
            if not len(mine) or len(mine) != len(theirs):
                continue
            low, high = difference(mine, theirs, surer if metric in decisive else LEVEL)
            refused = metric in decisive and high < 0
            ours, other = float(np.mean(mine)), float(np.mean(theirs))
            word = "Refused, clearly worse" if refused else "Good"
            sentence = f"{word}: {metric} is {ours:.4f}, {RIVALS[rival]} has {other:.4f} (difference {low:+.4f} to {high:+.4f})."
            checks.append(Check(metric, rival, ours, other, low, high, refused, sentence))
    return checks


def _guarded(models: Mapping[str, Measured], popularity: Floats) -> list[Check]:
    """What is shown may change, not collapse. The rival is the current version; popularity before there is one, for answers alone."""
    rival = "current" if "current" in models else "popularity"
    mine, theirs = models["model"].shown, models[rival].shown
    draws = _draws(len(mine), ROUNDS // 5)
    checks = []
    for guard in GUARDS if rival == "current" else GUARDS[3:]:
        ours, other = guard.measured(mine, popularity), guard.measured(theirs, popularity)
        limit = guard.times * other + guard.slack
        excess = [
            guard.measured(mine[rows], popularity) - guard.times * guard.measured(theirs[rows], popularity)
            for rows in draws
        ]
        low, high = _bounds(np.array(excess) - guard.slack, LEVEL)
        refused = low > 0 if guard.sign > 0 else high < 0
        sentence = f"Refused: the {guard.name} would be {ours:.3f}; with {RIVALS[rival]}'s {other:.3f}, {limit:.3f} is the limit."
        checks.append(Check(guard.name, rival, ours, other, low, high, bool(refused), sentence))
    return checks


def _worst_segment(models: Mapping[str, Measured], segments: Mapping[str, Sequence[str]], metric: str) -> list[Check]:
    """No group of shoppers pays for the mean. The more groups are looked at, the surer each must be (Bonferroni)."""
    if "current" not in models:
        return []
    mine, theirs = (np.asarray(models[name].values.get(metric, ()), float) for name in ("model", "current"))
    groups = {
        f"{kind} {label}": np.flatnonzero(np.asarray(labels) == label)
        for kind, labels in segments.items()
        for label in sorted(set(labels))
        if label
    }
    groups = {name: rows for name, rows in groups.items() if len(rows) >= SMALLEST_GROUP}
    checks = []
    for name, rows in groups.items():
        low, high = difference(mine[rows], theirs[rows], 1 - (1 - LEVEL) / len(groups))
        ours, other = float(mine[rows].mean()), float(theirs[rows].mean())
        sentence = f"Refused: {len(rows)} shoppers ({name}) would be served clearly worse: {metric} {ours:.4f}, now {other:.4f}."
        checks.append(Check(name, "current", ours, other, low, high, high < 0, sentence))
    return sorted(checks, key=lambda check: check.high)


def difference(mine: Sequence[float] | Any, theirs: Sequence[float] | Any, level: float = LEVEL) -> tuple[float, float]:
    """Bootstrap interval of the mean of paired differences.

    >>> difference([0.1, 0.2, 0.1], [0.5, 0.6, 0.5])
    (-0.4, -0.4)
    """
    paired = np.round(np.asarray(mine, float) - np.asarray(theirs, float), 12)
    return _bounds(np.array([paired[rows].mean() for rows in _draws(len(paired), ROUNDS)]), level)


def _draws(size: int, rounds: int) -> Any:
    return np.random.default_rng(SEED).integers(0, size, (rounds, size))


def _bounds(values: Any, level: float) -> tuple[float, float]:
    low, high = np.percentile(values, [50 * (1 - level), 50 * (1 + level)])
    return round(float(low), 12), round(float(high), 12)
