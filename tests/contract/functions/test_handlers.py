"""Handlers on the sample events in events/, with AWS as moto plays it."""

import gzip
import importlib
import json
import time
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from shared import clients
from shared.auth import user_hash
from shared.catalog.model import Item
from shared.catalog.store import CatalogStore
from shared.consent.statement import PURPOSES
from shared.events.model import decode
from shared.identity.keys import hashed
from shared.lists.model import LIVE, Pointer
from shared.lists.model import key as list_key
from shared.lists.newcomers import decode as decode_newcomers
from shared.lists.store import ListsStore
from shared.models.content import dump, embed
from shared.profiles.state import State, Totals
from shared.profiles.store import ShoppersStore, Versioned
from shared.trends.store import LiveLists
from tests import tables

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
    "CATALOG_TABLE": "catalog",
    "IDENTITY_TABLE": "identity",
    "PLANS_TABLE": "plans",
    "PRIVACY_KEY_ARN": "privacy-key",
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
        tables.create(boto3.client("dynamodb"), "shoppers", "lists", "identity", "catalog", "plans")
        boto3.client("secretsmanager").create_secret(Name="secret", SecretString='{"secretKey": "sk"}')
        boto3.client("secretsmanager").create_secret(Name="identity-key", SecretString='{"current": "ik"}')
        boto3.client("secretsmanager").create_secret(Name="privacy-key", SecretString='{"current": "pk"}')
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


NO, YES = dict.fromkeys(PURPOSES, False), dict.fromkeys(PURPOSES, True)


def states(*keys):
    """Of the keys that are stored."""
    read = ShoppersStore(boto3.client("dynamodb"), "shoppers").get_many(keys)
    return {key: versioned.state for key, versioned in read.items() if versioned.version}


def know(*keys):
    for key in keys:
        state = Versioned(State(totals=Totals(events=3), cart={"tent": 1.0}), 0)
        ShoppersStore(boto3.client("dynamodb"), "shoppers").save({key: state}, 1_772_000_000.0)


@pytest.fixture
def consent(aws):
    """Calls the consent API: (status, body)."""
    handle = handler("functions.consent.handler")

    def call(method, body=None, key="write-key", headers=None, path="/v1/consent", **query):
        event = {**sample("consent"), "rawPath": path}
        event["requestContext"]["http"]["method"] = method
        event["headers"] = {"authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}", **(headers or {})}
        event["body"], event["queryStringParameters"] = body and json.dumps(body), query
        answer = handle(event, CONTEXT)
        assert answer["headers"]["content-type"] == "application/json"
        return answer["statusCode"], json.loads(answer["body"])

    return call


def test_the_sample_of_consent_is_told_and_on_record(aws):
    answer = handler("functions.consent.handler")(sample("consent"), CONTEXT)
    body = json.loads(answer["body"])
    assert answer["statusCode"] == 200 and body["known"] and body["changed"] and body["applies"] == ["anonymousId"]
    assert [c.source for c in states("a#a1")["a#a1"].choices] == ["api"]
    [record] = [decode(r["Data"]) for r in streamed()]
    assert record.event == "Consent Changed" and record.anonymous_id == "a1" and record.consent.personalization


def test_a_withdrawal_is_effective_at_once_and_in_the_history(consent):
    know("a#a1")
    assert consent("PUT", {"anonymousId": "a1", "consent": YES})[1]["changed"]
    status, body = consent("PUT", {"anonymousId": "a1", "consent": NO})
    assert (status, body["changed"], body["consent"]["personalization"]) == (200, True, False)
    assert states("a#a1")["a#a1"].cart == {}
    status, body = consent("GET", anonymousId="a1")
    assert (status, body["consent"], body["source"]) == (200, NO, "api")
    assert [change["consent"]["personalization"] for change in body["history"]] == [True, False]
    assert [decode(r["Data"]).consent.personalization for r in streamed()] == [True, False]


def test_a_no_of_somebody_unknown_is_answered_plainly_and_stored_nowhere(consent):
    status, body = consent("PUT", {"anonymousId": "a9", "consent": NO})
    assert status == 200 and not body["known"] and "nothing was stored" in body["message"]
    assert not states("a#a9") and not streamed()
    assert consent("GET", anonymousId="a9")[1]["consent"] is None


