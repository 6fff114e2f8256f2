"""Whom a version learned from, without naming them: enough to say of a shopper one knows whether the version saw them.

Sorted 8-byte BLAKE2b hashes, big-endian, of the version and the shopper's key. The version is no secret, so who has both the file
and a list of keys can find these keys in it, and that is what the file is for. Without a key it tells nothing, and two versions' files have
nothing in common. Needs no numpy: privacy requests read it.
"""

from bisect import bisect_left
from collections.abc import Iterable
from hashlib import blake2b

SIZE = 8


def base_of(version: str) -> str:
    """The version of the nightly training that a version is, or is a refresh of: `<base>.r<number>`."""
    return version.partition(".")[0]


def members_key(version: str) -> str:
    return f"models/{version}/members.bin"


def digest(version: str, key: str) -> bytes:
    """What stands for a shopper's key (`u#…`, `a#…`) in everything a version and its refreshes store."""
    return blake2b(f"{base_of(version)}\n{key}".encode(), digest_size=SIZE).digest()


def dump(version: str, keys: Iterable[str]) -> bytes:
    return b"".join(sorted({digest(version, key) for key in keys}))


def union(one: bytes, other: bytes) -> bytes:
    """Members of either of two lists of one version."""
    return b"".join(sorted({data[at : at + SIZE] for data in (one, other) for at in range(0, len(data), SIZE)}))


def contains(data: bytes, version: str, keys: Iterable[str]) -> set[str]:
    """Those of the `keys` the version learned from. Raises ValueError when `data` is no list of members."""
    if len(data) % SIZE:
        raise ValueError(f"{len(data)} bytes are no list of members")
    return {key for key in keys if _holds(data, digest(version, key))}


def _holds(data: bytes, wanted: bytes) -> bool:
    def at(place: int) -> bytes:
        return data[place * SIZE : (place + 1) * SIZE]

    places = range(len(data) // SIZE)
    found = bisect_left(places, wanted, key=at)
    return found < len(places) and at(found) == wanted
