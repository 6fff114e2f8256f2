"""The search of settings, on the small shop of two tastes that test_train trains on."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.evaluation.protocol import cases, measure, split_at
from shared.models import tune
from shared.models.bundle import DEFAULTS
from shared.models.candidates import best
from shared.models.fit import FIT_SETTINGS, fit, popularity, similar
from shared.models.interactions import DAY, ORDER, VIEW, Interactions
from shared.models.judge import Judge
from shared.models.known import Known
from shared.models.moments import Moment, moments
from shared.models.objective import Aim, aim_of
from shared.models.sources import SOURCES
from shared.models.train import served
from shared.models.tune import BLEND, BUDGET, FITS, READING, REPEATS, Budget, Search, searched, starts


def shop(shoppers=80, days=60, seed=4):
    """Shoppers of even number deal with items 0-19, the others with 20-39, and come back for what they bought."""
    rng = np.random.default_rng(seed)
    rows = []
    for shopper in range(shoppers):
        usual = 20 * (shopper % 2) + int(rng.integers(20))
        for visit in range(6):
            at = rng.uniform(0, days) * DAY
            looks = 20 * (shopper % 2) + np.minimum(rng.geometric(0.12, 4), 20) - 1
            rows += [(at + n, shopper, int(item), VIEW, shopper * 6 + visit, -1) for n, item in enumerate(looks)]
            bought = {usual, int(looks[0])}
            rows += [(at + 60, shopper, item, ORDER, shopper * 6 + visit, shopper * 6 + visit) for item in bought]
    at, who, what, kind, session, basket = (np.array(column) for column in zip(*sorted(rows), strict=True))
    return Interactions(
        items=np.array([f"i{n:02d}" for n in range(40)]),
        shoppers=np.arange(shoppers, dtype=np.uint64),
        shopper=who.astype(np.int32),
        item=what.astype(np.int32),
        at=at.astype(np.float64),
        kind=kind.astype(np.int8),
        session=session.astype(np.int32),
        basket=basket.astype(np.int32),
        quantity=np.ones(len(rows), np.float32),
        countries=np.full(shoppers, ""),
    )


DATA = shop()
MOMENT = split_at(DATA)
CASES = cases(DATA, MOMENT)
ASKED = [Moment(case.state, MOMENT, dict.fromkeys(sorted(case.right), 1.0), case.shopper) for case in CASES]
QUICK = Budget(share=0.2)


def search(data, current=None, budget=BUDGET):
    since = split_at(data)
    asked = moments(data, since, {}, aim_of(data, since), 1000)
    return searched(Known(data.before(since), since, {}), asked, current, budget)


BUNDLE = fit(DATA.before(MOMENT), MOMENT)
weights = st.fixed_dictionaries(
    {name: st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0]) for name in [*SOURCES, *(f"again_{s}" for s in SOURCES), "own"]}
)


@settings(deadline=None, max_examples=15)
@given(weights)
def test_a_blend_is_judged_as_it_would_be_served(chosen):
    blend = {**DEFAULTS, **chosen}
    means = measure(served(replace(BUNDLE, settings=blend), MOMENT), CASES).means()
    judge = Judge(BUNDLE, ASKED)
    # scores of served candidates are rounded, which may turn near equals around
    assert math.isclose(judge.new_only(blend), means["ndcg@20 new only"], abs_tol=0.02)
    assert math.isclose(judge.with_repeats(blend), means["ndcg@20 with repeats"], abs_tol=0.02)


def test_moments_to_learn_from_are_the_cases_the_model_is_measured_on():
    drawn = {m.shopper: m for m in moments(DATA, MOMENT, {}, Aim("order"), 10**9)}
    assert {case.shopper: (case.state, case.right) for case in CASES} == {
        n: (m.state, frozenset(m.right)) for n, m in drawn.items()
    }


def test_nothing_that_comes_after_a_moment_is_in_its_state():
    shuffled = np.random.default_rng(1).permutation(40)
    later = DATA.at >= MOMENT
    other = replace(DATA, item=np.where(later, shuffled[DATA.item], DATA.item).astype(np.int32))
    assert [m.state for m in moments(DATA, MOMENT, {}, Aim("order"), 10**9)] == [
        m.state for m in moments(other, MOMENT, {}, Aim("order"), 10**9)
    ]
    for moment in moments(DATA, MOMENT, {}, Aim("click"), 200):
        assert all(touch.last <= moment.now for touch in moment.state.recent)


def test_the_aim_is_orders_where_there_are_enough():
    assert aim_of(DATA, MOMENT).objective == "order"
    assert aim_of(DATA.where(DATA.kind == VIEW), MOMENT).objective == "click"


def test_the_search_does_better_than_bad_settings():
    bad = {**DEFAULTS, **dict.fromkeys(SOURCES, 0.0), "popularity": 1.0, "own": 0.0}
    made = Search(Known(DATA.before(MOMENT), MOMENT, {}), ASKED, BUDGET)
    found = made.run(bad)
    judge = Judge(made.known.fitted(found), ASKED)
    assert judge.new_only(found) > 1.2 * judge.new_only(bad)
    assert judge.with_repeats(found) > 1.2 * judge.with_repeats(bad)
    assert {step["phase"] for step in made.history} == {p.name for p in (*FITS, READING, BLEND, REPEATS)}


def test_what_a_search_goes_on_with_is_what_its_best_trial_fitted(monkeypatch):
    """Nothing is fitted twice, and the sources are those that the settings found would give."""
    tried, fitted, judged = [], tune.source_fitted, []

    def noted(source, known, settings, start):
        tried.append((source, tuple(sorted(settings.items()))))
        return fitted(source, known, settings, start)

    monkeypatch.setattr(tune, "source_fitted", noted)
    monkeypatch.setattr(tune.Search, "_blended", lambda _, bundle, settings: judged.append(bundle) or iter([0.0]))
    made = Search(Known(DATA.before(MOMENT), MOMENT, {}), ASKED, BUDGET)
    made.run({**DEFAULTS, "popular_days": 1.0, "similar_days": 365.0})
    assert len(set(tried)) == len(tried) > 10
    bundle = judged[0]
    again = made.known.fitted(bundle.settings)
    for name in ("similar_items", "similar_scores", "next_items", "together_items", "popularity"):
        assert np.array_equal(getattr(bundle, name), getattr(again, name)), name
    assert bundle.settings["popular_days"] != 1.0
    # ALS goes on from what the search began with, and gets about as far
    alike = [(one.item_factors @ one.item_factors.T).ravel() for one in (bundle, again)]
    assert np.corrcoef(*alike)[0, 1] > 0.9


def test_a_search_is_repeatable_and_stays_in_its_ranges():
    found, history = search(DATA, budget=QUICK)
    assert search(DATA, budget=QUICK) == (found, history) and set(FIT_SETTINGS) <= set(found)
    for phase in (*FITS, READING, BLEND, REPEATS):
        for name, span in phase.space.items():
            assert all(span.low <= step[name] <= span.high for step in history[1:] if step["phase"] == phase.name)


def test_a_search_ends_when_its_time_is_over():
    ticks = iter(range(10**6))
    found, history = search(DATA, budget=Budget(seconds=0.0, clock=lambda: float(next(ticks))))
    assert found == DEFAULTS and history == []


def test_a_handful_of_shoppers_changes_no_setting():
    few = DATA.where(DATA.shopper < 10)
    found, history = search(few)
    assert found == DEFAULTS and not history


def test_what_happened_long_ago_makes_neighbours_and_popularity_less():
    old = shop(seed=5)
    new = replace(old, item=(old.item + 7) % 40, at=old.at + 300 * DAY, session=old.session + 1000)
    both = replace(
        old,
        **{
            n: np.concatenate([getattr(old, n), getattr(new, n)])
            for n in ("shopper", "item", "at", "kind", "session", "basket", "quantity")
        },
    )
    now = float(both.at.max())
    quick = {**DEFAULTS, "similar_days": 10.0}
    mixed, recent, former = (similar(data, float(data.at.max()), quick, 5)[0] for data in (both, new, old))

    def alike(ours, theirs):
        return np.mean([len(set(a) & set(b)) for a, b in zip(ours, theirs, strict=True)])

    assert alike(mixed, recent) > 2 * alike(mixed, former)
    assert np.allclose(popularity(both, now, 5.0), popularity(new, now, 5.0), atol=1e-3)


@given(st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.7, 1.0]), min_size=1, max_size=400), st.integers(1, 30))
def test_the_best_are_those_a_full_sort_finds(values, limit):
    scores = np.array(values, np.float32)
    order = np.lexsort((np.arange(len(scores)), -scores))
    assert best(scores, limit).tolist() == [i for i in order.tolist() if scores[i] > 0][:limit]


def test_items_only_the_test_days_know_do_not_disturb_the_judge():
    unknown = [moment._replace(right={**moment.right, "never seen": 1.0}) for moment in ASKED]
    assert Judge(BUNDLE, unknown).with_repeats(DEFAULTS) == pytest.approx(Judge(BUNDLE, ASKED).with_repeats(DEFAULTS))


def test_the_current_recipe_stays_unless_another_is_clearly_better(monkeypatch):
    first, _ = search(DATA, budget=QUICK)
    useless = {**first, **dict.fromkeys([*SOURCES, *(f"again_{s}" for s in SOURCES), "own"], 0.0)}
    assert search(DATA, useless, QUICK) == (useless, []), "too few shoppers to judge by"
    monkeypatch.setattr(tune, "FEWEST_JUDGES", 10)
    assert search(DATA, first, QUICK)[0] == first
    found, _ = search(DATA, useless, QUICK)
    assert found != useless and any(found[name] > 0 for name in SOURCES)


def test_a_search_tries_the_settings_as_they_are_and_then_every_kind():
    current = {**DEFAULTS, "similar_kind": 2.0, "similar_days": 30.0}
    found = starts(FITS[0], current)
    assert found[0] == {name: current[name] for name in FITS[0].space}
    assert sorted(tried["similar_kind"] for tried in found) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert {tried["similar_days"] for tried in found} == {30.0}
