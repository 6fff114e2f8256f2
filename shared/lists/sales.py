"""What serving has to know of the shop's sales: one value, small enough to stay in memory."""

import msgspec

MOST_BYTES = 100_000  # read once a minute by everything that serves


class Sales(msgspec.Struct, array_like=True, frozen=True):
    """`covers`: item -> days its stock lasts, of those that sell. `usual_order`: mean revenue of an order of late, 0 before the first."""

    covers: dict[str, float] = {}
    usual_order: float = 0.0


NONE = Sales()

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Sales)


def encode(sales: Sales) -> bytes:
    """At most MOST_BYTES: what lasts longest is left out first."""
    value = _encoder.encode(sales)
    while len(value) > MOST_BYTES:
        covers = sales.covers
        shortest = sorted(covers, key=lambda item: (covers[item], item))[: len(covers) * 3 // 4]
        sales = Sales({item: covers[item] for item in shortest}, sales.usual_order)
        value = _encoder.encode(sales)
    return value


def decode(value: bytes) -> Sales:
    """Raises msgspec.MsgspecError when the bytes are something else."""
    return _decoder.decode(value)
