"""Handlers on the sample events in events/, with AWS as moto plays it."""

import gzip
import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from shared import clients
from shared.events.model import decode
from shared.identity.keys import hashed
from shared.profiles.store import ShoppersStore

EVENTS = Path(__file__).parents[3] / "events"
CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn", aws_request_id="r")
ENV = {
    "STREAM": "events",
    "WRITE_KEY": "write-key",
    "SECRET_ARN": "secret",
    "IDENTITY_KEY_ARN": "identity-key",
    "LAKE_BUCKET": "lake",
    "MODELS_BUCKET": "models",
    "SHOPPERS_TABLE": "shoppers",
    "LISTS_TABLE": "lists",
    "IDENTITY_TABLE": "identity",
}


def sample(name):
    return json.loads((EVENTS / f"{name}.json").read_text())


@pytest.fixture
def aws(monkeypatch):
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    for made in (clients.dynamodb, clients.kinesis, clients.s3, clients.secrets):
        made.cache_clear()
    with mock_aws():
        boto3.client("kinesis").create_stream(StreamName="events", ShardCount=2)
        for bucket in ("lake", "models"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        for table in ("shoppers", "lists", "identity"):
            boto3.client("dynamodb").create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            )
        boto3.client("secretsmanager").create_secret(Name="secret", SecretString='{"secretKey": "sk"}')
        boto3.client("secretsmanager").create_secret(Name="identity-key", SecretString='{"current": "ik"}')
        yield


def handler(module):
    """The handler in a fresh environment."""
    return importlib.reload(importlib.import_module(module)).lambda_handler


def streamed():
    kinesis, found = boto3.client("kinesis"), []
    for shard in kinesis.list_shards(StreamName="events")["Shards"]:
        start = kinesis.get_shard_iterator(
            StreamName="events", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        found += kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
    return found


def test_capture_takes_what_is_good_and_names_what_is_not(aws):
    answer = handler("functions.capture.handler")(sample("capture"), CONTEXT)
    body = json.loads(answer["body"])
    assert answer["statusCode"] == 200 and body["accepted"] == 2
    assert [(v["index"], v["field"]) for v in body["rejected"]] == [(2, "event")]
    assert {decode(r["Data"]).type for r in streamed()} == {"track", "identify"}
    assert {r["PartitionKey"] for r in streamed()} == {"a1"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"headers": {}}, 401),
        ({"headers": {"authorization": "Basic bm9wZTo="}}, 401),
        ({"body": "nonsense"}, 400),
        ({"body": json.dumps({"batch": ["x" * 500_001]})}, 413),
    ],
)
def test_capture_refuses_with_the_right_status(aws, change, status):
    assert handler("functions.capture.handler")({**sample("capture"), **change}, CONTEXT)["statusCode"] == status
    assert streamed() == []


def test_capture_says_come_back_when_the_stream_is_gone(aws):
    boto3.client("kinesis").delete_stream(StreamName="events")
    answer = handler("functions.capture.handler")(sample("capture"), CONTEXT)
    assert answer["statusCode"] == 503 and answer["headers"]["retry-after"] == "1"


def test_capture_keeps_a_hash_of_what_names_a_shopper(aws):
    body = {"userId": "Jo@Shop.de", "traits": {"phone": "+49 176 1234567", "country": "Germany"}}
    consent = {"context": {"consent": {"categoryPreferences": {"personalization": True}}}}
    sent = {**sample("capture"), "rawPath": "/v1/identify", "body": json.dumps({**body, **consent})}
    assert handler("functions.capture.handler")(sent, CONTEXT)["statusCode"] == 200
    [record] = streamed()
    event = decode(record["Data"])
    assert event.user_id == record["PartitionKey"] == hashed("ik", "email", "jo@shop.de")
    assert event.identifiers == {"phone": hashed("ik", "phone", "+491761234567")} and event.traits == {"country": "DE"}
    assert event.source == "browser" and b"hop.de" not in record["Data"] and b"1234567" not in record["Data"]


def test_capture_takes_nothing_while_the_identity_key_cannot_be_read(aws):
    boto3.client("secretsmanager").delete_secret(SecretId="identity-key", ForceDeleteWithoutRecovery=True)
    sent = {**sample("capture"), "rawPath": "/v1/track", "body": json.dumps({"event": "Seen", "userId": "jo@shop.de"})}
    consented = {"context": {"consent": {"categoryPreferences": {"personalization": True}}}}
    sent["body"] = json.dumps({**json.loads(sent["body"]), **consented})
    assert handler("functions.capture.handler")(sent, CONTEXT)["statusCode"] == 503 and streamed() == []


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
