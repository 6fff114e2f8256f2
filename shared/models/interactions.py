"""What shoppers did, as columns: the one form of training data."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.models.npz import pack, unpack

KINDS = ("view", "engaged", "cart", "order")  # positions are the codes in `kind`
VIEW, ENGAGED, CART, ORDER = range(len(KINDS))
WEIGHTS = np.array([1.0, 1.0, 3.0, 5.0], np.float32)  # view < long view < cart < order
DAY = 86400.0


@dataclass(frozen=True)
class Interactions:
    """m rows in order of time, over n items and u shoppers."""

    items: NDArray[Any]  # (n,) unicode ids, sorted
    shoppers: NDArray[np.uint64]  # (u,) sorted hashes (see `members.digest`): nobody can be told from them
    shopper: NDArray[np.int32]  # (m,) position in `shoppers`
    item: NDArray[np.int32]  # (m,) position in `items`
    at: NDArray[np.float64]  # (m,) epoch seconds
    kind: NDArray[np.int8]  # (m,) position in KINDS
    session: NDArray[np.int32]  # (m,) sessions counted over all shoppers
    basket: NDArray[np.int32]  # (m,) orders counted over all shoppers, −1 for other kinds
    quantity: NDArray[np.float32]  # (m,)
    countries: NDArray[Any]  # (u,) ISO 3166 alpha-2, "" unknown

    def __len__(self) -> int:
        return len(self.at)

    @property
    def weight(self) -> NDArray[np.float32]:
        return WEIGHTS[self.kind]

    @property
    def dealings(self) -> NDArray[np.intp]:
        """(n,) rows of each item."""
        return np.bincount(self.item, minlength=len(self.items))

    def where(self, rows: NDArray[Any]) -> "Interactions":
        """The rows chosen by a mask or by positions; items and shoppers stay numbered as they are."""
        columns = ("shopper", "item", "at", "kind", "session", "basket", "quantity")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def before(self, moment: float) -> "Interactions":
        return self.where(self.at < moment)

    def since(self, moment: float) -> "Interactions":
        return self.where(self.at >= moment)


def dump(interactions: Interactions) -> bytes:
    return pack(interactions)


def load(data: bytes) -> Interactions:
    return unpack(Interactions, data)


def by_time(numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    """The same groups, numbered as they first appear, so that the numbers tell nothing else; −1 stays."""
    first = np.full(int(numbers.max(initial=-1)) + 1, len(numbers), np.int64)
    at = np.flatnonzero(numbers >= 0)[::-1]
    first[numbers[at]] = at  # the last write wins, which is the first appearance
    named = np.empty(len(first), np.int32)
    named[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.int32)
    return np.where(numbers >= 0, named[numbers], -1).astype(np.int32) if len(first) else numbers
