"""The lists a version publishes: neighbours of each item, popular and trending by segment."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import msgpack

from shared.lists.model import Kind, Scored
from shared.models.bundle import Bundle, Floats, Ints
from shared.models.interactions import Interactions
from shared.trends.lists import LENGTH, trending

if TYPE_CHECKING:
    from shared.models.impute import Imputed

SMALLEST_SEGMENT = 50  # shoppers; below, a segment has no lists of its own
LIKELY = 0.5  # a guess must be likelier than this to count
HALF_LIVES = {"fast": 86400.0, "popular": 14 * 86400.0, "slow": 7 * 86400.0}

Named = dict[tuple[Kind, str], Scored]  # (kind, item or segment) -> list


def lists(data: Interactions, bundle: Bundle, now: float, guesses: "Imputed | None" = None) -> Named:
    """All lists of a version as of `now` (epoch seconds). `data` and `bundle` number items alike.

    `guesses` are countries of shoppers who did not say theirs; a guess more likely right than wrong counts as much as it is likely.
    """
    made: Named = {}
    for place, item in enumerate(bundle.item_ids):
        made["similar", str(item)] = _row(bundle, bundle.similar_items[place], bundle.similar_scores[place])
        made["together", str(item)] = _row(bundle, bundle.together_items[place], bundle.together_scores[place])
    for segment, rows, shares, items in _segments(data, bundle, guesses):
        popular, fast, slow = (_sums(data, rows, shares, name, now) for name in ("popular", "fast", "slow"))
        made["popular", segment] = _top(bundle, popular * items)
        rates = zip(fast, slow, strict=True)
        made["trending", segment] = _top(bundle, np.array([trending((f, s, "")) for f, s in rates], np.float32) * items)
    return {name: scored for name, scored in made.items() if scored}


def dump(named: Named) -> bytes:
    return msgpack.encode([[kind, name, scored] for (kind, name), scored in named.items()])


def load(data: bytes) -> Named:
    rows = msgpack.decode(data, type=list[tuple[Kind, str, Scored]])
    return {(kind, name): scored for kind, name, scored in rows}


def _segments(data: Interactions, bundle: Bundle, guesses: "Imputed | None") -> Iterator[tuple[str, Any, Any, Any]]:
    """Segment, the rows of its shoppers, how much each counts, and which items it may show (1 or 0)."""
    everything, all_items = np.arange(len(data)), np.ones(bundle.size, np.float32)
    yield "all", everything, 1.0, all_items
    countries, sizes = np.unique(data.countries, return_counts=True)
    for country, size in zip(countries, sizes, strict=True):
        if country and size >= SMALLEST_SEGMENT:  # of shoppers who are known to be of the country
            shares = _belonging(data, str(country), guesses)[data.shopper]
            rows = np.flatnonzero(shares)
            yield f"country:{country}", rows, shares[rows], all_items
    for category in np.unique(bundle.categories):
        if category:
            yield f"category:{category}", everything, 1.0, (bundle.categories == category).astype(np.float32)


def _belonging(data: Interactions, country: str, guesses: "Imputed | None") -> Floats:
    """How much each shopper belongs to the country: 1 who said so, the probability of a guess, 0 all others."""
    belonging: Floats = (data.countries == country).astype(np.float32)
    if guesses is not None:
        guessed = guesses.imputed & (guesses.values == country) & (guesses.probability > LIKELY)
        belonging[guessed] = guesses.probability[guessed]
    return belonging


def _sums(data: Interactions, rows: Any, shares: Any, name: str, now: float) -> Floats:
    decayed = data.weight[rows] * shares * 0.5 ** ((now - data.at[rows]) / HALF_LIVES[name])
    return np.bincount(data.item[rows], decayed, len(data.items)).astype(np.float32)


def _top(bundle: Bundle, values: Floats) -> Scored:
    best = [int(i) for i in np.argsort(-values, kind="stable")[:LENGTH] if values[i] > 0]
    return [(str(bundle.item_ids[i]), float(values[i] / values[best[0]])) for i in best]


def _row(bundle: Bundle, items: Ints, scores: Floats) -> Scored:
    top = scores[0] if len(scores) and scores[0] > 0 else 1.0
    return [(str(bundle.item_ids[i]), round(float(s / top), 4)) for i, s in zip(items, scores, strict=True) if i >= 0]
