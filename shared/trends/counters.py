"""What is popular and what is rising, counted live: decayed sums per item, one set of counters a stream shard.

Forward decay (Cormode et al., 2009): an event at time t adds weight · 2^((t − landmark)/half-life). Sums then do not depend on the
order of events and need no clock; dividing by 2^((now − landmark)/half-life) gives the value as of now.
"""

import math
from collections.abc import Iterable

import msgspec

from shared.profiles.signals import Signal

HALF_LIVES = (1 * 86400.0, 7 * 86400.0)  # fast, slow, in seconds
WEIGHTS = {"view": 1.0, "cart": 3.0, "order": 5.0}
KEEP = 1000
LANDMARK_STEP = 30 * 86400.0  # moving the landmark now and then keeps the numbers small


class Counters(msgspec.Struct, array_like=True):
    """`items` maps item id to (fast sum, slow sum, top category)."""

    watermark: str = "0"
    landmark: float = 0.0
    items: dict[str, tuple[float, float, str]] = {}


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Counters)


def encode(counters: Counters) -> bytes:
    return _encoder.encode(counters)


def decode(value: bytes) -> Counters:
    return _decoder.decode(value)


def count(counters: Counters, signals: Iterable[tuple[int, Signal]]) -> bool:
    """Add (sequence number, signal) pairs above the watermark. Returns whether anything was new."""
    seen, last = int(counters.watermark), int(counters.watermark)
    for sequence, signal in signals:
        if sequence <= seen:
            continue
        last = max(last, sequence)
        weight = WEIGHTS.get(signal.kind)
        if weight:
            _move_landmark(counters, signal.at)
            for product in signal.products:
                _add(counters, product.item, product.category, weight, signal.at)
    counters.watermark = str(last)
    _prune(counters)
    return last > seen


def _add(counters: Counters, item: str, category: str, weight: float, at: float) -> None:
    fast, slow, known = counters.items.get(item, (0.0, 0.0, ""))
    age = at - counters.landmark
    counters.items[item] = (
        fast + weight * 2 ** (age / HALF_LIVES[0]),
        slow + weight * 2 ** (age / HALF_LIVES[1]),
        category or known,
    )


def _move_landmark(counters: Counters, at: float) -> None:
    """Rescale to the latest multiple of LANDMARK_STEP, so that exponents stay below 2^30 whatever the date."""
    landmark = math.floor(at / LANDMARK_STEP) * LANDMARK_STEP
    if landmark <= counters.landmark:
        return
    fast, slow = (2 ** ((counters.landmark - landmark) / half_life) for half_life in HALF_LIVES)
    counters.items = {k: (f * fast, s * slow, c) for k, (f, s, c) in counters.items.items()}
    counters.landmark = landmark


def _prune(counters: Counters) -> None:
    if len(counters.items) > 2 * KEEP:
        best = sorted(counters.items.items(), key=lambda pair: (-pair[1][1], pair[0]))[:KEEP]
        counters.items = dict(best)
