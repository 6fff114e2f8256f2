"""Everything an answer is made of, in two reads: the shopper with the lists, and then the items.

What changes slowly is kept in memory for seconds. When a read fails, what was known last is used: an answer is never an error.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from shared.cache import Cache
from shared.catalog.model import Item
from shared.catalog.model import decode as decode_item
from shared.lists.model import LIVE, Kind, Scored, decode, decode_pointer, key
from shared.profiles.state import State, segment
from shared.profiles.state import decode as decode_state
from shared.recommend.pipeline import EMPTY, Reads
from shared.recommend.placements import PLACEMENTS
from shared.recommend.request import Request

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POINTER_FRESH = 5.0
LISTS_FRESH = 30.0
CONTEXT_ITEMS = 5
TTL = {"s": 60, "l": 300, "c": 3}  # seconds in the cache: states (written through), lists, catalog items
FAILURES = (ClientError, BotoCoreError, msgspec.MsgspecError)


class Tables:
    """Names of the tables, by the letter their keys have in the cache: s(hoppers), l(ists), c(atalog)."""

    def __init__(self, client: "DynamoDBClient", shoppers: str, lists: str, catalog: str, cache: Cache | None) -> None:
        self.client = client
        self.names = {"s": shoppers, "l": lists, "c": catalog}
        self.letters = {name: letter for letter, name in self.names.items()}
        self.cache = cache

    def get(self, keys: list[str]) -> dict[str, bytes]:
        """Values by key with its letter (`s:a#1`): from the cache, the rest in one request to DynamoDB."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return {}
        found = self.cache.get_many(wanted) if self.cache else {}
        missing = [key for key in wanted if key not in found]
        if missing:
            read = self._read(missing)
            found.update(read)
            if self.cache:
                self._keep(read)
        return found

    def _read(self, keys: list[str]) -> dict[str, bytes]:
        request: dict[str, Any] = {}
        for name in keys:
            table = request.setdefault(self.names[name[0]], {"Keys": []})
            table["Keys"].append({"pk": {"S": name[2:]}})
        found: dict[str, bytes] = {}
        for _ in range(2):
            answer = self.client.batch_get_item(RequestItems=request)
            for table, items in answer["Responses"].items():
                for item in items:
                    found[f"{self.letters[table]}:{item['pk']['S']}"] = item["value"]["B"]
            request = answer.get("UnprocessedKeys") or {}
            if not request:
                break
        return found

    def _keep(self, values: dict[str, bytes]) -> None:
        for letter, ttl in TTL.items():
            mine = {name: value for name, value in values.items() if name[0] == letter}
            if mine and self.cache:
                self.cache.put_many(mine, ttl)


class Reader:
    """Reads for requests. `static` fetches the list of last resort; `failed` is told of every read that failed."""

    def __init__(
        self,
        tables: Tables,
        static: Callable[[], list[dict[str, Any]]],
        failed: Callable[[Exception], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tables = tables
        self.static = static
        self.failed = failed
        self.clock = clock
        self.version = ""
        self.version_read = float("-inf")
        self.kept: dict[str, tuple[Scored, float]] = {}
        self.static_cards: list[dict[str, Any]] = []

    def read(self, request: Request, shopper: str) -> Reads:
        """State, lists of the request's items, and popular lists. `shopper` is a key of the shoppers table, "" for nobody."""
        version = self._version()
        context = [*request.items[-CONTEXT_ITEMS:], *request.cart[-CONTEXT_ITEMS:]]
        kinds = [kind for kind in ("similar", "together") if kind in PLACEMENTS[request.placement].weights]
        wanted = {f"{kind}#{item}": f"l:{version}#{kind}#{item}" for kind in kinds for item in context}
        try:
            found = self.tables.get([*([f"s:{shopper}"] if shopper else []), *wanted.values()])
            state = decode_state(found[f"s:{shopper}"]) if f"s:{shopper}" in found else EMPTY
            if shopper and not state.candidates:
                wanted |= self._of_recent(state, kinds)
                found |= self.tables.get([stored for stored in wanted.values() if stored not in found])
            lists = {name: decode(found[stored]) for name, stored in wanted.items() if stored in found}
        except FAILURES as error:
            self.failed(error)
            state, lists = EMPTY, {}
        return Reads(state, lists, self._popular(request, state), self._category(request))

    def _of_recent(self, state: State, kinds: Sequence[str]) -> dict[str, str]:
        """For a shopper whose candidates no model has computed yet: the lists of what they dealt with last."""
        recent = [touch.item for touch in state.recent[-CONTEXT_ITEMS:]]
        return {f"{kind}#{item}": f"l:{self.version}#{kind}#{item}" for kind in kinds for item in recent}

    def items(self, ids: list[str]) -> dict[str, Item]:
        try:
            found = self.tables.get([f"c:{item}" for item in ids])
            return {name[2:]: decode_item(value) for name, value in found.items()}
        except FAILURES as error:
            self.failed(error)
            return {}

    def last_resort(self) -> list[dict[str, Any]]:
        """Cards of popular items as they were at the last publishing; empty before the first."""
        if not self.static_cards:
            try:
                self.static_cards = self.static()
            except (*FAILURES, ValueError) as error:
                self.failed(error)
        return self.static_cards

    def _version(self) -> str:
        if self.clock() - self.version_read > POINTER_FRESH:
            self.version_read = self.clock()
            try:
                found = self.tables.get(["l:pointer"]) if not self.tables.cache else self.tables._read(["l:pointer"])
                self.version = decode_pointer(found["l:pointer"]).current if found else ""
            except FAILURES as error:
                self.failed(error)
        return self.version

    def _popular(self, request: Request, state: State) -> list[tuple[str, str, Scored]]:
        own = f"country:{request.country}" if request.country else segment(state)
        tiers = [("segment", own)] if own != "all" else []
        return [(tier, name, self._list("popular", name)) for tier, name in [*tiers, ("popular", "all")]]

    def _category(self, request: Request) -> list[Scored]:
        if request.placement != "category":
            return []
        tops = {category.split(" > ", 1)[0] for category in request.filter.categories}
        return [self._list("popular", f"category:{category}") for category in sorted(tops)]

    def _list(self, kind: Kind, name: str) -> Scored:
        """The published list with the live one mixed in: what moves today counts half as much as what the model knows."""
        published, live = (self._kept(key(version, kind, name)) for version in (self.version, LIVE))
        if not (published and live):
            return published or live
        total = dict(published)
        for item, score in live:
            total[item] = total.get(item, 0.0) + 0.5 * score
        return sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))

    def _kept(self, name: str) -> Scored:
        scored, read = self.kept.get(name, ([], float("-inf")))
        if self.clock() - read > LISTS_FRESH:
            try:
                found = self.tables.get([f"l:{name}"])
                scored = decode(found[f"l:{name}"]) if found else []
            except FAILURES as error:
                self.failed(error)
            self.kept[name] = scored, self.clock()
            if len(self.kept) > 1000:
                self.kept.pop(next(iter(self.kept)))
        return scored
