"""Drawing an arm with a propensity that is known exactly.

Thompson sampling draws from what is believed of each arm and takes the best draw. The chance that an arm is the best is what it is
drawn by then; here that chance is worked out first, by the minute's function or from its linear beliefs, and the arm is drawn by it.
The two are alike in distribution, and only the latter can be logged and evaluated.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from shared.experiments import contexts
from shared.experiments.bandits import Arm, Bandit
from shared.experiments.tag import Tag
from shared.lists.arms import Arms, Beliefs
from shared.lists.segments import ALL

NODES = tuple(-3.5 + 0.7 * n for n in range(11))  # standard deviations from each arm's mean
LEAST_SPREAD = 1e-9


class Drawn(NamedTuple):
    bandit: Bandit
    arm: Arm
    segment: str
    propensity: float

    @property
    def tag(self) -> Tag:
        return Tag(self.bandit.placement, self.segment, self.arm.name)


def draw(bandit: Bandit, segment: str, published: Arms, chance: float) -> Drawn:
    """`segment` as `segment_of` gives it; `chance` is drawn evenly from [0, 1)."""
    by = shares(bandit, segment, published)
    left = chance * sum(by)
    for arm, share in zip(bandit.arms, by, strict=True):
        left -= share
        if left < 0:
            return Drawn(bandit, arm, segment, share)
    return Drawn(bandit, bandit.arms[-1], segment, by[-1])


def shares(bandit: Bandit, segment: str, published: Arms) -> list[float]:
    """As published for the segment, else for all; equal ones while nothing is known of just these arms."""
    names = bandit.names
    if bandit.by == "context":
        beliefs, ones = published.beliefs.get(bandit.placement), contexts.features(segment)
        if beliefs and beliefs.arms == names and ones:
            return floored(linear(beliefs, ones), beliefs.floor)
    for name in dict.fromkeys((segment, ALL)):
        chances = published.chances.get((bandit.placement, name))
        if chances and chances.arms == names:
            return chances.shares
    return [1.0 / len(names)] * len(names)


def floored(chances: Sequence[float], floor: float) -> list[float]:
    """Mixed with equal shares, so that none is below the floor."""
    return [floor + (1.0 - floor * len(chances)) * chance for chance in chances]


def linear(beliefs: Beliefs, ones: Sequence[int]) -> list[float]:
    """The chance of each arm to have the largest x·θ (LinTS: Agrawal, Goyal 2013), for an x with the given ones: each x·θ is a
    normal number with mean x·m and variance |Lᵀx|²."""
    means = [sum(mean[one] for one in ones) for mean in beliefs.means]
    return largest(means, [_spread(root, ones) for root in beliefs.roots])


def _spread(root: list[list[float]], ones: Sequence[int]) -> float:
    """|Lᵀx| of a lower triangular L."""
    total = [0.0] * (ones[-1] + 1)
    for one in ones:
        for column, value in enumerate(root[one]):
            total[column] += value
    return math.sqrt(sum(value * value for value in total))


def largest(means: Sequence[float], spreads: Sequence[float]) -> list[float]:
    """The chance of each of several independent normal numbers to be the largest: Σ ΔFᵢ Πⱼ≠ᵢ Fⱼ over points where any of them moves."""
    spreads = [max(spread, LEAST_SPREAD) for spread in spreads]
    points = sorted(mean + spread * node for mean, spread in zip(means, spreads, strict=True) for node in NODES)
    scales = [1.0 / (spread * math.sqrt(2.0)) for spread in spreads]
    erf, pairs = math.erf, list(zip(means, scales, strict=True))
    total = [0.0] * len(means)
    below = [0.0] * len(means)
    for point in points:
        now = [0.5 + 0.5 * erf((point - mean) * scale) for mean, scale in pairs]
        _share_out(total, below, now)
        below = now
    _share_out(total, below, [1.0] * len(means))
    whole = sum(total)
    return [part / whole for part in total]


def _share_out(total: list[float], below: list[float], now: list[float]) -> None:
    """What a step adds to the chance that all are below is shared by whose step it is; the others are taken at its middle."""
    after = [1.0]  # products of the middles of those that follow, last first
    for a, b in zip(reversed(below), reversed(now), strict=True):
        after.append(after[-1] * (a + b) * 0.5)
    before = 1.0
    for n, (a, b) in enumerate(zip(below, now, strict=True)):
        total[n] += (b - a) * before * after[-2 - n]
        before *= (a + b) * 0.5
