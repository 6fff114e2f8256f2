"""How events lie in the lake: gzip JSON Lines, one folder an hour, named so that a retry writes the same object again."""

import gzip
from collections.abc import Iterable
from datetime import datetime

import msgspec

from shared.streams import Record

PREFIX = "events/"


class _Stamp(msgspec.Struct, rename="camel"):
    timestamp: datetime


_stamp = msgspec.json.Decoder(_Stamp)


def folder(timestamp: datetime) -> str:
    """`timestamp` in UTC."""
    return f"{PREFIX}dt={timestamp:%Y-%m-%d}/hour={timestamp:%H}/"


def hour(data: bytes) -> str:
    """The folder a stream record belongs to. Raises msgspec.MsgspecError when it is no event."""
    return folder(_stamp.decode(data).timestamp)


def name(records: list[Record]) -> str:
    """Shard and sequence range; padded, so that names sort as the stream does."""
    return f"{records[0].shard}-{records[0].sequence:056d}-{records[-1].sequence:056d}.jsonl.gz"


def lines(data: Iterable[bytes]) -> bytes:
    """Compressed with no time in the header: the same events are the same bytes."""
    return gzip.compress(b"\n".join(data) + b"\n", compresslevel=6, mtime=0)
