"""Bandits of the plan on the minute's function, with AWS as moto plays it."""

import importlib
import random
import time
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from shared import clients
from shared.experiments.arms import draw
from shared.experiments.tag import make as make_id
from shared.lists.arms import NONE as NO_ARMS
from shared.lists.arms import decode as decode_arms
from shared.lists.model import LIVE
from shared.lists.model import key as list_key
from shared.merchandising.desk import PlanDesk
from shared.merchandising.store import PlanStore
from shared.profiles.signals import read as read_signal
from shared.recommend.loaded import mistakes
from shared.trends.store import CountersStore
from shared.versioned import VersionedTable
from tests import tables
from tests.factories import NOON, event

CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn", aws_request_id="r")
ENV = {
    **{"STREAM": "events", "MODELS_BUCKET": "models", "LISTS_TABLE": "lists"},
    **{"CATALOG_TABLE": "catalog", "PLANS_TABLE": "plans"},
}


@pytest.fixture
def aws(monkeypatch):
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    for made in (clients.dynamodb, clients.kinesis, clients.s3):
        made.cache_clear()
    with mock_aws():
        boto3.client("kinesis").create_stream(StreamName="events", ShardCount=1)
        boto3.client("s3").create_bucket(Bucket="models")
        tables.create(boto3.client("dynamodb"), "lists", "catalog", "plans")
        yield
    for made in (clients.dynamodb, clients.kinesis, clients.s3):
        made.cache_clear()


BANDIT = {"bandits": {"looks": {"placement": "home", "halfLife": "6h", "arms": [{"name": "calm"}, {"name": "bold"}]}}}


def publish(document):
    store = PlanStore(VersionedTable(boto3.client("dynamodb"), "plans"))
    desk = PlanDesk(store, [mistakes], time.time())
    made = desk.put_draft({"document": document, "revision": store.draft()[1]})
    return desk.publish({"revision": made["revision"]})


class BanditShop:
    """A shop of its own time: answers draw their arm from what is published, what shoppers do is counted, every half hour trends run."""

    def __init__(self, monkeypatch):
        self.trends = importlib.reload(importlib.import_module("functions.profiles.trends"))
        self.now, self.rng, self.sequence = NOON.timestamp(), random.Random(1), 0
        monkeypatch.setattr(self.trends, "time", SimpleNamespace(time=lambda: self.now))
        self.counters = CountersStore(boto3.client("dynamodb"), "lists")

    def published(self):
        found = boto3.client("dynamodb").get_item(TableName="lists", Key={"pk": {"S": list_key(LIVE, "arms", "all")}})
        return decode_arms(found["Item"]["value"]["B"]) if "Item" in found else NO_ARMS

    def hours(self, hours, rates):
        """How many answers each arm had in each hour, 400 answers an hour."""
        (bandit,) = self.trends.bandits.get()
        drawn = []
        for half in range(2 * hours):
            if half % 2 == 0:
                drawn.append(dict.fromkeys(rates, 0))
            arms, signals = self.published(), []
            for n in range(200):
                found = draw(bandit, "all", arms, self.rng.random())
                drawn[-1][found.arm.name] += 1
                names = ["Recommendation Viewed"] + ["Recommendation Clicked"] * (
                    self.rng.random() < rates[found.arm.name]
                )
                for name in names:
                    self.sequence += 1
                    minutes = (self.now - NOON.timestamp()) / 60 + n * 0.15
                    answered = make_id(f"{self.sequence:023x}", found.tag)
                    one = event(name, minutes=minutes, properties={"recommendation_id": answered, "product_id": "tent"})
                    signals.append((self.sequence, read_signal(one)))
            self.counters.count("shardId-000000000000", signals)
            self.now += 1800
            self.trends.lambda_handler({}, CONTEXT)
        return drawn


def test_a_bandit_of_the_plan_moves_to_the_better_arm_and_back_within_a_day_of_a_change(aws, monkeypatch):
    publish(BANDIT)
    shop = BanditShop(monkeypatch)
    before = shop.hours(24, {"calm": 0.04, "bold": 0.10})
    assert sum(hour["bold"] for hour in before[12:]) > 0.8 * 12 * 400
    after = shop.hours(24, {"calm": 0.10, "bold": 0.04})
    assert sum(hour["calm"] for hour in after[18:]) > 0.8 * 6 * 400, "a day after the change it should have moved"
    assert min(hour["bold"] for hour in after[18:]) > 0, "the floor keeps both going"


def test_without_bandits_nothing_is_written_of_arms_and_with_another_plan_they_are_others(aws, monkeypatch):
    shop = BanditShop(monkeypatch)
    assert shop.trends.lambda_handler({}, CONTEXT)["bandits"] == 0 and shop.published() == NO_ARMS
    publish(BANDIT)
    assert shop.trends.lambda_handler({}, CONTEXT)["bandits"] == 1
    assert shop.published().chances["home", "all"].shares == [0.5, 0.5]
    by = {"looks": {**BANDIT["bandits"]["looks"], "by": "context"}}
    publish({"bandits": by})
    assert shop.trends.lambda_handler({}, CONTEXT)["bandits"] == 1 and shop.published().beliefs["home"].arms == [
        "calm",
        "bold",
    ]
    publish({})
    assert shop.trends.lambda_handler({}, CONTEXT)["bandits"] == 0 and shop.published() == NO_ARMS
