"""An item as a shelf shows it."""

from typing import Any

from shared.catalog.model import Item, Price, on_sale


def card(item: Item, now: float | None = None) -> dict[str, Any]:
    """The fields a storefront needs to draw a tile; what the shop did not give, or a sale that is not on at `now`, is left out."""
    fields = {
        "id": item.id,
        "title": item.title,
        "link": item.link,
        "imageLink": item.image_link,
        "price": price(item.price),
        "salePrice": price(item.sale_price) if on_sale(item, now) else None,
        "brand": item.brand,
        "productType": item.product_type,
    }
    return {name: value for name, value in fields.items() if value}


def kept_card(item: Item, now: float) -> dict[str, Any]:
    """A card that is kept for later, with what says to whom the item may be shown."""
    limits = {
        "minimumAge": item.minimum_age,
        "countries": item.countries,
        "excludedCountries": item.excluded_countries,
        "sizes": item.sizes,
    }
    return {**card(item, now), **{name: value for name, value in limits.items() if value}}


def price(value: Price | None) -> dict[str, Any] | None:
    return {"amount": value.amount, "currency": value.currency} if value else None
