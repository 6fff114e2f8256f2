"""Binary items under an optimistic version: several writers, no lost write, all of a set or none."""

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from botocore.exceptions import ClientError

from shared import tables
from shared.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_AT_ONCE = 100  # DynamoDB's limit of a transaction


class Kept(NamedTuple):
    """`version` 0: not stored yet."""

    value: bytes = b""
    version: int = 0


class Versions(Protocol):
    def get_many(self, keys: Iterable[str]) -> dict[str, Kept]:
        """Every key, with version 0 where there is nothing. Strongly consistent."""
        ...

    def save(self, items: Mapping[str, Kept], expires: Mapping[str, int] | None = None) -> None:
        """Write values that were read at their versions, all or none, at most MOST_AT_ONCE.

        `expires` are epoch seconds by key. Raises Conflict when somebody else wrote one of them meanwhile.
        """
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Whatever their versions; what is not there is no mistake."""
        ...


class VersionedTable:
    """In DynamoDB, as attributes `value`, `version` and `expires`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.client = client
        self.table = table

    def get(self, key: str) -> Kept:
        answer = self.client.get_item(TableName=self.table, Key={"pk": {"S": key}}, ConsistentRead=True)
        return _kept(answer.get("Item"))

    def get_many(self, keys: Iterable[str]) -> dict[str, Kept]:
        wanted = list(keys)
        found = tables.get(self.client, self.table, wanted, consistent=True)
        return {key: _kept(found.get(key)) for key in wanted}

    def save(self, items: Mapping[str, Kept], expires: Mapping[str, int] | None = None) -> None:
        puts = [self._put(key, kept, (expires or {}).get(key)) for key, kept in items.items()]
        try:
            if len(puts) == 1:
                self.client.put_item(**puts[0])
            elif puts:
                self.client.transact_write_items(TransactItems=[{"Put": put} for put in puts])
        except ClientError as error:
            if _lost_race(error):
                raise Conflict("somebody else wrote the item meanwhile") from error
            raise

    def delete(self, keys: Iterable[str]) -> None:
        tables.delete(self.client, self.table, keys)

    def _put(self, key: str, kept: Kept, expires: int | None) -> Any:
        item: dict[str, Any] = {"pk": {"S": key}, "value": {"B": kept.value}, "version": {"N": str(kept.version + 1)}}
        if expires is not None:
            item["expires"] = {"N": str(expires)}
        put = {"TableName": self.table, "Item": item}
        if not kept.version:
            return {**put, "ConditionExpression": "attribute_not_exists(pk)"}
        read = {":read": {"N": str(kept.version)}}
        return {**put, "ConditionExpression": "version = :read", "ExpressionAttributeValues": read}


class VersionedMemory:
    """In this process, for development and tests. May be shared by threads."""

    def __init__(self) -> None:
        self.items: dict[str, Kept] = {}
        self.lock = threading.Lock()

    def get_many(self, keys: Iterable[str]) -> dict[str, Kept]:
        with self.lock:
            return {key: self.items.get(key, Kept()) for key in keys}

    def save(self, items: Mapping[str, Kept], expires: Mapping[str, int] | None = None) -> None:  # noqa: ARG002
        with self.lock:
            if any(self.items.get(key, Kept()).version != kept.version for key, kept in items.items()):
                raise Conflict("somebody else wrote the item meanwhile")
            self.items.update({key: Kept(kept.value, kept.version + 1) for key, kept in items.items()})

    def delete(self, keys: Iterable[str]) -> None:
        with self.lock:
            for key in keys:
                self.items.pop(key, None)


def _kept(item: dict[str, Any] | None) -> Kept:
    return Kept(item["value"]["B"], int(item["version"]["N"])) if item else Kept()


def _lost_race(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
    return code == "ConditionalCheckFailedException" or bool(
        reasons & {"ConditionalCheckFailed", "TransactionConflict"}
    )
