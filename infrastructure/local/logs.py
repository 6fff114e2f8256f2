"""The latest lines of the local stack's own logs and of its functions' logs."""

import time
from collections.abc import Iterator

from infrastructure.local import control
from infrastructure.local.deploy import client
from infrastructure.local.layout import Layout, LocalStackError

MINUTES = 15


def lines(layout: Layout, most: int = 40) -> Iterator[str]:
    files = sorted(layout.logs.glob("*.log"))
    if not files:
        raise LocalStackError("There are no logs yet. `make up` starts the stack.")
    for file in files:
        yield f"==> {file}"
        yield from file.read_text(errors="replace").splitlines()[-most:]
    if control.healthy(layout):
        yield from _functions(layout, most)


def _functions(layout: Layout, most: int) -> Iterator[str]:
    logs, since = client(layout, "logs"), int((time.time() - 60 * MINUTES) * 1000)
    for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"], startTime=since)
        said = [event["message"].rstrip() for page in pages for event in page["events"]]
        said = [line for line in said if not line.startswith(("START ", "END ", "REPORT ", "INIT_START"))]
        if said:
            yield f"==> {group['logGroupName']} (last {MINUTES} minutes)"
            yield from said[-most:]
