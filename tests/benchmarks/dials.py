"""What each dial costs and brings, on a public set: `python -m tests.benchmarks.dials --data FOLDER [--dataset complete-journey] [--cases N]`.

A model is trained as at night on what came before the test part. Each shopper of the test part is asked what the home page would show them,
with one dial turned at a time; the pipeline is the one that serves. Right is what the shopper turned to in the days after.
"""

import argparse
import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from msgspec.structs import replace as with_fields

from infrastructure.cli.evaluate.datasets import known
from infrastructure.cli.evaluate.served import Served, Shopwindow, state_of
from shared.catalog.model import Item, Price, top_category
from shared.catalog.sketch import sketch
from shared.evaluation.metrics import ndcg, recall
from shared.models.candidates import rank
from shared.models.tune import Budget
from shared.recommend.dials import closeness, familiarity
from shared.recommend.picks import Reads
from shared.recommend.pipeline import answer
from shared.recommend.placements import PLACEMENTS
from shared.recommend.request import parse
from shared.recommend.settings import changed, changes

COUNT, POOL = 12, 100
TURNED = {
    "all at 0": {},
    "`diversity` 0.2": {"diversity": 0.2},
    "`diversity` 0.5": {"diversity": 0.5},
    "`diversity` 1": {"diversity": 1.0},
    "`serendipity` 0.5": {"serendipity": 0.5},
    "`serendipity` 1": {"serendipity": 1.0},
    "`freshness` 0.5": {"freshness": 0.5},
    "`freshness` 1": {"freshness": 1.0},
    "`categoryCap` 4": {"categoryCap": 4},
    "`categoryCap` 2": {"categoryCap": 2},
    "`brandCap` 4": {"brandCap": 4},
    "`priceRange` [0.5, 2]": {"priceRange": [0.5, 2]},
    "`priceRange` [0.8, 1.25]": {"priceRange": [0.8, 1.25]},
}


def catalog(known, data):
    """Items as far as the set tells of them; one came when it was first dealt with."""
    first = np.full(len(data.items), np.inf)
    np.minimum.at(first, data.item, data.at)
    came = {str(item): float(at) for item, at in zip(data.items, first, strict=True) if math.isfinite(at)}
    made = {}
    for name in map(str, data.items):
        category, brand, price = known.facts.get(name, ("", "", math.nan))
        found = Price(price, "EUR") if price > 0 else None
        title, since = known.texts.get(name, ""), came.get(name, 0.0)
        made[name] = Item(id=name, title=title, product_type=category, brand=brand, price=found, first_seen=since)
        made[name] = with_fields(made[name], sketch=sketch(made[name]))
    return made


def moments(ranker, cases):
    """(what is read, what came, now) of each shopper."""
    names = cases.history.items
    for one in range(len(cases)):
        now = float(cases.now[one])
        state = state_of(cases, one, ranker.facts)
        state.candidates, state.again = rank(state, ranker.bundle, now, POOL)
        right = {str(names[item]) for item in cases.target[cases.target_start[one] : cases.target_start[one + 1]]}
        yield Reads(state=state), right - {bought.item for bought in state.purchases}, now


def measured(dials, asked, items, share):
    home = replace(PLACEMENTS["home"], newcomers=False, pool=POOL)
    request = replace(
        parse({"placement": "home", "count": COUNT}), changed=changed(home, changes({"dials": dials}, "home"))
    )
    rows, shown = [], set()
    for reads, right, now in asked:
        made = answer(request, reads, lambda ids: {name: items[name] for name in ids if name in items}, now)
        top = [pick.item for pick in made.picks]
        if not (right and len(top) > 1):
            continue
        shelf = [items[name] for name in top]
        pairs = [1.0 - closeness(a, b) for n, a in enumerate(shelf) for b in shelf[n + 1 :]]
        rows.append(
            (
                ndcg(top, right),
                recall(top, right),
                float(np.mean(pairs)),
                len({top_category(one) for one in shelf}),
                float(np.mean([-math.log2(share.get(name, 1e-6)) for name in top])),
                1.0 - float(np.mean([familiarity(one, reads.state) for one in shelf])),
            )
        )
        shown.update(top)
    return np.mean(rows, axis=0), len(shown) / len(items), len(rows)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--dataset", default="complete-journey", choices=list(known.LOADERS))
    options.add_argument("--cases", type=int, default=1000)
    options.add_argument("--search", type=float, default=0.1, help="share of the usual search of settings")
    options.add_argument("--only", default="", help="dials whose name has this in it; all at 0 always")
    args = options.parse_args()
    began = time.perf_counter()
    dataset = known.load(args.dataset, args.data)
    ranker, _ = Shopwindow(budget=Budget(share=args.search)).learn(dataset.known)
    assert isinstance(ranker, Served)
    data = dataset.known.train
    items = catalog(dataset.known, data)
    counts = np.bincount(data.item, minlength=len(data.items))
    share = {str(name): float(count) / counts.sum() for name, count in zip(data.items, counts, strict=True) if count}
    asked = list(moments(ranker, dataset.test.sample(args.cases)))
    print(
        f"| dial | NDCG@{COUNT} | recall@{COUNT} | apart on a shelf | categories | rareness (bits) | unfamiliar | coverage |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for name, dials in TURNED.items():
        if dials and args.only not in name:
            continue
        means, coverage, counted = measured(dials, asked, items, share)
        ndcg_, recall_, apart, categories, rare, unknown = means
        print(
            f"| {name} | {ndcg_:.4f} | {recall_:.4f} | {apart:.3f} | {categories:.1f} | {rare:.2f} | {unknown:.3f} | {coverage:.3f} |",
            flush=True,
        )
    print(f"\n{counted} shoppers, {len(items):,} items, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
