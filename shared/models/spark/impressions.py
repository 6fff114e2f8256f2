"""Recommendations that shoppers of the sample saw: what `shared.models.impressions` says to DuckDB."""

from pyspark.sql import SparkSession

from shared.models.impressions import Impressions, of_rows

SEEN = """
WITH answers AS (
  SELECT shopper, ts, event, properties.recommendation_id AS answer, coalesce(properties.placement, '') AS placement,
         explode(CASE WHEN properties.products LIKE '[%'
                      THEN transform(from_json(properties.products, 'ARRAY<STRING>'),
                                     p -> from_json(p, 'product_id STRING, position STRING'))
                      ELSE array(named_struct('product_id', properties.product_id, 'position', properties.position)) END) AS product
  FROM learned WHERE type = 'track' AND shopper <> '' AND event IN ('Recommendation Viewed', 'Recommendation Clicked') AND {chosen}),
items AS (
  SELECT shopper, ts, event, answer, placement, product.product_id AS item,
         try_cast(round(CAST(product.position AS DOUBLE)) AS SMALLINT) AS position
  FROM answers WHERE answer <> '' AND product.product_id <> '')
SELECT min(ts) AS at, shopper, answer, item, min_by(placement, struct(ts, placement)) AS placement, coalesce(min(position), 0) AS position,
       bool_or(event = 'Recommendation Clicked') AS clicked
FROM items GROUP BY shopper, answer, item HAVING bool_or(event = 'Recommendation Viewed') ORDER BY at, shopper, answer, item
"""


def seen(spark: SparkSession, version: str, chosen: str) -> Impressions:
    """Of the view `learned`; `chosen` is the condition by which shoppers are in the sample."""
    rows = spark.sql(SEEN.format(chosen=chosen)).toPandas()
    return of_rows({name: rows[name].to_numpy() for name in rows}, version)
