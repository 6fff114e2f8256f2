"""From counts of shown and clicked to how often each arm is to be drawn: Beta posteriors by group, or a linear model of the context.

Thompson sampling (Thompson 1933; Chapelle, Li 2011) with the chances worked out instead of drawn, once a minute.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.experiments.arms import floored
from shared.experiments.bandits import Bandit
from shared.experiments.contexts import SIZE, features
from shared.lists.arms import Beliefs, Chances, Value
from shared.lists.segments import ALL
from shared.trends.arms import NAMES, Tallies, Tally

PRIOR = 10.0  # answers that the placement's usual rate weighs as, before an arm has any of its own
SHRINK = 3.0  # λ: how many answers say that a coefficient is nothing
MOST_SEGMENTS = 60  # of a bandit; those with the most answers
NODES = np.sinh(np.linspace(-6.0, 6.0, 301)) / np.sinh(6.0)  # dense around the mode, far into the tails
NOTHING = Tally()
Floats = NDArray[np.float64]


def arms(bandits: Iterable[Bandit], tallies: Tallies) -> Value:
    """`tallies` are of now. Arms that no bandit has are ignored."""
    counted: dict[str, dict[str, dict[str, Tally]]] = {}
    for key, tally in tallies.items():
        placement, segment, arm = key.split("/")
        counted.setdefault(placement, {}).setdefault(segment, {})[arm] = tally
    made = Value()
    for bandit in bandits:
        groups = counted.get(bandit.placement, {})
        if bandit.by == "context":
            made.beliefs.append(beliefs(bandit, groups))
        else:
            made.chances.extend(_chances(bandit, groups))
    return made


def _numbers(bandit: Bandit, tallies: Mapping[str, Tally]) -> tuple[Floats, Floats]:
    """(arms,) answers shown and clicks of them. Of an answer with several clicks one counts where the sums allow to tell."""
    speed = NAMES.index(bandit.half_life)
    found = [tallies.get(name, NOTHING) for name in bandit.names]
    shown = np.array([tally.shown[speed] for tally in found])
    return shown, np.minimum([tally.clicked[speed] for tally in found], shown)


def _chances(bandit: Bandit, groups: Mapping[str, Mapping[str, Tally]]) -> list[Chances]:
    """One a segment, and one of all. An arm's prior is the rate of the placement, so that a segment starts from what is usual."""
    own = {
        name: _numbers(bandit, tallies)
        for name, tallies in groups.items()
        if name == ALL or name.startswith(f"{bandit.by}:")
    }
    shown = sum((numbers[0] for numbers in own.values()), np.zeros(len(bandit.arms)))
    clicked = sum((numbers[1] for numbers in own.values()), np.zeros(len(bandit.arms)))
    usual = float((clicked.sum() + 1.0) / (shown.sum() + 2.0))
    largest = sorted(own, key=lambda name: (-own[name][0].sum(), name))[:MOST_SEGMENTS]
    of_all = {**{name: own[name] for name in largest}, ALL: (shown, clicked)}
    return [
        Chances(bandit.placement, name, bandit.names, _shares(bandit, *numbers, usual))
        for name, numbers in sorted(of_all.items())
    ]


def _shares(bandit: Bandit, shown: Floats, clicked: Floats, usual: float) -> list[float]:
    chances = best(PRIOR * usual + clicked, PRIOR * (1.0 - usual) + shown - clicked)
    return [round(share, 6) for share in floored(chances.tolist(), bandit.floor)]


def best(a: Floats, b: Floats) -> Floats:
    """(k,) the chance of each of k independent Beta(a, b) numbers to be the largest, by integration over z = ln p/(1−p), where
    densities p^a (1−p)^b have no poles."""
    spread = np.sqrt(1 / a + 1 / b)
    reach = np.maximum(12 * spread, 30 / np.minimum(np.minimum(a, b), 1.0))
    points = np.unique((np.log(a / b)[:, None] + reach[:, None] * NODES).ravel())
    logarithm = -a[:, None] * np.logaddexp(0, -points) - b[:, None] * np.logaddexp(0, points)
    density = np.exp(logarithm - logarithm.max(axis=1, keepdims=True))
    step = np.diff(points) * (density[:, 1:] + density[:, :-1]) / 2
    step /= step.sum(axis=1, keepdims=True)  # (k, points − 1): chance to lie between two points
    middle = np.cumsum(step, axis=1) - step / 2  # and to lie below the middle between them
    others = np.array([np.prod(np.delete(middle, n, axis=0), axis=0) for n in range(len(a))])
    chance: Floats = (step * others).sum(axis=1)
    chance /= chance.sum()
    return chance


def beliefs(bandit: Bandit, groups: Mapping[str, Mapping[str, Tally]]) -> Beliefs:
    """Ridge regression of the clicks of an answer on its context, for each arm: θ ~ N(A⁻¹b, σ²A⁻¹) with A = λI + Σ x xᵀ, b = Σ x·click.

    The counts by context are all it takes. σ² is that of a click at the arms' common rate.
    """
    size = len(bandit.arms)
    gram, right = np.tile(np.eye(SIZE) * SHRINK, (size, 1, 1)), np.zeros((size, SIZE))
    totals = np.zeros(2)
    for code, tallies in groups.items():
        ones = features(code)
        if ones is None:
            continue
        shown, clicked = _numbers(bandit, tallies)
        x = np.zeros(SIZE)
        x[list(ones)] = 1.0
        gram += shown[:, None, None] * np.outer(x, x)
        right += clicked[:, None] * x
        totals += (shown.sum(), clicked.sum())
    rate = (totals[1] + 1.0) / (totals[0] + 2.0)
    right[:, 0] += SHRINK * rate  # the first coefficient, which all contexts have, starts from what is usual
    known = np.linalg.inv(gram)
    roots = np.linalg.cholesky(rate * (1.0 - rate) * known)
    means = np.einsum("kij,kj->ki", known, right)
    return Beliefs(bandit.placement, bandit.names, bandit.floor, _plain(means), [_lower(root) for root in roots])


def _lower(root: Floats) -> list[list[float]]:
    return [[round(float(value), 7) for value in row[: n + 1]] for n, row in enumerate(root)]


def _plain(values: Floats) -> Any:
    return np.round(values, 7).tolist()
