"""What comes next in sessions, counted in Spark on all interactions: see `shared.models.sequences`, whose sums these are."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as fn

from shared.models.interactions import DAY, ENGAGED
from shared.models.sequences import REACH, SHRINK


def shares(rows: DataFrame, now: float, days: float) -> DataFrame:
    """Of `rows` (u, visit, item, ts, messageId, kind): how often `b` follows `a`, as the share `s` of all that does."""
    order = Window.partitionBy("u", "visit").orderBy("ts", "messageId", "item")
    steps = rows.where(fn.col("kind") != ENGAGED).select("u", "visit", "item", "ts", "messageId")
    steps = steps.withColumn("before", fn.lag("item").over(order)).where("before IS NULL OR before <> item")
    ahead = [
        fn.struct(
            fn.lead("item", d).over(order).alias("b"), fn.lead("ts", d).over(order).alias("ts"), fn.lit(d).alias("d")
        )
        for d in range(1, REACH + 1)
    ]
    reached = steps.select(fn.col("item").alias("a"), fn.array(*ahead).alias("ahead"))
    pairs = reached.select("a", fn.inline("ahead")).where("b IS NOT NULL AND a <> b")
    fresh = fn.pow(fn.lit(2.0), (fn.col("ts") - fn.lit(now)) / fn.lit(days * DAY)) / fn.col("d")
    total = pairs.groupBy("a", "b").agg(fn.sum(fresh).alias("n"))
    every = fn.sum("n").over(Window.partitionBy("a"))
    return total.withColumn("s", (fn.col("n") / (every + fn.lit(SHRINK))).cast("float"))
