import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.evaluation import metrics
from shared.evaluation.metrics import interval, ndcg, recall, reciprocal_rank

lists = st.lists(st.integers(0, 50), unique=True, max_size=20)
sets = st.sets(st.integers(0, 50), min_size=1, max_size=20)


def test_the_examples_in_the_documentation_hold():
    assert doctest.testmod(metrics).failed == 0 and doctest.testmod(metrics).attempted >= 5


@given(lists, sets)
@pytest.mark.parametrize("metric", [recall, ndcg, reciprocal_rank])
def test_metrics_lie_between_nothing_and_all(metric, ranked, right):
    assert 0.0 <= metric(ranked, right) <= 1.0 + 1e-12
    assert bool(metric(ranked, right)) == bool(set(ranked) & right)


@given(sets)
def test_the_right_items_in_any_order_are_perfect(right):
    assert ndcg(sorted(right), right) == pytest.approx(1.0) and recall(sorted(right), right) == 1.0


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50))
def test_the_interval_holds_the_mean_and_does_not_change(values):
    low, high = interval(values)
    assert low - 1e-9 <= sum(values) / len(values) <= high + 1e-9 or len(set(values)) > 1
    assert interval(values) == (low, high) and min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
