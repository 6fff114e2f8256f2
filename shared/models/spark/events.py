"""The lake and whose each event is, in Spark. The statements say what those of `shared.identity.recompute` say to DuckDB.

Whose the devices are is decided by the same `recompute`, on the driver: there are far fewer links than events.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from shared.identity.graph import Link
from shared.identity.recompute import Recomputed, owners, recompute
from shared.models.prepare import Rules
from shared.models.vitals import AHEAD

# What is read of an event. STRING takes any JSON: of an object or a list its text.
SCHEMA = (
    "messageId STRING, type STRING, event STRING, timestamp TIMESTAMP, receivedAt TIMESTAMP, anonymousId STRING, userId STRING,"
    " previousId STRING, source STRING, identifiers MAP<STRING, STRING>, previousIdentifiers MAP<STRING, STRING>, verified BOOLEAN,"
    " properties STRUCT<products: STRING, product_id: STRING, sku: STRING, quantity: STRING, price: STRING, dwell_seconds: STRING,"
    " order_id: STRING>,"
    " traits STRUCT<address: STRING, country: STRING, gender: STRING, birth_year: STRING, age: STRING>,"
    " context STRUCT<location: STRING, locale: STRING, device: STRING, timezone: STRING, library: STRING>,"
    " consent STRUCT<personalization: BOOLEAN>"
)

EVENTS = f"""
WITH messages AS (SELECT messageId, any_value(struct(*)) AS e, int(count(*)) AS copies FROM lake GROUP BY messageId)
SELECT messageId, e.type, coalesce(e.event, '') AS event, coalesce(e.anonymousId, '') AS anonymousId, coalesce(e.userId, '') AS userId,
       coalesce(e.previousId, '') AS previousId, coalesce(e.source, 'browser') AS source, e.identifiers, e.previousIdentifiers,
       coalesce(e.verified, false) AS verified, e.properties, e.traits, e.context, coalesce(e.consent.personalization, false) AS agreed,
       unix_micros(least(e.timestamp, coalesce(e.receivedAt, e.timestamp))) / 1000000D AS ts, copies,
       coalesce(unix_micros(e.timestamp) > unix_micros(e.receivedAt) + {AHEAD} * 1000000, false) AS ahead
FROM messages
"""  # noqa: S608 - no outside text in it

LINKS = """
WITH said AS (
  SELECT ts, messageId, source, verified AND userId <> '' AS proven, source = 'server' AS server, userId, anonymousId,
         CASE WHEN type = 'alias' THEN previousId ELSE '' END AS previous,
         coalesce(transform(map_entries(identifiers), e -> e.key || ':' || e.value), CAST(array() AS ARRAY<STRING>)) AS others
  FROM events),
vouched AS (
  SELECT ts, messageId, source, array_sort(array_distinct(filter(concat(
           array(CASE WHEN (server OR proven) AND anonymousId <> '' THEN 'anonymous:' || anonymousId END,
                 CASE WHEN (server OR proven) AND previous <> '' THEN 'anonymous:' || previous END,
                 CASE WHEN proven THEN 'user:' || userId END),
           CASE WHEN server THEN others ELSE CAST(array() AS ARRAY<STRING>) END), name -> name IS NOT NULL))) AS names
  FROM said)
SELECT names, min(ts) AS ts, min_by(messageId, struct(ts, messageId)) AS messageId, min_by(source, struct(ts, messageId)) AS source
FROM vouched WHERE size(names) > 1 GROUP BY names
"""

RENAMED = """
SELECT DISTINCT e.key || ':' || e.value AS was, e.key || ':' || identifiers[e.key] AS now
FROM (SELECT explode(map_entries(previousIdentifiers)) AS e, identifiers FROM events WHERE source = 'server')
WHERE identifiers[e.key] IS NOT NULL
"""

CLAIMS = """
SELECT anonymousId, any_value(userId) AS userId FROM events
WHERE source <> 'server' AND NOT verified AND userId <> '' AND anonymousId <> ''
GROUP BY anonymousId HAVING count(DISTINCT userId) = 1
"""

# Subqueries, not WITH: where such a view meets the events it comes from, Spark 3.5 cannot always tell their columns apart.
STRETCHES = """
SELECT messageId, coalesce(
         'u#' || first_value(userId) IGNORE NULLS OVER (
           PARTITION BY anonymousId, session ORDER BY ts, messageId ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING),
         'a#' || anonymousId || '~' || session) AS shopper
