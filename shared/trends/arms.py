"""Answers by the arm they used, counted live: how many were shown and how many clicks they had, halved at three speeds.

The counts lie in the same item as those of items, under the same watermark, and are added up in the same way (forward decay).
"""

from collections.abc import Iterable

import msgspec

from shared.experiments.bandits import HALF_LIVES

SPEEDS = tuple(HALF_LIVES.values())
NAMES = tuple(HALF_LIVES)
KEEP = 600  # placement/segment/arm; twice as many are let in before the least are dropped


class Tally(msgspec.Struct, array_like=True):
    """One number a half-life."""

    shown: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(SPEEDS))
    clicked: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(SPEEDS))


Tallies = dict[str, Tally]  # by placement/segment/arm


def add(tallies: Tallies, arm: str, kind: str, age: float) -> None:
    """`kind` is `shown` or `click`; `age` in seconds since the landmark."""
    tally = tallies.setdefault(arm, Tally())
    values = tally.shown if kind == "shown" else tally.clicked
    for n, speed in enumerate(SPEEDS):
        values[n] += 2 ** (age / speed)


def faded(tallies: Tallies, seconds: float) -> Tallies:
    """As of so many seconds after the landmark they were counted from."""
    by = [2 ** (-seconds / speed) for speed in SPEEDS]
    return {
        arm: Tally(
            [value * fade for value, fade in zip(tally.shown, by, strict=True)],
            [value * fade for value, fade in zip(tally.clicked, by, strict=True)],
        )
        for arm, tally in tallies.items()
    }


def pruned(tallies: Tallies) -> Tallies:
    return largest(tallies, KEEP) if len(tallies) > 2 * KEEP else tallies


def largest(tallies: Tallies, keep: int) -> Tallies:
    """What is shown least goes: whatever ids are made up and sent, the arms of a shop are shown more."""
    ranked = sorted(tallies.items(), key=lambda pair: (-pair[1].shown[-1], pair[0]))
    return dict(ranked[:keep])


def merged(shards: Iterable[tuple[Tallies, float]], now: float) -> Tallies:
    """(tallies, their landmark) of all shards as of `now`, both in epoch seconds."""
    total: Tallies = {}
    for tallies, landmark in shards:
        for arm, tally in faded(tallies, now - landmark).items():
            mine = total.setdefault(arm, Tally())
            mine.shown = [a + b for a, b in zip(mine.shown, tally.shown, strict=True)]
            mine.clicked = [a + b for a, b in zip(mine.clicked, tally.clicked, strict=True)]
    return total
