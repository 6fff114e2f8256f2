"""What the ranker knows of each candidate: one definition, for training and for serving."""

from typing import Any, NamedTuple

import numpy as np

from shared.models.bundle import Bundle, Floats, Ints
from shared.models.shopper import DAY
from shared.models.sources import FACTORS, NEXT, SIMILAR, SOURCES, Scores
from shared.profiles.state import State

NEVER = 99.0  # steps, or days, when there were none
DEVICES = {"mobile": 1.0, "tablet": 2.0, "desktop": 3.0}
RANKED = (SIMILAR, NEXT, FACTORS)  # sources whose ranks are told beside their scores
NAMES = (
    *(f"source_{name}" for name in SOURCES),
    *(f"rank_{SOURCES[number]}" for number in RANKED),
    "own", "blend", "similar_last", "next_last",
    "steps", "views", "carts", "dwell", "age", "current", "in_cart",
    "orders", "days", "due",
    "category_last", "brand_affinity", "price_ratio", "price_last",
    "support", "trend", "item_age", "returns", "conversion", "worth",
    "session_views", "session_events", "events", "touched", "bought", "last_support", "last_views", "last_returns", "hour", "device",
)  # fmt: skip
# Features of which more can only speak for an item; the ranker may not learn otherwise.
INCREASING = frozenset({"source_similar", "source_next", "source_factors", "similar_last", "next_last"})


class Asked(NamedTuple):
    """Whom candidates are ordered for, and when (epoch seconds)."""

    state: State
    now: float


def features(scores: Scores, blended: Floats, chosen: Ints, asked: Asked, bundle: Bundle) -> Floats:
    """(len(chosen), len(NAMES)) of the candidates at the positions `chosen` of `scores`; finite.

    `blended` are the blend's scores of all candidates.
    """
    state, now = asked
    items, sources = scores.items[chosen], scores.sources[:, chosen]
    wish = np.zeros(len(scores.items), np.float32)
    wish[scores.purchased] = scores.own
    ranks = [_ranks(sources[number]) for number in RANKED]
    columns = [*sources, *ranks, wish[chosen], blended[chosen], *scores.last[:, chosen]]
    columns += [*_dealings(scores, chosen), *_purchases(scores, chosen, bundle), *_kinds(scores, items, state, bundle)]
    columns += [*_counted(items, bundle, now)]
    table = np.empty((len(chosen), len(NAMES)), np.float32)
    for number, column in enumerate(columns):
        table[:, number] = column
    table[:, len(columns) :] = _situation(scores, state, bundle, now)
    return table


def _ranks(values: Floats) -> Any:
    """0 the best, len(values) for those the source says nothing of."""
    ranks = np.empty(len(values), np.float32)
    ranks[np.argsort(-values, kind="stable")] = np.arange(len(values))
    return np.where(values > 0, ranks, len(values))


def _spread(scores: Scores, chosen: Ints, items: Ints, values: Any, default: float) -> Any:
    """`values` of some `items` as a column over the chosen candidates."""
    whole = np.full(len(scores.items), default, np.float32)
    whole[np.searchsorted(scores.items, items)] = values
    return whole[chosen]


def _dealings(scores: Scores, chosen: Ints) -> list[Any]:
    touched, cart = scores.shopper.touched, scores.shopper.cart
    rows = {"steps": NEVER, "views": 0.0, "carts": 0.0, "dwell": 0.0, "age": NEVER, "current": 0.0}
    columns = [_spread(scores, chosen, touched.items, getattr(touched, name), none) for name, none in rows.items()]
    return [*columns, np.isin(scores.items[chosen], cart)]


def _purchases(scores: Scores, chosen: Ints, bundle: Bundle) -> list[Any]:
    """`due` is the days since the last order as a share of what usually lies between two: of the shopper's own, else of all shoppers'."""
    bought = scores.shopper.bought
    usual = bundle.fact("interval")[bought.items]
    mine = np.where(bought.orders > 1, bought.span / np.maximum(bought.orders - 1, 1), usual)
    due = np.where(mine > 0, bought.days / np.maximum(mine, 0.5), -1.0)
    rows = ((bought.orders, 0.0), (bought.days, NEVER * 10), (np.minimum(due, 20.0), -1.0))
    return [_spread(scores, chosen, bought.items, values, none) for values, none in rows]


def _kinds(scores: Scores, items: Ints, state: State, bundle: Bundle) -> list[Any]:
    categories, latest = bundle.category_codes[1], _latest(scores)
    prices = bundle.log_prices[items]
    same, last = np.zeros(len(items), np.float32), np.nan
    if latest >= 0:
        same = (categories[items] == categories[latest]) & (bundle.categories[latest] != "")
        last = bundle.log_prices[latest]
    names, codes = bundle.brand_codes
    liked = np.array([state.brands.get(name, 0.0) if name else 0.0 for name in names], np.float32)
    mean = state.price_log_mean if state.price_weight else np.nan
    ratios = [np.nan_to_num(prices - level, nan=0.0) for level in (mean, last)]
    return [same, liked[codes[items]], *ratios]


def _counted(items: Ints, bundle: Bundle, now: float) -> list[Any]:
    age = np.minimum(now / DAY - bundle.fact("first_day")[items], 1000.0)
    support, trend, returns, conversion = (
        bundle.fact(name)[items] for name in ("support", "trend", "returns", "conversion")
    )
    worth = bundle.worth[items] if len(bundle.worth) else np.zeros(len(items), np.float32)
    return [support, trend, age, returns, conversion, worth]


def _situation(scores: Scores, state: State, bundle: Bundle, now: float) -> list[float]:
    """The same for all candidates of one shopper."""
    touched, latest = scores.shopper.touched, _latest(scores)
    known = [float(bundle.fact(name)[latest]) if latest >= 0 else 0.0 for name in ("support", "returns")]
    return [
        state.session.views,
        state.session.events,
        float(np.log1p(state.totals.events)),
        len(touched.items),
        len(scores.shopper.bought.items),
        known[0],
        float(touched.views[0]) if len(touched.views) else 0.0,
        known[1],
        now // 3600 % 24,
        DEVICES.get(state.traits.get("device", ""), 0.0),
    ]


def _latest(scores: Scores) -> int:
    """Position in the bundle of the item dealt with last, −1 for none."""
    who = scores.shopper
    first = who.touched.items if len(who.touched.items) else who.bought.items
    return int(first[0]) if len(first) else -1
