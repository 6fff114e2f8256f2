"""Settings of placements as a shop writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.recommend.placements import PLACEMENTS
from shared.recommend.settings import DIALS, SETTINGS, changed, changes, placement


def test_what_is_not_named_stays_as_it_was():
    made = placement({"count": 5, "dials": {"brandCap": 2}}, "placements.home", "home")
    assert made.count == 5 and made.dials.brand_cap == 2 and made.weights == PLACEMENTS["home"].weights
    again = changed(made, changes({"dials": {"diversity": 0.3}}, "x"))
    assert again.dials.brand_cap == 2 and again.dials.diversity == 0.3


def test_a_new_placement_is_like_one_that_is_there():
    made = placement({"like": "product", "sources": {"together": 1}}, "placements.sofa", "sofa")
    assert made.about == "item" and made.weights == {"together": 1.0}
    with pytest.raises(InvalidRequest, match="like") as caught:
        placement({"count": 5}, "placements.sofa", "sofa")
    assert caught.value.field == "placements.sofa.like"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ([], "p"),
        ({"colour": "red"}, "p.colour"),
        ({"count": 0}, "p.count"),
        ({"count": True}, "p.count"),
        ({"sources": {}}, "p.sources"),
        ({"sources": {"magic": 1}}, "p.sources.magic"),
        ({"sources": {"live": -1}}, "p.sources.live"),
        ({"about": "weather"}, "p.about"),
        ({"strict": "yes"}, "p.strict"),
        ({"list": "worst"}, "p.list"),
        ({"dials": {"diversity": 2}}, "p.dials.diversity"),
        ({"dials": {"taste": 1}}, "p.dials.taste"),
        ({"dials": {"priceRange": [2, 1]}}, "p.dials.priceRange[0]"),
        ({"dials": {"priceRange": 2}}, "p.dials.priceRange"),
        ({"fallback": {"popular": 1, "nothing": 1}}, "p.fallback.nothing"),
    ],
)
def test_every_mistake_is_named(raw, field):
    with pytest.raises(InvalidRequest) as caught:
        changes(raw, "p")
    assert caught.value.field == field and caught.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SETTINGS, *DIALS]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(SETTINGS)), JSON, max_size=5))
def test_nonsense_is_refused_and_what_is_taken_makes_a_placement(raw):
    try:
        made = changed(PLACEMENTS["home"], changes(raw, "p"))
    except InvalidRequest as error:
        assert error.field.startswith("p")
        return
    assert 1 <= made.count <= 100 and 0 <= made.dials.diversity <= 1 and made.weights
