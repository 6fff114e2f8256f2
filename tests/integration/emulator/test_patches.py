"""Each patch of the emulator: what holds with it, and that it does not hold without it."""

import json
import subprocess
import uuid

import pytest

from infrastructure.local.layout import EMULATOR_PYTHON, ROOT
from tests.integration.conftest import eventually


def test_routes_of_a_serverless_http_api_reach_their_function(patched, unpatched):
    def statuses(emulator):
        calls = [("GET", "/things/1"), ("POST", "/things"), ("GET", "/nothing"), ("DELETE", "/things/1")]
        return [emulator.http(method, path).status for method, path in calls]

    assert statuses(patched) == [200, 200, 404, 404]
    assert statuses(unpatched) == [404, 404, 404, 404]


def test_a_browser_of_another_origin_may_call_the_api(patched, unpatched):
    def allowed(emulator):
        asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
        preflight = emulator.http("OPTIONS", "/things", **asked)
        answer = emulator.http("POST", "/things", Origin="https://shop.example")
        origins = [a.headers.get("Access-Control-Allow-Origin") for a in (preflight, answer)]
        return preflight.status < 300 and origins == ["*", "*"]

    assert allowed(patched)
    assert not allowed(unpatched)


def test_an_exception_keeps_its_name_so_that_step_functions_can_catch_it(patched, unpatched):
    error = patched.invoke({"raise": "only 3 events"})
    assert error["errorType"] == "TooLittleData" and error["errorMessage"] == "only 3 events" and error["stackTrace"]
    assert unpatched.invoke({"raise": "only 3 events"})["errorType"] != "TooLittleData"


def test_functions_do_not_see_the_emulators_packages(patched, unpatched):
    assert "errorMessage" in patched.invoke({"import": "ministack"})
    assert "errorMessage" not in unpatched.invoke({"import": "ministack"})
    assert "errorMessage" not in patched.invoke({"import": "boto3"})


def test_an_environment_outlives_an_exception(patched, unpatched):
    def calls_after_a_failure(emulator):
        before = emulator.invoke({})["calls"]
        emulator.invoke({"raise": "x"})
        return emulator.invoke({})["calls"] - before

    assert calls_after_a_failure(patched) == 2
    assert calls_after_a_failure(unpatched) != 2


def test_few_log_streams_are_kept(patched, unpatched):
    def streams(emulator):
        for _ in range(210):
            emulator.invoke({"print": "."})
        pages = emulator.aws("logs").get_paginator("describe_log_streams")
        pages = pages.paginate(logGroupName=f"/aws/lambda/{emulator.outputs['Puppet']}")
        return sum(len(page["logStreams"]) for page in pages)

    assert streams(patched) == 200
    assert streams(unpatched) >= 210


def test_metrics_that_a_function_prints_are_in_cloudwatch(patched, unpatched):
    directive = {"Namespace": "Shop", "Dimensions": [["service"]], "Metrics": [{"Name": "Sold", "Unit": "Count"}]}
    line = {"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, "service": "till", "Sold": [2, 3]}

    def metrics(emulator):
        emulator.invoke({"print": json.dumps(line)})
        emulator.invoke({"print": '{"CloudWatchMetrics": nonsense'})
        return [m["MetricName"] for m in emulator.aws("cloudwatch").list_metrics(Namespace="Shop")["Metrics"]]

    assert eventually(lambda: metrics(patched)) == ["Sold"]
    assert metrics(unpatched) == []


def test_time_to_live_and_recovery_of_a_table_are_on(patched, unpatched):
    def settings(emulator):
        dynamodb, table = emulator.aws("dynamodb"), emulator.outputs["Table"]
        live = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
        backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        return live, backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]

    assert settings(patched) == ("ENABLED", "ENABLED")
    assert settings(unpatched) == ("DISABLED", "DISABLED")


def put(emulator, stream, *names):
    records = [{"Data": name.encode(), "PartitionKey": "p"} for name in names]
    emulator.aws("kinesis").put_records(StreamName=emulator.outputs[stream], Records=records)


