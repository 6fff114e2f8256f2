import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.bundle import DEFAULTS, FACTS, Bundle, dump, load
from shared.models.candidates import rank
from shared.profiles.state import Purchase, State, Touch

NOW = 1_000_000.0
N, K = 30, 5


@pytest.fixture(scope="module")
def bundle():
    return made()


def made():
    rng = np.random.default_rng(3)
    neighbours = np.array([rng.choice([j for j in range(N) if j != i], K, replace=False) for i in range(N)], np.int32)
    factors = rng.normal(size=(N, 4)).astype(np.float32)
    return Bundle(
        item_ids=np.array([f"i{n:02d}" for n in range(N)]),
        item_factors=factors,
        gram=factors.T @ factors,
        similar_items=neighbours,
        similar_scores=np.sort(rng.random((N, K)).astype(np.float32))[:, ::-1],
        together_items=np.full((N, K), -1, np.int32),
        together_scores=np.zeros((N, K), np.float32),
        popularity=np.linspace(1, 0.1, N).astype(np.float32),
        categories=np.array(["A", "B"] * (N // 2)),
        brands=np.array([""] * N),
        prices=np.full(N, np.nan, np.float32),
        settings=DEFAULTS,
        next_items=neighbours[::-1].copy(),
        next_scores=np.sort(rng.random((N, K)).astype(np.float32) / K)[:, ::-1],
        facts=rng.random((len(FACTS), N)).astype(np.float32),
        content=rng.normal(size=(N, 3)).astype(np.float32),
    )


BUNDLE = made()
ids = st.sampled_from([f"i{n:02d}" for n in range(N)] + ["unknown"])
touches = st.builds(
    lambda i, at, v, c: Touch(item=i, last=at, views=v, carts=c),
    ids,
    st.floats(0, NOW),
    st.integers(0, 5),
    st.integers(0, 2),
)
purchases = st.builds(lambda i, at: Purchase(item=i, last=at, orders=1, quantity=1), ids, st.floats(0, NOW))
states = st.builds(
    lambda t, p: State(recent=list({x.item: x for x in t}.values()), purchases=list({x.item: x for x in p}.values())),
    st.lists(touches, max_size=8),
    st.lists(purchases, max_size=8),
)


@given(states)
def test_new_candidates_were_never_bought_and_bought_ones_are_offered_apart(state):
    fresh, again = rank(state, BUNDLE, NOW)
    bought = {p.item for p in state.purchases}
    assert not bought & {c.item for c in fresh}
    assert {c.item for c in again} <= bought


@given(states, st.integers(1, 40))
def test_candidates_are_distinct_ordered_and_no_more_than_asked(state, limit):
    for found in rank(state, BUNDLE, NOW, limit):
        scores = [c.score for c in found]
        assert len({c.item for c in found}) == len(found) <= limit
        assert scores == sorted(scores, reverse=True)


@given(states)
def test_the_same_state_gives_the_same_candidates_and_outlives_storage(state):
    assert rank(state, BUNDLE, NOW) == rank(state, load(dump(BUNDLE)), NOW)


def test_what_was_looked_at_last_counts_most(bundle):
    state = State(recent=[Touch(item="i03", last=1, views=1), Touch(item="i07", last=2, views=1)])
    beside = {"i03", "i07"} | {
        str(bundle.item_ids[j]) for i in (3, 7) for j in (*bundle.similar_items[i], *bundle.next_items[i])
    }
    assert rank(state, bundle, NOW)[0][0].item in beside
    reasons = {c.item: c for c in rank(state, bundle, NOW)[0]}
    led = [c for c in reasons.values() if c.reason == "similar_to"]
    assert led and all(c.because in ("i03", "i07") for c in led)
    assert all(c.because == c.item for c in reasons.values() if c.reason == "looked_at")


def test_a_shopper_of_whom_nothing_is_known_gets_what_is_popular(bundle):
    fresh, again = rank(State(), bundle, NOW, 3)
    assert [c.item for c in fresh] == ["i00", "i01", "i02"] and {c.reason for c in fresh} == {"popular"} and again == []


def test_an_empty_model_recommends_nothing():
    empty = np.empty(0, np.float32)
    nothing = Bundle(
        np.empty(0, "U1"), np.empty((0, 0), np.float32), np.empty((0, 0), np.float32), np.empty((0, K), np.int32), np.empty((0, K), np.float32),
        np.empty((0, K), np.int32), np.empty((0, K), np.float32), empty, np.empty(0, "U1"), np.empty(0, "U1"), empty, DEFAULTS,
    )  # fmt: skip
    assert rank(State(recent=[Touch(item="x", last=1, views=1)]), nothing, NOW) == ([], [])
