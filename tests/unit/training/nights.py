"""A small shop and its nights: the steps of training as the state machine calls them, with S3 and DynamoDB as moto plays them."""

import importlib
import random
import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import NamedTuple

import boto3
import pytest
from moto import mock_aws

from shared import clients
from shared.catalog.model import Item, Price
from shared.catalog.store import CatalogStore
from shared.events import lake
from shared.events.model import encode
from tests import tables
from tests.factories import event, order

CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn", aws_request_id="r")
ENV = {
    "LAKE_BUCKET": "lake",
    "MODELS_BUCKET": "models",
    "CATALOG_TABLE": "catalog",
    "LISTS_TABLE": "lists",
    "IDENTITY_TABLE": "identity",
    "PLANS_TABLE": "plans",
}
MODULES = {
    **dict.fromkeys(["prepare", "doctor", "gather"], "functions.prepare.handler"),
    **dict.fromkeys(["train", "evaluate", "refresh"], "functions.training.handler"),
    **dict.fromkeys(["publish", "rollback"], "functions.training.publish"),
}
BUCKETS, TABLES = ("lake", "models"), ("catalog", "lists", "identity", "plans")
DAY = 24 * 60
FIRST = "2026-04-20T03:00:00.000Z"


def visits(shoppers=60, days=40, seed=2):
    """Shoppers of two tastes who look at some items of theirs and buy one of them, five times each."""
    rng = random.Random(seed)
    for shopper in range(shoppers):
        for visit in range(5):
            at, own = rng.uniform(0, days) * DAY, 10 * (shopper % 2)
            looks = [f"i{own + min(int(rng.expovariate(0.3)), 9):02d}" for _ in range(4)]
            who = {"anonymous_id": f"a{shopper}"}
            yield from (event(item=item, minutes=at + n, **who) for n, item in enumerate(looks))
            yield order(looks[0], minutes=at + 9, order_id=f"o{shopper}-{visit}", **who)


@contextmanager
def stack(search_seconds):
    """The steps on empty buckets and tables. What is not about the search does without: `search_seconds` 0."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, value in {**ENV, "SEARCH_SECONDS": str(search_seconds)}.items():
            patch.setenv(name, value)
        for made in (clients.dynamodb, clients.s3):
            made.cache_clear()
        for bucket in BUCKETS:
            boto3.client("s3").create_bucket(Bucket=bucket)
        tables.create(boto3.client("dynamodb"), *TABLES)
        modules = {name: importlib.import_module(module) for name, module in MODULES.items()}
        yield lambda name, **fields: modules[name].lambda_handler({"step": name, **fields}, CONTEXT)
    for made in (clients.dynamodb, clients.s3):
        made.cache_clear()
    for name in MODULES.values():
        sys.modules.pop(name, None)


def opened():
    folders = {}
    for one in visits():
        folders.setdefault(f"events/dt={one.timestamp:%Y-%m-%d}/hour=00/", []).append(encode(one))
    for folder, lines in folders.items():
        boto3.client("s3").put_object(Bucket="lake", Key=f"{folder}a.jsonl.gz", Body=lake.lines(lines))
    CatalogStore(boto3.client("dynamodb"), "catalog").put_many(
        [Item(id=f"i{n:02d}", title=f"Item {n} & Co", product_type="Tents", price=Price(5.0, "EUR")) for n in range(20)]
    )


def held():
    """Every object by bucket and name, and every item by table."""
    s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
    names = [(b, one["Key"]) for b in BUCKETS for one in s3.list_objects_v2(Bucket=b).get("Contents", [])]
    objects = {(b, name): s3.get_object(Bucket=b, Key=name)["Body"].read() for b, name in names}
    return objects, {
        table: list(dynamodb.get_paginator("scan").paginate(TableName=table).search("Items")) for table in TABLES
    }


def put_back(objects, rows):
    for (bucket, name), data in objects.items():
        boto3.client("s3").put_object(Bucket=bucket, Key=name, Body=data)
    for table, items in rows.items():
        for n in range(0, len(items), 25):
            puts = [{"PutRequest": {"Item": one}} for one in items[n : n + 25]]
            boto3.client("dynamodb").batch_write_item(RequestItems={table: puts})


class Night(NamedTuple):
    """The first training of the shop, with all of the search: the answers of its steps, and what buckets and tables held after two."""

    made: dict
    trained: tuple
    published: tuple


def whole(step, started):
    version = step("prepare", started=started)["version"]
    return finish(step, step("train", version=version)["version"])


def finish(step, version):
    judged = step("evaluate", version=version)
    assert judged["passed"], judged["reasons"]
    return step("publish", version=judged["version"])


def body(name):
    return boto3.client("s3").get_object(Bucket="models", Key=name)["Body"].read()
