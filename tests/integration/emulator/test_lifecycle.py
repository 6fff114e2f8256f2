"""Starting, stopping and starting again."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.local import control
from infrastructure.local.deploy import client
from infrastructure.local.layout import EMULATOR_PYTHON, ROOT, LocalStackError
from tests import tables
from tests.integration.conftest import eventually
from tests.integration.emulator.conftest import free_layout


@pytest.fixture
def layout(tmp_path):
    if not EMULATOR_PYTHON.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("the local stack is not installed: `make setup`")
    made = free_layout(tmp_path / "stack")
    yield made
    control.stop(made)


def test_stopping_and_starting_keeps_everything(layout):
    control.start(layout)
    tables.create(client(layout, "dynamodb"), "table")
    client(layout, "dynamodb").put_item(TableName="table", Item={"pk": {"S": "tent"}})
    client(layout, "kinesis").create_stream(StreamName="stream", ShardCount=1)
    eventually(lambda: client(layout, "kinesis").put_record(StreamName="stream", Data=b"x", PartitionKey="p"))
    client(layout, "s3").create_bucket(Bucket="bucket")
    client(layout, "s3").put_object(Bucket="bucket", Key="k", Body=b"kept")
    with pytest.raises(LocalStackError, match="runs already"):
        control.start(layout)
    assert control.stop(layout) and not control.healthy(layout) and control.pid(layout) is None

    control.start(layout)
    assert client(layout, "dynamodb").get_item(TableName="table", Key={"pk": {"S": "tent"}})["Item"]
    assert client(layout, "s3").get_object(Bucket="bucket", Key="k")["Body"].read() == b"kept"
    kinesis = client(layout, "kinesis")
    shard = kinesis.list_shards(StreamName="stream")["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName="stream", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    assert [r["Data"] for r in kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]] == [b"x"]


def test_when_one_part_dies_all_stop(layout):
    control.start(layout)
    supervisor = control.pid(layout)
    children = [int(n) for n in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()]
    poller = next(n for n in children if "infrastructure.local.poller" in control._command(n))
    os.kill(poller, signal.SIGKILL)
    eventually(lambda: control.pid(layout) is None and not control.healthy(layout))


def test_a_taken_port_is_named_and_another_suggested(layout):
    with (
        socket.create_server(("127.0.0.1", layout.port)),
        pytest.raises(LocalStackError, match=f"Port {layout.port} is taken .* PORT="),
    ):
        control.start(layout)


def test_a_pid_left_by_a_crash_is_not_taken_for_the_stack(layout):
    layout.home.mkdir()
    layout.pid_file.write_text(str(os.getpid()))
    assert control.pid(layout) is None and not control.stop(layout)


def test_what_runs_already_is_said_by_the_command(layout):
    control.start(layout)
    run = subprocess.run(
        [sys.executable, "-m", "infrastructure.local", "start"],
        env={**os.environ, **layout.env()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"runs already on port {layout.port}" in run.stdout