def test_a_claim_neither_changes_nor_shows_the_known_shopper(consent):
    know("u#u1", "a#a1")
    who = {"anonymousId": "a1", "userId": "u1"}
    consent("PUT", {**who, "consent": NO})
    assert states("u#u1")["u#u1"].cart and not states("a#a1")["a#a1"].cart
    assert consent("PUT", {"userId": "u1", "consent": NO})[0] == 403 == consent("GET", userId="u1")[0]
    proof = user_hash("sk", "u1")
    assert consent("GET", userId="u1", userHash=proof)[1]["history"] == []
    assert consent("PUT", {**who, "userHash": proof, "consent": NO})[1]["applies"] == ["userId", "anonymousId"]
    assert not states("u#u1")["u#u1"].cart
    assert consent("GET", key="sk", userId="u1")[1]["consent"] == NO


def test_global_privacy_control_is_heard_from_the_header(consent):
    body = consent("PUT", {"anonymousId": "a1", "consent": YES}, headers={"sec-gpc": "1"})[1]
    assert body["consent"] == {**YES, "advertising": False}
    assert consent("GET", anonymousId="a1", headers={"sec-gpc": "1"})[1]["gpc"]


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        ([], "write-key", 400),
        ({"consent": YES}, "write-key", 400),
        ({"anonymousId": "a1"}, "write-key", 400),
        ({"anonymousId": "a1", "consent": YES}, "nonsense", 401),
        ({"anonymousId": "a1", "consent": YES, "x": "x" * 100_001}, "write-key", 413),
    ],
)
def test_consent_refuses_with_the_right_status(consent, body, key, status):
    assert consent("PUT", body, key)[0] == status
    assert not streamed() and not states("a#a1")


def test_consent_says_come_back_when_the_stream_is_gone_and_changes_nothing(consent):
    know("a#a1")
    boto3.client("kinesis").delete_stream(StreamName="events")
    assert consent("PUT", {"anonymousId": "a1", "consent": NO})[0] == 503
    assert states("a#a1")["a#a1"].cart


def captured(preferences, headers=None, **fields):
    context = {"consent": {"categoryPreferences": preferences}, **fields.pop("context", {})}
    body = {"event": "Product Viewed", "properties": {"product_id": "tent"}, "context": context, **fields}
    event = {**sample("capture"), "rawPath": "/v1/track", "body": json.dumps(body)}
    event["headers"] = {**event["headers"], **(headers or {})}
    assert handler("functions.capture.handler")(event, CONTEXT)["statusCode"] == 200


def test_an_event_that_says_no_withdraws_for_whom_it_names_and_is_itself_nobodys(aws):
    know("a#a1")
    captured({"personalization": False}, anonymousId="a1")
    state = states("a#a1")["a#a1"]
    assert not state.cart and [(c.source, c.personalization) for c in state.choices] == [("event", False)]
    viewed, proof = sorted((decode(r["Data"]) for r in streamed()), key=lambda e: e.event == "Consent Changed")
    assert viewed.anonymous_id == "" and proof.anonymous_id == "a1" and not proof.consent.personalization


@pytest.mark.parametrize("preferences", [{"personalization": False}, {}, {"analytics": False}, None])
def test_nothing_is_stored_of_somebody_unknown_who_says_no_or_nothing(aws, preferences):
    captured(preferences, anonymousId="a9", userId="u9")
    assert not states("a#a9", "u#u9")
    assert all(b'"a9"' not in r["Data"] and b'"u9"' not in r["Data"] for r in streamed())


def test_silence_is_no_withdrawal(aws):
    know("a#a1")
    captured({}, anonymousId="a1")
    assert states("a#a1")["a#a1"].cart


def test_captures_events_obey_gpc_and_the_shops_countries(aws, monkeypatch):
    captured({"personalization": True, "advertising": True}, headers={"sec-gpc": "1"}, anonymousId="a1")
    assert not decode(streamed()[0]["Data"]).consent.advertising
    monkeypatch.setenv("CONSENT_OPT_OUT_COUNTRIES", "US,CA")
    captured(None, anonymousId="a2", context={"location": {"country": "US"}})
    [presumed] = [e for r in streamed() if (e := decode(r["Data"])).anonymous_id == "a2"]
    assert presumed.consent.presumed and presumed.consent.personalization


def suppress(at, **how):
    from shared.privacy.keys import PrivacyKey
    from shared.privacy.suppression import SuppressionStore

    key = PrivacyKey(lambda: boto3.client("secretsmanager"), "privacy-key")
    store = SuppressionStore(boto3.client("dynamodb"), "identity", lambda: key.suppression)
    store.put([("anonymousId", "a1")], at, forever=how.get("forever", False))


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
