"""The made-up shop's shoppers: who they are, what they like, and when they come."""

import math
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from infrastructure.cli.generate.wares import DAY, Ware, Wares
from infrastructure.cli.generate.words import BRANDS, COUNTRIES, PERSONAS, SHELVES, STYLES, USES
from shared.consent import statement
from shared.events.model import Consent

NAMESPACE = uuid.UUID("2f1d7c1e-7a3b-5d0e-8c55-0b1d5a6f7e21")
ACCOUNTS, AGREE, TWO_DEVICES, LOGS_IN = 0.45, 0.92, 0.4, 0.3  # shares of the shoppers
WEEKLY = 0.85  # visits a week, on average
WEEKDAYS = (0.9, 0.85, 0.9, 1.0, 0.95, 1.3, 1.5)  # Monday first
HOURS = (1, 1, 0, 0, 0, 1, 3, 5, 6, 6, 7, 8, 10, 9, 7, 7, 8, 9, 11, 13, 16, 15, 10, 4)


@dataclass(frozen=True)
class Device:
    id: str
    context: dict[str, Any]


@dataclass
class Shopper:
    """`carts` (one a device), `seen` and `told` are what the visits so far left behind."""

    number: int
    rng: Random
    user_id: str  # "" without an account
    devices: list[Device]
    consent: Consent
    country: str
    shelves: list[str]
    shelf_weights: list[float]
    brands: dict[str, float]
    styles: dict[str, float]
    level: float  # of prices against typical ones
    joined: float
    logs_in: float  # how often, at the beginning of a visit
    carts: list[dict[int, int]]
    seen: list[int] = field(default_factory=list)
    told: int = 0
    _likings: dict[str, list[float]] = field(default_factory=dict)

    def choose(self, wares: Wares, shelf: str, at: float) -> int:
        """A product of the shelf, by taste, bestsellers and what is new or rising."""
        if shelf not in self._likings:
            self._likings[shelf] = [self._liking(wares.all[place]) for place in wares.by_shelf[shelf]]
        weights = [mine * all_ for mine, all_ in zip(self._likings[shelf], wares.interest(shelf, at), strict=True)]
        return self.rng.choices(wares.by_shelf[shelf], weights)[0]

    def fit(self, ware: Ware) -> float:
        """How well the product fits the shopper alone, about 0 to 1."""
        own = self.brands[ware.brand] * self.styles[ware.style] * self._affordable(ware)
        return own / (own + 1.0)

    def _liking(self, ware: Ware) -> float:
        return ware.appeal * self.brands[ware.brand] * self.styles[ware.style] * self._affordable(ware)

    def _affordable(self, ware: Ware) -> float:
        return math.exp(-abs(math.log(ware.price / (SHELVES[ware.shelf].price * self.level))) / 0.7)

    def visits(self, since: float, until: float) -> list[float]:
        """When the shopper comes, in epoch seconds: more at weekends and in the evening."""
        persona = self.number < len(PERSONAS)
        rate = 3.0 if persona else WEEKLY * self.rng.gammavariate(1.1, 1 / 1.1)
        days = int((until - max(since, self.joined)) // DAY)
        count = min(_poisson(self.rng, rate * days / 7), 200) or 1
        ends = [until - day * DAY for day in range(days)] or [until]
        weights = [WEEKDAYS[datetime.fromtimestamp(end - DAY / 2, UTC).weekday()] for end in ends]
        chosen = self.rng.choices(ends, weights, k=count) + (ends[:2] if persona else [])
        times = (_moment(self.rng, end) for end in chosen)
        return sorted(at for at in times if since <= at < until)


def shopper(seed: int, number: int, since: float, until: float) -> Shopper:
    """Shopper `number` of the shop; the first ones are those of PERSONAS."""
    rng = Random(f"{seed}/shopper/{number}")
    persona = list(PERSONAS.values())[number] if number < len(PERSONAS) else None
    country = rng.choices(list(COUNTRIES), list(COUNTRIES.values()))[0]
    agrees = persona is not None or rng.random() < AGREE
    account = persona is not None or rng.random() < ACCOUNTS
    two = account and (persona is not None or rng.random() < TWO_DEVICES)
    consent = {
        "analytics": agrees or rng.random() < 0.3,
        "personalization": agrees,
        "advertising": agrees and rng.random() < 0.5,
    }
    shelves, weights = _taste(rng, persona)
    return Shopper(
        number=number,
        rng=rng,
        user_id=f"shopper-{number}" if account else "",
        devices=[_device(rng, f"{seed}/{number}/device/{place}", country, consent) for place in range(1 + two)],
        consent=statement.read({"consent": {"categoryPreferences": consent}}).consent,
        country=country,
        shelves=shelves,
        shelf_weights=weights,
        brands={brand.name: rng.lognormvariate(0.0, 0.6) for brand in BRANDS},
        styles=dict(zip(STYLES, _dirichlet(rng, 0.9, len(STYLES), 3.0), strict=True)),
        level=rng.lognormvariate(0.0, 0.35),
        logs_in=1.0 if persona else LOGS_IN,
        carts=[{} for _ in range(1 + two)],
        joined=since if persona or rng.random() < 0.65 else rng.uniform(since, until - DAY),
    )


def _taste(rng: Random, persona: tuple[str, ...] | None) -> tuple[list[str], list[float]]:
    """Shelves and how often the shopper looks there: one to three departments, a few shelves in each."""
    tops = dict(zip(USES, _dirichlet(rng, 0.3, len(USES)), strict=True))
    if persona:
        tops = {top: 0.45 if top in persona else 0.1 / (len(USES) - len(persona)) for top in USES}
    within = {path: rng.gammavariate(0.8, 1.0) + 0.02 for path in SHELVES}
    return list(SHELVES), [tops[path.partition(" > ")[0]] * within[path] + 0.004 for path in SHELVES]


def _dirichlet(rng: Random, concentration: float, size: int, total: float = 1.0) -> list[float]:
    draws = [rng.gammavariate(concentration, 1.0) + 1e-6 for _ in range(size)]
    return [total * draw / sum(draws) for draw in draws]


def _device(rng: Random, name: str, country: str, consent: dict[str, bool]) -> Device:
    kind = "mobile" if rng.random() < 0.6 else "desktop"
    context = {
        "device": {"type": kind},
        "location": {"country": country},
        "consent": {"categoryPreferences": consent},
    }
    return Device(str(uuid.uuid5(NAMESPACE, name)), context)


def _moment(rng: Random, end: float) -> float:
    """A time in the 24 hours before `end`, at an hour people shop."""
    midnight = math.floor(end / DAY) * DAY
    at = midnight + 3600 * rng.choices(range(24), HOURS)[0] + rng.uniform(0, 3600)
    return at if at < end else at - DAY


def _poisson(rng: Random, mean: float) -> int:
    """Knuth's method in parts, so that large means do not underflow."""
    total = 0
    while mean > 30:
        total, mean = total + _poisson(rng, 30.0), mean - 30
    limit, product = math.exp(-mean), rng.random()
    while product > limit:
        total, product = total + 1, product * rng.random()
    return total
