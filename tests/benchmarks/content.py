"""What content costs: `python -m tests.benchmarks.content [--items N]`: embedding a catalog, neighbours of items nobody dealt with, and
placing 200 new items as the minute's function does."""

import argparse
import os
import platform
import random
import resource
import time

import numpy as np

from shared.catalog.model import Item, Price
from shared.models.content import dump, embed, like, load, neighbours, placed


def catalog(size, seed=1):
    """Products of 400 categories, each with words of its own among words of all."""
    rng = random.Random(seed)
    common = [f"word{n}" for n in range(4000)]
    own = [[f"kind{n}term{m}" for m in range(40)] for n in range(400)]
    for n in range(size):
        kind = rng.randrange(400)
        said = rng.choices(own[kind], k=6) + rng.choices(common, k=3)
        yield Item(
            id=f"item-{n:06}",
            title=" ".join(said),
            brand=f"brand{rng.randrange(500)}",
            product_type=f"top{kind // 20} > sub{kind}",
            price=Price(round(rng.lognormvariate(3, 1), 2), "EUR"),
            description=" ".join(rng.choices(own[kind], k=20) + rng.choices(common, k=40)),
        )


def timed(name, call):
    began, cpu = time.perf_counter(), time.process_time()
    made = call()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took, used = time.perf_counter() - began, time.process_time() - cpu
    print(f"| {name} | {took:.1f} | {used:.1f} | {peak:.0f} |", flush=True)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--unknown", type=int, default=10_000, help="items that need neighbours by content")
    args = parser.parse_args()
    items = list(catalog(args.items))
    print(f"{os.cpu_count()}-core {platform.machine()}, load {os.getloadavg()[0]:.1f}; {args.items} items")
    print("\n| | seconds | CPU seconds | peak MB |\n|---|--:|--:|--:|")
    made = timed("embed", lambda: embed(items))
    data = timed("save", lambda: dump(made))
    timed(f"neighbours of {args.unknown}", lambda: neighbours(made, 50, np.arange(args.unknown, dtype=np.int32)))
    kept = timed("load", lambda: load(data))
    new = list(catalog(200, seed=2))
    timed("place 200 new items", lambda: like(kept, placed(kept, new), 12))
    print(f"\ncontent.npz: {len(data) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
