"""Events to interactions, in Spark: what `shared.models.prepare` says to DuckDB, over all of a lake that one machine cannot hold."""

from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from shared.models.prepare import BOT_VIEWS_A_DAY, LONG_LOOK, SILENT_VIEWS_A_DAY
from shared.models.spark.events import number, view

WITHDRAWN = """
SELECT shopper FROM owned WHERE type = 'track' AND event = 'Consent Changed' AND shopper <> ''
GROUP BY shopper
HAVING max(ts) FILTER (WHERE NOT agreed) >= coalesce(max(ts) FILTER (WHERE agreed), double('-Infinity'))
"""

GONE = """
SELECT shopper FROM withdrawn UNION SELECT 'a#' || anonymousId FROM owned LEFT SEMI JOIN withdrawn USING (shopper) WHERE anonymousId <> ''
"""

LEARNED = "SELECT * FROM owned LEFT ANTI JOIN withdrawn USING (shopper)"

ROWS = f"""
WITH lines AS (
  SELECT shopper, ts, event, messageId, properties.dwell_seconds AS dwell,
         posexplode(CASE WHEN properties.products LIKE '[%'
                         THEN transform(from_json(properties.products, 'ARRAY<STRING>'),
                                        p -> from_json(p, 'product_id STRING, sku STRING, quantity STRING, price STRING'))
                         ELSE array(named_struct('product_id', properties.product_id, 'sku', properties.sku,
                                                 'quantity', properties.quantity, 'price', properties.price)) END) AS (line, product)
  FROM learned WHERE type = 'track' AND event IN
    ('Product Viewed', 'Product Added', 'Order Completed', 'Order Refunded', 'Order Cancelled', 'Page Engaged'))
SELECT shopper, ts, messageId, line,
       CASE event WHEN 'Product Viewed' THEN 0 WHEN 'Page Engaged' THEN 1 WHEN 'Product Added' THEN 2
                  WHEN 'Order Completed' THEN 3 ELSE 4 END AS kind,
       coalesce(product.product_id, product.sku, '') AS item,
       coalesce({number("product.quantity")}, 1.0F) AS quantity,
       CASE WHEN event = 'Order Completed' THEN {number("product.price")} END AS price,
       coalesce({number("dwell")}, 0.0F) AS dwell
FROM lines
"""  # noqa: S608 - no outside text in it

BOTS = f"""
WITH days AS (
  SELECT shopper, count(*) FILTER (WHERE kind = 0) AS views, count(*) FILTER (WHERE kind BETWEEN 1 AND 3) AS doings
  FROM rows WHERE shopper <> '' GROUP BY shopper, floor(ts / 86400)),
most AS (
  SELECT shopper, sum(views) AS views, max(views) AS loudest, max(views) FILTER (WHERE doings = 0) AS silent FROM days GROUP BY shopper)
SELECT shopper, views FROM most
WHERE loudest > {BOT_VIEWS_A_DAY} OR (silent > {SILENT_VIEWS_A_DAY} AND (SELECT count(*) FROM rows WHERE kind = 1) > 0)
"""  # noqa: S608 - no outside text in it

# Under other names: where it meets `rows`, from which it comes, Spark 3.5 cannot always tell their columns apart.
UNDONE = """
SELECT shopper AS buyer, item AS returned FROM rows WHERE kind IN (3, 4) GROUP BY shopper, item
HAVING sum(quantity) FILTER (WHERE kind = 4) >= sum(quantity) FILTER (WHERE kind = 3)
"""

KEPT = f"""
SELECT r.* FROM rows r LEFT ANTI JOIN bots b ON r.shopper = b.shopper
     LEFT ANTI JOIN undone u ON r.kind = 3 AND r.shopper = u.buyer AND r.item = u.returned
WHERE r.item <> '' AND r.kind < 4 AND (r.kind <> 1 OR r.dwell >= {LONG_LOOK})
"""  # noqa: S608 - no outside text in it

