"""Bundles: what was bought together with an item that the shopper deals with now, sold as one.

A bundle can be had when all of its items can, as often as the scarcest of them, for the sum of their prices. Of several the one goes first
that is bought together most, more so the more of its price the shop keeps.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared.catalog.model import Item, Price, on_sale
from shared.merchandising.places import group
from shared.recommend.picks import Reads, dealt_with
from shared.recommend.request import Request

PARTNERS = 5  # looked at of each item's list
MOST_ITEMS = 3
NEARLY = 0.5  # a third item is bought with the first at least so often, of how often the second is
HELD = frozenset({"", "on_page", "in_cart"})  # the item a bundle starts from may be before the shopper's eyes


class Bundle(NamedTuple):
    """`items`, the one that the shopper deals with first. `price` is missing where one of theirs is; `stock` where nobody counts."""

    items: tuple[Item, ...]
    value: float
    price: Price | None
    stock: int | None


Refusal = Callable[[str], str]  # item id -> which hard constraint keeps it away, "" none


def wanted(request: Request, reads: Reads) -> list[str]:
    """Ids of items to be read for `bundles`."""
    if not request.spec.bundles:
        return []
    seeds = dealt_with(request, reads.state, reads.contextual)
    return [name for seed in seeds for name in (seed, *(item for item, _ in _list(reads, seed)))]


def bundles(request: Request, reads: Reads, items: Mapping[str, Item], refusal: Refusal, now: float) -> list[Bundle]:
    """At most as many as the placement wants, one for each item dealt with, no item in two of them."""
    if not request.spec.bundles:
        return []
    seeds = [seed for seed in reversed(dealt_with(request, reads.state, reads.contextual)) if refusal(seed) in HELD]
    made = [found for seed in seeds if seed in items and (found := _from(items[seed], reads, items, refusal, now))]
    taken: set[str] = set()
    chosen: list[Bundle] = []
    for one in sorted(made, key=lambda bundle: -bundle.value):
        groups = {group(item) for item in one.items}
        if len(chosen) < request.spec.bundles and not groups & taken:
            chosen.append(one)
            taken |= groups
    return chosen


def _from(seed: Item, reads: Reads, items: Mapping[str, Item], refusal: Refusal, now: float) -> Bundle | None:
    chosen, strength = [seed], 0.0
    for name, score in _list(reads, seed.id):
        item = items.get(name)
        if item is None or refusal(name) or group(item) in map(group, chosen):
            continue
        if strength and score < NEARLY * strength:
            break
        strength = strength or score
        chosen.append(item)
        if len(chosen) == MOST_ITEMS:
            break
    if len(chosen) == 1:
        return None
    price = joint_price(chosen, now)
    margin = sum(item.margin or 0.0 for item in chosen)
    kept = min(max(margin / price.amount, 0.0), 1.0) if price and price.amount > 0 else 0.0
    return Bundle(tuple(chosen), strength * (1.0 + kept), price, joint_stock(chosen))


def joint_price(items: list[Item], now: float) -> Price | None:
    """The sum; None when a price is missing or they are of different currencies."""
    prices = [item.sale_price if on_sale(item, now) else item.price for item in items]
    known = [price for price in prices if price]
    if len(known) < len(items) or len({price.currency for price in known}) > 1:
        return None
    return Price(round(sum(price.amount for price in known), 2), known[0].currency)


def joint_stock(items: list[Item]) -> int | None:
    counted = [item.stock for item in items if item.stock is not None]
    return min(counted, default=None)


def _list(reads: Reads, item: str) -> list[tuple[str, float]]:
    return reads.lists.get(f"together#{item}", [])[:PARTNERS]
