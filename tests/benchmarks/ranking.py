"""What ranking costs when a shopper acts: `python -m tests.benchmarks.ranking [--items 100000]`.

A bundle of random numbers of the size that training makes of so many items, a ranker of as many trees and leaves as it may have, and
shoppers who came once or often. CPU time of one batch of events of one shopper: candidates, features, trees, reasons.
"""

import argparse
import os
import platform
import time
from dataclasses import replace
from importlib.metadata import version

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the function


def forest(seed=1):
    """Trees of full size over every feature."""
    import lightgbm as lgb
    import numpy as np

    from shared.models.features import NAMES
    from shared.models.forest import grown
    from shared.models.ranker import PARAMETERS, TREES

    rng = np.random.default_rng(seed)
    rows = rng.random((20_000, len(NAMES)), np.float32)
    target = rng.random(20_000)
    parameters = {"num_leaves": PARAMETERS["num_leaves"], "min_data_in_leaf": 20, "verbosity": -1, "seed": seed}
    made = grown(lgb.train(parameters, lgb.Dataset(rows, target, feature_name=list(NAMES)), TREES).dump_model())
    assert made.asks == NAMES  # or nothing would be ranked
    return made


def bundle(items):
    import numpy as np

    from shared.models.bundle import FACTS
    from shared.models.fit import MANY, NEIGHBOURS, NEIGHBOURS_OF_MANY
    from shared.models.sequences import FOLLOWING
    from tests.benchmarks.ingest import model

    rng = np.random.default_rng(2)
    made = model(items, neighbours=NEIGHBOURS if items <= MANY else NEIGHBOURS_OF_MANY)
    return replace(
        made,
        next_items=rng.integers(0, items, (items, FOLLOWING)).astype(np.int32),
        next_scores=np.sort(rng.random((items, FOLLOWING), np.float32) / FOLLOWING)[:, ::-1],
        facts=rng.random((len(FACTS), items), np.float32),
        content=rng.normal(size=(items, 32)).astype(np.float32),
        forest=forest(),
    )


def states(items, views, orders, count=100):
    """Shoppers with so many views and orders."""
    import random

    from shared.profiles.fold import fold
    from shared.profiles.signals import read
    from shared.profiles.state import State
    from tests.factories import event, order

    rng = random.Random(3)
    made = []
    for _ in range(count):
        state = State()
        for n in range(views):
            fold(state, read(event(item=f"item-{rng.randrange(items):06d}", minutes=-n)))
        for n in range(orders):
            fold(state, read(order(*(f"item-{rng.randrange(items):06d}" for _ in range(2)), minutes=-900 - n)))
        made.append(state)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    args = parser.parse_args()
    from shared.models.bundle import dump, load
    from shared.models.candidates import rank

    packed = dump(bundle(args.items))
    made = load(packed)
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {version('numpy')}, seed 1 to 3")
    print(f"{args.items:,} items, {len(made.forest.leaves)} trees, bundle of {len(packed) / 2**20:.0f} MB\n")
    print("| shopper | blend, CPU ms | ranker, CPU ms |\n|---|--:|--:|")
    for name, views, orders in (("3 views", 3, 0), ("20 views", 20, 0), ("60 views, 15 orders", 60, 15)):
        cells = []
        for one in (replace(made, forest=None), made):
            shoppers = states(args.items, views, orders)
            rank(shoppers[0], one, shoppers[0].session.last)  # what is computed once a bundle
            times = []
            for _ in range(3):
                began = time.process_time()
                for state in shoppers:
                    rank(state, one, state.session.last)
                times.append((time.process_time() - began) / len(shoppers) * 1e3)
            cells.append(f"{min(times):.2f}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    if args.items == 100_000:
        _memory(packed)


def _memory(packed):
    """Of a process that only serves: loading and ranking, without what made the bundle."""
    import subprocess
    import sys
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bundle.npz")
        path.write_bytes(packed)
        code = (
            "import sys; from pathlib import Path; from shared.models.bundle import load;"
            "from shared.models.candidates import rank; from shared.profiles.state import State, Touch;"
            "made = load(Path(sys.argv[1]).open('rb'));"
            "rank(State(recent=[Touch(item='item-000001', last=1.0, views=1)]), made, 2.0);"
            # its own peak: ru_maxrss would be this process's, if that is larger
            "print(int(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0]) // 1024)"
        )
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], cwd=root, check=True, capture_output=True, text=True
        )
    print(f"\nPeak memory of a process that loads the bundle and ranks: {done.stdout.strip()} MB")


if __name__ == "__main__":
    main()
