"""The whole of training on a small lake, step by step."""

import hashlib
import json

import boto3
import pytest
from msgspec.structs import replace

from shared.errors import InvalidRequest, NotFound, TooLittleData
from shared.events import lake
from shared.events.model import encode
from shared.lists.model import key
from shared.lists.store import ListsStore
from shared.models.bundle import load
from tests.factories import event
from tests.unit.training.nights import FIRST, body, put_back, stack, visits, whole


def test_a_lake_becomes_a_version_that_serves_and_can_be_taken_back(step, night):
    first = night
    assert first == "20260420T030000Z" and json.loads(body(f"runs/{first}/search.json"))
    second = whole(step, "2026-04-21T03:00:00Z")
    assert second == {"version": "20260421T030000Z", "kept": ["20260421T030000Z", first]}

    store = ListsStore(boto3.client("dynamodb"), "lists")
    similar, popular = key(first, "similar", "i00"), key(first, "popular", "all")
    assert set(store.get_many([similar, popular])) == {similar, popular}
    manifest, packed = json.loads(body(f"models/{first}/manifest.json")), body(f"models/{first}/bundle.npz")
    assert manifest["sha256"] == hashlib.sha256(packed).hexdigest()
    assert load(packed).size == 20
    metrics = json.loads(body(f"models/{second['version']}/metrics.json"))
    assert metrics["current"] == first and set(metrics["metrics"]) == {"model", "popularity", "current"}
    assert metrics["counts"]["orders"] == 300
    page = body(f"models/{first}/report.html").decode()
    assert "Item 0 &amp; Co" in page and "<svg" in page and "http" not in page
    assert {card["id"] for card in json.loads(body("static/popular.json"))} == {f"i{n:02d}" for n in range(20)}

    assert step("rollback", version=first)["version"] == first
    with pytest.raises(NotFound, match="not kept"):
        step("rollback", version="19990101T000000Z")


def test_a_retried_step_writes_the_same_version(first_night):
    version = first_night.made["version"]
    with stack(search_seconds=600) as step:
        put_back(*first_night.trained)
        before = body(f"runs/{version}/bundle.npz")
        assert step("prepare", started=FIRST) == first_night.made
        assert step("train", version=version) == {"version": version}
        assert load(body(f"runs/{version}/bundle.npz")).settings == load(before).settings


def test_an_empty_lake_is_said_to_be_empty(step):
    with pytest.raises(TooLittleData, match="lake is empty"):
        step("prepare", started="2026-04-20T03:00:00Z")


def test_a_shop_on_its_first_day_gets_popular_lists(step):
    lines = lake.lines([encode(event(item=item, minutes=n)) for n, item in enumerate(("tent", "tent", "stove"))])
    boto3.client("s3").put_object(Bucket="lake", Key="events/dt=2026-03-02/hour=12/a.jsonl.gz", Body=lines)
    version = whole(step, "2026-03-03T03:00:00Z")["version"]
    name = key(version, "popular", "all")
    lists = ListsStore(boto3.client("dynamodb"), "lists").get_many([name])
    assert [item for item, _ in lists[name]] == ["tent", "stove"]
    assert load(body(f"models/{version}/bundle.npz")).item_factors.shape == (2, 0)


def test_the_doctor_tells_and_stops(step, shop):
    found = step("doctor", started="2026-04-20T03:00:00Z")
    assert found["may_train"] and found["counts"]["orders"] == 300
    strangers = [
        replace(one, properties={"product_id": f"sku-{n}"})
        for n, one in enumerate(visits(seed=9))
        if one.event == "Product Viewed"
    ][:1100]
    twice = [
        replace(one, message_id=f"x{one.message_id}", timestamp=one.timestamp.replace(second=7)) for one in strangers
    ]
    lines = lake.lines(encode(one) for one in [*strangers, *twice])
    boto3.client("s3").put_object(Bucket="lake", Key="events/dt=2026-03-02/hour=12/a.jsonl.gz", Body=lines)
    made = step("prepare", started="2026-04-21T03:00:00Z")
    assert (
        not made["may_train"]
        and made["reasons"][0].startswith("Stop: ")
        and "the catalog does not know" in made["reasons"][0]
    )
    assert json.loads(body(f"runs/{made['version']}/doctor.json"))["reasons"] == made["reasons"]


def test_a_run_may_have_an_objective_of_its_own(step, shop):
    started = "2026-04-20T03:00:00Z"
    with pytest.raises(InvalidRequest, match="no item of the catalog has a margin"):
        step("prepare", started=started, input={"objective": "margin"})
    version = step("prepare", started=started, input={"objective": "revenue"})["version"]
    judged = step("evaluate", version=step("train", version=version)["version"])
    manifest, measured = (json.loads(body(f"runs/{version}/{name}.json")) for name in ("manifest", "metrics"))
    assert manifest["objective"] == measured["objective"] == "revenue" and manifest["examined"][0] == 1.0
    assert judged["passed"] and any(reason.startswith("Good: revenue ndcg@20") for reason in judged["reasons"])
    assert b"It aims at revenue." in body(f"runs/{version}/report.html")


def test_a_version_says_what_it_is_made_of(night):
    manifest = json.loads(body(f"models/{night}/manifest.json"))
    assert set(manifest) >= {
        "version",
        "code",
        "settings",
        "items",
        "interactions",
        "from",
        "until",
        "sha256",
        "metrics",
    }
    assert (
        manifest["metrics"]["model"]["ndcg@20 with repeats"] > manifest["metrics"]["popularity"]["ndcg@20 with repeats"]
    )
    assert 0 < manifest["until"] - manifest["from"] < 41 * 86400
