"""Whose each event is, in Spark. The statements say what those of `shared.identity.attribution` say to DuckDB.

Whose the devices are is decided by the same `recompute`, on the driver: there are far fewer links than events.
"""

from collections.abc import Mapping

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from shared.identity.graph import Link
from shared.identity.recompute import Recomputed, owners, recompute, shoppers
from shared.identity.statements import SESSION
from shared.models.prepare import Rules
from shared.models.spark.events import view

KEYED = """
SELECT messageId, ts, arrived, updated, agreed, coalesce(properties.source, '') AS said,
       type = 'track' AND event IN ('Consent Changed', 'Segment Consent Preference Updated') AS purposely,
       explode(array_distinct(filter(array(
         CASE WHEN verified AND userId <> '' THEN 'u#' || userId END, CASE WHEN anonymousId <> '' THEN 'a#' || anonymousId END,
         CASE WHEN type = 'alias' AND previousId <> '' THEN 'a#' || previousId END), name -> name IS NOT NULL))) AS shopper
FROM events
"""

# What each said, by time: whether it is a no told on purpose, and when consent was taken back last.
TOLD = """
WITH words AS (
  SELECT shopper, coalesce(updated, ts) AS told_at, agreed,
         bool_or(purposely AND said NOT IN ('presumed', 'event', 'event-updated')) AS firm
  FROM keyed WHERE purposely OR updated IS NOT NULL GROUP BY 1, 2, 3),
moments AS (
  SELECT shopper, told_at, max_by(agreed, 2 * int(firm) + int(NOT agreed)) AS agreed, bool_or(firm) AS firm FROM words GROUP BY 1, 2),
turns AS (SELECT *, coalesce(lag(agreed) OVER (PARTITION BY shopper ORDER BY told_at), true) AS before FROM moments)
SELECT shopper, told_at, NOT agreed AND firm AS refused,
       max(CASE WHEN before AND NOT agreed THEN told_at END) OVER (PARTITION BY shopper ORDER BY told_at) AS withdrawn
FROM turns
"""

# Spark has no ASOF JOIN: what was told and what arrived in one order, and each event looks back.
UNWILLING = """
WITH both AS (
  SELECT shopper, told_at AS at, 0 AS place, named_struct('refused', refused, 'withdrawn', withdrawn) AS word,
         CAST(NULL AS STRING) AS messageId, 0D AS ts FROM told
  UNION ALL SELECT shopper, arrived, 1, NULL, messageId, ts FROM keyed LEFT SEMI JOIN told USING (shopper)),
heard AS (
  SELECT messageId, ts, last_value(word) IGNORE NULLS OVER (
           PARTITION BY shopper ORDER BY at, place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS word FROM both)
SELECT DISTINCT messageId FROM heard WHERE messageId IS NOT NULL AND (word.refused OR ts < word.withdrawn)
"""

WILLING = "SELECT * FROM events LEFT ANTI JOIN unwilling USING (messageId)"

LINKS = """
WITH said AS (
  SELECT ts, messageId, source, verified AND userId <> '' AS proven, source = 'server' AS server, userId, anonymousId,
         CASE WHEN type = 'alias' THEN previousId ELSE '' END AS previous,
         coalesce(transform(map_entries(identifiers), e -> e.key || ':' || e.value), CAST(array() AS ARRAY<STRING>)) AS others
  FROM willing),
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
WITH each AS (
  SELECT explode(map_entries(previousIdentifiers)) AS e, verified AND userId <> '' AS proven, source = 'server' AS server,
         identifiers, userId, anonymousId
  FROM events WHERE (source = 'server' OR verified) AND size(map_keys(previousIdentifiers)) > 0),
now AS (
  SELECT e, proven, server,
         CASE e.key WHEN 'user' THEN userId WHEN 'anonymous' THEN anonymousId ELSE identifiers[e.key] END AS value FROM each)
SELECT DISTINCT e.key || ':' || e.value AS old, e.key || ':' || value AS name FROM now
WHERE coalesce(value, '') NOT IN ('', e.value) AND CASE e.key WHEN 'user' THEN proven WHEN 'anonymous' THEN server OR proven ELSE server END
"""

