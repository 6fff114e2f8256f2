"""Moments of shoppers to learn ranking from and to be judged by: what was known, and what came after.

States are folded by the code that folds live events. Nothing that comes after a moment is in its state.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np

from shared.evaluation.protocol import Facts, signals
from shared.events.products import Product
from shared.models.interactions import CART, ENGAGED, ORDER, Interactions
from shared.profiles.fold import SESSION_GAP, fold
from shared.profiles.state import State, decode, encode

Aim = Literal["click", "cart", "order", "revenue"]
FEWEST_ORDERS = 100  # below, a shop is taken for one that tells of no orders
FEWEST_RETURNING = 30  # shoppers
SEED = 1


class Moment(NamedTuple):
    state: State
    now: float  # epoch seconds
    right: dict[str, float]  # items that came, and what each is worth
    shopper: int


def aim_of(data: Interactions, since: float) -> Aim:
    """Orders where enough shoppers known before `since` ordered afterwards; else what is looked at next."""
    orders = data.where((data.at >= since) & (data.kind == ORDER))
    returning = np.intersect1d(orders.shopper, data.shopper[data.at < since])
    return "order" if len(orders) >= FEWEST_ORDERS and len(returning) >= FEWEST_RETURNING else "click"


def moments(data: Interactions, since: float, facts: Facts, aim: Aim, most: int) -> list[Moment]:
    """About `most` moments at or after `since`, of shoppers drawn by SEED.

    Aiming at clicks each further item a shopper turns to in a session is asked for; else what is bought (or put in the cart) in all the
    time after `since` is asked for once a shopper known before.
    """
    shoppers = _drawn(data, since, aim)
    found: list[Moment] = []
    for number, rows in _rows_of(data, shoppers):
        if len(found) >= most:
            break
        found += _next(data, rows, since, facts, number) if aim == "click" else _later(data, rows, since, facts, aim)
    return found


def _drawn(data: Interactions, since: float, aim: Aim) -> Any:
    later = np.unique(data.shopper[(data.at >= since) & np.isin(data.kind, wanted(aim))])
    if aim != "click":
        later = np.intersect1d(later, data.shopper[data.at < since])
    return np.random.default_rng(SEED).permutation(later)


def wanted(aim: Aim) -> list[int]:
    """The kinds of rows that `aim` counts as right."""
    if aim == "click":
        return [kind for kind in range(4) if kind != ENGAGED]
    return [CART, ORDER] if aim == "cart" else [ORDER]


def _rows_of(data: Interactions, shoppers: Any) -> Iterator[tuple[int, list[int]]]:
    """The rows of each shopper in order of time."""
    place = np.full(len(data.shoppers), -1, np.int32)
    place[shoppers] = np.arange(len(shoppers))
    rows = np.flatnonzero(place[data.shopper] >= 0)
    rows = rows[np.argsort(place[data.shopper[rows]], kind="stable")]
    ends = np.cumsum(np.bincount(place[data.shopper[rows]], minlength=len(shoppers)))
    for number, part in zip(shoppers.tolist(), np.split(rows, ends[:-1]), strict=True):
        yield number, part.tolist()


def _next(data: Interactions, rows: list[int], since: float, facts: Facts, shopper: int) -> Iterator[Moment]:
    state = State()
    for signal in signals(data, rows, facts):
        if signal.at >= since and signal.kind != "engaged" and signal.at - state.session.last <= SESSION_GAP:
            copy = decode(encode(state))
            yield Moment(copy, copy.session.last, {product.item: 1.0 for product in signal.products}, shopper)
        fold(state, signal)


def _later(data: Interactions, rows: list[int], since: float, facts: Facts, aim: Aim) -> Iterator[Moment]:
    state, right = State(), dict[str, float]()
    kinds = {"cart", "order"} if aim == "cart" else {"order"}
    for signal in signals(data, rows, facts):
        if signal.at < since:
            fold(state, signal)
        elif signal.kind in kinds:
            for product in signal.products:
                right[product.item] = right.get(product.item, 0.0) + _worth(product, aim)
    if right:
        yield Moment(state, since, right, int(data.shopper[rows[0]]))


def _worth(product: Product, aim: Aim) -> float:
    """An order is an order, however many pieces; money counts by its amount, 0 with an unknown price."""
    if aim != "revenue":
        return 1.0
    return product.quantity * product.price if product.price > 0 else 0.0
