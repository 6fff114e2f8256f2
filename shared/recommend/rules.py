"""What may never be shown: to this shopper, on this page, under this filter, or at all."""

from collections.abc import Mapping

from shared.catalog.model import Item, on_sale, recommendable
from shared.expressions.facts import ItemFacts
from shared.preferences.wishes import HIDDEN, values
from shared.profiles.state import State
from shared.recommend.constraints import NO_COVERS, Constraints
from shared.recommend.request import Filter, Request

ANYTHING = Filter()


def takes_purchased(request: Request) -> bool:
    asked = request.filter.allow_purchased
    return request.spec.allow_purchased if asked is None else asked


def barred(request: Request, state: State, page: tuple[str, ...]) -> dict[str, str]:
    """Item id -> why it may not be shown to this shopper here. `page` holds what the page shows already."""
    bought = () if takes_purchased(request) else (purchase.item for purchase in state.purchases)
    return {
        **dict.fromkeys(bought, "purchased"),
        **dict.fromkeys((*page, *request.shown), "on_page"),
        **dict.fromkeys(state.cart, "in_cart"),
        **dict.fromkeys(request.cart, "in_cart"),
        **dict.fromkeys(request.exclude, "excluded"),
        **dict.fromkeys(values(state.preferences, "item", HIDDEN), "hidden_item"),
    }


def refusal(item: Item | None, request: Request, constraints: Constraints, now: float) -> str:
    """Why the item cannot be shown, wherever it comes from; "" when it can."""
    if item is None:
        return "not_in_catalog"
    if cause := constraints.refusal(item):
        return cause
    if not recommendable(item, now):
        return "unavailable"
    if request.spec.shelf == "on-sale" and not on_sale(item, now):
        return "not_on_sale"
    return "" if request.filter == ANYTHING or admits(request.filter, item, now, constraints.covers) else "filtered"


def admits(wanted: Filter, item: Item, now: float, covers: Mapping[str, float] = NO_COVERS) -> bool:
    path = item.product_type
    if wanted.categories and not any(path == c or path.startswith(f"{c} > ") for c in wanted.categories):
        return False
    if wanted.brands and item.brand not in wanted.brands:
        return False
    if wanted.where and not wanted.where.asked(ItemFacts(item, now, covers.get(item.id))):
        return False
    price = item.sale_price if on_sale(item, now) else item.price
    priced = wanted.price_min > 0 or wanted.price_max < float("inf")
    return not priced or (price is not None and wanted.price_min <= price.amount <= wanted.price_max)
