"""Who was erased: events of theirs that come late, or ever, are dropped before they reach a store.

`x#<hidden identifier>` in the identity table, with `erased_at`; `forever` for people who never want to be known again, otherwise
`expires`, because an event later than any late event can be is no late event. `x#known` lists the beginnings of all of them in one
item, so that a consumer that has read it need not ask for everybody.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from shared import tables
from shared.errors import Conflict, Unavailable
from shared.privacy.keys import hidden
from shared.privacy.person import ANONYMOUS, USER, Identifier
from shared.streams import Record
from shared.versioned import Kept, VersionedTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "x#"
RETENTION = 760 * 86400  # seconds: as long as the lake, from which everything can be replayed
FRESH = 10.0  # seconds a consumer believes the list it has read; erasing waits longer than this
KNOWN = "x#known"
SHORT = 4  # bytes of a hidden identifier in the list
MOST_KNOWN = 80_000  # an item holds 400 kB; with more, everybody is asked for
ATTEMPTS = 20


class Suppressed(NamedTuple):
    erased_at: float  # epoch seconds
    forever: bool

    def covers(self, at: float) -> bool:
        return self.forever or at < self.erased_at


class Hidden(NamedTuple):
    """Somebody erased, by hidden identifiers."""

    names: list[str]
    erased_at: float  # epoch seconds
    forever: bool


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
        self.items = VersionedTable(client, table)
        self.key = key

    def find(self, identifiers: Iterable[Identifier]) -> dict[Identifier, Suppressed]:
        """Those of the identifiers that are suppressed."""
        key = self.key()
        names = {hidden(key, *identifier): identifier for identifier in identifiers}
        return {names[name]: suppressed for name, suppressed in self._find(names).items()}

    def _find(self, names: Iterable[str]) -> dict[str, Suppressed]:
        found = tables.get(self.client, self.table, [PREFIX + name for name in names])
        return {pk.removeprefix(PREFIX): _read(item) for pk, item in found.items()}

    def known(self) -> frozenset[bytes] | None:
        """The beginnings of all suppressed identifiers; None when there are too many to list."""
        return self._list()[0]

    def put(self, identifiers: Iterable[Identifier], erased_at: float, *, forever: bool) -> None:
        key = self.key()
        self.put_hidden([Hidden([hidden(key, *identifier) for identifier in identifiers], erased_at, forever)])

    def put_hidden(self, people: Sequence[Hidden]) -> None:
        """A suppression only grows: forever stays forever, and a later erasure moves the border on."""
        names = {name for one in people for name in one.names}
        there = self._find(names)
        for one in people:
            for name in one.names:
                before = there.get(name, Suppressed(0.0, forever=False))
                there[name] = Suppressed(max(one.erased_at, before.erased_at), one.forever or before.forever)
                self._put(name, there[name])
        self._enlist({short(name) for name in names})

    def _enlist(self, names: set[bytes]) -> None:
        for _ in range(ATTEMPTS):
            known, version = self._list()
            if known is None or names <= known:
                return
            listed = sorted(known | names)
            value = b"".join(listed) if len(listed) <= MOST_KNOWN else b"*"
            if self._put_list(value, version):
                return
        raise Unavailable("the list of suppressed identifiers is being written by somebody else all the time")

    def _list(self) -> tuple[frozenset[bytes] | None, int]:
        kept = self.items.get(KNOWN)
        value = kept.value
        if value == b"*":
            return None, kept.version
        return frozenset(value[place : place + SHORT] for place in range(0, len(value), SHORT)), kept.version

    def _put_list(self, value: bytes, read: int) -> bool:
        """False when somebody else wrote it meanwhile."""
        try:
            self.items.save({KNOWN: Kept(value, read)})
        except Conflict:
            return False
        return True

    def _put(self, name: str, suppressed: Suppressed) -> None:
        item: Any = {
            "pk": {"S": PREFIX + name},
            "erased_at": {"N": repr(suppressed.erased_at)},
            "forever": {"BOOL": suppressed.forever},
        }
        if not suppressed.forever:
            item["expires"] = {"N": str(int(suppressed.erased_at) + RETENTION)}
        self.client.put_item(TableName=self.table, Item=item)


class Gate:
    """In front of a consumer of the stream: costs nothing while nobody is suppressed, and little afterwards."""

    def __init__(self, store: SuppressionStore, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self.clock = clock
        self.known: frozenset[bytes] | None = frozenset()
        self.read = float("-inf")

    def keep(self, records: Sequence[Record]) -> list[Record]:
        """The records that may go on. Raises Unavailable or botocore errors: what is not known to be allowed must wait."""
        self._look()
        if self.known is not None and not self.known:
            return list(records)
        named = [(record, *who(record)) for record in records]
        suppressed = self._find({identifier for _, identifiers, _ in named for identifier in identifiers})
        if not suppressed:
            return list(records)
        return [
            record
            for record, identifiers, at in named
            if not any(suppressed[i].covers(at) for i in identifiers if i in suppressed)
        ]

    def erased_for_good(self, identifiers: Iterable[Identifier]) -> bool:
        """Whether one of the identifiers is of somebody who never wants to be known again."""
        return any(found.forever for found in self.among(identifiers).values())

    def among(self, identifiers: Iterable[Identifier]) -> dict[Identifier, Suppressed]:
        """Those of the identifiers that are suppressed."""
        self._look()
        return self._find(set(identifiers)) if self.known is None or self.known else {}

    def _look(self) -> None:
        if self.clock() - self.read >= FRESH:
            self.known, self.read = self.store.known(), self.clock()

    def _find(self, identifiers: set[Identifier]) -> dict[Identifier, Suppressed]:
        known = self.known
        if known is not None:
            key = self.store.key()
            identifiers = {i for i in identifiers if short(hidden(key, *i)) in known}
        return self.store.find(identifiers) if identifiers else {}


def short(name: str) -> bytes:
    return bytes.fromhex(name[: 2 * SHORT])


def _read(item: dict[str, Any]) -> Suppressed:
    return Suppressed(float(item["erased_at"]["N"]), bool(item["forever"]["BOOL"]))
