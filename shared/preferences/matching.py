"""Which wishes are about an item. Asked of every candidate: each brand and each category is looked at once a request."""

from collections.abc import Iterable
from typing import Literal

from shared.catalog.model import Item
from shared.preferences.wishes import OWN, Said, values
from shared.profiles.state import Wish

Part = Literal["item", "brand", "category", ""]


class Wished:
    """Items, brands and categories about which the shopper said one thing."""

    def __init__(self, wishes: Iterable[Wish], said: Said) -> None:
        mine = [wish for wish in wishes if wish.said == said]
        self.items = frozenset(values(mine, "item", said))
        self.brands = frozenset(map(str.casefold, values(mine, "brand", said)))
        self.categories = frozenset(map(str.casefold, values(mine, "category", said)))
        self.known: dict[tuple[str, str], Part] = {}

    def __bool__(self) -> bool:
        return bool(self.items or self.brands or self.categories)

    def part(self, item: Item) -> Part:
        """What of the item they are about; "" when they are not. An id may be that of all variants (`item_group_id`)."""
        if item.id in self.items or item.item_group_id in self.items:
            return "item"
        at = item.brand, item.product_type
        found = self.known.get(at)
        if found is None:
            found = self.known[at] = self._part(*at)
        return found

    def _part(self, brand: str, path: str) -> Part:
        if brand.casefold() in self.brands:
            return "brand"
        return "category" if any(one in self.categories for one in within(path)) else ""


class Sizes:
    """The shopper's sizes, by the categories they are meant for; "" for all others."""

    def __init__(self, wishes: Iterable[Wish]) -> None:
        self.told: dict[str, frozenset[str]] = {}
        for wish in wishes:
            if wish.said == OWN:
                category = wish.within.casefold()
                self.told[category] = self.told.get(category, frozenset()) | {wish.value.casefold()}
        self.known: dict[str, frozenset[str]] = {}

    def missing(self, item: Item) -> frozenset[str]:
        """The sizes the shopper wears, in lower case, when the item cannot be had in any of them; none when it can. A size in letters
        says nothing of items with sizes in numbers, nor the other way round."""
        if not (self.told and item.sizes):
            return frozenset()
        wanted = self.known.get(item.product_type)
        if wanted is None:
            wanted = self.known[item.product_type] = self._wanted(item.product_type)
        there = [size.casefold() for size in item.sizes]
        if any(size in wanted for size in there):
            return frozenset()
        kinds = set(map(_in_numbers, there))
        return frozenset(size for size in wanted if _in_numbers(size) in kinds)

    def _wanted(self, path: str) -> frozenset[str]:
        """Of the narrowest category that was told."""
        return next((self.told[one] for one in (*within(path), "") if one in self.told), frozenset())


def within(path: str) -> list[str]:
    """The category and those it is in, the narrowest first, in lower case.

    >>> within("Camping > Tents")
    ['camping > tents', 'camping']
    """
    parts = path.casefold().split(" > ") if path else []
    return [" > ".join(parts[:end]) for end in range(len(parts), 0, -1)]


def _in_numbers(size: str) -> bool:
    return size[:1].isdigit() and size[-1:].isdigit()
