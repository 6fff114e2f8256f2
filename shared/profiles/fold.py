"""state = fold(state, signal): how one event changes what is known about a shopper."""

import math

from shared.events.products import Product
from shared.profiles import orders
from shared.profiles.fatigue import note
from shared.profiles.signals import Signal
from shared.profiles.state import AFFINITIES, RECENT_ITEMS, Session, State, Touch

SESSION_GAP = 30 * 60.0
AFFINITY_HALF_LIFE = 14 * 86400.0
WEIGHTS = {
    "view": 1.0,
    "cart": 3.0,
    "order": 5.0,
    "click": 0.5,
    "engaged": 0.0,
    "uncart": -1.0,
    "refund": -5.0,
    "shown": 0.0,
}
TOUCHES_CART = frozenset({"cart", "uncart", "order"})


def fold(state: State, signal: Signal) -> None:
    """Change `state` by one event. Late events count where they belong in time as far as the state still knows."""
    _continue_session(state, signal)
    state.totals.events += 1
    state.traits = {**state.traits, **signal.traits}
    if signal.kind == "order":
        orders.bought(state, signal)
    elif signal.kind == "refund":
        orders.refunded(state, signal)
    elif signal.kind not in ("other", "shown"):
        for product in signal.products:
            _touch(state, signal, product)
    if signal.kind in TOUCHES_CART:
        state.carted_at = max(state.carted_at, signal.at)
    note(state, signal)
    for product in signal.products:
        _prefer(state, signal, product)


def _continue_session(state: State, signal: Signal) -> None:
    session = state.session
    state.totals.first = min(state.totals.first or signal.at, signal.at)
    if not session.number or signal.at - session.last > SESSION_GAP:
        session = state.session = Session(number=session.number + 1, started=signal.at, last=signal.at)
    session.last = max(session.last, signal.at)
    session.events += 1


def _touch(state: State, signal: Signal, product: Product) -> None:
    touch = next((t for t in state.recent if t.item == product.item), None)
    if touch is None:
        touch = Touch(item=product.item, last=signal.at)
        state.recent.append(touch)
    touch.session = state.session.number
    if signal.kind == "view":
        touch.views += 1
        state.session.views += 1
        state.totals.views += 1
    elif signal.kind == "cart":
        touch.carts += 1
        state.totals.carts += 1
        state.cart[product.item] = state.cart.get(product.item, 0.0) + product.quantity
    elif signal.kind == "uncart":
        _uncart(state, product)
    elif signal.kind == "click":
        touch.clicks += 1
    else:
        touch.dwell += signal.dwell
        touch.scroll = max(touch.scroll, signal.scroll)
    touch.last = max(touch.last, signal.at)
    state.recent.sort(key=lambda t: t.last)
    del state.recent[:-RECENT_ITEMS]


def _uncart(state: State, product: Product) -> None:
    left = state.cart.get(product.item, 0.0) - product.quantity
    if left > 0:
        state.cart[product.item] = left
    else:
        state.cart.pop(product.item, None)


def _prefer(state: State, signal: Signal, product: Product) -> None:
    """Affinities are sums of weights halved every AFFINITY_HALF_LIFE, all kept as of `decayed_at`."""
    weight = WEIGHTS[signal.kind]
    if not weight:
        return
    if signal.at > state.decayed_at:
        decay(state, signal.at)
    weight *= 0.5 ** ((state.decayed_at - signal.at) / AFFINITY_HALF_LIFE)
    _add(state.categories, product.category, weight)
    _add(state.brands, product.brand, weight)
    if weight > 0 and not math.isnan(product.price):
        state.price_weight += weight
        state.price_log_mean += (math.log(product.price) - state.price_log_mean) * weight / state.price_weight


def decay(state: State, at: float) -> None:
    """Bring the affinities forward to `at`, which must not lie before `decayed_at`."""
    factor = 0.5 ** ((at - state.decayed_at) / AFFINITY_HALF_LIFE) if state.decayed_at else 1.0
    if factor < 1.0:
        for values in (state.categories, state.brands):
            for name in values:
                values[name] *= factor
        state.price_weight *= factor
    state.decayed_at = at


def _add(values: dict[str, float], name: str, weight: float) -> None:
    if not name:
        return
    values[name] = max(values.get(name, 0.0) + weight, 0.0)
    if len(values) > AFFINITIES:
        del values[min(values, key=lambda key: (values[key], key))]
