"""Pieces sold and taken back, of all shoppers: see `shared.models.sales`, whose statement Spark takes."""

from pyspark.sql import SparkSession

from shared.models.sales import SOLD, Sales, of_rows


def sold(spark: SparkSession) -> Sales:
    """Reads the views `rows` and `bots`."""
    found = spark.sql(SOLD).toPandas()
    return of_rows({name: found[name].to_numpy() for name in found})
