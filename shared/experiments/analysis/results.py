"""Everything there is to say of an experiment at one look."""

import msgspec

from shared.experiments.analysis import rules, split, verdict
from shared.experiments.analysis.compare import Difference, differences
from shared.experiments.analysis.metrics import METRICS, measure
from shared.experiments.analysis.rules import Decision, Seen
from shared.experiments.analysis.split import Split
from shared.experiments.analysis.units import Units
from shared.experiments.interleaving import Preference
from shared.experiments.model import HOLDOUT, Experiment

TUNED = 10  # times the least number of shoppers: about there a decision is likely


class Told(msgspec.Struct, frozen=True):
    """One variant: its units, and each metric as it was counted."""

    name: str
    shoppers: int
    metrics: dict[str, float]


class Results(msgspec.Struct, frozen=True):
    """`at` and `since` in epoch seconds. Intervals of `differences` hold at every look, for all variants together at `alpha`; those of
    metrics that neither decide nor guard are told for information, each by itself. `preference` is that of an interleaving, which has
    no differences, and as shoppers of a variant those who prefer it."""

    experiment: str
    metric: str
    at: float
    since: float
    alpha: float
    split: Split
    variants: list[Told]
    differences: list[Difference]
    decision: Decision
    stop: bool
    verdict: str
    preference: Preference | None = None


def analyse(experiment: Experiment, units: Units, since: float, now: float) -> Results:
    """`units.names` are the experiment's variants, and its holdout if it has one; `since` is when the first of them took part."""
    stop = experiment.stop
    rivals = [variant.name for variant in experiment.variants]
    shares = [variant.share for variant in experiment.variants] + [experiment.holdout] * (HOLDOUT in units.names)
    narrowest = TUNED * stop.least_shoppers * 2
    guards = len(experiment.guardrails)

    def compared(metric: str, times: int = 1) -> list[Difference]:
        return differences(units, metric, stop.alpha / (len(rivals) - 1) / times, narrowest)

    found = {metric: compared(metric) for metric in METRICS}
    guarded = [(g, _of(compared(g.metric, guards), rivals)) for g in experiment.guardrails]
    counts = units.sizes
    seen = Seen(
        split.check(units.names, counts, shares),
        counts[: len(rivals)],
        (now - since) / 86400.0,
        _of(found[experiment.metric], rivals),
        guarded,
    )
    decided = rules.decide(seen, stop)
    return Results(
        experiment.name,
        experiment.metric,
        now,
        since,
        stop.alpha,
        seen.split,
        _told(units),
        [one for several in found.values() for one in several],
        decided.decision,
        decided.stop,
        verdict.words(decided, seen, stop, rivals[0]),
    )


def _of(found: list[Difference], rivals: list[str]) -> list[Difference]:
    """Without the holdout, which cannot win and is not guarded: it is what things were like before."""
    return [one for one in found if one.variant in rivals]


def _told(units: Units) -> list[Told]:
    parts = [(name, units.of(n)) for n, name in enumerate(units.names)]
    return [Told(name, len(part), {m: measure(part, METRICS[m]).value for m in METRICS}) for name, part in parts]
