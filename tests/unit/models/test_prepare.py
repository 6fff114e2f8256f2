"""Lake files to interactions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import lake
from shared.events.model import Consent, encode
from shared.models.interactions import KINDS, by_time, dump, load
from shared.models.members import digest
from shared.models.prepare import Room, prepare
from tests.factories import event, order

VERSION = "20260303T030000Z"


@pytest.fixture
def prepared(tmp_path):
    def run(*events):
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(lake.lines(encode(e) for e in events))
        return prepare([str(path)], VERSION, room=Room(str(tmp_path / "spill")))

    return run


KEYS = {
    int.from_bytes(digest(VERSION, key)): key
    for key in [*(f"a#a{n}" for n in range(10)), *(f"u#u{n}" for n in range(10))]
}
KEYS_OF_DEVICES = [number for number, key in KEYS.items() if key.startswith("a#")]


def rows(data):
    return [
        (KEYS[int(data.shoppers[s])], str(data.items[i]), KINDS[k])
        for s, i, k in zip(data.shopper, data.item, data.kind, strict=True)
    ]


def test_views_carts_and_orders_become_rows_in_order_of_time(prepared):
    data = prepared(
        order("tent", "stove", minutes=9), event(item="tent"), event("Product Added", minutes=2)
    ).interactions
    assert rows(data) == [
        ("a#a1", "tent", "view"),
        ("a#a1", "tent", "cart"),
        ("a#a1", "stove", "order"),
        ("a#a1", "tent", "order"),
    ]
    assert data.basket.tolist() == [-1, -1, 0, 0]


def test_a_message_that_lies_in_the_lake_twice_counts_once(prepared):
    twice = event()
    assert len(prepared(twice, twice).interactions) == 1


def test_a_device_belongs_to_who_logged_in_on_it(prepared):
    login = event("", type="identify", user_id="u1", verified=True, properties={}, minutes=1)
    other = event(item="stove", anonymous_id="a2", minutes=2)
    assert rows(prepared(event(), login, other).interactions) == [("u#u1", "tent", "view"), ("a#a2", "stove", "view")]


def test_what_was_wholly_refunded_was_not_bought(prepared):
    refund = event("Order Refunded", minutes=5, properties={"products": [{"product_id": "tent", "quantity": 1}]})
    assert rows(prepared(order("tent", "stove"), refund).interactions) == [("a#a1", "stove", "order")]


def test_sessions_end_after_half_an_hour_and_are_nobody_elses(prepared):
    data = prepared(
        event(), event(minutes=20, item="b"), event(minutes=60, item="c"), event(anonymous_id="a2", item="d")
    ).interactions
    by_item = dict(zip(data.items[data.item], data.session, strict=True))
    assert by_item["tent"] == by_item["b"] and len({by_item["b"], by_item["c"], by_item["d"]}) == 3


def test_short_looks_are_no_long_views(prepared):
    looks = [event("Page Engaged", properties={"product_id": i, "dwell_seconds": s}) for i, s in (("a", 3), ("b", 60))]
    assert rows(prepared(*looks).interactions) == [("a#a1", "b", "engaged")]


def test_events_without_consent_are_counted_and_teach_nothing_about_anybody(prepared):
    nobody = event(anonymous_id="", consent=Consent())
    made = prepared(nobody, event(item="stove"))
    assert made.counts["without_consent"] == 1 and rows(made.interactions) == [("a#a1", "stove", "view")]


def choice(agreed, minutes, **fields):
    return event("Consent Changed", minutes=minutes, properties={}, consent=Consent(True, agreed, False), **fields)


def test_who_withdraws_consent_is_not_learned_from_neither_before_nor_since(prepared):
    made = prepared(event(), choice(False, 1), event(item="pot", minutes=2), event(item="stove", anonymous_id="a2"))
    assert rows(made.interactions) == [("a#a2", "stove", "view")]
    assert made.members == ["a#a2"] and made.counts["shoppers_who_withdrew_consent"] == 1
    assert made.interactions.items.tolist() == ["stove"]


def test_who_agrees_again_is_learned_from_with_all_that_was_kept(prepared):
    again = prepared(event(), choice(False, 1), choice(True, 2), event(item="pot", minutes=3)).interactions
    assert rows(again) == [("a#a1", "tent", "view"), ("a#a1", "pot", "view")]


def test_only_the_latest_choice_counts_and_of_two_at_once_the_no(prepared):
    for choices in ([choice(True, 1), choice(False, 2)], [choice(True, 1), choice(False, 1)]):
        for delivered in (choices, choices[::-1]):
            assert not len(prepared(event(), *delivered).interactions)


def test_a_no_on_one_device_covers_the_shopper_who_logged_in_there(prepared):
    login = event("", type="identify", user_id="u1", verified=True, properties={}, minutes=1)
    at_home = event(item="stove", anonymous_id="a2", user_id="u1", verified=True, minutes=2)
    assert not len(prepared(event(), login, at_home, choice(False, 3)).interactions)


def test_the_members_are_who_was_learned_from_and_the_devices_they_used(prepared):
    login = event("", type="identify", user_id="u1", verified=True, properties={}, minutes=1)
    looked_only_at_pages = event("", type="page", properties={}, anonymous_id="a3")
    made = prepared(event(), login, event(item="stove", anonymous_id="a2"), looked_only_at_pages)
    assert sorted(made.members) == ["a#a1", "a#a2", "u#u1"]


def test_what_is_stored_has_hashes_of_this_version_only_and_keeps_no_order_of_keys(prepared):
    many = [event(item=f"i{n % 3}", minutes=37 * n % 101, anonymous_id=f"a{n}") for n in range(10)]
    made = prepared(*many)
    data = made.interactions
    assert data.shoppers.dtype == np.uint64 and data.shoppers.tolist() == sorted(KEYS_OF_DEVICES)
    assert b"a1" not in dump(data).replace(b"\0", b"")
    assert data.session.tolist() == list(range(10))  # in order of time, not of keys
    assert {key for key, _, _ in rows(data)} == {f"a#a{n}" for n in range(10)}


@given(st.lists(st.integers(-1, 8), max_size=30))
def test_groups_are_renumbered_by_first_appearance(numbers):
    found = by_time(np.array(numbers, np.int32)).tolist()
    assert [n == -1 for n in found] == [n == -1 for n in numbers]
    assert all(
        (a == b) == (c == d) for a, c in zip(numbers, found, strict=True) for b, d in zip(numbers, found, strict=True)
    )
    named = list(dict.fromkeys(n for n in found if n >= 0))
    assert named == list(range(len(named)))


@pytest.mark.parametrize(
    ("fields", "country"),
    [
        ([{"context": {"locale": "en-GB"}}, {"traits": {"country": "DE"}}], "DE"),
        ([{"traits": {"country": "DE"}}, {"context": {"locale": "en-GB"}}], "GB"),
        ([{"traits": {"address": {"country": "fr"}, "country": "DE"}}], "FR"),
        ([{"traits": {"country": "Germany"}, "context": {"locale": "zh_Hant_TW"}}], "TW"),
        ([{"context": {"location": {"country": "se"}, "locale": "en-US"}}], "SE"),
        ([{"context": {"locale": "en"}}], ""),  # a language is no country
        ([{}], ""),
    ],
)
def test_country_is_the_latest_known(prepared, fields, country):
    data = prepared(*(event(minutes=n, **more) for n, more in enumerate(fields))).interactions
    assert data.countries.tolist() == [country]


def test_what_shoppers_said_of_themselves_is_read_in_the_ways_shops_write_it(prepared):
    said = [
        {
            "traits": {"gender": "Female", "birth_year": 1980},
            "context": {"device": {"type": "Mobile"}, "locale": "de-AT"},
        },
        {"traits": {"gender": "m", "age": "30"}, "context": {"timezone": "Europe/Vienna"}},
        {"traits": {"gender": "diverse", "birth_year": 1066, "age": None}},
        {"traits": {"gender": "unknown", "birth_year": "soon"}},
    ]
    made = prepared(*(event(anonymous_id=f"a{n}", **fields) for n, fields in enumerate(said)))
    people = {
        KEYS[int(h)]: tuple(row)
        for h, row in zip(made.interactions.shoppers, zip(*made.people, strict=True), strict=True)
    }
    assert people["a#a0"] == ("AT", "f", 1980.0, "mobile", "de", "")
    assert people["a#a1"] == ("", "m", 1996.0, "", "", "Europe/Vienna")
    assert people["a#a2"][1] == "x" and people["a#a3"][1] == ""
    assert np.isnan(people["a#a2"][2]) and np.isnan(people["a#a3"][2])


def test_interactions_outlive_storage(prepared):
    data = prepared(event(), order("stove", minutes=1)).interactions
    again = load(dump(data))
    assert all(
        np.array_equal(getattr(again, name), getattr(data, name))
        for name in ("items", "at", "kind", "basket", "countries")
    )
