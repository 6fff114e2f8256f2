"""Everything an answer is made of, in two reads: the shopper with the lists, and then the items.

When a read fails, what was known last is used: an answer is never an error for lack of data.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from random import random
from typing import Any, TypeVar

import msgspec

from shared.catalog.model import Item
from shared.catalog.model import decode as decode_item
from shared.errors import InvalidRequest
from shared.lists.model import decode as decode_list
from shared.lists.segments import ALL
from shared.merchandising.plan import DRAFT, key
from shared.merchandising.plan import decode as decode_plan
from shared.preferences.wishes import constraints
from shared.profiles.state import State
from shared.profiles.state import decode as decode_state
from shared.recommend.facts import Asker
from shared.recommend.kept import Kept
from shared.recommend.loaded import load
from shared.recommend.picks import CONTEXT_ITEMS, EMPTY, Reads, context, dealt_with
from shared.recommend.placements import Blend, Placement
from shared.recommend.plans import Draft, Plans
from shared.recommend.popular import Name, Popular
from shared.recommend.request import Request
from shared.recommend.resolve import Resolved, resolve
from shared.recommend.shelves import BLEND, Shelf, segments, tiers
from shared.recommend.shopper import NOBODY, Shopper, agreed, denied, joined
from shared.recommend.static import Static
from shared.recommend.tables import Found, Readable

T = TypeVar("T")


class Reader:
    """Reads for requests. `load_static` fetches the cards of last resort; `failed` is told of every read that failed; `blend`
    says how often the kinds of popular lists are shown."""

    def __init__(
        self,
        tables: Readable,
        load_static: Callable[[], list[dict[str, Any]]],
        failed: Callable[[Exception], None],
        clock: Callable[[], float] = time.monotonic,
        blend: Blend = BLEND,
    ) -> None:
        self.tables = tables
        self.blend = blend
        self.failed = failed
        self.clock = clock
        self.chance: Callable[[], float] = random
        self.popular = Popular(clock)
        self.plans: Plans | Draft = Plans(clock, failed)
        self.static = Static(load_static, failed, clock)
        self.kept: Kept[Item] = Kept(lambda value: self._decoded(decode_item, value))

    @property
    def placements(self) -> Mapping[str, Placement]:
        return self.plans.loaded.placements

    def previewing(self) -> "Reader":
        """The same, with the draft of the plan. Raises InvalidRequest when it cannot be shown."""
        at = f"r:{key(DRAFT)}"
        value = self.tables.get([at]).values.get(at)
        if not value:
            raise InvalidRequest("there is no draft, or it has mistakes: GET /v1/plan/draft tells which", "plan")
        made = copy(self)
        made.plans = Draft(load(decode_plan(value)))
        return made

    def coin(self) -> bool:
        return self.chance() < 0.5

    def renew(self) -> bool:
        """Whether the plan was read anew: a placement that it did not have may be there now."""
        if not self.plans.stale():
            return False
        self._get([], [], [])
        return True

    @property
    def version(self) -> str:
        """Of the current model, "" before the first."""
        return self.popular.version

    def on(self, tables: Readable) -> "Reader":
        """The same, reading other tables; what is kept in memory is shared."""
        twin = copy(self)
        twin.tables = tables
        return twin

    def prepare(self, requests: Sequence[Request], shopper: Shopper) -> None:
        """Read what several requests of one shopper will ask for first, at once."""
        keys = [f"s:{key}" for key in shopper.keys]
        stored: list[str] = []
        names: list[Name] = []
        for request in requests:
            no = denied(request)
            stored += self._stored(request, context(request, EMPTY, no)).values()
            names += self._names(request, segments(request, EMPTY, contextual=True))
        self._get(keys, stored, names)

    def read(self, request: Request, shopper: Shopper = NOBODY) -> Reads:
        no = denied(request)
        asked = dict.fromkeys(self._names(request, segments(request, EMPTY, contextual=True)))
        keys = [f"s:{key}" for key in shopper.keys]
        while True:
            version = self.version
            stored = self._stored(request, context(request, EMPTY, no))
            found = self._get(keys, list(stored.values()), list(asked))
            if self.version == version:  # otherwise another model has become current: its lists are wanted
                break
        states = {key: state for key in keys if (state := self._decoded(decode_state, found.get(key)))}
        contextual = no or (shopper.named and not agreed(request.consent, list(states.values()), self.clock()))
        state = self._state(keys, states)
        if contextual:  # what the shopper asked to be spared holds without their history
            state = State(preferences=constraints(state.preferences)) if state.preferences else EMPTY
        resolved = self._resolved(request, shopper, state, contextual)
        request = resolved.request
        own = segments(request, state, contextual=contextual)
        named = self._stored(request, context(request, state, contextual))
        if request.spec.bundles:
            seeds = dealt_with(request, state, contextual)
            named |= {f"together#{item}": f"l:{self.version}#together#{item}" for item in seeds}
        more = [at for at in named.values() if at not in stored.values()]
        further = [name for name in dict.fromkeys(self._names(request, own)) if name not in asked]
        if more or self.popular.stale(further):
            found |= self._get([], more, further)
        return Reads(
            state,
            {name: self._decoded(decode_list, found.get(at)) or [] for name, at in named.items()},
            [self.popular.of("popular", name) for name in _categories(request)],
            self._shelf(request, own),
            lambda: self._fallbacks(own, request.spec.blend or self.blend),
            self.popular.newcomers,
            self.static.scored,
            contextual,
            resolved,
            self.popular.sales.covers,
        )

    def _resolved(self, request: Request, shopper: Shopper, state: State, contextual: bool) -> Resolved:
        """Who may not be known takes part in no experiment."""
        user = shopper.key[2:] if shopper.key.startswith("u#") else state.user_id
        unit = "" if contextual else user or shopper.key[2:]
        limits = self.plans.loaded.plan.lifecycle.of_shop(self.popular.sales.usual_order)
        asker = Asker(state, unit, bool(user) and not contextual, self.chance(), limits)
        made = resolve(request, asker, self.plans.loaded, self.popular.arms, self.clock())
        return made.covering(self.popular.sales.covers)

    def _names(self, request: Request, own: Sequence[str]) -> list[Name]:
        """Lists by segment that the answer may need."""
        placement = request.spec
        wanted: list[Name] = [("popular", name) for name in _categories(request)] if not placement.shelf else []
        if placement.shelf:
            wanted += [(placement.shelf, segment) for segment in _shown(request, own)]
        if not placement.strict:
            wanted += [(kind, segment) for _, segment, _ in tiers(own) for kind in placement.blend or self.blend]
            wanted.append(("new-arrivals", ALL))
        return wanted

    def _shelf(self, request: Request, own: Sequence[str]) -> list[Shelf]:
        kind = request.spec.shelf
        weights = {segment: weight for _, segment, weight in tiers(own)}
        return [
            Shelf("lists", segment, self.popular.of(kind, segment), kind, weights.get(segment, 1.0))
            for segment in (_shown(request, own) if kind else ())
            if kind
        ]

    def _fallbacks(self, own: Sequence[str], blend: Blend) -> list[list[Shelf]]:
        """Lists of the shopper's segments, then those of all, and in a shop where nobody has done anything yet what is new."""
        groups: dict[str, list[Shelf]] = {}
        for tier, segment, weight in tiers(own):
            for kind, share in blend.items():
                shelf = Shelf(tier, segment, self.popular.of(kind, segment), kind, weight * share)
                groups.setdefault(tier, []).append(shelf)
        new = Shelf("popular", ALL, self.popular.of("new-arrivals", ALL), "new-arrivals")
        return [*groups.values(), [new]]

    def _state(self, keys: list[str], states: dict[str, State]) -> State:
        """Of who is asked for, and of their device where both were read."""
        if len(keys) == 2 and keys[1] in states:
            user, device = keys
            return joined(states.get(user) or State(), states[device], user.partition("#")[2], self.clock())
        return next(iter(states.values()), EMPTY)

    def items(self, ids: Sequence[str]) -> dict[str, Item]:
        """Those that are in the catalog; while it cannot be read, as they were at the last publishing."""
        found = self.tables.get(f"c:{item}" for item in ids)
        items = {name[2:]: item for name, value in found.values.items() if (item := self.kept.get(name, value))}
        if found.whole:
            return items
        static = self.static.items()
        return {**{item: static[item] for item in ids if item in static}, **items}

    def warm(self) -> None:
        """Open the connection and read what every request needs. When that fails, the first request reads it."""
        self._get([], [], [])
        self._get([], [], [*((kind, ALL) for kind in self.blend), ("new-arrivals", ALL)])

    def _get(self, shopper: list[str], lists: list[str], names: list[Name]) -> dict[str, bytes]:
        stale, plan = self.popular.stale(names), self.plans.stale()
        found: Found = self.tables.get([*shopper, *lists, *stale, *plan])
        if newer := self.plans.take(plan, found):
            self.plans.make(self.tables.get(newer).values.get(newer[0]))
        try:
            self.popular.take(stale, found)
        except msgspec.MsgspecError as error:
            self.failed(error)
        return found.values

    def _stored(self, request: Request, named: Sequence[str]) -> dict[str, str]:
        """`similar#<item>` -> its key in the tables, for the kinds of lists the placement uses."""
        kinds = [kind for kind in ("similar", "together") if kind in request.spec.weights]
        return {f"{kind}#{item}": f"l:{self.version}#{kind}#{item}" for kind in kinds for item in named}

    def _decoded(self, decode: Callable[[bytes], T], value: bytes | None) -> T | None:
        try:
            return None if value is None else decode(value)
        except msgspec.MsgspecError as error:
            self.failed(error)
            return None


def _categories(request: Request) -> list[str]:
    """Segments of the categories asked for, where the placement has lists of categories."""
    tops = {category.split(" > ", 1)[0] for category in request.filter.categories}
    listed = "category" in request.spec.weights or request.spec.shelf
    return [f"category:{top}" for top in sorted(tops)[:CONTEXT_ITEMS]] if listed else []


def _shown(request: Request, own: Sequence[str]) -> list[str]:
    """Segments whose lists a placement of one kind of list shows together."""
    return _categories(request) or [*own, ALL]
