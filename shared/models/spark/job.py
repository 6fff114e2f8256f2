"""Prepare and Train in one, for a lake that one machine cannot hold. What is made, and where it lies, is what the two steps make.

Spark does over all events what grows with them: reading, joining histories to shoppers, sessions, neighbours, ALS, popularity. All that is
chosen or learned on a sample anyway (settings, ranker, what is measured, lists of segments) is done here on the driver by the same code as
always, on all interactions of some shoppers.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from shared.errors import TooLittleData
from shared.models.bundle import Bundle, Floats
from shared.models.doctor import Strictness
from shared.models.fit import fit
from shared.models.interactions import Interactions
from shared.models.prepare import Prepared, Rules
from shared.models.spark.events import own, read
from shared.models.spark.rows import MEMBERS, counts, rows
from shared.models.spark.sample import ROWS, sample
from shared.models.spark.tables import tables
from shared.models.spark.vitals import vitals
from shared.models.steps.bench import Bench
from shared.models.steps.prepare import Lake, keep_prepared, named
from shared.models.steps.train import keep_trained
from shared.models.train import Fit, train


class Job(NamedTuple):
    bench: Bench
    lake: Lake
    started: str  # when the execution did, ISO 8601
    strictness: Strictness
    most: int = ROWS  # interactions, about, that the driver learns from


def learn(spark: SparkSession, paths: Sequence[str], job: Job) -> None:
    """`paths` are the folders or files of the lake's window. Trains unless the data doctor objects, which `doctor.json` of the run says.

    Raises TooLittleData when the lake is empty.
    """
    if not paths:
        raise TooLittleData("the lake is empty: send events first")
    bench, version, live = job.bench, named(job.started), job.lake.graph()
    prepared = prepare(spark, paths, version, Rules(job.lake.protection, live.cuts), job.most)
    kept = keep_prepared(bench, job.started, prepared, live, job.strictness)
    if kept["may_train"]:
        data = prepared.interactions
        trained = train(data, bench.facts(), bench.serving()[1].get("settings"), _fit(spark, float(data.at.max())))
        keep_trained(bench, version, data, trained)


def prepare(spark: SparkSession, paths: Sequence[str], version: str, rules: Rules, most: int = ROWS) -> Prepared:
    """As `shared.models.prepare.prepare`, but `interactions` and `people` are those of a sample of shoppers. The rest is of all."""
    read(spark, paths)
    graph = own(spark, rules)
    rows(spark)
    interactions, people = sample(spark, version, most)
    members = [row.shopper for row in spark.sql(MEMBERS).toLocalIterator()]
    found = counts(spark)
    return Prepared(interactions, graph, people, members, found, vitals(spark), _told(found, interactions))


def _fit(spark: SparkSession, end: float) -> Fit:
    """`fit`, with the heavy tables made of all interactions: of those before `now`, unless `now` is the `end`."""

    def fitted(
        data: Interactions, now: float, settings: dict[str, float] | None = None, start: Floats | None = None
    ) -> Bundle:
        found = fit(data, now, settings, start)
        everything = spark.table("interactions")
        return replace(found, **tables(everything if now >= end else everything.where(fn.col("ts") < now), found, now))

    return fitted


def _told(counts: dict[str, Any], part: Interactions) -> list[str]:
    return [
        f"Spark learned from all {counts['interactions']:,} interactions. Settings were chosen, the model was measured and popular items"
        f" were listed by {len(part):,} of them, all those of {len(part.shoppers):,} shoppers."
    ]
