"""Lists of items, ready to be shown, and the pointer that says which version of them is current."""

from typing import Literal

import msgspec

Kind = Literal[
    "similar",
    "together",
    "popular",
    "trending",
    "best-sellers",
    "most-viewed",
    "new-arrivals",
    "on-sale",
    "high-margin",
    "newcomers",
    "arms",
    "sales",
]
Scored = list[tuple[str, float]]
LIVE = "live"


class Pointer(msgspec.Struct, array_like=True):
    """`kept` are the versions that can be made current at once, newest first; `current` is one of them or ""."""

    current: str = ""
    kept: list[str] = []
    published_at: float = 0.0


def key(version: str, kind: Kind, name: str) -> str:
    """The lists table's pk; `name` is an item id for similar and together, a segment for all others."""
    return f"{version}#{kind}#{name}"


_encoder = msgspec.msgpack.Encoder()
_scored = msgspec.msgpack.Decoder(Scored)
_pointer = msgspec.msgpack.Decoder(Pointer)


def encode(value: Scored | Pointer) -> bytes:
    return _encoder.encode(value)


def decode(value: bytes) -> Scored:
    return _scored.decode(value)


def decode_pointer(value: bytes) -> Pointer:
    return _pointer.decode(value)
