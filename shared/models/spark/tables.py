"""The heavy tables of a bundle, fitted in Spark on all interactions: what `shared.models.fit` makes on one machine.

Neighbours have the same formulas as there (those of `implicit`): a session's items in pairs, weighted, summed over sessions. Only ALS is
another solver: Spark's is exact and multiplies the regularization by the number of a shopper's or an item's interactions.
"""

from typing import Any

import numpy as np
from pyspark.ml.recommendation import ALS
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as fn

from shared.models.bundle import FACTS, Bundle, Floats, Ints
from shared.models.fit import FACTORS, ITERATIONS, SEED, SMALLEST_FOR_FACTORS
from shared.models.interactions import DAY, ORDER, WEIGHTS
from shared.models.spark.sequences import shares

LONGEST = 200  # items of a session or an order that are paired, the weightiest: the pairs grow with the square
K1, B = 1.2, 0.2  # BM25's, as in `shared.models.fit`
Tables = dict[str, Any]


def tables(rows: DataFrame, sampled: Bundle, now: float) -> Tables:
    """The fields of a bundle that are fitted on all `rows` (u, item, ts, messageId, kind, visit) as of `now`. `sampled` is the bundle of a
    part of them, whose settings and widths they have."""
    rows = rows.withColumn("weight", fn.element_at(fn.array(*map(fn.lit, WEIGHTS.tolist())), fn.col("kind") + 1))
    settings = sampled.settings
    similar_items, similar_scores = similar(rows, sampled, now)
    together_items, together_scores = together(rows, sampled)
    next_items, next_scores = _best(shares(rows, now, settings["next_days"]), sampled.next_items.shape)
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
    settings, size = sampled.settings, sampled.size
    usual = rows.agg(fn.mean("weight")).first()
    signal = fn.col("weight") / fn.lit(usual[0] if usual and usual[0] else 1.0) * _decay(now, settings["similar_days"])
    counted = rows.groupBy("u", "visit", "item").agg(fn.sum(signal).alias("x"))
    length = fn.count("*").over(Window.partitionBy("u", "visit"))
    entries = counted.withColumn("idf", fn.log(fn.lit(float(size))) - fn.log1p(length)).localCheckpoint()
    tfidf = entries.withColumn("w", fn.sqrt("x") * fn.col("idf"))
    kinds = (lambda: _unit(tfidf), lambda: _bm25(entries, size), lambda: _unit(entries.withColumn("w", fn.col("x"))))
    return _neighbours(kinds[int(settings["similar_kind"])](), ("u", "visit"), sampled.similar_items.shape)


def together(rows: DataFrame, sampled: Bundle) -> tuple[Ints, Floats]:
    orders = rows.where(fn.col("kind") == ORDER).select("messageId", "item").distinct().withColumn("w", fn.lit(1.0))
    return _neighbours(_unit(orders), ("messageId",), sampled.together_items.shape)


def als(rows: DataFrame, size: int, now: float, settings: dict[str, float]) -> Floats:
    """(size, FACTORS). Spark multiplies the regularization by the number of interactions, so it is divided by an item's usual number:
    item factors are what is kept, shoppers are folded in when they act."""
    signal = fn.col("weight") * _decay(now, settings["factors_days"])
    ratings = rows.groupBy("u", "item").agg(fn.sum(signal).cast("float").alias("r")).localCheckpoint()
    if rows.count() < SMALLEST_FOR_FACTORS:
        return np.zeros((size, 0), np.float32)
    usual = ratings.count() / ratings.select("item").distinct().count()
    solver = ALS(
        rank=FACTORS,
        maxIter=ITERATIONS,
        regParam=settings["regularization"] / usual,
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


def _neighbours(entries: DataFrame, group: tuple[str, ...], shape: tuple[int, ...]) -> tuple[Ints, Floats]:
    """Positions and scores, in the shape (items, width), of the items that share most with each: the sum of w·w over their groups."""
    strongest = Window.partitionBy(*group).orderBy(fn.desc(fn.abs("w")), "item")
    kept = (
        entries.withColumn("place", fn.row_number().over(strongest)).where(fn.col("place") <= LONGEST).localCheckpoint()
    )
    one = kept.select(*group, fn.col("item").alias("a"), fn.col("w").alias("wa"))
    other = kept.select(*group, fn.col("item").alias("b"), fn.col("w").alias("wb"))
    pairs = (
        one.join(other, list(group))
        .where("a < b")
        .groupBy("a", "b")
        .agg(fn.sum(fn.col("wa") * fn.col("wb")).alias("s"))
    )
    ways = "inline(array(named_struct('a', a, 'b', b, 's', float(s)), named_struct('a', b, 'b', a, 's', float(s))))"
    return _best(pairs.where("s > 0").selectExpr(ways), shape)


def _best(pairs: DataFrame, shape: tuple[int, ...]) -> tuple[Ints, Floats]:
    """Of each `a` the `b` with the largest `s`, of equals the first."""
    best = Window.partitionBy("a").orderBy(fn.desc("s"), "b")
    found = pairs.withColumn("place", fn.row_number().over(best) - 1).where(fn.col("place") < shape[1]).toPandas()
    items, scores = np.full(shape, -1, np.int32), np.zeros(shape, np.float32)
    at = found["a"].to_numpy(), found["place"].to_numpy()
    items[at], scores[at] = found["b"].to_numpy(), found["s"].to_numpy()
    return items, scores
