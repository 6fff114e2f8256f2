"""How well the served lists foresee purchases, on UCI Online Retail: `python -m tests.benchmarks.online_retail --data FOLDER`.

Train to 8 November 2011, test on the 30 days after; refunds, rows without a customer, non-positive rows and non-product codes dropped.
Every setting is tuned on the 30 days before the split; the test days are looked at once. All lists are ranked over the whole catalog.
"""

import argparse
import platform
import tempfile
import time
import warnings
from collections import Counter
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
from shared.evaluation.protocol import K, cases, measure
from shared.events import lake
from shared.events.model import encode
from shared.models.candidates import rank
from shared.models.fit import described, fit
from shared.models.interactions import DAY
from shared.models.prepare import prepare
from shared.models.tune import tune
from shared.recommend.pipeline import Reads, answer
from shared.recommend.request import Filter, Request

SPLIT = datetime(2011, 11, 9, tzinfo=UTC).timestamp()


def interactions(shop):
    """Through the lake's own form and the training's own preparation."""
    events = [e for e in shop.events() if e.event == "Order Completed" and e.verified]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.jsonl.gz")
        path.write_bytes(lake.lines(encode(event) for event in events))
        return prepare([str(path)], folder=folder).interactions


def served(bundle, now):
    """The lists of the home shelf, made by the code that answers requests: ranked candidates in the state, catalog at hand."""
    catalog = {str(item): Item(id=str(item), title=str(item)) for item in bundle.item_ids}

    def shelf(state, again):
        request = Request(placement="home", count=K, filter=Filter(allow_purchased=again))
        made = answer(request, Reads(state=state), lambda ids: {i: catalog[i] for i in ids if i in catalog}, now)
        return [pick.item for pick in made.picks]

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


def rivals(data):
    """The baselines: popularity of 30 days, own repeats with it, and raw models of `implicit` as a user of it would run them."""
    recent = data.where(data.at >= SPLIT - 30 * DAY)
    popular = np.bincount(recent.item, minlength=len(data.items)).astype(float)
    popular /= popular.max()
    _, place = by_scores(data, lambda state: popular)

    def own(state):
        scores = popular.copy()
        for purchase in state.purchases:
            scores[place[purchase.item]] += purchase.orders
        return scores

    found = {
        "popularity, last 30 days": by_scores(data, lambda s: popular)[0],
        "own repeats + popularity": by_scores(data, own)[0],
    }
    matrix = sp.csr_matrix(
        (np.ones(len(data), np.float32), (data.shopper, data.item)), shape=(len(data.shoppers), len(data.items))
    )
    models = {
        "implicit ALS 64": AlternatingLeastSquares(
            factors=64, alpha=40, regularization=1.0, iterations=15, random_state=1
        ),
        "implicit TF-IDF": TFIDFRecommender(K=100),
        "implicit BM25": BM25Recommender(K=100),
    }
    for name, model in models.items():
        model.fit(matrix, show_progress=False)
        found[name] = by_scores(data, raw(model, place, len(data.items)))[0]
    return found


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
    facts = {item["id"]: (item["product_type"], "", 0.0) for item in shop.catalog()}
    train, valid_from = data.before(SPLIT), SPLIT - 30 * DAY
    with threadpool_limits(1, "blas"):
        settings, _ = tune(
            described(fit(data.before(valid_from), valid_from), facts), cases(data, valid_from, SPLIT), valid_from
        )
        fitted = time.perf_counter()
        bundle = described(fit(train, SPLIT, settings), facts)
        fit_seconds = time.perf_counter() - fitted
        test = cases(data, SPLIT, most=10**9)
        results = {
            name: measure(ranked, test)
            for name, ranked in {**rivals(train), "Shopwindow as served": served(bundle, SPLIT)}.items()
        }
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "implicit", "duckdb"))
    print(f"{platform.machine()}, Python {platform.python_version()}, {packages}, seed 1")
    print(
        f"{len(train)} train rows, {len(test)} test shoppers; fit {fit_seconds:.1f} s, all {time.perf_counter() - began:.0f} s"
    )
    print("Blend:", {name: value for name, value in settings.items()})
    columns = ["recall@20 with repeats", "ndcg@20 with repeats", "recall@20 new only", "ndcg@20 new only"]
    print("\n| model | " + " | ".join(columns) + " |\n|---|" + "--:|" * len(columns))
    for name, result in results.items():
        summary = result.summary(len(data.items))
        cells = [
            f"{summary['means'][c]:.4f} ({summary['intervals'][c][0]:.3f}–{summary['intervals'][c][1]:.3f})"
            for c in columns
        ]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
