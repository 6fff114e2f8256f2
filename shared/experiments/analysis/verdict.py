"""What an experiment says, in sentences for who is no statistician."""

from shared.experiments.analysis.compare import Difference
from shared.experiments.analysis.metrics import METRICS
from shared.experiments.analysis.rules import Decided, Seen
from shared.experiments.model import Stop


def words(decided: Decided, seen: Seen, stop: Stop, control: str) -> str:
    """All of it: what was found, and what to do."""
    one = decided.by
    if decided.decision == "uneven":
        return seen.split.words
    if decided.decision == "early":
        return _early(seen, stop)
    if one is None:
        return "Go on: there is nothing to compare yet."
    name, did = one.variant, _did(one, control)
    sure = f"You may look as often as you like: this is wrong at most {stop.alpha:.3g} of the time."
    allowed = decided.guardrail.most_loss if decided.guardrail else 0.0
    return {
        "harmed": f"Stop {name}: it {did}, and no more than {allowed:.3g} of loss is allowed.",
        "winner": f"Keep {name}: it {did}. {sure}",
        "control": f"Keep {control}: no variant is as good. The best of them, {name}, {did}. {sure}",
        "futile": f"Stop: no variant can be {stop.least_effect:.3g} better than {control}. The best, {name}, {did}. Keep what is simpler.",
        "over": f"Stop: after {seen.days:.0f} days no difference is sure. The best, {name}, {did}.",
        "running": f"Go on: nothing is sure yet. The best so far, {name}, {did}.",
    }[decided.decision]


def _early(seen: Seen, stop: Stop) -> str:
    least = min(seen.sizes, default=0)
    if least < stop.least_shoppers:
        return f"Too early to say anything: the smallest variant has {least:,} of at least {stop.least_shoppers:,} shoppers."
    return f"Too early to decide: {seen.days:.1f} of at least {stop.least_days:g} days, so that every weekday counts."


def _did(one: Difference, control: str) -> str:
    metric = METRICS[one.metric].words
    if one.relative is None or one.relative_low is None or one.relative_high is None:
        return f"changes {metric} by {one.difference:+.4g} (from {one.low:+.4g} to {one.high:+.4g}) against {control}"
    return f"changes {metric} by {one.relative:+.1%} (from {one.relative_low:+.1%} to {one.relative_high:+.1%}) against {control}"
