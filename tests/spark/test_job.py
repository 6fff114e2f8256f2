"""The whole job on a small lake, with S3 and DynamoDB as moto plays them: it leaves what the other steps of training look for."""

import json
import random
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from shared.catalog.model import Item, Price
from shared.catalog.store import CatalogStore
from shared.errors import TooLittleData
from shared.events import lake
from shared.events.model import encode
from shared.identity.graph import DEFAULT
from shared.lists.model import key
from shared.lists.store import ListsStore
from shared.models import bundle, content, impute, interactions, members
from shared.models.publish import Publisher
from shared.models.steps.bench import Bench
from shared.models.steps.gather import do_gather
from shared.models.steps.lake import Lake
from shared.models.steps.prepare import Asked
from shared.models.steps.train import do_evaluate, do_findings
from shared.models.tune import Budget
from tests import tables
from tests.factories import event, order

STARTED, VERSION = "2026-04-20T03:00:00Z", "20260420T030000Z"
DAY = 24 * 60


def visits(shoppers=40):
    rng = random.Random(2)
    for shopper in range(shoppers):
        for visit in range(5):
            at, own = rng.uniform(0, 40) * DAY, 10 * (shopper % 2)
            looks = [f"i{own + min(int(rng.expovariate(0.3)), 9):02d}" for _ in range(4)]
            yield from (
                event(item=item, minutes=at + n, anonymous_id=f"ZZdevice{shopper}") for n, item in enumerate(looks)
            )
            yield order(
                looks[0], looks[1], minutes=at + 9, order_id=f"o{shopper}-{visit}", anonymous_id=f"ZZdevice{shopper}"
            )


@pytest.fixture
def bench():
    with mock_aws():
        s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        s3.create_bucket(Bucket="models")
        tables.create(dynamodb, "catalog", "lists", "identity")
        catalog = CatalogStore(dynamodb, "catalog")
        catalog.put_many(
            [Item(id=f"i{n:02d}", title=f"Item {n}", product_type="Tents", price=Price(5.0, "EUR")) for n in range(20)]
        )
        yield Bench(s3, "models", catalog, ListsStore(dynamodb, "lists"), "code")


def learned(spark, bench, folder, strictness="normal", most=5_000_000, shoppers=40):
    from shared.models.spark.job import Job, learn

    (folder / "a.jsonl.gz").write_bytes(lake.lines(map(encode, visits(shoppers))))
    where = Lake("lake", boto3.client("dynamodb"), "identity", DEFAULT)
    learn(spark, [str(folder)], Job(bench, where, Asked(STARTED, strictness), Budget(60, 0.2), most))
    return bench.run(VERSION)


def test_the_job_leaves_a_version_that_can_be_measured_published_and_asked_for_its_members(spark, bench, tmp_path):
    run = learned(spark, bench, tmp_path, most=600)
    found = do_findings(bench, VERSION)
    assert found["may_train"] and found["interactions"] == 1200
    assert "all 1,200 interactions" in found["reasons"][0]

    data, trained, trial = (
        interactions.load(run.get("interactions.npz")),
        *(bundle.load(run.get(n)) for n in ("bundle.npz", "trial.npz")),
    )
    assert 0 < len(data) < 1200 and data.items.tolist() == trained.item_ids.tolist() == trial.item_ids.tolist()
    assert trained.item_factors.shape == (20, 64) and trained.similar_items.max() < 20
    assert trained.next_items.max() >= 0 and trained.content.shape[0] == 20 and trained.content.any()
    # the tables know what shoppers outside the sample did
    from shared.models.fit import fit

    assert fit(data, float(data.at.max())).popularity.tolist() != pytest.approx(trained.popularity.tolist(), abs=1e-4)
    told = content.load(run.get("content.npz"))
    assert told.dealings.sum() == 1200 and told.dealings.min() > 0
    assert len(impute.load(run.get("guesses.npz")).values) == len(data.shoppers)

    listed = run.get("members.bin")
    assert len(members.contains(listed, VERSION, [f"a#ZZdevice{n}" for n in range(40)])) == 40
    assert b"ZZdevice" not in b"".join(
        run.get(n) for n in ("interactions.npz", "bundle.npz", "lists.msgpack", "counts.json", "manifest.json")
    )

    judged = do_evaluate(bench, VERSION)
    assert judged["passed"], judged["reasons"]
    assert b"Spark learned" in run.get("report.html")
    publisher = Publisher(bench.lists, bench.catalog, bench.client, "models")
    assert publisher.publish(VERSION, now=1.0).current == VERSION
    names = [key(VERSION, kind, name) for kind, name in (("similar", "i00"), ("together", "i00"), ("popular", "all"))]
    assert set(bench.lists.get_many(names)) == set(names)
    manifest = json.loads(
        bench.client.get_object(Bucket="models", Key=f"models/{VERSION}/manifest.json")["Body"].read()
    )
    assert manifest["code"] == "code" and manifest["items"] == 20 and manifest["interactions"] == 1200
    # by the hour one machine would count the sample alone
    gathered = do_gather(bench, Lake("lake", boto3.client("dynamodb"), "identity", DEFAULT))
    assert not gathered["refresh"] and "more than one machine" in gathered["reasons"][0]


def test_nothing_is_trained_when_the_doctor_objects(spark, bench, tmp_path, monkeypatch):
    from shared.models.spark import job

    monkeypatch.setattr(job, "keep_trained", lambda *_: pytest.fail("trained"))
    learned(
        spark, bench, tmp_path, strictness="strict", shoppers=5
    )  # few days, gaps: something is always found in a lake so small
    found = do_findings(bench, VERSION)
    assert not found["may_train"] and len(found["reasons"]) > 1


def test_an_empty_lake_is_said_to_be_empty(spark):
    from shared.models.spark.job import learn

    with pytest.raises(TooLittleData, match="lake is empty"):
        learn(spark, [], SimpleNamespace())
