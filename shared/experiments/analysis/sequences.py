"""Intervals and p-values that hold at every look at once, so that a shop may look every day and stop when it likes.

Asymptotic confidence sequences (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2024, "Time-uniform central limit theory and asymptotic
confidence sequences") from Robbins' normal mixture, whose dual is the mSPRT (Johari, Pekelis, Walsh 2022, "Always valid inference"):
after n units an estimate with variance v is off by more than √(v·(1+x)/x·(ln(1+x) + 2·ln(1/α))), x = n·ρ², at any n with a chance of α
at most. ρ is chosen beforehand, so that the interval is narrowest about where the decision is likely.
"""

import math
from typing import NamedTuple


class Sequence(NamedTuple):
    """`narrowest` is the number of units at which the interval is tuned to be narrowest, relative to a fixed sample's."""

    alpha: float
    narrowest: float

    def radius(self, variance: float, units: float) -> float:
        """Half the width of the interval for the true value."""
        x = self._x(units)
        return math.sqrt(variance * (1 + x) / x * (math.log1p(x) + 2 * math.log(1 / self.alpha)))

    def p_value(self, estimate: float, variance: float, units: float) -> float:
        """Against a true value of 0; below `alpha` just when the interval leaves out 0."""
        if variance <= 0:
            return 1.0 if estimate == 0 else 0.0
        x = self._x(units)
        evidence = x / (1 + x) * estimate * estimate / variance / 2 - math.log1p(x) / 2
        return math.exp(-max(evidence, 0.0))

    def _x(self, units: float) -> float:
        return best(self.alpha) * units / self.narrowest


def best(alpha: float) -> float:
    """The x at which the radius is least: x − ln(1+x) = 2·ln(1/α), by iteration."""
    x = 2 * math.log(1 / alpha)
    for _ in range(50):
        x = math.log1p(x) + 2 * math.log(1 / alpha)
    return x
