"""States of shoppers: the person's own, and mentions in those of others (a device remembers whose its history became)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from botocore.exceptions import ClientError

from shared import tables
from shared.cache import Cache
from shared.errors import Unavailable
from shared.privacy.person import ANONYMOUS, USER, Identifier, Person
from shared.privacy.stores.base import Chunk, Find, scanned
from shared.profiles import state as states
from shared.profiles.state import State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTEMPTS = 8
OWN = "own"  # cursor before the table is searched


class _Ref(NamedTuple):
    key: str
    own: bool


class States:
    name = "shoppers"
    title = "states of shoppers, with candidates and consent choices"

    def __init__(self, client: "DynamoDBClient", table: str, cache: Cache | None = None) -> None:
        self.client = client
        self.table = table
        self.cache = cache

    def likely(self, person: Person, cursor: str = "") -> Iterator[Chunk]:  # noqa: ARG002 - few: one piece
        own, near = person.keys, person.near_keys
        items = tables.get(self.client, self.table, [*own, *near], consistent=True)
        mentions = [self._mention(person, items[key]) for key in near if key in items and key not in own]
        yield Chunk("", [*(self._own(key, items[key]) for key in own if key in items), *filter(None, mentions)])

    def find(self, person: Person, cursor: str = "") -> Iterator[Chunk]:
        if not cursor:
            items = tables.get(self.client, self.table, person.keys, consistent=True)
            yield Chunk(OWN, [self._own(key, item) for key, item in items.items()])
        own = set(person.keys)
        for page, last in scanned(self.client, self.table, "" if cursor == OWN else cursor):
            others = [item for item in page if item["pk"]["S"] not in own]
            yield Chunk(last, [find for item in others if (find := self._mention(person, item))])

    def names(self, cursor: str) -> Iterator[tuple[set[Identifier], str]]:
        for page, last in scanned(self.client, self.table, cursor, consistent=True):
            yield {name for item in page for name in _names(item)}, last

    def erase(self, person: Person, finds: list[Find]) -> None:
        for find in finds:
            if find.ref.own:
                self.client.delete_item(TableName=self.table, Key={"pk": {"S": find.ref.key}})
            else:
                self._forget(person, find.ref.key)
        if self.cache:  # whatever was found: a reader may have filled the cache again since
            self.cache.delete_many(f"s:{key}" for key in {*person.keys, *(find.ref.key for find in finds)})

    def _own(self, key: str, item: dict[str, Any]) -> Find:
        return Find(f"table Shoppers, item {key}", named(states.decode(item["value"]["B"])), _Ref(key, own=True))

    def _mention(self, person: Person, item: dict[str, Any]) -> Find | None:
        key, value = item["pk"]["S"], item["value"]["B"]
        if person.packed.search(value) and forget(person, states.decode(value)):
            what = {"mention": "the item of another shopper or device names this person"}
            return Find(f"table Shoppers, item {key}", what, _Ref(key, own=False))
        return None

    def _forget(self, person: Person, key: str) -> None:
        """Take the mentions out of somebody else's state, without losing what is folded into it meanwhile."""
        for _ in range(ATTEMPTS):
            item = tables.get(self.client, self.table, [key], consistent=True).get(key)
            if not item:
                return
            state = states.decode(item["value"]["B"])
            forget(person, state)
            version = int(item["version"]["N"])
            new = {**item, "value": {"B": states.encode(state)}, "version": {"N": str(version + 1)}}
            try:
                self.client.put_item(
                    TableName=self.table,
                    Item=new,
                    ConditionExpression="version = :read",
                    ExpressionAttributeValues={":read": {"N": str(version)}},
                )
                return
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
        raise Unavailable(f"the state {key} is being written by somebody else all the time")


def _names(item: dict[str, Any]) -> Iterator[Identifier]:
    """A watermark is under a user id or a device's."""
    kind, _, value = item["pk"]["S"].partition("#")
    state = states.decode(item["value"]["B"])
    yield (USER if kind == "u" else ANONYMOUS), value
    yield USER, state.user_id
    yield from ((kind, key) for key in state.watermarks for kind in (USER, ANONYMOUS))


def forget(person: Person, state: State) -> bool:
    """Take mentions of the person out of another's state (changed in place). Whether there were any."""
    marks = {key: mark for key, mark in state.watermarks.items() if key not in person.names}
    found = state.user_id in person.users or len(marks) < len(state.watermarks)
    if state.user_id in person.users:
        state.user_id = ""
    state.watermarks = marks
    return found


def named(value: Any) -> Any:
    """A struct as a document with the names of its fields."""
    if isinstance(value, msgspec.Struct):
        return {field.name: named(getattr(value, field.name)) for field in msgspec.structs.fields(value)}
    if isinstance(value, list):
        return [named(part) for part in value]
    return value
