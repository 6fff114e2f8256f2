"""What shoppers say of themselves, and what they were shown."""

import pytest

from shared.profiles.fold import fold
from shared.profiles.signals import read
from shared.profiles.state import State
from tests.factories import event


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"gender": "Female", "age": 30}, {"gender": "f", "age": "25-34"}),
        ({"gender": "diverse", "birth_year": "1950"}, {"gender": "x", "age": "65+"}),
        ({"gender": "?", "age": 12}, {}),
        ({"age": "a lot", "birth_year": None}, {}),
    ],
)
def test_gender_and_band_of_age_are_read_as_they_were_said(traits, expected):
    assert read(event(traits=traits)).traits == expected


def test_to_be_shown_something_is_no_dealing_with_it():
    shown = read(event("Recommendation Viewed", properties={"products": [{"product_id": "a"}, {"product_id": "b"}]}))
    assert shown.kind == "shown" and [p.item for p in shown.products] == ["a", "b"]
    state = State()
    fold(state, shown)
    assert not state.recent and not state.categories and state.totals.events == 1
