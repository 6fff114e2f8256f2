"""Items that go with items, counted in Spark over groups (sessions, orders): the formulas of `shared.models.pairs` and of `implicit`."""

import numpy as np
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as fn

from shared.models.bundle import Floats, Ints
from shared.models.pairs import BETA, COSINE, DOUBT, FEWEST, LIFT, PAIRS, weighed

LONGEST = 200  # items of a session or an order that are paired, the weightiest: the pairs grow with the square


def associated(groups: DataFrame, kind: int, shape: tuple[int, ...]) -> tuple[Ints, Floats]:
    """Of `groups` (group, item), each pair once: positions and scores, in the shape (items, width), of those most associated with each."""
    groups = groups.withColumn("w", fn.lit(1.0)).localCheckpoint()
    sizes = groups.groupBy("item").agg(fn.count("*").cast("double").alias("n"))
    total = fn.lit(float(groups.select("group").distinct().count()))
    found = _with_both(pairs(groups, "group"), sizes)
    surprise = fn.log(fn.col("s") * total / (fn.col("na") * fn.col("nb")))
    if kind == COSINE:
        worth = fn.col("s") / fn.sqrt(fn.col("na") * fn.col("nb"))
    elif kind == LIFT:
        worth = fn.when(fn.col("s") >= FEWEST, surprise * fn.col("s") / (fn.col("s") + DOUBT))
    else:
        worth = fn.when((fn.col("s") >= FEWEST) & (fn.col("s") < total), surprise / fn.log(total / fn.col("s")))
    return best(found.withColumn("s", worth), shape)


def walked(entries: DataFrame, shape: tuple[int, ...], beta: float = BETA) -> tuple[Ints, Floats]:
    """RP³β over `entries` (group, item, x). A walk by a group is x/Σ of its item times x/Σ of its group: but for the item's sum, which
    comes last, it is the same there and back."""
    every = fn.sum("x").over(Window.partitionBy("group"))
    steps = entries.withColumn("w", fn.col("x") / fn.sqrt(every))
    sums = entries.groupBy("item").agg(fn.sum("x").alias("n")).localCheckpoint()
    top = (sums.agg(fn.max("n")).first() or [0.0])[0] or 1.0
    against = fn.pow(fn.greatest(fn.col("nb") / fn.lit(top), fn.lit(1e-12)), fn.lit(beta))
    found = _with_both(pairs(steps, "group"), sums)
    return best(found.withColumn("s", fn.col("s") / fn.col("na") / against), shape)


def regressed(entries: DataFrame, shape: tuple[int, ...], ridge: float) -> tuple[Ints, Floats]:
    """Ridge regression over `entries` (group, item, x): Spark finds who is close to whom, the driver solves."""
    sums = entries.groupBy("item").agg(fn.sum("x").alias("n")).localCheckpoint()
    units = entries.join(fn.broadcast(sums), "item").withColumn("w", fn.sqrt(fn.col("x") / fn.col("n")))
    found, sizes = sums.toPandas(), np.zeros(shape[0])
    sizes[found["item"].to_numpy()] = found["n"].to_numpy()
    return weighed(neighbours(units, (shape[0], PAIRS)), sizes, shape[1], ridge)


def neighbours(entries: DataFrame, shape: tuple[int, ...]) -> tuple[Ints, Floats]:
    """Positions and scores, in the shape (items, width), of the items of `entries` (group, item, w) that share most with each."""
    return best(pairs(entries, "group"), shape)


def pairs(entries: DataFrame, group: str) -> DataFrame:
    """Of `entries` (group, item, w) the items `a` and `b` that meet, both ways round, and the sum `s` of w·w over their groups."""
    strongest = Window.partitionBy(group).orderBy(fn.desc(fn.abs("w")), "item")
    placed = entries.withColumn("place", fn.row_number().over(strongest))
    kept = placed.where(fn.col("place") <= LONGEST).localCheckpoint()
    one = kept.select(group, fn.col("item").alias("a"), fn.col("w").alias("wa"))
    other = kept.select(group, fn.col("item").alias("b"), fn.col("w").alias("wb"))
    meeting = one.join(other, group).where("a < b").groupBy("a", "b")
    found = meeting.agg(fn.sum(fn.col("wa") * fn.col("wb")).alias("s"))
    return found.selectExpr("inline(array(named_struct('a', a, 'b', b, 's', s), named_struct('a', b, 'b', a, 's', s)))")


def best(found: DataFrame, shape: tuple[int, ...]) -> tuple[Ints, Floats]:
    """Of each `a` the `b` with the largest `s` above 0, of equals the first."""
    positive = found.withColumn("s", fn.col("s").cast("float")).where("s > 0")
    by_worth = Window.partitionBy("a").orderBy(fn.desc("s"), "b")
    placed = positive.withColumn("place", fn.row_number().over(by_worth) - 1)
    rows = placed.where(fn.col("place") < shape[1]).toPandas()
    items, scores = np.full(shape, -1, np.int32), np.zeros(shape, np.float32)
    at = rows["a"].to_numpy(), rows["place"].to_numpy()
    items[at], scores[at] = rows["b"].to_numpy(), rows["s"].to_numpy()
    return items, scores


def _with_both(found: DataFrame, sums: DataFrame) -> DataFrame:
    """`found` with what `sums` (item, n) have of `a` as `na` and of `b` as `nb`."""
    for side in ("a", "b"):
        of_side = sums.select(fn.col("item").alias(side), fn.col("n").alias(f"n{side}"))
        found = found.join(fn.broadcast(of_side), side)
    return found
