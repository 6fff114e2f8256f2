"""The made-up shop's catalog: each product as the feed tells it, and what the generator alone knows of it."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from infrastructure.cli.generate.words import BRANDS, COLOURS, REFILLS, SHELVES, STYLES, USES, Brand, Shelf

DAY = 86400.0
NEW, COMING, RISING, SOLD_OUT, ON_SALE = 0.06, 0.005, 0.03, 0.035, 0.12  # shares of the catalog
RISE = 8.0  # how much more a rising product is looked at in the end
PARTNERS = 3


@dataclass
class Ware:
    """`item` is its row in the feed, `product` what events say of it. Times are epoch seconds."""

    item: dict[str, Any]
    product: dict[str, Any]
    shelf: str
    brand: str
    style: str
    price: float
    appeal: float  # how much everybody likes it: a few bestsellers, a long tail
    launched: float
    rises: bool
    sold_out: float  # from then on it cannot be bought
    refill_days: float
    partners: list[int] = field(default_factory=list)  # what goes with it

    @property
    def top(self) -> str:
        return self.shelf.partition(" > ")[0]


class Design(NamedTuple):
    """What the variants of one product share."""

    shelf: str
    noun: str
    brand: Brand
    style: str
    series: str
    price: float
    appeal: float


class Wares:
    """About `count` products; the same seed and end, the same products."""

    def __init__(self, seed: int, count: int, until: float, span: float) -> None:
        self.rng = Random(f"{seed}/wares")
        self.until = until
        self.span = span
        self.all: list[Ware] = []
        self.each = max(count // len(SHELVES), 1)
        for path, shelf in SHELVES.items():
            end = len(self.all) + self.each
            while len(self.all) < end:
                self._add(self._design(path, shelf, len(self.all)), shelf, end - len(self.all))
        self.by_shelf: dict[str, list[int]] = {}
        for place, ware in enumerate(self.all):
            self.by_shelf.setdefault(ware.shelf, []).append(place)
        for ware in self.all:
            ware.partners = self._partners(ware)
        self._today: dict[tuple[str, int], list[float]] = {}

    def interest(self, shelf: str, at: float) -> list[float]:
        """A factor for each product of the shelf: 0 before its launch, more when new, and growing when it rises."""
        day = int((self.until - at) // DAY)
        if (shelf, day) not in self._today:
            noon = self.until - day * DAY
            self._today[shelf, day] = [self._factor(self.all[place], noon) for place in self.by_shelf[shelf]]
        return self._today[shelf, day]

    def _factor(self, ware: Ware, at: float) -> float:
        if ware.launched > at - DAY:
            return 0.0
        novelty = (
            1.0 + 2.0 * math.exp(-(at - ware.launched) / (7 * DAY)) if ware.launched > self.until - self.span else 1.0
        )
        rise = 1.0 + RISE * max(1.0 - (self.until - at) / (7 * DAY), 0.0) if ware.rises else 1.0
        return novelty * rise

    def _design(self, path: str, shelf: Shelf, number: int) -> Design:
        brand = self.rng.choice(BRANDS)
        style = self.rng.choice(list(STYLES))
        rough = shelf.price * brand.level * self.rng.lognormvariate(0.0, 0.3)
        return Design(
            shelf=path,
            noun=shelf.nouns[number % len(shelf.nouns)],
            brand=brand,
            style=style,
            series=self.rng.choice(STYLES[style]),
            price=max(round(rough), 4) - 0.05 if rough < 100 else 5 * round(rough / 5) - 0.1,
            appeal=self.rng.paretovariate(1.4),
        )

    def _add(self, design: Design, shelf: Shelf, most: int) -> None:
        """The product, or where a shelf has colours sometimes several of it, as one group."""
        several = shelf.colours and most > 1 and self.rng.random() < 0.35
        colours = self.rng.sample(COLOURS, min(self.rng.randint(2, 3), most)) if several else [""]
        group = f"G{len(self.all):05d}" if several else ""
        for colour in colours:
            self.all.append(self._ware(design, shelf, colour, group))

    def _ware(self, design: Design, shelf: Shelf, colour: str, group: str) -> Ware:
        launched = self._launch()
        sold_out = self.until - self.rng.uniform(0, 5) * DAY if self.rng.random() < SOLD_OUT else math.inf
        item = self._described(design, shelf, colour)
        item["availability"] = "in_stock" if sold_out == math.inf else "out_of_stock"
        item["stock"] = self.rng.randint(3, 200) if sold_out == math.inf else 0
        if group:
            item |= {"item_group_id": group, "attributes": {"colour": colour}}
        if launched > self.until - self.span:
            item["available_from"] = _iso(launched)
        return Ware(
            item=item,
            product=_product(item),
            shelf=design.shelf,
            brand=design.brand.name,
            style=design.style,
            price=design.price,
            appeal=design.appeal * self.rng.uniform(0.6, 1.4),
            launched=launched,
            rises=self.rng.random() < RISING,
            sold_out=sold_out,
            refill_days=REFILLS.get(design.noun, 0),
        )

    def _described(self, design: Design, shelf: Shelf, colour: str) -> dict[str, Any]:
        code = f"{design.shelf.split(' > ')[1][:2].upper()}{len(self.all):04d}"
        first, second = self.rng.sample(shelf.features, 2)
        use = USES[design.shelf.partition(" > ")[0]]
        return {
            "id": code,
            "title": f"{design.brand.name} {design.series} {design.noun}" + (f", {colour}" if colour else ""),
            "description": f"{design.noun} for {use}: {first}, {second}. From the {design.style} line by {design.brand.name}.",
            "link": f"/product/{code}",
            "price": f"{design.price:.2f} EUR",
            "brand": design.brand.name,
            "product_type": design.shelf,
            "margin": round(min(max(self.rng.gauss(design.brand.margin, 0.05), 0.08), 0.7), 2),
            "tags": [design.style, *(["refill"] if design.noun in REFILLS else [])],
            **({"sale_price": f"{design.price * 0.8:.2f} EUR"} if self.rng.random() < ON_SALE else {}),
        }

    def _launch(self) -> float:
        if len(self.all) % self.each == 0:
            return 0.0  # every shelf has something from the beginning
        draw = self.rng.random()
        if draw < COMING:
            return self.until + self.rng.uniform(2, 10) * DAY
        return self.until - self.rng.uniform(2, 21) * DAY if draw < COMING + NEW else 0.0

    def _partners(self, ware: Ware) -> list[int]:
        """A few products of the shelves that go with its own, rather of the same style and brand."""
        shelves = SHELVES[ware.shelf].goes_with or tuple(
            path for path in SHELVES if path.startswith(f"{ware.top} > ") and path != ware.shelf
        )
        places = [place for path in shelves for place in self.by_shelf[path] if not self.all[place].launched]
        weights = [_affinity(ware, self.all[place]) for place in places]
        return self.rng.choices(places, weights, k=PARTNERS) if places else []


def _affinity(one: Ware, other: Ware) -> float:
    return other.appeal * (3.0 if one.style == other.style else 1.0) * (2.0 if one.brand == other.brand else 1.0)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).isoformat().replace("+00:00", "Z")


def _product(item: dict[str, Any]) -> dict[str, Any]:
    """What a shop's page says of a product, in Segment's words."""
    paid = item.get("sale_price", item["price"])
    return {
        "product_id": item["id"],
        "name": item["title"],
        "category": item["product_type"],
        "brand": item["brand"],
        "price": float(paid.split()[0]),
        "quantity": 1,
    }
