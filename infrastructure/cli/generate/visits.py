"""What a shopper does in one visit, as events in order of time."""

import uuid
from datetime import UTC, datetime
from typing import Any, NamedTuple

from infrastructure.cli.generate.people import Device, Shopper
from infrastructure.cli.generate.wares import DAY, Wares
from shared.events.model import Event, Type

SEARCHES, LISTS, LOOKS_AGAIN, GOES_ALONG = 0.15, 0.55, 0.22, 0.3
BUYS, BUYS_REFILL, REFUNDS, REFILLS_HERE = 0.5, 0.9, 0.05, 0.75
SEEN = 30


class Plan(NamedTuple):
    """Something that will happen at `at` (epoch seconds): a visit, to refill a product or at leisure, or a refund."""

    at: float
    shopper: int
    number: int  # plans of one shopper, counted
    refill: int | None = None
    refund: dict[str, Any] | None = None
    device: int = 0


class Visit:
    """Plays one plan. Message ids are made in `namespace`. Afterwards `events` is what happened and `plans` what follows from it, later."""

    def __init__(self, namespace: uuid.UUID, wares: Wares, shopper: Shopper, plan: Plan) -> None:
        self.namespace = namespace
        self.wares = wares
        self.shopper = shopper
        self.rng = shopper.rng
        self.at = plan.at
        planned = plan.refund or plan.refill is not None
        self.place = plan.device if planned else self.rng.randrange(len(shopper.devices))
        self.device: Device = shopper.devices[self.place]
        self.cart = shopper.carts[self.place]
        self.logged_in = False
        self.events: list[Event] = []
        self.plans: list[Plan] = []
        if plan.refund:
            self.logged_in = bool(shopper.user_id)
            self._track("Order Refunded", plan.refund)
        elif plan.refill is not None:
            self._refill(plan.refill)
        else:
            self._browse()

    def _browse(self) -> None:
        self._tell("page", "", {"path": "/"})
        if self.shopper.user_id and self.rng.random() < self.shopper.logs_in:
            self._log_in()
        shelf = self._walk_to_shelf()
        last: int | None = None
        for _ in range(min(1 + int(self.rng.expovariate(0.28)), 20)):
            if self.rng.random() < 0.12:
                shelf = self._walk_to_shelf()
            last = self._look(self._next(shelf, last))
        self._finish(BUYS)

    def _walk_to_shelf(self) -> str:
        shelf = self.rng.choices(self.shopper.shelves, self.shopper.shelf_weights)[0]
        if self.rng.random() < SEARCHES:
            self._track("Products Searched", {"query": shelf.split(" > ")[1].lower()})
        elif self.rng.random() < LISTS:
            ids = [
                {"product_id": self.wares.all[place].item["id"], "position": n + 1}
                for n, place in enumerate(self.wares.by_shelf[shelf][:4])
            ]
            self._track("Product List Viewed", {"list_id": shelf, "category": shelf, "products": ids})
        return shelf

    def _next(self, shelf: str, last: int | None) -> int:
        """Something seen before, something that goes with what was just seen or is in the cart, or another of the shelf."""
        draw = self.rng.random()
        if self.shopper.seen and draw < LOOKS_AGAIN:
            return self.shopper.seen[-min(int(self.rng.expovariate(0.3)) + 1, len(self.shopper.seen))]
        basis = next(reversed(self.cart), last)
        if basis is not None and draw < LOOKS_AGAIN + GOES_ALONG:
            return self.rng.choice(self.wares.all[basis].partners)
        return self.shopper.choose(self.wares, shelf, self.at)

    def _look(self, place: int) -> int:
        """A product page, from opening it to leaving it; what pleases is looked at longer and put into the cart more often."""
        ware, fit = self.wares.all[place], self.shopper.fit(self.wares.all[place])
        known = place in self.shopper.seen
        self._track("Product Viewed", ware.product)
        dwell = self.rng.lognormvariate(2.2 + 1.4 * fit, 0.7)
        self.at += dwell
        chance = (0.02 + 0.14 * fit) * (1.6 if known else 1.0) * (2.2 if self._goes_with_cart(place) else 1.0)
        if place not in self.cart and self._for_sale(place) and self.rng.random() < chance:
            self._put_in_cart(place)
        scroll = round(min(self.rng.betavariate(2 + 3 * fit, 2.5), 1.0), 2)
        engaged = {"product_id": ware.item["id"], "dwell_seconds": round(dwell, 1), "scroll_depth": scroll}
        self._track("Page Engaged", engaged)
        self.shopper.seen = [*(seen for seen in self.shopper.seen if seen != place), place][-SEEN:]
        return place

    def _goes_with_cart(self, place: int) -> bool:
        return any(place in self.wares.all[carted].partners for carted in self.cart)

    def _for_sale(self, place: int) -> bool:
        ware = self.wares.all[place]
        return ware.launched <= self.at < ware.sold_out

    def _put_in_cart(self, place: int) -> None:
        quantity = self.rng.choice((1, 1, 2)) if self.wares.all[place].refill_days else 1
        self.cart[place] = quantity
        self._track("Product Added", {**self.wares.all[place].product, "quantity": quantity})

    def _refill(self, place: int) -> None:
        self._tell("page", "", {"path": "/"})
        self._look(place)
        if place not in self.cart and self._for_sale(place):
            self._put_in_cart(place)
        self._finish(BUYS_REFILL)

    def _finish(self, chance: float) -> None:
        """What the cart comes to: some think again, some leave it for another day, some buy."""
        cart = self.cart
        if not cart:
            return
        if len(cart) > 1 and self.rng.random() < 0.12:
            place = next(iter(cart))
            self._track("Product Removed", {**self.wares.all[place].product, "quantity": cart.pop(place)})
        self._track("Cart Viewed", {"products": self._lines()})
        gone = [place for place in cart if not self._for_sale(place)]
        for place in gone:
            self._track("Product Removed", {**self.wares.all[place].product, "quantity": cart.pop(place)})
        if cart and self.rng.random() < chance:
            self._track("Checkout Started", {"products": self._lines()})
            if self.shopper.user_id and not self.logged_in:
                self._log_in()
            self._buy()

    def _buy(self) -> None:
        lines, cart = self._lines(), self.cart
        order = {
            "order_id": f"{self.namespace.hex[:6]}-{self.shopper.number}-{self.shopper.told}",
            "total": round(sum(line["price"] * line["quantity"] for line in lines), 2),
            "currency": "EUR",
            "products": lines,
        }
        self._track("Order Completed", order)
        for place in cart:
            days = self.wares.all[place].refill_days * cart[place]
            if days and self.rng.random() < REFILLS_HERE:
                self._plan(max(self.rng.gauss(days, days / 6), 3.0), refill=place)
        if self.rng.random() < REFUNDS:
            back = self.rng.choice(lines)
            refund = {
                "order_id": order["order_id"],
                "total": round(back["price"] * back["quantity"], 2),
                "currency": "EUR",
            }
            self._plan(self.rng.uniform(2, 9), refund={**refund, "products": [back]})
        self.shopper.seen = [place for place in self.shopper.seen if place not in cart]
        cart.clear()

    def _plan(self, days: float, **what: Any) -> None:
        self.plans.append(Plan(self.at + days * DAY, self.shopper.number, self.shopper.told, device=self.place, **what))

    def _lines(self) -> list[dict[str, Any]]:
        return [{**self.wares.all[place].product, "quantity": n} for place, n in self.cart.items()]

    def _log_in(self) -> None:
        self.logged_in = True
        self._tell("identify", "", {}, {"country": self.shopper.country})

    def _track(self, name: str, properties: dict[str, Any]) -> None:
        self._tell("track", name, properties)

    def _tell(self, kind: Type, name: str, properties: dict[str, Any], traits: dict[str, Any] | None = None) -> None:
        at = datetime.fromtimestamp(round(self.at, 3), UTC)
        user_id = self.shopper.user_id if self.logged_in else ""
        self.events.append(
            Event(
                message_id=str(uuid.uuid5(self.namespace, f"{self.shopper.number}/{self.shopper.told}")),
                type=kind,
                timestamp=at,
                received_at=at,
                event=name,
                anonymous_id=self.device.id,
                user_id=user_id,
                verified=bool(user_id),
                properties=properties,
                traits=traits or {},
                context=self.device.context,
                consent=self.shopper.consent,
            )
        )
        self.shopper.told += 1
        self.at += 2.0 + self.rng.expovariate(0.12)
