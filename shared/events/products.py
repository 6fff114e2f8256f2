"""Reading product facts out of Segment ecommerce properties, whose values shops fill in every way they can."""

import math
from typing import Any, NamedTuple

LARGEST = 1e12


class Product(NamedTuple):
    item: str
    category: str = ""  # the top part of the path
    brand: str = ""
    price: float = math.nan
    quantity: float = 1.0


def number(value: Any) -> float | None:
    """A number from a number or a numeric string; None for anything else and for sizes no shop has."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if abs(result) <= LARGEST else None


def text(value: Any) -> str:
    """A string from a string or an integer; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def item_id(properties: dict[str, Any]) -> str:
    return text(properties.get("product_id")) or text(properties.get("sku"))


def top_category(path: Any) -> str:
    for separator in (" > ", ">", "/"):
        path = text(path).split(separator, 1)[0]
    return text(path)


def product(properties: dict[str, Any]) -> Product | None:
    item = item_id(properties)
    if not item:
        return None
    price, quantity = number(properties.get("price")), number(properties.get("quantity"))
    return Product(
        item=item,
        category=top_category(properties.get("category")),
        brand=text(properties.get("brand")),
        price=math.nan if price is None or price <= 0 else price,
        quantity=1.0 if quantity is None or quantity < 0 else quantity,
    )


def products(properties: dict[str, Any]) -> list[Product]:
    """The products an event is about: `products[]` if it has them, else the one in its own properties."""
    rows = properties.get("products")
    if not isinstance(rows, list):
        rows = [properties]
    return [found for row in rows if isinstance(row, dict) and (found := product(row))]
