"""What the data doctor looks at, counted by Spark: see `shared.models.vitals`, some of whose statements are DuckDB's alone."""

from pyspark.sql import SparkSession

from shared.models.vitals import BOTS, BUYERS, ROWS, TWICE, Vitals

DAILY = """
WITH told AS (
  SELECT CASE WHEN type = 'track' THEN event ELSE type END AS name, source, copies, ahead, agreed,
         int(floor(((SELECT max(ts) FROM events) - ts) / 86400)) AS ago, get_json_object(context.library, '$.name') AS library,
         get_json_object(context.device, '$.type') AS device
  FROM events)
SELECT ago, name, coalesce(nullif(library, ''), source) AS library, coalesce(device, '') AS device, count(*) AS events,
       sum(copies - 1) AS repeated, count(*) FILTER (WHERE ahead) AS ahead, count(*) FILTER (WHERE agreed) AS agreed
FROM told GROUP BY 1, 2, 3, 4
"""

ORDERS = """
SELECT count(*) AS orders_with_id, count(*) - count(DISTINCT id) AS orders_again
FROM (SELECT properties.order_id AS id FROM learned WHERE type = 'track' AND event = 'Order Completed') WHERE id <> ''
"""


def vitals(spark: SparkSession) -> Vitals:
    """Reads the views `events`, `learned`, `rows` and `bots`."""
    counts: dict[str, int] = {}
    for statement in (ROWS, TWICE, ORDERS, BUYERS, BOTS):
        row = spark.sql(statement).first()
        counts |= {name: int(value) for name, value in (row.asDict() if row else {}).items()}
    row = spark.sql("SELECT coalesce(max(ts), 0D) FROM events").first()
    daily = spark.sql(DAILY).toPandas()
    return Vitals({name: daily[name].to_numpy() for name in daily}, counts, float(row[0]) if row else 0.0)
