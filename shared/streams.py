"""Kinesis in both directions: records as Lambda hands them over, and delivery that retries only what failed."""

import base64
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef

MAX_RECORDS = 500
MAX_BYTES = 4_500_000  # AWS refuses a request over 5 MB, keys included
THROTTLED = "ProvisionedThroughputExceededException"


class Throttled(Unavailable):
    """The stream has no capacity right now."""

    status = 429
    code = "throttled"


class Record(NamedTuple):
    shard: str
    sequence: int
    partition_key: str
    data: bytes
    arrived: float  # epoch seconds


def records(event: dict[str, Any]) -> list[Record]:
    """The records of a Kinesis event source mapping's invocation, in order."""
    return [
        Record(
            shard=record["eventID"].partition(":")[0],
            sequence=int(record["kinesis"]["sequenceNumber"]),
            partition_key=record["kinesis"]["partitionKey"],
            data=base64.b64decode(record["kinesis"]["data"]),
            arrived=record["kinesis"]["approximateArrivalTimestamp"],
        )
        for record in event["Records"]
    ]


def failures(first_failed: int | None) -> dict[str, list[dict[str, str]]]:
    """The partial batch response: Lambda delivers again from the lowest failed sequence number on."""
    return {"batchItemFailures": [] if first_failed is None else [{"itemIdentifier": str(first_failed)}]}


def put_all(
    client: "KinesisClient",
    stream: str,
    entries: Sequence[tuple[str, bytes]],
    *,
    attempts: int = 4,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Deliver (partition key, data) entries, sending again only what was refused.

    Raises Throttled or Unavailable when some are still refused after `attempts`.
    """
    for chunk in _chunks(entries):
        _put(client, stream, chunk, attempts, sleep)


def _put(
    client: "KinesisClient",
    stream: str,
    chunk: list["PutRecordsRequestEntryTypeDef"],
    attempts: int,
    sleep: Callable[[float], None],
) -> None:
    for attempt in range(attempts):
        if attempt:
            sleep(0.05 * 2**attempt)
        answer = client.put_records(StreamName=stream, Records=chunk)
        if not answer.get("FailedRecordCount"):
            return
        outcome = list(zip(chunk, answer["Records"], strict=True))
        chunk = [entry for entry, result in outcome if "ErrorCode" in result]
        codes = {result["ErrorCode"] for _, result in outcome if "ErrorCode" in result}
    error = Throttled if codes == {THROTTLED} else Unavailable
    raise error(f"the event stream did not take {len(chunk)} events; send the same request again")


def _chunks(entries: Sequence[tuple[str, bytes]]) -> Iterator[list["PutRecordsRequestEntryTypeDef"]]:
    chunk: list[PutRecordsRequestEntryTypeDef] = []
    size = 0
    for key, data in entries:
        cost = len(data) + len(key.encode())
        if chunk and (len(chunk) == MAX_RECORDS or size + cost > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append({"PartitionKey": key, "Data": data})
        size += cost
    if chunk:
        yield chunk
