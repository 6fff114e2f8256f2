"""Recommendations that shoppers saw, and whether they clicked: what a click model and a ranker learn from."""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from shared.models.members import digest
from shared.models.npz import pack, unpack

# A click belongs to the answer it was in; who saw the same answer twice saw it once.
SEEN = """
WITH answers AS (
  SELECT shopper, ts, event, properties->>'$.recommendation_id' AS answer, coalesce(properties->>'$.placement', '') AS placement,
         unnest(CASE WHEN json_type(properties, '$.products') = 'ARRAY'
                     THEN CAST(properties->'$.products' AS JSON[]) ELSE [properties] END) AS product
  FROM owned WHERE type = 'track' AND shopper <> '' AND event IN ('Recommendation Viewed', 'Recommendation Clicked')),
items AS (
  SELECT shopper, ts, event, answer, placement, product->>'$.product_id' AS item, TRY_CAST(product->>'$.position' AS SMALLINT) AS position
  FROM answers WHERE answer <> '' AND product->>'$.product_id' <> '')
SELECT min(ts) AS "at", shopper, item, arg_min(placement, (ts, placement)) AS placement, coalesce(min(position), 0) AS position,
       bool_or(event = 'Recommendation Clicked') AS clicked
FROM items GROUP BY shopper, answer, item HAVING bool_or(event = 'Recommendation Viewed') ORDER BY "at", shopper, item
"""


@dataclass(frozen=True)
class Impressions:
    """m rows in order of time."""

    at: NDArray[np.float64]  # epoch seconds
    shopper: NDArray[np.uint64]  # hashes, as in Interactions.shoppers
    item: NDArray[Any]  # ids
    placement: NDArray[Any]
    position: NDArray[np.int16]  # 1 for the first; 0 unknown
    clicked: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.at)


def read_impressions(db: duckdb.DuckDBPyConnection, version: str) -> Impressions:
    """Reads the table `owned`."""
    rows = db.execute(SEEN).fetchnumpy()
    hashes = np.frombuffer(b"".join(digest(version, str(key)) for key in rows["shopper"]), ">u8").astype(np.uint64)
    return Impressions(
        at=np.asarray(rows["at"], np.float64),
        shopper=hashes,
        item=np.array([str(item) for item in rows["item"]], dtype=np.str_),
        placement=np.array([str(name) for name in rows["placement"]], dtype=np.str_),
        position=np.asarray(rows["position"], np.int16),
        clicked=np.asarray(rows["clicked"], np.bool_),
    )


def dump(impressions: Impressions) -> bytes:
    return pack(impressions)


def load(data: bytes) -> Impressions:
    return unpack(Impressions, data)
