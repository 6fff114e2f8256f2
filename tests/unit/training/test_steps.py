"""The whole of training on a small lake, step by step as the state machine calls it, with S3 and DynamoDB as moto plays them."""

import hashlib
import importlib
import io
import json
import random
import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import NamedTuple

import boto3
import numpy as np
import pytest
from moto import mock_aws
from msgspec.structs import replace

from shared import clients
from shared.catalog.model import Item, Price
from shared.catalog.store import CatalogStore
from shared.errors import Conflict, InvalidRequest, NotFound, TooLittleData
from shared.events import lake
from shared.events.model import Consent, encode
from shared.lists.model import key
from shared.lists.store import ListsStore
from shared.models import impute, interactions
from shared.models.bundle import load
from shared.models.members import contains
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


@pytest.fixture
def step():
    with stack(search_seconds=0) as run:
        yield run


@pytest.fixture
def shop(step):
    opened()


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


@pytest.fixture(scope="module")
def first_night():
    with stack(search_seconds=600) as run:
        opened()
        made = run("prepare", started=FIRST)
        run("train", version=made["version"])
        trained = held()
        finish(run, made["version"])
        return Night(made, trained, held())


@pytest.fixture
def night(first_night, step):
    """The version that serves since the first night."""
    put_back(*first_night.published)
    return first_night.made["version"]


def whole(step, started):
    version = step("prepare", started=started)["version"]
    return finish(step, step("train", version=version)["version"])


def finish(step, version):
    judged = step("evaluate", version=version)
    assert judged["passed"], judged["reasons"]
    return step("publish", version=judged["version"])


def body(name):
    return boto3.client("s3").get_object(Bucket="models", Key=name)["Body"].read()


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


def everything():
    """Every object of the models bucket and every item of the lists table, arrays of npz files spelled out."""
    s3, found = boto3.client("s3"), {}
    for entry in s3.list_objects_v2(Bucket="models")["Contents"]:
        name = entry["Key"]
        found[name] = body(name)
        if name.endswith(".npz"):
            with np.load(io.BytesIO(found[name])) as arrays:
                found[name] = repr({field: arrays[field].tolist() for field in arrays.files}).encode()
    found["lists"] = repr(boto3.client("dynamodb").scan(TableName="lists")["Items"]).encode()
    return found


def test_no_object_of_a_version_names_a_shopper_and_its_members_are_known(step):
    def known_by(n):
        return {"anonymous_id": f"ZZdevice{n}", "user_id": f"ZZuser{n}", "verified": n % 2 == 0}

    shoppers = [replace(one, **known_by(int(one.anonymous_id[1:]))) for one in visits()]
    shoppers = [replace(one, message_id=f"{one.anonymous_id}-{n}") for n, one in enumerate(shoppers)]
    left = event("Consent Changed", consent=Consent(True, False, False), minutes=50 * DAY, **known_by(2))
    boto3.client("s3").put_object(
        Bucket="lake",
        Key="events/dt=2026-03-02/hour=12/a.jsonl.gz",
        Body=lake.lines(encode(e) for e in [*shoppers, left]),
    )
    version = whole(step, "2026-04-20T03:00:00Z")["version"]
    objects = everything()
    assert {f"models/{version}/members.bin", f"runs/{version}/interactions.npz", "lists"} <= set(objects)
    assert b"i00" in objects[f"runs/{version}/interactions.npz"] and b"i00" in objects["lists"]  # a name would be seen
    assert not [name for name, data in objects.items() if b"ZZdevice" in data or b"ZZuser" in data]

    listed = body(f"models/{version}/members.bin")
    users, devices = ([f"{kind}{n}" for n in range(60)] for kind in ("u#ZZuser", "a#ZZdevice"))
    assert contains(listed, version, users) == set(users) - {"u#ZZuser2"}  # proven or claimed: a claim is attributed
    assert contains(listed, version, devices) == set(devices) - {"a#ZZdevice2"}
    assert not contains(listed, "another", users + devices)


def test_guesses_are_told_in_the_report_and_are_not_published(step):
    lines = [
        replace(one, traits={"country": "GB", "gender": "f"}) if int(one.anonymous_id[1:]) < 55 else one
        for one in visits()
    ]
    boto3.client("s3").put_object(
        Bucket="lake", Key="events/dt=2026-03-02/hour=12/a.jsonl.gz", Body=lake.lines(encode(e) for e in lines)
    )
    version = whole(step, "2026-04-20T03:00:00Z")["version"]
    country, gender, device, years = json.loads(body(f"runs/{version}/counts.json"))["imputed"]
    assert (country["known"], country["imputed"], country["imputer"]) == (55, 5, "plain")
    assert (device["known"], device["imputed"], device["imputer"], years["imputed"]) == (0, 0, "", 0)
    guessed = impute.load(body(f"runs/{version}/guesses.npz"))
    assert (
        guessed.imputed.sum() == 5 and set(guessed.values) == {"GB"} and guessed.probability[guessed.imputed].max() < 1
    )
    data = interactions.load(body(f"runs/{version}/interactions.npz"))
    assert (data.countries == "").sum() == 5  # facts stay what they were
    published = {
        entry["Key"] for entry in boto3.client("s3").list_objects_v2(Bucket="models", Prefix="models/")["Contents"]
    }
    assert not [name for name in published if "guesses" in name or "interactions" in name]
    page = body(f"models/{version}/report.html").decode()
    assert "<td>country</td><td class=n>55</td><td class=n>5</td><td>most frequent or median</td>" in page


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


