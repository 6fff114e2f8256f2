"""What was decoded stays decoded while its bytes are the same: most of a shop's answers are made of the same items."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
MOST_KEPT = 10_000


class Kept(Generic[T]):
    """`decode` gives what nobody changes. Bytes are compared, so that what is kept is never older than what was read."""

    def __init__(self, decode: Callable[[bytes], T | None], most: int = MOST_KEPT) -> None:
        self.decode = decode
        self.most = most
        self.values: dict[str, tuple[bytes, T | None]] = {}

    def get(self, name: str, value: bytes) -> T | None:
        known = self.values.get(name)
        if known and known[0] == value:
            return known[1]
        if len(self.values) >= self.most:
            self.values.clear()
        made = self.decode(value)
        self.values[name] = value, made
        return made
