"""What the sources offer for a request: scored together, and behind them the lists that fill a shelf up."""

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import NamedTuple

from shared.lists.model import Scored
from shared.profiles.state import Candidate
from shared.recommend import reasons
from shared.recommend.picks import STEP_DECAY, Pick, Reads, context
from shared.recommend.placements import Source
from shared.recommend.request import Request
from shared.recommend.rules import takes_purchased
from shared.recommend.shelves import in_turn


class Offer(NamedTuple):
    """A scored list, with the reason that its items have, or the candidates that say it of each."""

    tier: str
    weight: float
    scored: Scored
    reason: str = ""
    because: str = ""
    candidates: dict[str, Candidate] = {}

    def pick(self, item: str, score: float) -> Pick:
        own = self.candidates.get(item)
        if own:
            return Pick(item, score, own.reason, own.because, self.tier)
        return Pick(item, score, self.reason, self.because, self.tier)


def candidates(request: Request, reads: Reads) -> Iterator[Pick]:
    """What the placement's sources offer, best first. Shares add up; the largest one gives reason and tier."""
    offers = list(offered(request, reads))
    total: dict[str, float] = {}
    leading: dict[str, int] = {}  # which offer gave the largest share
    largest: dict[str, float] = {}  # that share, of items offered more than once
    for place, offer in enumerate(offers):
        weight = offer.weight
        for item, score in offer.scored:
            share = weight * score
            before = total.get(item)
            if before is None:
                total[item] = share
                leading[item] = place
            else:
                total[item] = before + share
                if share > largest.setdefault(item, before):
                    largest[item] = share
                    leading[item] = place
    for item, score in sorted(total.items(), key=itemgetter(1), reverse=True):
        yield offers[leading[item]].pick(item, score)


def offered(request: Request, reads: Reads) -> Iterator[Offer]:
    """One offer a source and item it starts from."""
    for source, weight in request.spec.weights.items():
        yield from OFFERS[source](request, reads, weight)


def _live(request: Request, reads: Reads, weight: float) -> Iterator[Offer]:
    state = reads.state
    yield _scaled(state.candidates + state.again if takes_purchased(request) else state.candidates, weight)


def _category(_: Request, reads: Reads, weight: float) -> Iterator[Offer]:
    return (Offer("segment", weight, scored, reasons.POPULAR, "category") for scored in reads.category)


def _list(_: Request, reads: Reads, weight: float) -> Iterator[Offer]:
    for shelf in reads.shelf:
        yield Offer("lists", weight * shelf.weight, shelf.scored, reasons.OF_LIST[shelf.kind], shelf.segment)


def _similar(request: Request, reads: Reads, weight: float) -> Iterator[Offer]:
    for item, decay in _named(request, reads):
        scored = reads.lists.get(f"similar#{item}") or reads.newcomers.similar.get(item, [])
        yield Offer("lists", weight * decay, scored, reasons.SIMILAR, item)


def _together(request: Request, reads: Reads, weight: float) -> Iterator[Offer]:
    for item, decay in _named(request, reads):
        yield Offer("lists", weight * decay, reads.lists.get(f"together#{item}", []), reasons.TOGETHER, item)


def _named(request: Request, reads: Reads) -> Iterator[tuple[str, float]]:
    """Items that an answer starts from, latest first, and how much each counts."""
    named = context(request, reads.state, reads.contextual)
    return ((item, STEP_DECAY**step) for step, item in enumerate(reversed(named)))


def _scaled(ready: list[Candidate], weight: float) -> Offer:
    """Candidates with the best at 1.0."""
    top = max((candidate.score for candidate in ready), default=0.0)
    if top <= 0:
        return Offer("live", 0.0, [])
    scored = [(candidate.item, candidate.score) for candidate in ready]
    return Offer("live", weight / top, scored, candidates={candidate.item: candidate for candidate in ready})


def _recent(request: Request, reads: Reads, weight: float) -> Iterator[Offer]:
    """What the shopper looked at, the latest first."""
    if not reads.contextual:
        seen = (*(touch.item for touch in reads.state.recent), *request.items)
        yield _in_order(list(dict.fromkeys(reversed(seen))), reasons.SEEN, weight)


def _again(_: Request, reads: Reads, weight: float) -> Iterator[Offer]:
    """What a model finds worth buying again; without one what was bought more than once, the latest first."""
    again, purchases = reads.state.again, reversed(reads.state.purchases)
    often = [purchase.item for purchase in purchases if purchase.orders > 1]
    yield _scaled(again, weight) if again else _in_order(often, reasons.AGAIN, weight)


def _in_order(items: list[str], reason: str, weight: float) -> Offer:
    return _scaled([Candidate(item, STEP_DECAY**step, reason, item) for step, item in enumerate(items)], weight)


OFFERS: dict[Source, Callable[[Request, Reads, float], Iterator[Offer]]] = {
    "live": _live,
    "category": _category,
    "list": _list,
    "similar": _similar,
    "together": _together,
    "recent": _recent,
    "again": _again,
}


def fallbacks(reads: Reads) -> Iterator[Pick]:
    for group in reads.popular():
        for shelf, item, score in in_turn(group):
            yield Pick(item, score, reasons.OF_LIST[shelf.kind], shelf.segment, shelf.tier)


def last_resort(reads: Reads) -> Iterator[Pick]:
    for item, score in reads.static():
        yield Pick(item, score, reasons.POPULAR, "static", "static")