CLAIMS = """
WITH claiming AS (
  SELECT anonymousId, userId, identifiers FROM willing WHERE source <> 'server' AND NOT verified AND anonymousId <> ''),
named AS (
  SELECT anonymousId, e.key || ':' || e.value AS said
  FROM (SELECT anonymousId, explode(map_entries(identifiers)) AS e FROM claiming)),
claimed AS (
  SELECT anonymousId, 'u#' || userId AS shopper FROM claiming WHERE userId <> ''
  UNION
  SELECT n.anonymousId, p.shopper FROM named n LEFT JOIN renamed r ON r.old = n.said JOIN profiles p ON p.name = coalesce(r.name, n.said))
SELECT anonymousId, any_value(shopper) AS shopper FROM claimed GROUP BY anonymousId HAVING count(DISTINCT shopper) = 1
"""

# Subqueries, not WITH: where such a view meets the events it comes from, Spark 3.5 cannot always tell their columns apart.
STRETCHES = f"""
SELECT messageId, coalesce(
         'u#' || first_value(userId) IGNORE NULLS OVER (
           PARTITION BY anonymousId, session ORDER BY ts, messageId ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING),
         'a#' || anonymousId || '~' || session) AS shopper
FROM (SELECT *, sum(CASE WHEN gap > {SESSION} THEN 1 ELSE 0 END) OVER (
                  PARTITION BY anonymousId ORDER BY ts, messageId ROWS UNBOUNDED PRECEDING) AS session
      FROM (SELECT anonymousId, ts, messageId, CASE WHEN verified AND userId <> '' THEN userId END AS userId,
                   ts - lag(ts) OVER (PARTITION BY anonymousId ORDER BY ts, messageId) AS gap
            FROM events LEFT SEMI JOIN shared ON anonymousId = device))
"""  # noqa: S608 - a number of ours

OWNED = """
SELECT e.*, CASE WHEN e.verified AND e.userId <> '' THEN 'u#' || e.userId
                 WHEN s.shopper IS NOT NULL THEN s.shopper
                 WHEN o.shopper IS NOT NULL THEN o.shopper
                 WHEN c.shopper IS NOT NULL THEN c.shopper
                 WHEN e.anonymousId <> '' THEN 'a#' || e.anonymousId ELSE '' END AS shopper
FROM events e LEFT JOIN stretches s ON e.messageId = s.messageId LEFT JOIN owners o ON e.anonymousId = o.device
     LEFT JOIN claims c ON e.anonymousId = c.anonymousId
"""


def own(spark: SparkSession, rules: Rules) -> Recomputed:
    """Make the view `owned` of `events`: with the column `shopper`, named as `shared.identity.recompute.own` does."""
    view(spark, "keyed", KEYED)
    view(spark, "told", TOLD, keep=True)
    view(spark, "unwilling", UNWILLING, keep=True)
    view(spark, "willing", WILLING)
    found = spark.sql(LINKS).toPandas().sort_values(["ts", "messageId"])
    links = [Link(row.ts, row.messageId, tuple(row.names), row.source) for row in found.itertuples()]
    renamed = dict(spark.sql(RENAMED).toPandas().itertuples(index=False, name=None))
    graph = recompute(links, rules.settings, rules.cuts, renamed)
    view(spark, "renamed", _table(spark, ("old", "name"), renamed))
    view(spark, "profiles", _table(spark, ("name", "shopper"), shoppers(graph.profiles)))
    view(spark, "owners", _table(spark, ("device", "shopper"), owners(graph.profiles)))
    view(spark, "shared", _table(spark, ("device", "_"), {name.partition(":")[2]: "" for name in graph.shared}))
    view(spark, "claims", CLAIMS, keep=True)
    view(spark, "stretches", STRETCHES)
    view(spark, "owned", OWNED, keep=True)
    return graph


def _table(spark: SparkSession, columns: tuple[str, str], values: Mapping[str, str]) -> DataFrame:
    if not values:  # which Spark would have made by a Python of its own
        return spark.sql(f"SELECT '' AS {columns[0]}, '' AS {columns[1]} WHERE false")
    rows = pd.DataFrame({columns[0]: list(values), columns[1]: list(values.values())}, dtype=object)
    return spark.createDataFrame(rows, f"{columns[0]} STRING, {columns[1]} STRING")
