"""Several windows for shops so small that one holds too few shoppers."""

import numpy as np
import pytest

from shared.evaluation.protocol import split_at
from shared.models.bundle import DEFAULTS
from shared.models.known import Known
from shared.models.rolling import FOLDS, windows
from shared.models.train import contenders, evaluate, train
from tests.unit.models.test_tune import DATA, shop

TINY = shop(shoppers=14)


def test_a_shop_with_enough_shoppers_has_one_window():
    (only,) = windows(DATA, {}, 30)
    assert only.moment == split_at(DATA) and len(only.shoppers) >= 30


def test_a_tiny_shop_is_tested_on_the_days_before_too_each_after_what_its_model_knows():
    folds = windows(TINY, {}, 30)
    assert 1 < len(folds) <= FOLDS
    assert [w.until for w in folds] == [float("inf"), *(w.moment for w in folds[:-1])]
    length = TINY.at.max() - folds[0].moment
    assert np.allclose(np.diff([w.moment for w in folds]), -length)
    for window in folds:
        assert all(touch.last < window.moment for case in window.shoppers for touch in case.state.recent)


def test_the_folds_are_judged_together():
    trained = train(Known.by_now(TINY, {}))
    found = evaluate(TINY, trained.trial, {**DEFAULTS, "similar": 0.1})
    assert found["folds"] > 1 and found["shoppers"] == sum(len(w.shoppers) for w in windows(TINY, {}, 30)) >= 30
    assert set(found["metrics"]) == {"model", "popularity", "current"} and len(found["reasons"]) > 1


@pytest.mark.parametrize("place", [0, 1])
def test_no_fold_is_ranked_by_what_came_in_it(place):
    """Whatever happens from a window on, its shoppers would have been shown the same."""
    folds = windows(TINY, {}, 30)
    window = folds[place]
    trial = train(Known.by_now(TINY, {})).trial
    other = TINY.where((TINY.at < window.moment) | (np.arange(len(TINY)) % 3 == 0) | (TINY.at == TINY.at.max()))
    known = {name: ranked(window.shoppers[0].state) for name, ranked in contenders(TINY, trial, None, folds).items()}
    again = contenders(other, train(Known.by_now(other, {})).trial, None, folds)
    assert known == {name: ranked(window.shoppers[0].state) for name, ranked in again.items()}
