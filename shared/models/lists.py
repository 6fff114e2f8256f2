"""The lists a version publishes: neighbours of each item, popular and trending by segment."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from msgspec import msgpack

from shared.lists.model import Kind, Scored
from shared.models.bundle import Bundle, Floats, Ints
from shared.models.interactions import Interactions
from shared.trends.lists import LENGTH, trending

SMALLEST_SEGMENT = 50  # shoppers; below, a segment has no lists of its own
HALF_LIVES = {"fast": 86400.0, "popular": 14 * 86400.0, "slow": 7 * 86400.0}

Named = dict[tuple[Kind, str], Scored]  # (kind, item or segment) -> list


def lists(data: Interactions, bundle: Bundle, now: float) -> Named:
    """All lists of a version as of `now` (epoch seconds). `data` and `bundle` number items alike."""
    made: Named = {}
    for place, item in enumerate(bundle.item_ids):
        made["similar", str(item)] = _row(bundle, bundle.similar_items[place], bundle.similar_scores[place])
        made["together", str(item)] = _row(bundle, bundle.together_items[place], bundle.together_scores[place])
    for segment, rows, items in _segments(data, bundle):
        made["popular", segment] = _top(bundle, _sums(data, rows, "popular", now) * items)
        rates = zip(_sums(data, rows, "fast", now), _sums(data, rows, "slow", now), strict=True)
        made["trending", segment] = _top(bundle, np.array([trending((f, s, "")) for f, s in rates], np.float32) * items)
    return {name: scored for name, scored in made.items() if scored}


def dump(named: Named) -> bytes:
    return msgpack.encode([[kind, name, scored] for (kind, name), scored in named.items()])


def load(data: bytes) -> Named:
    rows = msgpack.decode(data, type=list[tuple[Kind, str, Scored]])
    return {(kind, name): scored for kind, name, scored in rows}


def _segments(data: Interactions, bundle: Bundle) -> Iterator[tuple[str, Any, Any]]:
    """Segment, the rows of its shoppers, and which items it may show (1 or 0)."""
    everything, all_items = np.arange(len(data)), np.ones(bundle.size, np.float32)
    yield "all", everything, all_items
    countries, sizes = np.unique(data.countries, return_counts=True)
    for country, size in zip(countries, sizes, strict=True):
        if country and size >= SMALLEST_SEGMENT:
            yield f"country:{country}", np.flatnonzero(data.countries[data.shopper] == country), all_items
    for category in np.unique(bundle.categories):
        if category:
            yield f"category:{category}", everything, (bundle.categories == category).astype(np.float32)


def _sums(data: Interactions, rows: Any, name: str, now: float) -> Floats:
    decayed = data.weight[rows] * 0.5 ** ((now - data.at[rows]) / HALF_LIVES[name])
    return np.bincount(data.item[rows], decayed, len(data.items)).astype(np.float32)


def _top(bundle: Bundle, values: Floats) -> Scored:
    best = [int(i) for i in np.argsort(-values, kind="stable")[:LENGTH] if values[i] > 0]
    return [(str(bundle.item_ids[i]), float(values[i] / values[best[0]])) for i in best]


def _row(bundle: Bundle, items: Ints, scores: Floats) -> Scored:
    top = scores[0] if len(scores) and scores[0] > 0 else 1.0
    return [(str(bundle.item_ids[i]), round(float(s / top), 4)) for i, s in zip(items, scores, strict=True) if i >= 0]
