"""Prepare and Train in one, for a lake that one machine cannot hold. What is made, and where it lies, is what the two steps make.

Spark does over all events what grows with them: reading, joining histories to shoppers, sessions, neighbours, what comes next, ALS,
popularity. All that is chosen or learned on a sample anyway (settings, ranker, click model, what is measured, lists of segments) is done
here on the driver by the same code as always, on all interactions of some shoppers.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from shared.errors import TooLittleData
from shared.identity.live import Live
from shared.identity.recompute import Recomputed
from shared.models.bundle import Bundle
from shared.models.interactions import Interactions
from shared.models.prepare import Prepared, Rules
from shared.models.spark.events import read
from shared.models.spark.identity import own
from shared.models.spark.impressions import seen
from shared.models.spark.rows import GONE, MEMBERS, counts, rows
from shared.models.spark.sales import sold
from shared.models.spark.sample import ROWS, chosen_by, sample
from shared.models.spark.tables import dealings, tables
from shared.models.spark.vitals import vitals
from shared.models.steps.bench import Bench
from shared.models.steps.lake import Lake
from shared.models.steps.prepare import Asked, check_objective, keep_prepared, named
from shared.models.steps.train import keep_trained
from shared.models.train import Widen
from shared.models.tune import BUDGET, Budget


class Job(NamedTuple):
    bench: Bench
    lake: Lake
    asked: Asked
    budget: Budget = BUDGET  # of the search of settings
    most: int = ROWS  # interactions, about, that the driver learns from


def learn(spark: SparkSession, paths: Sequence[str], job: Job) -> None:
    """`paths` are the folders or files of the lake's window. Trains unless the data doctor objects, which `doctor.json` of the run says.

    Raises TooLittleData when the lake is empty, InvalidRequest for an objective that the catalog knows no values for.
    """
    if not paths:
        raise TooLittleData("the lake is empty: send events first")
    version, live = named(job.asked.started), job.lake.graph()
    check_objective(job.bench, job.asked.objective)
    read(spark, paths)
    graph = own(spark, Rules(job.lake.protection, live.cuts))
    rows(spark)
    keep(spark, prepared(spark, version, graph, job.most), live, job)


def keep(spark: SparkSession, prepared: Prepared, live: Live, job: Job) -> None:
    """What was prepared, and what is trained of it unless the data doctor objects, put where the other steps look for it."""
    if not keep_prepared(job.bench, prepared, live, job.asked)["may_train"]:
        return
    data = prepared.interactions
    widened = _widened(spark, float(data.at.max(initial=0.0)))
    keep_trained(job.bench, named(job.asked.started), data, job.budget, widened)


def prepared(spark: SparkSession, version: str, graph: Recomputed, most: int = ROWS) -> Prepared:
    """Of the views that `rows` makes what `shared.models.prepare.prepare` returns, but `interactions`, `people` and `impressions` are
    those of a sample of shoppers, who have about `most` interactions. The rest is of all."""
    found = counts(spark)
    condition = chosen_by(found["interactions"], most)
    interactions, people = sample(spark, version, condition)
    members, gone = ([row.shopper for row in spark.sql(keys).toLocalIterator()] for keys in (MEMBERS, GONE))
    number = dealings(spark.table("interactions"), len(interactions.items))
    shown, words = seen(spark, version, condition), _told(found, interactions)
    measured = (found, vitals(spark), shown, sold(spark))
    return Prepared(interactions, graph, people, members, *measured, gone, number, words)


def _widened(spark: SparkSession, end: float) -> Widen:
    """The heavy tables made of all interactions: of those before `now`, unless `now` is the `end`."""

    def widened(bundle: Bundle, now: float) -> Bundle:
        everything = spark.table("interactions")
        return replace(
            bundle, **tables(everything if now >= end else everything.where(fn.col("ts") < now), bundle, now)
        )

    return widened


def _told(counts: dict[str, Any], part: Interactions) -> list[str]:
    return [
        f"Spark learned from all {counts['interactions']:,} interactions. Settings and ranker were learned, the model was measured and"
        f" popular items were listed by {len(part):,} of them, all those of {len(part.shoppers):,} shoppers."
    ]
