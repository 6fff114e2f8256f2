"""Off-policy estimators, where the truth is known, and on the public Open Bandit sample."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.experiments.offpolicy import Logged, Model, by_cell, doubly_robust, ips, shrunk, snips
from tests.benchmarks.offpolicy import CAMPAIGNS, estimates, load, policy, truth

RATES = np.array([0.02, 0.05, 0.10, 0.20])
BEHAVIOUR = np.array([0.4, 0.3, 0.2, 0.1])
TARGET = np.array([0.05, 0.05, 0.2, 0.7])
TRUTH = float(RATES @ TARGET)
DATA = Path(os.environ.get("SHOPWINDOW_DATA", Path(__file__).parents[4] / "shared" / "data")) / "open-bandit"


def draw(rng, n=2000):
    """(log, action of each row)"""
    action = rng.choice(4, n, p=BEHAVIOUR)
    reward = (rng.random(n) < RATES[action]).astype(float)
    return Logged(reward, BEHAVIOUR[action], TARGET[action]), action


def cells(logged, action):
    return by_cell(action, logged.reward, TARGET[None, :], np.zeros(len(action), int))


ESTIMATORS = {
    "ips": lambda logged, action: ips(logged),
    "snips": lambda logged, action: snips(logged),
    "dr": lambda logged, action: doubly_robust(logged, cells(logged, action)),
    "dr, a bad model": lambda logged, action: doubly_robust(
        logged, Model(np.full(len(action), 0.9), np.full(len(action), 0.9))
    ),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_truth_is_met_on_average_and_held_by_nineteen_of_twenty_intervals(name):
    rng, found = np.random.default_rng(1), []
    for _ in range(400):
        found.append(ESTIMATORS[name](*draw(rng)))
    values = np.array([one.value for one in found])
    assert values.mean() == pytest.approx(TRUTH, abs=3 * values.std() / 20)
    held = np.mean([one.low <= TRUTH <= one.high for one in found])
    assert 0.91 < held < 0.985
    told = np.mean([(one.high - one.low) / 2 / 1.96 for one in found])
    assert told == pytest.approx(values.std(), rel=0.15)


def test_a_good_model_makes_it_narrower():
    rng = np.random.default_rng(2)
    pairs = []
    for _ in range(50):
        logged, action = draw(rng)
        pairs.append([one.high - one.low for one in (ips(logged), doubly_robust(logged, cells(logged, action)))])
    assert np.mean(pairs, axis=0)[1] < 0.97 * np.mean(pairs, axis=0)[0]


@given(st.integers(0, 10_000), st.integers(2, 300))
def test_the_logs_own_policy_is_worth_what_it_brought(seed, n):
    logged, action = draw(np.random.default_rng(seed), n)
    own = logged._replace(target=logged.chance)
    for one in (ips(own), snips(own)):
        assert one.value == pytest.approx(own.reward.mean()) and one.effective == pytest.approx(n)


@given(st.integers(0, 10_000), st.floats(-5, 5))
def test_snips_moves_with_the_rewards(seed, shift):
    logged, _ = draw(np.random.default_rng(seed), 100)
    moved = snips(logged._replace(reward=logged.reward + shift))
    assert moved.value == pytest.approx(snips(logged).value + shift, abs=1e-9)


def test_a_policy_that_never_does_what_was_logged_says_nothing():
    nothing = Logged(np.ones(5), np.full(5, 0.5), np.zeros(5))
    assert snips(nothing) == (0.0, 0.0, 0.0, 0.0) and ips(nothing).effective == 0.0
    assert ips(Logged(np.ones(1), np.ones(1), np.ones(1))).high == np.inf


def test_no_row_is_guessed_from_itself():
    reward = np.zeros(100)
    reward[7] = 1.0
    model = by_cell(np.arange(100) % 4, reward, np.full((1, 4), 0.25), np.zeros(100, int))
    assert model.done[7] == 0.0 and model.done.max() > 0


def test_cells_that_are_alike_are_taken_as_one_and_others_are_not():
    rng = np.random.default_rng(3)
    cell = rng.integers(0, 20, 20_000)
    same = shrunk(cell, (rng.random(20_000) < 0.1).astype(float), 21)
    assert np.ptp(same) < 0.02 and same[20] == pytest.approx(0.1, abs=0.01)
    rates = rng.random(20)
    apart = shrunk(cell, (rng.random(20_000) < rates[cell]).astype(float), 20)
    assert np.abs(apart - rates).max() < 0.06
    assert shrunk(np.zeros(3, int), np.ones(3), 2).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_thompson_sampling_is_valued_from_the_random_log_of_a_real_shop(campaign):
    if not (DATA / "random" / campaign).is_dir():
        pytest.skip("no open-bandit in SHOPWINDOW_DATA or beside the repository")
    logged, own = load(DATA, "random", campaign), load(DATA, "bts", campaign)
    mean, radius = truth(own)
    for one in estimates(logged, policy(own, int(max(logged.item.max(), own.item.max())) + 1)).values():
        assert abs(one.value - mean) < np.hypot((one.high - one.low) / 2, radius) and one.effective > 2000