def launch(shoppers=12, days=41):
    """A day after the window, shoppers who are new look at what is new, beside things that are not; some have been here before."""
    for shopper in range(shoppers):
        who = {"anonymous_id": f"a{shopper * 2}" if shopper % 3 else f"b{shopper}"}
        looks = ["i03", "fresh", "i02"]
        yield from (event(item=item, minutes=days * DAY + shopper * 3 + n / 2, **who) for n, item in enumerate(looks))


def arrive(events):
    by_hour = {}
    for one in events:
        by_hour.setdefault(lake.folder(one.timestamp), []).append(encode(one))
    for folder, lines in by_hour.items():
        boto3.client("s3").put_object(Bucket="lake", Key=f"{folder}later.jsonl.gz", Body=lake.lines(lines))


def refreshed(step):
    found = step("gather")
    if not found["refresh"]:
        return found
    made = step("refresh", version=found["version"], clicks=found["clicks"])
    return made | (step("publish", version=made["version"]) if made["passed"] else {})


def test_before_there_is_a_model_nothing_is_folded_in(step, shop):
    assert not step("gather")["refresh"]


def test_what_came_since_is_folded_in_and_can_be_taken_back(step, night):
    base = night
    assert "Less than" in refreshed(step)["reasons"][0]
    arrive(launch())
    CatalogStore(boto3.client("dynamodb"), "catalog").put_many(
        [Item(id="fresh", title="Fresh", price=Price(9.0, "EUR"))]
    )

    made = refreshed(step)
    assert made["version"] == f"{base}.r1" and made["kept"] == [f"{base}.r1", base]
    assert (
        made["interactions"] == 36
        and made["new_items"] == 1
        and made["drift"]["unknown_items"] == pytest.approx(1 / 3, abs=1e-3)
    )
    old, new = (load(body(f"models/{version}/bundle.npz")) for version in (base, made["version"]))
    assert set(new.item_ids) - set(old.item_ids) == {"fresh"} and new.settings == old.settings
    beside = ListsStore(boto3.client("dynamodb"), "lists").get_many([key(made["version"], "similar", "i03")])
    assert "fresh" in [item for scored in beside.values() for item, _ in scored]
    manifest = json.loads(body(f"models/{made['version']}/manifest.json"))
    assert (
        manifest["refreshes"] == base
        and manifest["sha256"] == hashlib.sha256(body(f"models/{made['version']}/bundle.npz")).hexdigest()
    )
    listed = body(f"models/{made['version']}/members.bin")
    assert contains(listed, made["version"], ["a#a1", "a#b0", "a#nobody"]) == {"a#a1", "a#b0"}

    again = refreshed(step)  # the same events: the same bundle under the next name
    assert again["kept"] == [f"{base}.r2", f"{base}.r1", base]
    after = load(body(f"models/{base}.r2/bundle.npz"))
    assert np.array_equal(after.similar_scores, new.similar_scores) and np.array_equal(
        after.item_factors, new.item_factors
    )

    step("rollback", version=base)
    assert "went back" in refreshed(step)["reasons"][0]


def test_refreshes_are_tidied_up_and_five_nights_stay(step, night):
    nights = [night, whole(step, "2026-04-21T03:00:00Z")["version"]]
    arrive(launch())
    kept = [refreshed(step)["kept"] for _ in range(3)][-1]
    assert kept == [f"{nights[1]}.r3", f"{nights[1]}.r2", nights[1], nights[0]]
    gone = boto3.client("s3").list_objects_v2(Bucket="models", Prefix=f"models/{nights[1]}.r1/")
    assert "Contents" not in gone
    third = whole(step, "2026-04-22T03:00:00Z")["kept"]
    assert third == ["20260422T030000Z", nights[1], nights[0]]
    with pytest.raises(Conflict, match="does not serve any more"):
        step("publish", version=f"{nights[1]}.r3")


def test_who_withdrew_since_is_not_in_what_is_counted_again(step, night):
    base = night
    left = event(
        "Consent Changed", minutes=41 * DAY, anonymous_id="a1", properties={}, consent=Consent(True, False, False)
    )
    arrive([*launch(), left])
    version = refreshed(step)["version"]
    hashes = np.frombuffer(body(f"runs/{version}/left.bin"), ">u8")
    assert len(hashes) == 1 and hashes[0] in interactions.load(body(f"runs/{base}/interactions.npz")).shoppers
    counted = json.loads(body(f"models/{version}/manifest.json"))["interactions"]
    known = interactions.load(body(f"runs/{base}/interactions.npz"))
    assert counted == len(known) + 36 - (known.shoppers[known.shopper] == hashes[0]).sum()


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
