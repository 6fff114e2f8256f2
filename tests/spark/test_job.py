"""The whole job, with S3 and DynamoDB as moto plays them: it leaves what the other steps of training look for."""

import json
from types import SimpleNamespace

import pytest

from shared.config import SparkSettings
from shared.errors import InvalidRequest, TooLittleData
from shared.lists.model import key
from shared.models import bundle, content, impute, interactions, members, sales
from shared.models.fit import popularity
from shared.models.publish import Publisher
from shared.models.steps.gather import do_gather
from shared.models.steps.prepare import Asked, named
from shared.models.steps.train import do_findings
from tests.spark.conftest import ASKED, STARTED, VERSION


def test_what_was_found_is_of_all(run, bench, both):
    found, every = do_findings(bench, VERSION), len(both.one.interactions)
    assert found["may_train"] and found["interactions"] == every
    assert f"all {every:,} interactions" in found["reasons"][0]
    sold = sales.load(run.get("sales.npz"))
    assert sold.sold.sum() == pytest.approx(both.one.sales.sold.sum())
    assert run.get_json("objective.json") == {"objective": "order"}
    listed = run.get("members.bin")
    assert len(members.contains(listed, VERSION, both.one.members)) == len(both.one.members)


def test_tables_are_of_all_and_what_is_learned_on_the_driver_of_a_sample(run, both):
    data, trained = interactions.load(run.get("interactions.npz")), bundle.load(run.get("bundle.npz"))
    trial, whole = bundle.load(run.get("trial.npz")), both.one.interactions
    assert 0 < len(data) < len(whole) * 0.8
    assert data.items.tolist() == trained.item_ids.tolist() == trial.item_ids.tolist() == whole.items.tolist()
    assert trained.item_factors.shape == (len(data.items), 64) and trained.content.any()
    days = trained.settings["popular_days"]
    mine = popularity(whole, float(data.at.max()), days)
    assert trained.popularity == pytest.approx(mine, abs=1e-4)
    assert popularity(data, float(data.at.max()), days) != pytest.approx(mine, abs=1e-2)
    told = content.load(run.get("content.npz"))
    assert dict(zip(told.ids, told.dealings, strict=True)) == {
        item: dict(zip(whole.items, whole.dealings, strict=True)).get(item, 0) for item in told.ids
    }
    assert len(impute.load(run.get("guesses.npz")).values) == len(data.shoppers)


def test_no_key_of_a_shopper_is_in_it(run, both):
    kept = b"".join(
        run.get(name) for name in ("interactions.npz", "bundle.npz", "lists.msgpack", "counts.json", "manifest.json")
    )
    keys = [member.partition("#")[2].encode() for member in both.one.members if member.startswith("a#")]
    keys = [name for name in keys if len(name) > 8]
    assert keys and not any(name in kept for name in keys)


def test_it_is_measured_published_and_not_counted_again_by_the_hour(run, bench, where, both):
    judged = run.get_json("metrics.json")
    assert judged["passed"], judged["reasons"]
    assert b"Spark learned" in run.get("report.html")
    publisher = Publisher(bench.lists, bench.catalog, bench.client, "models")
    assert publisher.publish(VERSION, now=1.0).current == VERSION
    trained = bundle.load(run.get("bundle.npz"))
    best = str(trained.item_ids[trained.popularity.argmax()])
    names = [key(VERSION, kind, name) for kind, name in (("similar", best), ("together", best), ("popular", "all"))]
    assert set(bench.lists.get_many(names)) == set(names)
    manifest = json.loads(
        bench.client.get_object(Bucket="models", Key=f"models/{VERSION}/manifest.json")["Body"].read()
    )
    assert manifest["code"] == "code" and manifest["interactions"] == len(both.one.interactions)
    assert manifest["sampled"] and manifest["objective"] == "order"
    # by the hour one machine would count the sample alone
    gathered = do_gather(bench, where)
    assert not gathered["refresh"] and "more than one machine" in gathered["reasons"][0]


def test_nothing_is_trained_when_the_doctor_objects(both, bench, where):
    """The run starts a month after the last event, so the doctor finds something."""
    from shared.models.spark.job import Job, keep

    started = "2026-04-03T15:00:00Z"
    keep(None, both.other, where.graph(), Job(bench, where, ASKED._replace(started=started, strictness="strict")))
    found = do_findings(bench, named(started))
    assert not found["may_train"] and len(found["reasons"]) > 1
    left = bench.client.list_objects_v2(Bucket="models", Prefix=f"runs/{named(started)}/")["Contents"]
    assert not [entry["Key"] for entry in left if entry["Key"].endswith("bundle.npz")]


@pytest.mark.parametrize(("given", "aim"), [("{}", "click"), ('{"objective": "margin"}', "margin")])
def test_the_entry_takes_the_objective_of_the_execution_before_that_of_the_stack(bench, given, aim):
    from infrastructure.spark.train import job

    usual = SparkSettings("lake", "models", "catalog", "lists", "identity", objective="click", search_seconds=7)
    made = job(usual, STARTED, given)
    assert made.asked == Asked(STARTED, "normal", aim) and made.budget.seconds == 7
    assert made.lake.bucket == "lake" and made.bench.items().keys() == bench.items().keys()


def test_an_empty_lake_is_said_to_be_empty():
    from shared.models.spark.job import learn

    with pytest.raises(TooLittleData, match="lake is empty"):
        learn(None, [], SimpleNamespace())


def test_an_objective_that_the_catalog_knows_no_values_for_is_refused_before_anything_is_read(where):
    from shared.models.spark.job import Job, learn

    job = Job(SimpleNamespace(items=dict), where, ASKED._replace(objective="margin"))
    with pytest.raises(InvalidRequest, match="margin"):
        learn(None, ["nowhere"], job)
