"""What Spark fits on everything is what one machine fits on the same: equal tables, and recommendations that are as good."""

from dataclasses import replace

import numpy as np
import pytest

from shared.evaluation.metrics import interval, ndcg
from shared.evaluation.protocol import K, cases, split_at
from shared.models import bundle, content, fit, interactions
from shared.models.bundle import DEFAULTS
from shared.models.counted import counted
from shared.models.known import Goal, Known, Texts
from shared.models.sources import SOURCES
from shared.models.steps.bench import facts_of
from shared.models.steps.train import aim_in
from shared.models.train import evaluate, served

MARGIN = 0.02  # of NDCG@20, which is about 0.6 here: a thirtieth


@pytest.fixture(scope="module")
def sampled(run):
    return interactions.load(run.get("interactions.npz"))


@pytest.fixture(scope="module")
def trials(run, both, bench, sampled):
    """What is known as of the split: of all interactions on one machine, and by the job, whose driver had a sample."""
    items = bench.items()
    told = content.load(run.get("content.npz"))
    goal = Goal(aim_in(run, sampled, items))
    moment = split_at(sampled)
    data = both.one.interactions.before(moment)
    one = Known(data, moment, facts_of(items.values()), Texts(told.ids, told.vectors), goal).fitted(DEFAULTS)
    return one, bundle.load(run.get("trial.npz"))


@pytest.fixture(scope="module")
def early(spark, both, sampled):
    """Interactions before the split, by both ways, and the split."""
    data = both.one.interactions
    moment = split_at(sampled)
    rows = spark.table("interactions").where(f"ts < {moment!r}")
    weighed = rows.selectExpr("*", "element_at(array(1D, 1D, 3D, 5D), kind + 1) AS weight")
    return data.before(moment), weighed.localCheckpoint(), moment


def test_all_that_is_not_fitted_by_spark_is_the_same(trials):
    one, other = trials
    assert one.settings == other.settings and one.item_ids.tolist() == other.item_ids.tolist()
    assert one.content.any() and np.array_equal(one.content, other.content)
    for name in ("worth", "categories", "brands"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name
    assert one.item_factors.shape == other.item_factors.shape and other.forest is None  # too little for a ranker


def test_popularity_is_equal(trials):
    one, other = trials
    assert one.popularity.any() and np.allclose(one.popularity, other.popularity, atol=1e-4)


@pytest.mark.parametrize("name", ["similar", "together", "next"])
def test_neighbours_and_their_scores_are_equal(trials, name):
    same_neighbours(*([getattr(trial, f"{name}_{part}") for part in ("items", "scores")] for trial in trials))


def same_neighbours(one, other):
    """The same scores; the same items, except those that tie with the last."""
    (mine, a), (theirs, b) = one, other
    assert a.any() and np.allclose(a, b, rtol=1e-3, atol=1e-5)
    clear = a > np.maximum(a[:, -1:], b[:, -1:]) * 1.01 + 1e-5
    for row in range(len(mine)):
        assert set(mine[row][clear[row]].tolist()) <= set(theirs[row].tolist())


@pytest.mark.parametrize("kind", [1.0, 2.0, float(fit.WALKED), float(fit.REGRESSED)])
def test_neighbours_are_equal_by_every_kind_of_similarity(early, trials, kind):
    from shared.models.spark.tables import similar

    data, rows, moment = early
    asked = replace(trials[0], settings={**trials[0].settings, "similar_kind": kind})
    same_neighbours(fit.similar(data, moment, asked.settings), similar(rows, asked, moment))


@pytest.mark.parametrize("kind", [1.0, 2.0])
def test_what_is_bought_together_is_equal_by_lift_and_npmi(early, trials, kind):
    from shared.models.spark.tables import together

    data, rows, _ = early
    asked = replace(trials[0], settings={**trials[0].settings, "together_kind": kind})
    same_neighbours(fit.together(data, asked.settings), together(rows, asked))


def test_counts_of_items_are_those_that_the_ranker_knows_at_the_scale_of_the_sample(trials, sampled):
    from shared.models.spark.tables import facts

    one, other = trials
    moment = split_at(sampled)
    mine = counted(sampled.before(moment), moment)
    assert np.allclose(mine[1:], other.facts[1:], atol=1e-5)
    assert np.expm1(other.fact("support")).sum() == pytest.approx(np.expm1(mine[0]).sum(), rel=1e-4)
    assert np.corrcoef(np.expm1(one.fact("support")), np.expm1(other.fact("support")))[0, 1] > 0.9999
    number = np.rint(np.expm1(one.fact("support"))).astype(int)
    assert np.allclose(facts(number * 10, one), one.facts, atol=1e-5)
    assert np.allclose(facts(number[::-1], one)[0], one.fact("support")[::-1], atol=1e-5)


def quality(made, shoppers, moment):
    ranked = served(made, moment)
    return [ndcg(ranked(case.state)[1][:K], case.right - case.bought) for case in shoppers if case.right - case.bought]


@pytest.mark.parametrize("alone", [True, False])
def test_recommendations_are_as_good_as_those_of_one_machine(both, sampled, trials, alone):
    """By ALS alone, whose solver is another, and by all that is served."""
    data, moment = both.one.interactions, split_at(sampled)
    only = {name: float(name == "factors") for name in SOURCES} if alone else {}
    shoppers = cases(data, moment)
    asked = [replace(trial, settings={**trial.settings, **only}) for trial in trials]
    lambdas, sparks = (quality(one, shoppers, moment) for one in asked)
    low, high = interval([b - a for a, b in zip(lambdas, sparks, strict=True)])
    means = f"NDCG@20 {np.mean(lambdas):.4f} on one machine, {np.mean(sparks):.4f} by Spark"
    print(f"{means}, difference {low:+.4f} to {high:+.4f}, {len(lambdas)} shoppers")
    assert len(lambdas) >= 70 and np.mean(lambdas) > 0.02
    assert np.mean(sparks) > np.mean(lambdas) - MARGIN and high >= 0, (means, low, high)


def test_the_report_measures_both_alike(run, bench, trials, sampled):
    one = evaluate(sampled, trials[0], None, aim_in(run, sampled, bench.items()))
    other = run.get_json("metrics.json")
    assert one["shoppers"] == other["shoppers"] >= 40
    assert one["metrics"]["popularity"]["means"] == pytest.approx(other["metrics"]["popularity"]["means"], abs=1e-4)
    means, mine = (measured["metrics"]["model"]["means"] for measured in (one, other))
    assert max(means.values()) > 0.02 and mine == pytest.approx(means, abs=MARGIN)
    assert one["passed"] == other["passed"]
