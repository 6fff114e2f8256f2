"""Google Merchant Center product data, as JSON or as rows of a feed, to catalog items and back."""

import math
from typing import Any

from msgspec.structs import replace

from shared.catalog import limits, price, values
from shared.catalog.model import Item, Price
from shared.catalog.sketch import sketch
from shared.errors import InvalidRequest
from shared.events.products import number

LONGEST_ID = 100
TRIMMED = {"title": 500, "description": 5000, "brand": 200, "product_type": 750, "google_product_category": 750}
AVAILABILITY = {
    "in_stock": True,
    "preorder": True,
    "backorder": True,
    "limited_availability": True,
    "out_of_stock": False,
    "discontinued": False,
}
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
        "sale_price_effective_date",
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
        "minimum_age",
        "countries",
        "excluded_countries",
        "sizes",
    ]
)


def parse(row: Any, updated_at: float) -> Item:
    """An item from a JSON object or a feed row (all strings). Raises InvalidRequest naming the field and what to do.

    Field names may be written as headlines of a feed are ("Image Link"); empty values count as not given.
    """
    if not isinstance(row, dict):
        raise InvalidRequest("an item must be an object of product data fields")
    fields = {name: value for name, value in _named(row).items() if name and value is not None and value != ""}
    stock = _count(fields, "stock")
    availability = _availability(fields)
    sale_from, sale_until = values.period(fields, "sale_price_effective_date")
    attributes = values.attributes(fields, KNOWN)
    item = Item(
        id=_id(fields),
        title=_needed(fields, "title"),
        link=values.link(fields, "link"),
        image_link=values.link(fields, "image_link"),
        in_stock=AVAILABILITY[availability] and (stock is None or stock > 0),
        price=_price(fields, "price"),
        sale_price=_price(fields, "sale_price"),
        brand=_trimmed(fields, "brand"),
        product_type=_path(_trimmed(fields, "product_type")),
        google_product_category=_trimmed(fields, "google_product_category"),
        item_group_id=values.short(fields, "item_group_id", LONGEST_ID),
        description=_trimmed(fields, "description"),
        availability=availability,
        stock=stock,
        margin=_number(fields, "margin"),
        available_from=values.moment(fields.get("available_from"), "available_from"),
        available_until=values.moment(fields.get("available_until"), "available_until"),
        tags=values.tags(fields, "tags"),
        attributes=attributes,
        updated_at=updated_at,
        sale_from=sale_from,
        sale_until=sale_until,
        minimum_age=limits.minimum_age(fields, attributes),
        countries=limits.countries(fields, "countries"),
        excluded_countries=limits.countries(fields, "excluded_countries"),
        sizes=limits.sizes(fields, attributes),
    )
    return replace(item, sketch=sketch(item))


def patched(item: Item, changes: Any, updated_at: float) -> Item:
    """The item with some fields changed; null takes a value away, fields not named stay. Raises InvalidRequest."""
    if not isinstance(changes, dict):
        raise InvalidRequest("a patch must be an object of the fields to change")
    changes = _named(changes)
    if changes.get("id", item.id) != item.id:
        raise InvalidRequest("cannot be changed; put a new item and delete this one", "id")
    kept = {name: value for name, value in item.attributes.items() if name not in changes}
    currency = item.price.currency if item.price else ""
    return parse({**as_feed(item), "attributes": kept, "currency": currency, **changes}, updated_at)


def as_feed(item: Item) -> dict[str, Any]:
    """The item in the fields it came in; `parse(as_feed(item), item.updated_at)` is the item again."""
    row = {
        "id": item.id,
        "title": item.title,
        "link": item.link,
        "image_link": item.image_link,
        "availability": item.availability,
        "price": price.shown(item.price),
        "sale_price": price.shown(item.sale_price),
        "sale_price_effective_date": values.shown_period(item.sale_from, item.sale_until),
        "brand": item.brand,
        "product_type": item.product_type,
        "google_product_category": item.google_product_category,
        "item_group_id": item.item_group_id,
        "description": item.description,
        "stock": item.stock,
        "margin": item.margin,
        "available_from": values.shown_moment(item.available_from),
        "available_until": values.shown_moment(item.available_until),
        "tags": item.tags,
        "attributes": item.attributes,
        **limits.as_feed(item),
    }
    return {name: value for name, value in row.items() if value not in (None, "", [], {})}


def id_of(row: Any) -> str:
    """What a row says its id is, even if the row is no item; "" when it says nothing."""
    found = _named(row).get("id") if isinstance(row, dict) else None
    return found.strip() if isinstance(found, str) else str(found) if type(found) is int else ""


def _named(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name).strip().lower().replace(" ", "_"): value for name, value in row.items()}


def _id(fields: dict[str, Any]) -> str:
    found = _needed(fields, "id", values.short(fields, "id", LONGEST_ID))
    if any(ord(character) < 32 for character in found):
        raise InvalidRequest("has control characters (a line break or tab?); take them out", "id")
    return found


def _needed(fields: dict[str, Any], name: str, found: str | None = None) -> str:
    found = _trimmed(fields, name) if found is None else found
    if not found:
        raise InvalidRequest("is missing; every item needs one", name)
    return found


def _trimmed(fields: dict[str, Any], name: str) -> str:
    return values.string(fields.get(name, ""), name)[: TRIMMED[name]].strip()


def _path(product_type: str) -> str:
    return " > ".join(part.strip() for part in product_type.split(">") if part.strip())


def _availability(fields: dict[str, Any]) -> str:
    value = values.string(fields.get("availability", "in_stock"), "availability").lower().replace(" ", "_")
    if value not in AVAILABILITY:
        raise InvalidRequest("must be in_stock, out_of_stock, preorder or backorder", "availability")
    return value


def _price(fields: dict[str, Any], name: str) -> Price | None:
    value = fields.get(name)
    return None if value is None else price.price(value, values.string(fields.get("currency", ""), "currency"), name)


def _number(fields: dict[str, Any], name: str) -> float | None:
    if name not in fields:
        return None
    value = number(fields[name])
    if value is None or math.isnan(value):
        raise InvalidRequest("must be a number", name)
    return value


def _count(fields: dict[str, Any], name: str) -> int | None:
    value = _number(fields, name)
    if value is not None and (value < 0 or value != int(value)):
        raise InvalidRequest("must be a whole number, 0 or more", name)
    return None if value is None else int(value)
