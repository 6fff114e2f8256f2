"""Training against the raw ALS fit inside it, on made-up interactions: `python -m tests.benchmarks.training [--rows 2000000]`.

Each side runs in a process of its own on the same rows. "raw" is `implicit`'s ALS alone (64 factors, 15 iterations) on a finished
matrix; "train" is all the training step does: search of the settings, the trial that is measured, and the fit on everything.
CPU seconds count all threads. They say what a run costs; wall time also shows what does not run in parallel, and, on a shared
machine, what others were doing. Reading the lake and measuring the model are steps of their own and not counted.
"refresh" is what an hour adds to what is known, folded in. "impute" is what the step before adds to guess what shoppers did not say of themselves.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

ITEMS = 100_000
ROWS_A_SHOPPER = 20
SEED = 1
GOAL = 1.5
SIDES = {
    "raw": "ALS alone (implicit)",
    "train": "Shopwindow's training step",
    "impute": "Guessing what shoppers did not say",
    "refresh": "Folding in the last hour",
}


def interactions(rows):
    """Shoppers with one of 200 tastes each, Zipf-popular items, sessions of about five rows over 90 days, one row in ten an order."""
    import numpy as np

    from shared.models.interactions import DAY, ORDER, VIEW, Interactions

    rng = np.random.default_rng(SEED)
    shoppers = max(rows // ROWS_A_SHOPPER, 10)
    shopper = rng.integers(0, shoppers, rows, dtype=np.int32)
    rank = np.minimum(rng.zipf(1.3, rows), ITEMS).astype(np.int64) - 1
    own_taste = rng.random(rows) < 0.7
    item = np.where(own_taste, rank * 200 + shopper % 200, rank * 7919) % ITEMS
    visit = rng.integers(0, 4, rows)
    when = rng.random((shoppers, 4)) * 90 * DAY
    at = when[shopper, visit] + rng.random(rows) * 1200
    order = rng.random(rows) < 0.1
    session = (shopper.astype(np.int64) * 4 + visit).astype(np.int32)
    sorted_rows = np.argsort(at)
    return Interactions(
        items=np.array([f"item-{n:06d}" for n in range(ITEMS)]),
        shoppers=np.arange(shoppers, dtype=np.uint64),
        shopper=shopper[sorted_rows],
        item=item[sorted_rows].astype(np.int32),
        at=at[sorted_rows],
        kind=np.where(order, ORDER, VIEW)[sorted_rows].astype(np.int8),
        session=session[sorted_rows],
        basket=np.where(order, session, -1)[sorted_rows].astype(np.int32),
        quantity=np.ones(rows, np.float32),
        countries=np.full(shoppers, "GB"),
    )


def people(data):
    """Six in ten say their country, two in ten gender and year of birth, nine in ten have a device; all but the device goes with taste."""
    import numpy as np

    from shared.models.people import People

    size = len(data.shoppers)
    rng, taste = np.random.default_rng(SEED), np.arange(size) % 200

    def said(values, share, nothing=""):
        return np.where(rng.random(size) < share, values, nothing)

    return People(
        country=said(np.array(["GB", "DE", "FR", "ES", "IT", "SE", "NL", "US"])[taste % 8], 0.6),
        gender=said(np.where(taste % 2 == 0, "f", "m"), 0.2),
        birth_year=said(1950.0 + taste // 4, 0.2, np.nan),
        device=said(rng.choice(["mobile", "desktop"], size), 0.9),
        language=rng.choice(["en", "de", "fr", "es"], size),
        timezone=np.full(size, ""),
    )


def raw(data):
    import scipy.sparse as sp
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    shape = (len(data.shoppers), len(data.items))
    matrix = sp.csr_matrix((data.weight, (data.shopper, data.item)), shape=shape)
    began = clocks()
    with threadpool_limits(1, "blas"):
        AlternatingLeastSquares(factors=64, iterations=15, random_state=SEED).fit(matrix, show_progress=False)
    return began


def whole(data):
    from threadpoolctl import threadpool_limits

    from shared.models.known import Known
    from shared.models.train import train

    began = clocks()
    with threadpool_limits(1, "blas"):  # as the handler of the training function does
        train(Known.by_now(data, {}))
    return began


def guessing(data):
    from threadpoolctl import threadpool_limits

    from shared.models.impute import impute

    facts = {str(item): (f"C{n % 20}", "", 10.0 + n % 50) for n, item in enumerate(data.items)}
    asked = people(data)
    began = clocks()
    with threadpool_limits(1, "blas"):
        impute(data, asked, facts)
    return began


def refreshing(data):
    from threadpoolctl import threadpool_limits

    from shared.models.fit import fit
    from shared.models.merge import merged
    from shared.models.refresh import refresh

    now = float(data.at.max())
    known, new = data.before(now - 3600), data.since(now - 3600)
    base = fit(known, now - 3600)
    began = clocks()
    with threadpool_limits(1, "blas"):
        refresh(base, merged(known, new), now - 3600, now)
    return began


def clocks():
    return time.perf_counter(), time.process_time()


def child(side, rows):
    warnings.simplefilter("ignore")
    data = interactions(rows)
    wall, cpu = {"raw": raw, "train": whole, "impute": guessing, "refresh": refreshing}[side](data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": peak}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--side", choices=list(SIDES))
    args = parser.parse_args()
    if args.side:
        child(args.side, args.rows)
        return
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "implicit"))
    print(f"{os.cpu_count()}-core {platform.machine()}, Python {platform.python_version()}, {packages}, seed {SEED}")
    print(f"{args.rows:,} interactions, {ITEMS:,} items\n\n| | wall s | CPU s | peak GB |\n|---|--:|--:|--:|")
    found = {}
    for side, name in SIDES.items():
        command = [sys.executable, "-m", "tests.benchmarks.training", "--side", side, "--rows", str(args.rows)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
        found[side] = row = json.loads(done.stdout)
        print(f"| {name} | {row['wall']:.1f} | {row['cpu']:.1f} | {row['peak']:.2f} |", flush=True)
    cpu, wall = (found["train"][clock] / found["raw"][clock] for clock in ("cpu", "wall"))
    share = {clock: found["impute"][clock] / found["train"][clock] for clock in ("cpu", "wall")}
    print(f"\nGuessing adds {share['cpu']:.1%} in CPU time, {share['wall']:.1%} in wall time to the training step")
    print(f"\nRatio {cpu:.2f} in CPU time, {wall:.2f} in wall time (goal: at most {GOAL} at 20,000,000 interactions)")


if __name__ == "__main__":
    main()
