"""A made-up shop for outdoors and home: its catalog, its shoppers with tastes, and weeks of what they did. The same seed, the same shop."""

import heapq
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from random import Random
from typing import Any

from infrastructure.cli.generate.people import NAMESPACE, Shopper, shopper
from infrastructure.cli.generate.visits import Plan, Visit
from infrastructure.cli.generate.wares import DAY, Wares
from infrastructure.cli.generate.words import PERSONAS
from infrastructure.cli.shop import CONSENT
from shared.events.model import Consent, Event

SHOPPERS_A_BOT = 1500
BOT_ROUNDS = 3  # times a bot reads the whole catalog in its night


class GeneratedShop:
    name = "Alm & Hearth"
    currency = "EUR"
    live_days = 14.0

    def __init__(
        self, seed: int = 7, shoppers: int = 3000, until: datetime | None = None, weeks: int = 12, items: int = 1200
    ) -> None:
        self.seed = seed
        self.shoppers = shoppers
        self.until = until or datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self.weeks = weeks
        self.size = items

    @property
    def key(self) -> str:
        """Names the shop's content, its end apart."""
        return f"generated-{self.seed}-{self.shoppers}-{self.weeks}-{self.size}"

    @cached_property
    def namespace(self) -> uuid.UUID:
        """Of message ids: a shop with another end has other events, so it must have other ids."""
        return uuid.uuid5(NAMESPACE, f"{self.key} until {self.until.isoformat()}")

    @cached_property
    def wares(self) -> Wares:
        return Wares(self.seed, self.size, self.until.timestamp(), self.weeks * 7 * DAY)

    @cached_property
    def items(self) -> list[dict[str, Any]]:
        return [ware.item for ware in self.wares.all]

    def catalog(self) -> list[dict[str, Any]]:
        return self.items

    def accounts(self) -> list[dict[str, str]]:
        people = list(PERSONAS)[: self.shoppers]
        return [{"userId": f"shopper-{number}", "name": name} for number, name in enumerate(people)]

    def events(self) -> Iterator[Event]:
        """In order of time. At any moment only the plans of what comes next are in memory, not what was."""
        until = self.until.timestamp()
        people, agenda = self._people()
        pending: list[tuple[datetime, str, Event]] = []
        bots = self._bots()
        for event in bots:
            heapq.heappush(pending, (event.timestamp, event.message_id, event))
        while agenda and agenda[0].at < until:
            plan = heapq.heappop(agenda)
            start = datetime.fromtimestamp(plan.at, UTC)
            while pending and pending[0][0] < start:
                yield heapq.heappop(pending)[2]
            visit = Visit(self.namespace, self.wares, people[plan.shopper], plan)
            for event in visit.events:
                if event.timestamp < self.until:
                    heapq.heappush(pending, (event.timestamp, event.message_id, event))
            for following in visit.plans:
                heapq.heappush(agenda, following)
        while pending:
            yield heapq.heappop(pending)[2]

    def _people(self) -> tuple[list[Shopper], list[Plan]]:
        until = self.until.timestamp()
        since = until - self.weeks * 7 * DAY
        people = [shopper(self.seed, number, since, until) for number in range(self.shoppers)]
        agenda = [
            Plan(at, person.number, -number)
            for person in people
            for number, at in enumerate(person.visits(since, until))
        ]
        heapq.heapify(agenda)
        return people, agenda

    def _bots(self) -> Iterator[Event]:
        """A few visitors who agree to everything and read the whole catalog in one night, early on."""
        for number in range(1 + self.shoppers // SHOPPERS_A_BOT):
            rng = Random(f"{self.seed}/bot/{number}")
            first = self.until.timestamp() - self.weeks * 7 * DAY
            at = first + rng.randrange(1, max(self.weeks * 7 // 2, 2)) * DAY
            device = str(uuid.uuid5(NAMESPACE, f"{self.seed}/bot/{number}"))
            for place, ware in enumerate(self.wares.all * BOT_ROUNDS):
                moment = datetime.fromtimestamp(round(at + place * 5, 3), UTC)
                yield Event(
                    message_id=str(uuid.uuid5(self.namespace, f"bot/{number}/{place}")),
                    type="track",
                    timestamp=moment,
                    received_at=moment,
                    event="Product Viewed",
                    anonymous_id=device,
                    properties=ware.product,
                    context={"device": {"type": "desktop"}, **CONSENT},
                    consent=Consent(analytics=True, personalization=True),
                )
