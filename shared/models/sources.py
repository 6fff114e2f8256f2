"""What speaks for an item. Each source finds candidates for one shopper; all sources then score all that were found.

Sources: items seen together with what was lately looked at; items that come next in sessions; items bought together with what was
bought; taste as a whole by ALS; what is popular; categories liked; texts alike; what was just seen. For items bought before there is
the wish to buy them again. No source looks at all items of a large bundle: see `HEAD`.
"""

from typing import NamedTuple

import numpy as np

from shared.models.bundle import Bundle, Floats, Ints
from shared.models.shopper import LONG_LOOK, Bought, Shopper, Touched, shopper
from shared.profiles.state import State

SOURCES = ("similar", "next", "together", "factors", "popularity", "category", "content", "seen")
SIMILAR, NEXT, TOGETHER, FACTORS, POPULARITY, CATEGORY, CONTENT, SEEN = range(len(SOURCES))
ENTRIES = 1500  # of a table that one shopper's candidates are gathered from
NARROWEST = 5  # neighbours of each row however many rows
NEXT_STEPS = 8  # items back from which something may come next
FOUND = 100  # best items of ALS and of content
LIKED = 3  # categories whose popular items are candidates


class Basis(NamedTuple):
    """What the tables are read at: item positions and weights (equal lengths), for each of the first three sources."""

    rows: tuple[Ints, Ints, Ints]
    weights: tuple[Floats, Floats, Floats]


class Scores(NamedTuple):
    """`sources` is (len(SOURCES), p) for the p `items` found, each row scaled to a maximum of 1. `purchased` are positions among
    the p of items bought, `own` the wish to buy each of them again, at most 1. `last` is (2, p): how similar each item is to the
    latest one dealt with, and how often it comes next, not scaled."""

    items: Ints
    sources: Floats
    purchased: Ints
    own: Floats
    last: Floats
    basis: Basis
    shopper: Shopper


class _Gathered(NamedTuple):
    ids: Ints
    amounts: Floats
    first: Floats  # the first row's scores as they are
    width: int  # entries of a row


def score(state: State, bundle: Bundle, now: float) -> Scores:
    """Candidates of all sources for the shopper as of `now` (epoch seconds), with every source's score."""
    who = shopper(state, bundle, now)
    basis = _basis(who, bundle.settings)
    tables = [_gather(table, *read) for table, read in zip(_tables(bundle), zip(*basis, strict=True), strict=True)]
    taste, theme, liked = folded_in(bundle, who), _theme(bundle, who), _liked(state, bundle)
    found = [*(table.ids for table in tables), who.touched.items, who.bought.items, bundle.popular]
    found += [*_scanned(bundle, taste, theme), *_popular_of(bundle, liked)]
    items, places = _pool(found)
    sources = np.zeros((len(SOURCES), len(items)), np.float32)
    last, start = np.zeros((2, len(items)), np.float32), 0
    for number, table in enumerate(tables):
        own, start = places[start : start + len(table.ids)], start + len(table.ids)
        sources[number] = _sums(own, table.amounts, len(items))
        if number < len(last):
            last[number] = _sums(own[: table.width], table.first, len(items))
    if len(taste):
        sources[FACTORS] = bundle.item_factors.take(items, axis=0) @ taste  # several times as fast as [items]
    if len(theme):
        sources[CONTENT] = bundle.content.take(items, axis=0) @ theme
    sources[CATEGORY] = liked[bundle.category_codes[1][items]]
    sources[SEEN, np.searchsorted(items, who.touched.items)] = _remembered(who.touched, bundle.settings)
    sources = np.maximum(sources, 0.0)
    sources /= np.maximum(sources.max(axis=1, initial=0.0, keepdims=True), np.float32(1e-9))
    sources[POPULARITY] = bundle.popularity[items]
    purchased = np.searchsorted(items, who.bought.items).astype(np.int32)
    return Scores(items, sources, purchased, _own(who.bought, bundle.settings["own_days"]), last, basis, who)


def _tables(bundle: Bundle) -> tuple[tuple[Ints, Floats], ...]:
    return (
        (bundle.similar_items, bundle.similar_scores),
        (bundle.next_items, bundle.next_scores),
        (bundle.together_items, bundle.together_scores),
    )


def _basis(who: Shopper, settings: dict[str, float]) -> Basis:
    touched, bought = who.touched, who.bought
    purchases = np.log1p(bought.orders) * faded(bought.days, settings["purchase_days"])
    decayed = touched.strength * settings["step_decay"] ** touched.steps
    # in a shop that tells us orders only, what was bought is what was looked at
    seen = (touched.items, decayed) if len(touched.items) else (bought.items, purchases)
    near = seen[0][:NEXT_STEPS]
    steps = settings["next_decay"] ** (touched.steps if len(touched.items) else np.arange(len(near)))[:NEXT_STEPS]
    basket = np.concatenate([who.cart, bought.items])
    weights = np.concatenate([np.full(len(who.cart), 2.0, np.float32), purchases])
    return Basis((seen[0], near, basket), (seen[1], steps.astype(np.float32), weights))


