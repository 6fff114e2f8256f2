"""The ranker on a small shop where what comes next depends on more than any source sees alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models import ranker
from shared.models.bundle import DEFAULTS, dump, load
from shared.models.candidates import blended, rank, ranking, shortlist
from shared.models.features import INCREASING, NAMES, Asked, features
from shared.models.fit import described, fit
from shared.models.interactions import DAY, VIEW, Interactions
from shared.models.known import Texts, told
from shared.models.moments import moments
from shared.models.objective import Aim
from shared.models.recipe import alone
from shared.models.sources import SOURCES, score
from shared.profiles.state import Purchase, State, Touch, decode, encode

ITEMS = 60


def shop(visits=900, seed=2):
    """Sessions of five looks. From an item one goes on to the next number, or back to the one before the last: even items more often go on."""
    rng = np.random.default_rng(seed)
    rows = []
    for visit in range(visits):
        seen = [int(rng.integers(ITEMS))]
        for _ in range(5):
            on = rng.random() < (0.8 if seen[-1] % 2 == 0 else 0.2)
            back = seen[-2] if len(seen) > 1 else int(rng.integers(ITEMS))
            seen.append((seen[-1] + 1) % ITEMS if on else back)
        rows += [(visit / visits * 30 * DAY + 60 * n, visit, item) for n, item in enumerate(seen)]
    rows.sort()
    at, session, item = (np.array(column) for column in zip(*rows, strict=True))
    return Interactions(
        items=np.array([f"i{n:02d}" for n in range(ITEMS)]),
        shoppers=np.arange(visits, dtype=np.uint64),
        shopper=session.astype(np.int32),
        item=item.astype(np.int32),
        at=at.astype(np.float64),
        kind=np.full(len(rows), VIEW, np.int8),
        session=session.astype(np.int32),
        basket=np.full(len(rows), -1, np.int32),
        quantity=np.ones(len(rows), np.float32),
        countries=np.full(visits, ""),
    )


DATA = shop()
SINCE = 20 * DAY
FACTS = {f"i{n:02d}": ("Even" if n % 2 == 0 else "Odd", "Alm", 10.0 + n) for n in range(ITEMS)}


@pytest.fixture(scope="module")
def bundle():
    return described(fit(DATA.before(SINCE), SINCE), FACTS)


@pytest.fixture(scope="module")
def learned(bundle):
    return ranker.learn(bundle, moments(DATA.before(27 * DAY), SINCE, FACTS, Aim("click"), 2000))


def test_the_ranker_beats_the_blend_and_every_source_on_shoppers_it_has_not_seen(bundle, learned):
    assert learned.forest is not None and learned.curve
    assert learned.compared["ranker"] > max(v for way, v in learned.compared.items() if way != "ranker")
    later = moments(DATA, 27 * DAY, FACTS, Aim("click"), 400)

    def hit(made):
        firsts = [next(iter(rank(m.state, made, m.now, 1)[0]), None) for m in later]
        return np.mean([first is not None and first.item in m.right for first, m in zip(firsts, later, strict=True)])

    assert hit(replace(bundle, forest=learned.forest)) > 1.1 * hit(bundle)


def test_the_ranker_that_serves_has_learned_from_all_moments_as_many_trees_as_did_best(bundle, monkeypatch):
    grown_from, train = [], ranker.lgb.train

    def noted(parameters, data, *args, **options):
        grown_from.append(len(data.group))
        return train(parameters, data, *args, **options)

    monkeypatch.setattr(ranker.lgb, "train", noted)
    asked = moments(DATA.before(27 * DAY), SINCE, FACTS, Aim("click"), 2000)
    found = ranker.learn(bundle, asked)
    *folds, whole = grown_from
    assert whole == len(ranker.tabled(ranker.judged(bundle, asked)).sizes) and len(folds) == 4
    assert sum(whole - part for part in folds) == whole  # each is kept apart once
    assert len(found.forest.leaves) == int(np.argmax(found.curve)) + 1
    grown_from.clear()
    monkeypatch.setattr(ranker, "MOST_FOLDED", 100)
    assert ranker.learn(bundle, asked).forest is not None and len(grown_from) == 2
    assert grown_from[0] == pytest.approx(0.75 * whole, rel=0.1) and grown_from[1] == whole


def judged_as(monkeypatch, **means):
    """As if the ways of ranking had these values on 200 judged moments, 0.1 those not named."""
    noise = np.random.default_rng(1).normal(0, 0.05, 200)
    values = {name: means.get(name, 0.1) + noise for name in ("ranker", "blend", *SOURCES)}
    monkeypatch.setattr(ranker, "_compare", lambda judged, forest: values)


def test_a_ranker_that_is_no_better_is_left_out(bundle, monkeypatch):
    judged_as(monkeypatch, ranker=0.5, blend=0.5)
    found = ranker.learn(bundle, moments(DATA, SINCE, FACTS, Aim("click"), 500))
    assert found.forest is None and found.alone == "" and found.compared["ranker"] == found.compared["blend"]


def test_a_source_that_is_clearly_better_than_ranker_and_blend_ranks_alone(bundle, monkeypatch):
    asked = moments(DATA, SINCE, FACTS, Aim("click"), 500)
    judged_as(monkeypatch, ranker=0.3, blend=0.2, next=0.4)
    found = ranker.learn(bundle, asked)
    assert found.forest is None and found.alone == "next"
    judged_as(
        monkeypatch, ranker=0.3, blend=0.2, next=0.3
    )  # as good is not better: the ranker does more than one source can
    assert ranker.learn(bundle, asked).forest is not None
    only = replace(bundle, settings={**bundle.settings, **alone("next")})
    for moment in asked[:50]:
        scores = score(moment.state, only, moment.now)
        values, told = blended(scores, only.settings), scores.sources[SOURCES.index("next")]
        assert np.allclose(values, told, atol=0.01)
        assert (values > 0).sum() > (told > 0).sum()  # and the list is full all the same


def test_too_few_moments_make_no_ranker(bundle):
    assert ranker.learn(bundle, moments(DATA, SINCE, FACTS, Aim("click"), 100)) == (None, [], {}, "")
    assert ranker.learn(bundle, []) == (None, [], {}, "")


def test_moments_of_which_nothing_is_found_make_no_ranker(bundle):
    asked = moments(DATA, SINCE, FACTS, Aim("click"), 500)
    unknown = [moment._replace(right={"unknown": 1.0}) for moment in asked]
    assert ranker.learn(bundle, unknown) == (None, [], {}, "")


def test_training_and_serving_compute_the_same_features(bundle, learned):
    """Once as `tabled` makes them of moments, once as `rank` makes them of a stored state and a loaded bundle."""
    asked = moments(DATA, SINCE, FACTS, Aim("click"), 60)
    table = ranker.tabled(ranker.judged(bundle, asked))
    stored, told = load(dump(replace(bundle, forest=learned.forest))), []
    for moment in asked:
        state = decode(encode(moment.state))
        scores = score(state, stored, moment.now)
        values = blended(scores, stored.settings)
        chosen = shortlist(scores, values)
        rows = features(scores, values, chosen, Asked(state, moment.now), stored)
        assert np.array_equal(ranking(state, stored, moment.now).chosen, chosen)
        told.append(rows)
    served = {row.tobytes() for rows in told for row in rows}
    assert len(table.rows) and all(row.tobytes() in served for row in table.rows)


ids = st.sampled_from([f"i{n:02d}" for n in range(ITEMS)] + ["unknown"])
states = st.builds(
    lambda t, p: State(
        recent=[Touch(item=i, last=SINCE - 60.0 * n, views=v, dwell=d) for n, (i, (v, d)) in reversed(list(enumerate(t.items())))],
        purchases=[Purchase(item=i, last=SINCE - DAY * n, orders=n, quantity=1, first=SINCE - 9 * DAY) for i, n in p.items()],
    ),
    st.dictionaries(ids, st.tuples(st.integers(0, 4), st.floats(0, 100)), max_size=25),
    st.dictionaries(ids, st.integers(1, 4), max_size=8),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(states)
def test_features_are_finite_and_named_and_what_the_sources_say(state):
    bundle = BUNDLE
    scores = score(state, bundle, SINCE)
    values = blended(scores, bundle.settings)
    chosen = shortlist(scores, values)
    rows = features(scores, values, chosen, Asked(state, SINCE), bundle)
    assert rows.shape == (len(chosen), len(NAMES)) and np.isfinite(rows).all()
    for number, name in enumerate(SOURCES):
        assert np.array_equal(rows[:, NAMES.index(f"source_{name}")], scores.sources[number, chosen])
    touched = {t.item: t for t in state.recent}
    for row, item in zip(rows, bundle.item_ids[scores.items[chosen]], strict=True):
        views = row[NAMES.index("views")]
        assert views == 0 or views == touched[str(item)].views
    assert {str(bundle.item_ids[scores.items[p]]) for p in scores.purchased} == {
        p.item for p in state.purchases if p.item != "unknown"
    }


def test_more_of_what_can_only_speak_for_an_item_never_lowers_its_score(bundle, learned):
    moment = moments(DATA, SINCE, FACTS, Aim("click"), 1)[0]
    scores = score(moment.state, bundle, moment.now)
    values = blended(scores, bundle.settings)
    rows = features(scores, values, shortlist(scores, values), Asked(moment.state, moment.now), bundle)
    for name in INCREASING:
        more = rows.copy()
        more[:, NAMES.index(name)] += 0.3
        assert (learned.forest.predict(more) >= learned.forest.predict(rows) - 1e-6).all()


def test_a_ranked_item_is_worth_what_it_brings(bundle):
    gains = ranker._gains(bundle, np.arange(5, dtype=np.int32), {"i01": 100.0, "i03": 10.0, "unknown": 5.0})
    assert gains.tolist() == [0, 4, 0, 1, 0]


BUNDLE = replace(fit(DATA.before(SINCE), SINCE), settings=DEFAULTS)


def test_texts_find_their_items_and_speak_for_those_alike():
    ids, vectors = np.array(["i05", "not in the model", "i03"]), np.eye(3, dtype=np.float32)[[0, 1, 0]]
    made = told(BUNDLE, Texts(ids, vectors))
    assert made.content.shape == (ITEMS, 3) and made.content.sum() == 2.0
    scores = score(State(recent=[Touch(item="i05", last=SINCE, views=1)]), made, SINCE)
    column = dict(zip(made.item_ids[scores.items].tolist(), scores.sources[SOURCES.index("content")], strict=True))
    assert column["i03"] == 1.0 and column["i07"] == 0.0
