"""Shopper states in DynamoDB: one binary item each, written under an optimistic version."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from shared.profiles.state import State, decode, encode
from shared.versioned import Kept, VersionedTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RETENTION = {"a": 180 * 86400, "u": 730 * 86400}  # seconds after the last event, by kind of key


class Versioned(NamedTuple):
    state: State
    version: int  # 0: not stored yet


class ShoppersStore:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.items = VersionedTable(client, table)

    def get_many(self, keys: Iterable[str]) -> dict[str, Versioned]:
        """The state of every key, empty with version 0 where there is none. Strongly consistent."""
        return {key: _versioned(kept) for key, kept in self.items.get_many(keys).items()}

    def save(self, states: Mapping[str, Versioned], received: float) -> None:
        """Write states that were read at their versions, all or none of them.

        `received` (epoch seconds) is when the latest event arrived: retention counts from it. Raises Conflict when somebody
        else wrote one of them meanwhile.
        """
        self.items.save(
            {key: Kept(encode(versioned.state), versioned.version) for key, versioned in states.items()},
            {key: int(received) + RETENTION[key[0]] for key in states},
        )


def _versioned(kept: Kept) -> Versioned:
    return Versioned(decode(kept.value), kept.version) if kept.version else Versioned(State(), 0)
