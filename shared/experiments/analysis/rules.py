"""When an experiment is over, and which way. The order of the rules is the order of what matters."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from shared.experiments.analysis.compare import Difference
from shared.experiments.analysis.split import Split
from shared.experiments.model import Guardrail, Stop

Decision = Literal["uneven", "harmed", "early", "winner", "control", "futile", "over", "running"]


class Seen(NamedTuple):
    """`sizes` are the shoppers of each variant, control first; `wanted` the differences in the experiment's own metric, one a variant;
    `guarded` each guardrail with the differences in its metric."""

    split: Split
    sizes: Sequence[int]
    days: float
    wanted: Sequence[Difference]
    guarded: Sequence[tuple[Guardrail, Sequence[Difference]]]


class Decided(NamedTuple):
    """`stop`: nothing more is to be expected of going on. `by` is the difference that decided."""

    decision: Decision
    stop: bool
    by: Difference | None = None
    guardrail: Guardrail | None = None


def decide(seen: Seen, stop: Stop) -> Decided:
    """Harm need not wait for a week; everything else does, since weekdays differ."""
    if not seen.split.fine:
        return Decided("uneven", stop=True)
    if min(seen.sizes, default=0) < stop.least_shoppers:
        return Decided("early", stop=False)
    for guardrail, found in seen.guarded:
        for one in found:
            if harmed(one, guardrail):
                return Decided("harmed", True, one, guardrail)
    if seen.days < stop.least_days:
        return Decided("early", stop=False)
    return _by_metric(seen, stop)


def _by_metric(seen: Seen, stop: Stop) -> Decided:
    better = [one for one in seen.wanted if one.better]
    if better:
        return Decided("winner", True, max(better, key=lambda one: one.gain))
    best = max(seen.wanted, key=lambda one: one.gain, default=None)
    if best and all(one.worse for one in seen.wanted):
        return Decided("control", True, best)
    if best and all(_small(one, stop.least_effect) for one in seen.wanted):
        return Decided("futile", True, best)
    if seen.days >= stop.most_days:
        return Decided("over", True, best)
    return Decided("running", False, best)


def harmed(one: Difference, guardrail: Guardrail) -> bool:
    """It is sure that there is a loss, and it looks larger than allowed."""
    return one.worse and one.gain < -guardrail.most_loss


def _small(one: Difference, least: float) -> bool:
    """Whatever the truth is within the interval, the gain is not worth it."""
    return one.relative_high is not None and one.relative_high < least
