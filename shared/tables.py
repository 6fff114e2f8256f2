"""Batches of DynamoDB items by key, with what was left unprocessed asked for again."""

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from shared.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

READ_CHUNK = 100
WRITE_CHUNK = 25
ATTEMPTS = 6


def get(
    client: "DynamoDBClient", table: str, keys: Iterable[str], *, consistent: bool = False
) -> dict[str, dict[str, Any]]:
    """Items by pk; those that do not exist are left out. Raises Unavailable when DynamoDB keeps refusing some."""
    wanted = list(dict.fromkeys(keys))
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(wanted), READ_CHUNK):
        chunk = [{"pk": {"S": key}} for key in wanted[start : start + READ_CHUNK]]
        request: Any = {table: {"Keys": chunk, "ConsistentRead": consistent}}
        for _ in _attempts("read"):
            answer = client.batch_get_item(RequestItems=request)
            found.update((item["pk"]["S"], item) for item in answer["Responses"].get(table, []))
            request = answer.get("UnprocessedKeys")
            if not request:
                break
    return found


def put(client: "DynamoDBClient", table: str, values: Mapping[str, bytes]) -> None:
    """Write `value` under each pk, overwriting what is there."""
    puts = [{"PutRequest": {"Item": {"pk": {"S": pk}, "value": {"B": value}}}} for pk, value in values.items()]
    _write(client, table, puts)


def delete(client: "DynamoDBClient", table: str, keys: Iterable[str]) -> None:
    _write(client, table, [{"DeleteRequest": {"Key": {"pk": {"S": key}}}} for key in keys])


def _write(client: "DynamoDBClient", table: str, requests: list[dict[str, Any]]) -> None:
    for start in range(0, len(requests), WRITE_CHUNK):
        request: Any = {table: requests[start : start + WRITE_CHUNK]}
        for _ in _attempts("written"):
            request = client.batch_write_item(RequestItems=request).get("UnprocessedItems")
            if not request:
                break


def _attempts(what: str) -> Iterable[int]:
    """Counts up with growing pauses; raises Unavailable when the last attempt left something."""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(0.05 * 2**attempt)
        yield attempt
    raise Unavailable(f"DynamoDB leaves some items not {what}; try again later")
