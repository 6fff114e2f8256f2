"""What is the person's on devices that others use too: stretches that end in their log-in, in the same session.

The lake lies in folders by hour, so a session is over when the folders have gone half an hour past it: what stays in memory are the
sessions still open, and the ids of the person's messages.
"""

from collections.abc import Iterator
from datetime import datetime

import duckdb
import msgspec

from shared.events import lake
from shared.identity.statements import SESSION, STRETCHES
from shared.privacy.objects import Objects
from shared.privacy.person import Person
from shared.privacy.resolve import EVENTS, latest, over
from shared.privacy.stores.lake import batches

MOMENTS = f"""
SELECT anonymousId, ts, messageId, CASE WHEN verified AND userId <> '' THEN userId END
FROM ({EVENTS}) WHERE list_contains($devices::VARCHAR[], anonymousId)
"""  # noqa: S608 - no outside text in it
OWNERS = f"""
WITH moments AS (
  SELECT DISTINCT unnest(?::VARCHAR[]) AS device, unnest(?::DOUBLE[]) AS ts,
                  unnest(?::VARCHAR[]) AS message, unnest(?::VARCHAR[]) AS login),
{STRETCHES}
SELECT DISTINCT device, message, ended, owner FROM stretches
"""  # noqa: S608 - no outside text in it

Moment = tuple[
    str, float, str, str | None
]  # device, epoch seconds, message id, who is proven to have logged in with it


class Stretches(msgspec.Struct):
    """`open` are moments of sessions that may go on, `messages` those that are the person's. `decided` are messages of the last piece, in
    case it is read again: alone, without what stood beside them, some would be decided otherwise."""

    open: list[Moment] = []
    messages: list[str] = []
    decided: list[str] = []

    def add(self, piece: list[Moment]) -> None:
        """The next piece of the lake, or the last one again."""
        before = set(self.decided)
        self.decided = [message for _, _, message, _ in piece if message in before]
        self.open += [moment for moment in piece if moment[2] not in before]

    def settle(self, person: Person, until: float) -> None:
        """Decide the sessions that nothing from `until` on (epoch seconds) can belong to."""
        if not self.open:
            return
        with duckdb.connect() as db:
            rows = db.execute(OWNERS, [list(column) for column in zip(*self.open, strict=True)]).fetchall()
        over = {(device, message): owner for device, message, ended, owner in rows if ended + SESSION < until}
        theirs = {message for (device, message), owner in over.items() if _is(person, device, owner)}
        self.open = [moment for moment in self.open if (moment[0], moment[2]) not in over]
        self.messages = sorted({*self.messages, *theirs})
        self.decided += [message for _, message in over]


def pieces(objects: Objects, person: Person, found: Stretches, cursor: str) -> Iterator[str]:
    """A pass over the lake; `found` grows piece by piece, each yields the cursor behind it, "" at the end."""
    for batch in batches(latest(objects, cursor)) if person.shared else ():
        found.add(over(objects, batch, MOMENTS, {"devices": person.shared}))
        found.settle(person, _hour(batch[-1].key))
        yield batch[-1].key
    found.settle(person, float("inf"))
    yield ""


def _is(person: Person, device: str, owner: str | None) -> bool:
    """What nobody logged in for is the person's on a device that the request named itself."""
    return owner in person.users if owner is not None else device in person.opened


def _hour(key: str) -> float:
    """When the hour of an object's folder begins; never, of one that lies elsewhere."""
    try:
        return datetime.strptime(f"{key.removeprefix(lake.PREFIX)[:21]} +0000", "dt=%Y-%m-%d/hour=%H %z").timestamp()
    except ValueError:
        return float("-inf")
