"""LightGBM's trees in numpy give LightGBM's predictions."""

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.forest import LEAVES, Forest, grown


def grow(seed, leaves=LEAVES, trees=12, rows=600):
    rng = np.random.default_rng(seed)
    table = np.round(rng.normal(size=(rows, 6)), 1).astype(
        np.float32
    )  # many equal values, so that thresholds are met exactly
    table[:, 5] = 0.0  # a feature no tree can ask about
    target = np.sin(3 * table[:, 0]) + table[:, 1] * table[:, 2] + rng.normal(size=rows) / 10
    parameters = {"num_leaves": leaves, "min_data_in_leaf": 2, "verbosity": -1, "seed": seed, "num_threads": 1}
    return lgb.train(parameters, lgb.Dataset(table, target), trees), table


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.integers(2, LEAVES), st.integers(1, 30))
def test_predictions_are_those_of_lightgbm(seed, leaves, trees):
    booster, table = grow(seed, leaves, trees)
    forest = grown(booster.dump_model())
    strange = np.random.default_rng(seed).normal(0, 100, (50, 6)).astype(np.float32)
    for rows in (table, strange, table[:0]):
        wanted = booster.predict(rows) if len(rows) else np.empty(0)
        assert np.allclose(forest.predict(rows), wanted, atol=1e-5)


def test_a_forest_outlives_storage():
    booster, table = grow(1)
    forest = grown(booster.dump_model())
    assert (Forest.of(forest.arrays()).predict(table) == forest.predict(table)).all()
    assert Forest.of({}) is None


def test_trees_it_cannot_hold_are_refused():
    with pytest.raises(ValueError, match="40 leaves"):
        grown(grow(1, leaves=40)[0].dump_model())
    rng = np.random.default_rng(1)
    kinds = rng.integers(0, 5, (500, 1)).astype(float)
    data = lgb.Dataset(kinds, (kinds[:, 0] % 2), categorical_feature=[0])
    booster = lgb.train({"verbosity": -1, "min_data_in_leaf": 2, "min_data_per_group": 1, "cat_smooth": 0}, data, 2)
    with pytest.raises(ValueError, match="=="):
        grown(booster.dump_model())
