"""Who sees which variant: told by a hash of the unit (the shopper's id) alone, so that it stays, costs no read and can be told again later.

Two hashes that know nothing of each other. The layer's puts a unit into one of 10,000 buckets, of which each experiment of the
layer has a range. The experiment's chooses the variant by weighted rendezvous hashing (Thaler, Ravishankar 1998; weights by −ln u / w):
a share that grows takes units from others and gives none away, whatever the number of variants.
"""

import math
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from shared.experiments.model import HOLDOUT, MIXED, Experiment, Variant

BUCKETS = 10_000


class Assigned(NamedTuple):
    """`propensity` is the variant's share of those the experiment could reach."""

    experiment: Experiment
    variant: Variant
    propensity: float


def assign(experiments: Iterable[Experiment], unit: str, placement: str, now: float) -> list[Assigned]:
    """At most one a layer; none for a unit without a name."""
    if not unit:
        return []
    running = (one for one in experiments if placement in one.placements and one.runs(now))
    return [assigned for one in running if (assigned := assigned_to(one, unit))]


def assigned_to(experiment: Experiment, unit: str) -> Assigned | None:
    """The unit's variant whatever the time; None for who is outside."""
    if not _reached(experiment, unit):
        return None
    salt = experiment.salt or experiment.name
    holdout = Variant(HOLDOUT, experiment.holdout)
    rest = 1.0 - sum(variant.share for variant in experiment.variants) - experiment.holdout
    choices = [*experiment.variants, holdout, Variant("", max(rest, 0.0))]
    if experiment.kind == "interleaving":
        choices = [Variant(MIXED, 1.0 - rest), choices[-1]]
    won = min((choice for choice in choices if choice.share > 0), key=lambda choice: _score(salt, choice, unit))
    return Assigned(experiment, won, won.share) if won.name else None


def _reached(experiment: Experiment, unit: str) -> bool:
    first, last = experiment.range
    return (first, last) == (0.0, 1.0) or round(first * BUCKETS) <= bucket(experiment.layer, unit) < round(
        last * BUCKETS
    )


def bucket(layer: str, unit: str) -> int:
    return _hash("layer", layer, unit) % BUCKETS


def _score(salt: str, variant: Variant, unit: str) -> float:
    """Exponentially distributed with the share as its rate: the least of several wins in proportion to the shares."""
    return -math.log((_hash(salt, variant.name, unit) + 0.5) / 2**64) / variant.share


def _hash(*words: str) -> int:
    return int.from_bytes(blake2b("\0".join(words).encode(), digest_size=8).digest())
