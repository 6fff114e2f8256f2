"""The heavy tables of a bundle, fitted in Spark on all interactions: what `shared.models.fit` makes on one machine.

Neighbours have the same formulas as there: a session's items in pairs, weighted, summed over sessions. Only ALS is
another solver: Spark's is exact and multiplies the regularization by the number of a shopper's or an item's interactions.
"""

from typing import Any

import numpy as np
from pyspark.ml.recommendation import ALS
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as fn

from shared.models.bundle import FACTS, Bundle, Floats, Ints
from shared.models.fit import REGRESSED, SEED, SMALLEST_FOR_FACTORS, WALKED, iterations, width
from shared.models.interactions import DAY, ORDER, WEIGHTS
from shared.models.spark.pairs import associated, best, neighbours, regressed, walked
from shared.models.spark.sequences import shares

K1, B = 1.2, 0.2  # BM25's, as in `shared.models.fit`
Tables = dict[str, Any]


def tables(rows: DataFrame, sampled: Bundle, now: float) -> Tables:
    """The fields of a bundle that are fitted on all `rows` (u, item, ts, messageId, kind, visit) as of `now`. `sampled` is the bundle of a
    part of them, whose settings and widths they have."""
    rows = rows.withColumn("weight", fn.element_at(fn.array(*map(fn.lit, WEIGHTS.tolist())), fn.col("kind") + 1))
    settings = sampled.settings
    similar_items, similar_scores = similar(rows, sampled, now)
    together_items, together_scores = together(rows, sampled)
    next_items, next_scores = best(shares(rows, now, settings["next_days"]), sampled.next_items.shape)
    factors = als(rows, sampled.size, now, settings)
    return {
        "similar_items": similar_items,
        "similar_scores": similar_scores,
        "together_items": together_items,
        "together_scores": together_scores,
        "next_items": next_items,
        "next_scores": next_scores,
        "item_factors": factors,
        "gram": factors.T @ factors,
        "popularity": popularity(rows, sampled.size, now, settings["popular_days"]),
        "facts": facts(dealings(rows, sampled.size), sampled),
    }


def dealings(rows: DataFrame, size: int) -> Any:
    """(size,) how many rows there are of each item."""
    found = rows.groupBy("item").count().toPandas()
    number = np.zeros(size, np.int64)
    number[found["item"].to_numpy()] = found["count"].to_numpy()
    return number


def facts(number: Any, sampled: Bundle) -> Floats:
    """What the sample says of each item, with the support of all dealings at the scale of the sample, which the ranker learned from."""
    known, place = sampled.facts.copy(), FACTS.index("support")
    share = float(np.expm1(known[place]).sum()) / max(int(number.sum()), 1)
    known[place] = np.log1p(number * share)
    return known


def similar(rows: DataFrame, sampled: Bundle, now: float) -> tuple[Ints, Floats]:
    settings, size, shape = sampled.settings, sampled.size, sampled.similar_items.shape
    usual = rows.agg(fn.mean("weight")).first()
    signal = fn.col("weight") / fn.lit(usual[0] if usual and usual[0] else 1.0) * _decay(now, settings["similar_days"])
    counted = rows.groupBy(fn.struct("u", "visit").alias("group"), "item").agg(fn.sum(signal).alias("x"))
    kind = int(settings["similar_kind"])
    if kind == WALKED:
        return walked(counted.localCheckpoint(), shape)
    if kind == REGRESSED:
        return regressed(counted.localCheckpoint(), shape, settings["similar_ridge"])
    length = fn.count("*").over(Window.partitionBy("group"))
    entries = counted.withColumn("idf", fn.log(fn.lit(float(size))) - fn.log1p(length)).localCheckpoint()
    tfidf = entries.withColumn("w", fn.sqrt("x") * fn.col("idf"))
    kinds = (lambda: _unit(tfidf), lambda: _bm25(entries, size), lambda: _unit(entries.withColumn("w", fn.col("x"))))
    return neighbours(kinds[kind](), shape)


def together(rows: DataFrame, sampled: Bundle) -> tuple[Ints, Floats]:
    orders = rows.where(fn.col("kind") == ORDER).select(fn.col("messageId").alias("group"), "item").distinct()
    return associated(orders, int(sampled.settings["together_kind"]), sampled.together_items.shape)


def als(rows: DataFrame, size: int, now: float, settings: dict[str, float]) -> Floats:
    """(size, factors). Spark multiplies the regularization by the number of interactions, so it is divided by an item's usual number:
    item factors are what is kept, shoppers are folded in when they act."""
    signal = fn.col("weight") * _decay(now, settings["factors_days"])
    ratings = rows.groupBy("u", "item").agg(fn.sum(signal).cast("float").alias("r")).localCheckpoint()
    every = rows.count()
    if every < SMALLEST_FOR_FACTORS:
        return np.zeros((size, 0), np.float32)
    factors = width(every, size)
    usual = ratings.count() / ratings.select("item").distinct().count()
    blocks = rows.sparkSession.sparkContext.defaultParallelism  # as many as there are cores
    solver = ALS(
        rank=factors,
        numUserBlocks=blocks,
        numItemBlocks=blocks,
        maxIter=iterations(every),
        regParam=settings["regularization"] / usual,
        alpha=settings["alpha"],
        implicitPrefs=True,
        seed=SEED,
        userCol="u",
        itemCol="item",
        ratingCol="r",
    )
    found = solver.fit(ratings).itemFactors.toPandas()
    known = np.zeros((size, factors), np.float32)
    known[found["id"].to_numpy()] = np.stack(found["features"].tolist())
    return known


def popularity(rows: DataFrame, size: int, now: float, days: float) -> Floats:
    signal = fn.least(fn.sum(fn.col("weight") * _decay(now, days)), fn.lit(float(WEIGHTS[ORDER])))
    found = rows.groupBy("u", "item").agg(signal.alias("x")).groupBy("item").agg(fn.sum("x").alias("x")).toPandas()
    total = np.zeros(size, np.float32)
    total[found["item"].to_numpy()] = found["x"].to_numpy()
    top = total.max(initial=0.0)
    return total / top if top > 0 else total


def _decay(now: float, days: float) -> Column:
    return fn.pow(fn.lit(2.0), (fn.col("ts") - fn.lit(now)) / fn.lit(days * DAY))


def _unit(entries: DataFrame) -> DataFrame:
    """`w` so that the squares of each item's sum to 1."""
    norms = entries.groupBy("item").agg(fn.sqrt(fn.sum(fn.col("w") * fn.col("w"))).alias("norm"))
    return entries.join(norms, "item").withColumn("w", fn.col("w") / fn.col("norm"))


def _bm25(entries: DataFrame, size: int) -> DataFrame:
    sums = entries.groupBy("item").agg(fn.sum("x").alias("total"))
    mean = (entries.agg(fn.sum("x")).first() or [0.0])[0] / size
    norm = fn.lit(1.0 - B) + fn.lit(B) * fn.col("total") / fn.lit(mean)
    weight = fn.col("x") * fn.lit(K1 + 1.0) / (fn.lit(K1) * norm + fn.col("x")) * fn.col("idf")
    return entries.join(sums, "item").withColumn("w", weight)
