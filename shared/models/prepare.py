"""Lake files to interactions, with DuckDB: one line a message, histories joined to the shoppers they belong to, refunds taken back.

Shoppers' keys are read here and end here: what comes out has hashes in their place, salted with the version, and no order that
follows from the keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from shared.identity.graph import DEFAULT, Pair, Settings
from shared.identity.recompute import Recomputed, own
from shared.models.impressions import Impressions, read_impressions
from shared.models.interactions import Interactions, by_time
from shared.models.members import digest
from shared.models.people import SAID, WORDS, People
from shared.models.sales import Sales, read_sales
from shared.models.vitals import AHEAD, Vitals, counted, measure

COLUMNS = (
    "{messageId: 'VARCHAR', type: 'VARCHAR', event: 'VARCHAR', timestamp: 'TIMESTAMP', receivedAt: 'TIMESTAMP',"
    " anonymousId: 'VARCHAR', userId: 'VARCHAR', previousId: 'VARCHAR', source: 'VARCHAR',"
    " identifiers: 'MAP(VARCHAR, VARCHAR)', previousIdentifiers: 'MAP(VARCHAR, VARCHAR)', verified: 'BOOLEAN',"
    " properties: 'JSON', traits: 'JSON', context: 'JSON', consent: 'STRUCT(personalization BOOLEAN, updatedAt TIMESTAMP)'}"
)
BOT_VIEWS_A_DAY = 2000
SILENT_VIEWS_A_DAY = 500  # without a look that lasts, a cart or an order, in a shop that tells of looks
LONG_LOOK = 20.0  # seconds

# Of copies the first to arrive counts, as it did live.
# Nothing happens later than it arrives, whatever a device's clock says: the time split must not be moved by one clock that is ahead.
EVENTS = f"""
CREATE TABLE events AS
WITH messages AS (
  SELECT messageId, arg_min_null(COLUMNS(* EXCLUDE (messageId)), coalesce(receivedAt, timestamp)) AS '\\0', count(*)::INTEGER AS copies
  FROM read_json(?, format='newline_delimited', columns={COLUMNS}) GROUP BY messageId)
SELECT * REPLACE (
         coalesce(anonymousId, '') AS anonymousId, coalesce(userId, '') AS userId, coalesce(previousId, '') AS previousId,
         coalesce(source, 'browser') AS source, coalesce(verified, false) AS verified),
       epoch(least(timestamp, coalesce(receivedAt, timestamp))) AS ts,
       coalesce(epoch(timestamp) > epoch(receivedAt) + {AHEAD}, false) AS ahead
FROM messages
"""  # noqa: S608 - no outside text in it

# Who took back the consent to personalization, and said nothing else on purpose since. What they did before is not learned from either.
WITHDRAWN = """
CREATE TABLE withdrawn AS
SELECT shopper FROM (
  SELECT shopper, ts, coalesce(consent.personalization, false) AS agreed FROM owned
  WHERE type = 'track' AND event = 'Consent Changed' AND shopper <> '')
GROUP BY shopper
HAVING max(ts) FILTER (WHERE NOT agreed) >= coalesce(max(ts) FILTER (WHERE agreed), '-infinity'::DOUBLE)
"""

GONE = """
SELECT shopper FROM withdrawn UNION SELECT 'a#' || anonymousId FROM owned JOIN withdrawn USING (shopper) WHERE anonymousId <> ''
"""

LEFT_OUT = "DELETE FROM owned WHERE shopper IN (SELECT shopper FROM withdrawn)"

# One row an item: products[] of an order, or the event's own product. DuckDB keeps no order of rows, so `line` says which of a message each
# is: with it (ts, messageId, line) is an order without ties, and two readings of a lake give the same.
ROWS = """
CREATE TABLE rows AS
WITH told AS (
  SELECT shopper, ts, event, properties, messageId,
         CASE WHEN json_type(properties, '$.products') = 'ARRAY'
              THEN CAST(properties->'$.products' AS JSON[]) ELSE [properties] END AS products
  FROM owned WHERE type = 'track' AND event IN
    ('Product Viewed', 'Product Added', 'Order Completed', 'Order Refunded', 'Order Cancelled', 'Page Engaged')),
