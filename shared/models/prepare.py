"""Lake files to interactions, with DuckDB: one line a message, histories joined to the shoppers they belong to, refunds taken back."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np

from shared.identity.graph import Pair
from shared.identity.recompute import Recomputed, own
from shared.models.interactions import Interactions

COLUMNS = (
    "{messageId: 'VARCHAR', type: 'VARCHAR', event: 'VARCHAR', timestamp: 'TIMESTAMP', anonymousId: 'VARCHAR', userId: 'VARCHAR',"
    " previousId: 'VARCHAR', source: 'VARCHAR', identifiers: 'MAP(VARCHAR, VARCHAR)', previousIdentifiers: 'MAP(VARCHAR, VARCHAR)',"
    " verified: 'BOOLEAN', properties: 'JSON', traits: 'JSON', context: 'JSON'}"
)
BOT_VIEWS_A_DAY = 2000
LONG_LOOK = 20.0  # seconds

EVENTS = f"""
CREATE TABLE events AS
SELECT DISTINCT ON (messageId) * REPLACE (
         coalesce(anonymousId, '') AS anonymousId, coalesce(userId, '') AS userId, coalesce(previousId, '') AS previousId,
         coalesce(source, 'browser') AS source, coalesce(verified, false) AS verified), epoch(timestamp) AS ts
FROM read_json(?, format='newline_delimited', columns={COLUMNS})
"""  # noqa: S608 - no outside text in it

# One row an item: products[] of an order, or the event's own product.
ROWS = """
CREATE TABLE rows AS
WITH lines AS (
  SELECT shopper, ts, event, properties,
         unnest(CASE WHEN json_type(properties, '$.products') = 'ARRAY'
                     THEN CAST(properties->'$.products' AS JSON[]) ELSE [properties] END) AS product,
         messageId
  FROM owned WHERE type = 'track' AND event IN
    ('Product Viewed', 'Product Added', 'Order Completed', 'Order Refunded', 'Order Cancelled', 'Page Engaged'))
SELECT shopper, ts, messageId,
       CASE event WHEN 'Product Viewed' THEN 0 WHEN 'Page Engaged' THEN 1 WHEN 'Product Added' THEN 2
                  WHEN 'Order Completed' THEN 3 ELSE 4 END AS kind,
       coalesce(product->>'$.product_id', product->>'$.sku', '') AS item,
       coalesce(TRY_CAST(product->>'$.quantity' AS FLOAT), 1.0) AS quantity,
       coalesce(TRY_CAST(properties->>'$.dwell_seconds' AS FLOAT), 0.0) AS dwell
FROM lines
"""

KEPT = """
CREATE TABLE kept AS
WITH refunded AS (SELECT shopper, item, sum(quantity) AS back FROM rows WHERE kind = 4 GROUP BY ALL),
     bought AS (SELECT shopper, item, sum(quantity) AS total FROM rows WHERE kind = 3 GROUP BY ALL),
     undone AS (SELECT shopper, item FROM bought JOIN refunded USING (shopper, item) WHERE back >= total),
     bots AS (SELECT shopper FROM rows WHERE kind = 0 GROUP BY shopper, floor(ts / 86400) HAVING count(*) > ?)
SELECT * FROM rows
WHERE item <> '' AND kind < 4 AND (kind <> 1 OR dwell >= ?)
  AND shopper NOT IN (SELECT shopper FROM bots)
  AND NOT (kind = 3 AND EXISTS (SELECT 1 FROM undone u WHERE u.shopper = rows.shopper AND u.item = rows.item))
"""

NUMBERED = """
CREATE TABLE numbered AS
WITH gaps AS (
  SELECT *, ts - lag(ts) OVER (PARTITION BY shopper ORDER BY ts, messageId) AS gap FROM kept WHERE shopper <> ''),
sessions AS (
  SELECT *, sum(CASE WHEN gap IS NULL OR gap > 1800 THEN 1 ELSE 0 END)
            OVER (ORDER BY shopper, ts, messageId ROWS UNBOUNDED PRECEDING) - 1 AS session FROM gaps)
