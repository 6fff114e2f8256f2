"""The future must not reach what is trained and tuned on the past: the split is by time, and what comes after it may be anything."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shared.evaluation.protocol import cases, split_at
from shared.models.bundle import Bundle
from shared.models.fit import fit
from shared.models.interactions import ORDER
from shared.models.known import Known
from shared.models.train import train
from tests.unit.models.test_tune import QUICK, shop

DATA = shop(shoppers=50, days=40)
MOMENT = split_at(DATA)
FUTURE = np.flatnonzero(DATA.at >= MOMENT)


def another_future(seed, shuffle=True):
    """The same past; afterwards the same moments, with other shoppers doing other things to other items."""
    rng = np.random.default_rng(seed)
    changed = {
        name: getattr(DATA, name).copy() for name in ("shopper", "item", "kind", "basket", "session", "quantity")
    }
    order = rng.permutation(FUTURE)
    for name, column in changed.items():
        if shuffle:
            column[FUTURE] = getattr(DATA, name)[order]
    changed["item"][FUTURE] = rng.integers(0, len(DATA.items), len(FUTURE))
    changed["shopper"][FUTURE] = rng.integers(0, len(DATA.shoppers), len(FUTURE))
    return replace(DATA, **changed)


def same(one, other):
    return all(alike(getattr(one, f.name), getattr(other, f.name)) for f in fields(Bundle) if f.name != "settings")


def alike(one, other):
    return np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind == "f")


def learned_from(data):
    return train(Known.by_now(data, {"i00": ("Tents", "Alm", 20.0)}), budget=QUICK)


@pytest.fixture(scope="module")
def trained():
    return learned_from(DATA)


@settings(max_examples=3, deadline=None, phases=[Phase.generate])
@given(seed=st.integers(0, 10**6))
def test_the_trial_its_settings_and_the_search_do_not_know_the_future(trained, seed):
    other = learned_from(another_future(seed))
    assert other.trial.settings == trained.trial.settings and other.search == trained.search
    assert same(other.trial, trained.trial)
    assert not same(other.bundle, trained.bundle)  # what is published has learned from all of it


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), shuffle=st.booleans())
def test_what_a_shopper_is_known_by_does_not_know_the_future(seed, shuffle):
    other = another_future(seed, shuffle)
    assert split_at(other) == MOMENT
    theirs = {case.shopper: case for case in cases(other, MOMENT)}
    ours = {case.shopper: case for case in cases(DATA, MOMENT)}
    both = ours.keys() & theirs.keys()
    assert both and all(ours[s].state == theirs[s].state and ours[s].bought == theirs[s].bought for s in both)


def test_a_leak_would_be_noticed():
    """A change of the past is seen by all of them."""
    past = DATA.item.copy()
    rows = np.flatnonzero((DATA.at < MOMENT) & (DATA.kind == ORDER))
    past[rows] = past[rows][::-1]
    other = replace(DATA, item=past)
    assert not same(fit(other.before(MOMENT), MOMENT), fit(DATA.before(MOMENT), MOMENT))
    assert [c.state for c in cases(other, MOMENT)] != [c.state for c in cases(DATA, MOMENT)]