def _gather(table: tuple[Ints, Floats], rows: Ints, weights: Floats) -> _Gathered:
    """Entries of the rows with their weighted scores; the more rows, the fewer of each. Tables are (n, K), padded with −1."""
    items, values = table
    if not len(rows) or not len(items):
        return _Gathered(np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.float32), 0)
    width = min(max(ENTRIES // len(rows), NARROWEST), items.shape[1])
    amounts = values[rows, :width]
    return _Gathered(items[rows, :width].ravel(), (amounts * weights[:, None]).ravel(), amounts[0], width)


def _pool(found: list[Ints]) -> tuple[Ints, Ints]:
    """The distinct items of all, sorted, and of each entry its place among them, −1 for padding."""
    items, places = np.unique(np.concatenate(found), return_inverse=True)
    padding = int(len(items) > 0 and items[0] < 0)
    return items[padding:].astype(np.int32), (places - padding).astype(np.int32)


def _sums(places: Ints, amounts: Floats, size: int) -> Floats:
    # padding is counted into a place of its own and cut off
    return np.bincount(places + 1, amounts, size + 1)[1:].astype(np.float32)


def folded_in(bundle: Bundle, who: Shopper) -> Floats:
    """ALS factors of a shopper the model has not seen (Hu, Koren, Volinsky 2008): x = (YᵀY + Yᵀ(C−I)Y + λI)⁻¹ YᵀC p; (0,) without any.

    As in the fit, a confidence below 1 (something long ago) leaves it open whether the item is liked, where 0 would say it is not.
    """
    factors, fade = bundle.item_factors.shape[1], bundle.settings["factors_days"]
    touched, bought = who.touched, who.bought
    items = np.concatenate([bought.items, touched.items])
    if not len(items) or not factors:
        return np.zeros(0, np.float32)
    looks = touched.views + np.minimum(touched.dwell / LONG_LOOK, 1.0) + 3.0 * touched.carts
    confidence = np.concatenate([5.0 * bought.orders * faded(bought.days, fade), looks * faded(touched.age, fade)])
    mine = bundle.item_factors[items]
    known = (bundle.settings["alpha"] * confidence).astype(np.float32)
    left = bundle.gram + (mine.T * (known - 1.0)) @ mine
    left[np.diag_indices(factors)] += bundle.settings["regularization"]
    solved: Floats = np.linalg.solve(left, mine.T @ known).astype(np.float32)
    return solved


def _theme(bundle: Bundle, who: Shopper) -> Floats:
    """What the texts of the items dealt with have in common: a sum of their vectors; (0,) without any."""
    if not bundle.content.size:
        return np.zeros(0, np.float32)
    touched, bought = who.touched, who.bought
    decayed = touched.strength * bundle.settings["step_decay"] ** touched.steps
    items, weights = (touched.items, decayed) if len(touched.items) else (bought.items, np.log1p(bought.orders))
    total: Floats = weights.astype(np.float32) @ bundle.content[items]
    return total


def _scanned(bundle: Bundle, taste: Floats, theme: Floats) -> list[Ints]:
    """The FOUND best items of the head by ALS, and by content."""
    if not len(taste) and not len(theme):
        return []
    order, factors, content = bundle.head
    found = [values for values in (factors @ taste if len(taste) else None, content @ theme if len(theme) else None)]
    return [order[_largest(values, FOUND)] for values in found if values is not None]


def _largest(values: Floats, most: int) -> Ints:
    if len(values) <= most:
        return np.arange(len(values), dtype=np.int32)
    return np.argpartition(values, len(values) - most)[len(values) - most :].astype(np.int32)


def _liked(state: State, bundle: Bundle) -> Floats:
    """The shopper's affinity for each category."""
    names, _ = bundle.category_codes
    return np.array([state.categories.get(name, 0.0) if name else 0.0 for name in names], np.float32)


def _popular_of(bundle: Bundle, liked: Floats) -> list[Ints]:
    best = [int(code) for code in np.argsort(-liked, kind="stable")[:LIKED] if liked[code] > 0]
    return [bundle.popular_of[code] for code in best]


def _remembered(touched: Touched, settings: dict[str, float]) -> Floats:
    weights: Floats = (touched.strength * settings["seen_decay"] ** touched.steps).astype(np.float32)
    return weights


def _own(bought: Bought, days: float) -> Floats:
    wish = (np.log1p(bought.orders) * faded(bought.days, days)).astype(np.float32)
    top = wish.max(initial=0.0)
    return wish / top if top > 0 else wish


def faded(days: Floats, half_life: float) -> Floats:
    left: Floats = np.exp2(-days / np.float32(half_life))
    return left
