"""From the log of answers and the events of the lake to one row a unit, with DuckDB.

Who was assigned counts, whether they looked or not: a variant that is shown less often must not look better for it. A unit has the variant
it met first. Orders count from then on, those of a shopper for the shopper's unit if it takes part already, else for the device's.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import duckdb
import numpy as np

from shared.answers.model import unit_of
from shared.experiments.analysis.units import Units
from shared.experiments.model import HOLDOUT, Experiment

BEFORE_DAYS = 28  # whole weeks

ANSWERS = """
CREATE TABLE answers AS
SELECT id, min(time) AS time, any_value(unit) AS unit, any_value(shown) AS shown, any_value(assigned) AS assigned, any_value(ms) AS ms,
       any_value(teams) AS teams, any_value(coalesce(fallback, false)) AS fallback
FROM read_json(?, format='newline_delimited', columns={id: 'VARCHAR', time: 'DOUBLE', unit: 'VARCHAR', shown: 'VARCHAR[]',
  assigned: 'VARCHAR[][]', ms: 'DOUBLE', teams: 'VARCHAR', fallback: 'BOOLEAN'})
WHERE unit <> '' AND len(assigned) > 0 GROUP BY id
"""

CLICKED = """
CREATE TABLE clicked AS
SELECT DISTINCT properties->>'$.recommendation_id' AS id FROM owned
WHERE type = 'track' AND event = 'Recommendation Clicked' AND shopper <> ''
"""

NAMES = """
SELECT DISTINCT name FROM (SELECT substr(shopper, 3) AS name FROM owned WHERE shopper LIKE 'u#%'
  UNION ALL SELECT anonymousId FROM owned WHERE shopper <> '') WHERE name <> ''
"""

# What an order brought: as it says itself, else by its lines. What is taken back counts against it.
DOINGS = """
CREATE TABLE doings AS
WITH told AS (
  SELECT messageId, ts, event, properties, CASE WHEN shopper LIKE 'u#%' THEN substr(shopper, 3) END AS person, anonymousId,
         CASE WHEN json_type(properties, '$.products') = 'ARRAY'
              THEN CAST(properties->'$.products' AS JSON[]) ELSE [properties] END AS products
  FROM owned WHERE type = 'track' AND shopper <> ''
    AND event IN ('Product Viewed', 'Order Completed', 'Order Refunded', 'Order Cancelled')),
lines AS (SELECT messageId, unnest(products) AS product FROM told WHERE event <> 'Product Viewed'),
pieces AS (
  SELECT messageId, coalesce(TRY_CAST(product->>'$.quantity' AS DOUBLE), 1.0) AS quantity,
         coalesce(TRY_CAST(product->>'$.price' AS DOUBLE), 0.0) AS price,
         coalesce(product->>'$.product_id', product->>'$.sku', '') AS item
  FROM lines),
sums AS (
  SELECT messageId, sum(quantity * price) AS revenue, sum(quantity * coalesce(margin, 0.0)) AS margin
  FROM pieces LEFT JOIN items USING (item) GROUP BY messageId)
SELECT t.ts, u.unit AS person, d.unit AS device, (event = 'Product Viewed')::INT AS views, (event = 'Order Completed')::INT AS orders,
       sign * coalesce(TRY_CAST(properties->>'$.revenue' AS DOUBLE), TRY_CAST(properties->>'$.total' AS DOUBLE),
                       TRY_CAST(properties->>'$.value' AS DOUBLE), s.revenue, 0.0) AS revenue,
       sign * coalesce(s.margin, 0.0) AS margin
FROM (SELECT *, CASE event WHEN 'Product Viewed' THEN 0 WHEN 'Order Completed' THEN 1 ELSE -1 END AS sign FROM told) t
LEFT JOIN sums s USING (messageId) LEFT JOIN names u ON u.name = t.person LEFT JOIN names d ON d.name = t.anonymousId
WHERE u.unit IS NOT NULL OR d.unit IS NOT NULL
"""

TAKEN = """
CREATE OR REPLACE TEMP TABLE taken AS
WITH mine AS (SELECT id, time, unit, shown, ms, fallback, unnest(assigned) AS pair FROM answers WHERE time >= $start AND time < $until),
each AS (
  SELECT id, time, unit, pair[2] AS variant, shown, ms, fallback FROM mine
  WHERE pair[1] = $name AND list_contains($variants, pair[2])),