# `visit` counts the sessions of one shopper.
NUMBERED = """
SELECT shopper, ts, messageId, line, kind, item, quantity,
       sum(CASE WHEN gap > 1800 THEN 1 ELSE 0 END) OVER (
         PARTITION BY shopper ORDER BY ts, messageId, line ROWS UNBOUNDED PRECEDING) AS visit
FROM (SELECT *, ts - lag(ts) OVER (PARTITION BY shopper ORDER BY ts, messageId, line) AS gap FROM kept WHERE shopper <> '')
"""

MEMBERS = """
SELECT shopper FROM shoppers
UNION SELECT 'a#' || anonymousId AS shopper FROM learned LEFT SEMI JOIN shoppers USING (shopper) WHERE anonymousId <> ''
"""

COUNTS = """
SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM shoppers) AS shoppers, (SELECT count(*) FROM items) AS items,
       (SELECT count(*) FROM interactions) AS interactions, (SELECT count(DISTINCT u, visit) FROM interactions) AS sessions,
       (SELECT count(DISTINCT messageId) FROM kept WHERE kind = 3) AS orders,
       (SELECT count(*) FROM learned WHERE shopper = '') AS without_consent,
       (SELECT count(*) FROM withdrawn) AS shoppers_who_withdrew_consent,
       (SELECT min(ts) FROM events) AS first, (SELECT max(ts) FROM events) AS last
"""

BY_EVENT = """
SELECT CASE WHEN type = 'track' THEN event ELSE type END AS name, count(*) AS n FROM events GROUP BY 1 ORDER BY 2 DESC LIMIT 30
"""

INTERACTIONS = """
SELECT s.n AS u, i.n AS item, ts, messageId, line, kind, quantity, visit
FROM numbered JOIN shoppers s USING (shopper) JOIN items i USING (item)
"""


def rows(spark: SparkSession) -> None:
    """Make of `owned` the views `items` (item, n), `shoppers` (shopper, n) and `interactions` (u, item, ts, messageId, line, kind,
    quantity, visit).

    Items are numbered in their order; shoppers in none, and from 0, which is what ALS needs.
    """
    view(spark, "withdrawn", WITHDRAWN, keep=True)
    view(spark, "learned", LEARNED)
    view(spark, "rows", ROWS, keep=True)
    view(spark, "bots", BOTS, keep=True)
    view(spark, "undone", UNDONE, keep=True)
    view(spark, "kept", KEPT, keep=True)
    view(spark, "numbered", NUMBERED)
    items = spark.sql("SELECT DISTINCT item FROM kept").toPandas().sort_values("item", ignore_index=True)
    items["n"] = items.index.astype("int32")
    view(spark, "items", fn.broadcast(spark.createDataFrame(items, "item STRING, n INT")))
    view(
        spark,
        "shoppers",
        counted(spark.sql("SELECT DISTINCT shopper FROM kept WHERE shopper <> ''"), "shopper"),
        keep=True,
    )
    view(spark, "interactions", INTERACTIONS, keep=True)


def counted(frame: DataFrame, column: str) -> DataFrame:
    """The rows numbered from 0 in a column `n`, without bringing them to one place: Spark numbers rows within a partition, and the
    partitions are made to follow each other."""
    tagged = frame.withColumn("_", fn.monotonically_increasing_id()).localCheckpoint()
    tagged = tagged.withColumn("part", fn.shiftright("_", 33)).withColumn(
        "place", fn.col("_").bitwiseAND((1 << 33) - 1)
    )
    sizes = tagged.groupBy("part").count().toPandas().sort_values("part")
    sizes["before"] = sizes["count"].cumsum() - sizes["count"]
    starts = frame.sparkSession.createDataFrame(sizes[["part", "before"]], "part BIGINT, before BIGINT")
    return tagged.join(fn.broadcast(starts), "part").select(
        column, (fn.col("before") + fn.col("place")).cast("int").alias("n")
    )


def counts(spark: SparkSession) -> dict[str, Any]:
    """The same numbers for the report as `shared.models.prepare` finds."""
    row = spark.sql(COUNTS).first()
    return {**(row.asDict() if row else {}), "by_event": {r.name: r.n for r in spark.sql(BY_EVENT).collect()}}
