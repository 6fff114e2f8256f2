"""What was shown in vain counts against an item, until the shopper takes it up or time has passed."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.profiles import consent
from shared.profiles.fatigue import HALF_LIFE, TIRED, fatigue
from shared.profiles.fold import fold
from shared.profiles.merge import merge
from shared.profiles.signals import read
from shared.profiles.state import SHOWN, Choice, State, decode, encode
from tests.factories import NOON, event, order

NOW = NOON.timestamp()
DAY = 1440.0  # minutes


def shown(*items, minutes=0.0, **fields):
    products = [{"product_id": item} for item in items]
    return event("Recommendation Viewed", minutes=minutes, properties={"products": products}, **fields)


def fold_all(*events):
    state = State()
    for one in events:
        fold(state, read(one))
    return state


def test_each_impression_tires_by_the_same_share():
    none, two, four = (fatigue(fold_all(*([shown("tent")] * n)), NOW) for n in (0, 2, 4))
    assert none == {} and four["tent"] == pytest.approx(0.5)
    assert 1 - two["tent"] == pytest.approx(0.5 ** (2 / TIRED))


@pytest.mark.parametrize("name", ["Recommendation Clicked", "Product Viewed", "Product Added", "Page Engaged"])
def test_who_takes_an_item_up_is_not_tired_of_it(name):
    state = fold_all(shown("tent", "mug"), event(name, "tent", minutes=1))
    assert fatigue(state, NOW).keys() == {"mug"}
    assert fatigue(fold_all(shown("tent"), order("tent", minutes=1)), NOW) == {}
    assert fatigue(fold_all(shown("tent"), event("Product Removed", "tent", minutes=1)), NOW) != {}


def test_an_impression_that_arrives_after_the_click_it_led_to_counts_nothing():
    assert fold_all(event("Recommendation Clicked", minutes=1), shown("tent")).shown == {}
    assert fold_all(event("Recommendation Clicked", minutes=1), shown("tent", minutes=2)).shown.keys() == {"tent"}


def test_time_brings_an_item_back():
    state = fold_all(*([shown("tent")] * 4))
    later = fatigue(state, NOW + HALF_LIFE)["tent"]
    assert later == pytest.approx(1 - 0.5 ** (2 / TIRED))
    assert fatigue(state, NOW + 7 * HALF_LIFE) == {}


def test_one_shelf_that_names_an_item_twice_showed_it_once():
    assert fold_all(shown("tent", "tent")).shown == fold_all(shown("tent")).shown


def test_what_was_shown_most_and_last_is_kept():
    tiring = [shown("tent", minutes=minutes) for minutes in range(3)]
    state = fold_all(*tiring, *(shown(f"i{n}", minutes=10 + n) for n in range(2 * SHOWN)))
    assert len(state.shown) == SHOWN and {"tent", f"i{2 * SHOWN - 1}"} <= state.shown.keys()
    assert "i0" not in state.shown


def test_a_state_stored_before_goes_on_and_one_with_impressions_is_small():
    state = fold_all(*(shown(f"item-{n:05d}", minutes=n) for n in range(SHOWN)))
    assert decode(encode(state)) == state and len(encode(state)) - len(encode(State())) < 1700
    before = msgspec.msgpack.encode(msgspec.msgpack.decode(encode(state))[:20])
    assert decode(before) == replace(state, shown={})


def test_two_histories_are_one_and_a_click_on_either_counts():
    user = fold_all(shown("tent", "mug"))
    device = fold_all(shown("tent", "lamp"), event(item="mug", minutes=1))
    merge(user, device, "u1")
    tired = fatigue(user, NOW)
    assert tired.keys() == {"tent", "lamp"} and tired["tent"] == pytest.approx(1 - 0.5 ** (2 / TIRED))


def test_nothing_is_kept_of_who_takes_back_the_consent():
    state = fold_all(shown("tent"))
    consent.hear(state, Choice(NOW + 60, "event", personalization=False))
    assert state.shown == {}


TIMES = st.lists(st.floats(0, 60 * DAY), min_size=1, max_size=10)


@given(TIMES, st.randoms())
def test_the_order_of_events_changes_nothing_and_the_count_is_that_of_a_sum(minutes, random):
    events = [shown("tent", minutes=minute) for minute in minutes]
    now = NOW + 60 * max(minutes)
    count = sum(0.5 ** ((now - read(one).at) / HALF_LIFE) for one in events)
    random.shuffle(events)
    found = fatigue(fold_all(*events), now)["tent"]
    assert math.isclose(found, 1 - 0.5 ** (count / TIRED), rel_tol=1e-6) and 0 < found < 1
