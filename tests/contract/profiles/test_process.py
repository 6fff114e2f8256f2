"""A batch from bytes to saved states, with DynamoDB and S3 as moto plays them, failures included."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from shared.events.quarantine import Quarantine, key
from shared.identity.linker import Linker
from shared.profiles.process import Processor, read
from shared.profiles.store import ShoppersStore
from shared.streams import Record
from shared.versioned import VersionedTable
from tests import tables
from tests.factories import event, record


def no_rank(state, now):
    return [], []


@pytest.fixture
def aws():
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        tables.create(dynamodb, "shoppers", "identity")
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="lake")
        yield ShoppersStore(dynamodb, "shoppers"), Quarantine(s3, "lake")


def processor(store):
    linker = Linker(VersionedTable(store.items.client, "identity"))
    return Processor(store, linker, no_rank, "v1", lambda states: None)


def table(store):
    items = store.items.client.scan(TableName="shoppers")["Items"]
    return {item["pk"]["S"]: (item["value"]["B"], item["version"]["N"]) for item in items}


def test_a_poison_record_is_kept_with_its_reason_and_the_batch_goes_on(aws):
    store, quarantine = aws
    poison = [Record("shardId-0", 2, "a1", b"not json", 0.0), Record("shardId-0", 3, "a1", b'{"type":"track"}', 0.0)]
    records = [record(event(item="tent"), 1), *poison, record(event(item="stove"), 4)]
    entries = read(records, quarantine)
    assert processor(store).process(entries) is None
    assert [t.item for t in store.get_many(["a#a1"])["a#a1"].state.recent] == ["tent", "stove"]
    kept = json.loads(quarantine.client.get_object(Bucket="lake", Key=key(poison[1]))["Body"].read())
    assert "messageId" in kept["reason"] and kept["sequenceNumber"] == "3"


def test_a_failed_write_is_reported_and_its_redelivery_repairs_it(aws, monkeypatch):
    store, quarantine = aws
    records = [record(event(item=str(i), anonymous_id=f"a{i % 5}"), i) for i in range(1, 21)]
    entries = read(records, quarantine)
    save = store.save

    def broken(states, received):
        if "a#a3" in states:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")
        save(states, received)

    monkeypatch.setattr(store, "save", broken)
    failed = processor(store).process(entries)
    assert failed == 3
    monkeypatch.setattr(store, "save", save)
    assert processor(store).process([e for e in entries if e.sequence >= failed]) is None
    assert [len(store.get_many([f"a#a{i}"])[f"a#a{i}"].state.recent) for i in range(5)] == [4] * 5


def test_the_whole_batch_again_leaves_the_table_untouched(aws):
    store, quarantine = aws
    records = [record(event(item=str(i), anonymous_id=f"a{i % 5}"), i) for i in range(1, 21)]
    entries = read(records, quarantine)
    processor(store).process(entries)
    before = table(store)
    assert processor(store).process(entries) is None
    assert table(store) == before


def test_a_lost_race_is_run_again_on_the_newer_state(aws, monkeypatch):
    store, quarantine = aws
    mine = read([record(event(item="tent", user_id="u", verified=True), 5)], quarantine)
    theirs = read(
        [record(event(item="stove", user_id="u", verified=True, anonymous_id="a2"), 6, "shardId-1")], quarantine
    )
    get_many, raced = store.get_many, []

    def interrupted(keys):
        states = get_many(keys)
        if not raced:
            raced.append(True)
            processor(store).process(theirs)
        return states

    monkeypatch.setattr(store, "get_many", interrupted)
    assert processor(store).process(mine) is None
    assert {t.item for t in get_many(["u#u"])["u#u"].state.recent} == {"tent", "stove"}
