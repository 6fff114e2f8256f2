"""How far what comes now is from what the model learned from."""

from typing import Any

import numpy as np

from shared.models.interactions import DAY, KINDS, Interactions

BEFORE = 28 * DAY  # what the last hours are compared with
DRAWS = 20
SEED = 1


def drift(known: Interactions, new: Interactions) -> dict[str, float]:
    """Each from 0 (as before) to 1. `event_mix` and `popularity` are total variation distances of kinds and of items, less what a sample of
    that size would show by chance; `unknown_items` is the share of new rows with items the model does not know."""
    if not len(known) or not len(new):
        return {"event_mix": 0.0, "popularity": 0.0, "unknown_items": 0.0}
    usual = known.since(float(known.at.max()) - BEFORE)
    places = np.searchsorted(known.items, new.items)
    there = known.items[np.minimum(places, len(known.items) - 1)] == new.items
    rows = there[new.item]
    return {
        "event_mix": shift(np.bincount(usual.kind, minlength=len(KINDS)), np.bincount(new.kind, minlength=len(KINDS))),
        "popularity": shift(
            np.bincount(usual.item, minlength=len(known.items)),
            np.bincount(places[new.item[rows]], minlength=len(known.items)),
        ),
        "unknown_items": round(float((~rows).mean()), 4),
    }


def shift(usual: Any, now: Any) -> float:
    """Half the sum of differences of two distributions, beyond the mean of as large samples of the first."""
    if not usual.sum() or not now.sum():
        return 0.0
    shares = usual / usual.sum()
    samples = np.random.default_rng(SEED).multinomial(int(now.sum()), shares, DRAWS) / now.sum()
    by_chance = np.abs(samples - shares).sum(axis=1).mean() / 2
    return round(max(float(np.abs(now / now.sum() - shares).sum() / 2 - by_chance), 0.0), 4)
