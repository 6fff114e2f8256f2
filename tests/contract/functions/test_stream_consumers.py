"""From the stream to the lake, to states and to live lists; not for whom was erased."""

import gzip
import time

import boto3
import pytest

from shared.catalog.model import Item
from shared.catalog.store import CatalogStore
from shared.events.model import decode
from shared.lists.model import LIVE, Pointer
from shared.lists.model import key as list_key
from shared.lists.newcomers import decode as decode_newcomers
from shared.lists.store import ListsStore
from shared.models.content import dump, embed
from shared.profiles.store import ShoppersStore
from shared.trends.store import LiveLists
from tests.contract.functions.calls import CONTEXT, handler, sample, suppress


def test_archive_writes_the_same_object_when_delivered_again(aws):
    archive = handler("functions.archive.handler")
    s3 = boto3.client("s3")

    def lake():
        listed = s3.list_objects_v2(Bucket="lake").get("Contents", [])
        return {o["Key"]: s3.get_object(Bucket="lake", Key=o["Key"])["Body"].read() for o in listed}

    assert archive(sample("archive"), CONTEXT) == {"batchItemFailures": []}
    first = lake()
    assert archive(sample("archive"), CONTEXT) == {"batchItemFailures": []}
    assert lake() == first
    [(key, body)] = first.items()
    assert key.startswith("events/dt=2026-03-02/hour=12/shardId-000000000000-") and key.endswith(".jsonl.gz")
    assert [decode(line).event for line in gzip.decompress(body).splitlines()] == [
        "Product Viewed",
        "Product Added",
        "Order Completed",
    ]


def test_archive_keeps_what_is_no_event_in_quarantine(aws):
    event = sample("archive")
    event["Records"][1]["kinesis"]["data"] = "bm90IGpzb24="
    handler("functions.archive.handler")(event, CONTEXT)
    keys = [o["Key"] for o in boto3.client("s3").list_objects_v2(Bucket="lake")["Contents"]]
    assert sorted(key.split("/")[0] for key in keys) == ["events", "quarantine"]


def test_profiles_and_trends_make_a_state_and_live_lists(aws):
    assert handler("functions.profiles.handler")(sample("profiles"), CONTEXT) == {"batchItemFailures": []}
    state = ShoppersStore(boto3.client("dynamodb"), "shoppers").get_many(["a#a1"])["a#a1"].state
    assert [p.item for p in state.purchases] == ["tent"] and state.totals.views == 1 and state.cart == {}
    counters = boto3.client("dynamodb").get_item(TableName="lists", Key={"pk": {"S": "counter#shardId-000000000000"}})
    assert "Item" in counters
    assert handler("functions.profiles.trends")(sample("trends"), CONTEXT)["lists"] >= 2


def test_a_new_item_is_on_lists_and_beside_what_it_is_like_before_any_event(aws):
    """With a version that has learned what is like what; without one there are the lists alone."""
    dynamodb, now = boto3.client("dynamodb"), time.time()
    trends = handler("functions.profiles.trends")
    old = [Item(id=f"t{n}", title="A tent", product_type="Camping > Tents", updated_at=now - 9e6) for n in range(3)]
    new = Item(id="new", title="A new tent", product_type="Camping > Tents", updated_at=now - 60)
    mug = Item(id="mug", title="An enamel mug", product_type="Kitchen", updated_at=now - 9e6)
    CatalogStore(dynamodb, "catalog").put_many([*old, new, mug])
    store = ListsStore(dynamodb, "lists")
    lists = [list_key(LIVE, "new-arrivals", segment) for segment in ("all", "category:Camping")]
    newcomers = list_key(LIVE, "newcomers", "all")

    def stored():
        value = dynamodb.get_item(TableName="lists", Key={"pk": {"S": newcomers}})["Item"]["value"]["B"]
        return decode_newcomers(value)

    assert trends(sample("trends"), CONTEXT)["newcomers"] == 1
    assert store.get_many(lists) == dict.fromkeys(lists, [("new", 1.0)]) and stored().newest == (("new", "Camping"),)
    boto3.client("s3").put_object(Bucket="models", Key="models/v1/content.npz", Body=dump(embed([*old, mug])))
    store.flip(Pointer("v1", ["v1"]), 0)
    trends(sample("trends"), CONTEXT)
    assert {item for item, _ in stored().similar["new"]} == {"t0", "t1", "t2"} and "t1" in stored().related


def test_live_lists_are_written_when_they_change(aws):
    """What is on no list any more leaves it; what stands still costs no write."""
    store = ListsStore(boto3.client("dynamodb"), "lists")
    live, writes = LiveLists(store), []
    put = store.put_many
    store.put_many = lambda lists: (writes.append(sorted(lists)), put(lists))
    live.put({("popular", "all"): [("a", 1.0)], ("trending", "all"): [("a", 1.0)]})
    live.put({("popular", "all"): [("a", 1.0)]})
    assert writes == [["live#popular#all", "live#trending#all"], ["live#trending#all"]]
    assert store.get_many(["live#trending#all"]) == {"live#trending#all": []}


@pytest.mark.parametrize(("at", "kept"), [(1772452870.0, ["Order Completed"]), (1772460000.0, [])])
def test_what_was_erased_comes_back_neither_into_the_lake_nor_into_a_state(aws, at, kept):
    suppress(at)
    assert handler("functions.archive.handler")(sample("archive"), CONTEXT) == {"batchItemFailures": []}
    assert handler("functions.profiles.handler")(sample("profiles"), CONTEXT) == {"batchItemFailures": []}
    s3 = boto3.client("s3")
    bodies = [
        gzip.decompress(s3.get_object(Bucket="lake", Key=entry["Key"])["Body"].read())
        for entry in s3.list_objects_v2(Bucket="lake").get("Contents", [])
    ]
    assert [decode(line).event for body in bodies for line in body.splitlines()] == kept
    read = ShoppersStore(boto3.client("dynamodb"), "shoppers").get_many(["a#a1"])["a#a1"]
    assert bool(read.version) == bool(kept) and read.state.totals.views == 0


def test_nothing_goes_on_while_nobody_can_say_who_is_suppressed(aws):
    boto3.client("dynamodb").delete_table(TableName="identity")
    for module, name in (("functions.archive.handler", "archive"), ("functions.profiles.handler", "profiles")):
        with pytest.raises(Exception, match="ResourceNotFoundException"):
            handler(module)(sample(name), CONTEXT)
    assert not boto3.client("s3").list_objects_v2(Bucket="lake").get("Contents")
