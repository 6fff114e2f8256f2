"""Values of the three tables by key, through the cache, in one request to DynamoDB.

A key has a letter before it: `s:` shoppers, `l:` lists, `c:` catalog, and for what is kept in memory instead of the cache `p:`, the
pointer and popular lists of the lists table, and `r:`, the shop's plan.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from shared.cache import Cache
from shared.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TTL = {"s": 60, "l": 300, "c": 3}  # seconds in the cache: states (written through), lists (versioned), catalog items
AT_ONCE = 100  # keys DynamoDB reads in one request
REST = 1.0  # seconds DynamoDB is not asked after it failed: a shopper waits for its time limit once, not at every read


class Names(NamedTuple):
    shoppers: str
    lists: str
    catalog: str
    plans: str = ""


class Found(NamedTuple):
    """`whole` is false when a read failed: what is missing may exist."""

    values: dict[str, bytes]
    whole: bool


class Readable(Protocol):
    def get(self, keys: Iterable[str]) -> Found: ...


class Tables:
    def __init__(
        self,
        client: "DynamoDBClient",
        names: Names,
        cache: Cache | None,
        failed: Callable[[Exception], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`failed` is told of every read that failed."""
        self.client = client
        self.names = {"s": names.shoppers, "l": names.lists, "p": names.lists, "c": names.catalog, "r": names.plans}
        self.cache = cache
        self.failed = failed
        self.clock = clock
        self.rests_until = 0.0

    def get(self, keys: Iterable[str]) -> Found:
        """Never raises: what cannot be read is left out. More than AT_ONCE missing keys are more than one request."""
        wanted = list(dict.fromkeys(keys))
        found = self.cache.get_many(key for key in wanted if key[0] in TTL) if self.cache else {}
        missing = [key for key in wanted if key not in found]
        whole = True
        for start in range(0, len(missing), AT_ONCE):
            if self.clock() < self.rests_until:
                return Found(found, False)
            read, all_read = self._read(missing[start : start + AT_ONCE])
            whole = whole and all_read
            found = {**found, **read}
            if self.cache:
                self._fill(self.cache, read)
        return Found(found, whole)

    def _read(self, keys: list[str]) -> tuple[dict[str, bytes], bool]:
        """What DynamoDB leaves unprocessed is asked for once more."""
        letters = {(self.names[key[0]], key[2:]): key for key in keys}
        found: dict[str, bytes] = {}
        request: dict[str, Any] = {}
        for table, pk in letters:
            request.setdefault(table, {"Keys": []})["Keys"].append({"pk": {"S": pk}})
        try:
            for _ in range(2):
                answer = self.client.batch_get_item(RequestItems=request)
                for table, items in answer["Responses"].items():
                    found.update((letters[table, item["pk"]["S"]], item["value"]["B"]) for item in items)
                request = answer.get("UnprocessedKeys") or {}
                if not request:
                    return found, True
            self.failed(Unavailable("DynamoDB leaves keys unprocessed"))
        except (ClientError, BotoCoreError) as error:
            self.rests_until = self.clock() + REST
            self.failed(error)
        return found, False

    def _fill(self, cache: Cache, values: dict[str, bytes]) -> None:
        for letter, ttl in TTL.items():
            mine = {key: value for key, value in values.items() if key[0] == letter}
            if mine:
                cache.fill_many(mine, ttl)
