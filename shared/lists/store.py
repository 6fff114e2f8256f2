"""Lists and the pointer to the current version, in DynamoDB."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from shared import tables
from shared.errors import Conflict
from shared.lists import arms, newcomers, sales
from shared.lists.model import LIVE, Pointer, Scored, decode, decode_pointer, encode, key
from shared.lists.newcomers import Newcomer
from shared.lists.segments import ALL
from shared.versioned import Kept, VersionedTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POINTER = "pointer"


class ListsStore:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.client = client
        self.table = table
        self.items = VersionedTable(client, table)

    def get_many(self, keys: Iterable[str]) -> dict[str, Scored]:
        """Lists by key; those that do not exist are left out."""
        return {pk: decode(item["value"]["B"]) for pk, item in tables.get(self.client, self.table, keys).items()}

    def put_many(self, lists: Mapping[str, Scored]) -> None:
        tables.put(self.client, self.table, {pk: encode(scored) for pk, scored in lists.items()})

    def put_newcomers(self, new: Iterable[Newcomer]) -> None:
        tables.put(self.client, self.table, {key(LIVE, "newcomers", ALL): newcomers.encode(new)})

    def put_arms(self, value: arms.Value) -> None:
        tables.put(self.client, self.table, {key(LIVE, "arms", ALL): arms.encode(value)})

    def put_sales(self, value: sales.Sales) -> None:
        tables.put(self.client, self.table, {key(LIVE, "sales", ALL): sales.encode(value)})

    def delete_many(self, keys: Iterable[str]) -> None:
        tables.delete(self.client, self.table, keys)

    def pointer(self) -> tuple[Pointer, int]:
        """The pointer and the version it was read at (0: there is none yet)."""
        kept = self.items.get(POINTER)
        return (decode_pointer(kept.value), kept.version) if kept.version else (Pointer(), 0)

    def flip(self, pointer: Pointer, read_at: int) -> None:
        """Make `pointer` current if nobody changed it since version `read_at`; otherwise raises Conflict."""
        try:
            self.items.save({POINTER: Kept(encode(pointer), read_at)})
        except Conflict as error:
            raise Conflict("somebody else published or rolled back meanwhile") from error