FROM (SELECT *, sum(CASE WHEN gap > 1800 THEN 1 ELSE 0 END) OVER (
                  PARTITION BY anonymousId ORDER BY ts, messageId ROWS UNBOUNDED PRECEDING) AS session
      FROM (SELECT anonymousId, ts, messageId, CASE WHEN verified AND userId <> '' THEN userId END AS userId,
                   ts - lag(ts) OVER (PARTITION BY anonymousId ORDER BY ts, messageId) AS gap
            FROM events LEFT SEMI JOIN shared ON anonymousId = device))
"""

OWNED = """
SELECT e.*, CASE WHEN e.verified AND e.userId <> '' THEN 'u#' || e.userId
                 WHEN s.shopper IS NOT NULL THEN s.shopper
                 WHEN o.shopper IS NOT NULL THEN o.shopper
                 WHEN c.userId IS NOT NULL THEN 'u#' || c.userId
                 WHEN e.anonymousId <> '' THEN 'a#' || e.anonymousId ELSE '' END AS shopper
FROM events e LEFT JOIN stretches s ON e.messageId = s.messageId LEFT JOIN owners o ON e.anonymousId = o.device
     LEFT JOIN claims c ON e.anonymousId = c.anonymousId
"""


def view(spark: SparkSession, name: str, statement: str | DataFrame, *, keep: bool = False) -> DataFrame:
    """The statement's rows under a name. `keep` makes them now, to lie with the executors: they are read more than once, and Spark would
    plan all that came before with each. If an executor is lost, so is the run."""
    frame = spark.sql(statement) if isinstance(statement, str) else statement
    if keep:
        frame = frame.localCheckpoint()
    frame.createOrReplaceTempView(name)
    return frame


def read(spark: SparkSession, paths: Sequence[str]) -> None:
    """Make the view `events`: one line a message, of the lake's folders or files. Fails on a line that is no event, naming it."""
    view(spark, "lake", spark.read.schema(SCHEMA).option("mode", "FAILFAST").json(list(paths)))
    view(spark, "events", EVENTS, keep=True)


def own(spark: SparkSession, rules: Rules) -> Recomputed:
    """Make the view `owned` of `events`: with the column `shopper`, named as `shared.identity.recompute.own` does."""
    found = spark.sql(LINKS).toPandas().sort_values(["ts", "messageId"])
    links = [Link(row.ts, row.messageId, tuple(row.names), row.source) for row in found.itertuples()]
    renamed = dict(spark.sql(RENAMED).toPandas().itertuples(index=False, name=None))
    graph = recompute(links, rules.settings, rules.cuts, renamed)
    view(spark, "owners", _table(spark, ("device", "shopper"), owners(graph)))
    view(spark, "shared", _table(spark, ("device", "_"), {name.partition(":")[2]: "" for name in graph.shared}))
    view(spark, "claims", CLAIMS)
    view(spark, "stretches", STRETCHES)
    view(spark, "owned", OWNED, keep=True)
    return graph


def _table(spark: SparkSession, columns: tuple[str, str], values: Mapping[str, str]) -> DataFrame:
    if not values:  # which Spark would have made by a Python of its own
        return spark.sql(f"SELECT '' AS {columns[0]}, '' AS {columns[1]} WHERE false")
    rows = pd.DataFrame({columns[0]: list(values), columns[1]: list(values.values())}, dtype=object)
    return spark.createDataFrame(rows, f"{columns[0]} STRING, {columns[1]} STRING")
