"""Association of items that share groups, against the measures written pair by pair."""

import math
from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models import pairs
from shared.models.pairs import COSINE, DOUBT, FEWEST, LIFT, NPMI, associated, regressed, walked, weighed

ITEMS = 8
baskets = st.lists(st.sets(st.integers(0, ITEMS - 1), max_size=5), min_size=1, max_size=40)


def matrix(groups, size=ITEMS):
    rows = [number for number, group in enumerate(groups) for _ in group]
    columns = [item for group in groups for item in sorted(group)]
    return sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(groups), size))


def naive(groups, kind, one, other):
    total = sum(bool(group) for group in groups)
    a, b = (sum(item in group for group in groups) for item in (one, other))
    shared = sum(one in group and other in group for group in groups)
    if not shared or (kind != COSINE and shared < FEWEST):
        return 0.0
    if kind == COSINE:
        return shared / math.sqrt(a * b)
    surprise = math.log(shared * total / (a * b))
    if kind == LIFT:
        return max(surprise * shared / (shared + DOUBT), 0.0)
    return max(surprise / math.log(total / shared), 0.0) if shared < total else 0.0


@settings(max_examples=60, deadline=None)
@given(baskets, st.sampled_from([COSINE, LIFT, NPMI]))
def test_every_pair_has_its_measure_and_the_best_come_first(groups, kind):
    items, scores = associated(matrix(groups), kind, ITEMS)
    found = {
        (one, int(other)): score
        for one in range(ITEMS)
        for other, score in zip(items[one], scores[one], strict=True)
        if other >= 0
    }
    for one, other in combinations(range(ITEMS), 2):
        wanted = naive(groups, kind, one, other)
        if wanted > 1e-6:
            assert found[one, other] == pytest.approx(wanted, rel=1e-4)
            assert found[other, one] == pytest.approx(wanted, rel=1e-4)
        else:
            assert found.get((one, other), 0.0) <= 1e-6
    assert (np.diff(scores, axis=1) <= 0).all() and (items != np.arange(ITEMS)[:, None]).all()


def test_npmi_prefers_what_belongs_together_to_what_is_in_every_basket():
    """A bag (0) is in nearly every order; cups (1) and saucers (2) are bought with each other, and with a bag too."""
    groups = [{0, 3}] * 30 + [{0}] * 30 + [{0, 1, 2}] * 12 + [{0, 1}] * 4 + [{4, 5}] * 2
    for kind in (LIFT, NPMI):
        items, _ = associated(matrix(groups), kind, 3)
        assert items[1, 0] == 2
        assert items[4, 0] == -1  # bought together twice only: that says nothing yet
    assert associated(matrix([{0, 1}] * 3 + [{2}] * 3), NPMI, 1)[1][0, 0] == pytest.approx(1.0)


def test_a_walk_holds_popularity_against_an_item_by_beta():
    groups = matrix([{0, 1}, {0, 1}, {0, 2}, {1}, {1}, {1}, {1}])
    assert walked(groups, 2, beta=0.0)[0][0].tolist() == [1, 2]
    assert walked(groups, 2, beta=1.0)[0][0].tolist() == [2, 1]


def test_blocks_make_no_difference(monkeypatch):
    rng = np.random.default_rng(3)
    groups = matrix([set(rng.integers(0, 50, 6).tolist()) for _ in range(200)], 50)
    whole = [associated(groups, NPMI, 5), walked(groups, 5), regressed(groups, 5, 2.0)]
    monkeypatch.setattr(pairs, "BLOCK", 7)
    parts = [associated(groups, NPMI, 5), walked(groups, 5), regressed(groups, 5, 2.0)]
    for (items, scores), other in zip(whole, parts, strict=True):
        assert np.array_equal(items, other[0]) and np.array_equal(scores, other[1])


def test_regressions_are_the_same_however_many_are_solved_at_once(monkeypatch):
    rng = np.random.default_rng(2)
    groups = matrix([set(rng.geometric(0.1, 4).clip(1, 30) - 1) for _ in range(200)], 30)
    whole = regressed(groups, 10, 3.0)
    monkeypatch.setattr(pairs, "BATCH", 4)
    items, scores = regressed(groups, 10, 3.0)
    assert np.array_equal(items, whole[0]) and scores == pytest.approx(whole[1], abs=1e-5)


