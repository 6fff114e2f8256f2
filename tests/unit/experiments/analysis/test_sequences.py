"""Looking every day does no harm: errors of every kind are counted in shops whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.experiments.analysis.compare import differences
from shared.experiments.analysis.sequences import Sequence, best
from tests.unit.experiments.analysis.shop import units

LOOKS = np.unique(np.geomspace(200, 20_000, 40).astype(int))


def test_the_interval_and_the_p_value_say_the_same():
    sequence = Sequence(0.05, 1000)
    for n in (50, 1000, 100_000):
        edge = sequence.radius(4.0, n)
        assert sequence.p_value(edge, 4.0, n) == pytest.approx(0.05)
        assert sequence.p_value(edge * 1.01, 4.0, n) < 0.05 < sequence.p_value(edge * 0.99, 4.0, n)


def test_it_is_narrowest_where_it_was_tuned_to_be():
    relative = {n: Sequence(0.05, 1000).radius(1.0, n) for n in (250, 500, 900, 1000, 1100, 2000, 4000)}
    assert min(relative, key=relative.get) == 1000
    x = best(0.05)
    assert x - np.log1p(x) == pytest.approx(2 * np.log(20))


@given(st.floats(-1e3, 1e3), st.floats(1e-9, 1e6), st.floats(1, 1e9), st.sampled_from([0.001, 0.05, 0.2]))
def test_p_values_are_chances(estimate, variance, n, alpha):
    assert 0.0 <= Sequence(alpha, 4000).p_value(estimate, variance, n) <= 1.0


def test_a_difference_without_any_spread_is_certain():
    assert Sequence(0.05, 100).p_value(0.0, 0.0, 50) == 1.0 and Sequence(0.05, 100).p_value(1.0, 0.0, 50) == 0.0


def ever_wrong(rng, runs, draw, truth=0.0):
    """(share of runs in which one of the looks leaves out the truth, the same of an ordinary 95 % interval)."""
    always = fixed = 0
    for _ in range(runs):
        values = [draw(rng, LOOKS[-1]) for _ in range(2)]
        means = [np.cumsum(v)[LOOKS - 1] / LOOKS for v in values]
        squares = [np.cumsum(v * v)[LOOKS - 1] / LOOKS for v in values]
        variance = sum((s - m * m) / (LOOKS - 1) for s, m in zip(squares, means, strict=True))
        off = np.abs(means[1] - means[0] - truth)
        radius = [Sequence(0.05, 4000).radius(v, 2 * n) for v, n in zip(variance, LOOKS, strict=True)]
        always += bool((off > radius).any())
        fixed += bool((off > 1.96 * np.sqrt(variance)).any())
    return always / runs, fixed / runs


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: (rng.random(n) < 0.05).astype(float),
        lambda rng, n: np.where(rng.random(n) < 0.05, rng.lognormal(3.5, 1.0, n), 0.0),
    ],
    ids=["conversion", "revenue"],
)
def test_of_equal_variants_none_is_found_better_however_often_one_looks(draw):
    always, fixed = ever_wrong(np.random.default_rng(1), 800, draw)
    assert always <= 0.05 and fixed > 0.2, "an ordinary test would be fooled here"


def test_shoppers_who_come_back_do_not_fool_it_either():
    """Each shopper's sum grows from look to look: looks depend on one another more than those of ever new shoppers."""
    rng, wrong, runs, size = np.random.default_rng(2), 0, 600, 1500
    for _ in range(runs):
        taste, joined = rng.gamma(1.0, 1.0, (2, size)), np.sort(rng.integers(0, 42, (2, size)))
        sums = np.zeros((2, size))
        for day in range(42):
            here = joined <= day
            sums += rng.poisson(0.1 * taste) * here
            n = here.sum(axis=1)
            if n.min() < 200:
                continue
            parts = [one[there] for one, there in zip(sums, here, strict=True)]
            variance = sum(part.var(ddof=1) / len(part) for part in parts)
            if abs(parts[1].mean() - parts[0].mean()) > Sequence(0.05, 4000).radius(variance, n.sum()):
                wrong += 1
                break
    assert wrong / runs <= 0.05


def test_the_interval_holds_the_true_ratio_at_all_looks():
    """The whole way, with CUPED and the delta method: shoppers join, and at every look the interval should hold 20 % more."""
    rng, missed, runs = np.random.default_rng(3), 0, 150
    for _ in range(runs):
        everybody = units(rng, 6000, lift=1.2)
        for look in (600, 1500, 3000, 6000):
            (found,) = differences(everybody.where(slice(0, look)), "orders", 0.05, 4000)
            if not found.relative_low <= 0.2 <= found.relative_high:
                missed += 1
                break
    assert missed / runs <= 0.05


def test_a_real_difference_is_found():
    rng, found, runs = np.random.default_rng(4), 0, 60
    for _ in range(runs):
        (one,) = differences(units(rng, 12_000, lift=1.25), "ctr", 0.05, 4000)
        found += one.better
    assert found / runs > 0.8
