"""What to show a shopper: several sources score all items, a blend of them ranks. Runs when the shopper acts.

Sources: items seen together with what was lately looked at; items bought together with what was bought; taste as a whole by ALS;
what is popular; categories liked; and, for items bought before, the wish to buy them again.
"""

from typing import NamedTuple

import numpy as np

from shared.models.bundle import Bundle, Floats, Ints
from shared.profiles.state import Candidate, Purchase, State, Touch
from shared.recommend import reasons

TOUCHES = 20
PURCHASED = 60
SOURCES = ("similar", "together", "factors", "popularity", "category")
WORDS = (reasons.SIMILAR, reasons.TOGETHER, reasons.FOR_YOU, reasons.POPULAR, reasons.FOR_YOU)
DAY = 86400.0


class Basis(NamedTuple):
    """What the sources start from: item positions and weights (equal lengths)."""

    seen: Ints
    seen_weights: Floats
    bought: Ints
    bought_weights: Floats
    everything: Ints
    strengths: Floats


class Scores(NamedTuple):
    """`sources` is (len(SOURCES), n), each row scaled to a maximum of 1; `own` (n,) is the wish to buy again."""

    sources: Floats
    own: Floats
    purchased: Ints
    basis: Basis


def rank(state: State, bundle: Bundle, now: float, limit: int = 100) -> tuple[list[Candidate], list[Candidate]]:
    """The best `limit` items never bought, and the bought ones worth buying again; scores of both compare.

    `now` in epoch seconds. Deterministic: ties go to the item id that sorts first.
    """
    if not bundle.size:
        return [], []
    scores = score(state, bundle, now)
    blended = blend(scores, bundle.settings)
    purchased = np.zeros(bundle.size, dtype=bool)
    purchased[scores.purchased] = True
    fresh = _best(np.where(purchased, -1.0, blended), limit)
    again = _best(np.where(purchased, blended + bundle.settings["own"] * scores.own, -1.0), limit)
    return (
        _explained(fresh, blended, scores, bundle),
        [
            Candidate(
                str(bundle.item_ids[i]),
                _rounded(blended[i] + bundle.settings["own"] * scores.own[i]),
                reasons.AGAIN,
                str(bundle.item_ids[i]),
            )
            for i in again
        ],
    )


def score(state: State, bundle: Bundle, now: float) -> Scores:
    purchases = state.purchases
    purchased = bundle.indices([p.item for p in purchases])
    basis = _basis(state, bundle, now)
    own = np.zeros(bundle.size, np.float32)
    known = purchased >= 0
    own[purchased[known]] = _wish(purchases, bundle.settings["own_days"], now)[known]
    sources = np.stack(
        [
            _neighbours(bundle.similar_items, bundle.similar_scores, basis.seen, basis.seen_weights),
            _neighbours(bundle.together_items, bundle.together_scores, basis.bought, basis.bought_weights),
            _folded_in(bundle, basis.everything, basis.strengths),
            _scaled(bundle.popularity),
            _liked(state, bundle),
        ]
    )
    return Scores(sources, _scaled(own), purchased[known], basis)


def blend(scores: Scores, settings: dict[str, float]) -> Floats:
    weights = np.array([settings[name] for name in SOURCES], np.float32)
    total: Floats = weights @ scores.sources
    return total


def strength(touch: Touch) -> float:
    """How much a shopper's dealing with an item says: looked at < looked at long < put in the cart."""
    long_look = min(touch.dwell / 60.0, 1.0) * (0.5 + 0.5 * touch.scroll)
    return float(np.log1p(touch.views) + long_look + 0.5 * touch.clicks + 2.0 * min(touch.carts, 2))


def _basis(state: State, bundle: Bundle, now: float) -> Basis:
    settings = bundle.settings
    touches = [t for t in reversed(state.recent) if strength(t) > 0][:TOUCHES]
    purchases = list(reversed(state.purchases))[:PURCHASED]
    touch_weights = [settings["step_decay"] ** step * strength(t) for step, t in enumerate(touches)]
    purchase_weights = [_fade(p.last, now, settings["purchase_days"]) * np.log1p(p.orders) for p in purchases]
    if not touches:  # a shop that tells us orders only: what was bought is what was looked at
        touches_ids, touch_weights = [p.item for p in purchases], purchase_weights
    else:
        touches_ids = [t.item for t in touches]
    seen, seen_weights = _known(bundle, touches_ids, touch_weights)
    in_cart = list(state.cart)
    bought, bought_weights = _known(
        bundle, [p.item for p in purchases] + in_cart, purchase_weights + [2.0] * len(in_cart)
    )
    both = {t.item: strength(t) for t in touches if t.item}
    for purchase in purchases:
        both[purchase.item] = both.get(purchase.item, 0.0) + 3.0 * float(np.log1p(purchase.orders))
    everything, strengths = _known(bundle, list(both), list(both.values()))
    return Basis(seen, seen_weights, bought, bought_weights, everything, strengths)


