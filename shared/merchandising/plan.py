"""The merchandiser's plan as it is published: everything checked, times as epoch seconds, expressions as text.

What a merchandiser writes is a JSON document (`shared.merchandising.parse`); this is what `recommend` reads. Structs are `array_like`:
fields may only be added at the end, with a default.
"""

from bisect import bisect_right
from typing import Any, Literal, get_args

import msgspec

from shared.expressions.fields import DAYS
from shared.profiles.lifecycle import USUAL, Limits

Action = Literal["pin", "boost", "bury", "include", "exclude", "replace"]
ACTIONS: tuple[Action, ...] = get_args(Action)


class Rule(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """`where` and `items` say what it is about (one of them), `when` and `placements` (empty: all) in which requests.

    `start` and `end`: epoch seconds, 0 for no limit; the end is not included. `slots` count from 1. `share` and `slots` are the two ways
    of `include`; `by` is the factor of `boost` and `bury`; `target` the item that `replace` shows instead.
    """

    name: str
    action: Action
    where: str = ""
    when: str = ""
    placements: tuple[str, ...] = ()
    start: float = 0.0
    end: float = 0.0
    priority: int = 0
    items: tuple[str, ...] = ()
    slots: tuple[int, ...] = ()
    share: float = 0.0
    by: float = 1.0
    target: str = ""


class Plan(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """`rules` are those that are enabled, in order of precedence. `segments`: name -> expression about the shopper.

    `placements`, `experiments` and `bandits` are as they were written. `clock` says when the shop's distance from UTC changes:
    (epoch seconds, seconds east), the first at 0; after the last it is taken to stay.
    `lifecycle`: where the shop draws the lines between a shopper's stages.
    """

    version: str = ""
    rules: tuple[Rule, ...] = ()
    segments: dict[str, str] = {}
    placements: dict[str, Any] = {}
    experiments: dict[str, Any] = {}
    bandits: dict[str, Any] = {}
    clock: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    lifecycle: Limits = USUAL


class Published(msgspec.Struct, array_like=True, frozen=True):
    """A version that was published, when (epoch seconds), what was said about it, and by whom."""

    version: str
    at: float
    note: str = ""
    who: str = ""


class Pointer(msgspec.Struct, array_like=True, frozen=True):
    """`kept` are the versions that can be made current at once, newest first; `current` is one of them or "", since `at` (epoch
    seconds), when `who` published it or went back to it."""

    current: str = ""
    kept: tuple[Published, ...] = ()
    at: float = 0.0
    who: str = ""


EMPTY = Plan()
POINTER = "pointer"
DRAFT = "draft"
DAY = 86400


def key(version: str) -> str:
    """The plans table's pk of a published plan."""
    return f"plan#{version}"


def local(plan: Plan, now: float) -> tuple[int, str]:
    """(hour, weekday) where the shop is: what `context.hour` and `context.weekday` mean.

    >>> local(Plan(clock=((0.0, 3600.0),)), 0.0)
    (1, 'thu')
    """
    place = bisect_right(plan.clock, now, key=lambda change: change[0])
    here = int(now + plan.clock[max(place - 1, 0)][1])
    return here % DAY // 3600, DAYS[(here // DAY + 3) % 7]


_encoder = msgspec.msgpack.Encoder()
_plan = msgspec.msgpack.Decoder(Plan)
_pointer = msgspec.msgpack.Decoder(Pointer)


def encode(value: Plan | Pointer) -> bytes:
    return _encoder.encode(value)


def decode(value: bytes) -> Plan:
    """Raises msgspec.MsgspecError when the value is no plan."""
    return _plan.decode(value)


def decode_pointer(value: bytes) -> Pointer:
    return _pointer.decode(value)
