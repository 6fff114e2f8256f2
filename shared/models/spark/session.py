"""How Spark runs the job, on EMR Serverless and in tests alike. Master, memory and cores are the caller's."""

from collections.abc import Mapping

from pyspark.sql import SparkSession

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",  # a quantity that is no number is unknown, not an error
    "spark.sql.execution.arrow.pyspark.enabled": "true",  # the driver gets columns, not rows
    "spark.sql.execution.arrow.pyspark.fallback.enabled": "false",
    "spark.driver.maxResultSize": "0",  # neighbours of a million items are gigabytes, and meant to be
}


def session(more: Mapping[str, str] | None = None) -> SparkSession:
    builder = SparkSession.builder.appName("shopwindow")
    for name, value in {**SETTINGS, **(more or {})}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
