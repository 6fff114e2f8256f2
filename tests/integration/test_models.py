"""Training and refreshing as state machines, publishing, and going back."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from infrastructure.cli import models
from infrastructure.local.layout import LocalStackError
from shared.events import lake
from shared.events.model import Consent, Event, encode
from shared.lists.store import ListsStore
from shared.models import bundle
from tests.integration.conftest import eventually, view


@pytest.fixture
def pointer(stack, aws):
    store = ListsStore(aws("dynamodb"), stack.outputs["ListsTable"])
    return lambda: store.pointer()[0]


def test_a_new_version_serves_and_the_old_one_comes_back_by_one_command(stack, aws, shop, pointer, browser_api):
    old = pointer().current
    run = models.train(stack)
    assert run["passed"] and run["current"] == old
    assert pointer().current == run["version"] != old and pointer().kept[:2] == [run["version"], old]

    def serving():
        return browser_api.call("POST", "/v1/recommendations", {"placement": "home"})["served"]["modelVersion"]

    eventually(lambda: serving() == run["version"])
    models.rollback(stack, old)
    eventually(lambda: serving() == old)
    assert old in models.versions(stack) and run["version"] in models.versions(stack)
    page = (
        aws("s3")
        .get_object(Bucket=stack.outputs["ModelsBucket"], Key=f"models/{run['version']}/report.html")["Body"]
        .read()
    )
    assert b"<svg" in page and shop.items[0]["title"].split()[0].encode() in page


def test_going_back_to_an_unknown_version_is_refused(stack, shop):
    with pytest.raises(LocalStackError, match="not kept"):
        models.rollback(stack, "19990101T000000Z")


@pytest.fixture
def in_lake(stack, aws):
    """Puts events into the lake for the time of a test."""
    bucket, keys = stack.outputs["LakeBucket"], []

    def put(events):
        key = f"{lake.folder(events[0].timestamp)}import-{uuid.uuid4().hex}.jsonl.gz"
        aws("s3").put_object(Bucket=bucket, Key=key, Body=lake.lines(encode(e) for e in events))
        keys.append(key)

    yield put
    for key in keys:
        aws("s3").delete_object(Bucket=bucket, Key=key)


def test_a_refresh_publishes_a_new_item_and_the_night_comes_back_by_one_command(stack, shop, pointer, browser_api, aws):
    night = models.train(stack)["version"]
    new, known = f"new-{uuid.uuid4().hex[:8]}", [item["id"] for item in shop.items[:3]]
    for number in range(8):
        for item in (known[0], new, known[1]):
            browser_api.call("POST", "/v1/track", view(f"{new}-{number}", item))

    def folded_in():
        try:
            models.refresh(stack)
        except models.NotPublished as error:  # the events are still on their way to the lake
            assert "Less than" in str(error)
            return False
        lists = ListsStore(aws("dynamodb"), stack.outputs["ListsTable"])
        return lists.get_many([f"{pointer().current}#similar#{new}"])

    eventually(folded_in, 90)
    assert pointer().current.startswith(f"{night}.r") and night in pointer().kept
    assert f"refreshes {night}" in models.versions(stack)
    models.rollback(stack, night)
    with pytest.raises(models.NotPublished, match="went back"):
        models.refresh(stack)


def test_the_doctor_stops_a_training_on_data_that_fits_nothing(stack, shop, pointer, in_lake):
    assert models.doctor(stack)["may_train"]
    current, now = pointer().current, datetime.now(UTC)
    strangers = [
        Event(
            message_id=uuid.uuid4().hex,
            type="track",
            event="Product Viewed",
            timestamp=now - timedelta(minutes=n % 600),
            received_at=now,
            anonymous_id=f"stranger-{n % 400}",
            properties={"product_id": f"sku-{n % 50}"},
            consent=Consent(True, True, False),
        )
        for n in range(40_000)
    ]
    in_lake(strangers)
    with pytest.raises(models.NotPublished, match="the catalog does not know"):
        models.train(stack)
    assert pointer().current == current and "the catalog does not know" in models.versions(stack)


def test_a_training_may_aim_at_something_else_for_once(stack, shop, aws):
    """Published or refused: what it was made for and judged by is revenue."""
    output = models.followed(stack, "TrainingMachine", {"objective": "revenue"})
    s3, bucket = aws("s3"), stack.outputs["ModelsBucket"]
    made = s3.get_object(Bucket=bucket, Key=f"runs/{output['version']}/metrics.json")["Body"].read()
    found = json.loads(made)
    assert found["objective"] == "revenue" and "revenue ndcg@20 new only" in found["metrics"]["model"]["means"]
    assert any("revenue ndcg@20" in reason for reason in found["reasons"])


def test_a_version_that_is_worse_is_refused_with_its_reasons(stack, shop, pointer, aws):
    """The run of another training is judged again after its trial has been spoiled: it shows everybody the least popular items."""
    version = models.train(stack)["version"]
    s3, bucket = aws("s3"), stack.outputs["ModelsBucket"]
    place = f"runs/{version}/trial.npz"
    trial = bundle.load(s3.get_object(Bucket=bucket, Key=place)["Body"].read())
    worst = {**dict.fromkeys(trial.settings, 0.0), **{k: v for k, v in trial.settings.items() if "days" in k}}
    spoiled = replace(trial, popularity=1 - trial.popularity, settings={**worst, "popularity": 1.0}, forest=None)
    s3.put_object(Bucket=bucket, Key=place, Body=bundle.dump(spoiled))
    judged = models.invoke(stack, "TrainingFunction", {"step": "evaluate", "version": version})
    assert not judged["passed"] and any(reason.startswith("Refused") for reason in judged["reasons"])
    report = s3.get_object(Bucket=bucket, Key=f"runs/{version}/report.html")["Body"].read().decode()
    assert "Not published" in report and judged["reasons"][0].split(":")[0] in report
    assert json.loads(s3.get_object(Bucket=bucket, Key=f"runs/{version}/metrics.json")["Body"].read())["checks"]
