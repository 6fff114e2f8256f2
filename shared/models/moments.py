"""Moments of shoppers to learn ranking from and to be judged by: what was known, and what came after.

States are folded by the code that folds live events. Nothing that comes after a moment is in its state.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from shared.distinct import distinct
from shared.evaluation.protocol import Facts, signals
from shared.models.interactions import Interactions
from shared.models.objective import Aim
from shared.profiles.fold import SESSION_GAP, fold
from shared.profiles.state import State, decode, encode

SEED = 1
LIGHTEST, HEAVIEST = 0.1, 5.0


class Moment(NamedTuple):
    state: State
    now: float  # epoch seconds
    right: dict[str, float]  # items that came, and what each is worth
    shopper: int
    weight: float = 1.0  # how much it counts beside others
    shown: tuple[str, ...] = ()  # where something was shown, all that can be said is of these items


def moments(data: Interactions, since: float, facts: Facts, aim: Aim, most: int) -> list[Moment]:
    """About `most` moments at or after `since`, of shoppers drawn by SEED.

    Aiming at clicks each further item a shopper turns to in a session is asked for; else what is bought (or put in the cart) in all the
    time after `since` is asked for once a shopper known before.
    """
    shoppers = _drawn(data, since, aim)
    found: list[Moment] = []
    for number, rows in rows_of(data, shoppers):
        if len(found) >= most:
            break
        found += (
            _next(data, rows, since, facts, number)
            if aim.objective == "click"
            else _later(data, rows, since, facts, aim)
        )
    return weighed(found) if aim.of_money else found


def _drawn(data: Interactions, since: float, aim: Aim) -> Any:
    later = distinct(data.shopper[(data.at >= since) & np.isin(data.kind, aim.kinds())])
    if aim.objective != "click":
        later = np.intersect1d(later, data.shopper[data.at < since])
    return np.random.default_rng(SEED).permutation(later)


def rows_of(data: Interactions, shoppers: Any) -> Iterator[tuple[int, list[int]]]:
    """The rows of each shopper in order of time."""
    if not len(shoppers):
        return
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
    """What brings a loss is not right. Who brought nothing by the aim is not asked about."""
    state, right = State(), dict[str, float]()
    kinds = {"cart", "order"} if aim.objective == "cart" else {"order"}
    for signal in signals(data, rows, facts):
        if signal.at < since:
            fold(state, signal)
        elif signal.kind in kinds:
            for product in signal.products:
                before = right.get(product.item, 0.0) if aim.of_money else 0.0
                right[product.item] = before + aim.worth(product.item, product.quantity)
    right = {item: worth for item, worth in right.items() if worth >= 0}
    if any(right.values()):
        yield Moment(state, since, right, int(data.shopper[rows[0]]))


def weighed(found: list[Moment]) -> list[Moment]:
    """Moments as heavy as what they are worth, beside the usual; at most HEAVIEST times, for one customer must not decide for all."""
    worth = np.array([sum(moment.right.values()) for moment in found])
    usual = float(worth.mean()) if len(worth) else 0.0
    if usual <= 0:
        return found
    weights = np.clip(worth / usual, LIGHTEST, HEAVIEST)
    return [moment._replace(weight=float(weight)) for moment, weight in zip(found, weights, strict=True)]
