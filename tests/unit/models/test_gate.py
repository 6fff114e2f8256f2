"""The champion/challenger gate: refused where shoppers leave no doubt, and only there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.gate import Measured, coverage, difference, empty, gate, gini, popularity_bias, short

ITEMS, K, SHOPPERS = 400, 20, 300
POPULARITY = np.linspace(1.0, 0.01, ITEMS).astype(np.float32)
SAME = {"from": ["GB"] * SHOPPERS}


def spread(first=0, last=ITEMS, seed=1):
    """Lists of K different items between two positions."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(np.arange(first, last))[:K] for _ in range(SHOPPERS)]).astype(np.int32)


def measured(mean, seed=1, shown=None, **more):
    values = np.random.default_rng(seed).random(SHOPPERS) * 0.1 + mean
    return Measured(
        {"ndcg@20 with repeats": values, "ndcg@20 new only": values, "mrr@20 new only": values, **more},
        spread() if shown is None else shown,
    )


@pytest.mark.parametrize(
    ("means", "passed"),
    [
        ({"model": 0.2, "popularity": 0.1}, True),
        ({"model": 0.1, "popularity": 0.2}, False),
        ({"model": 0.2, "popularity": 0.1, "current": 0.3}, False),
        ({"model": 0.3, "popularity": 0.1, "current": 0.2}, True),
    ],
)
def test_a_version_that_is_clearly_worse_is_refused_with_the_reason(means, passed):
    verdict = gate({name: measured(mean, seed) for seed, (name, mean) in enumerate(means.items())}, SAME, POPULARITY)
    assert verdict.passed is passed
    refused = [reason for reason in verdict.reasons if "Refused" in reason]
    assert bool(refused) is not passed and all("difference -" in reason or "clearly" in reason for reason in refused)


@pytest.mark.parametrize(("by_value", "passed"), [(0.3, True), (0.1, False)])
def test_where_money_is_aimed_at_the_gate_decides_by_value(by_value, passed):
    """By what came alone the new version is worse either way."""

    def both(plain, value):
        values = np.random.default_rng(1).random(SHOPPERS) * 0.1 + value
        return measured(plain, **{f"revenue ndcg@20 {mode}": values for mode in ("with repeats", "new only")})

    verdict = gate({"model": both(0.1, by_value), "current": both(0.2, 0.2)}, SAME, POPULARITY, "revenue ndcg@20")
    assert verdict.passed is passed
    assert all("revenue ndcg@20" in reason for reason in verdict.reasons)


def test_too_few_shoppers_judge_nothing():
    few = Measured({}, spread()[:29])
    verdict = gate({"model": few, "popularity": few}, {}, POPULARITY)
    assert verdict.passed and "Only 29 shoppers" in verdict.reasons[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_two_models_that_differ_by_chance_alone_pass_nearly_always(seed):
    """Each of 30 differences is noise around zero: paired intervals at 95 % refuse a few at most, so one bad day is no refusal."""
    rng = np.random.default_rng(seed)
    refused = 0
    for _ in range(30):
        mine, theirs = rng.random((2, 60))
        refused += difference(mine, theirs)[1] < 0
    assert refused <= 8


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40))
def test_a_difference_bounds_its_mean_and_turns_around_with_its_sides(pairs):
    mine, theirs = zip(*pairs, strict=True)
    low, high = difference(mine, theirs)
    assert low - 1e-6 <= high and min(a - b for a, b in pairs) - 1e-6 <= low
    back = difference(theirs, mine)
    assert np.allclose((-back[1], -back[0]), (low, high), atol=1e-6)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (spread(0, 40), "coverage of the catalog"),
        (spread(0, 150), "popularity bias"),
        (spread(200, 240), "inequality of what is shown"),
        (np.where(np.arange(SHOPPERS)[:, None] < 30, -1, spread()), "share of empty answers"),
        (np.where(np.arange(K)[None, :] > 14, -1, spread()), "share of short answers"),
    ],
)
def test_what_is_shown_may_not_collapse_even_if_hits_are_better(shown, words):
    models = {
        "model": measured(0.5, 1, shown.astype(np.int32)),
        "popularity": measured(0.1, 2),
        "current": measured(0.3, 3),
    }
    verdict = gate(models, SAME, POPULARITY)
    assert not verdict.passed
    assert any(reason.startswith("Refused: the") and words in reason for reason in verdict.reasons), verdict.reasons


def test_a_first_version_may_show_what_it_likes_but_not_nothing():
    narrow = {"model": measured(0.5, 1, spread(0, 30)), "popularity": measured(0.1, 2)}
    assert gate(narrow, SAME, POPULARITY).passed
    blank = {"model": measured(0.5, 1, np.full((SHOPPERS, K), -1, np.int32)), "popularity": measured(0.1, 2)}
    assert not gate(blank, SAME, POPULARITY).passed


def test_no_segment_pays_for_the_mean():
    half = np.arange(SHOPPERS) < 100
    values = np.where(half, 0.1, 0.6) + np.random.default_rng(1).random(SHOPPERS) * 0.05
    mine = Measured({"ndcg@20 with repeats": values, "ndcg@20 new only": values}, spread())
    models = {"model": mine, "popularity": measured(0.0, 2), "current": measured(0.3, 3)}
    verdict = gate(models, {"from": np.where(half, "DE", "GB").tolist()}, POPULARITY)
    assert not verdict.passed and sum("Refused" in reason for reason in verdict.reasons) == 1
    assert any("100 shoppers (from DE)" in reason for reason in verdict.reasons)
    small = {"from": np.where(np.arange(SHOPPERS) < 20, "DE", "GB").tolist()}
    assert gate(models, small, POPULARITY).passed  # of twenty nobody can tell


def test_every_metric_has_an_interval_though_few_decide():
    models = {"model": measured(0.2), "popularity": measured(0.1, 2), "current": measured(0.2, 3)}
    checks = gate(models, SAME, POPULARITY).checks
    assert {(c.name, c.rival) for c in checks} >= {("mrr@20 new only", "popularity"), ("mrr@20 new only", "current")}
    worse = {**models["model"].values, "mrr@20 new only": np.zeros(SHOPPERS)}
    assert gate({**models, "model": Measured(worse, spread())}, SAME, POPULARITY).passed


def test_the_measures_of_what_is_shown():
    all_alike, one = np.arange(ITEMS, dtype=np.int32).reshape(-1, K), np.zeros((5, 1), np.int32)
    assert coverage(all_alike, POPULARITY) == 1 and coverage(one, POPULARITY) == 1 / ITEMS
    assert gini(all_alike, POPULARITY) == pytest.approx(0) and gini(one, POPULARITY) > 0.99
    assert popularity_bias(one, POPULARITY) == 1 and popularity_bias(all_alike, POPULARITY) == pytest.approx(0.5)
    gaps = np.array([[-1, -1], [1, -1], [1, 2]], np.int32)
    assert empty(gaps, POPULARITY) == pytest.approx(1 / 3) and short(gaps, POPULARITY) == pytest.approx(2 / 3)
