"""The catalog in DynamoDB. Writes are ordered by `updated_at`: what is older never overwrites what is newer."""

import heapq
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec
from botocore.exceptions import ClientError

from shared import tables
from shared.cache import Cache
from shared.catalog.model import Item, decode, encode
from shared.errors import InvalidRequest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WRITERS = 8
NO_NEWER = "attribute_not_exists(pk) OR updated_at <= :at"
ARRIVALS = "arrivals"  # index of the items in order of first sight
PARTS = 4  # of the index: one part takes 1,000 new items a second
WRITE = "SET #value = :value, updated_at = :new, part = :part, first_seen = if_not_exists(first_seen, :new)"


class CatalogStore:
    def __init__(self, client: "DynamoDBClient", table: str, cache: Cache | None = None) -> None:
        self.client = client
        self.table = table
        self.cache = cache

    def get_many(self, ids: Iterable[str]) -> dict[str, Item]:
        """Items by id; those that do not exist are left out."""
        found = tables.get(self.client, self.table, ids, consistent=True)
        return {pk: _item(stored) for pk, stored in found.items()}

    def put_many(self, items: Sequence[Item]) -> list[bool]:
        """Write each item unless a newer one is there; says of each whether it was written.

        Items of one id are written in the order given, others side by side.
        """
        places: dict[str, list[int]] = {}
        for place, item in enumerate(items):
            places.setdefault(item.id, []).append(place)
        written = [False] * len(items)

        def write(mine: list[int]) -> None:
            for place in mine:
                written[place] = self._put(items[place])

        try:
            with ThreadPoolExecutor(WRITERS) as pool:
                list(pool.map(write, places.values()))
        finally:
            self._forget(dict.fromkeys(item.id for item, done in zip(items, written, strict=True) if done))
        return written

    def replace(self, item: Item, read_at: float) -> bool:
        """Write the item if one is stored and still of `read_at`; says whether it was."""
        written = self._put(item, "updated_at = :at", read_at)
        self._forget([item.id] if written else [])
        return written

    def delete(self, item_id: str) -> bool:
        """Whether there was such an item."""
        answer = self.client.delete_item(TableName=self.table, Key={"pk": {"S": item_id}}, ReturnValues="ALL_OLD")
        self._forget([item_id])
        return "Attributes" in answer

    def page(self, limit: int, cursor: str = "") -> tuple[list[Item], str]:
        """Up to `limit` items in no particular order, and the cursor of the next page ("" after the last)."""
        start: Any = {"ExclusiveStartKey": {"pk": {"S": _opened(cursor)}}} if cursor else {}
        answer = self.client.scan(TableName=self.table, Limit=limit, **start)
        last = answer.get("LastEvaluatedKey")
        following = urlsafe_b64encode(last["pk"]["S"].encode()).decode() if last else ""
        return [_item(stored) for stored in answer["Items"]], following

    def scan(self) -> Iterator[Item]:
        """Every item."""
        for page in self.client.get_paginator("scan").paginate(TableName=self.table):
            yield from map(_item, page["Items"])

    def newest(self, limit: int) -> list[str]:
        """Ids of the items that came last, newest first; what was written in the last second may be missing."""
        found: list[tuple[float, str]] = []
        for part in range(PARTS):
            answer = self.client.query(
                TableName=self.table,
                IndexName=ARRIVALS,
                KeyConditionExpression="part = :part",
                ExpressionAttributeValues={":part": {"S": str(part)}},
                ScanIndexForward=False,
                Limit=limit,
            )
            found += [(float(item["first_seen"]["N"]), item["pk"]["S"]) for item in answer["Items"]]
        return [item_id for _, item_id in heapq.nlargest(limit, found)]

    def _put(self, item: Item, condition: str = NO_NEWER, at: float | None = None) -> bool:
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"pk": {"S": item.id}},
                UpdateExpression=WRITE,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#value": "value"},
                ExpressionAttributeValues={
                    ":value": {"B": encode(item)},
                    ":new": {"N": repr(item.updated_at)},
                    ":part": {"S": str(crc32(item.id.encode()) % PARTS)},
                    ":at": {"N": repr(item.updated_at if at is None else at)},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _forget(self, ids: Iterable[str]) -> None:
        if self.cache:
            self.cache.delete_many([f"c:{item_id}" for item_id in ids])


def _item(stored: Any) -> Item:
    first_seen = float(stored["first_seen"]["N"]) if "first_seen" in stored else 0.0
    return msgspec.structs.replace(decode(stored["value"]["B"]), first_seen=first_seen)


def _opened(cursor: str) -> str:
    try:
        return b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise InvalidRequest("is not one of ours; take `nextCursor` of the page before", "cursor") from None
