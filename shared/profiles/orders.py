"""What orders and what is given back of them change. Of the latest ones, one given back whole counts no more."""

from hashlib import blake2b

from shared.profiles.signals import Signal
from shared.profiles.state import ORDERS, PURCHASES, Order, Purchase, State

CENT = 0.005  # sums of money that differ by less are the same


def bought(state: State, signal: Signal) -> None:
    state.totals.orders += 1
    state.totals.revenue += signal.revenue
    quantities = _quantities(signal)
    known = {p.item: p for p in state.purchases}
    for item, quantity in quantities.items():
        state.cart.pop(item, None)
        purchase = known.get(item)
        if purchase is None:
            purchase = Purchase(item=item, last=signal.at, first=signal.at)
            state.purchases.append(purchase)
        purchase.orders += 1
        purchase.quantity += quantity
        purchase.last = max(purchase.last, signal.at)
        purchase.first = min(purchase.first, signal.at)
    state.purchases.sort(key=lambda p: p.last)
    del state.purchases[:-PURCHASES]
    if signal.order:
        state.orders.append(Order(_number(signal.order), signal.at, signal.revenue, quantities))
        state.orders.sort(key=lambda order: order.at)
        del state.orders[:-ORDERS]


def refunded(state: State, signal: Signal) -> None:
    """A refund takes back the quantities it names; one that names none, and no less money than the order has left, all of it. An item
    with nothing left was not bought, an order with nothing left was not made. Of orders not known any more, only the products named
    are taken back."""
    state.totals.refunds += 1
    back, money = _quantities(signal), abs(signal.revenue)
    order = (
        next((o for o in reversed(state.orders) if o.number == _number(signal.order)), None) if signal.order else None
    )
    if order:
        if not back and not 0 < money < order.revenue - CENT:
            back = dict(order.items)
        money = _given_back(state, order, back, money)
    state.totals.revenue -= money
    for purchase in state.purchases:
        if purchase.item in back:
            purchase.quantity -= back[purchase.item]
    state.purchases = [p for p in state.purchases if p.item not in back or p.quantity > 0]


def _given_back(state: State, order: Order, back: dict[str, float], money: float) -> float:
    """Take `back` from the order; how much money goes with it: all that is left where the order is, and nobody says how much."""
    named = bool(order.items)
    left = {item: quantity - back.get(item, 0.0) for item, quantity in order.items.items()}
    order.items = {item: quantity for item, quantity in left.items() if quantity > 0}
    whole = not order.items and (named or not 0 < money < order.revenue - CENT)
    money = money or (order.revenue if whole else 0.0)
    order.revenue -= money
    if whole:
        state.orders.remove(order)
        state.totals.orders = max(state.totals.orders - 1, 0)
    return money


def _quantities(signal: Signal) -> dict[str, float]:
    total: dict[str, float] = {}
    for product in signal.products:
        total[product.item] = total.get(product.item, 0.0) + product.quantity
    return total


def _number(order_id: str) -> int:
    return int.from_bytes(blake2b(order_id.encode(), digest_size=8).digest(), "big") >> 1
