"""What is looked at, put in carts, bought and shown, counted live: decayed sums per item, one set of counters a stream shard.

Forward decay (Cormode et al., 2009): an event at time t adds 2^((t − landmark)/half-life). Sums then do not depend on the
order of events and need no clock; dividing by 2^((now − landmark)/half-life) gives the value as of now.
"""

import math
from collections.abc import Iterable

import msgspec

from shared.lists.scores import WEIGHTS
from shared.lists.segments import around
from shared.profiles.signals import Signal
from shared.trends import arms as by_arm

HALF_LIVES = (1 * 86400.0, 7 * 86400.0)  # fast, slow, in seconds
COUNTED = {**WEIGHTS, "shown": 0.0}
SHOWN = 0.05  # what having been shown weighs where it is decided which items are kept
KEEP, KEEP_OF_SEGMENT, SEGMENTS = 1000, 50, 8  # twice as many are let in before the least are dropped
MOST_BYTES = 350_000  # DynamoDB takes 400 KB
LANDMARK_STEP = 30 * 86400.0  # moving the landmark now and then keeps the numbers small


class Sums(msgspec.Struct, array_like=True):
    """`fast` and `slow` add up weights, all others count events and have the slow half-life."""

    fast: float = 0.0
    slow: float = 0.0
    category: str = ""  # top category
    views: float = 0.0
    carts: float = 0.0
    orders: float = 0.0
    shown: float = 0.0  # as a recommendation
    units: float = 0.0  # pieces ordered


Items = dict[str, Sums]


class Counters(msgspec.Struct, array_like=True):
    """`items` of all shoppers; `segments` the same of those in a country or with a kind of device; `arms` the answers by arm.

    `orders` and `revenue` are those of the whole shop, of orders that tell what they came to; slow half-life.
    """

    watermark: str = "0"
    landmark: float = 0.0
    items: Items = {}
    segments: dict[str, Items] = {}
    arms: by_arm.Tallies = {}
    orders: float = 0.0
    revenue: float = 0.0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Counters)


def encode(counters: Counters) -> bytes:
    """At most MOST_BYTES: what weighs least is dropped from `counters` until the rest fits."""
    value = _encoder.encode(counters)
    while len(value) > MOST_BYTES:
        counters.items = _best(counters.items, len(counters.items) * 3 // 4)
        counters.segments = {name: _best(items, len(items) * 3 // 4) for name, items in counters.segments.items()}
        counters.arms = by_arm.largest(counters.arms, len(counters.arms) * 3 // 4)
        value = _encoder.encode(counters)
    return value


def decode(value: bytes) -> Counters:
    return _decoder.decode(value)


def count(counters: Counters, signals: Iterable[tuple[int, Signal]]) -> bool:
    """Add (sequence number, signal) pairs above the watermark. Returns whether anything was new."""
    seen, last = int(counters.watermark), int(counters.watermark)
    for sequence, signal in signals:
        if sequence <= seen:
            continue
        last = max(last, sequence)
        if signal.kind in COUNTED or signal.arm:
            _move_landmark(counters, signal.at)
            for product in signal.products if signal.kind in COUNTED else ():
                for items in _groups(counters, signal):
                    sums = items.setdefault(product.item, Sums())
                    _add(sums, signal, product.quantity, signal.at - counters.landmark)
                own = counters.items[product.item]
                own.category = product.category or own.category
            if signal.kind == "order" and signal.revenue > 0:
                _takings(counters, signal)
            if signal.arm:
                by_arm.add(counters.arms, signal.arm, signal.kind, signal.at - counters.landmark)
    counters.watermark = str(last)
    _prune(counters)
    return last > seen


def _takings(counters: Counters, signal: Signal) -> None:
    slow = 2 ** ((signal.at - counters.landmark) / HALF_LIVES[1])
    counters.orders += slow
    counters.revenue += slow * signal.revenue


def _groups(counters: Counters, signal: Signal) -> list[Items]:
    if signal.kind == "shown":
        return [counters.items]
    named = around(signal.traits.get("country", ""), signal.traits.get("device", ""))
    return [counters.items, *(counters.segments.setdefault(name, {}) for name in named)]


def _add(sums: Sums, signal: Signal, quantity: float, age: float) -> None:
    slow, weight = 2 ** (age / HALF_LIVES[1]), COUNTED[signal.kind]
    sums.fast += weight * 2 ** (age / HALF_LIVES[0])
    sums.slow += weight * slow
    if signal.kind == "view":
        sums.views += slow
    elif signal.kind == "cart":
        sums.carts += slow
    elif signal.kind == "order":
        sums.orders += slow
        sums.units += slow * quantity
    else:
        sums.shown += slow


def scaled(sums: Sums, fast: float, slow: float) -> Sums:
    counts = (slow * count for count in (sums.views, sums.carts, sums.orders, sums.shown, sums.units))
    return Sums(fast * sums.fast, slow * sums.slow, sums.category, *counts)


def _move_landmark(counters: Counters, at: float) -> None:
    """Rescale to the latest multiple of LANDMARK_STEP, so that exponents stay below 2^30 whatever the date."""
    landmark = math.floor(at / LANDMARK_STEP) * LANDMARK_STEP
    if landmark <= counters.landmark:
        return
    fade = [2 ** ((counters.landmark - landmark) / half_life) for half_life in HALF_LIVES]
    for items in (counters.items, *counters.segments.values()):
        items.update({item: scaled(sums, *fade) for item, sums in items.items()})
    counters.arms = by_arm.faded(counters.arms, landmark - counters.landmark)
    counters.orders, counters.revenue = counters.orders * fade[1], counters.revenue * fade[1]
    counters.landmark = landmark


def _prune(counters: Counters) -> None:
    counters.arms = by_arm.pruned(counters.arms)
    counters.items = _best(counters.items, KEEP) if len(counters.items) > 2 * KEEP else counters.items
    for name, items in counters.segments.items():
        if len(items) > 2 * KEEP_OF_SEGMENT:
            counters.segments[name] = _best(items, KEEP_OF_SEGMENT)
    if len(counters.segments) > 2 * SEGMENTS:
        size = {name: sum(sums.slow for sums in items.values()) for name, items in counters.segments.items()}
        largest = sorted(size, key=lambda name: (-size[name], name))[:SEGMENTS]
        counters.segments = {name: counters.segments[name] for name in largest}


def _best(items: Items, keep: int) -> Items:
    best = sorted(items.items(), key=lambda pair: (-pair[1].slow - SHOWN * pair[1].shown, pair[0]))[:keep]
    return dict(best)
