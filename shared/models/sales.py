"""Pieces sold and taken back, by day and item: what a refund is to be expected from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared.models.interactions import DAY
from shared.models.npz import pack, unpack

if TYPE_CHECKING:  # what learns has no duckdb
    import duckdb

PIECES = 20.0  # pieces that an item is assumed to have sold besides, taken back as often as usual

# Of the same shoppers that are learned from. Spark takes it too.
SOLD = """
SELECT CAST(floor(ts / 86400) AS INTEGER) AS day, item, CAST(coalesce(sum(quantity) FILTER (WHERE kind = 3), 0) AS FLOAT) AS sold,
       CAST(coalesce(sum(quantity) FILTER (WHERE kind = 4), 0) AS FLOAT) AS back
FROM rows WHERE kind >= 3 AND item <> '' AND shopper <> '' AND shopper NOT IN (SELECT shopper FROM bots)
GROUP BY ALL ORDER BY day, item
"""


@dataclass(frozen=True)
class Sales:
    """m rows, a day and an item each."""

    day: NDArray[np.int32]  # days since the epoch (UTC)
    item: NDArray[Any]  # ids
    sold: NDArray[np.float32]  # pieces ordered
    back: NDArray[np.float32]  # pieces refunded, or of cancelled orders

    def __len__(self) -> int:
        return len(self.day)


NO_SALES = Sales(np.empty(0, np.int32), np.empty(0, "U1"), np.empty(0, np.float32), np.empty(0, np.float32))


def read_sales(db: "duckdb.DuckDBPyConnection") -> Sales:
    """Reads the tables `rows` and `bots`."""
    return of_rows(db.execute(SOLD).fetchnumpy())


def of_rows(found: Mapping[str, Any]) -> Sales:
    """Of the columns that SOLD has, in its order."""
    items = np.array([str(item) for item in found["item"]], dtype=np.str_) if len(found["item"]) else np.empty(0, "U1")
    columns = (np.asarray(found[name], np.float32) for name in ("sold", "back"))
    return Sales(np.asarray(found["day"], np.int32), items, *columns)


def refunded(sales: Sales, until: float) -> tuple[dict[str, float], float]:
    """The share of each item's pieces that are taken back, and of all, by the days that ended before `until` (epoch seconds)."""
    known = (sales.day + 1) * DAY <= until
    if not known.any():
        return {}, 0.0
    ids, place = np.unique(sales.item[known], return_inverse=True)
    sold, back = (np.bincount(place, column[known]) for column in (sales.sold, sales.back))
    usual = min(float(back.sum() / max(sold.sum(), 1.0)), 1.0)
    shares = np.minimum((back + PIECES * usual) / (sold + PIECES), 1.0)
    return dict(zip(ids.tolist(), shares.tolist(), strict=True)), usual


def dump(sales: Sales) -> bytes:
    return pack(sales)


def load(data: bytes) -> Sales:
    return unpack(Sales, data)