lines AS (SELECT * EXCLUDE (products), unnest(products) AS product, generate_subscripts(products, 1) AS line FROM told)
SELECT shopper, ts, messageId, line,
       CASE event WHEN 'Product Viewed' THEN 0 WHEN 'Page Engaged' THEN 1 WHEN 'Product Added' THEN 2
                  WHEN 'Order Completed' THEN 3 ELSE 4 END AS kind,
       coalesce(product->>'$.product_id', product->>'$.sku', '') AS item,
       coalesce(TRY_CAST(product->>'$.quantity' AS FLOAT), 1.0) AS quantity,
       CASE WHEN event = 'Order Completed' THEN TRY_CAST(product->>'$.price' AS FLOAT) END AS price,
       coalesce(TRY_CAST(properties->>'$.dwell_seconds' AS FLOAT), 0.0) AS dwell
FROM lines
"""

# Who looks at more than a person can, or at much and never stays.
BOTS = """
CREATE TABLE bots AS
WITH days AS (
  SELECT shopper, count(*) FILTER (kind = 0) AS views, count(*) FILTER (kind BETWEEN 1 AND 3) AS doings
  FROM rows WHERE shopper <> '' GROUP BY shopper, floor(ts / 86400))
SELECT shopper, sum(views) AS views FROM days GROUP BY shopper
HAVING max(views) > ? OR (max(views) FILTER (doings = 0) > ? AND EXISTS (SELECT 1 FROM rows WHERE kind = 1))
"""

KEPT = """
CREATE TABLE kept AS
WITH refunded AS (SELECT shopper, item, sum(quantity) AS back FROM rows WHERE kind = 4 GROUP BY ALL),
     bought AS (SELECT shopper, item, sum(quantity) AS total FROM rows WHERE kind = 3 GROUP BY ALL),
     undone AS (SELECT shopper, item FROM bought JOIN refunded USING (shopper, item) WHERE back >= total)
SELECT * FROM rows
WHERE item <> '' AND kind < 4 AND (kind <> 1 OR dwell >= ?)
  AND shopper NOT IN (SELECT shopper FROM bots)
  AND NOT (kind = 3 AND EXISTS (SELECT 1 FROM undone u WHERE u.shopper = rows.shopper AND u.item = rows.item))
"""

NUMBERED = """
CREATE TABLE numbered AS
WITH gaps AS (
  SELECT *, ts - lag(ts) OVER (PARTITION BY shopper ORDER BY ts, messageId, line) AS gap FROM kept WHERE shopper <> ''),
sessions AS (
  SELECT *, sum(CASE WHEN gap IS NULL OR gap > 1800 THEN 1 ELSE 0 END)
            OVER (ORDER BY shopper, ts, messageId, line ROWS UNBOUNDED PRECEDING) - 1 AS session FROM gaps)
