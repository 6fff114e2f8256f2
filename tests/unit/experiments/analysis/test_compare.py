"""Metrics by the unit that was assigned, and CUPED."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.experiments.analysis.compare import differences
from shared.experiments.analysis.cuped import adjusted
from shared.experiments.analysis.metrics import METRICS, measure
from shared.experiments.analysis.units import Units
from tests.unit.experiments.analysis.shop import units

RNG = np.random.default_rng


def test_a_ratio_is_of_sums_and_its_error_that_of_many_samples():
    rng = RNG(1)
    values, told = [], []
    for _ in range(400):
        one = measure(units(rng, 500), METRICS["ctr"])
        values.append(one.value)
        told.append(np.sqrt(one.errors.var(ddof=1) / 500))
    assert np.mean(told) == pytest.approx(np.std(values), rel=0.1)
    naive = np.sqrt(0.06 * 0.94 / (500 * 4.0))
    assert np.mean(told) > 1.1 * naive, "answers of one shopper are no independent trials"


@given(st.integers(0, 10_000), st.sampled_from(sorted(METRICS)))
def test_errors_have_mean_zero(seed, metric):
    assert measure(units(RNG(seed), 40), METRICS[metric]).errors.mean() == pytest.approx(0.0, abs=1e-9)


def test_cuped_takes_out_what_was_there_before_and_leaves_the_difference():
    rng = RNG(2)
    saved, plain, steady = [], [], []
    for _ in range(100):
        shop = units(rng, 3000, lift=1.1)
        (one,) = differences(shop, "orders", 0.05, 4000)
        saved.append(one.saved)
        plain.append(one.value - one.control)
        steady.append(one.difference)
    assert min(saved) > 0.05 and np.std(steady) < np.std(plain)
    assert np.mean(steady) == pytest.approx(np.mean(plain), abs=0.002)
    assert np.mean(steady) == pytest.approx(0.03, abs=0.01)


def test_cuped_of_what_explains_everything_leaves_only_the_difference():
    rng = RNG(3)
    before = rng.gamma(2.0, 10.0, 2000)
    variant = np.arange(2000) % 2
    made = Units(
        ("a", "b"),
        variant,
        *(np.ones(2000),) * 2,
        *(before + 3.0 * variant,) * 3,
        *(np.ones(2000),) * 4,
        before[:, None],
    )
    (one,) = differences(made, "revenue", 0.05, 4000)
    assert one.difference == pytest.approx(3.0) and one.saved == pytest.approx(1.0) and one.better
    assert one.value - one.control == pytest.approx(3.0 + before[1::2].mean() - before[::2].mean())


def test_shoppers_without_a_past_are_compared_as_they_are():
    shop = units(RNG(4), 500)
    blank = Units(shop.names, *(getattr(shop, n) for n in list(Units.__dataclass_fields__)[1:-1]), np.zeros((500, 3)))
    (one,) = differences(blank, "ctr", 0.05, 4000)
    assert one.saved == 0.0 and one.difference == pytest.approx(one.value - one.control)


def test_adjusting_needs_no_covariate_that_is_independent_of_the_others():
    shop = units(RNG(5), 300)
    twice = np.column_stack([shop.before, shop.before])
    parts = [shop.of(0), shop.of(1)]
    rows = [twice[shop.variant == n] for n in (0, 1)]
    measured = [measure(part, METRICS["orders"]) for part in parts]
    once = adjusted(measured, [part.before for part in parts])
    for a, b in zip(once, adjusted(measured, rows), strict=True):
        assert a.value == pytest.approx(b.value) and np.allclose(a.errors, b.errors)


def test_more_milliseconds_are_worse():
    shop = units(RNG(6), 4000)
    slow = shop.milliseconds * np.where(shop.variant > 0, 1.5, 1.0)
    late = Units(**{**shop.__dict__, "milliseconds": slow})
    (one,) = differences(late, "latency", 0.05, 4000)
    assert one.worse and not one.better and one.gain == pytest.approx(-0.5, abs=0.1) and one.difference > 0


def test_where_the_control_has_nothing_there_is_no_relative_difference():
    shop = units(RNG(7), 300)
    none = Units(**{**shop.__dict__, "orders": np.where(shop.variant > 0, 1.0, 0.0)})
    (one,) = differences(none, "orders", 0.05, 4000)
    assert one.relative is None and one.better and one.difference == pytest.approx(1.0, abs=1e-6)


def test_a_variant_that_nobody_has_is_left_out():
    shop = units(RNG(8), 100, names=("now", "fresh", "new"), shares=(0.5, 0.5, 0.0))
    assert [one.variant for one in differences(shop, "ctr", 0.05, 4000)] == ["fresh"]


def test_columns_must_be_of_one_length():
    with pytest.raises(ValueError, match="clicks has another number"):
        Units(("a",), np.zeros(2, int), np.ones(2), np.ones(3), *(np.ones(2),) * 7, np.ones((2, 0)))
