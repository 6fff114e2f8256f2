"""The sources of a placement asked again for an answer of the log: for plans that change where candidates come from.

The shopper's own candidates are those of then, from the log. Lists of neighbours are those of the model of then while they are stored, else
of the model in force; popular lists and new arrivals are those of now.
"""

from collections.abc import Callable, Collection
from typing import Any

from msgspec.structs import replace

from shared.answers.model import Own
from shared.answers.recreate import Ready
from shared.profiles.state import Candidate, State, Totals, Touch, encode
from shared.recommend import reasons
from shared.recommend.page import Remembering
from shared.recommend.reads import Reader
from shared.recommend.request import Request
from shared.recommend.resolve import Resolved
from shared.recommend.shopper import NOBODY, Shopper
from shared.recommend.tables import Readable

KEY = "a#of the log"


def shaping(request: Request) -> tuple[Any, ...]:
    """The settings that say which candidates are looked at."""
    one = request.spec
    kinds = (one.weights, one.about, one.shelf, one.strict, one.newcomers, one.blend)
    return (*kinds, one.allow_purchased, one.pool, request.count)


class Sources(Reader):
    """Reads as they would have been for answers of the log. `stored` are the versions whose lists are."""

    def __init__(
        self, tables: Readable, stored: Collection[str], failed: Callable[[Exception], None], clock: Callable[[], float]
    ) -> None:
        self.remembering = Remembering(tables)
        super().__init__(self.remembering, list, failed, clock)
        self.stored = stored
        self.one: Ready | None = None

    @property
    def version(self) -> str:
        then = self.one.answered.model if self.one else ""
        return then if then in self.stored else super().version

    def again(self, one: Ready) -> Ready:
        """Ready to be made of what its sources offer when they are asked again. Raises ValueError where the log did not keep what the
        shopper's own state offered."""
        if one.answered.own is None:
            raise ValueError(one.answered.id)
        self.one = one
        self.remembering.known[f"s:{KEY}"] = encode(_state(one, one.answered.own))
        reads = self.read(one.resolved.request, _shopper(one.answered.own))
        covers = {**reads.covers, **one.answered.known.covers}
        return one._replace(reads=reads._replace(covers=covers, resolved=one.resolved.covering(covers)), anew=True)

    def _resolved(self, request: Request, shopper: Shopper, state: State, contextual: bool) -> Resolved:
        """What the plan in question made of the request, by the variants and the arm of then."""
        return self.one.resolved if self.one else super()._resolved(request, shopper, state, contextual)


def _shopper(own: Own) -> Shopper:
    if own.contextual:
        return Shopper(named=True)
    return Shopper(KEY, named=True) if own.live or own.recent else NOBODY


def _state(one: Ready, own: Own) -> State:
    at, facts = one.answered.time, one.answered.known.facts
    return replace(
        one.reads.state,
        candidates=[Candidate(item, score, reasons.FOR_YOU) for item, score in own.live],
        again=[Candidate(item, score, reasons.AGAIN) for item, score in own.again],
        recent=[Touch(item, at) for item in own.recent],
        totals=Totals(events=len(own.recent) or 1, orders=int(float(str(facts.get("orders", 0))))),
    )
