"""What the driver learns from itself: all interactions of some shoppers, in the form that everything else in `shared.models` knows."""

from typing import Any

import duckdb
import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from shared.models.interactions import Interactions
from shared.models.people import People
from shared.models.prepare import hashed, latest
from shared.models.spark.events import view

ROWS = 5_000_000  # interactions, about
PARTS = 1_000_000
SEED = 1

CHOSEN = "pmod(xxhash64(shopper, {seed}), {parts}) < {share}"

SAMPLED = """
SELECT u, item, ts, kind, visit, quantity, CASE WHEN kind = 3 THEN messageId END AS basket
FROM interactions LEFT SEMI JOIN chosen USING (u) ORDER BY ts, messageId, item, line
"""

# As `shared.models.people` reads them; the events here have no more of them than these.
WORDS = """
SELECT u, max(ts) AS ts, get_json_object(traits.address, '$.country') AS t1, traits.country AS t2, traits.gender AS t3,
       traits.birth_year AS t4, traits.age AS t5, get_json_object(context.location, '$.country') AS a1, context.locale AS a2,
       get_json_object(context.device, '$.type') AS a3, context.timezone AS a4
FROM learned JOIN chosen USING (shopper) GROUP BY u, t1, t2, t3, t4, t5, a1, a2, a3, a4
"""


def chosen_by(every: int, most: int = ROWS) -> str:
    """The condition on `shopper` that chooses, by a seeded hash, shoppers with about `most` of `every` interactions."""
    return CHOSEN.format(seed=SEED, parts=PARTS, share=round(min(1.0, most / max(every, 1)) * PARTS))


def sample(spark: SparkSession, version: str, condition: str) -> tuple[Interactions, People]:
    """All interactions of the shoppers for whom the condition holds. Items are numbered as everywhere, so that what is learned here and
    what Spark learns fit together."""
    view(spark, "chosen", f"SELECT n AS u, shopper FROM shoppers WHERE {condition}", keep=True)  # noqa: S608
    chosen = spark.table("chosen").toPandas()
    hashes = hashed(version, chosen["shopper"])
    order = np.argsort(hashes)
    places = pd.Series(np.arange(len(order), dtype=np.int32), index=chosen["u"].to_numpy()[order])
    people = _people(spark.sql(WORDS), places)
    rows = spark.sql(SAMPLED).toPandas()
    interactions = Interactions(
        items=_texts(spark.table("items").orderBy("n")),
        shoppers=hashes[order],
        shopper=places[rows["u"]].to_numpy(np.int32),
        item=rows["item"].to_numpy(np.int32),
        at=rows["ts"].to_numpy(np.float64),
        kind=rows["kind"].to_numpy(np.int8),
        session=_by_time(rows["u"].to_numpy(np.int64) << 32 | rows["visit"].to_numpy(np.int64)),
        basket=_by_time(rows["basket"]),
        quantity=rows["quantity"].to_numpy(np.float32),
        countries=people.country,
    )
    return interactions, people


def _texts(frame: DataFrame) -> Any:
    values = frame.toPandas()["item"].tolist()
    return np.array(values, np.str_) if values else np.empty(0, "U1")


def _by_time(groups: Any) -> Any:
    """Numbered as they first appear; −1 for none."""
    return pd.factorize(groups)[0].astype(np.int32)


def _people(words: DataFrame, places: "pd.Series[int]") -> People:
    said = words.toPandas()
    said["n"] = places[said["u"]].to_numpy()
    with duckdb.connect() as db:
        db.register("said_words", said)
        db.execute(
            "CREATE TABLE words AS SELECT n, ts, [t1, t2, t3, t4, t5] AS trait, [a1, a2, a3, a4] AS around FROM said_words"
        )
        db.execute("CREATE TABLE numbers AS SELECT range::INTEGER AS n FROM range(?)", [len(places)])
        return latest(db, slice(None))
