import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.evaluation import metrics
from shared.evaluation.ranking import accuracy, bounds, drawn, hits, means
from shared.evaluation.task import asked
from shared.models.interactions import ORDER
from tests.unit.evaluation.test_task import table

N = 12
lists = st.lists(st.integers(0, N - 1), unique=True, max_size=6)
questions = st.lists(st.tuples(lists, st.sets(st.integers(0, N - 1), max_size=5)), min_size=1, max_size=8)


def cases_of(targets):
    """Cases with these targets and no history."""
    truth = table([(2, n, item, ORDER) for n, items in enumerate(targets) for item in items], N, len(targets))
    return asked(table([], N, len(targets)), truth, np.arange(len(targets)), 0.0)


def measured(asked_for, k):
    top = np.full((len(asked_for), 6), -1, np.int32)
    for n, (ranked, _) in enumerate(asked_for):
        top[n, : len(ranked)] = ranked
    cases = cases_of([right for _, right in asked_for])
    return accuracy(hits(top, cases), cases.targets, k)


@given(questions, st.integers(1, 6))
def test_arrays_say_what_the_functions_over_one_list_say(asked_for, k):
    values = measured(asked_for, k)
    for n, (ranked, right) in enumerate(asked_for):
        first = ranked[:k]
        if not right:
            assert all(np.isnan(column[n]) for column in values.values())
            continue
        assert values[f"recall@{k}"][n] == pytest.approx(metrics.recall(first, right))
        assert values[f"mrr@{k}"][n] == pytest.approx(metrics.reciprocal_rank(first, right))
        assert values[f"hr@{k}"][n] == float(bool(set(first) & right))
        # padded to full length, as the ideal list of k is
        assert values[f"ndcg@{k}"][n] == pytest.approx(metrics.ndcg(first + [-1] * (k - len(first)), right))


def intervals(values, group, rounds=1000):
    return bounds(drawn(values, group, rounds))


def test_the_values_of_a_list_by_hand():
    values = measured([([4, 7, 1], {7, 2})], 3)
    best = 1 + 1 / np.log2(3)
    assert {name: float(value[0]) for name, value in values.items()} == pytest.approx(
        {"hr@3": 1.0, "mrr@3": 0.5, "recall@3": 0.5, "ndcg@3": (1 / np.log2(3)) / best}
    )


def test_a_longer_list_never_loses_recall_or_hits():
    asked_for = [([3, 1, 2, 0], {0, 2}), ([5], {6})]
    for name in ("hr", "recall", "mrr"):
        values = [measured(asked_for, k)[f"{name}@{k}"] for k in (1, 2, 4)]
        assert (np.diff(values, axis=0) >= 0).all()


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4)), min_size=1, max_size=30))
def test_an_interval_lies_within_the_values_and_is_the_same_each_time(cases):
    values, group = np.array([[v] for v, _ in cases]), np.array([g for _, g in cases])
    low, high = intervals(values, group)
    assert values.min() - 1e-9 <= low[0] <= high[0] <= values.max() + 1e-9
    assert (low[0], high[0]) == tuple(bound[0] for bound in intervals(values, group))


def test_groups_are_drawn_whole():
    """A hundred cases of two sessions are two draws, not a hundred."""
    values = np.repeat([0.0, 1.0], 50)[:, None]
    low, high = intervals(values, np.repeat([0, 1], 50))
    assert (low[0], high[0]) == (0.0, 1.0)
    low, high = intervals(values, np.arange(100))
    assert 0.35 < low[0] < 0.5 < high[0] < 0.65


def test_an_interval_covers_the_mean_of_the_population_as_often_as_it_says():
    random, covered = np.random.default_rng(3), 0
    for _ in range(200):
        low, high = intervals(random.normal(0.3, 1.0, (80, 1)), np.arange(80), rounds=200)
        covered += low[0] <= 0.3 <= high[0]
    assert 178 <= covered <= 200  # 190 expected


def test_missing_values_count_for_nothing():
    full = np.array([[0.2], [0.4], [0.9]])
    with_gap = np.array([[0.2, np.nan], [0.4, np.nan], [0.9, np.nan]])
    low, high = intervals(with_gap, np.arange(3))
    assert (low[0], high[0]) == tuple(bound[0] for bound in intervals(full, np.arange(3)))
    assert np.isnan(low[1]) and np.isnan(high[1])
    assert means(with_gap)[0] == pytest.approx(0.5) and np.isnan(means(with_gap)[1])


def test_differences_are_paired():
    """Two columns that differ by the same amount in every case differ by it in every draw."""
    first = np.random.default_rng(5).random(50)
    samples = drawn(np.stack([first, first + 0.25], axis=1), np.arange(50))
    assert np.allclose(samples[:, 1] - samples[:, 0], 0.25)
