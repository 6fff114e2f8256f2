"""From what was read to what is shown: sources scored together, filled up from the popular lists, hard rules kept.

Pure: the same reads give the same answer.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from shared.catalog.model import Item, recommendable
from shared.lists.model import Scored
from shared.profiles.state import Candidate, State
from shared.recommend import reasons
from shared.recommend.placements import PLACEMENTS, Source
from shared.recommend.request import Filter, Request

STEP_DECAY = 0.7  # weight of an item of the request by how many came after it
POOL = 2.5  # candidates looked at for each item wanted
SLACK = 12
EMPTY = State()


class Reads(NamedTuple):
    """What was read for a request. `lists` holds `similar#<item>` and `together#<item>`; `popular` the fallback lists in order:
    (tier, segment, list)."""

    state: State = EMPTY
    lists: dict[str, Scored] = {}
    popular: list[tuple[str, str, Scored]] = []
    category: list[Scored] = []


class Pick(NamedTuple):
    item: str
    score: float
    reason: str
    because: str
    tier: str


class Answer(NamedTuple):
    picks: list[Pick]
    items: dict[str, Item]
    removed: dict[str, list[str]]  # cause -> item ids

    @property
    def tier(self) -> str:
        """The tier most of the items came from; `none` when there are none."""
        tiers = [pick.tier for pick in self.picks]
        return max(dict.fromkeys(tiers), key=tiers.count) if tiers else "none"


Lookup = Callable[[list[str]], dict[str, Item]]


def answer(request: Request, reads: Reads, lookup: Lookup, now: float) -> Answer:
    """At most `request.count` items, best first. `lookup` fetches catalog items; asked once, twice when rules removed many."""
    barred = _barred(request, reads.state)
    removed: dict[str, list[str]] = {}
    offers = _unbarred(chain(candidates(request, reads), fallbacks(reads)), barred, removed)
    picks: list[Pick] = []
    items: dict[str, Item] = {}
    groups: set[str] = set()
    while len(picks) < request.count:
        pool = _take(offers, int((request.count - len(picks)) * POOL) + SLACK)
        if not pool:
            break
        found = lookup([pick.item for pick in pool])
        for pick in pool:
            cause = _refusal(found.get(pick.item), request.filter, groups, now)
            if cause:
                removed.setdefault(cause, []).append(pick.item)
            elif len(picks) < request.count:
                picks.append(pick)
                items[pick.item] = found[pick.item]
                groups.add(found[pick.item].item_group_id or pick.item)
    return Answer(picks, items, removed)


def candidates(request: Request, reads: Reads) -> list[Pick]:
    """All sources of the placement in one list, best first. Scores of the sources add up."""
    placement = PLACEMENTS[request.placement]
    context = _context(request, reads.state)
    total: dict[str, float] = {}
    led: dict[str, Pick] = {}
    for source, weight in placement.weights.items():
        for pick in _offers(source, weight, context, request, reads):
            total[pick.item] = total.get(pick.item, 0.0) + pick.score
            if pick.item not in led or pick.score > led[pick.item].score:
                led[pick.item] = pick
    best = heapq.nsmallest(len(total), total, key=lambda item: (-total[item], item))
    return [led[item]._replace(score=total[item]) for item in best]


def _offers(source: Source, weight: float, context: tuple[str, ...], request: Request, reads: Reads) -> Iterator[Pick]:
    if source == "live":
        for candidate, score in _live(request, reads.state):
            yield Pick(candidate.item, weight * score, candidate.reason, candidate.because, "live")
    elif source == "category":
        for scored in reads.category:
            yield from (Pick(item, weight * score, reasons.POPULAR, "category", "segment") for item, score in scored)
    else:
        word = reasons.SIMILAR if source == "similar" else reasons.TOGETHER
        for step, item in enumerate(reversed(context)):
            for other, score in reads.lists.get(f"{source}#{item}", []):
                yield Pick(other, weight * STEP_DECAY**step * score, word, item, "lists")


def _context(request: Request, state: State) -> tuple[str, ...]:
    """The items whose lists count, latest last."""
    if request.placement == "cart" and request.cart:
        return request.cart
    if not request.items and not state.candidates:
        return tuple(touch.item for touch in state.recent)
    return request.items


def fallbacks(reads: Reads) -> Iterator[Pick]:
    for tier, segment, scored in reads.popular:
        for item, score in scored:
            yield Pick(item, score, reasons.POPULAR, segment, tier)


def allows_purchased(request: Request) -> bool:
    asked = request.filter.allow_purchased
    return PLACEMENTS[request.placement].allow_purchased if asked is None else asked


def _live(request: Request, state: State) -> Iterator[tuple[Candidate, float]]:
    """The state's candidates, scaled so that the best has 1.0."""
    offered = state.candidates + state.again if allows_purchased(request) else state.candidates
    top = max((candidate.score for candidate in offered), default=0.0)
    if top > 0:
        yield from ((candidate, candidate.score / top) for candidate in offered)


def _barred(request: Request, state: State) -> dict[str, str]:
    """Item id -> why it may not be shown to this shopper here."""
    bought = [] if allows_purchased(request) else [purchase.item for purchase in state.purchases]
    own_page = (
        request.items[-1:] if request.placement == "product" else request.items if request.placement != "home" else ()
    )
    return {
        **dict.fromkeys(bought, "purchased"),
        **dict.fromkeys(own_page, "on_page"),
        **dict.fromkeys(state.cart, "in_cart"),
        **dict.fromkeys(request.cart, "in_cart"),
        **dict.fromkeys(request.exclude, "excluded"),
    }


def _unbarred(offers: Iterable[Pick], barred: dict[str, str], removed: dict[str, list[str]]) -> Iterator[Pick]:
    """Each item once, where it comes first."""
    seen: set[str] = set()
    for pick in offers:
        if pick.item in seen:
            continue
        seen.add(pick.item)
        if pick.item in barred:
            removed.setdefault(barred[pick.item], []).append(pick.item)
        else:
            yield pick


def _take(offers: Iterator[Pick], most: int) -> list[Pick]:
    return [pick for pick, _ in zip(offers, range(min(most, 100)), strict=False)]


def _refusal(item: Item | None, wanted: Filter, groups: set[str], now: float) -> str:
    """Why the item cannot be shown; "" when it can."""
    if item is None:
        return "not_in_catalog"
    if not recommendable(item, now):
        return "unavailable"
    if (item.item_group_id or item.id) in groups:
        return "variant_shown"
    return "" if _wanted(item, wanted) else "filtered"


def _wanted(item: Item, wanted: Filter) -> bool:
    price = item.sale_price or item.price
    if wanted.categories and not any(
        item.product_type == c or item.product_type.startswith(f"{c} > ") for c in wanted.categories
    ):
        return False
    if wanted.brands and item.brand not in wanted.brands:
        return False
    priced = wanted.price_min > 0 or wanted.price_max < float("inf")
    return not priced or (price is not None and wanted.price_min <= price.amount <= wanted.price_max)
