"""Events that name a shopper and say no: whoever is known under the ids has withdrawn, as of now.

An event that says no goes on as nobody's, so this is the only place where the ids are still there to withdraw for. Most such events
are of people nobody knows, over and over: what was looked up stays in memory for a minute, unless the same ids say yes meanwhile.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime

from shared.consent import choices
from shared.consent.desk import ConsentDesk
from shared.consent.person import Person
from shared.events.model import Event

FRESH = 60.0
MOST = 10_000


class Denials:
    """`desk` is made when the first event says no: most environments never see one."""

    def __init__(self, desk: Callable[[], ConsentDesk], clock: Callable[[], float]) -> None:
        self.make = desk
        self.desk: ConsentDesk | None = None
        self.clock = clock
        self.heard: OrderedDict[tuple[Person, datetime | None], float] = OrderedDict()

    def take(self, events: Iterable[Event], received: datetime) -> int:
        """How many shoppers' states were changed."""
        withdrawn = 0
        for event in events:
            person = Person(event.anonymous_id, event.user_id if event.verified else "", event.verified)
            if person.keys and self._is_new((person, event.consent.updated_at)):
                self.desk = self.desk or self.make()
                choice = choices.of_consent(event.consent, event.timestamp.timestamp())
                withdrawn += self.desk.put(person, choice, received, event.source).changed
                self.heard[person, event.consent.updated_at] = self.clock()
        return withdrawn

    def _is_new(self, said: tuple[Person, datetime | None]) -> bool:
        while self.heard and (len(self.heard) > MOST or self.clock() - next(iter(self.heard.values())) > FRESH):
            self.heard.popitem(last=False)
        return said not in self.heard
