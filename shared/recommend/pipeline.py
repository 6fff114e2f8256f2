"""From what was read to what is shown: sources scored together, filled up from the popular lists, hard rules kept.

Pure: the same reads give the same answer.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from operator import itemgetter
from typing import NamedTuple

from shared.catalog.model import Item
from shared.lists.model import Scored
from shared.profiles.state import Candidate, State
from shared.recommend import reasons
from shared.recommend.newcomers import MOST, its_turn, newcomers
from shared.recommend.picks import CONTEXT_ITEMS, STEP_DECAY, Pick, Reads, context, page_items
from shared.recommend.placements import PLACEMENTS
from shared.recommend.request import Request
from shared.recommend.rules import barred, refusal, takes_purchased
from shared.recommend.shelves import in_turn

POOL = 1.5  # candidates looked at for each item wanted
SLACK = 6
MOST_READ = 100  # DynamoDB reads no more at once

Lookup = Callable[[list[str]], dict[str, Item]]


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


class Answer(NamedTuple):
    picks: list[Pick]
    items: dict[str, Item]
    removed: dict[str, list[str]]  # cause -> item ids
    groups: set[str]  # variants' groups on the page, so that each has one item
    at: float  # epoch seconds it holds for

    @property
    def tier(self) -> str:
        """The tier most of the items came from, of equals the one seen first; `none` when there are none."""
        tiers = [pick.tier for pick in self.picks]
        return max(dict.fromkeys(tiers), key=tiers.count) if tiers else "none"


def answer(request: Request, reads: Reads, lookup: Lookup, now: float) -> Answer:
    """At most `request.count` items, best first. `lookup` fetches catalog items: once, and again while rules leave gaps."""
    page = page_items(request)
    made = Answer([], {}, {}, set(), now)
    out = barred(request, reads.state, page)
    seen: set[str] = set()
    found: dict[str, Item] = {}
    waiting = [pick for pick in newcomers(request, reads) if pick.item not in out]
    extra = page[-CONTEXT_ITEMS:]  # read too, so that no variant of what the page shows is shown beside it
    beside = (*extra, *(pick.item for pick in waiting))
    size = min(int(request.count * POOL) + SLACK, MOST_READ - CONTEXT_ITEMS - MOST)
    for offers in _sources(request, reads):
        admitted = _admitted(offers, out, seen, made.removed)
        while len(made.picks) < request.count and (pool := list(islice(admitted, size))):
            found |= lookup(list(dict.fromkeys((*(pick.item for pick in pool), *beside))))
            made.groups.update(found[item].item_group_id or item for item in extra if item in found)
            _place(pool, waiting, found, request, made)
            size, extra, beside = MOST_READ, (), ()
    return made


def _sources(request: Request, reads: Reads) -> Iterator[Iterator[Pick]]:
    if PLACEMENTS[request.placement].strict:
        yield candidates(request, reads)
        return
    yield chain(candidates(request, reads), fallbacks(reads))
    yield last_resort(reads)


def _place(pool: list[Pick], waiting: list[Pick], found: dict[str, Item], request: Request, made: Answer) -> None:
    """Move what may be shown from the pool to the shelf until it is full. Where it is a newcomer's turn, the first of the `waiting`
    that may be shown goes before."""
    for pick in pool:
        while waiting and len(made.picks) < request.count and its_turn(len(made.picks) + 1):
            newcomer = waiting.pop(0)
            if newcomer.item not in made.items and not _refusal(newcomer, found, request, made):
                _show(newcomer, found, made)
        if pick.item in made.items:  # as a newcomer
            continue
        if cause := _refusal(pick, found, request, made):
            made.removed.setdefault(cause, []).append(pick.item)
        elif len(made.picks) < request.count:
            _show(pick, found, made)


def _refusal(pick: Pick, found: dict[str, Item], request: Request, made: Answer) -> str:
    return refusal(found.get(pick.item), request, made.groups, made.at)


def _show(pick: Pick, found: dict[str, Item], made: Answer) -> None:
    item = found[pick.item]
    made.picks.append(pick)
    made.items[pick.item] = item
    made.groups.add(item.item_group_id or item.id)


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
    named = context(request, reads.state, reads.contextual)
    for source, weight in PLACEMENTS[request.placement].weights.items():
        if source == "live":
            yield _live(request, reads.state, weight)
        elif source == "category":
            yield from (Offer("segment", weight, scored, reasons.POPULAR, "category") for scored in reads.category)
        elif source == "list":
            for shelf in reads.shelf:
                yield Offer("lists", weight * shelf.weight, shelf.scored, reasons.OF_LIST[shelf.kind], shelf.segment)
        else:
            word = reasons.SIMILAR if source == "similar" else reasons.TOGETHER
            for step, item in enumerate(reversed(named)):
                scored = reads.lists.get(f"{source}#{item}") or (
                    reads.newcomers.similar.get(item, []) if source == "similar" else []
                )
                yield Offer("lists", weight * STEP_DECAY**step, scored, word, item)


def _live(request: Request, state: State, weight: float) -> Offer:
    """The state's candidates, scaled so that the best has 1.0."""
    ready = state.candidates + state.again if takes_purchased(request) else state.candidates
    scored = [(candidate.item, candidate.score) for candidate in ready]
    top = max(map(itemgetter(1), scored), default=0.0)
    if top <= 0:
        return Offer("live", 0.0, [])
    return Offer("live", weight / top, scored, candidates={candidate.item: candidate for candidate in ready})


def fallbacks(reads: Reads) -> Iterator[Pick]:
    for group in reads.popular():
        for shelf, item, score in in_turn(group):
            yield Pick(item, score, reasons.OF_LIST[shelf.kind], shelf.segment, shelf.tier)


def last_resort(reads: Reads) -> Iterator[Pick]:
    for item, score in reads.static():
        yield Pick(item, score, reasons.POPULAR, "static", "static")


def _admitted(
    offers: Iterable[Pick], out: dict[str, str], seen: set[str], removed: dict[str, list[str]]
) -> Iterator[Pick]:
    """Each item once, where it comes first, unless it is out."""
    for pick in offers:
        if pick.item in seen:
            continue
        seen.add(pick.item)
        if pick.item in out:
            removed.setdefault(out[pick.item], []).append(pick.item)
        else:
            yield pick
