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
from shared.recommend.placements import PLACEMENTS
from shared.recommend.request import Request
from shared.recommend.rules import barred, refusal, takes_purchased

STEP_DECAY = 0.7  # weight of an item of the request by how many came after it
CONTEXT_ITEMS = 5
POOL = 1.5  # candidates looked at for each item wanted
SLACK = 6
MOST_READ = 100  # DynamoDB reads no more at once
EMPTY = State()

Lookup = Callable[[list[str]], dict[str, Item]]


class Reads(NamedTuple):
    """What was read for a request. `lists` holds `similar#<item>` and `together#<item>`; `category` the popular lists of the
    categories asked for; `popular` the fallback lists in order: (tier, segment, list). `static` is asked when nothing else is left.
    `contextual`: the answer has to do without the person."""

    state: State = EMPTY
    lists: dict[str, Scored] = {}
    category: list[Scored] = []
    popular: list[tuple[str, str, Scored]] = []
    static: Callable[[], Scored] = list
    contextual: bool = False


class Pick(NamedTuple):
    item: str
    score: float
    reason: str
    because: str
    tier: str


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
    extra = page[-CONTEXT_ITEMS:]  # read too, so that no variant of what the page shows is shown beside it
    size = min(int(request.count * POOL) + SLACK, MOST_READ - CONTEXT_ITEMS)
    for offers in (chain(candidates(request, reads), fallbacks(reads)), last_resort(reads)):
        admitted = _admitted(offers, out, seen, made.removed)
        while len(made.picks) < request.count and (pool := list(islice(admitted, size))):
            found = lookup([*(pick.item for pick in pool), *extra])
            made.groups.update(found[item].item_group_id or item for item in extra if item in found)
            _place(pool, found, request, made)
            size, extra = MOST_READ, ()
    return made


def _place(pool: list[Pick], found: dict[str, Item], request: Request, made: Answer) -> None:
    """Move what may be shown from the pool to the shelf until it is full."""
    for pick in pool:
        item = found.get(pick.item)
        cause = refusal(item, request.filter, made.groups, made.at)
        if cause or item is None:
            made.removed.setdefault(cause, []).append(pick.item)
        elif len(made.picks) < request.count:
            made.picks.append(pick)
            made.items[pick.item] = item
            made.groups.add(item.item_group_id or item.id)


def page_items(request: Request) -> tuple[str, ...]:
    """What the page shows already, latest last; nothing on pages that are about the shopper."""
    about = PLACEMENTS[request.placement].about
    if about == "item":
        return request.items[-1:]
    if about == "cart":
        return request.cart or request.items
    return (request.items or request.cart) if about == "order" else ()


def context(request: Request, state: State, contextual: bool = False) -> tuple[str, ...]:
    """The items whose lists count, latest last: the page's own, else what the shopper did that the state has not seen yet,
    and what they did last when no model has computed candidates for them. A `contextual` answer knows the page only."""
    page = page_items(request)
    if page or contextual:
        return page[-CONTEXT_ITEMS:]
    items = request.items[-CONTEXT_ITEMS:]
    if not state.candidates:
        return items or tuple(touch.item for touch in state.recent[-CONTEXT_ITEMS:])
    folded = {touch.item for touch in state.recent[-len(items) :]} if items else ()
    return tuple(item for item in items if item not in folded)


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
        else:
            word = reasons.SIMILAR if source == "similar" else reasons.TOGETHER
            for step, item in enumerate(reversed(named)):
                yield Offer("lists", weight * STEP_DECAY**step, reads.lists.get(f"{source}#{item}", []), word, item)


def _live(request: Request, state: State, weight: float) -> Offer:
    """The state's candidates, scaled so that the best has 1.0."""
    ready = state.candidates + state.again if takes_purchased(request) else state.candidates
    scored = [(candidate.item, candidate.score) for candidate in ready]
    top = max(map(itemgetter(1), scored), default=0.0)
    if top <= 0:
        return Offer("live", 0.0, [])
    return Offer("live", weight / top, scored, candidates={candidate.item: candidate for candidate in ready})


def fallbacks(reads: Reads) -> Iterator[Pick]:
    for tier, segment, scored in reads.popular:
        for item, score in scored:
            yield Pick(item, score, reasons.POPULAR, segment, tier)


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
