"""Google Merchant Center product data, as JSON or as rows of a feed, to catalog items."""

import re
from datetime import datetime
from typing import Any

from shared.catalog.model import Item, Price
from shared.errors import InvalidRequest
from shared.events.products import number, text

LONGEST = {
    "id": 100,
    "title": 500,
    "description": 5000,
    "link": 2000,
    "image_link": 2000,
    "brand": 200,
    "product_type": 750,
}
AVAILABILITY = {
    "in_stock": True,
    "in stock": True,
    "preorder": True,
    "backorder": True,
    "limited_availability": True,
    "out_of_stock": False,
    "out of stock": False,
    "discontinued": False,
}
PRICE = re.compile(r"^\s*(?:(?P<before>[A-Za-z]{3})\s*)?(?P<amount>\d+(?:[.,]\d{1,4})?)\s*(?P<after>[A-Za-z]{3})?\s*$")
KNOWN = frozenset(
    [
        "id",
        "title",
        "description",
        "link",
        "image_link",
        "availability",
        "price",
        "sale_price",
        "brand",
        "product_type",
        "google_product_category",
        "item_group_id",
        "stock",
        "margin",
        "available_from",
        "available_until",
        "tags",
        "attributes",
        "currency",
    ]
)
MOST_ATTRIBUTES = 50


def parse(row: Any, updated_at: float) -> Item:
    """An item from a JSON object or a feed row (all strings). Raises InvalidRequest naming the field and what to do."""
    if not isinstance(row, dict):
        raise InvalidRequest("an item must be an object of product data fields")
    fields = {
        str(name).strip().lower().replace(" ", "_"): value for name, value in row.items() if value not in (None, "")
    }
    stock = _count(fields, "stock")
    availability = _availability(fields)
    return Item(
        id=_text(fields, "id", needed=True),
        title=_text(fields, "title", needed=True),
        link=_text(fields, "link"),
        image_link=_text(fields, "image_link"),
        in_stock=AVAILABILITY[availability] and (stock is None or stock > 0),
        price=_price(fields, "price"),
        sale_price=_price(fields, "sale_price"),
        brand=_text(fields, "brand"),
        product_type=_path(_text(fields, "product_type")),
        google_product_category=_text(fields, "google_product_category"),
        item_group_id=_text(fields, "item_group_id"),
        description=_text(fields, "description"),
        availability=availability.replace(" ", "_"),
        stock=stock,
        margin=_number(fields, "margin"),
        available_from=_time(fields, "available_from"),
        available_until=_time(fields, "available_until"),
        tags=_tags(fields),
        attributes=_attributes(fields),
        updated_at=updated_at,
    )


def patched(item: Item, changes: Any, updated_at: float) -> Item:
    """The item with some fields changed; the others stay. Raises InvalidRequest."""
    if not isinstance(changes, dict):
        raise InvalidRequest("a patch must be an object of the fields to change")
    if changes.get("id", item.id) != item.id:
        raise InvalidRequest("cannot be changed; put a new item and delete this one", "id")
    return parse({**as_feed(item), **changes}, updated_at)


def as_feed(item: Item) -> dict[str, Any]:
    """The item in the fields it came in; `parse(as_feed(item))` is the item again."""
    row = {
        "id": item.id,
        "title": item.title,
        "link": item.link,
        "image_link": item.image_link,
        "availability": item.availability,
        "price": _shown(item.price),
        "sale_price": _shown(item.sale_price),
        "brand": item.brand,
        "product_type": item.product_type,
        "google_product_category": item.google_product_category,
        "item_group_id": item.item_group_id,
        "description": item.description,
        "stock": item.stock,
        "margin": item.margin,
        "available_from": item.available_from or None,
        "available_until": item.available_until or None,
        "tags": item.tags,
        "attributes": item.attributes,
    }
    return {name: value for name, value in row.items() if value not in (None, "", [], {})}


def _shown(price: Price | None) -> str:
    return f"{price.amount:.2f} {price.currency}" if price else ""


def _text(fields: dict[str, Any], name: str, *, needed: bool = False) -> str:
    value = fields.get(name)
    if value is not None and not isinstance(value, str | int):
        raise InvalidRequest("must be text", name)
    found = text(value)
    if needed and not found:
        raise InvalidRequest("is missing; every item needs one", name)
    if name == "id" and len(found) > LONGEST["id"]:
        raise InvalidRequest(f"is longer than {LONGEST['id']} characters", name)
    return found[: LONGEST.get(name, 500)]


def _path(product_type: str) -> str:
    return " > ".join(part.strip() for part in product_type.split(">") if part.strip())


def _availability(fields: dict[str, Any]) -> str:
    value = text(fields.get("availability")).lower() or "in_stock"
    if value not in AVAILABILITY:
        raise InvalidRequest("must be in_stock, out_of_stock, preorder or backorder", "availability")
    return value


def _price(fields: dict[str, Any], name: str) -> Price | None:
    value: Any = fields.get(name)
    if value is None:
        return None
    currency = text(fields.get("currency"))
    if isinstance(value, dict):
        currency = text(value.get("currency")) or currency
        value = value.get("amount", value.get("value"))
    match = PRICE.match(f"{value:.4f}" if isinstance(value, float) else str(value))
    if not match or isinstance(value, bool):
        raise InvalidRequest('must be an amount and a currency, such as "12.50 EUR"', name)
    currency = (match["before"] or match["after"] or currency).upper()
    if len(currency) != 3:
        raise InvalidRequest('needs a currency, such as "12.50 EUR"', name)
    return Price(float(match["amount"].replace(",", ".")), currency)


def _number(fields: dict[str, Any], name: str) -> float | None:
    if name not in fields:
        return None
    value = number(fields[name])
    if value is None:
        raise InvalidRequest("must be a number", name)
    return value


def _count(fields: dict[str, Any], name: str) -> int | None:
    value = _number(fields, name)
    if value is not None and (value < 0 or value != int(value)):
        raise InvalidRequest("must be a whole number, 0 or more", name)
    return None if value is None else int(value)


def _time(fields: dict[str, Any], name: str) -> float:
    value = fields.get(name)
    if value is None:
        return 0.0
    seconds = number(value)
    if seconds is not None:
        return seconds
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidRequest("must be an ISO 8601 time with its zone, such as 2026-12-01T00:00:00Z", name) from None
    if moment.tzinfo is None:
        raise InvalidRequest("needs a time zone, such as 2026-12-01T00:00:00Z", name)
    return moment.timestamp()


def _tags(fields: dict[str, Any]) -> list[str]:
    value = fields.get("tags", [])
    tags = value.split(",") if isinstance(value, str) else value
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise InvalidRequest("must be a list of words", "tags")
    return [tag.strip() for tag in tags if tag.strip()][:50]


def _attributes(fields: dict[str, Any]) -> dict[str, str]:
    """`attributes`, and every field we have no name for: a feed has many, and a rule may want them."""
    given = fields.get("attributes", {})
    if not isinstance(given, dict):
        raise InvalidRequest("must be an object", "attributes")
    unknown = {name: value for name, value in fields.items() if name not in KNOWN}
    found = {str(name)[:100]: text(value)[:500] for name, value in {**unknown, **given}.items()}
    return dict(sorted((name, value) for name, value in found.items() if value)[:MOST_ATTRIBUTES])
