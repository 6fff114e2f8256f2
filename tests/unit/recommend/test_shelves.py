"""Which lists stand in for candidates, and in what order their items come."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.lists.segments import age_band
from shared.profiles.state import State, Totals
from shared.recommend.shelves import BLEND, Shelf, in_turn, parse_blend, segments, tiers
from tests.unit.recommend.shop import ask, scored

SAID = State(traits={"country": "GB", "device": "mobile", "gender": "f", "age": "25-34"}, totals=Totals(events=3))


def test_a_shopper_has_the_segments_they_told_of_the_narrowest_first():
    assert segments(ask(), SAID, contextual=False) == [
        "people:f-25-34",
        "people:f",
        "people:25-34",
        "country:GB",
        "device:mobile",
        "lifecycle:new",
    ]


def test_what_the_request_says_goes_before_what_is_known():
    request = ask(context={"country": "de", "device": {"type": "Desktop"}})
    assert {"country:DE", "device:desktop"} <= set(segments(request, SAID, contextual=False))
    assert segments(request, SAID, contextual=True) == ["country:DE", "device:desktop"], "and is all without the person"


def test_somebody_unknown_has_no_life_cycle_and_a_strange_device_no_list():
    assert segments(ask(context={"device": "toaster"}), State(), contextual=False) == []
    bought = State(totals=Totals(events=1, orders=1))
    assert segments(ask(), bought, contextual=False) == ["lifecycle:returning"]


def test_lists_take_turns_in_proportion_to_their_weights():
    shelves = [
        Shelf("popular", "all", scored(*"abcdefgh"), "popular", 3.0),
        Shelf("popular", "all", scored(*"xyz"), "trending"),
    ]
    assert [item for _, item, _ in in_turn(shelves)][:8] == list("abxcdeyf")


@given(st.lists(st.tuples(st.floats(0.5, 5.0), st.integers(0, 30)), max_size=5))
def test_no_list_is_more_than_a_turn_ahead_of_its_share(weights):
    shelves = [
        Shelf("popular", f"s{n}", [(f"{n}-{i}", 1.0) for i in range(size)], "popular", w)
        for n, (w, size) in enumerate(weights)
    ]
    shown = [shelf.segment for shelf, _, _ in in_turn(shelves)]
    assert sorted(shown) == sorted(itertools.chain(*([s.segment] * len(s.scored) for s in shelves)))
    for end in range(1, len(shown) + 1):
        taken = {s.segment: shown[:end].count(s.segment) for s in shelves}
        open_ = [s for s in shelves if taken[s.segment] < len(s.scored)]
        for a, b in itertools.permutations(open_, 2):
            assert taken[a.segment] / a.weight - taken[b.segment] / b.weight <= 0.5 / a.weight + 0.5 / b.weight + 1e-6


def test_the_blend_is_written_as_lists_and_weights():
    assert parse_blend("best-sellers=2 trending=0.5 popular=0") == {"best-sellers": 2.0, "trending": 0.5}
    assert parse_blend("") == parse_blend("popular=0") == BLEND
    for wrong in ("likes=3", "popular", "popular=many", "popular=-1"):
        with pytest.raises(InvalidRequest, match="such as popular=3"):
            parse_blend(wrong)


def test_a_blend_of_too_many_lists_is_refused():
    with pytest.raises(InvalidRequest, match="more than 4"):
        parse_blend("popular=1 trending=1 high-margin=1 best-sellers=1 most-viewed=1")


def test_tiers_end_with_everybody():
    assert tiers(["country:GB"]) == [("segment", "country:GB", 2.0), ("popular", "all", 1.0)]


@pytest.mark.parametrize(
    ("age", "band"), [(17, ""), (18, "18-24"), (24.9, "18-24"), (64, "55-64"), (65, "65+"), (110, "65+"), (111, "")]
)
def test_bands_of_age(age, band):
    assert age_band(age) == band