def test_what_weighs_nothing_any_more_is_as_if_it_had_not_been():
    groups = matrix([{0, 1}, {1, 2}, {0, 2}, {3, 4}, {0, 1, 2}, {3}])
    groups.data[6:8] = 0.0  # all of 4, and of 3 what was beside it
    kept = groups.copy()
    kept.eliminate_zeros()
    for table in (lambda found: regressed(found, 7, 1.0), lambda found: walked(found, 7)):
        items, scores = table(groups)
        assert np.array_equal(items, table(kept)[0]) and np.array_equal(scores, table(kept)[1])
        assert (items[3:] < 0).all() and (items[:3, :2] >= 0).all()


def test_a_score_that_is_no_number_takes_no_ones_place():
    items, scores = np.full((1, 2), -1, np.int32), np.zeros((1, 2), np.float32)
    pairs._fill(items, scores, sp.csr_matrix(np.array([[np.nan, 0.2, -1.0, 0.7]], np.float32)))
    assert items.tolist() == [[3, 1]]


def dense(table):
    """The scores of a table as a matrix."""
    found = np.zeros((len(table[0]), len(table[0])))
    row, column = np.nonzero(table[0] >= 0)
    found[row, table[0][row, column]] = table[1][row, column]
    return found


@settings(max_examples=60, deadline=None)
@given(baskets, st.floats(0.5, 50.0), st.floats(0.1, 3.0))
def test_a_regression_has_the_weights_of_the_normal_equations(groups, ridge, weight):
    weighted = matrix(groups) * np.float32(weight)
    products = (matrix(groups).T @ matrix(groups)).toarray() * weight
    wanted = np.zeros((ITEMS, ITEMS))
    for item in range(ITEMS):
        near = [other for other in range(ITEMS) if other != item and products[item, other] > 0]
        if near:
            left = products[np.ix_(near, near)] + ridge * np.eye(len(near))
            wanted[near, item] = np.maximum(np.linalg.solve(left, products[near, item]), 0.0)
    assert dense(regressed(weighted, ITEMS, ridge)) == pytest.approx(wanted, abs=1e-4)


def test_what_is_bought_beside_only_because_of_a_third_has_next_to_no_weight():
    """Whoever buys a printer (0) buys ink (1) or paper (2); ink and paper never meet but by the printer."""
    groups = matrix([{0, 1}] * 20 + [{0, 2}] * 20 + [{0, 1, 2}] * 10)
    assert associated(groups, COSINE, 7)[1][1, 1] > 0.3  # by cosine, ink is close to paper
    found = dense(regressed(groups, 7, 1.0))
    assert found[0, 1] > 0.5 and found[2, 1] < 0.05


def test_the_larger_the_penalty_the_smaller_the_weights_of_rare_items():
    groups = matrix([{0, 1}] * 3 + [{0, 2}] * 60 + [{1}] * 2)
    small, large = (dense(regressed(groups, 7, ridge)) for ridge in (1.0, 50.0))
    assert large[1, 0] / small[1, 0] < large[2, 0] / small[2, 0]


def test_predictors_that_left_each_other_out_are_still_held_against_each_other(monkeypatch):
    """An item close to many has no room for some of those who have it."""
    near = np.array([[1, 2], [0, -1], [0, 1]], np.int32)  # 1 and 2 are close, and only 2 says so
    cosines = np.array([[0.5, 0.5], [0.5, 0.0], [0.5, 0.4]], np.float32)
    found = dense(weighed((near, cosines), np.ones(3), 2, 1.0))
    assert found[1:, 0] == pytest.approx([0.5 / 2.4] * 2, rel=1e-5)
    monkeypatch.setattr(pairs, "PAIRS", 4)
    rng = np.random.default_rng(5)
    groups = matrix([{0, *rng.integers(1, 30, 2).tolist()} for _ in range(300)], 30)
    items, scores = regressed(groups, 5, 5.0)
    assert (items[:, 0] >= 0).sum() > 20 and np.isfinite(scores).all()
    assert (np.diff(scores, axis=1) <= 0).all() and (items != np.arange(30)[:, None]).all()
