"""The log of answers: what was shown to whom, by which chance, and from what. JSON Lines in the lake, one line an answer.

It is read by the analysis of experiments, off-policy evaluation, replay and the simulator. It names nobody: the unit is a hash that only
who has the id can make again, which is how it is found when a person is erased; who takes part in nothing has none.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from shared.events.lake import lines

PREFIX = "answers/"


class Question(msgspec.Struct, omit_defaults=True):
    """What was asked, as the request said it."""

    count: int = 0
    counted: bool = True  # the request said how many, not the placement
    items: list[str] = []
    cart: list[str] = []
    exclude: list[str] = []
    categories: list[str] = []
    brands: list[str] = []
    price_min: float = 0.0
    price_max: float | None = None
    where: str = ""  # expression
    allow_purchased: bool | None = None
    country: str = ""
    device: str = ""
    query: str = ""
    page: str = ""


class Known(msgspec.Struct, omit_defaults=True):
    """What was known of the shopper that rules and dials ask of: facts by name as expressions name them (without `shopper.`), and the
    strongest affinities."""

    facts: dict[str, str | float | bool | list[str]] = {}
    categories: dict[str, float] = {}
    brands: dict[str, float] = {}
    price_log_mean: float = 0.0
    price_weight: float = 0.0
    shown: dict[str, float] = {}  # of the pool, as the state has it (`shared.profiles.fatigue`)
    covers: dict[str, float] = {}  # of the pool: days the stock lasts


class Own(msgspec.Struct, omit_defaults=True):
    """What the shopper's own state offered, whether or not the placement asked for it: with it sources are asked again. Scores are shares
    of the best. `contextual`: the answer had to do without the person."""

    live: list[tuple[str, float]] = []
    again: list[tuple[str, float]] = []
    recent: list[str] = []  # dealt with, latest last
    contextual: bool = False


class Shown(msgspec.Struct, array_like=True):
    """One of the items shown, and why."""

    item: str
    score: float
    reason: str = ""
    because: str = ""
    tier: str = ""


class Answered(msgspec.Struct):
    """`shown` are items, best first. `assigned` are (experiment, variant); `propensity` the chance of just this recipe: of the variants
    and of the bandit's arm together. `unit` is "" for who takes part in nothing. `teams` has a letter for each of `shown` where two
    rankers were interleaved: whose pick it was, `-` for one that both have in this place."""

    id: str  # the recommendationId
    time: float  # epoch seconds
    placement: str
    shown: list[str] = []
    plan: str = ""  # version
    model: str = ""  # version
    unit: str = ""
    assigned: list[tuple[str, str]] = []
    bandit: str = ""
    arm: str = ""
    segment: str = ""
    propensity: float = 1.0
    ms: float = 0.0  # how long it took
    teams: str = ""
    fallback: bool = False  # whether something had to stand in for what should have been shown
    why: list[Shown] = []  # of `shown`
    pool: list[tuple[str, float]] = []  # what was looked at, best first, before dials and rules: item, value
    waiting: list[str] = []  # new arrivals whose turn it would be
    barred: list[str] = []  # what might not be shown to this shopper here
    strategy: str = ""
    bundles: list[list[str]] = []  # items of each bundle beside the shelf
    question: Question = msgspec.field(default_factory=Question)
    known: Known = msgspec.field(default_factory=Known)
    own: Own | None = None  # None where the log did not keep it yet


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Answered)


def unit_of(name: str) -> str:
    """What stands for a shopper or a device in the log: `name` is the id by which experiments assign (`Asker.unit`). "" stays ""."""
    return blake2b(name.encode(), digest_size=12, person=b"answered").hexdigest() if name else ""


def folder(time: float) -> str:
    return f"{PREFIX}dt={datetime.fromtimestamp(time, UTC):%Y-%m-%d}/"


def packed(answers: Iterable[Answered]) -> bytes:
    """An object of the log: gzip JSON Lines."""
    return lines(encode(one) for one in answers)


def encode(answered: Answered) -> bytes:
    return _encoder.encode(answered)


def decode(line: bytes) -> Answered:
    """Raises msgspec.MsgspecError."""
    return _decoder.decode(line)
