"""How much there is to learn from, and which way training takes."""

import json
import random
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from shared.events import lake
from shared.events.model import Consent, encode
from shared.identity.graph import DEFAULT
from shared.models.runs import objects
from shared.models.steps import size
from shared.models.steps.lake import Lake
from shared.models.steps.prepare import too_many
from shared.models.steps.size import do_size, estimate
from tests.factories import NOON, event, order

ROOT = Path(__file__).parents[3]


@pytest.fixture
def s3():
    with mock_aws():
        client = boto3.client("s3")
        for bucket in ("lake", "models"):
            client.create_bucket(Bucket=bucket)
        yield client


def put(client, hours, a_hour):
    rng = random.Random(1)
    for hour in range(hours):
        at = NOON + timedelta(hours=hour)
        made = [
            event(item=f"i{rng.random()}", anonymous_id=f"a{rng.random()}", timestamp=at)
            for _ in range(rng.randint(1, a_hour))
        ]
        key = f"{lake.folder(at)}{hour}.jsonl.gz"
        client.put_object(Bucket="lake", Key=key, Body=lake.lines(map(encode, made)))
        yield len(made)


def test_a_small_lake_is_counted_exactly(s3):
    nobody = event(anonymous_id="", consent=Consent())
    lines = [event(), order("tent", "stove"), event("Order Refunded"), event("", type="page"), nobody]
    s3.put_object(Bucket="lake", Key="events/dt=2026-03-02/hour=12/a.jsonl.gz", Body=lake.lines(map(encode, lines)))
    assert estimate(s3, "lake", objects(s3, "lake")) == 3


def test_an_empty_lake_has_none(s3):
    assert estimate(s3, "lake", objects(s3, "lake")) == 0


def test_a_large_lake_is_estimated_by_the_beginnings_of_few_objects(s3, monkeypatch):
    told = sum(put(s3, 40, 200))
    monkeypatch.setattr(size, "MOST", 3000)
    read = []
    client = SimpleNamespace(get_object=lambda **asked: read.append(asked) or s3.get_object(**asked))
    assert estimate(client, "lake", objects(s3, "lake")) == pytest.approx(told, rel=0.35)
    assert len(read) <= size.LOOKED_AT and all(int(asked["Range"].split("-")[1]) < 3000 for asked in read)


def sized(s3, spark, spark_from=2):
    bench = SimpleNamespace(client=s3, bucket="models")
    return do_size(bench, Lake("lake", None, "identity", DEFAULT, spark_from), "2026-03-03T03:00:00Z", spark)


def test_spark_can_be_used_where_there_is_an_application_and_the_job_has_been_put_there(s3):
    list(put(s3, 3, 2))
    assert not sized(s3, spark=True)["spark"]
    s3.put_object(Bucket="models", Key="spark/environment.tar.gz", Body=b"")
    assert not sized(s3, spark=True)["spark"]
    s3.put_object(Bucket="models", Key="spark/train.py", Body=b"")
    made = sized(s3, spark=True)
    assert made["spark"] and made["version"] == "20260303T030000Z" and made["spark_from"] == 2
    assert not sized(s3, spark=False)["spark"]


MACHINE = json.loads((ROOT / "infrastructure/training.asl.json").read_text())["States"]


def taken(output):
    """The state that the Choice goes to, read as Step Functions does."""

    def holds(rule):
        if "And" in rule:
            return all(map(holds, rule["And"]))
        value = output[rule["Variable"].removeprefix("$.")]
        if "BooleanEquals" in rule:
            return value is rule["BooleanEquals"]
        return value > output[rule["NumericGreaterThanPath"].removeprefix("$.")]

    return next((rule["Next"] for rule in MACHINE["Way"]["Choices"] if holds(rule)), MACHINE["Way"]["Default"])


@pytest.mark.parametrize(
    ("interactions", "spark", "way"),
    [(50_000_001, True, "Spark"), (50_000_000, True, "Prepare"), (0, True, "Prepare"), (60_000_000, False, "Prepare")],
)
def test_the_state_machine_chooses_by_the_number_of_interactions(interactions, spark, way):
    assert taken({"version": "v", "interactions": interactions, "spark": spark, "spark_from": 50_000_000}) == way


def test_after_spark_come_the_same_steps_unless_the_doctor_objected():
    spark = MACHINE["Spark"]
    assert spark["Resource"].endswith("emr-serverless:startJobRun.sync") and spark["ResultPath"] is None
    assert spark["Parameters"]["JobDriver"]["SparkSubmit"]["EntryPoint"] == f"s3://${{ModelsBucket}}/{size.PACKAGE}"
    assert MACHINE[spark["Next"]]["Parameters"]["Payload"] == {"step": "findings", "version.$": "$.version"}
    learned = MACHINE[MACHINE[spark["Next"]]["Next"]]
    assert [rule["Next"] for rule in learned["Choices"]] == ["Evaluate"] and learned["Default"] == MACHINE["Doctor"][
        "Default"
    ]


def test_one_machine_that_does_more_than_it_is_meant_for_says_so():
    assert not too_many(2, 2) and not too_many(10**9, 0)
    (sentence,) = too_many(60_000_000, 50_000_000)
    assert "60,000,000" in sentence and "50,000,000" in sentence


def test_the_job_is_told_when_the_execution_started_and_with_which_input():
    told = MACHINE["Spark"]["Parameters"]["JobDriver"]["SparkSubmit"]["EntryPointArguments.$"]
    assert told == "States.Array($$.Execution.StartTime, States.JsonToString($$.Execution.Input))"