parts AS (SELECT id, unnest(shown) AS item FROM each),
varied AS (SELECT id, count(DISTINCT coalesce(category, '')) / count(*) AS variety FROM parts LEFT JOIN items USING (item) GROUP BY id)
SELECT unit, arg_min(variant, (time, id)) AS variant, min(time) AS first, count(*) AS answers, count(c.id) AS clicks,
       sum(coalesce(variety, 0.0)) AS variety, count(*) FILTER (len(shown) = 0) AS empty,
       count(*) FILTER (fallback) AS fallback, sum(ms) AS milliseconds
FROM each LEFT JOIN clicked c USING (id) LEFT JOIN varied USING (id) GROUP BY unit
"""

PER_UNIT = """
WITH own AS (
  SELECT CASE WHEN p.first <= ts THEN person WHEN d.first <= ts THEN device END AS unit, orders, revenue, margin
  FROM doings LEFT JOIN taken p ON p.unit = person LEFT JOIN taken d ON d.unit = device WHERE ts < $until AND views = 0),
after AS (SELECT unit, sum(orders) AS orders, sum(revenue) AS revenue, sum(margin) AS margin FROM own GROUP BY unit),
sides AS (
  SELECT person AS unit, ts, views, orders, revenue FROM doings UNION ALL
  SELECT device, ts, views, orders, revenue FROM doings WHERE device IS DISTINCT FROM person),
past AS (
  SELECT unit, sum(views) AS views, sum(orders) AS orders, sum(revenue) AS revenue FROM sides JOIN taken USING (unit)
  WHERE ts < first AND ts >= first - $before GROUP BY unit)
SELECT t.*, coalesce(a.orders, 0) AS orders, coalesce(a.revenue, 0) AS revenue, coalesce(a.margin, 0) AS margin,
       coalesce(p.views, 0) AS views_before, coalesce(p.orders, 0) AS orders_before, coalesce(p.revenue, 0) AS revenue_before
FROM taken t LEFT JOIN after a USING (unit) LEFT JOIN past p USING (unit) ORDER BY first, unit
"""
SUMS = ("answers", "clicks", "orders", "revenue", "margin", "variety", "empty", "fallback", "milliseconds")
PAST = ("views_before", "orders_before", "revenue_before")


class Product(NamedTuple):
    category: str
    margin: float  # of a piece


def gather(
    db: duckdb.DuckDBPyConnection, files: Sequence[str], items: Mapping[str, Product], withdrawn: Iterable[str] = ()
) -> None:
    """Of log files and the table `owned` (see `shared.identity.recompute.own`) the tables that `units` reads. Answers of the `withdrawn`,
    ids of who took back the consent, count no more."""
    db.execute(ANSWERS, [list(files)])
    db.execute("DELETE FROM answers WHERE list_contains(?::VARCHAR[], unit)", [[unit_of(name) for name in withdrawn]])
    db.execute("CREATE TABLE items (item VARCHAR, category VARCHAR, margin DOUBLE)")
    _fill(db, "items", [(item, *product) for item, product in items.items()])
    db.execute(CLICKED)
    known = {str(unit) for (unit,) in db.execute("SELECT DISTINCT unit FROM answers").fetchall()}
    hashed = ((str(name), unit_of(str(name))) for (name,) in db.execute(NAMES).fetchall())
    db.execute("CREATE TABLE names (name VARCHAR, unit VARCHAR)")
    _fill(db, "names", [pair for pair in hashed if pair[1] in known])
    db.execute(DOINGS)


def units(db: duckdb.DuckDBPyConnection, experiment: Experiment) -> tuple[Units, float]:
    """The units of an experiment in the order they joined, and when the first of them did (0.0: none did)."""
    names = [variant.name for variant in experiment.variants] + [HOLDOUT] * (experiment.holdout > 0)
    until = min(experiment.until, 1e12)
    when = {"start": experiment.start, "until": until}
    db.execute(TAKEN, {**when, "name": experiment.name, "variants": names})
    found = db.execute(PER_UNIT, {"until": until, "before": BEFORE_DAYS * 86400.0}).fetchnumpy()
    place = {name: n for n, name in enumerate(names)}
    sums = {name: np.asarray(found[name], float) for name in SUMS}
    variant = np.array([place[str(name)] for name in found["variant"]], np.intp)
    before = np.column_stack([np.asarray(found[name], float) for name in PAST])
    first = np.asarray(found["first"], float)
    return Units(tuple(names), variant, **sums, before=before), float(first[0]) if len(first) else 0.0


def _fill(db: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[str | float, ...]]) -> None:
    columns = list(zip(*rows, strict=True))
    if columns:
        parts = ", ".join("unnest(?)" for _ in columns)
        db.execute(f"INSERT INTO {table} SELECT {parts}", [list(column) for column in columns])  # noqa: S608 - names are ours
