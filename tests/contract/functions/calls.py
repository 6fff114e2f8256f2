"""What tests of handlers share: sample events, calls, and what tables and stream hold afterwards."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import boto3

from shared.consent.statement import PURPOSES
from shared.privacy.keys import PrivacyKey
from shared.privacy.suppression import SuppressionStore
from shared.profiles.state import State, Totals
from shared.profiles.store import ShoppersStore, Versioned

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
NO, YES = dict.fromkeys(PURPOSES, False), dict.fromkeys(PURPOSES, True)


def sample(name):
    return json.loads((EVENTS / f"{name}.json").read_text())


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


def states(*keys):
    """Of the keys that are stored."""
    read = ShoppersStore(boto3.client("dynamodb"), "shoppers").get_many(keys)
    return {key: versioned.state for key, versioned in read.items() if versioned.version}


def know(*keys):
    for key in keys:
        state = Versioned(State(totals=Totals(events=3), cart={"tent": 1.0}), 0)
        ShoppersStore(boto3.client("dynamodb"), "shoppers").save({key: state}, 1_772_000_000.0)


def suppress(at, **how):
    key = PrivacyKey(lambda: boto3.client("secretsmanager"), "privacy-key")
    store = SuppressionStore(boto3.client("dynamodb"), "identity", lambda: key.suppression)
    store.put([("anonymousId", "a1")], at, forever=how.get("forever", False))
