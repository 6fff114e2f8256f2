"""What a shopper was shown and did not take up: kept for a while, at one number an item.

The number is a time T (epoch seconds): all impressions together, each halved every HALF_LIFE, weigh as much as a single one at T would.
So one number holds a decayed count (forward decay, Cormode et al., 2009), whatever the order in which events arrive.
"""

import math
from collections.abc import Mapping

from shared.profiles.signals import Signal
from shared.profiles.state import SHOWN, State

HALF_LIFE = 3 * 86400.0  # seconds
TIRED = 4.0  # impressions in vain after which an item counts half
TAKEN_UP = frozenset({"view", "cart", "order", "click", "engaged"})
LEAST = 0.05  # of an impression: less is forgotten


def note(state: State, signal: Signal) -> None:
    """Count what `signal` says was shown; an item that the shopper took up, however they came to it, starts anew."""
    if signal.kind == "shown":
        taken = {touch.item: touch.last for touch in state.recent}
        for item in {product.item for product in signal.products}:
            if taken.get(item, 0.0) < signal.at:  # events may overtake one another
                state.shown[item] = _both(state.shown[item], signal.at) if item in state.shown else signal.at
        state.shown = bounded(state.shown)
    elif signal.kind in TAKEN_UP:
        for product in signal.products:
            state.shown.pop(product.item, None)


def joined(ours: Mapping[str, float], theirs: Mapping[str, float], taken: Mapping[str, float]) -> dict[str, float]:
    """Both records as one. `taken`: item -> when either took it up last; what weighs no more than an impression then is over."""
    both = {**ours, **theirs, **{item: _both(ours[item], theirs[item]) for item in ours.keys() & theirs.keys()}}
    return bounded({item: weight for item, weight in both.items() if taken.get(item, 0.0) < weight})


def bounded(shown: dict[str, float]) -> dict[str, float]:
    """Those that weigh most, at most SHOWN."""
    if len(shown) <= SHOWN:
        return shown
    return dict(sorted(shown.items(), key=lambda pair: (-pair[1], pair[0]))[:SHOWN])


def fatigue(state: State, now: float) -> dict[str, float]:
    """Item -> 1 − 2^(−n / TIRED), n being its decayed count of impressions in vain: 0 for none, a half for TIRED, towards 1.

    The exponential form of impression discounting (Lee, Lakshmanan, Tiwari and Shah, 2014, Modeling impression discounting in
    large-scale recommender systems): interest falls by the same share with every further impression, and comes back with time.
    """
    counts = {item: 2.0 ** ((weight - now) / HALF_LIFE) for item, weight in state.shown.items()}
    return {item: 1.0 - 2.0 ** (-count / TIRED) for item, count in counts.items() if count >= LEAST}


def _both(one: float, other: float) -> float:
    """HALF_LIFE · log2(2^(one / HALF_LIFE) + 2^(other / HALF_LIFE)), without the large numbers."""
    return max(one, other) + HALF_LIFE * math.log2(1.0 + 2.0 ** (-abs(one - other) / HALF_LIFE))