def test_a_record_reported_as_failed_comes_again_and_in_order(patched, unpatched):
    def fates(emulator, mark):
        put(emulator, "FlakyStream", f"a-{mark}", f"flaky-{mark}", f"b-{mark}")
        eventually(lambda: f"failed flaky-{mark}" in emulator.printed("Consumer"))
        put(emulator, "FlakyStream", f"last-{mark}")
        eventually(lambda: f"done last-{mark}" in emulator.printed("Consumer"))
        return [line.split("-")[0] for line in emulator.printed("Consumer") if mark in line]

    order = ["done a", "failed flaky", "done flaky", "done b", "done last"]
    assert fates(patched, uuid.uuid4().hex) == order
    assert fates(unpatched, uuid.uuid4().hex) == ["done a", "failed flaky", "done last"]


def test_a_poison_record_ends_in_the_failure_queue_and_the_others_go_on(patched, unpatched):
    def given_up(emulator, mark):
        put(emulator, "PoisonStream", f"a-{mark}", f"b-{mark}", f"poison-{mark}", f"c-{mark}")
        eventually(lambda: any(line.startswith("batch of") for line in emulator.printed("Consumer")))
        answer = emulator.aws("sqs").receive_message(QueueUrl=emulator.outputs["Failures"], WaitTimeSeconds=6)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    mark = uuid.uuid4().hex
    [message] = given_up(patched, mark)
    batch, told = message["KinesisBatchInfo"], message["requestContext"]
    assert batch["batchSize"] == 1 and batch["startSequenceNumber"] == batch["endSequenceNumber"]
    assert told["condition"] == "RetryAttemptsExhausted" and told["approximateInvokeCount"] == 3
    eventually(lambda: {f"done {name}-{mark}" for name in "abc"} <= set(patched.printed("Consumer")))

    mark = uuid.uuid4().hex
    assert given_up(unpatched, mark) == []
    assert f"done c-{mark}" not in unpatched.printed("Consumer")


EXPIRING = """
import asyncio, base64, json, sys, time
from ministack.services import kinesis, lambda_svc
if sys.argv[1] == "patched":
    from infrastructure.local.emulator import streams
    streams.apply()
kinesis._create_stream({"StreamName": "s", "ShardCount": 1})
stream = kinesis._streams["s"]
stream["StreamStatus"] = "ACTIVE"
def put(name):
    kinesis._put_record({"StreamName": "s", "PartitionKey": "p", "Data": base64.b64encode(name).decode()})
def get(iterator, limit):
    answer = json.loads(kinesis._get_records({"ShardIterator": iterator, "Limit": limit})[2])
    return [base64.b64decode(r["Data"]).decode() for r in answer["Records"]], answer["NextShardIterator"]
for name in (b"old", b"older", b"new", b"newer"):
    put(name)
[shard] = stream["shards"]
first = {"StreamName": "s", "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
iterator = json.loads(kinesis._get_shard_iterator(first)[2])["ShardIterator"]
read, iterator = get(iterator, 2)
for record in stream["shards"][shard]["records"][:2]:
    record["ApproximateArrivalTimestamp"] -= 25 * 3600
print(json.dumps(read + get(iterator, 10)[0]))
"""


@pytest.mark.parametrize(
    ("kind", "read"), [("patched", ["old", "older", "new", "newer"]), ("unpatched", ["old", "older"])]
)
def test_a_reader_keeps_its_place_when_records_expire_behind_it(kind, read):
    command = [str(EMULATOR_PYTHON), "-c", EXPIRING, kind]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout.splitlines()[-1]) == read


def test_another_version_of_the_emulator_is_refused():
    code = """
import importlib.metadata, runpy
importlib.metadata.version = lambda name: "1.6.0"
runpy.run_module("infrastructure.local.emulator", run_name="__main__")
"""
    run = subprocess.run([str(EMULATOR_PYTHON), "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1 and "1.6.0 is installed" in run.stderr and "make setup" in run.stderr
