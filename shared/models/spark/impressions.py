"""Recommendations that shoppers of the sample saw: what `shared.models.impressions` says to DuckDB."""

import numpy as np
from pyspark.sql import SparkSession

from shared.models.impressions import Impressions
from shared.models.prepare import hashed

SEEN = """
WITH answers AS (
  SELECT shopper, ts, event, properties.recommendation_id AS answer, coalesce(properties.placement, '') AS placement,
         explode(CASE WHEN properties.products LIKE '[%'
                      THEN transform(from_json(properties.products, 'ARRAY<STRING>'),
                                     p -> from_json(p, 'product_id STRING, position STRING'))
                      ELSE array(named_struct('product_id', properties.product_id, 'position', properties.position)) END) AS product
  FROM learned WHERE type = 'track' AND shopper <> '' AND event IN ('Recommendation Viewed', 'Recommendation Clicked') AND {chosen}),
items AS (
  SELECT shopper, ts, event, answer, placement, product.product_id AS item, CAST(product.position AS SMALLINT) AS position
  FROM answers WHERE answer <> '' AND product.product_id <> '')
SELECT min(ts) AS at, shopper, item, min_by(placement, ts) AS placement, coalesce(min(position), 0) AS position,
       bool_or(event = 'Recommendation Clicked') AS clicked
FROM items GROUP BY shopper, answer, item HAVING bool_or(event = 'Recommendation Viewed') ORDER BY at, shopper, item
"""


def seen(spark: SparkSession, version: str, chosen: str) -> Impressions:
    """Of the view `learned`; `chosen` is the condition by which shoppers are in the sample."""
    rows = spark.sql(SEEN.format(chosen=chosen)).toPandas()
    return Impressions(
        at=rows["at"].to_numpy(np.float64),
        shopper=hashed(version, rows["shopper"]),
        item=np.array(rows["item"].tolist(), dtype=np.str_),
        placement=np.array(rows["placement"].tolist(), dtype=np.str_),
        position=rows["position"].to_numpy(np.int16),
        clicked=rows["clicked"].to_numpy(np.bool_),
    )
