"""The live graph: links go into the components they touch, and every event learns whose history it belongs to."""

import random
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from shared.errors import Conflict
from shared.identity.apply import Draft, apply, read, settle
from shared.identity.graph import DEFAULT, Link, Settings, decide
from shared.identity.links import Arrival, Key, Seen
from shared.identity.record import Component
from shared.together import together
from shared.versioned import Versions

CONFLICTS = 12
WRITERS = 4
AT_ONCE = 10  # links saved in one transaction: each touches a handful of items
MOST_GAINED = 10
REMEMBERED = 50_000
RETENTION = 730 * 86400  # seconds after the last change; what still holds is learned again at the next log-in
FRESH = 300.0  # seconds a known link is taken for known: another instance may learn that a device is shared


class Standing(NamedTuple):
    """Whose a device's history is, after a log-in. `joined`: the shopper's who logged in. `shared`: theirs only as far as it is of the
    same session. `gained`: the shopper's other devices, for the first event that showed the link."""

    joined: bool = False
    shared: bool = False
    gained: tuple[str, ...] = ()


UNLINKED = Standing()


class Remembered(NamedTuple):
    standing: Standing
    link: Link  # as first shown
    arrived: Arrival
    until: float  # epoch seconds


class Linker:
    """Decisions are a pure function of what is stored; every write is conditional, so that no link is lost to a race."""

    def __init__(
        self,
        store: Versions,
        settings: Settings = DEFAULT,
        wall: Callable[[], float] = time.time,
        new_id: Callable[[], object] = uuid.uuid4,
    ) -> None:
        self.store = store
        self.settings = settings
        self.wall = wall
        self.new_id = new_id
        self.memory: OrderedDict[Key, Remembered] = OrderedDict()

    def observe(self, events: Sequence[Seen]) -> list[Standing]:
        """The standing of every event's device, in order. Raises Conflict when others win every race, botocore errors and
        Unavailable when the store fails; then nothing is lost by observing the same again."""
        now = self.wall()
        fresh: dict[Key, Seen] = {}
        for one in events:
            if one.tells and not self._remembers(one, now):
                first = fresh.setdefault(one.key, self._as_known(one))
                fresh[one.key] = first._replace(link=min(first.link, one.link), arrived=min(first.arrived, one.arrived))
        found: dict[Key, Standing] = {}
        for part in _each(self._save, together(fresh.values(), names_of)):
            found.update(part)
        for key, standing in found.items():
            self._remember(key, Remembered(standing, fresh[key].link, fresh[key].arrived, now + FRESH))
        return [self._recall(one) if one.tells else UNLINKED for one in events]

    def forget(self) -> None:
        """What was learned from links may not have reached the states: learn it again."""
        self.memory.clear()

    def _save(self, links: list[Seen]) -> dict[Key, Standing]:
        standing: dict[Key, Standing] = {}
        for start in range(0, len(links), AT_ONCE):
            standing.update(self._save_some(links[start : start + AT_ONCE]))
        return standing

    def _save_some(self, links: list[Seen]) -> dict[Key, Standing]:
        for attempt in range(CONFLICTS):
            draft = read(self.store, {name for one in links for name in names_of(one)}, self.new_id)
            for one in links:
                apply(draft, one, self.settings)
            settle(draft, self.settings, self.wall())
            try:
                changes = draft.changes()
                self.store.save(changes, dict.fromkeys(changes, int(self.wall()) + RETENTION))
            except Conflict:
                time.sleep(0.01 * random.random() * 2**attempt)
                continue
            return {one.key: _standing(one, draft, self.settings) for one in links}
        raise Conflict("the identity graph is being written by others")

    def _remembers(self, one: Seen, now: float) -> bool:
        known = self.memory.get(one.key)
        return known is not None and known.until > now and known.link <= one.link

    def _as_known(self, one: Seen) -> Seen:
        """Seen anew because its time is earlier than was known: what it says was known since it first arrived all the same."""
        known = self.memory.get(one.key)
        return one._replace(arrived=min(known.arrived, one.arrived)) if known else one

    def _recall(self, one: Seen) -> Standing:
        known = self.memory.get(one.key)
        if known is None:
            return UNLINKED
        return known.standing if known.arrived == one.arrived else known.standing._replace(gained=())

    def _remember(self, key: Key, known: Remembered) -> None:
        self.memory[key] = known
        self.memory.move_to_end(key)
        while len(self.memory) > REMEMBERED:
            self.memory.popitem(last=False)


def _each(save: Callable[[list[Seen]], dict[Key, Standing]], groups: list[list[Seen]]) -> list[dict[Key, Standing]]:
    if len(groups) < 2:
        return [save(group) for group in groups]
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(save, groups))


def _standing(one: Seen, draft: Draft, settings: Settings) -> Standing:
    """As of the event, not of now: delivered again after others, it gets the same answer."""
    home = draft.home(one.user) if one.user else ""
    part = draft.components[home] if home else Component()
    profile = decide(part.known(one.arrived), settings).profile_of(one.user) if one.user else None
    members = profile.joined if profile else {}
    others = [name for name in members if name.startswith("anonymous:") and name != one.device]
    first = any(link.known == one.arrived for link in part.links if link.identifiers == one.link.identifiers)
    return Standing(
        joined=one.device in members,
        shared=draft.shared_since(one.device) <= one.arrived,
        gained=tuple(sorted(others, key=lambda name: (-members[name], name))[:MOST_GAINED]) if first else (),
    )


def names_of(one: Seen) -> set[str]:
    """The identifiers whose nodes an event touches. A claimed identifier is only written down at the device that claims it."""
    return {*one.link.identifiers, *(device for device, _ in one.claims), *(old for old, _ in one.renamed)}
