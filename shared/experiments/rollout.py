"""A change of the plan that reaches shoppers step by step, and is taken back by itself when it does harm.

A rollout is an experiment of kind `rollout` with two variants: what there was, and the change. Its stage is the change's share, and
`from` is since when; both are in the plan, so that nothing else remembers them. A share that grows takes shoppers from the other variant
and gives none away (see `assignment`). Only what was answered in the stage is judged.
"""

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec

from shared.experiments.model import Experiment

STAGES = (0.01, 0.1, 0.5, 1.0)
LEAST_HOURS = 24.0  # of a stage: every hour of the day
MOST_HOURS = 72.0  # then a stage without harm is over, however few shoppers a small shop has
FIRST_LOOK = 20  # shoppers of each variant; before that an average says nothing


class Guard(NamedTuple):
    """A metric, and the most it may become worse: relative to what it was, or as an absolute share of answers."""

    metric: str
    most: float
    relative: bool
    words: str


GUARDS = (
    Guard("orders", 0.05, relative=True, words="orders per shopper fell"),
    Guard("empty", 0.01, relative=False, words="more shelves are empty"),
    Guard("fallback", 0.01, relative=False, words="more answers needed something to stand in"),
    Guard("latency", 0.2, relative=True, words="answers take longer"),
)


class Change(msgspec.Struct, frozen=True):
    """As much of a `compare.Difference` as is judged: of the change to what there was."""

    metric: str
    difference: float
    relative: float | None
    p_value: float


class Side(msgspec.Struct, frozen=True):
    shoppers: int


class Split(msgspec.Struct, frozen=True):
    fine: bool


class Seen(msgspec.Struct, frozen=True):
    """As much of `results.Results` as is judged: since when (epoch seconds) the stage is seen, whether shoppers were split as planned, how
    many were on each side, and by how much the change differs."""

    since: float
    split: Split
    variants: list[Side]
    differences: list[Change]

    @property
    def fewest(self) -> int:
        return min((side.shoppers for side in self.variants), default=0)

    @property
    def shoppers(self) -> int:
        return sum(side.shoppers for side in self.variants)


class Move(NamedTuple):
    """`share` is what the change gets from now on."""

    move: Literal["next", "hold", "back"]
    share: float
    why: str


def decide(experiment: Experiment, seen: Seen | None, now: float) -> Move:
    """What to do with a running rollout. `seen` is None where there is no analysis."""
    share = experiment.variants[1].share
    if share >= 1.0:
        return Move(
            "hold", share, "All shoppers have the change: put it into the plan, and take the rollout out of it."
        )
    if seen is None or seen.since < experiment.start:
        return Move("hold", share, "Nothing of this stage has been analysed yet.")
    harm = _harm(experiment, seen)
    if harm:
        return Move("back", 0.0, harm)
    hours, least = (now - seen.since) / 3600.0, experiment.stop.least_shoppers
    if hours < LEAST_HOURS:
        return Move("hold", share, f"No harm in {hours:.0f} hours; a stage lasts {LEAST_HOURS:.0f} at least.")
    if seen.fewest < least and hours < MOST_HOURS:
        return Move("hold", share, f"No harm, but only {seen.fewest:,} of at least {least:,} shoppers have been seen.")
    onto = next(stage for stage in STAGES if stage > share)
    return Move("next", onto, f"No harm in {hours:.0f} hours with {seen.shoppers:,} shoppers.")


def _harm(experiment: Experiment, seen: Seen) -> str:
    """What is wrong with the change; "" when nothing is sure."""
    if not seen.split.fine:
        return "Shoppers are not split as planned: answers of one side get lost."
    if seen.fewest < FIRST_LOOK:
        return ""
    for guard in GUARDS:
        for change in seen.differences:
            if change.metric == guard.metric and change.p_value * len(GUARDS) < experiment.stop.alpha:
                loss = _loss(guard, change)
                if loss > guard.most:
                    return f"With the change {guard.words}: by {loss:.1%}, and {guard.most:.0%} is the most."
    return ""


def _loss(guard: Guard, change: Change) -> float:
    worse = -1.0 if guard.metric == "orders" else 1.0
    return worse * ((change.relative or 0.0) if guard.relative else change.difference)


_seen = msgspec.json.Decoder(Seen)


def seen_in(results: bytes) -> Seen:
    """Of results as they are kept. Raises msgspec.MsgspecError when they are something else."""
    return _seen.decode(results)


def staged(document: Mapping[str, Any], name: str, move: Move, now: float) -> dict[str, Any]:
    """The plan's document with the rollout at its new stage; where it was taken back it is stopped. Raises KeyError when the document has
    no such rollout."""
    made = deepcopy(dict(document))
    rollout = made["experiments"][name]
    before, change = _variants(rollout["variants"])
    rollout["from"] = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if move.move == "back":
        rollout["status"] = "stopped"
    before["share"], change["share"] = round(1.0 - move.share, 6), move.share
    return made


def _variants(raw: Any) -> list[dict[str, Any]]:
    """Both forms in which a plan may write them."""
    return list(raw.values()) if isinstance(raw, dict) else list(raw)
