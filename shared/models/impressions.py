"""Recommendations that shoppers saw, and whether they clicked: what a click model and a ranker learn from."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared.models.interactions import by_time
from shared.models.members import digest
from shared.models.npz import pack, unpack

if TYPE_CHECKING:  # what learns has no duckdb
    import duckdb

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
SELECT min(ts) AS "at", shopper, answer, item, arg_min(placement, (ts, placement)) AS placement, coalesce(min(position), 0) AS position,
       bool_or(event = 'Recommendation Clicked') AS clicked
FROM items GROUP BY shopper, answer, item HAVING bool_or(event = 'Recommendation Viewed') ORDER BY "at", shopper, answer, item
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
    answer: NDArray[np.int32]  # which rows were one answer; numbered by time

    def __len__(self) -> int:
        return len(self.at)

    def where(self, rows: NDArray[Any]) -> "Impressions":
        """The rows chosen by a mask or by positions."""
        return Impressions(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def read_impressions(db: "duckdb.DuckDBPyConnection", version: str) -> Impressions:
    """Reads the table `owned`."""
    return of_rows(db.execute(SEEN).fetchnumpy(), version)


def of_rows(rows: Mapping[str, Any], version: str) -> Impressions:
    """Of the columns that SEEN has, in its order."""
    hashes = np.frombuffer(b"".join(digest(version, str(key)) for key in rows["shopper"]), ">u8").astype(np.uint64)
    return Impressions(
        at=np.asarray(rows["at"], np.float64),
        shopper=hashes,
        item=np.array([str(item) for item in rows["item"]], dtype=np.str_),
        placement=np.array([str(name) for name in rows["placement"]], dtype=np.str_),
        position=np.asarray(rows["position"], np.int16),
        clicked=np.asarray(rows["clicked"], np.bool_),
        answer=_answers(rows["shopper"], rows["answer"]),
    )


def _answers(shoppers: Any, answers: Any) -> NDArray[np.int32]:
    if not len(answers):
        return np.empty(0, np.int32)
    names = np.array([f"{answer}\n{shopper}" for answer, shopper in zip(answers, shoppers, strict=True)], dtype=np.str_)
    return by_time(np.unique(names, return_inverse=True)[1].astype(np.int32))


def dump(impressions: Impressions) -> bytes:
    return pack(impressions)


def load(data: bytes) -> Impressions:
    return unpack(Impressions, data)
