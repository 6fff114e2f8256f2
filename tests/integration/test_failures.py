"""What goes wrong on the way, and that nothing is lost or counted twice."""

import base64
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infrastructure.cli import replay
from shared.errors import Conflict
from shared.profiles.store import ShoppersStore
from tests.integration.conftest import eventually, view


def table(aws, name):
    pages = aws("dynamodb").get_paginator("scan").paginate(TableName=name)
    return {
        i["pk"]["S"]: (i["value"]["B"], i["version"]["N"]) for page in pages for i in page["Items"] if "version" in i
    }


def test_a_poison_record_is_kept_for_replay_and_stops_nobody(stack, aws, browser_api, shopper):
    stream, key = stack.outputs["Stream"], f"poison-{shopper}"
    aws("kinesis").put_record(StreamName=stream, Data=b"{not an event", PartitionKey=key)
    browser_api.call("POST", "/v1/batch", {"batch": [view(shopper, "tent")]})
    store = ShoppersStore(aws("dynamodb"), stack.outputs["ShoppersTable"])
    eventually(lambda: store.get_many([f"a#{shopper}"])[f"a#{shopper}"].version)

    def mine():
        return [pair for pair in replay.quarantined(stack) if pair[1]["partitionKey"] == key]

    [(place, body)] = eventually(mine)
    assert base64.b64decode(body["data"]) == b"{not an event" and "malformed" in body["reason"]
    assert replay.replay(stack, [(place, body)]) == 1
    [(again, _)] = eventually(lambda: [pair for pair in mine() if pair[0] != place])
    aws("s3").delete_object(Bucket=stack.outputs["LakeBucket"], Key=again)


def profiles_processes(stack):
    """Pids of the running environments of this stack's profiles function."""
    marks = (b"_HANDLER=functions.profiles.handler.lambda_handler", f"AWS_ENDPOINT_URL={stack.endpoint}".encode())
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if all(mark in variables for mark in marks):
            found.append(int(entry.name))
    return found


def test_killing_profiles_mid_batch_and_replaying_the_stream_changes_nothing(stack, aws, browser_api, shopper):
    killed = []
    people = [f"{shopper}-{n}" for n in range(40)]
    batches = [
        [view(p, f"item-{r}-{n % 7}", timestamp="2020-01-01T00:00:00Z") for n, p in enumerate(people)]
        for r in range(25)
    ]
    stopped = threading.Event()

    def kill():
        while not stopped.wait(0.4):
            for pid in profiles_processes(stack):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        for batch in batches:
            browser_api.call("POST", "/v1/batch", {"batch": batch})
            time.sleep(0.1)
    finally:
        stopped.set()
        killer.join()
    store = ShoppersStore(aws("dynamodb"), stack.outputs["ShoppersTable"])
    keys = [f"a#{p}" for p in people]
    eventually(lambda: sum(v.state.totals.views for v in store.get_many(keys).values()) == 1000, 60)

    assert killed
    tables = [stack.outputs["ShoppersTable"], stack.outputs["ListsTable"]]
    before = [table(aws, name) for name in tables]
    assert replay_stream(stack, aws) >= 1000
    assert [table(aws, name) for name in tables] == before


def replay_stream(stack, aws):
    """Hand the whole stream to the profiles function once more, shard by shard."""
    kinesis, functions, count = aws("kinesis"), aws("lambda"), 0
    import json

    for shard in kinesis.list_shards(StreamName=stack.outputs["Stream"])["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stack.outputs["Stream"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=iterator, Limit=500)
            if not answer["Records"]:
                break
            iterator = answer["NextShardIterator"]
            records = [
                {
                    "eventID": f"{shard['ShardId']}:{r['SequenceNumber']}",
                    "kinesis": {
                        "partitionKey": r["PartitionKey"],
                        "sequenceNumber": r["SequenceNumber"],
                        "data": base64.b64encode(r["Data"]).decode(),
                        "approximateArrivalTimestamp": r["ApproximateArrivalTimestamp"].timestamp(),
                    },
                }
                for r in answer["Records"]
            ]
            result = functions.invoke(
                FunctionName=stack.outputs["ProfilesFunction"], Payload=json.dumps({"Records": records}).encode()
            )
            assert json.loads(result["Payload"].read()) == {"batchItemFailures": []}
            count += len(records)
    return count


def test_no_update_is_lost_between_writers_that_retry(stack, aws, shopper):
    store, key = ShoppersStore(aws("dynamodb"), stack.outputs["ShoppersTable"]), f"u#{shopper}"

    def add(item):
        while True:
            read = store.get_many([key])[key]
            read.state.cart[str(item)] = 1.0
            try:
                return store.save({key: read}, time.time())
            except Conflict:
                continue

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(20)))
    assert len(store.get_many([key])[key].state.cart) == 20
