"""Takes what shoppers say about consent, at once: first into the event log, then into their states and the cache.

The log comes first so that a state never says what the log cannot prove. A no of somebody unknown is stored nowhere.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from shared.consent import choices
from shared.consent.person import Person
from shared.errors import Conflict
from shared.events.model import Consent, Event, Source
from shared.profiles import consent
from shared.profiles.state import Choice, State
from shared.profiles.store import ShoppersStore

CONFLICTS = 8
Saved = Callable[[dict[str, State]], None]
Log = Callable[[list[Event]], None]


class Outcome(NamedTuple):
    """`known`: the keys of this person that something is known under, now at the latest. `changed`: something was written. `erased`:
    the person was erased and never wants to be known again, so nothing may be."""

    known: tuple[str, ...]
    changed: bool
    erased: bool = False


def nobody(_: Person) -> bool:
    return False


class ConsentDesk:
    """`log` puts events on the stream; `saved` is told the states that were written; `new_id` makes message ids; `erased` tells who was
    erased for good."""

    def __init__(
        self,
        store: ShoppersStore,
        log: Log,
        saved: Saved,
        new_id: Callable[[], str],
        erased: Callable[[Person], bool] = nobody,
    ) -> None:
        self.store = store
        self.log = log
        self.saved = saved
        self.new_id = new_id
        self.erased = erased

    def choices(self, person: Person) -> list[list[Choice]]:
        """The histories of the states of this person; none of somebody unknown."""
        return [read.state.choices for read in self.store.get_many(person.keys).values() if read.version]

    def put(self, person: Person, choice: Choice, received: datetime, source: Source) -> Outcome:
        """Raises Conflict when others keep writing the same states; they hear of the choice from the log all the same."""
        if self.erased(person):
            return Outcome((), changed=False, erased=True)
        logged = False
        for _ in range(CONFLICTS):
            read = self.store.get_many(person.keys)
            known = {key: versioned for key, versioned in read.items() if versioned.version or choice.personalization}
            told = {key: versioned for key, versioned in known.items() if _hears(versioned.state, choice)}
            if not told:
                return Outcome(tuple(known), logged)
            if not logged:
                self.log([record(key, choice, self.new_id(), received, source) for key in told])
                logged = True
            try:
                self.store.save(told, received.timestamp())
            except Conflict:
                continue
            self.saved({key: versioned.state for key, versioned in told.items()})
            return Outcome(tuple(known), changed=True)
        raise Conflict("the shopper's state keeps changing; send the same again")


def _hears(state: State, choice: Choice) -> bool:
    """Tell the state, and whether that changed it. What holds anyway is nothing new, and what cannot prevail is not heard."""
    holds = choices.effective(state.choices)
    if holds and (
        choices.outranked(choice, holds) or (holds.at <= choice.at and replace(holds, at=choice.at) == choice)
    ):
        return False
    before = state.choices
    consent.hear(state, choice)
    return state.choices != before


def record(key: str, choice: Choice, message_id: str, received: datetime, source: Source) -> Event:
    """The event that puts a choice on record for the shopper of a key. It names them even with a no: that proves who withdrew. Each
    names one only, so that it links nobody to anybody."""
    user = key.startswith("u#")
    at = datetime.fromtimestamp(choice.at, UTC)
    told = at if choice.source in (choices.API, choices.UPDATED) else None
    return Event(
        message_id=message_id,
        type="track",
        event=choices.CHANGED,
        timestamp=at,
        received_at=received,
        anonymous_id="" if user else key[2:],
        user_id=key[2:] if user else "",
        verified=user,
        properties={"source": choice.source},
        consent=Consent(choice.analytics, choice.personalization, choice.advertising, told),
        source=source,
    )


def current(histories: Iterable[list[Choice]]) -> Choice | None:
    """What holds for a person of several states: a no to personalization of either one, else the latest."""
    mine = list(histories)
    holding = [holds for history in mine if (holds := choices.effective(history))]
    noes = [holds for holds in holding if not holds.personalization]
    return max(noes, key=lambda holds: holds.at) if noes else choices.effective(history_of(mine))


def history_of(histories: Iterable[list[Choice]]) -> list[Choice]:
    joined: list[Choice] = []
    for history in histories:
        joined = choices.join(joined, history)
    return joined