def _fade(at: float, now: float, half_life_days: float) -> float:
    return float(0.5 ** (max(now - at, 0.0) / (half_life_days * DAY)))


def _known(bundle: Bundle, ids: list[str], weights: list[float]) -> tuple[Ints, Floats]:
    places = bundle.indices(ids)
    return places[places >= 0], np.array(weights, np.float32)[places >= 0]


def _neighbours(items: Ints, values: Floats, rows: Ints, weights: Floats) -> Floats:
    """Σ over rows of weight × similarity, for every item."""
    size = len(items)
    if not len(rows):
        return np.zeros(size, np.float32)
    to = items[rows].ravel()
    amounts = (values[rows] * weights[:, None]).ravel()
    # padding points to −1, which is counted into a place of its own and cut off
    return _scaled(np.bincount(to + 1, amounts, size + 1)[1:].astype(np.float32))


def _folded_in(bundle: Bundle, items: Ints, strengths: Floats) -> Floats:
    """ALS for a shopper the model has not seen (Hu, Koren, Volinsky 2008): x = (YᵀY + Yᵀ(C−I)Y + λI)⁻¹ YᵀC p, then Y x."""
    factors = bundle.item_factors.shape[1]
    if not len(items) or not factors:
        return np.zeros(bundle.size, np.float32)
    mine = bundle.item_factors[items]
    confidence = bundle.settings["alpha"] * strengths
    left = (
        bundle.gram
        + mine.T @ (mine * confidence[:, None])
        + bundle.settings["regularization"] * np.eye(factors, dtype=np.float32)
    )
    shopper = np.linalg.solve(left, mine.T @ (1.0 + confidence))
    return _scaled(np.maximum(bundle.item_factors @ shopper.astype(np.float32), 0.0))


def _liked(state: State, bundle: Bundle) -> Floats:
    liked = np.zeros(bundle.size, np.float32)
    for category, weight in state.categories.items():
        if category and weight > 0:
            liked[bundle.categories == category] = weight
    return _scaled(liked)


def _wish(purchases: list[Purchase], half_life_days: float, now: float) -> Floats:
    return np.array([np.log1p(p.orders) * _fade(p.last, now, half_life_days) for p in purchases], np.float32)


def _scaled(values: Floats) -> Floats:
    top = values.max() if len(values) else 0.0
    return (values / top if top > 0 else values).astype(np.float32)


def _best(values: Floats, limit: int) -> Ints:
    """Positions of the best positive values, best first."""
    limit = min(limit, len(values))
    floor = np.partition(values, len(values) - limit)[len(values) - limit]
    chosen = np.flatnonzero((values >= floor) & (values > 0))
    order = np.lexsort((chosen, -values[chosen]))
    return chosen[order][:limit].astype(np.int32)


def _explained(chosen: Ints, blended: Floats, scores: Scores, bundle: Bundle) -> list[Candidate]:
    weights = np.array([bundle.settings[name] for name in SOURCES], np.float32)
    leading = (scores.sources[:, chosen] * weights[:, None]).argmax(axis=0) if len(chosen) else []
    causes = {
        0: _causes(chosen, bundle.similar_items, bundle.similar_scores, scores.basis.seen, scores.basis.seen_weights),
        1: _causes(
            chosen, bundle.together_items, bundle.together_scores, scores.basis.bought, scores.basis.bought_weights
        ),
    }
    found = []
    for place, (item, source) in enumerate(zip(chosen, leading, strict=True)):
        cause = causes[int(source)][place] if int(source) in causes else -1
        because = str(bundle.item_ids[cause]) if cause >= 0 else ""
        found.append(Candidate(str(bundle.item_ids[item]), _rounded(blended[item]), WORDS[int(source)], because))
    return found


def _causes(chosen: Ints, items: Ints, values: Floats, rows: Ints, weights: Floats) -> Ints:
    """For each chosen item the row that contributed most to it, −1 when none did."""
    if not len(rows) or not len(chosen):
        return np.full(len(chosen), -1, np.int32)
    place = np.full(len(items) + 1, -1, np.int32)
    place[chosen] = np.arange(len(chosen))
    columns = place[items[rows]]  # −1 (padding) reads the last, unused place
    given = np.zeros((len(rows), len(chosen) + 1), np.float32)
    at = np.broadcast_to(np.arange(len(rows))[:, None], columns.shape)
    np.maximum.at(given, (at, columns), values[rows] * weights[:, None])
    given = given[:, :-1]
    return np.where(given.max(axis=0) > 0, rows[given.argmax(axis=0)], -1).astype(np.int32)


def _rounded(value: np.float32) -> float:
    return round(float(value), 5)
