"""From the log of the function that answers into the lake: by windows of time, each of them one object or a few.

A window that is collected again becomes the same objects, so that nothing is lost or doubled when a collection breaks off.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from msgspec import json
from msgspec.structs import replace

from shared.answers.line import MARK, read
from shared.answers.model import Answered, folder, packed
from shared.privacy.person import UNIT, Identifier
from shared.privacy.suppression import Suppressed

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

WINDOW = 300.0  # seconds
LATE = 120.0  # lines are in the log by then
FIRST = 3600.0  # how far the first collection looks back
KEPT = 7 * 86400.0  # the function's log
AN_OBJECT = 20_000  # answers in memory at once
PLACE = "collected/answers.json"

Among = Callable[[Iterable[Identifier]], dict[Identifier, Suppressed]]


class Collected(NamedTuple):
    answers: int
    unreadable: list[str]  # why, of each line
    until: float  # epoch seconds


class Collector:
    """`among` tells which units were erased: their answers stay, and are nobody's."""

    def __init__(self, logs: "CloudWatchLogsClient", group: str, lake: "Lake", among: Among) -> None:
        self.logs = logs
        self.group = group
        self.lake = lake
        self.among = among

    def collect(self, now: float, in_time: Callable[[], bool], *, at_once: bool = False) -> Collected:
        """Every whole window whose lines are there by now; `at_once` also what there is of those
        behind, which are collected again later."""
        whole = (now - LATE) // WINDOW * WINDOW
        start = max(self.lake.until() or (now - FIRST) // WINDOW * WINDOW, (now - KEPT) // WINDOW * WINDOW)
        answers, unreadable = 0, list[str]()
        while start < (now if at_once else whole) and in_time():
            answers += self._window(start, unreadable)
            start += WINDOW
            if start <= whole:
                self.lake.reached(start)
        return Collected(answers, unreadable, start)

    def _window(self, start: float, unreadable: list[str]) -> int:
        read, number, count = self._read(start, unreadable), 0, 0
        while some := list(islice(read, AN_OBJECT)):
            self.lake.put(start, number, self._unnamed(some))
            number, count = number + 1, count + len(some)
        return count

    def _unnamed(self, each: list[Answered]) -> list[Answered]:
        erased = self.among((UNIT, one.unit) for one in each if one.unit)
        gone = {unit: found for (_, unit), found in erased.items()}
        return [replace(one, unit="") if one.unit in gone and gone[one.unit].covers(one.time) else one for one in each]

    def _read(self, start: float, unreadable: list[str]) -> Iterator[Answered]:
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.group,
            startTime=int(start * 1000),
            endTime=int((start + WINDOW) * 1000) - 1,
            filterPattern=f'"{MARK}"',
        )
        for page in pages:
            for event in page["events"]:
                try:
                    yield read(event["message"])
                except ValueError as error:
                    unreadable.append(f"{event.get('logStreamName', '')} {event.get('eventId', '')}: {error}")


def prefix(start: float) -> str:
    """Of the objects of the window that begins then."""
    return f"{folder(start)}{datetime.fromtimestamp(start, UTC):%H%M}-"


class Lake:
    """Where answers go, and how far they have got there."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def put(self, start: float, number: int, answers: list[Answered]) -> None:
        """`number` counts the objects of a window."""
        key = f"{prefix(start)}{number:03d}.jsonl.gz"
        self.client.put_object(Bucket=self.bucket, Key=key, Body=packed(answers), ContentType="application/gzip")

    def until(self) -> float:
        """0.0 before the first collection."""
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=PLACE)["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return 0.0
        return json.decode(found, type=dict[str, float])["until"]

    def reached(self, until: float) -> None:
        self.client.put_object(Bucket=self.bucket, Key=PLACE, Body=json.encode({"until": until}))
