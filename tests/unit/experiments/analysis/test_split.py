"""Whether the units were split as planned."""

import numpy as np
import pytest

from shared.experiments.analysis.split import check


def test_fifty_to_fifty_two_is_found():
    found = check(("now", "fresh"), (50_000, 52_000), (0.5, 0.5))
    assert not found.fine and found.chance < 1e-9
    assert "now has 50,000 of 51,000, fresh has 52,000 of 51,000 expected" in found.words


def test_an_even_split_hardly_ever_cries_wolf_though_it_is_looked_at_every_night():
    rng, cried = np.random.default_rng(1), 0
    for _ in range(1000):
        nights = rng.multinomial(1000, (0.45, 0.45, 0.1), 42).cumsum(axis=0)
        cried += any(not check(("a", "b", "holdout"), night.tolist(), (0.45, 0.45, 0.1)).fine for night in nights)
    assert cried / 1000 < 0.02


def test_the_chance_is_that_of_pearsons_test():
    assert check(("a", "b"), (60, 40), (1, 1)).chance == pytest.approx(0.0455, abs=1e-4)
    assert check(("a", "b", "c"), (10, 12, 38), (1, 1, 2)).chance == pytest.approx(np.exp(-8.5333 / 2 / 2), abs=0.01)


def test_shares_count():
    assert check(("a", "b"), (9_000, 1_000), (0.9, 0.1)).fine
    assert not check(("a", "b"), (5_000, 5_000), (0.9, 0.1)).fine


def test_nobody_and_a_variant_that_should_be_empty():
    assert check(("a", "b"), (0, 0), (0.5, 0.5)).fine
    assert not check(("a", "b"), (10, 1), (1.0, 0.0)).fine and check(("a", "b"), (10, 0), (1.0, 0.0)).fine
