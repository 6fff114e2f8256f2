"""What the data doctor looks at, counted by DuckDB over the tables that `prepare` makes: each table once, and little comes out."""

from typing import Any, NamedTuple

import duckdb

AHEAD = 300  # seconds a clock may be ahead of ours
LEARNED_FROM = ("Product Viewed", "Page Engaged", "Product Added", "Order Completed")

DAILY = """
WITH told AS (
  SELECT CASE WHEN type = 'track' THEN event ELSE type END AS name, source, copies, ahead,
         coalesce(consent.personalization, false) AS agreed, floor(((SELECT max(ts) FROM events) - ts) / 86400)::INTEGER AS ago,
         json_extract_string(context, ['$.library.name', '$.device.type']) AS around
  FROM events)
SELECT ago, name, coalesce(nullif(around[1], ''), source) AS library, coalesce(around[2], '') AS device, count(*)::BIGINT AS events,
       sum(copies - 1)::BIGINT AS repeated, (count(*) FILTER (ahead))::BIGINT AS ahead, (count(*) FILTER (agreed))::BIGINT AS agreed
FROM told GROUP BY ALL
"""

# The statements over `rows` and `bots` are such that Spark takes them too.
ROWS = """
SELECT count(*) AS rows, count(*) FILTER (WHERE item = '') AS nameless, count(*) FILTER (WHERE kind = 3) AS order_lines,
       count(*) FILTER (WHERE kind = 3 AND price IS NULL) AS unpriced, count(*) FILTER (WHERE kind = 0) AS views
FROM rows WHERE kind < 4
"""

# The same shopper, item and second under two message ids: two tags on one page.
TWICE = """
SELECT CAST(coalesce(sum(n), 0) AS BIGINT) AS told, CAST(coalesce(sum(n - 1), 0) AS BIGINT) AS twice FROM (
  SELECT count(DISTINCT messageId) AS n FROM rows WHERE kind IN (0, 2, 3) AND shopper <> '' AND item <> ''
  GROUP BY shopper, kind, item, floor(ts))
"""

ORDERS = """
SELECT count(*) AS orders_with_id, count(*) - count(DISTINCT id) AS orders_again
FROM (SELECT properties->>'$.order_id' AS id FROM owned WHERE type = 'track' AND event = 'Order Completed') WHERE id <> ''
"""

BUYERS = """
SELECT CAST(coalesce(sum(orders), 0) AS BIGINT) AS lines_of_known,
       CAST(coalesce(sum(orders) FILTER (WHERE views = 0), 0) AS BIGINT) AS lines_without_views
FROM (SELECT count(*) FILTER (WHERE kind = 0) AS views, count(*) FILTER (WHERE kind = 3) AS orders
      FROM rows WHERE shopper <> '' GROUP BY shopper)
"""

BOTS = "SELECT count(*) AS bots, CAST(coalesce(sum(views), 0) AS BIGINT) AS bot_views FROM bots"


class Vitals(NamedTuple):
    """`daily` are columns of equal length: `ago` (days before the newest event), `name` of the event, `library`, `device`, `events`,
    and how many of these came again (`repeated`), from a clock ahead of ours (`ahead`), with consent to personalization (`agreed`).
    `counts` are single numbers; `last` is when the newest event happened, epoch seconds.
    """

    daily: dict[str, Any]
    counts: dict[str, int]
    last: float


def measure(db: duckdb.DuckDBPyConnection) -> Vitals:
    """Reads the tables `events`, `owned`, `rows` and `bots`."""
    counts: dict[str, int] = {}
    for statement in (ROWS, TWICE, ORDERS, BUYERS, BOTS):
        row = db.execute(statement).fetchone() or ()
        counts |= {column[0]: int(value) for column, value in zip(db.description or [], row, strict=True)}
    (last,) = db.execute("SELECT coalesce(max(ts), 0) FROM events").fetchone() or (0.0,)
    return Vitals(db.execute(DAILY).fetchnumpy(), counts, float(last))


def counted(db: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Plain numbers for the report, of the tables `events`, `owned`, `withdrawn`, `kept` and `numbered`."""
    single = """
        SELECT (SELECT count(*) FROM events) AS events, (SELECT count(DISTINCT shopper) FROM numbered) AS shoppers,
               (SELECT count(DISTINCT item) FROM kept) AS items, (SELECT count(*) FROM numbered) AS interactions,
               (SELECT count(DISTINCT session) FROM numbered) AS sessions,
               (SELECT count(DISTINCT messageId) FROM kept WHERE kind = 3) AS orders,
               (SELECT count(*) FROM owned WHERE shopper = '') AS without_consent,
               (SELECT count(*) FROM withdrawn) AS shoppers_who_withdrew_consent,
               (SELECT min(ts) FROM events) AS first, (SELECT max(ts) FROM events) AS last"""
    row = db.execute(single).fetchone() or ()
    names = [column[0] for column in db.description or []]
    by_event = "SELECT CASE WHEN type = 'track' THEN event ELSE type END AS name, count(*) FROM events GROUP BY 1 ORDER BY 2 DESC LIMIT 30"
    return {**dict(zip(names, row, strict=True)), "by_event": dict(db.execute(by_event).fetchall())}
