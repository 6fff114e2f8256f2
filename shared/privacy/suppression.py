"""Who was erased: events of theirs that come late, or ever, are dropped before they reach a store.

`x#<hidden identifier>` in the identity table, with `erased_at`; `forever` for people who never want to be known again, otherwise
`expires`, because an event later than any late event can be is no late event.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from shared import tables
from shared.privacy.keys import hidden
from shared.privacy.person import ANONYMOUS, USER, Identifier
from shared.streams import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "x#"
RETENTION = 760 * 86400  # seconds: as long as the lake, from which everything can be replayed
FRESH = 10.0  # seconds somebody not suppressed is taken for that without asking again; erasing waits longer than this
MOST_KNOWN = 50_000


class Suppressed(NamedTuple):
    erased_at: float  # epoch seconds
    forever: bool

    def covers(self, at: float) -> bool:
        return self.forever or at < self.erased_at


class _Who(msgspec.Struct, rename="camel"):
    """As much of an event as says whose it is and when it happened."""

    timestamp: datetime
    user_id: str = ""
    anonymous_id: str = ""
    previous_id: str = ""
    identifiers: dict[str, str] = {}
    previous_identifiers: dict[str, str] = {}


_decoder = msgspec.json.Decoder(_Who)


def who(record: Record) -> tuple[set[Identifier], float]:
    """The identifiers of a record, and when it happened. What cannot be read is judged by its partition key."""
    try:
        event = _decoder.decode(record.data)
    except msgspec.MsgspecError:
        return {(USER, record.partition_key), (ANONYMOUS, record.partition_key)}, record.arrived
    found = {(USER, event.user_id), (ANONYMOUS, event.anonymous_id)}
    if event.previous_id:
        found |= {(USER, event.previous_id), (ANONYMOUS, event.previous_id)}
    found.update(event.identifiers.items(), event.previous_identifiers.items())
    return {identifier for identifier in found if identifier[1]}, event.timestamp.timestamp()


class SuppressionStore:
    def __init__(self, client: "DynamoDBClient", table: str, key: Callable[[], bytes]) -> None:
        self.client = client
        self.table = table
        self.key = key

    def find(self, identifiers: Iterable[Identifier]) -> dict[Identifier, Suppressed]:
        """Those of the identifiers that are suppressed."""
        key = self.key()
        places = {PREFIX + hidden(key, *identifier): identifier for identifier in identifiers}
        return {places[pk]: _read(item) for pk, item in tables.get(self.client, self.table, places).items()}

    def put(self, identifiers: Iterable[Identifier], erased_at: float, *, forever: bool) -> None:
        """A suppression only grows: forever stays forever, and a later erasure moves the border on."""
        wanted = list(identifiers)
        known = self.find(wanted)
        for identifier in wanted:
            before = known.get(identifier, Suppressed(0.0, forever=False))
            self._put(identifier, Suppressed(max(erased_at, before.erased_at), forever or before.forever))

    def _put(self, identifier: Identifier, suppressed: Suppressed) -> None:
        item: Any = {
            "pk": {"S": PREFIX + hidden(self.key(), *identifier)},
            "erased_at": {"N": repr(suppressed.erased_at)},
            "forever": {"BOOL": suppressed.forever},
        }
        if not suppressed.forever:
            item["expires"] = {"N": str(int(suppressed.erased_at) + RETENTION)}
        self.client.put_item(TableName=self.table, Item=item)


class Gate:
    """In front of a consumer of the stream. Remembers for a few seconds who is not suppressed: shoppers come in bursts."""

    def __init__(self, store: SuppressionStore, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self.clock = clock
        self.known: dict[Identifier, float] = {}

    def keep(self, records: Sequence[Record]) -> list[Record]:
        """The records that may go on. Raises Unavailable or botocore errors: what is not known to be allowed must wait."""
        named = [(record, *who(record)) for record in records]
        suppressed = self._find({identifier for _, identifiers, _ in named for identifier in identifiers})
        if not suppressed:
            return list(records)
        return [
            record
            for record, identifiers, at in named
            if not any(suppressed[i].covers(at) for i in identifiers if i in suppressed)
        ]

    def _find(self, identifiers: set[Identifier]) -> dict[Identifier, Suppressed]:
        now = self.clock()
        asked = [identifier for identifier in identifiers if self.known.get(identifier, 0.0) <= now]
        found = self.store.find(asked)
        if len(self.known) > MOST_KNOWN:
            self.known.clear()
        self.known.update((identifier, now + FRESH) for identifier in asked if identifier not in found)
        return found


def _read(item: dict[str, Any]) -> Suppressed:
    return Suppressed(float(item["erased_at"]["N"]), bool(item["forever"]["BOOL"]))
