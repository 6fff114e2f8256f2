"""What speaks for an item: each source scores all items of a bundle for one shopper.

Sources: items seen together with what was lately looked at; items bought together with what was bought; taste as a whole by ALS;
what is popular; categories liked. For items bought before there is the wish to buy them again.
"""

from typing import NamedTuple

import numpy as np

from shared.models.bundle import Bundle, Floats, Ints
from shared.profiles.state import State, Touch

SOURCES = ("similar", "together", "factors", "popularity", "category")
TOUCHES = 20
PURCHASED = 300
LONG_LOOK = 20.0  # seconds
DAY = 86400.0


class Basis(NamedTuple):
    """What the sources start from: item positions and weights (equal lengths)."""

    seen: Ints
    seen_weights: Floats
    bought: Ints
    bought_weights: Floats
    everything: Ints
    confidence: Floats


class Scores(NamedTuple):
    """`sources` is (len(SOURCES), n), each row scaled to a maximum of 1. `purchased` are positions of all items bought,
    `own` the wish to buy each of them again, at most 1."""

    sources: Floats
    purchased: Ints
    own: Floats
    basis: Basis


def score(state: State, bundle: Bundle, now: float) -> Scores:
    """All sources for the shopper as of `now` (epoch seconds)."""
    touches = [t for t in reversed(state.recent) if strength(t) > 0][:TOUCHES]
    cart = list(state.cart)
    ids = [p.item for p in reversed(state.purchases)] + [t.item for t in touches] + cart
    places = bundle.indices(ids)
    bought, touched, carted = np.split(places, [len(state.purchases), len(state.purchases) + len(touches)])
    history = _history(state, now)
    basis = _basis(bundle, touches, (bought, touched, carted), history, now)
    sources = np.empty((len(SOURCES), bundle.size), np.float32)
    sources[0] = neighbours(bundle.similar_items, bundle.similar_scores, basis.seen, basis.seen_weights)
    sources[1] = neighbours(bundle.together_items, bundle.together_scores, basis.bought, basis.bought_weights)
    sources[2] = folded_in(bundle, basis.everything, basis.confidence)
    sources[3] = bundle.popularity
    sources[4] = liked(state, bundle)
    known = bought >= 0
    wish = scaled(np.log1p(history.orders) * faded(history.days, bundle.settings["own_days"]))
    return Scores(sources, bought[known], wish[known], basis)


def strength(touch: Touch) -> float:
    """How much a shopper's dealing with an item says: looked at < looked at long < put in the cart."""
    long_look = min(touch.dwell / 60.0, 1.0) * (0.5 + 0.5 * touch.scroll)
    return float(np.log1p(touch.views) + long_look + 0.5 * touch.clicks + 2.0 * min(touch.carts, 2))


class _History(NamedTuple):
    """Purchases, latest first: in how many orders, and days since the last."""

    orders: Floats
    days: Floats


def _history(state: State, now: float) -> _History:
    orders = np.array([p.orders for p in reversed(state.purchases)], np.float32)
    last = np.array([p.last for p in reversed(state.purchases)], np.float64)
    return _History(orders, (np.maximum(now - last, 0.0) / DAY).astype(np.float32))


def _basis(
    bundle: Bundle, touches: list[Touch], places: tuple[Ints, Ints, Ints], history: _History, now: float
) -> Basis:
    bought, touched, carted = (part[:PURCHASED] for part in places)
    orders, days = (part[:PURCHASED] for part in history)
    settings = bundle.settings
    weights = np.log1p(orders) * faded(days, settings["purchase_days"])
    steps = np.array([strength(t) for t in touches], np.float32)
    steps *= settings["step_decay"] ** np.arange(len(touches), dtype=np.float32)
    # in a shop that tells us orders only, what was bought is what was looked at
    seen, seen_weights = (touched, steps) if touches else (bought, weights)
    looks = np.array([t.views + min(t.dwell / LONG_LOOK, 1.0) + 3.0 * t.carts for t in touches], np.float32)
    age = np.array([max(now - t.last, 0.0) / DAY for t in touches], np.float32)
    fade = settings["factors_days"]
    return Basis(
        *_known(seen, seen_weights),
        *_known(np.concatenate([bought, carted]), np.concatenate([weights, np.full(len(carted), 2.0, np.float32)])),
        *_known(
            np.concatenate([bought, touched]),
            np.concatenate([5.0 * orders * faded(days, fade), looks * faded(age, fade)]),
        ),
    )


def faded(days: Floats, half_life: float) -> Floats:
    left: Floats = np.exp2(-days / np.float32(half_life))
    return left


def _known(places: Ints, weights: Floats) -> tuple[Ints, Floats]:
    good = places >= 0
    return places[good], weights[good]


def neighbours(items: Ints, values: Floats, rows: Ints, weights: Floats) -> Floats:
    """Σ over rows of weight × similarity, for every item, the largest scaled to 1. Tables are (n, K), padded with −1."""
    if not len(rows):
        return np.zeros(len(items), np.float32)
    to = items[rows].ravel()
    amounts = (values[rows] * weights[:, None]).ravel()
    # padding points to −1, which is counted into a place of its own and cut off
    return scaled(np.bincount(to + 1, amounts, len(items) + 1)[1:].astype(np.float32))


def folded_in(bundle: Bundle, items: Ints, confidence: Floats) -> Floats:
    """ALS for a shopper the model has not seen (Hu, Koren, Volinsky 2008): x = (YᵀY + Yᵀ(C−I)Y + λI)⁻¹ YᵀC p, then Y x.

    As in the fit, a confidence below 1 (something long ago) leaves it open whether the item is liked, where 0 would say it is not.
    """
    factors = bundle.item_factors.shape[1]
    if not len(items) or not factors:
        return np.zeros(bundle.size, np.float32)
    mine = bundle.item_factors[items]
    known = (bundle.settings["alpha"] * confidence).astype(np.float32)
    left = bundle.gram + (mine.T * (known - 1.0)) @ mine
    left[np.diag_indices(factors)] += bundle.settings["regularization"]
    shopper = np.linalg.solve(left, mine.T @ known).astype(np.float32)
    values = bundle.item_factors @ shopper
    return scaled(np.maximum(values, 0.0, out=values))


def liked(state: State, bundle: Bundle) -> Floats:
    """The shopper's affinity for the category of each item, the best scaled to 1."""
    names, codes = bundle.category_codes
    weights = np.array([state.categories.get(name, 0.0) if name else 0.0 for name in names], np.float32)
    top = weights.max(initial=0.0)
    return np.take(weights / top, codes) if top > 0 else np.zeros(bundle.size, np.float32)


def scaled(values: Floats) -> Floats:
    """`values` (changed in place) with the largest scaled to 1."""
    top = values.max(initial=0.0)
    if top > 0:
        values *= np.float32(1.0) / top
    return values
