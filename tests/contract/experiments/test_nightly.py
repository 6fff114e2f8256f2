"""From the log of answers and the events of the lake to results over HTTPS, with AWS as moto plays it."""

import importlib
import json
import random
import sys
import time
from base64 import b64encode
from datetime import UTC, datetime
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from shared import clients
from shared.answers.model import Answered, folder, packed, unit_of
from shared.catalog.model import Item
from shared.catalog.store import CatalogStore
from shared.events import lake
from shared.events.model import Consent, encode
from shared.experiments.assignment import assigned_to
from shared.merchandising.desk import PlanDesk
from shared.merchandising.store import PlanStore
from shared.recommend.loaded import mistakes, read
from shared.versioned import VersionedTable
from tests import tables
from tests.factories import event, order

CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn", aws_request_id="r")
ENV = {
    **{"LAKE_BUCKET": "lake", "MODELS_BUCKET": "models", "CATALOG_TABLE": "catalog", "LISTS_TABLE": "lists"},
    **{"IDENTITY_TABLE": "identity", "PLANS_TABLE": "plans", "SECRET_ARN": "secret"},
}
DAY = 86400.0
PLAN = {
    "experiments": {
        "calm": {
            "placements": ["home"],
            "metric": "conversion",
            "variants": [{"name": "now", "share": 0.5}, {"name": "fresh", "share": 0.5}],
            "stop": {"leastShoppers": 100, "leastDays": 1},
        },
        "over": {
            "placements": ["cart"],
            "layer": "other",
            "until": "2026-01-02",
            "variants": [{"name": "now", "share": 0.5}, {"name": "fresh", "share": 0.5}],
        },
    }
}


@pytest.fixture
def aws(monkeypatch):
    made = (clients.dynamodb, clients.s3, clients.secrets)
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    for client in made:
        client.cache_clear()
    with mock_aws():
        for bucket in ("lake", "models"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        tables.create(boto3.client("dynamodb"), "catalog", "lists", "identity", "plans")
        boto3.client("secretsmanager").create_secret(Name="secret", SecretString='{"secretKey": "sk"}')
        CatalogStore(boto3.client("dynamodb"), "catalog").put_many(
            [Item(id="tent", title="Tent", product_type="Tents")]
        )
        yield
    for client in made:
        client.cache_clear()
    for name in ("functions.prepare.handler", "functions.plan.handler"):
        sys.modules.pop(name, None)


@pytest.fixture
def plans(aws):
    store = PlanStore(VersionedTable(boto3.client("dynamodb"), "plans"))

    def publish(document):
        desk = PlanDesk(store, [mistakes], time.time())
        revision = desk.draft()["revision"]
        made = desk.put_draft({"revision": revision, "document": document})
        return desk.publish({"revision": made["revision"]})

    publish.store = store
    return publish


def night():
    handler = importlib.reload(importlib.import_module("functions.prepare.handler"))
    return handler.lambda_handler({"step": "experiments"}, CONTEXT)


def results(name, key="sk"):
    handler = importlib.reload(importlib.import_module("functions.plan.handler"))
    call = {
        "routeKey": "GET /v1/experiments/{name}/results",
        "pathParameters": {"name": name},
        "headers": {"authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"},
    }
    answer = handler.lambda_handler(call, CONTEXT)
    return answer["statusCode"], json.loads(answer["body"])


def visits(plans, shoppers):
    """Shoppers assigned as they are when answers are given; of those who see `fresh` three times as many order."""
    rng, now = random.Random(3), time.time()
    experiment = read(plans.store.current())[0].experiments[0]
    answers, events = [], []
    for n in range(shoppers):
        name, at = f"device-{n}", now - 3 * DAY + n
        found = assigned_to(experiment, name)
        made = f"{n:023x}"
        assigned = [("calm", found.variant.name)]
        answers.append(Answered(made, at, "home", ["tent"], "1", "m", unit_of(name), assigned, propensity=0.5, ms=6.0))
        when = {"timestamp": datetime.fromtimestamp(at + 60, UTC), "received_at": datetime.fromtimestamp(at + 61, UTC)}
        if rng.random() < (0.6 if found.variant.name == "fresh" else 0.2):
            events.append(order("tent", order_id=f"o{n}", anonymous_id=name, **when))
        else:
            events.append(event(anonymous_id=name, **when))
    s3 = boto3.client("s3")
    s3.put_object(Bucket="lake", Key=f"{folder(now - 3 * DAY)}a.jsonl.gz", Body=packed(answers))
    s3.put_object(
        Bucket="lake", Key=f"{lake.folder(events[0].timestamp)}a.jsonl.gz", Body=lake.lines(map(encode, events))
    )


def test_a_night_makes_results_that_the_secret_key_reads(plans):
    plans(PLAN)
    visits(plans, 600)
    assert night() == {"experiments": {"calm": "winner"}}
    status, found = results("calm")
    assert status == 200 and found["decision"] == "winner" and found["verdict"].startswith("Keep fresh: ")
    assert sum(v["shoppers"] for v in found["variants"]) == 600 and found["split"]["fine"]
    (conversion,) = [d for d in found["differences"] if d["metric"] == "conversion"]
    assert conversion["control"] == pytest.approx(0.2, abs=0.06) and conversion["value"] == pytest.approx(0.6, abs=0.06)
    assert results("calm", key="wrong")[0] == 401


def test_without_experiments_or_answers_a_night_does_nothing(plans):
    assert night() == {"experiments": {}}
    plans(PLAN)
    assert night() == {"experiments": {}}
    assert results("calm")[0] == 404 and "made every night" in results("calm")[1]["message"]


def test_what_cannot_be_a_name_is_refused(aws):
    status, body = results("../answers/x")
    assert status == 400 and body["field"] == "name"


def test_answers_before_any_event_are_results_too(plans):
    plans(PLAN)
    line = Answered("0" * 23, time.time() - 60, "home", [], unit=unit_of("a1"), assigned=[("calm", "now")])
    boto3.client("s3").put_object(Bucket="lake", Key=f"{folder(line.time)}a.jsonl.gz", Body=packed([line]))
    assert night() == {"experiments": {"calm": "early"}}


def test_who_took_back_the_consent_is_in_no_result(plans):
    plans(PLAN)
    visits(plans, 300)
    now = datetime.now(UTC)
    no = {"anonymous_id": "device-7", "consent": Consent(False, False, False, updated_at=now)}
    refused = event("Consent Changed", properties={}, timestamp=now, received_at=now, **no)
    boto3.client("s3").put_object(
        Bucket="lake", Key=f"{lake.folder(now)}no.jsonl.gz", Body=lake.lines([encode(refused)])
    )
    night()
    assert sum(v["shoppers"] for v in results("calm")[1]["variants"]) == 299


def test_an_erased_shopper_is_in_no_result(plans):
    """The unit of an erased person is taken out of the log: the line stays, and is nobody's."""
    from shared.privacy.objects import Objects
    from shared.privacy.person import Person
    from shared.privacy.stores.answers import Answers

    plans(PLAN)
    visits(plans, 300)
    person = Person(identifiers=[("anonymousId", "device-7")])
    store = Answers(Objects(boto3.client("s3"), "lake"))
    finds = [find for chunk in store.find(person) for find in chunk.finds]
    assert [find.amount for find in finds] == [1] and finds[0].held["answers"][0]["unit"] == unit_of("device-7")
    store.erase(person, finds)
    assert not [find for chunk in store.find(person) for find in chunk.finds]
    night()
    assert sum(v["shoppers"] for v in results("calm")[1]["variants"]) == 299
