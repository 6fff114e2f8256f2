"""Takes what shoppers ask for themselves, at once: into their states, and through the cache.

There is no event of it: what holds is what was asked for last, nobody learns from it, and it needs no consent to personalization, without
which the log may not name anybody.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from shared.consent.person import Person
from shared.consent.request import ERASED
from shared.errors import Conflict
from shared.preferences.request import Lists, answer, lists
from shared.preferences.wishes import changed, join
from shared.profiles.state import State, Wish
from shared.profiles.store import ShoppersStore, Versioned

CONFLICTS = 8
Saved = Callable[[dict[str, State]], None]


class Kept(NamedTuple):
    """`erased`: the person was erased and never wants to be known again, so nothing was stored."""

    wishes: list[Wish]
    erased: bool = False


class PreferencesDesk:
    """`saved` is told the states that were written; `erased` tells who was erased for good."""

    def __init__(self, store: ShoppersStore, saved: Saved, erased: Callable[[Person], bool]) -> None:
        self.store = store
        self.saved = saved
        self.erased = erased

    def get(self, person: Person) -> list[Wish]:
        return _together(person, self.store.get_many(person.keys))

    def served(self, person: Person, body: Mapping[str, Any] | None, received: datetime) -> dict[str, Any]:
        """The answer to what a body asks to be kept, and without one to what is kept. Raises InvalidRequest, Conflict."""
        if body is None:
            return answer(self.get(person))
        kept = self.put(person, lists(body), received)
        return {**answer(kept.wishes), **({"message": ERASED} if kept.erased else {})}

    def put(self, person: Person, wanted: Lists, received: datetime) -> Kept:
        """Write lists anew under the person's first key: a known shopper's own when proven, and the device's otherwise. Raises Conflict
        when others keep writing the same state."""
        if self.erased(person):
            return Kept([], erased=True)
        key = person.keys[0]
        for _ in range(CONFLICTS):
            read = self.store.get_many(person.keys)
            mine = read[key]
            # of all that is shown to the shopper, so that a wish of the device can be taken back
            wishes = changed(_together(person, read), wanted, received.timestamp())
            state = replace(mine.state, preferences=wishes)
            try:
                self.store.save({key: Versioned(state, mine.version)}, received.timestamp())
            except Conflict:
                continue
            self.saved({key: state})
            return Kept(wishes)
        raise Conflict("the shopper's state keeps changing; send the same again")


def _together(person: Person, read: dict[str, Versioned]) -> list[Wish]:
    """What a device was told before the log-in is the shopper's too, unless somebody else uses the device."""
    own, *devices = (read[key].state for key in person.keys)
    wishes = own.preferences
    for device in devices:
        if not device.shared and device.user_id in ("", person.user_id):
            wishes = join(wishes, device.preferences)
    return wishes
