"""Vectorised baselines against the same written loop by loop."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from infrastructure.cli.evaluate.baselines import factors, neighbours, rules, sessions, simple
from infrastructure.cli.evaluate.baselines.scores import SameForAll, Scored
from infrastructure.cli.evaluate.baselines.tuned import Tuned
from shared.evaluation.task import asked
from shared.models.interactions import DAY, ORDER
from tests.unit.cli.evaluate import naive
from tests.unit.cli.evaluate.naive import fold_of, histories, known_of, scores_of

SEEDS = [1, 2, 3]


def same(found, expected):
    """The same items with the same scores, zeros apart."""
    for one, other in zip(found, expected, strict=True):
        wanted = {item: value for item, value in other.items() if abs(value) > 1e-9}
        assert one.keys() == wanted.keys()
        assert [one[item] for item in wanted] == pytest.approx(list(wanted.values()), rel=1e-3, abs=1e-5)


def ranker(baseline, fold, settings):
    return baseline.fit(fold.train, fold.now, settings)(settings)


@pytest.mark.parametrize("seed", SEEDS)
def test_association_rules_count_pairs_of_events(seed):
    fold = fold_of(seed)
    found = ranker(rules.association(), fold, {"decay": 0.0})
    same(scores_of(found, fold.cases), map(naive.association(fold.train), histories(fold.cases)))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("itself", [True, False])
@pytest.mark.parametrize("steps", [1, 3])
def test_sequential_rules_look_forward_only(seed, itself, steps):
    fold = fold_of(seed)
    found = ranker(rules.sequential(), fold, {"steps": steps, "itself": itself, "decay": 0.0})
    same(scores_of(found, fold.cases), map(naive.sequential(fold.train, steps, itself), histories(fold.cases)))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "chosen",
    [
        {"k": 5, "cosine": True, "positions": False, "fading": False, "idf": False},
        {"k": 5, "cosine": True, "positions": True, "fading": True, "idf": True},
        {"k": 100, "cosine": False, "positions": True, "fading": True, "idf": False},
    ],
)
@pytest.mark.parametrize("sample", [8, 1000])
def test_session_knn_is_the_loop_over_sessions(seed, chosen, sample):
    fold = fold_of(seed)
    found = ranker(sessions.vsknn(), fold, {"sample": sample, **chosen})
    same(scores_of(found, fold.cases), map(naive.sknn(fold.train, sample, **chosen), histories(fold.cases)))


@pytest.mark.parametrize("seed", SEEDS)
def test_ease_is_the_closed_form(seed):
    fold = fold_of(seed)
    found = ranker(factors.ease(), fold, {"regularization": 5.0, "decay": 1.0})
    expected = naive.ease(fold.train, 5.0)
    for one, history in zip(scores_of(found, fold.cases), histories(fold.cases), strict=True):
        wanted = expected(history)
        assert [one.get(item, 0.0) for item in wanted] == pytest.approx(list(wanted.values()), abs=1e-4)


def test_ease_fills_a_matrix_larger_than_its_blocks():
    fold = fold_of(1, items=1100, rows=3000)
    found = scores_of(ranker(factors.ease(), fold, {"regularization": 5.0, "decay": 1.0}), fold.cases.sample(5))
    expected = naive.ease(fold.train, 5.0)
    for one, history in zip(found, histories(fold.cases.sample(5)), strict=True):
        wanted = expected(history)
        assert [one.get(item, 0.0) for item in wanted] == pytest.approx(list(wanted.values()), abs=1e-4)


def test_als_folds_a_history_in_as_hu_koren_and_volinsky_say():
    fold = fold_of(4)
    found = ranker(factors.als(), fold, {"factors": 8, "confidence": (10.0, 5.0), "decay": 1.0}).scores(fold.cases)
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            8, alpha=10.0, regularization=5.0, iterations=factors.ITERATIONS, random_state=1
        )
        model.fit(neighbours.matrix(fold.train, "shopper"), show_progress=False)
    y = model.item_factors.astype(np.float64)
    for row, history in zip(found, histories(fold.cases), strict=True):
        confidence = 10.0 * np.bincount(history, minlength=len(y))
        left = y.T @ y + (y.T * np.where(confidence > 0, confidence - 1, 0)) @ y + 5.0 * np.eye(8)
        assert row == pytest.approx(y @ np.linalg.solve(left, y.T @ confidence), abs=1e-3)


@pytest.mark.parametrize("kind", list(neighbours.KINDS))
@pytest.mark.parametrize("by", ["session", "shopper"])
def test_item_item_sums_similarities_of_the_history_by_how_long_ago(kind, by):
    fold = fold_of(5)
    options = {"K1": 1.2, "B": 0.2} if kind == "BM25" else {}
    settings = {"neighbours": 50, "by": by, "decay": 0.5, **options}
    found = scores_of(ranker(neighbours.decayed(kind, "top"), fold, settings), fold.cases)
    counts = np.zeros((10**3, len(fold.train.items)), np.float32)
    np.add.at(counts, (getattr(fold.train, by), fold.train.item), 1.0)
    model = neighbours.KINDS[kind](K=50, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(sp.csr_matrix(counts[counts.any(axis=1)]), show_progress=False)
    similarity = model.similarity.toarray()
    for one, history in zip(found, histories(fold.cases), strict=True):
        wanted = sum(0.5**step * similarity[item] for step, item in enumerate(reversed(history)))
        assert [one.get(item, 0.0) for item in range(len(wanted))] == pytest.approx(wanted.tolist(), abs=1e-4)


@pytest.mark.parametrize("by", ["session", "shopper"])
def test_rp3beta_walks_from_the_history_by_its_groups(by):
    fold = fold_of(5)
    found = scores_of(ranker(neighbours.walks("top"), fold, {"by": by, "beta": 0.7, "decay": 0.5}), fold.cases)
    walk = naive.rp3beta(getattr(fold.train, by), fold.train.item, len(fold.train.items), 0.7)
    for one, history in zip(found, histories(fold.cases), strict=True):
        wanted = sum(0.5**step * walk[item] for step, item in enumerate(reversed(history)))
        assert [one.get(item, 0.0) for item in range(len(wanted))] == pytest.approx(wanted.tolist(), abs=1e-4)


def test_popularity_counts_a_shopper_once_and_what_is_recent():
    fold = fold_of(6)
    values = simple.counts(fold.train, fold.now, 10.0)
    recent = {
        (s, i)
        for s, i, at in zip(fold.train.shopper, fold.train.item, fold.train.at, strict=True)
        if at >= fold.now - 10 * DAY
    }
    expected = np.bincount([i for _, i in recent], minlength=len(values))
    assert values == pytest.approx(expected / (expected.max() + 1)) and values.max() < 1


@pytest.mark.parametrize(
    ("baseline", "order"),
    [
        (simple.own(), "latest"),
        (simple.own(), "count"),
        (simple.own_and_popular(), "latest"),
        (simple.own_and_popular(), "count"),
        (simple.own_and_popular(), "count, popular"),
    ],
)
def test_own_items_stand_in_front_then_what_is_popular(order, baseline):
    fold = fold_of(7)
    days = baseline.fits["days"][0]
    top = ranker(baseline, fold, {"days": days, "order": order}).rank(fold.cases, 12, repeats=True)
    popular = simple.counts(fold.train, fold.now, days)
    for row, history in zip(top, histories(fold.cases), strict=True):
        last = {item: place for place, item in enumerate(history)}
        keys = {
            "latest": lambda item, last=last: -last[item],
            "count": lambda item, last=last, history=history: (-history.count(item), -last[item]),
            "count, popular": lambda item, history=history: (-history.count(item), -popular[item], item),
        }
        own = sorted(last, key=keys[order])
        others = [int(i) for i in np.argsort(-popular, kind="stable") if popular[i] > 0 and i not in last]
        assert [int(item) for item in row if item >= 0] == [*own, *others][:12]


def every_ranker():
    known, cases = known_of(8)
    made = {
        "same for all": SameForAll(simple.counts(known.train, known.now, 100.0)),
        "sparse": ranker(rules.association(), known.validation, {"decay": 0.0}),
        "dense": ranker(factors.ease(), known.validation, {"regularization": 5.0, "decay": 1.0}),
    }
    return [pytest.param(one, cases, id=name) for name, one in made.items()]


@pytest.mark.parametrize(("one", "cases"), every_ranker())
def test_new_only_lists_hold_nothing_bought_and_no_item_twice(one, cases):
    bought = set(zip(*(part.tolist() for part in cases.bought()), strict=True))
    assert bought
    for repeats in (True, False):
        top = one.rank(cases, 6, repeats=repeats)
        for case, row in enumerate(top.tolist()):
            shown = [item for item in row if item >= 0]
            assert len(set(shown)) == len(shown) and row == shown + [-1] * (6 - len(shown))
            assert repeats or not bought & {(case, item) for item in shown}


@pytest.mark.parametrize(("one", "cases"), every_ranker())
def test_new_only_lists_are_the_lists_with_repeats_without_what_was_bought(one, cases):
    bought = set(zip(*(part.tolist() for part in cases.bought()), strict=True))
    whole, fresh = one.rank(cases, 12, repeats=True), one.rank(cases, 12, repeats=False)
    for case, (row, new) in enumerate(zip(whole.tolist(), fresh.tolist(), strict=True)):
        assert [item for item in row if item >= 0 and (case, item) not in bought] == [item for item in new if item >= 0]


def test_blocks_change_nothing():
    fold = fold_of(9)
    scores = ranker(rules.association(), fold, {"decay": 0.0}).scores
    whole = Scored(scores).rank(fold.cases, 5, repeats=False)
    for rows, cells in ((1, 10**9), (7, 10**9), (10**9, 1), (10**9, 40)):
        assert (Scored(scores, rows, cells).rank(fold.cases, 5, repeats=False) == whole).all()


def test_a_grid_is_searched_on_the_validation_part_and_the_best_is_refitted_on_everything():
    known, _ = known_of(10)
    fitted = []

    def fit(train, now, settings):
        fitted.append((len(train), now, settings["good"]))
        values = np.zeros(len(train.items), np.float32)
        late = known.validation.cases
        right = np.bincount(late.target, minlength=len(values))
        values[np.argsort(right)[-6:]] = 1.0  # an oracle of the validation part
        return lambda chosen: SameForAll(values if settings["good"] and chosen["also"] else 1.0 - values)

    learned = Tuned("oracle", fit, {"good": [False, True]}, {"also": [False, True]}).learn(known)
    assert learned.settings == {"good": True, "also": True}
    early, whole = (len(known.validation.train), known.validation.now), (len(known.train), known.now)
    assert fitted == [(*early, False), (*early, True), (*whole, True)]


def test_shoppers_without_history_get_nothing_from_neighbours_and_what_is_popular_from_popularity():
    fold = fold_of(11)
    nobody = asked(fold.train.where(np.zeros(len(fold.train), bool)), fold.train, [0, 1], fold.now)
    assert (ranker(rules.association(), fold, {"decay": 0.0}).rank(nobody, 3, repeats=True) == -1).all()
    assert (
        ranker(
            sessions.sknn(),
            fold,
            {"sample": 9, "k": 9, "cosine": True, "positions": False, "fading": False, "idf": False},
        ).rank(nobody, 3, repeats=True)
        == -1
    ).all()
    assert (SameForAll(simple.counts(fold.train, fold.now, 99.0)).rank(nobody, 3, repeats=False) >= 0).all()
    assert fold.train.kind.max() == ORDER
