"""What Spark fits on everything is what one machine fits on the same: equal tables, and recommendations that are as good."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from infrastructure.cli.generator import GeneratedShop
from shared.evaluation.metrics import interval, ndcg
from shared.evaluation.protocol import K, cases, split_at
from shared.events import lake
from shared.events.model import encode
from shared.models.fit import fit
from shared.models.fit import similar as one_machine
from shared.models.prepare import RULES, Room, prepare
from shared.models.sources import SOURCES
from shared.models.train import served
from tests.factories import NOON

MARGIN = 0.02  # of NDCG@20: a worse fit than this would be told from chance on shops of this size


@pytest.fixture(scope="module")
def shop(spark, tmp_path_factory):
    """A shop big enough to be measured on: its interactions, and the rows that Spark has of them."""
    import pandas as pd

    folder = tmp_path_factory.mktemp("lake")
    made = GeneratedShop(seed=11, shoppers=500, until=NOON + timedelta(days=1), weeks=8, items=200)
    path = folder / "a.jsonl.gz"
    path.write_bytes(lake.lines(map(encode, made.events())))
    data = prepare([str(path)], "20260303T030000Z", RULES, Room(str(folder / "spill"))).interactions
    return data, spark.createDataFrame(pd.DataFrame(columns_of(data))).localCheckpoint()


def columns_of(data):
    """As the view `interactions` has them."""
    message = np.where(data.basket >= 0, data.basket, len(data) + np.arange(len(data)))
    return {
        "u": data.shopper,
        "item": data.item,
        "ts": data.at,
        "kind": data.kind.astype("int32"),
        "visit": data.session,
        "messageId": [f"{number:09}" for number in message],
    }


@pytest.fixture(scope="module")
def fitted(shop):
    """The same by both ways, as of the split."""
    from shared.models.spark.tables import tables

    data, rows = shop
    moment = split_at(data)
    one = fit(data.before(moment), moment)
    return one, replace(one, **tables(rows.where(f"ts < {moment!r}"), one, moment)), moment


def test_popularity_is_equal(fitted):
    one, other, _ = fitted
    assert np.allclose(one.popularity, other.popularity, atol=1e-4)


@pytest.mark.parametrize("name", ["similar", "together", "next"])
def test_neighbours_and_their_scores_are_equal(fitted, name):
    one, other, _ = fitted
    same_neighbours(one, other, name)


def same_neighbours(one, other, name):
    """The same scores; the same items, except those that tie with the last."""
    (mine, theirs), (a, b) = (
        [getattr(bundle, f"{name}_{part}") for bundle in (one, other)] for part in ("items", "scores")
    )
    assert a.any() and np.allclose(a, b, rtol=1e-3, atol=1e-5)
    clear = a > np.maximum(a[:, -1:], b[:, -1:]) * 1.01 + 1e-5
    for row in range(len(mine)):
        assert set(mine[row][clear[row]].tolist()) <= set(theirs[row].tolist())


@pytest.mark.parametrize("kind", [1.0, 2.0])
def test_neighbours_are_equal_by_bm25_and_cosine(shop, fitted, kind):
    from shared.models.spark.tables import similar

    data, rows = shop
    plain, _, moment = fitted
    settings = {**plain.settings, "similar_kind": kind}
    weighed = rows.where(f"ts < {moment!r}").selectExpr("*", "element_at(array(1D, 1D, 3D, 5D), kind + 1) AS weight")
    items, scores = similar(weighed, replace(plain, settings=settings), moment)
    mine, amounts = one_machine(data.before(moment), moment, settings)
    one = replace(plain, similar_items=mine, similar_scores=amounts)
    same_neighbours(one, replace(one, similar_items=items, similar_scores=scores), "similar")


def test_counts_of_items_are_those_that_the_ranker_knows_at_the_scale_of_the_sample(fitted):
    from shared.models.spark.tables import facts

    one, other, _ = fitted
    assert np.allclose(one.facts, other.facts, atol=1e-5)
    number = np.rint(np.expm1(one.fact("support"))).astype(int)
    assert np.allclose(facts(number * 10, one), one.facts, atol=1e-5)
    assert np.allclose(facts(number[::-1], one)[0], one.fact("support")[::-1], atol=1e-5)


def quality(bundle, shoppers, moment):
    ranked = served(bundle, moment)
    return [ndcg(ranked(case.state)[1][:K], case.right - case.bought) for case in shoppers if case.right - case.bought]


def test_recommendations_by_alternating_least_squares_are_as_good_as_those_of_one_machine(shop, fitted):
    """By ALS alone, whose solver is another; all else is equal."""
    one, other, moment = fitted
    data, _ = shop
    only = {name: float(name == "factors") for name in SOURCES}
    bundles = [replace(bundle, settings={**bundle.settings, **only}) for bundle in (one, other)]
    shoppers = cases(data, moment)
    lambdas, sparks = (quality(bundle, shoppers, moment) for bundle in bundles)
    low, high = interval([b - a for a, b in zip(lambdas, sparks, strict=True)])
    means = f"NDCG@20 {np.mean(lambdas):.4f} on one machine, {np.mean(sparks):.4f} by Spark"
    print(f"{means}, difference {low:+.4f} to {high:+.4f}, {len(lambdas)} shoppers")
    assert len(lambdas) >= 100 and np.mean(lambdas) > 0
    assert low > -MARGIN, (means, low, high)
