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
from shared.models.interactions import ORDER
from shared.models.train import served
from tests.factories import NOON

MARGIN = 0.02  # of NDCG@20: a worse fit than this would be told from chance on shops of this size


@pytest.fixture(scope="module")
def shop(spark, tmp_path_factory):
    """The interactions and Spark's rows of them, up to the split and all, of shops big enough to be measured on."""
    from shared.models.prepare import RULES
    from shared.models.spark import job

    path = tmp_path_factory.mktemp("lake") / "a.jsonl.gz"
    made = GeneratedShop(seed=5, shoppers=700, until=NOON + timedelta(days=1), weeks=8, items=200)
    path.write_bytes(lake.lines(map(encode, made.events())))
    data = job.prepare(spark, [str(path)], "20260303T030000Z", RULES).interactions
    return data, spark.table("interactions").localCheckpoint()


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


@pytest.mark.parametrize("name", ["similar", "together"])
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


def test_neighbours_are_equal_by_bm25(shop):
    from shared.models.spark.tables import similar

    data, rows = shop
    end = float(data.at.max())
    one = fit(data, end, {"similar_bm25": 1.0})
    weighed = rows.selectExpr("*", "element_at(array(1D, 1D, 3D, 5D), kind + 1) AS weight")
    items, scores = similar(weighed, one, end)
    same_neighbours(one, replace(one, similar_items=items, similar_scores=scores), "similar")


def quality(bundle, shoppers, moment):
    ranked = served(bundle, moment)
    return [ndcg(ranked(case.state)[1][:K], case.right - case.bought) for case in shoppers if case.right - case.bought]


@pytest.mark.parametrize("only", [None, "factors"])
def test_recommendations_are_as_good_as_those_of_one_machine(shop, fitted, only):
    """The whole blend, and ALS alone, whose solver is another."""
    one, other, moment = fitted
    data, _ = shop
    assert (data.kind == ORDER).any()
    weights = (
        {name: float(name == only) for name in ("similar", "together", "factors", "popularity", "category")}
        if only
        else {}
    )
    bundles = [replace(bundle, settings={**bundle.settings, **weights}) for bundle in (one, other)]
    shoppers = cases(data, moment)
    lambdas, sparks = (quality(bundle, shoppers, moment) for bundle in bundles)
    low, high = interval([b - a for a, b in zip(lambdas, sparks, strict=True)])
    print(
        f"NDCG@20 {np.mean(lambdas):.4f} on one machine, {np.mean(sparks):.4f} by Spark, difference {low:+.4f} to {high:+.4f}"
    )
    assert len(lambdas) >= 100 and np.mean(lambdas) > 0
    assert low > -MARGIN, (np.mean(lambdas), np.mean(sparks), low, high)
