"""What a shop's rules cost an answer: `python -m tests.benchmarks.rules [--requests N]`.

100 rules that all hold, 200 candidates, 12 places, nothing read: which rules hold for the request, what they make of the pool, and who
stands where. Beside it the same pool without rules. Both take turns in one process.
"""

import argparse
import os
import platform
import random
import statistics
import time

from shared.expressions.facts import ContextFacts, ShopperFacts
from shared.merchandising.effects import apply, wanted
from shared.merchandising.matching import Matcher
from shared.merchandising.parse import parse
from shared.merchandising.steered import Entry, Outside
from tests.benchmarks import stub

CANDIDATES, PLACES, NOW = 200, 12, 1.8e9


def sides(seed):
    """name -> what to time for one pool."""
    rng = random.Random(seed)
    names = [f"item-{n:05}" for n in range(stub.ITEMS)]
    items = {name: stub.item(rng, name) for name in names}
    shopper, context = ShopperFacts(), ContextFacts(placement="home", device="mobile")
    rules, none = Matcher(parse(stub.plan(rng, names), NOW)), Matcher()

    def steered(matcher):
        def run(pool):
            matched = matcher.match(shopper, context, NOW)
            outside = Outside({name: items[name] for name in wanted(matched)})
            return apply(matched, pool, PLACES, outside)

        return run

    def pool():
        chosen = rng.sample(names, CANDIDATES)
        return [Entry(name, 1.0 - place / CANDIDATES, items[name]) for place, name in enumerate(chosen)]

    return {"100 rules": steered(rules), "no rules": steered(none)}, pool


def measure(count, seed):
    """name -> microseconds of every request."""
    timed, pool = sides(seed)
    rng = random.Random(seed)
    took = {name: [] for name in timed}
    for _ in range(count):
        entries = pool()
        for name in rng.sample(list(timed), len(timed)):
            began = time.perf_counter()
            timed[name](entries)
            took[name].append((time.perf_counter() - began) * 1e6)
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    took = measure(args.requests, args.seed)
    print(
        f"{os.cpu_count()}-core {platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}; "
        f"{args.requests} requests, seed {args.seed}\n\n| {CANDIDATES} candidates | p50 µs | p99 µs |\n|---|--:|--:|"
    )
    for name, values in took.items():
        cuts = statistics.quantiles(values, n=100)
        print(f"| {name} | {cuts[49]:.0f} | {cuts[98]:.0f} |")


if __name__ == "__main__":
    main()
