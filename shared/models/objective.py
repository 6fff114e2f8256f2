"""What a model is to bring about, and what a thing that came is worth by it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, get_args

import numpy as np

from shared.errors import InvalidRequest
from shared.models.bundle import Floats
from shared.models.interactions import CART, ENGAGED, ORDER, Interactions
from shared.models.sales import Sales, refunded

if TYPE_CHECKING:
    from shared.evaluation.protocol import Facts

Objective = Literal["click", "cart", "order", "revenue", "margin"]
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
OF_MONEY = ("revenue", "margin")
AUTO = "auto"  # orders where there are enough, else clicks
FEWEST_ORDERS = 100  # below, a shop is taken for one that tells of no orders
FEWEST_RETURNING = 30  # shoppers
LEAST = 0.01  # of the usual value, for the logarithm of an item that brings nothing
NOTHING: Mapping[str, float] = {}


class Aim(NamedTuple):
    """`unit` is what a piece of each item brings, for the objectives of money; an item without one brings 0."""

    objective: Objective
    unit: Mapping[str, float] = NOTHING

    @property
    def of_money(self) -> bool:
        return self.objective in OF_MONEY

    @property
    def metric(self) -> str:
        """The measure of quality that decides: by value for money, else by what came alone."""
        return f"{self.objective} ndcg@20" if self.of_money else "ndcg@20"

    def worth(self, item: str, quantity: float) -> float:
        """An order is an order, however many pieces; money counts by its amount."""
        return quantity * self.unit.get(item, 0.0) if self.of_money else 1.0

    def kinds(self) -> list[int]:
        """The kinds of rows that count as right."""
        if self.objective == "click":
            return [kind for kind in range(4) if kind != ENGAGED]
        return [CART, ORDER] if self.objective == "cart" else [ORDER]


def parse(text: str) -> str:
    """One of OBJECTIVES, or AUTO. Raises InvalidRequest for another word."""
    if text not in (*OBJECTIVES, AUTO):
        raise InvalidRequest(f"must be one of {', '.join((AUTO, *OBJECTIVES))}, not {text!r}", "objective")
    return text


def asked(given: Any, usual: str) -> str:
    """The objective of one run: what its input names, else the usual one. Raises InvalidRequest for a word that is none."""
    named = given.get("objective") if isinstance(given, dict) else None
    return parse(usual if named is None else str(named))


def aim_of(data: Interactions, since: float) -> Aim:
    """Orders where enough shoppers known before `since` (epoch seconds) ordered afterwards; else what is looked at next."""
    orders = data.where((data.at >= since) & (data.kind == ORDER))
    returning = np.intersect1d(orders.shopper, data.shopper[data.at < since])
    return Aim("order" if len(orders) >= FEWEST_ORDERS and len(returning) >= FEWEST_RETURNING else "click")


def aimed(text: str, facts: "Facts", margins: Mapping[str, float], sales: Sales, until: float) -> Aim | None:
    """What the setting asks for, None for AUTO. Refunds count as known at `until` (epoch seconds).

    Revenue is price × quantity. Margin is quantity × margin of a piece × (1 − share of the item's pieces that are taken back).
    Raises InvalidRequest when the catalog has no price, or no margin, to count by.
    """
    objective = parse(text)
    if objective == AUTO:
        return None
    if objective == "revenue":
        unit = {item: price for item, (_, _, price) in facts.items() if price > 0}
    elif objective == "margin":
        back, usual = refunded(sales, until)
        unit = {item: margin * (1.0 - back.get(item, usual)) for item, margin in margins.items()}
    else:
        return Aim(cast("Objective", objective))
    if not unit:
        raise InvalidRequest(f"is {objective}, but no item of the catalog has a {_needed(objective)}", "objective")
    return Aim(cast("Objective", objective), unit)


def _needed(objective: str) -> str:
    return "price" if objective == "revenue" else "margin"


def worth_of(items: Any, aim: Aim | None) -> Floats:
    """(n,) what a piece of each item brings beside the usual one, as a logarithm; 0 where that is unknown or does not count."""
    if aim is None or not aim.of_money:
        return np.zeros(len(items), np.float32)
    units = np.array([aim.unit.get(str(item), np.nan) for item in items], np.float64)
    positive = units[units > 0]
    if not len(positive):
        return np.zeros(len(items), np.float32)
    usual = float(np.median(positive))
    return np.nan_to_num(np.log(np.maximum(units, LEAST * usual) / usual)).astype(np.float32)
