"""Two plans apart, in sentences."""

from hypothesis import given
from hypothesis import strategies as st

from shared.merchandising.differences import differences

WINTER = {"name": "winter", "action": "boost", "where": 'item.tags contains "winter"', "by": 2}
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
parts = st.dictionaries(st.sampled_from(["rules", "segments", "placements"]), values, max_size=3)


def test_what_is_new_gone_or_changed_is_said_by_name():
    before = {
        "rules": [WINTER, {"name": "old", "action": "exclude", "items": ["tent"]}],
        "segments": {"vip": "shopper.orders > 3"},
    }
    after = {
        "timezone": "Europe/Berlin",
        "rules": [{"name": "front", "action": "pin", "items": ["rope"]}, {**WINTER, "by": 3, "until": "2026-12-24"}],
        "segments": {"vip": "shopper.orders > 5"},
        "placements": {"home": {"dials": {"diversity": 0.5}}},
    }
    assert differences(before, after) == [
        "timezone: UTC → Europe/Berlin",
        "rule “winter”: by 2 → 3; until none → 2026-12-24",
        'rule “old” is gone: action exclude, items ["tent"]',
        'rule “front” is new: action pin, items ["rope"]',
        "segment “vip”: shopper.orders > 3 → shopper.orders > 5",
        "placement “home” is new: dials.diversity 0.5",
    ]


def test_other_limits_of_a_stage_are_told():
    told = differences({"lifecycle": {"loyalOrders": 3}}, {"lifecycle": {"loyalOrders": 5, "lapsingDays": 90}})
    assert told == ["limit “loyalOrders”: 3 → 5", "limit “lapsingDays” is new: 90"]


def test_the_order_of_rules_means_nothing():
    other = {"name": "a", "action": "exclude", "items": ["x"]}
    assert differences({"rules": [WINTER, other]}, {"rules": [other, WINTER]}) == []


@given(parts)
def test_a_document_does_not_differ_from_itself(document):
    assert differences(document, document) == []


@given(
    st.dictionaries(st.text(max_size=3), values.filter(lambda v: v is not None), max_size=3),
    st.dictionaries(st.text(max_size=3), values.filter(lambda v: v is not None), max_size=3),
)
def test_what_differs_is_always_told(before, after):
    told = differences({"placements": before}, {"placements": after})
    assert len(told) == len({n for n in {*before, *after} if before.get(n) != after.get(n)})
    assert all(not sentence.endswith(": ") for sentence in told)
