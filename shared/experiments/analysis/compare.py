"""How a variant differs from the control in a metric, with an interval that holds at every look."""

import msgspec
import numpy as np

from shared.experiments.analysis.cuped import adjusted
from shared.experiments.analysis.metrics import METRICS, Measured, measure
from shared.experiments.analysis.sequences import Sequence
from shared.experiments.analysis.units import Units


class Difference(msgspec.Struct, frozen=True):
    """Of a variant to the control: absolute in [low, high], and relative to the control's value (None where that is not above 0).

    `value` and `control` are as they were counted. `saved` is the part of the variance that CUPED took away.
    """

    variant: str
    metric: str
    value: float
    control: float
    difference: float
    low: float
    high: float
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    p_value: float
    saved: float

    @property
    def better(self) -> bool:
        return (self.low if METRICS[self.metric].good > 0 else -self.high) > 0

    @property
    def worse(self) -> bool:
        return (self.high if METRICS[self.metric].good > 0 else -self.low) < 0

    @property
    def gain(self) -> float:
        """The relative change for the better."""
        return METRICS[self.metric].good * (self.relative or 0.0)


def differences(units: Units, metric: str, alpha: float, narrowest: float) -> list[Difference]:
    """Of each variant to the first. `alpha` is for each of them: who asks about several divides it (Bonferroni)."""
    parts = [units.of(n) for n in range(len(units.names))]
    counted = [measure(part, METRICS[metric]) for part in parts]
    steadier = adjusted(counted, [part.before for part in parts]) if len(units) else counted
    sequence = Sequence(alpha, narrowest)
    return [
        _difference(units.names[n], metric, (counted[n], counted[0]), (steadier[n], steadier[0]), sequence)
        for n in range(1, len(parts))
        if len(parts[n]) > 1 and len(parts[0]) > 1
    ]


def _difference(
    variant: str,
    metric: str,
    counted: tuple[Measured, Measured],
    steadier: tuple[Measured, Measured],
    sequence: Sequence,
) -> Difference:
    mine, control = steadier
    units = len(mine.errors) + len(control.errors)
    change, variance = mine.value - control.value, _variance(mine) + _variance(control)
    before = _variance(counted[0]) + _variance(counted[1])
    radius = sequence.radius(variance, units)
    relative = _relative(mine, control, sequence)
    return Difference(
        variant,
        metric,
        counted[0].value,
        counted[1].value,
        change,
        change - radius,
        change + radius,
        *relative,
        sequence.p_value(change, variance, units),
        1 - variance / before if before else 0.0,
    )


def _relative(mine: Measured, control: Measured, sequence: Sequence) -> tuple[float | None, float | None, float | None]:
    """The ratio less 1, by the delta method: the control's own error counts as well."""
    if control.value <= 0:
        return None, None, None
    ratio = mine.value / control.value
    variance = (_variance(mine) + ratio * ratio * _variance(control)) / control.value**2
    radius = sequence.radius(variance, len(mine.errors) + len(control.errors))
    return ratio - 1, ratio - 1 - radius, ratio - 1 + radius


def _variance(measured: Measured) -> float:
    """Of the value."""
    return float(np.var(measured.errors, ddof=1)) / len(measured.errors)
