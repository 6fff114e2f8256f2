"""An item of the shop's catalog, in the terms of the Google Merchant Center product feed."""

import msgspec


class Price(msgspec.Struct, array_like=True, frozen=True):
    amount: float
    currency: str


class Item(msgspec.Struct, array_like=True, kw_only=True, frozen=True):
    """`product_type` is the shop's own category path, parts joined by " > "; its first part is the top category.

    `in_stock` is decided on writing: availability says so and `stock`, if given, is positive.
    `available_from`/`available_until` and `sale_from`/`sale_until` are epoch seconds, 0 for no limit.
    `updated_at` (epoch seconds) orders writes. `first_seen` is when the catalog first had the item: the store keeps it.
    `minimum_age` in years, 0 for everybody. `countries` (ISO 3166; empty: all) are those it is sold in, but for the excluded ones. `sizes`
    are those it can be had in now; empty for what has no sizes. `sketch` is what its texts say (`shared.catalog.sketch`), 0 for nothing.
    """

    id: str
    title: str
    link: str = ""
    image_link: str = ""
    in_stock: bool = True
    price: Price | None = None
    sale_price: Price | None = None
    brand: str = ""
    product_type: str = ""
    google_product_category: str = ""
    item_group_id: str = ""
    description: str = ""
    availability: str = "in_stock"
    stock: int | None = None
    margin: float | None = None
    available_from: float = 0.0
    available_until: float = 0.0
    tags: list[str] = []
    attributes: dict[str, str] = {}
    updated_at: float = 0.0
    sale_from: float = 0.0
    sale_until: float = 0.0
    first_seen: float = 0.0
    minimum_age: int = 0
    countries: list[str] = []
    excluded_countries: list[str] = []
    sizes: list[str] = []
    sketch: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Item)


def encode(item: Item) -> bytes:
    return _encoder.encode(item)


def decode(value: bytes) -> Item:
    return _decoder.decode(value)


def recommendable(item: Item, now: float) -> bool:
    """Whether the item may be shown at `now` (epoch seconds)."""
    return item.in_stock and _within(now, item.available_from, item.available_until)


def on_sale(item: Item, now: float | None) -> bool:
    """Whether the sale price holds at `now`; a sale with limits holds at no unknown time: nobody is promised a price that is over."""
    if item.sale_price is None:
        return False
    if now is None:
        return not (item.sale_from or item.sale_until)
    return _within(now, item.sale_from, item.sale_until)


def top_category(item: Item) -> str:
    return item.product_type.split(" > ", 1)[0].strip()


def _within(now: float, start: float, end: float) -> bool:
    return start <= now and (not end or now < end)
