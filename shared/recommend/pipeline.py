"""From what was read to what is shown: sources scored together, filled up from the popular lists, hard rules kept.

Pure: the same reads give the same answer.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from shared.catalog.model import Item
from shared.recommend.dials import OFF, About, factor
from shared.recommend.filling import Queue, Shown, Standing, group
from shared.recommend.newcomers import MOST, its_turn, newcomers
from shared.recommend.offers import candidates, fallbacks, last_resort
from shared.recommend.picks import CONTEXT_ITEMS, Pick, Reads, page_items
from shared.recommend.request import Request
from shared.recommend.rules import barred, refusal

POOL = 1.5  # candidates looked at for each item wanted
SLACK = 6
MOST_READ = 100  # DynamoDB reads no more at once
BEHIND = 0.97  # what fills up stands behind all candidates, each a little behind the one before
LEAST = 1e-6

Lookup = Callable[[list[str]], dict[str, Item]]
Removed = dict[str, list[str]]  # cause -> item ids


class Answer(NamedTuple):
    picks: list[Pick]
    items: dict[str, Item]
    removed: Removed
    at: float  # epoch seconds it holds for

    @property
    def tier(self) -> str:
        """The tier most of the items came from, of equals the one seen first; `none` when there are none."""
        tiers = [pick.tier for pick in self.picks]
        return max(dict.fromkeys(tiers), key=tiers.count) if tiers else "none"


def answer(request: Request, reads: Reads, lookup: Lookup, now: float) -> Answer:
    """At most `request.count` items, best first. `lookup` fetches catalog items: once, and again while rules leave gaps."""
    page = page_items(request)
    out = barred(request, reads.state, page)
    filling = Filling(request, reads, now, [pick for pick in newcomers(request, reads) if pick.item not in out])
    extra = page[-CONTEXT_ITEMS:]  # read too, so that no variant of what the page shows is shown beside it
    beside = (*extra, *(pick.item for pick in filling.waiting))
    size = pool_size(request)
    seen: set[str] = set()
    for offers in _sources(request, reads):
        admitted = _admitted(offers, out, seen, filling.removed)
        while not filling.full and (pool := list(islice(admitted, size))):
            filling.found |= lookup(list(dict.fromkeys((*(pick.item for pick, _ in pool), *beside))))
            filling.shown.groups.update(group(filling.found[item]) for item in extra if item in filling.found)
            filling.fill(pool)
            size, extra, beside = MOST_READ, (), ()
    return Answer(filling.shown.picks, filling.shown.items, filling.removed, now)


def first(request: Request, reads: Reads, others: int) -> list[str]:
    """The items that `answer` asks for first, and `others` more in their place: so that those of several shelves are read together."""
    page = page_items(request)
    offers = next(_sources(request, reads))
    out = barred(request, reads.state, page)
    pool = islice(_admitted(offers, out, set(), {}), pool_size(request) + others)
    beside = (*page[-CONTEXT_ITEMS:], *(pick.item for pick in newcomers(request, reads)))
    return [*(pick.item for pick, _ in pool), *beside]


def pool_size(request: Request) -> int:
    usual = min(int(request.count * POOL) + SLACK, MOST_READ - CONTEXT_ITEMS - MOST)
    return max(usual, request.spec.pool)


class Filling:
    """One shelf on its way from empty to full."""

    def __init__(self, request: Request, reads: Reads, now: float, waiting: list[Pick]) -> None:
        self.request = request
        self.reads = reads
        self.now = now
        self.waiting = waiting  # newcomers
        self.shown = Shown()
        self.removed: Removed = {}
        self.found: dict[str, Item] = {}

    @property
    def full(self) -> bool:
        return len(self.shown.picks) >= self.request.count

    def fill(self, pool: Iterable[tuple[Pick, float]]) -> None:
        """Show what may be shown of the pool until the shelf is full. Where it is a newcomer's turn, the first of those waiting
        that may be shown goes before."""
        queue = Queue(self._standings(pool), self.request.spec.dials)
        while not self.full:
            newcomer = self._newcomer() if its_turn(len(self.shown.picks) + 1) else None
            chosen = newcomer or queue.take(self.shown, self.removed)
            if chosen is None:
                return
            self.shown.show(chosen.pick, chosen.item)

    def _standings(self, pool: Iterable[tuple[Pick, float]]) -> list[Standing]:
        dials, about = self.request.spec.dials, About(self.reads.state)
        made = []
        for pick, value in pool:
            if item := self._may(pick):
                worth = value if dials == OFF else value * factor(dials, item, about, self.now)
                made.append(Standing(pick, item, worth))
        return made

    def _newcomer(self) -> Standing | None:
        while self.waiting:
            pick = self.waiting.pop(0)
            if pick.item in self.shown.items or not (item := self._may(pick)):
                continue
            if cause := self.shown.bars(item, self.request.spec.dials):
                self.removed.setdefault(cause, []).append(pick.item)
                continue
            return Standing(pick, item, 0.0)
        return None

    def _may(self, pick: Pick) -> Item | None:
        item = self.found.get(pick.item)
        cause = refusal(item, self.request, self.shown.groups, self.now)
        if cause:
            self.removed.setdefault(cause, []).append(pick.item)
        return None if cause else item


def _sources(request: Request, reads: Reads) -> Iterator[Iterator[tuple[Pick, float]]]:
    offered = list(candidates(request, reads))
    if request.spec.strict:
        yield standing(offered, ())
        return
    yield standing(offered, fallbacks(reads))
    yield standing((), last_resort(reads))


def standing(offered: list[Pick] | tuple[()], behind: Iterable[Pick]) -> Iterator[tuple[Pick, float]]:
    """With what orders picks of all sources: scores as shares of the best, and less than all of them for what only fills up."""
    top = offered[0].score if offered else 0.0
    value = 1.0
    for pick in offered:
        value = max(pick.score / top, LEAST) if top > 0 else LEAST
        yield pick, value
    for pick in behind:
        value *= BEHIND
        yield pick, value


def _admitted(
    offers: Iterable[tuple[Pick, float]], out: dict[str, str], seen: set[str], removed: Removed
) -> Iterator[tuple[Pick, float]]:
    """Each item once, where it comes first, unless it is out."""
    for pick, value in offers:
        if pick.item in seen:
            continue
        seen.add(pick.item)
        if pick.item in out:
            removed.setdefault(out[pick.item], []).append(pick.item)
        else:
            yield pick, value
