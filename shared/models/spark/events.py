"""The lake in Spark: one line a message, of copies the first to arrive, as `shared.models.prepare` reads it."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession

from shared.models.vitals import AHEAD

# What is read of an event. STRING takes any JSON: of an object or a list its text.
SCHEMA = (
    "messageId STRING, type STRING, event STRING, timestamp TIMESTAMP, receivedAt TIMESTAMP, anonymousId STRING, userId STRING,"
    " previousId STRING, source STRING, identifiers MAP<STRING, STRING>, previousIdentifiers MAP<STRING, STRING>, verified BOOLEAN,"
    " properties STRUCT<products: STRING, product_id: STRING, sku: STRING, quantity: STRING, price: STRING, dwell_seconds: STRING,"
    " order_id: STRING, source: STRING, recommendation_id: STRING, placement: STRING, position: STRING>,"
    " traits STRUCT<address: STRING, country: STRING, gender: STRING, birth_year: STRING, age: STRING>,"
    " context STRUCT<location: STRING, locale: STRING, device: STRING, timezone: STRING, library: STRING>,"
    " consent STRUCT<personalization: BOOLEAN, updatedAt: TIMESTAMP>"
)

EVENTS = f"""
WITH messages AS (
  SELECT messageId, min_by(struct(*), coalesce(receivedAt, timestamp)) AS e, int(count(*)) AS copies FROM lake GROUP BY messageId),
timed AS (
  SELECT *, unix_micros(least(e.timestamp, coalesce(e.receivedAt, e.timestamp))) / 1000000D AS ts FROM messages)
SELECT messageId, e.type, coalesce(e.event, '') AS event, coalesce(e.anonymousId, '') AS anonymousId, coalesce(e.userId, '') AS userId,
       coalesce(e.previousId, '') AS previousId, coalesce(e.source, 'browser') AS source, e.identifiers, e.previousIdentifiers,
       coalesce(e.verified, false) AS verified, e.properties, e.traits, e.context, coalesce(e.consent.personalization, false) AS agreed,
       unix_micros(e.consent.updatedAt) / 1000000D AS updated, coalesce(unix_micros(e.receivedAt) / 1000000D, ts) AS arrived, ts, copies,
       coalesce(unix_micros(e.timestamp) > unix_micros(e.receivedAt) + {AHEAD} * 1000000, false) AS ahead
FROM timed
"""  # noqa: S608 - no outside text in it


def number(text: str) -> str:
    """The expression of a text as a number, NULL where it is none. Java takes more for numbers than JSON and DuckDB do: `2f`, `0x1p3`."""
    return f"CASE WHEN {text} NOT RLIKE '[0-9.][dDfF] *$|[xX]' THEN CAST({text} AS FLOAT) END"


def view(spark: SparkSession, name: str, statement: str | DataFrame, *, keep: bool = False) -> DataFrame:
    """The statement's rows under a name. `keep` makes them now, to lie with the executors: they are read more than once, and Spark would
    plan all that came before with each. If an executor is lost, so is the run."""
    frame = spark.sql(statement) if isinstance(statement, str) else statement
    if keep:
        frame = frame.localCheckpoint()
    frame.createOrReplaceTempView(name)
    return frame


def read(spark: SparkSession, paths: Sequence[str]) -> None:
    """Make the view `events`: one line a message, of the lake's folders or files. Fails on a line that is no event, naming it."""
    view(spark, "lake", spark.read.schema(SCHEMA).option("mode", "FAILFAST").json(list(paths)))
    view(spark, "events", EVENTS, keep=True)
