"""The promises of the shoppers store, kept on DynamoDB as moto plays it."""

import boto3
import pytest
from moto import mock_aws

from shared.errors import Conflict
from shared.profiles.state import State
from shared.profiles.store import ShoppersStore, Versioned
from tests import tables


@pytest.fixture
def store():
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        tables.create(client, "shoppers")
        yield ShoppersStore(client, "shoppers")


def with_cart(item):
    return State(cart={item: 1.0})


def test_a_shopper_never_seen_has_an_empty_state(store):
    assert store.get_many(["a#1"]) == {"a#1": Versioned(State(), 0)}


def test_what_is_saved_is_read_back_whatever_the_number(store):
    keys = [f"a#{i}" for i in range(205)]
    for key in keys:
        store.save({key: Versioned(with_cart(key), 0)}, 1000.0)
    read = store.get_many([*keys, keys[0]])
    assert [read[key].state.cart for key in keys] == [{key: 1.0} for key in keys]


def test_of_two_who_read_the_same_version_one_loses(store):
    store.save({"a#1": Versioned(with_cart("first"), 0)}, 1000.0)
    with pytest.raises(Conflict):
        store.save({"a#1": Versioned(with_cart("late"), 0)}, 1000.0)
    read = store.get_many(["a#1"])["a#1"]
    store.save({"a#1": Versioned(with_cart("second"), read.version)}, 1000.0)
    with pytest.raises(Conflict):
        store.save({"a#1": Versioned(with_cart("late"), read.version)}, 1000.0)


def test_linked_states_are_saved_all_or_none(store):
    store.save({"u#1": Versioned(with_cart("newer"), 0)}, 1000.0)
    with pytest.raises(Conflict):
        store.save({"a#1": Versioned(with_cart("x"), 0), "u#1": Versioned(with_cart("stale"), 0)}, 1000.0)
    read = store.get_many(["a#1", "u#1"])
    assert read["a#1"].version == 0 and read["u#1"].state.cart == {"newer": 1.0}


def test_states_expire_counted_from_the_latest_event(store):
    store.save({"a#1": Versioned(State(), 0)}, 1000.0)
    item = store.items.client.get_item(TableName="shoppers", Key={"pk": {"S": "a#1"}})["Item"]
    assert int(item["expires"]["N"]) == 1000 + 180 * 86400
