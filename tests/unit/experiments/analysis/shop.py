"""Shops made up of chances, in which the truth about the variants is known."""

import numpy as np

from shared.experiments.analysis.units import Units
from shared.experiments.model import Experiment, Stop, Variant

TWO = (Variant("now", 0.5), Variant("fresh", 0.5))
DAY = 86400.0


def experiment(**fields):
    return Experiment("blend", "main", ("home",), **{"variants": TWO, **fields})


def units(rng, size, lift=1.0, *, names=("now", "fresh"), shares=(0.5, 0.5)):
    """Shoppers with a taste for clicking and spending of their own that lasts from before the experiment; `lift` multiplies what every
    variant but the first does. Revenue is lognormal over a geometric number of orders, as in real shops."""
    variant = rng.choice(len(names), size, p=shares)
    taste = rng.gamma(1.0, 1.0, size)
    factor = np.where(variant > 0, lift, 1.0)
    answers = rng.geometric(0.25, size).astype(float)
    clicks = rng.binomial(answers.astype(int), np.minimum(0.06 * taste * factor, 1.0)).astype(float)
    orders = rng.poisson(0.3 * taste * factor).astype(float)
    spent = orders * rng.lognormal(3.5, 0.7, size)
    past = rng.poisson(3.0 * taste).astype(float)
    return Units(
        names,
        variant,
        answers,
        clicks,
        orders,
        spent,
        spent * 0.3,
        answers * 0.5,
        np.zeros(size),
        np.zeros(size),
        answers * 8.0 + rng.normal(0, 1, size),
        np.column_stack([past, past * rng.lognormal(3.5, 0.7, size)]),
    )


__all__ = ["DAY", "TWO", "Stop", "experiment", "units"]
