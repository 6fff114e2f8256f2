"""Counters of stream shards in the lists table, and the live lists made from them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from shared import tables
from shared.errors import Conflict
from shared.lists.model import LIVE, Scored, key
from shared.lists.store import ListsStore
from shared.profiles.signals import Signal
from shared.trends.counters import Counters, count, decode, encode
from shared.trends.lists import Named
from shared.versioned import Kept, VersionedTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTEMPTS = 5


def _pk(shard: str) -> str:
    return f"counter#{shard}"


class CountersStore:
    """Keeps the counters it wrote last in memory: one shard's batches usually meet the same instance again."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.client = client
        self.table = table
        self.items = VersionedTable(client, table)
        self.known: dict[str, tuple[Counters, int]] = {}

    def count(self, shard: str, signals: Iterable[tuple[int, Signal]]) -> None:
        """Count (sequence number, signal) pairs of a shard once, however often they are delivered.

        Raises Conflict when other writers win every time, botocore errors when DynamoDB fails.
        """
        batch = list(signals)
        for _ in range(ATTEMPTS):
            counters, version = self.known.pop(shard) if shard in self.known else self.get(shard)
            if not count(counters, batch):
                self.known[shard] = counters, version
                return
            if self._put(shard, counters, version):
                self.known[shard] = counters, version + 1
                return
        raise Conflict(f"the counters of {shard} are being written by somebody else")

    def get(self, shard: str) -> tuple[Counters, int]:
        kept = self.items.get(_pk(shard))
        return (decode(kept.value), kept.version) if kept.version else (Counters(), 0)

    def get_all(self, shards: Iterable[str]) -> list[Counters]:
        """Counters of the shards that have any."""
        items = tables.get(self.client, self.table, map(_pk, shards))
        return [decode(item["value"]["B"]) for item in items.values()]

    def _put(self, shard: str, counters: Counters, version: int) -> bool:
        try:
            self.items.save({_pk(shard): Kept(encode(counters), version)})
        except Conflict:
            return False
        return True


class LiveLists:
    """Writes what changed since it wrote last: most categories of most shops stand still for minutes."""

    def __init__(self, lists: ListsStore) -> None:
        self.lists = lists
        self.written: dict[str, Scored] = {}

    def put(self, named: Named) -> int:
        """How many lists there are."""
        made = {key(LIVE, kind, segment): scored for (kind, segment), scored in named.items()}
        gone: dict[str, Scored] = {name: [] for name in self.written.keys() - made.keys()}
        self.lists.put_many({n: scored for n, scored in {**gone, **made}.items() if self.written.get(n) != scored})
        self.written = made
        return len(made)
