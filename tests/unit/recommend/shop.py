"""A small shop in memory, for tests of what is shown."""

from typing import Any

from shared.catalog.model import Item, Price
from shared.profiles.state import Candidate, Purchase, State, Touch
from shared.recommend.picks import Reads
from shared.recommend.request import Request, parse
from shared.recommend.shelves import Shelf

NOW = 1_000_000.0


def item(name: str, **fields: Any) -> Item:
    defaults: dict[str, Any] = {"title": name.title(), "product_type": "Camping > Tents", "brand": "Alm"}
    return Item(id=name, **{**defaults, "price": Price(10.0, "EUR"), **fields})


class Catalog(dict[str, Item]):
    """`lookup` answers like the tables, and remembers what it was asked."""

    def __init__(self, *items: Item) -> None:
        super().__init__({one.id: one for one in items})
        self.asked: list[list[str]] = []

    def lookup(self, ids: list[str]) -> dict[str, Item]:
        self.asked.append(ids)
        return {name: self[name] for name in ids if name in self}


def catalog(*names: str) -> Catalog:
    return Catalog(*(item(name) for name in names))


def ask(**fields: Any) -> Request:
    return parse(fields)


def scored(*names: str) -> list[tuple[str, float]]:
    return [(name, 1.0 - 0.01 * place) for place, name in enumerate(names)]


def candidates(*names: str, reason: str = "for_you") -> list[Candidate]:
    return [Candidate(name, score, reason) for name, score in scored(*names)]


def state(
    *names: str,
    seen: tuple[str, ...] = (),
    bought: tuple[str, ...] = (),
    cart: tuple[str, ...] = (),
    again: tuple[str, ...] = (),
) -> State:
    """A shopper with candidates `names`."""
    return State(
        candidates=candidates(*names),
        recent=[Touch(name, NOW) for name in seen],
        purchases=[Purchase(name, NOW) for name in bought],
        cart=dict.fromkeys(cart, 1.0),
        again=candidates(*again, reason="buy_again"),
        model_version="v-live",
    )


def popular(*names: str) -> Reads:
    return Reads(popular=lambda: [[Shelf("popular", "all", scored(*names))]])
