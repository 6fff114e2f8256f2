"""Where an item stood that no rule, cap or constraint kept away, and what it lacked to get a place."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from shared.catalog.model import Item
from shared.merchandising.places import group
from shared.merchandising.steered import Entry
from shared.recommend.dials import OFF, Dials, closeness
from shared.recommend.filling import Queue


class Standing(NamedTuple):
    """How a shelf was filled: `ranked` is all that could be shown, the best first, after the placement's dials and the shop's boosts; of
    `shown`, those at `places` (counted from 0) were the best of `ranked` then, the others were put there by rules or for being new."""

    ranked: Sequence[Entry] = ()
    shown: Sequence[Entry] = ()
    places: Sequence[int] = ()
    dials: Dials = OFF


def outranked(rank: int, standing: Standing, on_page: Collection[str]) -> dict[str, Any]:
    """Of the item at a rank (from 1): a `stage`, and `needs`: which its score lacks to the place that is nearest to it, the others
    staying as they are. `on_page`: groups of variants (`shared.merchandising.places.group`) that are there already."""
    entry = standing.ranked[rank - 1]
    told = {"stage": "rank", "rank": rank, "score": round(entry.score, 4)}
    if not standing.places:
        return {**told, "why": f"rank {rank}, and rules fill every place"}
    could, cause = _open(entry.item, standing, on_page)
    if not could:
        return {"stage": "variety", "cause": cause}
    if standing.dials.diversity == 1.0:
        return {**told, "why": f"rank {rank}, and with diversity at 1 scores count for nothing"}
    short = max(min(_lack(entry, place, standing) for place in could), 0.0)
    why = f"rank {rank}, needs +{short:.4f}" if short else f"rank {rank}, as good as the last one shown"
    return {**told, "needs": round(short, 4), "why": why}


def _open(item: Item, standing: Standing, on_page: Collection[str]) -> tuple[list[int], str]:
    """The places where it could stand, and what keeps it from the last one, "" for nothing."""
    fixed = (other.item for place, other in enumerate(standing.shown) if place not in standing.places)
    taken = {*on_page, *map(group, fixed)}
    queue, could, cause = Queue((), standing.dials), [], ""
    for place in standing.places:
        before = list(standing.shown[:place])
        queue.count(before)
        variant = group(item) in taken or group(item) in (group(other.item) for other in before)
        cause = "variant_shown" if variant else queue.capped(item)
        could += [] if cause else [place]
    return could, cause


def _lack(entry: Entry, place: int, standing: Standing) -> float:
    """What its score lacks to the value (see `Queue`) of who has the place."""
    winner, strength = standing.shown[place], standing.dials.diversity
    closer = _nearest(entry, standing.shown[:place]) - _nearest(winner, standing.shown[:place]) if strength else 0.0
    return winner.score - entry.score + closer * strength / (1.0 - strength)


def _nearest(entry: Entry, before: Sequence[Entry]) -> float:
    return max((closeness(entry.item, other.item) for other in before), default=0.0)
