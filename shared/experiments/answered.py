"""The log of answers: what was shown to whom, and by which chance. JSON Lines in the lake, one line an answer.

It is written by who answers, and read by the analysis of experiments, off-policy evaluation and replay. It names nobody: the unit is a
hash that only who has the id can make again, which is how it is found when a person is erased.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from shared.events.lake import lines

PREFIX = "answers/"


class Answered(msgspec.Struct):
    """`shown` are items, best first. `assigned` are (experiment, variant); `propensity` the chance of just this recipe: of the variants
    and of the bandit's arm together. `unit` is "" for who takes part in nothing. `teams` has a letter for each of `shown` where two
    rankers were interleaved: whose pick it was."""

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


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Answered)


def unit_of(name: str) -> str:
    """What stands for a shopper or a device in the log: `name` is the id by which experiments assign (`Asker.unit`). "" stays ""."""
    return blake2b(name.encode(), digest_size=12, person=b"answered").hexdigest() if name else ""


def folder(time: float) -> str:
    return f"{PREFIX}dt={datetime.fromtimestamp(time, UTC):%Y-%m-%d}/"


def packed(answers: Iterable[Answered]) -> bytes:
    """An object of the log: gzip JSON Lines."""
    return lines(_encoder.encode(one) for one in answers)


def decode(line: bytes) -> Answered:
    """Raises msgspec.MsgspecError."""
    return _decoder.decode(line)
