"""How often each arm of each bandit is to be drawn, as of the last minute: one value, small enough to stay in memory."""

from typing import NamedTuple

import msgspec


class Chances(msgspec.Struct, array_like=True):
    """`shares` add up to 1, in the order of `arms`."""

    placement: str
    segment: str
    arms: list[str]
    shares: list[float]


class Beliefs(msgspec.Struct, array_like=True):
    """What a linear model knows of each arm: its coefficients are normal with mean m and covariance L·Lᵀ.

    `means` is (arms, d); `roots` has L of each arm, row by row without the zeros above the diagonal (d rows of 1 to d numbers).
    """

    placement: str
    arms: list[str]
    floor: float
    means: list[list[float]]
    roots: list[list[list[float]]]


class Value(msgspec.Struct, array_like=True):
    chances: list[Chances] = []
    beliefs: list[Beliefs] = []


class Arms(NamedTuple):
    """The same, looked up by placement and segment, and by placement."""

    chances: dict[tuple[str, str], Chances]
    beliefs: dict[str, Beliefs]


NONE = Arms({}, {})

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Value)


def encode(value: Value) -> bytes:
    return _encoder.encode(value)


def decode(value: bytes) -> Arms:
    """Raises msgspec.MsgspecError when the bytes are something else."""
    return looked_up(_decoder.decode(value))


def looked_up(value: Value) -> Arms:
    chances = {(one.placement, one.segment): one for one in value.chances}
    return Arms(chances, {one.placement: one for one in value.beliefs})
