"""A shopper's state as arrays over the items a bundle knows: what candidates and features are made from."""

import math
from typing import NamedTuple

import numpy as np

from shared.models.bundle import Bundle, Floats, Ints
from shared.profiles.state import State, Touch

TOUCHES = 20
PURCHASED = 300
LONG_LOOK = 20.0  # seconds
BOUNCE = 3.0  # seconds of visible time, below which a single look was a mistake
DAY = 86400.0


class Touched(NamedTuple):
    """Items dealt with, latest first."""

    items: Ints
    steps: Floats  # how many items ago, 0 the latest
    strength: Floats
    views: Floats
    carts: Floats
    dwell: Floats  # seconds
    age: Floats  # days since
    current: Floats  # 1 when of the present session


class Bought(NamedTuple):
    """Items bought, latest first."""

    items: Ints
    orders: Floats
    days: Floats  # since the last order
    span: Floats  # days from the first order to the last


class Shopper(NamedTuple):
    touched: Touched
    bought: Bought
    cart: Ints


def shopper(state: State, bundle: Bundle, now: float) -> Shopper:
    """`now` in epoch seconds. Items the bundle does not know are left out."""
    touches = state.recent[: -TOUCHES - 1 : -1]
    purchases = state.purchases[: -PURCHASED - 1 : -1]
    places = bundle.indices([t.item for t in touches] + [p.item for p in purchases] + list(state.cart))
    first, second = len(touches), len(touches) + len(purchases)
    return Shopper(
        _touched(touches, places[:first], state.session.number, bundle.settings, now),
        _bought([(p.orders, p.last, p.first) for p in purchases], places[first:second], now),
        places[second:][places[second:] >= 0],
    )


def strength(touch: Touch, settings: dict[str, float]) -> float:
    """How much a dealing with an item says: a look that ended at once < a look < a long look < put in the cart."""
    if touch.views == 1 and 0 < touch.dwell < BOUNCE and not touch.carts:
        return settings["bounce"] * math.log1p(1)
    long_look = min(touch.dwell / 60.0, 1.0) * (0.5 + 0.5 * touch.scroll) * settings["long_look"]
    return math.log1p(touch.views) + long_look + 0.5 * touch.clicks + settings["cart"] * min(touch.carts, 2)


def _touched(touches: list[Touch], places: Ints, session: int, settings: dict[str, float], now: float) -> Touched:
    rows = [
        (step, strength(t, settings), t.views, t.carts, t.dwell, max(now - t.last, 0.0) / DAY, t.session == session)
        for step, t in enumerate(touches)
    ]
    table = np.array(rows, np.float32).reshape(len(touches), 7)
    good = (places >= 0) & (table[:, 1] != 0)
    return Touched(places[good], *table[good].T)


def _bought(rows: list[tuple[int, float, float]], places: Ints, now: float) -> Bought:
    table = np.array(rows, np.float64).reshape(len(rows), 3)[places >= 0]
    orders, last, first = table.T
    columns = (orders, np.maximum(now - last, 0.0) / DAY, np.maximum(last - first, 0.0) / DAY)
    return Bought(places[places >= 0], *(column.astype(np.float32) for column in columns))
