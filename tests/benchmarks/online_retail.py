"""How well the served lists foresee purchases, on UCI Online Retail: `python -m tests.benchmarks.online_retail --data FOLDER`.

Train to 8 November 2011, test on the 30 days after; refunds, rows without a customer, non-positive rows and non-product codes dropped.
Purchases count that a model could foresee: of products that were sold before. Every setting, ours and the rivals', is chosen on
the last 30 days of the train part; nothing is chosen on the test days. All lists are ranked over the whole catalog.
"""

import argparse
import platform
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, TFIDFRecommender
from threadpoolctl import threadpool_limits

from infrastructure.cli.online_retail import OnlineRetail
from shared.catalog.model import Item
from shared.evaluation.metrics import interval
from shared.evaluation.protocol import K, cases, measure
from shared.events import lake
from shared.events.model import encode
from shared.models.candidates import rank
from shared.models.interactions import DAY
from shared.models.known import Known
from shared.models.prepare import Room, prepare
from shared.models.recipe import made, recipe
from shared.recommend.pipeline import Reads, answer
from shared.recommend.request import Filter, Request

SPLIT = datetime(2011, 11, 9, tzinfo=UTC).timestamp()


def interactions(shop):
    """Through the lake's own form and the training's own preparation."""
    events = [e for e in shop.events() if e.event == "Order Completed" and e.verified]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.jsonl.gz")
        path.write_bytes(lake.lines(encode(event) for event in events))
        return prepare([str(path)], "benchmark", room=Room(folder)).interactions


def served(bundle, now):
    """The lists of the home shelf, made by the code that answers requests: ranked candidates in the state, catalog at hand."""
    catalog = {str(item): Item(id=str(item), title=str(item)) for item in bundle.item_ids}

    def shelf(state, again):
        request = Request(placement="home", count=K, filter=Filter(allow_purchased=again))
        answered = answer(request, Reads(state=state), lambda ids: {i: catalog[i] for i in ids if i in catalog}, now)
        return [pick.item for pick in answered.picks]

    def ranked(state):
        state.candidates, state.again = rank(state, bundle, now)
        return shelf(state, True), shelf(state, False)

    return ranked


def by_scores(data, score):
    """A ranker from `score(state) -> array over items`."""
    place = {str(item): n for n, item in enumerate(data.items)}

    def ranked(state):
        scores = score(state)
        order = [str(data.items[n]) for n in np.argsort(-scores, kind="stable")[: K + 500]]
        bought = {p.item for p in state.purchases}
        return order[:K], [item for item in order if item not in bought][:K]

    return ranked, place


def rivals(data, now):
    """The baselines as of `now`: popularity of 30 days, own repeats with it, and raw models of `implicit` with several settings."""
    recent = data.since(now - 30 * DAY)
    pairs = np.unique(np.stack([recent.shopper, recent.item]), axis=1)
    popular = np.bincount(pairs[1], minlength=len(data.items)).astype(float)
    popular /= popular.max() + 1
    _, place = by_scores(data, lambda state: popular)

    def own(state):
        scores = popular.copy()
        for purchase in state.purchases:
            scores[place[purchase.item]] += purchase.orders
        return scores

    yield "popularity, last 30 days", "", by_scores(data, lambda s: popular)[0]
    yield "own repeats + popularity", "", by_scores(data, own)[0]
    counts = sp.csr_matrix(
        (np.ones(len(data), np.float32), (data.shopper, data.item)), shape=(len(data.shoppers), len(data.items))
    )
    for alpha, weight in ((1, 0.01), (1, 10), (10, 10), (10, 50), (40, 1)):
        model = AlternatingLeastSquares(64, alpha=alpha, regularization=weight, iterations=15, random_state=1)
        model.fit(counts, show_progress=False)
        yield "implicit ALS 64", f"alpha {alpha}, reg {weight}", by_scores(data, raw(model, place, len(data.items)))[0]
    for name, model in (("implicit TF-IDF", TFIDFRecommender(K=100)), ("implicit BM25", BM25Recommender(K=100))):
        model.fit(counts, show_progress=False)
        yield name, "", by_scores(data, raw(model, place, len(data.items)))[0]


def chosen(known, now, shoppers):
    """Of each rival the setting that does best on `shoppers`: name -> note."""
    best = {}
    for name, note, ranked in rivals(known, now):
        got = measure(ranked, shoppers[:400]).means()["ndcg@20 new only"]
        best[name] = max(best.get(name, (-1.0, "")), (got, note))
    return {name: note for name, (_, note) in best.items()}


def foreseeable(shoppers, known):
    """Purchases of products the train part has never seen cannot be foreseen by anybody: the protocol leaves them out."""
    sold = set(known.items[np.unique(known.item)].tolist())
    kept = [replace(case, right=case.right & sold) for case in shoppers]
    return [case for case in kept if case.right]


def raw(model, place, size):
    def score(state):
        row = Counter({place[p.item]: p.orders for p in state.purchases})
        user = sp.csr_matrix((np.array(list(row.values()), np.float32), ([0] * len(row), list(row))), shape=(1, size))
        ids, values = model.recommend(0, user, N=1000, filter_already_liked_items=False, recalculate_user=True)
        scores = np.full(size, -1.0)
        scores[ids] = values
        return scores

    return score


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    shop = OnlineRetail(args.data)
    data = interactions(shop)
    facts = {item["id"]: (item["product_type"], "", float("nan")) for item in shop.catalog()}
    train, valid_from = data.before(SPLIT), SPLIT - 30 * DAY
    with threadpool_limits(1, "blas"):
        searched = time.perf_counter()
        known = Known(train, SPLIT, facts)
        found = recipe(known)
        fitted = time.perf_counter()
        bundle = made(known, found)
        fit_seconds = time.perf_counter() - fitted
        valid = foreseeable(cases(train, valid_from, facts=facts), train.before(valid_from))
        notes = chosen(train.before(valid_from), valid_from, valid)
        test = foreseeable(cases(data, SPLIT, most=10**9, facts=facts), train)
        rated = {
            f"{name} ({note})" if note else name: measure(ranked, test)
            for name, note, ranked in rivals(train, SPLIT)
            if notes[name] == note
        }
        results = {**rated, "**Shopwindow as served**": measure(served(bundle, SPLIT), test)}
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "implicit", "duckdb"))
    print(f"{platform.machine()}, Python {platform.python_version()}, {packages}, seed 1")
    print(
        f"{len(train)} train rows, {len(test)} test shoppers; search of settings {fitted - searched:.0f} s, "
        f"fit {fit_seconds:.1f} s, all {time.perf_counter() - began:.0f} s"
    )
    print("Settings:", found.settings)
    print("On shoppers of the last train days:", [step for step in found.history if step["phase"] == "compared"])
    columns = ["recall@20 with repeats", "ndcg@20 with repeats", "recall@20 new only", "ndcg@20 new only"]
    print("\n| model | " + " | ".join(columns) + " |\n|---|" + "--:|" * len(columns))
    for name, result in results.items():
        summary = result.summary(len(data.items))
        cells = [
            f"{summary['means'][c]:.4f} ({summary['intervals'][c][0]:.3f}–{summary['intervals'][c][1]:.3f})"
            for c in columns
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")
    *others, ours = results.values()
    cells = []
    for column in columns:
        rival = max(others, key=lambda result: result.means()[column])
        low, high = interval([a - b for a, b in zip(ours.values[column], rival.values[column], strict=True)])
        cells.append(f"{ours.means()[column] - rival.means()[column]:+.4f} ({low:+.3f} to {high:+.3f})")
    print("| lead over the best other | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