SELECT *, CASE WHEN kind = 3 THEN dense_rank() OVER (ORDER BY CASE WHEN kind = 3 THEN messageId END) - 1 ELSE -1 END AS basket
FROM sessions
"""

COUNTRY = """
SELECT shopper, upper(coalesce(arg_max(found, ts), '')) AS country FROM (
  SELECT shopper, ts, coalesce(traits->>'$.address.country', traits->>'$.country', context->>'$.location.country',
                               right(context->>'$.locale', 2)) AS found FROM owned)
WHERE shopper <> '' AND length(found) = 2 GROUP BY shopper
"""


class Prepared(NamedTuple):
    interactions: Interactions
    identity: Recomputed
    counts: dict[str, Any]  # plain numbers for the report


def prepare(
    files: Sequence[str],
    cuts: frozenset[Pair] = frozenset(),
    memory: str = "2GB",
    folder: str = "/tmp/duckdb",  # noqa: S108
    threads: int = 2,
) -> Prepared:
    """Read lake files (gzip JSON Lines). `cuts` are identifiers an operator took apart. Spills to `folder` beyond `memory`."""
    with duckdb.connect(
        config={"memory_limit": memory, "temp_directory": folder, "threads": threads, "preserve_insertion_order": False}
    ) as db:
        db.execute(EVENTS, [list(files)])
        who = own(db, cuts=cuts)
        db.execute(ROWS)
        db.execute(KEPT, [BOT_VIEWS_A_DAY, LONG_LOOK])
        db.execute(NUMBERED)
        return Prepared(_columns(db), who, _counts(db))


def _columns(db: duckdb.DuckDBPyConnection) -> Interactions:
    items = _texts(db.execute("SELECT DISTINCT item FROM kept ORDER BY item").fetchnumpy()["item"])
    shoppers = _texts(db.execute("SELECT DISTINCT shopper FROM numbered ORDER BY shopper").fetchnumpy()["shopper"])
    rows = db.execute("""
        WITH i AS (SELECT item, row_number() OVER (ORDER BY item) - 1 AS n FROM (SELECT DISTINCT item FROM kept)),
             s AS (SELECT shopper, row_number() OVER (ORDER BY shopper) - 1 AS n FROM (SELECT DISTINCT shopper FROM numbered))
        SELECT s.n AS shopper, i.n AS item, ts, kind, session, basket, quantity
        FROM numbered JOIN i USING (item) JOIN s USING (shopper) ORDER BY ts, messageId, i.n""").fetchnumpy()
    known = dict(db.execute(COUNTRY).fetchall())
    return Interactions(
        items=items,
        shoppers=shoppers,
        shopper=rows["shopper"].astype(np.int32),
        item=rows["item"].astype(np.int32),
        at=rows["ts"].astype(np.float64),
        kind=rows["kind"].astype(np.int8),
        session=rows["session"].astype(np.int32),
        basket=rows["basket"].astype(np.int32),
        quantity=rows["quantity"].astype(np.float32),
        countries=_texts(np.array([known.get(shopper, "") for shopper in shoppers], dtype=object)),
    )


def _texts(values: Any) -> Any:
    """As numpy unicode; DuckDB sorts by bytes of UTF-8, which is numpy's order by code point."""
    return np.array([str(value) for value in values], dtype=np.str_) if len(values) else np.empty(0, "U1")


def _counts(db: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    single = """
        SELECT (SELECT count(*) FROM events) AS events, (SELECT count(DISTINCT shopper) FROM numbered) AS shoppers,
               (SELECT count(DISTINCT item) FROM kept) AS items, (SELECT count(*) FROM numbered) AS interactions,
               (SELECT count(DISTINCT session) FROM numbered) AS sessions,
               (SELECT count(DISTINCT messageId) FROM kept WHERE kind = 3) AS orders,
               (SELECT count(*) FROM owned WHERE shopper = '') AS without_consent,
               (SELECT min(ts) FROM events) AS first, (SELECT max(ts) FROM events) AS last"""
    row = db.execute(single).fetchone() or ()
    names = [column[0] for column in db.description or []]
    by_event = "SELECT CASE WHEN type = 'track' THEN event ELSE type END AS name, count(*) FROM events GROUP BY 1 ORDER BY 2 DESC LIMIT 30"
    return {**dict(zip(names, row, strict=True)), "by_event": dict(db.execute(by_event).fetchall())}
