"""Lake files to interactions."""

import numpy as np
import pytest

from shared.events import lake
from shared.events.model import Consent, encode
from shared.models.interactions import KINDS, dump, load
from shared.models.prepare import prepare
from tests.factories import event, order


@pytest.fixture
def prepared(tmp_path):
    def run(*events):
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(lake.lines(encode(e) for e in events))
        return prepare([str(path)], folder=str(tmp_path / "spill"))

    return run


def rows(data):
    return [
        (str(data.shoppers[s]), str(data.items[i]), KINDS[k])
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


def test_country_is_the_latest_known(prepared):
    data = prepared(event(context={"locale": "en-GB"}), event(minutes=1, traits={"country": "DE"})).interactions
    assert data.countries.tolist() == ["DE"]


def test_interactions_outlive_storage(prepared):
    data = prepared(event(), order("stove", minutes=1)).interactions
    again = load(dump(data))
    assert all(
        np.array_equal(getattr(again, name), getattr(data, name))
        for name in ("items", "at", "kind", "basket", "countries")
    )
