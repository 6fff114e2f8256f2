"""Live popular and trending lists, made from the counters of all shards."""

import math
from collections.abc import Callable, Iterable

from shared.lists.model import LIVE, Kind, Scored, key
from shared.trends.counters import HALF_LIVES, Counters

Sums = tuple[float, float, str]  # fast, slow, top category
Score = Callable[[Sums], float]
LENGTH = 100
FORGOTTEN = 0.05  # a decayed sum below this is no news
RATE = tuple(math.log(2) / (half_life / 86400) for half_life in HALF_LIVES)  # sum of a constant daily rate -> that rate


def merged(all_counters: Iterable[Counters], now: float) -> dict[str, Sums]:
    """Item -> (fast, slow, top category), sums as of `now` (epoch seconds) over all shards."""
    total: dict[str, Sums] = {}
    for counters in all_counters:
        fade = [2 ** ((counters.landmark - now) / half_life) for half_life in HALF_LIVES]
        for item, (fast, slow, category) in counters.items.items():
            f, s, known = total.get(item, (0.0, 0.0, ""))
            total[item] = (f + fast * fade[0], s + slow * fade[1], category or known)
    return {item: sums for item, sums in total.items() if sums[1] >= FORGOTTEN}


def popular(sums: Sums) -> float:
    return sums[1]


def trending(sums: Sums) -> float:
    """How far the last day's rate lies above the week's, in standard deviations of a Poisson count."""
    fast, slow = sums[0] * RATE[0], sums[1] * RATE[1]
    return (fast - slow) / math.sqrt(slow + 1.0)


def lists(items: dict[str, Sums]) -> dict[str, Scored]:
    """List key -> list, best first and scaled to 1.0, for all and for each top category."""
    by_segment: dict[str, dict[str, Sums]] = {"all": items}
    for item, sums in items.items():
        if sums[2]:
            by_segment.setdefault(f"category:{sums[2]}", {})[item] = sums
    made: dict[str, Scored] = {}
    kinds: list[tuple[Kind, Score]] = [("popular", popular), ("trending", trending)]
    for segment, members in by_segment.items():
        for kind, score in kinds:
            made[key(LIVE, kind, segment)] = _best({item: score(sums) for item, sums in members.items()})
    return made


def _best(scores: dict[str, float]) -> Scored:
    best = sorted((p for p in scores.items() if p[1] > 0), key=lambda p: (-p[1], p[0]))[:LENGTH]
    return [(item, score / best[0][1]) for item, score in best]
