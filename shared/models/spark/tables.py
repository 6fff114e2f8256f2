"""The heavy tables of a bundle, fitted in Spark on all interactions: what `shared.models.fit` makes on one machine.

Neighbours have the same formulas as there (those of `implicit`): a session's items in pairs, weighted, summed over sessions. Only ALS is
another solver: Spark's is exact and multiplies the regularization by the number of a shopper's or an item's interactions.
"""

from typing import Any

import numpy as np
from pyspark.ml.recommendation import ALS
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shared.models.bundle import Floats, Ints
from shared.models.fit import FACTORS, ITERATIONS, NEIGHBOURS, SEED, TOGETHER
from shared.models.interactions import DAY, ORDER, WEIGHTS

LONGEST = 200  # items of a session or an order that are paired, the weightiest: the pairs grow with the square
K1, B = 1.2, 0.2  # BM25's, as in `shared.models.fit`
Tables = dict[str, Any]


def tables(rows: DataFrame, size: int, now: float, settings: dict[str, float]) -> Tables:
    """The fields of a bundle of `size` items that are fitted on all `rows` (u, item, ts, messageId, kind, quantity, visit) as of `now`."""
    rows = rows.withColumn("weight", F.element_at(F.array(*map(F.lit, WEIGHTS.tolist())), F.col("kind") + 1))
    similar_items, similar_scores = similar(rows, size, now, settings)
    together_items, together_scores = together(rows, size)
    factors = als(rows, size, now, settings)
    return {
        "similar_items": similar_items,
        "similar_scores": similar_scores,
        "together_items": together_items,
        "together_scores": together_scores,
        "item_factors": factors,
        "gram": factors.T @ factors,
        "popularity": popularity(rows, size, now, settings["popular_days"]),
    }


def similar(rows: DataFrame, size: int, now: float, settings: dict[str, float]) -> tuple[Ints, Floats]:
    usual = rows.agg(F.mean("weight")).first()
    signal = F.col("weight") / F.lit(usual[0] if usual and usual[0] else 1.0) * _decay(now, settings["similar_days"])
    counted = rows.groupBy("u", "visit", "item").agg(F.sum(signal).alias("x"))
    length = F.count("*").over(Window.partitionBy("u", "visit"))
    entries = counted.withColumn("idf", F.log(F.lit(float(size))) - F.log1p(length)).localCheckpoint()
    entries = _bm25(entries, size) if settings["similar_bm25"] else _unit(entries.withColumn("w", F.sqrt("x") * F.col("idf")))
    return _neighbours(entries, ("u", "visit"), size, NEIGHBOURS)


def together(rows: DataFrame, size: int) -> tuple[Ints, Floats]:
    orders = rows.where(F.col("kind") == ORDER).select("messageId", "item").distinct().withColumn("w", F.lit(1.0))
    return _neighbours(_unit(orders), ("messageId",), size, TOGETHER)


def als(rows: DataFrame, size: int, now: float, settings: dict[str, float]) -> Floats:
    """(size, FACTORS). The regularization is divided by a shopper's usual number of items, by which Spark multiplies it."""
    signal = F.col("weight") * _decay(now, settings["factors_days"])
    ratings = rows.groupBy("u", "item").agg(F.sum(signal).cast("float").alias("r")).localCheckpoint()
    usual = ratings.count() / max(ratings.select("u").distinct().count(), 1)
    solver = ALS(
        rank=FACTORS,
        maxIter=ITERATIONS,
        regParam=settings["regularization"] / max(usual, 1.0),
        alpha=settings["alpha"],
        implicitPrefs=True,
        seed=SEED,
        userCol="u",
        itemCol="item",
        ratingCol="r",
    )
    found = solver.fit(ratings).itemFactors.toPandas()
    factors = np.zeros((size, FACTORS), np.float32)
    factors[found["id"].to_numpy()] = np.stack(found["features"].tolist())
    return factors


def popularity(rows: DataFrame, size: int, now: float, days: float) -> Floats:
    signal = F.least(F.sum(F.col("weight") * _decay(now, days)), F.lit(float(WEIGHTS[ORDER])))
    found = rows.groupBy("u", "item").agg(signal.alias("x")).groupBy("item").agg(F.sum("x").alias("x")).toPandas()
    total = np.zeros(size, np.float32)
    total[found["item"].to_numpy()] = found["x"].to_numpy()
    top = total.max(initial=0.0)
    return total / top if top > 0 else total


def _decay(now: float, days: float) -> Column:
    return F.pow(F.lit(2.0), (F.col("ts") - F.lit(now)) / F.lit(days * DAY))


def _unit(entries: DataFrame) -> DataFrame:
    """`w` so that the squares of each item's sum to 1."""
    norms = entries.groupBy("item").agg(F.sqrt(F.sum(F.col("w") * F.col("w"))).alias("norm"))
    return entries.join(norms, "item").withColumn("w", F.col("w") / F.col("norm"))


def _bm25(entries: DataFrame, size: int) -> DataFrame:
    sums = entries.groupBy("item").agg(F.sum("x").alias("total"))
    mean = (entries.agg(F.sum("x")).first() or [0.0])[0] / size
    norm = F.lit(1.0 - B) + F.lit(B) * F.col("total") / F.lit(mean)
    weight = F.col("x") * F.lit(K1 + 1.0) / (F.lit(K1) * norm + F.col("x")) * F.col("idf")
    return entries.join(sums, "item").withColumn("w", weight)


def _neighbours(entries: DataFrame, group: tuple[str, ...], size: int, width: int) -> tuple[Ints, Floats]:
    """Positions and scores (size, width) of the items that share most with each: the sum of w·w over the groups they are in together."""
    strongest = Window.partitionBy(*group).orderBy(F.desc(F.abs("w")), "item")
    kept = entries.withColumn("place", F.row_number().over(strongest)).where(F.col("place") <= LONGEST).localCheckpoint()
    one = kept.select(*group, F.col("item").alias("a"), F.col("w").alias("wa"))
    other = kept.select(*group, F.col("item").alias("b"), F.col("w").alias("wb"))
    pairs = one.join(other, list(group)).where("a < b").groupBy("a", "b").agg(F.sum(F.col("wa") * F.col("wb")).alias("s"))
    ways = "inline(array(named_struct('a', a, 'b', b, 's', float(s)), named_struct('a', b, 'b', a, 's', float(s))))"
    rows = pairs.where("s > 0").selectExpr(ways)
    best = Window.partitionBy("a").orderBy(F.desc("s"), "b")
    found = rows.withColumn("place", F.row_number().over(best) - 1).where(F.col("place") < width).toPandas()
    items, scores = np.full((size, width), -1, np.int32), np.zeros((size, width), np.float32)
    at = found["a"].to_numpy(), found["place"].to_numpy()
    items[at], scores[at] = found["b"].to_numpy(), found["s"].to_numpy()
    return items, scores
