"""Every night: what the running experiments of the plan say, from the log of answers and the events of the lake."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from msgspec import json

from shared.answers.find import Reader
from shared.answers.model import PREFIX
from shared.catalog.model import top_category
from shared.experiments.analysis import mixed
from shared.experiments.analysis.results import Results, analyse
from shared.experiments.analysis.rows import BEFORE_DAYS, Product, gather, units
from shared.experiments.model import Experiment
from shared.experiments.store import ResultsStore
from shared.identity.recompute import own
from shared.models.prepare import EVENTS, GONE, LEFT_OUT, WITHDRAWN, Room
from shared.models.runs import copied, download

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from shared.catalog.store import CatalogStore
    from shared.models.steps.lake import Lake

DAY = 86400.0
LATE = 2 * DAY  # after its end an experiment is looked at for so long: events arrive late


def due(experiments: Sequence[Experiment], now: float) -> list[Experiment]:
    """Those that run, or ended just now."""
    return [one for one in experiments if one.status == "running" and one.start <= now < one.until + LATE]


def do_experiments(
    client: "S3Client", lake: "Lake", catalog: "CatalogStore", experiments: Sequence[Experiment], now: float
) -> dict[str, Any]:
    """Decisions by experiment. Results are kept where the API reads them."""
    wanted = due(experiments, now)
    if not wanted:
        return {"experiments": {}}
    store = ResultsStore(client, lake.bucket)
    made = look(client, lake, catalog, wanted, now)
    for one in made:
        store.put(one.experiment, json.encode(one))
    return {"experiments": {one.experiment: one.decision for one in made}}


def look(
    client: "S3Client", lake: "Lake", catalog: "CatalogStore", experiments: Sequence[Experiment], now: float
) -> list[Results]:
    """Of each experiment, from what the lake holds at this moment."""
    with tempfile.TemporaryDirectory() as scratch:
        keys = list(Reader(client, lake.bucket).keys(min(one.start for one in experiments)))
        answers = copied(client, lake.bucket, keys, Path(scratch, "answers"))
        if not answers:
            return []
        since = _midnight(keys[0]) - BEFORE_DAYS * DAY
        none = Path(scratch, "none.jsonl")  # of a shop with answers and no events yet
        none.touch()
        events = download(client, lake.bucket, Path(scratch, "events"), since) or [str(none)]
        products = {i.id: Product(top_category(i), i.margin or 0.0) for i in catalog.scan()}
        with duckdb.connect(config=Room(str(Path(scratch, "duckdb"))).config()) as db:
            gather(db, answers, products, _owned(db, events, lake))
            return [_results(db, one, now) for one in experiments]


def _results(db: duckdb.DuckDBPyConnection, experiment: Experiment, now: float) -> Results:
    until = min(now, experiment.until)
    if experiment.kind == "interleaving":
        credits_, first = mixed.read(db, experiment)
        return mixed.analyse_mixed(experiment, credits_, first or until, until)
    taken, first = units(db, experiment)
    return analyse(experiment, taken, first or until, until)


def _owned(db: duckdb.DuckDBPyConnection, events: list[str], lake: "Lake") -> list[str]:
    """Makes the table `owned`, without who took back the consent: their ids, and those of their devices."""
    live = lake.graph()
    db.execute(EVENTS, [events])
    own(db, lake.protection, live.cuts, live.profiles)
    db.execute(WITHDRAWN)
    gone = [str(key)[2:] for (key,) in db.execute(GONE).fetchall()]
    db.execute(LEFT_OUT)
    return gone


def _midnight(key: str) -> float:
    """Of the day that an object of the log is of, epoch seconds (UTC)."""
    day = key.removeprefix(f"{PREFIX}dt=").partition("/")[0]
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
