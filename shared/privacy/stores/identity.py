"""The identity table: identifiers, what links them, and other requests about the same person."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from shared import tables
from shared.identity.apply import read
from shared.identity.erase import component_without, node_without
from shared.identity.linker import RETENTION
from shared.identity.record import Component, decode_component, decode_node, encode
from shared.privacy.person import Identifier, Person, mentions, texts
from shared.privacy.search import identifier, node
from shared.privacy.stores.base import Chunk, Find, scanned
from shared.versioned import Kept, VersionedTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SUPPRESSIONS = "x#"


class IdentityLinks:
    name = "identity"
    title = "identifiers and the links between them"

    def __init__(self, client: "DynamoDBClient", table: str, own: str, wall: Callable[[], float] = time.time) -> None:
        """`own` is the pk of the request being worked on: it names the person until it is done."""
        self.client = client
        self.table = table
        self.own = own
        self.wall = wall
        self.items = VersionedTable(client, table)

    def likely(self, person: Person, cursor: str = "") -> Iterator[Chunk]:  # noqa: ARG002 - few: one piece
        names = {*map(node, person.identifiers), *person.near, *(f"anonymous:{device}" for device in person.shared)}
        found = read(self.items, names)
        keys = [*(f"i#{name}" for name in found.nodes), *(f"c#{name}" for name in found.components)]
        items = tables.get(self.client, self.table, keys, consistent=True)
        yield Chunk("", [find for item in items.values() if (find := self._find(person, item))])

    def find(self, person: Person, cursor: str = "") -> Iterator[Chunk]:
        for items, last in scanned(self.client, self.table, cursor, consistent=True):
            yield Chunk(last, [find for item in items if (find := self._find(person, item))])

    def names(self, cursor: str) -> Iterator[tuple[set[Identifier], str]]:
        for items, last in scanned(self.client, self.table, cursor, consistent=True):
            graph = [item for item in items if item["pk"]["S"].startswith(("i#", "c#"))]
            told = (text for item in graph for text in (item["pk"]["S"][2:], *texts(plain(item))))
            yield {identifier(text) for text in told if ":" in text}, last

    def erase(self, person: Person, finds: list[Find]) -> None:
        """Items that are the person's go; of what others share with the person, only the person's part. Raises Conflict when somebody
        writes the same item meanwhile: then the step is done again."""
        for find in finds:
            rest = self._rest(person, find.ref)
            if rest:
                self.items.save({find.ref: rest}, {find.ref: int(self.wall()) + RETENTION})
            else:
                self.client.delete_item(TableName=self.table, Key={"pk": {"S": find.ref}})

    def _rest(self, person: Person, pk: str) -> Kept | None:
        kept = self.items.get_many([pk])[pk]
        if pk.startswith("c#") and kept.version:
            part = component_without(decode_component(kept.value), person.names)
            return Kept(encode(part), kept.version) if part != Component() else None
        if pk.startswith("i#") and kept.version and pk.partition(":")[2] not in person.names:
            return Kept(encode(node_without(decode_node(kept.value), person.names)), kept.version)
        return None

    def _find(self, person: Person, item: dict[str, Any]) -> Find | None:
        pk = item["pk"]["S"]
        if pk == self.own or pk.startswith(SUPPRESSIONS):
            return None
        document = plain(item)
        if not (mentions(person, pk.partition("#")[2]) or mentions(person, document)):
            return None
        return Find(f"table Identity, item {pk}", document, pk)


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """The attributes of an item, its binary value decoded."""
    return {name: _value(attribute) for name, attribute in item.items() if name != "pk"}


def _value(attribute: dict[str, Any]) -> Any:
    [(kind, value)] = attribute.items()
    if kind != "B":
        return value
    try:
        return _texts(msgspec.msgpack.decode(value))
    except msgspec.MsgspecError:
        return value.decode(errors="replace")


def _texts(value: Any) -> Any:
    """MessagePack knows bytes and times, JSON does not."""
    return msgspec.to_builtins(value, str_keys=True)
