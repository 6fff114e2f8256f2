"""What expressions are asked about. A value that is None, "" or empty is missing. Texts of an item are in lower case (`casefold`)."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from shared.catalog.model import Item, Price, on_sale
from shared.lists.scores import arrived, discount

DAY = 86400.0


class ItemFacts:
    """An item at `now` (epoch seconds); each fact is worked out when it is asked for. `stock_cover`: days the stock lasts, if known."""

    def __init__(self, item: Item, now: float, stock_cover: float | None = None) -> None:
        self.item = item
        self.now = now
        self.stock_cover = stock_cover

    @cached_property
    def id(self) -> str:
        return self.item.id.casefold()

    @cached_property
    def brand(self) -> str | None:
        return self.item.brand.casefold() or None

    @cached_property
    def group(self) -> str | None:
        return self.item.item_group_id.casefold() or None

    @cached_property
    def category(self) -> str | None:
        return self.item.product_type.casefold() or None

    @cached_property
    def title(self) -> str | None:
        return self.item.title.casefold() or None

    @cached_property
    def text(self) -> str | None:
        return f"{self.item.title}\n{self.item.description}".casefold().strip() or None

    @cached_property
    def tags(self) -> frozenset[str] | None:
        return frozenset(map(str.casefold, self.item.tags)) or None

    @cached_property
    def attributes(self) -> dict[str, str]:
        return {name.casefold(): value.casefold() for name, value in self.item.attributes.items()}

    @cached_property
    def on_sale(self) -> bool:
        return on_sale(self.item, self.now)

    @cached_property
    def price(self) -> float | None:
        return _amount(self.item.sale_price if self.on_sale else self.item.price)

    @property
    def list_price(self) -> float | None:
        return _amount(self.item.price)

    @cached_property
    def discount(self) -> float | None:
        """Share of the price that a sale takes off, 0-1; missing without a price."""
        return discount(self.item, self.now) if self.item.price else None

    @property
    def margin(self) -> float | None:
        return self.item.margin

    @property
    def stock(self) -> int | None:
        return self.item.stock

    @cached_property
    def age(self) -> float | None:
        """Days since the item could first be had."""
        since = arrived(self.item)
        return (self.now - since) / DAY if since else None


@dataclass(frozen=True, slots=True)
class ShopperFacts:
    """What is known of who asks; of nobody, nothing. Money is in the shop's currency."""

    segments: Collection[str] = ()
    lifecycle: str = ""
    orders: float | None = None
    views: float | None = None
    revenue: float | None = None
    average_order: float | None = None
    days_since_order: float | None = None
    days_since_seen: float | None = None
    cart_size: float | None = None
    abandoned_cart: bool | None = None
    country: str = ""
    device: str = ""
    gender: str = ""
    age: str = ""  # band, such as 25-34
    brands: Collection[str] = ()  # the favourites
    categories: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class ContextFacts:
    """What is known of the page. `hour` (0-23) and `weekday` (`mon` … `sun`) are local to the plan's time zone."""

    placement: str = ""
    page: str = ""
    device: str = ""
    country: str = ""
    hour: int | None = None
    weekday: str = ""
    query: str = ""
    cart_value: float | None = None


NOBODY = ShopperFacts()
NOWHERE = ContextFacts()


def _amount(price: Price | None) -> float | None:
    return price.amount if price else None