SELECT *, CASE WHEN kind = 3 THEN dense_rank() OVER (ORDER BY CASE WHEN kind = 3 THEN messageId END) - 1 ELSE -1 END AS basket
FROM sessions
"""

NUMBERS = """
CREATE TABLE numbers AS
SELECT shopper, row_number() OVER (ORDER BY shopper) - 1 AS n FROM (SELECT DISTINCT shopper FROM numbered)
"""

# The shoppers learned from, and the devices their events came from: who asks about a device must find it too.
MEMBERS = """
SELECT shopper FROM numbers
UNION SELECT 'a#' || anonymousId FROM owned JOIN numbers USING (shopper) WHERE anonymousId <> ''
"""


class Prepared(NamedTuple):
    interactions: Interactions
    identity: Recomputed
    people: People  # numbered as the shoppers of `interactions`
    members: list[str]  # keys of all who were learned from; never stored as they are
    counts: dict[str, Any]  # plain numbers for the report
    vitals: Vitals  # for the data doctor
    impressions: Impressions  # recommendations seen, and whether they were clicked
    sales: Sales  # pieces sold and taken back
    withdrawn: list[str]  # keys of all who took consent back, and of their devices
    dealings: NDArray[np.intp]  # (n,) how many interactions there are of each item, also where those here are a sample
    words: Sequence[str] = ()  # sentences for the report


class Room(NamedTuple):
    """What DuckDB may use; it spills to `folder` beyond `memory`."""

    folder: str = "/tmp/duckdb"  # noqa: S108
    memory: str = "2GB"
    threads: int = 2

    def config(self) -> dict[str, Any]:
        return {"temp_directory": self.folder, "memory_limit": self.memory, "threads": self.threads}


class Rules(NamedTuple):
    """How the identity graph is decided: merge protection, and what operators took apart."""

    settings: Settings = DEFAULT
    cuts: frozenset[Pair] = frozenset()


class Since(NamedTuple):
    """Only what happened after `moment` (epoch seconds); whose it is, the live graph knows: profile id by identifier."""

    moment: float
    profiles: Mapping[str, str]


ROOM = Room()
RULES = Rules()


def prepare(
    files: Sequence[str],
    version: str,
    rules: Rules = RULES,
    room: Room = ROOM,
    since: Since | None = None,
) -> Prepared:
    """Read lake files (gzip JSON Lines) for `version`: all of them, or what came since."""
    with duckdb.connect(config={**room.config(), "preserve_insertion_order": False}) as db:
        db.execute(EVENTS, [list(files)])
        if since:
            db.execute("DELETE FROM events WHERE ts <= ?", [since.moment])
        who = own(db, rules.settings, rules.cuts, since.profiles if since else {})
        db.execute(WITHDRAWN)
        withdrawn = [str(key) for key in db.execute(GONE).fetchnumpy()["shopper"]]
        for statement in (LEFT_OUT, ROWS):
            db.execute(statement)
        db.execute(BOTS, [BOT_VIEWS_A_DAY, SILENT_VIEWS_A_DAY])
        db.execute(KEPT, [LONG_LOOK])
        db.execute(NUMBERED)
        db.execute(NUMBERS)
        db.execute(WORDS)
        members = [str(key) for key in db.execute(MEMBERS).fetchnumpy()["shopper"]]
        interactions, people = _columns(db, version)
        told = (counted(db), measure(db), read_impressions(db, version), read_sales(db))
        return Prepared(interactions, who, people, members, *told, withdrawn, interactions.dealings)


def _columns(db: duckdb.DuckDBPyConnection, version: str) -> tuple[Interactions, People]:
    items = _texts(db.execute("SELECT DISTINCT item FROM kept ORDER BY item").fetchnumpy()["item"])
    hashes = hashed(version, db.execute("SELECT shopper FROM numbers ORDER BY n").fetchnumpy()["shopper"])
    order = np.argsort(hashes)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    rows = db.execute("""
        WITH i AS (SELECT item, row_number() OVER (ORDER BY item) - 1 AS n FROM (SELECT DISTINCT item FROM kept))
        SELECT s.n AS shopper, i.n AS item, ts, kind, session, basket, quantity
        FROM numbered JOIN i USING (item) JOIN numbers s USING (shopper) ORDER BY ts, messageId, i.n, line""").fetchnumpy()
    interactions = Interactions(
        items=items,
        shoppers=hashes[order],
        shopper=place[rows["shopper"].astype(np.int32)],
        item=rows["item"].astype(np.int32),
        at=rows["ts"].astype(np.float64),
        kind=rows["kind"].astype(np.int8),
        session=by_time(rows["session"].astype(np.int32)),
        basket=by_time(rows["basket"].astype(np.int32)),
        quantity=rows["quantity"].astype(np.float32),
        countries=np.empty(0, "U1"),
    )
    people = latest(db, order)
    return replace(interactions, countries=people.country), people


def latest(db: duckdb.DuckDBPyConnection, order: Any) -> People:
    """SAID, the shopper `order[0]` first."""
    said = db.execute(SAID).fetchnumpy()
    return People(*(_column(said[name])[order] for name in People._fields))


def hashed(version: str, keys: Any) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(digest(version, key) for key in keys), ">u8").astype(np.uint64)


def _column(values: Any) -> Any:
    return np.asarray(values, np.float32) if values.dtype.kind == "f" else _texts(values)


def _texts(values: Any) -> Any:
    """As numpy unicode; DuckDB sorts by bytes of UTF-8, which is numpy's order by code point."""
    return np.array([str(value) for value in values], dtype=np.str_) if len(values) else np.empty(0, "U1")
