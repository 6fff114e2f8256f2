"""Shopper states in DynamoDB: one binary item each, written under an optimistic version."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from shared import tables
from shared.errors import Conflict
from shared.profiles.state import State, decode, encode

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RETENTION = {"a": 180 * 86400, "u": 730 * 86400}  # seconds after the last event, by kind of key


class Versioned(NamedTuple):
    state: State
    version: int  # 0: not stored yet


class ShoppersStore:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.client = client
        self.table = table

    def get_many(self, keys: Iterable[str]) -> dict[str, Versioned]:
        """The state of every key, empty with version 0 where there is none. Strongly consistent."""
        wanted = list(keys)
        found = tables.get(self.client, self.table, wanted, consistent=True)
        return {key: _versioned(found.get(key)) for key in wanted}

    def save(self, states: Mapping[str, Versioned], received: float) -> None:
        """Write states that were read at their versions, all or none of them.

        `received` (epoch seconds) is when the latest event arrived: retention counts from it. Raises Conflict when somebody
        else wrote one of them meanwhile.
        """
        puts = [self._put(key, versioned, received) for key, versioned in states.items()]
        try:
            if len(puts) == 1:
                self.client.put_item(**puts[0])
            else:
                self.client.transact_write_items(TransactItems=[{"Put": put} for put in puts])
        except ClientError as error:
            if _lost_race(error):
                raise Conflict("a shopper's state was changed meanwhile") from error
            raise

    def _put(self, key: str, versioned: Versioned, received: float) -> Any:
        condition = {"ConditionExpression": "attribute_not_exists(pk)" if not versioned.version else "version = :read"}
        values = {"ExpressionAttributeValues": {":read": {"N": str(versioned.version)}}}
        return {
            "TableName": self.table,
            "Item": {
                "pk": {"S": key},
                "value": {"B": encode(versioned.state)},
                "version": {"N": str(versioned.version + 1)},
                "expires": {"N": str(int(received) + RETENTION[key[0]])},
            },
            **condition,
            **(values if versioned.version else {}),
        }


def _versioned(item: dict[str, Any] | None) -> Versioned:
    return Versioned(decode(item["value"]["B"]), int(item["version"]["N"])) if item else Versioned(State(), 0)


def _lost_race(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
    return code == "ConditionalCheckFailedException" or bool(
        reasons & {"ConditionalCheckFailed", "TransactionConflict"}
    )
