"""Metrics of a variant, each with what every unit adds to its error.

The unit that was assigned is the unit of analysis: answers of one shopper depend on one another. A ratio of sums (clicks by answers) is
therefore linearised by the delta method (Deng, Knoblich, Lu 2018): the error of R = Σy/Σx is, to first order, the mean of (y − R·x)/x̄.
"""

from typing import NamedTuple

import numpy as np

from shared.experiments.analysis.units import Floats, Units


class Metric(NamedTuple):
    """`top` summed, divided by `bottom` summed. `words` name it in a sentence; `good` is −1 where less is better."""

    name: str
    top: str
    bottom: str
    words: str
    good: int = 1


METRICS = {
    metric.name: metric
    for metric in (
        Metric("ctr", "clicks", "answers", "clicks per answer"),
        Metric("conversion", "buyers", "units", "shoppers who ordered"),
        Metric("orders", "orders", "units", "orders per shopper"),
        Metric("revenue", "revenue", "units", "revenue per shopper"),
        Metric("margin", "margin", "units", "margin per shopper"),
        Metric("diversity", "variety", "answers", "different categories per item shown"),
        Metric("empty", "empty", "answers", "empty shelves", -1),
        Metric("fallback", "fallback", "answers", "answers that something had to stand in for", -1),
        Metric("latency", "milliseconds", "answers", "milliseconds per answer", -1),
    )
}


class Measured(NamedTuple):
    """`errors` is (n,), with mean 0: the value is off by the mean of what the units of another sample would have there."""

    value: float
    errors: Floats


def column(units: Units, name: str) -> Floats:
    if name == "units":
        return np.ones(len(units))
    return (units.orders > 0).astype(float) if name == "buyers" else np.asarray(getattr(units, name), float)


def measure(units: Units, metric: Metric) -> Measured:
    """Of the units of one variant. Without units, or where `bottom` is 0, the value is 0 without error."""
    top, bottom = column(units, metric.top), column(units, metric.bottom)
    if not bottom.sum():
        return Measured(0.0, np.zeros(len(units)))
    value = float(top.sum() / bottom.sum())
    return Measured(value, (top - value * bottom) / bottom.mean())
