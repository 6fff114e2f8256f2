"""Everything an answer is made of, in two reads: the shopper with the lists, and then the items.

When a read fails, what was known last is used: an answer is never an error for lack of data.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from shared.catalog.model import Item
from shared.catalog.model import decode as decode_item
from shared.lists.model import decode as decode_list
from shared.profiles.state import State, segment
from shared.profiles.state import decode as decode_state
from shared.recommend.pipeline import CONTEXT_ITEMS, EMPTY, Reads, context
from shared.recommend.placements import PLACEMENTS
from shared.recommend.popular import Popular
from shared.recommend.request import Request
from shared.recommend.shopper import NOBODY, Shopper, agreed, denied, joined
from shared.recommend.static import Static
from shared.recommend.tables import Found, Tables

T = TypeVar("T")


class Reader:
    """Reads for requests. `load_static` fetches the cards of last resort; `failed` is told of every read that failed."""

    def __init__(
        self,
        tables: Tables,
        load_static: Callable[[], list[dict[str, Any]]],
        failed: Callable[[Exception], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tables = tables
        self.failed = failed
        self.clock = clock
        self.popular = Popular(clock)
        self.static = Static(load_static, failed, clock)

    @property
    def version(self) -> str:
        """Of the current model, "" before the first."""
        return self.popular.version

    def read(self, request: Request, shopper: Shopper = NOBODY) -> Reads:
        asked = _segments(request)
        no = denied(request)
        keys = [] if no else [f"s:{key}" for key in shopper.keys]
        while True:
            version = self.version
            stored = self._stored(request, context(request, EMPTY, no))
            found = self._get(keys, list(stored.values()), asked)
            if self.version == version:  # otherwise another model has become current: its lists are wanted
                break
        states = {key: state for key in keys if (state := self._decoded(decode_state, found.get(key)))}
        contextual = no or (shopper.named and not agreed(request.consent, list(states.values()), self.clock()))
        state = EMPTY if contextual else self._state(keys, states)
        own = f"country:{request.country}" if request.country else segment(state)
        named = self._stored(request, context(request, state, contextual))
        more = [at for at in named.values() if at not in stored.values()]
        if more or self.popular.stale([own]):
            found |= self._get([], more, [own])
        return Reads(
            state,
            {name: self._decoded(decode_list, found.get(at)) or [] for name, at in named.items()},
            [self.popular.of(name) for name in asked if name.startswith("category:")],
            [(tier, name, self.popular.of(name)) for tier, name in _tiers(own)],
            self.static.scored,
            contextual,
        )

    def _state(self, keys: list[str], states: dict[str, State]) -> State:
        """Of who is asked for, and of their device where both were read."""
        if len(keys) == 2 and keys[1] in states:
            user, device = keys
            return joined(states.get(user) or State(), states[device], user.partition("#")[2], self.clock())
        return next(iter(states.values()), EMPTY)

    def items(self, ids: Sequence[str]) -> dict[str, Item]:
        """Those that are in the catalog; while it cannot be read, as they were at the last publishing."""
        found = self.tables.get(f"c:{item}" for item in ids)
        decoded = ((name[2:], self._decoded(decode_item, value)) for name, value in found.values.items())
        items = {name: item for name, item in decoded if item}
        if found.whole:
            return items
        static = self.static.items()
        return {**{item: static[item] for item in ids if item in static}, **items}

    def warm(self) -> None:
        """Open the connection and read what every request needs. When that fails, the first request reads it."""
        self._get([], [], [])
        self._get([], [], ["all"])

    def _get(self, shopper: list[str], lists: list[str], segments: list[str]) -> dict[str, bytes]:
        stale = self.popular.stale(segments)
        found: Found = self.tables.get([*shopper, *lists, *stale])
        try:
            self.popular.take(stale, found)
        except msgspec.MsgspecError as error:
            self.failed(error)
        return found.values

    def _stored(self, request: Request, named: Sequence[str]) -> dict[str, str]:
        """`similar#<item>` -> its key in the tables, for the kinds of lists the placement uses."""
        kinds = [kind for kind in ("similar", "together") if kind in PLACEMENTS[request.placement].weights]
        return {f"{kind}#{item}": f"l:{self.version}#{kind}#{item}" for kind in kinds for item in named}

    def _decoded(self, decode: Callable[[bytes], T], value: bytes | None) -> T | None:
        try:
            return None if value is None else decode(value)
        except msgspec.MsgspecError as error:
            self.failed(error)
            return None


def _segments(request: Request) -> list[str]:
    """Popular lists that the request alone says are needed."""
    country = [f"country:{request.country}"] if request.country else []
    tops = {category.split(" > ", 1)[0] for category in request.filter.categories}
    categories = sorted(tops)[:CONTEXT_ITEMS] if request.placement == "category" else []
    return ["all", *country, *(f"category:{category}" for category in categories)]


def _tiers(own: str) -> list[tuple[str, str]]:
    """The popular tiers in order, with their segments."""
    return [("segment", own), ("popular", "all")] if own != "all" else [("popular", "all")]
