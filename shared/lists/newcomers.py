"""New items that nobody knows enough of yet, and what they are like: kept in one value, small enough to stay in memory."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from shared.lists.model import Scored

MOST = 200  # newest first; what is left out waits until others have been seen enough, or for the night


class Newcomer(msgspec.Struct, array_like=True):
    """`neighbours` are items of the catalog whose content is like it, best first."""

    item: str
    category: str = ""  # top category
    neighbours: Scored = []


class Newcomers(NamedTuple):
    """The same, looked up three ways: what is like a newcomer, which newcomers an item is like, and all, newest first."""

    similar: dict[str, Scored]
    related: dict[str, Scored]
    newest: tuple[tuple[str, str], ...]  # (item, top category)


NONE = Newcomers({}, {}, ())

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Newcomer])


def encode(newcomers: Iterable[Newcomer]) -> bytes:
    return _encoder.encode(list(newcomers)[:MOST])


def decode(value: bytes) -> Newcomers:
    """Raises msgspec.MsgspecError when the bytes are something else."""
    return looked_up(_decoder.decode(value))


def looked_up(newcomers: Iterable[Newcomer]) -> Newcomers:
    rows = list(newcomers)
    related: dict[str, Scored] = {}
    for newcomer in rows:
        for item, score in newcomer.neighbours:
            related.setdefault(item, []).append((newcomer.item, score))
    return Newcomers(
        {newcomer.item: newcomer.neighbours for newcomer in rows},
        related,
        tuple((newcomer.item, newcomer.category) for newcomer in rows),
    )
