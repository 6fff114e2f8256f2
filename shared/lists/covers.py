"""How many days the stock of each item lasts, of those that sell: one value, small enough to stay in memory."""

import msgspec

MOST_BYTES = 100_000  # read once a minute by everything that serves

Covers = dict[str, float]  # item -> days
NONE: Covers = {}

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Covers)


def encode(covers: Covers) -> bytes:
    """At most MOST_BYTES: what lasts longest is left out first."""
    value = _encoder.encode(covers)
    while len(value) > MOST_BYTES:
        shortest = sorted(covers, key=lambda item: (covers[item], item))[: len(covers) * 3 // 4]
        covers = {item: covers[item] for item in shortest}
        value = _encoder.encode(covers)
    return value


def decode(value: bytes) -> Covers:
    """Raises msgspec.MsgspecError when the bytes are something else."""
    return _decoder.decode(value)
