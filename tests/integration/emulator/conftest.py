"""Two emulators, one with our patches and one without, each with the same small stack: a patch that no test misses is not needed."""

import json
import os
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import urllib3

from infrastructure.local import control, supervisor
from infrastructure.local.deploy import client
from infrastructure.local.emulator.__main__ import PATCHES
from infrastructure.local.layout import EMULATOR_PYTHON, ROOT, Layout

TEMPLATE = (Path(__file__).parent / "template.yaml").read_text()


@dataclass
class Emulator:
    layout: Layout
    outputs: dict[str, str] = field(default_factory=dict)

    def aws(self, service):
        return client(self.layout, service)

    def http(self, method, path, **headers):
        host = f"{self.outputs['ApiId']}.execute-api.localhost:{self.layout.port}"
        return urllib3.request(method, self.layout.endpoint + path, headers={"Host": host, **headers}, retries=False)

    def invoke(self, event):
        answer = self.aws("lambda").invoke(FunctionName=self.outputs["Puppet"], Payload=json.dumps(event).encode())
        return json.loads(answer["Payload"].read())

    def printed(self, function):
        """Lines of a function's log."""
        logs, group = self.aws("logs"), f"/aws/lambda/{self.outputs[function]}"
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"].strip() for page in pages for event in page["events"]]


def free_layout(home):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return Layout(home, one.getsockname()[1], other.getsockname()[1])


@contextmanager
def running(home, parts, **env):
    """The named parts of a local stack, without a supervisor, and with the test's stack deployed."""
    if not EMULATOR_PYTHON.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("the local stack is not installed: `make setup`")
    layout = free_layout(home)
    layout.state.mkdir(parents=True)
    commands = supervisor.commands(layout)
    processes = []
    try:
        for name in parts:
            command, variables = commands[name]
            with (home / f"{name}.log").open("wb") as log:
                processes.append(subprocess.Popen(command, env={**variables, **env}, cwd=ROOT, stdout=log, stderr=log))
            while name == "emulator" and not control.healthy(layout):
                assert processes[-1].poll() is None, (home / "emulator.log").read_text()
                time.sleep(0.1)
        yield Emulator(layout, deploy(layout))
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(60)


def deploy(layout):
    cloudformation = client(layout, "cloudformation")
    cloudformation.create_stack(
        StackName="patches", TemplateBody=TEMPLATE, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    )
    while (stack := cloudformation.describe_stacks(StackName="patches")["Stacks"][0])[
        "StackStatus"
    ] == "CREATE_IN_PROGRESS":
        time.sleep(0.1)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture(scope="session")
def patched(tmp_path_factory):
    with running(tmp_path_factory.mktemp("patched"), ["emulator", "poller"]) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def unpatched(tmp_path_factory):
    with running(
        tmp_path_factory.mktemp("unpatched"), ["emulator"], SHOPWINDOW_UNPATCHED=",".join(PATCHES)
    ) as emulator:
        yield emulator
