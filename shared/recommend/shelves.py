"""Lists by segment for who is not known well enough: which to read, and in what order their items are shown."""

import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.errors import InvalidRequest
from shared.lists.model import Kind, Scored
from shared.lists.segments import ALL, around, lifecycle, of_traits
from shared.profiles.state import State
from shared.recommend.placements import Blend
from shared.recommend.reasons import OF_LIST
from shared.recommend.request import Request

BLEND: Blend = {"popular": 3.0, "trending": 1.0, "high-margin": 1.0}
MOST_KINDS = 4  # all lists of all segments are read in one request
CLOSENESS = {"people": 2.0, "country": 2.0, "device": 1.0, "lifecycle": 1.0}  # how much a segment says


class Shelf(NamedTuple):
    """A list and how often its items are shown against those of others in its tier."""

    tier: str
    segment: str
    scored: Scored
    kind: Kind = "popular"
    weight: float = 1.0


def parse_blend(written: str) -> Blend:
    """`popular=3 trending=1` -> weights by kind; "" the usual ones. Raises InvalidRequest."""
    made: Blend = {}
    for part in written.split():
        name, _, amount = part.partition("=")
        kind = next((kind for kind in OF_LIST if kind == name), None)
        if kind is None or not amount.replace(".", "", 1).isdecimal():
            raise InvalidRequest(f"{part!r} must be a list and a weight, such as popular=3", "starter_blend")
        made[kind] = float(amount)
    if len(made) > MOST_KINDS:
        raise InvalidRequest(f"has more than {MOST_KINDS} lists; leave some out", "starter_blend")
    return {kind: weight for kind, weight in made.items() if weight > 0} or BLEND


def segments(request: Request, state: State, *, contextual: bool) -> list[str]:
    """Segments of who asks, the narrowest first. What the request says goes before what is known, and is all that a
    `contextual` answer has."""
    if contextual:
        return around(request.country, request.device)
    said = {"country": request.country, "device": request.device}
    named = of_traits({**state.traits, **{name: value for name, value in said.items() if value}})
    return [*named, lifecycle(state.totals.orders)] if state.totals.events else named


def tiers(own: Sequence[str]) -> list[tuple[str, str, float]]:
    """(tier, segment, weight) of the lists that stand in for candidates."""
    return [*(("segment", name, CLOSENESS[name.partition(":")[0]]) for name in own), ("popular", ALL, 1.0)]


def in_turn(shelves: Sequence[Shelf]) -> Iterator[tuple[Shelf, str, float]]:
    """Items of several lists by turns, in proportion to the lists' weights; equal turns in the order of the lists."""

    def turns(place: int, shelf: Shelf) -> Iterator[tuple[float, int, str, float]]:
        return (((rank + 0.5) / shelf.weight, place, item, score) for rank, (item, score) in enumerate(shelf.scored))

    for _, place, item, score in heapq.merge(*(turns(n, shelf) for n, shelf in enumerate(shelves) if shelf.weight > 0)):
        yield shelves[place], item, score
