"""A time split, and models measured on it as they would have been served.

The state of each shopper is folded from the train part by the code that folds live events, and ranked by the code that ranks live.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from shared.distinct import distinct
from shared.evaluation.metrics import interval, ndcg, recall, reciprocal_rank, worth_ndcg
from shared.events.products import Product
from shared.models.bundle import Bundle
from shared.models.interactions import CART, DAY, ENGAGED, KINDS, ORDER, Interactions
from shared.profiles.fold import fold
from shared.profiles.signals import Signal
from shared.profiles.state import State

if TYPE_CHECKING:
    from shared.models.objective import Aim

K = 20
MOST_SHOPPERS = 1000
UNKNOWN = ("", "", math.nan)
Facts = dict[str, tuple[str, str, float]]  # item id -> top category, brand, price
Ranked = Callable[[State], tuple[list[str], list[str]]]  # state -> (lists with repeats, new only), best first


@dataclass(frozen=True)
class Case:
    """One shopper of the test part: what was known before, and what came."""

    shopper: int
    state: State
    bought: frozenset[str]  # before the split
    right: frozenset[str]  # what the shopper went on to buy (or to look at, in a shop without orders)
    worth: Mapping[str, Mapping[str, float]] = field(
        default_factory=dict
    )  # objective of money -> what came of each right item


@dataclass
class Result:
    """Metric -> mean over shoppers, with the values behind it."""

    values: dict[str, list[float]] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)

    def add(
        self, mode: str, ranked: list[str], right: frozenset[str], worth: Mapping[str, Mapping[str, float]]
    ) -> None:
        top = ranked[:K]
        for objective, values in worth.items():
            own = {item: value for item, value in values.items() if item in right}
            self.values.setdefault(f"{objective} ndcg@{K} {mode}", []).append(worth_ndcg(top, own))
        for name, metric in (("recall", recall), ("ndcg", ndcg), ("mrr", reciprocal_rank)):
            self.values.setdefault(f"{name}@{K} {mode}", []).append(metric(top, right))
        self.shown.update(top)

    def means(self) -> dict[str, float]:
        return {name: float(np.mean(values)) for name, values in self.values.items()}

    def summary(self, items: int) -> dict[str, Any]:
        bounds = {name: interval(values) for name, values in self.values.items()}
        return {"means": self.means(), "intervals": bounds, "coverage": len(self.shown) / max(items, 1)}


def split_at(data: Interactions, share: float = 0.2, longest: float = 30 * DAY) -> float:
    """Where the test part begins: the last `share` of the time, at most `longest` seconds."""
    first, last = float(data.at.min()), float(data.at.max())
    return last - min((last - first) * share, longest)


def cases(
    data: Interactions,
    moment: float,
    until: float = float("inf"),
    facts: Facts | None = None,
    aim: "Aim | None" = None,
) -> list[Case]:
    """Shoppers known before `moment` who came back after it; a seeded sample of MOST_SHOPPERS. `facts` are folded in as events carry them.

    Right is what `aim` counts as such; without one orders where there are a hundred, else all that was dealt with.
    """
    train, test = data.before(moment), data.where((data.at >= moment) & (data.at < until))
    truth = _truth(test, aim)
    back = np.intersect1d(distinct(truth.shopper), distinct(train.shopper))
    if len(back) > MOST_SHOPPERS:
        back = np.sort(np.random.default_rng(1).choice(back, MOST_SHOPPERS, replace=False))
    known, came = _by_shopper(train, back), _by_shopper(truth, back)
    return [
        Case(
            shopper=int(shopper),
            state=folded(train, known[shopper], facts or {}),
            bought=frozenset(_ids(train, [row for row in known[shopper] if train.kind[row] == ORDER])),
            right=frozenset(_ids(truth, came[shopper])),
            worth=_worth(truth, came[shopper], aim),
        )
        for shopper in back
    ]


def _truth(test: Interactions, aim: "Aim | None") -> Interactions:
    if aim is not None:
        return test.where(np.isin(test.kind, aim.kinds()))
    orders = test.where(test.kind == ORDER)
    return orders if len(orders) >= 100 else test


def _worth(truth: Interactions, rows: Sequence[int], aim: "Aim | None") -> dict[str, dict[str, float]]:
    if aim is None or not aim.of_money:
        return {}
    found: dict[str, float] = {}
    for item, row in zip(_ids(truth, rows), rows, strict=True):
        found[item] = found.get(item, 0.0) + max(aim.worth(item, float(truth.quantity[row])), 0.0)
    return {aim.objective: found}


def measure(ranked: Ranked, shoppers: Iterable[Case]) -> Result:
    """Every metric for every shopper, `with repeats` and `new only`; who found nothing new counts in the first only."""
    result = Result()
    for case in shoppers:
        repeats, fresh = ranked(case.state)
        result.add("with repeats", repeats, case.right, case.worth)
        new = case.right - case.bought
        if new:
            result.add("new only", fresh, new, case.worth)
    return result


def _by_shopper(data: Interactions, wanted: Any) -> dict[int, list[int]]:
    rows: dict[int, list[int]] = {int(shopper): [] for shopper in wanted}
    for row in np.flatnonzero(np.isin(data.shopper, wanted)):
        rows[int(data.shopper[row])].append(int(row))
    return rows


def _ids(data: Interactions, rows: Sequence[int]) -> list[str]:
    return [str(data.items[data.item[row]]) for row in rows]


def folded(data: Interactions, rows: Sequence[int], facts: Facts) -> State:
    """What the live fold would know after these rows, in order of time."""
    state = State()
    for signal in signals(data, rows, facts):
        fold(state, signal)
    return state


def signals(data: Interactions, rows: Sequence[int], facts: Facts) -> Iterator[Signal]:
    """Rows of one shopper as the events they came from. Rows of one basket are one order, as they were one event."""
    groups: dict[tuple[int, float, int], list[int]] = {}
    for row in rows:
        kind = int(data.kind[row])
        own = int(data.basket[row]) if kind == ORDER else -1 - row
        groups.setdefault((kind, float(data.at[row]), own), []).append(row)
    country = str(data.countries[data.shopper[rows[0]]]) if len(data.countries) and len(rows) else ""
    traits = {"country": country} if country else {}
    for (kind, at, _), members in groups.items():
        products = [
            _product(item, facts.get(item, UNKNOWN), float(data.quantity[row]))
            for row, item in zip(members, _ids(data, members), strict=True)
        ]
        name: Any = {ENGAGED: "engaged", CART: "cart", ORDER: "order"}.get(kind, KINDS[kind])
        yield Signal(name, at, products, 30.0 if kind == ENGAGED else 0.0, 0.0, 0.0, traits)


def _product(item: str, fact: tuple[str, str, float], quantity: float) -> Product:
    category, brand, price = fact
    return Product(item, category, brand, price if price > 0 else math.nan, quantity)


def popular_first(bundle: Bundle) -> Ranked:
    """The baseline every model must beat: the same popular items for all."""
    order = [str(bundle.item_ids[i]) for i in np.argsort(-bundle.popularity, kind="stable")]

    def ranked(state: State) -> tuple[list[str], list[str]]:
        bought = {p.item for p in state.purchases}
        head = order[: K + len(bought)]
        return head[:K], [item for item in head if item not in bought][:K]

    return ranked
