"""A made-up shop for outdoors and home: its catalog, its shoppers with tastes, and weeks of what they did. The same seed, the same shop."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from infrastructure.cli.shop import CONSENT
from shared.events.model import Consent, Event

NAMESPACE = uuid.UUID("2f1d7c1e-7a3b-5d0e-8c55-0b1d5a6f7e21")
# top category -> subcategory -> (nouns, typical price); neighbours in a line go together
CATALOG: dict[str, dict[str, tuple[str, float]]] = {
    "Camping": {
        "Tents": ("Dome Tent|Tunnel Tent|Trekking Tent|Family Tent|Tarp", 180),
        "Sleeping Bags": ("Down Sleeping Bag|Summer Sleeping Bag|Quilt|Bag Liner", 110),
        "Mats": ("Air Mat|Foam Mat|Double Mat|Camp Pillow", 55),
        "Stoves": ("Gas Stove|Alcohol Stove|Cook Set|Titanium Pot|Folding Mug", 45),
    },
    "Hiking": {
        "Boots": ("Trekking Boot|Trail Shoe|Approach Shoe|Winter Boot", 150),
        "Backpacks": ("Daypack|Trekking Backpack|Travel Pack|Rain Cover", 95),
        "Poles": ("Carbon Poles|Folding Poles|Trekking Poles", 70),
        "Socks": ("Merino Socks|Liner Socks|Trail Socks", 18),
    },
    "Clothing": {
        "Jackets": ("Rain Jacket|Down Jacket|Softshell|Windbreaker", 140),
        "Fleece": ("Fleece Pullover|Fleece Vest|Wool Sweater", 75),
        "Trousers": ("Trekking Trousers|Zip-Off Trousers|Shorts", 80),
        "Hats": ("Wool Beanie|Sun Hat|Cap|Neck Warmer", 25),
    },
    "Kitchen": {
        "Coffee": ("Pour-Over Set|Hand Grinder|Espresso Pot|Coffee Beans", 35),
        "Pans": ("Cast Iron Pan|Wok|Saucepan|Lid", 60),
        "Knives": ("Chef's Knife|Bread Knife|Paring Knife|Whetstone", 50),
        "Storage": ("Glass Jar|Lunch Box|Bread Tin|Thermos", 22),
    },
    "Living": {
        "Lamps": ("Reading Lamp|Floor Lamp|Lantern|String Lights", 65),
        "Blankets": ("Wool Blanket|Linen Throw|Cushion", 55),
        "Candles": ("Beeswax Candle|Tealights|Candle Holder", 16),
        "Plants": ("Plant Pot|Watering Can|Herb Kit|Plant Stand", 28),
    },
    "Climbing": {
        "Ropes": ("Single Rope|Half Rope|Rope Bag|Accessory Cord", 120),
        "Harnesses": ("Sport Harness|Alpine Harness|Kids Harness", 70),
        "Hardware": ("Quickdraw Set|Carabiner|Belay Device|Nut Set", 40),
        "Chalk": ("Chalk Bag|Liquid Chalk|Chalk Ball", 14),
    },
    "Cycling": {
        "Bags": ("Pannier|Handlebar Bag|Frame Bag|Saddle Bag", 60),
        "Lights": ("Front Light|Rear Light|Light Set", 38),
        "Tools": ("Multi Tool|Pump|Repair Kit|Chain Oil", 20),
        "Helmets": ("Road Helmet|City Helmet|Kids Helmet", 75),
    },
    "Travel": {
        "Luggage": ("Duffel|Cabin Trolley|Packing Cubes", 90),
        "Comfort": ("Neck Pillow|Sleep Mask|Travel Towel", 20),
        "Bottles": ("Steel Bottle|Filter Bottle|Soft Flask", 26),
        "Notebooks": ("Field Notebook|Map Case|Pen Set", 15),
    },
}
BRANDS = ["Alm", "Norrvik", "Tarn", "Birkholm", "Fjellro", "Costa Verde", "Maro", "Hazel & Oak", "Lumen", "Steinbach"]
WORDS = [
    *["Light", "Classic", "Pro", "Compact", "Storm", "Meadow", "Summit", "Harbour"],
    *["Ember", "Drift", "Willow", "Granite", "Alpine", "Coastal", "Everyday", "Wild"],
]
COUNTRIES, SHARES = ["GB", "DE", "FR", "NL", "AT"], [0.4, 0.25, 0.15, 0.1, 0.1]
DAY = 86400.0
REFILL = {"Coffee Beans", "Tealights", "Chain Oil", "Liquid Chalk", "Merino Socks"}


class GeneratedShop:
    name = "Alm & Hearth"
    currency = "EUR"

    def __init__(self, seed: int = 7, shoppers: int = 2500, until: datetime | None = None, weeks: int = 8) -> None:
        self.seed = seed
        self.shoppers = shoppers
        self.until = until or datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self.weeks = weeks

    @cached_property
    def items(self) -> list[dict[str, Any]]:
        rng = np.random.default_rng(self.seed)
        made: list[dict[str, Any]] = []
        for top, shelves in CATALOG.items():
            for shelf, (nouns, typical) in shelves.items():
                for _ in range(30):
                    made.append(_item(rng, len(made), top, shelf, nouns.split("|"), typical))
        return made

    def catalog(self) -> list[dict[str, Any]]:
        return self.items

    def accounts(self) -> list[dict[str, str]]:
        names = ["Ada", "Bruno", "Chloé", "Daan", "Emil"]
        return [{"userId": f"shopper-{number}", "name": name} for number, name in enumerate(names)]

    def events(self) -> Iterator[Event]:
        """In order of time. Shopper 0 to 4 have accounts and shop a lot."""
        found: list[Event] = []
        for number in range(self.shoppers):
            found += Walk(self, number).events()
        found.sort(key=lambda event: (event.timestamp, event.message_id))
        return iter(found)

    @cached_property
    def by_shelf(self) -> dict[str, list[int]]:
        shelves: dict[str, list[int]] = {}
        for place, item in enumerate(self.items):
            shelves.setdefault(item["product_type"], []).append(place)
        return shelves

    @cached_property
    def appeal(self) -> Any:
        """How much each item is liked by everybody: a few bestsellers, a long tail."""
        return np.random.default_rng(self.seed + 1).pareto(1.3, len(self.items)) + 0.1

    @cached_property
    def partners(self) -> Any:
        """Three items that go with each item: of the other shelves of its top category, cheaper ones first."""
        rng = np.random.default_rng(self.seed + 2)
        tops: dict[str, list[int]] = {}
        for place, item in enumerate(self.items):
            tops.setdefault(item["product_type"].split(" > ")[0], []).append(place)
        return [
            rng.choice(
                [
                    p
                    for p in tops[item["product_type"].split(" > ")[0]]
                    if self.items[p]["product_type"] != item["product_type"]
                ],
                3,
            )
            for item in self.items
        ]


def _item(rng: Any, number: int, top: str, shelf: str, nouns: list[str], typical: float) -> dict[str, Any]:
    noun, word, brand = (
        nouns[number % len(nouns)],
        WORDS[int(rng.integers(len(WORDS)))],
        BRANDS[int(rng.integers(len(BRANDS)))],
    )
    price = max(round(float(typical * rng.lognormal(0, 0.45))), 4) - 0.05
    stock = 0 if rng.random() < 0.03 else int(rng.integers(3, 200))
    code = f"{shelf[:2].upper()}{number:04d}"
    sale = {"sale_price": f"{price * 0.8:.2f} EUR"} if rng.random() < 0.12 else {}
    return {
        "id": code,
        "title": f"{brand} {word} {noun}",
        "description": f"{noun} by {brand}, from our {shelf.lower()} range: made for {top.lower()}, built to last and easy to repair.",
        "link": f"/product/{code}",
        "price": f"{price:.2f} EUR",
        **sale,
        "brand": brand,
        "product_type": f"{top} > {shelf}",
        "availability": "in_stock" if stock else "out_of_stock",
        "stock": stock,
        "margin": round(float(rng.uniform(0.15, 0.55)), 2),
    }


class Walk:
    """One shopper: who they are, and their visits."""

    def __init__(self, shop: GeneratedShop, number: int) -> None:
        self.shop = shop
        self.number = number
        self.rng = np.random.default_rng([shop.seed, number])
        tops = list(CATALOG)
        self.taste = dict(zip(tops, self.rng.dirichlet([0.25] * len(tops)), strict=True))
        self.brands = set(self.rng.choice(BRANDS, 3, replace=False))
        self.budget = self.rng.lognormal(0, 0.4)
        self.country = str(self.rng.choice(COUNTRIES, p=SHARES))
        self.known = number < 5 or self.rng.random() < 0.35
        self.consents = number < 5 or self.rng.random() < 0.9
        self.device = str(uuid.uuid5(NAMESPACE, f"{shop.seed}/{number}/device"))
        self.phone = bool(self.rng.random() < 0.55)
        self.made: list[Event] = []

    def events(self) -> list[Event]:
        visits = 14 if self.number < 5 else 1 + int(self.rng.geometric(0.28))
        span = self.shop.weeks * 7 * DAY
        starts = sorted(span * self.rng.random(visits) ** 0.9)
        for start in starts:
            moment = self.shop.until - timedelta(seconds=span - start)
            hour = int(np.clip(self.rng.normal(17, 4), 6, 23))
            self._visit(min(moment.replace(hour=hour), self.shop.until - timedelta(hours=1)))
        return self.made

    def _visit(self, at: datetime) -> None:
        top = str(self.rng.choice(list(self.taste), p=list(self.taste.values())))
        shelf = f"{top} > {self.rng.choice(list(CATALOG[top]))}"
        logged_in = self.number < 5
        cart: list[int] = []
        self._tell("identify" if logged_in else "page", "", {}, at, logged_in)
        for _ in range(int(self.rng.integers(2, 9))):
            at += timedelta(seconds=float(self.rng.exponential(50)) + 5)
            place = (
                int(self.rng.choice(self.shop.partners[cart[-1]]))
                if cart and self.rng.random() < 0.5
                else self._choose(shelf)
            )
            at = self._look(place, at, logged_in)
            if self.rng.random() < (0.45 if cart else 0.16):
                self._tell("track", "Product Added", self._product(place), at, logged_in)
                cart.append(place)
        if cart and self.rng.random() < 0.55:
            at += timedelta(seconds=90)
            if self.known and not logged_in:
                logged_in = True
                self._tell("identify", "", {}, at, logged_in)
            self._buy(cart, at + timedelta(seconds=60), logged_in)

    def _choose(self, shelf: str) -> int:
        places = self.shop.by_shelf[shelf]
        liking = np.array([self._liking(place) for place in places])
        return int(self.rng.choice(places, p=liking / liking.sum()))

    def _liking(self, place: int) -> float:
        item = self.shop.items[place]
        price = float(item["price"].split()[0])
        fits = np.exp(-abs(np.log(price / (60 * self.budget))))
        return float(self.shop.appeal[place] * (3.0 if item["brand"] in self.brands else 1.0) * fits)

    def _look(self, place: int, at: datetime, logged_in: bool) -> datetime:
        self._tell("track", "Product Viewed", self._product(place), at, logged_in)
        dwell = float(self.rng.lognormal(2.8, 0.8))
        at += timedelta(seconds=dwell)
        engaged = {
            "product_id": self.shop.items[place]["id"],
            "dwell_seconds": round(dwell, 1),
            "scroll_depth": round(float(self.rng.beta(2, 2)), 2),
        }
        self._tell("track", "Page Engaged", engaged, at, logged_in)
        return at

    def _buy(self, cart: list[int], at: datetime, logged_in: bool) -> None:
        products = [self._product(place) for place in dict.fromkeys(cart)]
        order = {
            "order_id": f"{self.number}-{len(self.made)}",
            "total": round(sum(p["price"] for p in products), 2),
            "currency": "EUR",
            "products": products,
        }
        self._tell("track", "Order Completed", order, at, logged_in)
        if self.rng.random() < 0.04:
            self._tell(
                "track", "Order Refunded", {**order, "products": products[:1]}, at + timedelta(days=3), logged_in
            )
        refills = [place for place in cart if self.shop.items[place]["title"].endswith(tuple(REFILL))]
        if refills and logged_in:
            again = at + timedelta(days=float(self.rng.normal(18, 3)))
            if again < self.shop.until:
                self._tell(
                    "track",
                    "Order Completed",
                    {**order, "order_id": f"{order['order_id']}r", "products": products[:1]},
                    again,
                    True,
                )

    def _product(self, place: int) -> dict[str, Any]:
        item = self.shop.items[place]
        return {
            "product_id": item["id"],
            "name": item["title"],
            "category": item["product_type"],
            "brand": item["brand"],
            "price": float(item["price"].split()[0]),
            "quantity": 1,
        }

    def _tell(self, kind: Any, name: str, properties: dict[str, Any], at: datetime, logged_in: bool) -> None:
        if at >= self.shop.until:
            return
        context = {"location": {"country": self.country}, "device": {"type": "mobile" if self.phone else "desktop"}}
        consented = {**context, **CONSENT} if self.consents else context
        message = f"{self.shop.seed}/{self.number}/{len(self.made)}"
        self.made.append(
            Event(
                message_id=str(uuid.uuid5(NAMESPACE, message)),
                type=kind,
                event=name,
                anonymous_id=self.device if self.consents else "",
                user_id=f"shopper-{self.number}" if logged_in and self.consents else "",
                verified=logged_in and self.consents,
                timestamp=at,
                received_at=at,
                properties=properties,
                context=consented,
                consent=Consent(self.consents, self.consents, False),
            )
        )
