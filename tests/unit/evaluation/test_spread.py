import doctest
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.evaluation import spread
from shared.evaluation.spread import by_category, by_session, coverage, diversity, gini, novelty
from shared.models.interactions import VIEW
from tests.unit.evaluation.test_task import table

N = 8
tops = st.lists(st.lists(st.integers(0, N - 1), unique=True, min_size=1, max_size=5), min_size=1, max_size=6)


def padded(lists):
    top = np.full((len(lists), 5), -1, np.int32)
    for n, ranked in enumerate(lists):
        top[n, : len(ranked)] = ranked
    return top


def test_the_examples_in_the_documentation_hold():
    assert doctest.testmod(spread).failed == 0 and doctest.testmod(spread).attempted >= 1


@given(tops)
def test_coverage_counts_what_is_shown(lists):
    assert coverage(padded(lists), N) == len({item for ranked in lists for item in ranked}) / N


@given(tops)
def test_gini_is_the_mean_difference_of_exposures(lists):
    counts = np.bincount([item for ranked in lists for item in ranked], minlength=N)
    naive = np.abs(counts[:, None] - counts[None, :]).sum() / (2 * N * counts.sum())
    assert gini(padded(lists), N) == pytest.approx(naive)


def test_novelty_is_bits_of_surprise():
    train = table([(n, who, 0, VIEW) for n, who in enumerate(range(4))] + [(9, 0, 1, VIEW), (10, 0, 1, VIEW)], N, 4)
    assert novelty(padded([[0]]), train) == 0.0
    assert novelty(padded([[1]]), train) == 2.0  # one shopper in four
    assert novelty(padded([[0, 1, 7]]), train) == pytest.approx(4 / 3)  # nobody dealt with 7: as if one had


@given(tops, st.lists(st.tuples(st.integers(0, 3), st.integers(0, N - 1)), min_size=1, max_size=20))
def test_diversity_is_the_mean_distance_of_all_pairs(lists, looks):
    train = table([(n, who, item, VIEW) for n, (who, item) in enumerate(looks)], N, 4)
    features = by_session(train)
    dense = features.toarray()

    def distance(i, j):
        lengths = np.linalg.norm(dense[i]) * np.linalg.norm(dense[j])
        return 1.0 - (dense[i] @ dense[j] / lengths if lengths else 0.0)

    means = [np.mean([distance(i, j) for i, j in combinations(ranked, 2)]) for ranked in lists if len(ranked) > 1]
    found = diversity(padded(lists), features)
    assert np.isnan(found) if not means else found == pytest.approx(np.mean(means))


def test_diversity_by_category_is_the_share_of_pairs_of_different_ones():
    features = by_category(np.array(["a", "a", "b", "", ""]))
    assert diversity(np.array([[0, 1, 2]]), features) == pytest.approx(2 / 3)
    assert diversity(np.array([[3, 4]]), features) == 1.0  # unknown is like nothing
