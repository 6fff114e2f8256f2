"""Erasing again after a table was restored to an earlier moment: nobody was meant to come back.

A restore rolls the tables back, with the suppressions and the requests in them. What it does not touch are the receipts: every erasure
leaves its own in the lake's bucket. A receipt names nobody; but whoever is met in a restored table can be compared with it, hidden under
the same key.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import json

from shared.errors import InvalidRequest
from shared.privacy.keys import PrivacyKey, hidden
from shared.privacy.objects import Objects
from shared.privacy.person import ANONYMOUS, Identifier, Person
from shared.privacy.receipt import valid
from shared.privacy.requests import Request, moment
from shared.privacy.stores.base import Keyed
from shared.privacy.suppression import Hidden

RECEIPTS = "receipts/"
AT_ONCE = 100  # receipts whose people are suppressed again together


class Replayed(msgspec.Struct):
    """Whom the receipts are about, as they hide it, and which of them were met in the tables."""

    erasures: list[str] = []
    hidden: list[str] = []
    opened: list[str] = []
    met: list[Identifier] = []

    def meet(self, names: Iterable[Identifier], key: bytes) -> None:
        wanted = {*self.hidden, *self.opened}
        self.met = sorted({*self.met, *(name for name in names if hidden(key, *name) in wanted)})

    def person(self, key: bytes) -> Person:
        """All of them as one, for erasing."""
        theirs, opened = set(self.hidden), set(self.opened)
        return Person(
            identifiers=[name for name in self.met if hidden(key, *name) in theirs],
            opened=[value for kind, value in self.met if kind == ANONYMOUS and hidden(key, kind, value) in opened],
        )


class Kept(NamedTuple):
    """A receipt as it was kept, and what it says."""

    key: str
    facts: dict[str, Any]

    @property
    def suppressed(self) -> Hidden:
        erased_at = datetime.fromisoformat(self.facts["erasedAt"]).timestamp()
        return Hidden(self.facts["person"], erased_at, forever=self.facts["suppression"] == "forever")


def keep(objects: Objects, signed: dict[str, str]) -> None:
    """Where no restore of a table reaches it. Done again it is the same."""
    facts = json.decode(signed["receipt"])
    objects.put(f"{RECEIPTS}dt={facts['completedAt'][:10]}/{facts['request']}.json", json.encode(signed))


def receipts(objects: Objects, since: float, pem: str) -> Iterator[list[Kept]]:
    """The receipts of erasures that ended since then (epoch seconds), some at a time. Raises InvalidRequest for one that was tampered
    with: then nobody can say who is meant."""
    day = f"{RECEIPTS}dt={datetime.fromtimestamp(since, UTC):%Y-%m-%d}/"
    batch: list[Kept] = []
    for version in objects.versions(RECEIPTS):
        if not version.latest or version.marker or version.key < day:
            continue
        signed = json.decode(objects.read(version))
        if not valid(signed, pem):
            raise InvalidRequest(f"{version.key} is not what this shop signed; bring back its older version")
        facts = json.decode(signed["receipt"])
        if datetime.fromisoformat(facts["completedAt"]).timestamp() >= int(since):
            batch.append(Kept(version.key, facts))
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    yield batch


def search(tables: Iterable[tuple[str, Keyed]], found: Replayed, key: PrivacyKey, cursor: str) -> Iterator[str]:
    """A pass over the tables that compares every name in them; `found` grows piece by piece, each yields the cursor behind it."""
    at, _, place = cursor.partition(" ")
    for name, table in sorted(tables):
        if cursor and name < at:
            continue
        for names, behind in table.names(place if name == at else ""):
            found.meet(names, key.suppression)
            yield f"{name} {behind}" if behind else f"{name}~ "
    yield ""


def facts(request: Request, found: Replayed, counts: list[dict[str, Any]], now: float) -> dict[str, Any]:
    """What the receipt of a replay says."""
    return {
        "schema": "shopwindow.replay-receipt/1",
        "request": request.id,
        "erasuresSince": moment(request.since),
        "completedAt": moment(now),
        "erasures": sorted(found.erasures),
        "person": sorted(found.hidden),
        "namesMetAgain": len(found.met),
        "stores": counts,
    }
