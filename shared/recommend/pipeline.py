"""From what was read to what is shown: sources scored together, filled up from the popular lists, hard rules kept.

Pure: the same reads give the same answer.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from shared.catalog.model import Item
from shared.merchandising.effects import apply, wanted
from shared.merchandising.matching import Matched, Matcher
from shared.merchandising.places import group
from shared.merchandising.steered import Effect, Entry, Outside, Steered
from shared.preferences.matching import Wished
from shared.preferences.wishes import FAVOURITE
from shared.profiles.fatigue import fatigue
from shared.recommend.bundles import Bundle, bundles
from shared.recommend.bundles import wanted as in_bundles
from shared.recommend.constraints import Constraints
from shared.recommend.dials import OFF, About, factor, favour
from shared.recommend.filling import Queue, WithNewcomers
from shared.recommend.newcomers import MOST, its_turn, newcomers
from shared.recommend.offers import candidates, fallbacks, last_resort
from shared.recommend.picks import CONTEXT_ITEMS, Pick, Reads, page_items
from shared.recommend.reasons import PROMOTED
from shared.recommend.request import Request
from shared.recommend.rules import barred
from shared.recommend.rules import refusal as broken
from shared.recommend.standing import Standing

POOL = 1.5  # candidates looked at for each item wanted
SLACK = 6
MOST_WANTED = 50  # items that rules may bring in are read for a request
MOST_READ = 100  # DynamoDB reads no more at once
BEHIND = 0.97  # what fills up stands behind all candidates, each a little behind the one before
LEAST = 1e-6

Lookup = Callable[[list[str]], dict[str, Item]]
Removed = dict[str, list[str]]  # cause -> item ids
NO_RULES = Matched(Matcher(), 0, 0.0)


class Answer(NamedTuple):
    picks: list[Pick]
    items: dict[str, Item]
    removed: Removed
    at: float  # epoch seconds it holds for
    effects: list[Effect] = []  # of the shop's rules
    pool: list[Entry] = []  # what could be shown, best first
    bundles: list[Bundle] = []
    teams: str = ""  # of an answer that two rankers made together: a letter a pick
    offered: list[
        tuple[str, float]
    ] = []  # what was looked at, best first, before dials and rules, what the shopper favours counting more
    waiting: list[str] = []  # new arrivals whose turn it would be
    standing: Standing = Standing()
    barred: Collection[str] = ()  # what might not be shown to this shopper here

    @property
    def tier(self) -> str:
        """The tier most of the items came from, of equals the one seen first; `none` when there are none."""
        tiers = [pick.tier for pick in self.picks]
        return max(dict.fromkeys(tiers), key=tiers.count) if tiers else "none"


def answer(request: Request, reads: Reads, lookup: Lookup, now: float) -> Answer:
    """At most `request.count` items, best first. `lookup` fetches catalog items: once, and again while rules leave gaps.

    Whenever more had to be read, the shelf is filled anew from all that may be shown: what rules and dials make of it depends on the whole.
    """
    page = page_items(request)
    filling = Filling(request, reads, now, barred(request, reads.state, page))
    extra = page[-CONTEXT_ITEMS:]  # read too, so that no variant of what the page shows is shown beside it
    beside = (*extra, *(pick.item for pick in filling.waiting), *filling.wanted, *in_bundles(request, reads))
    size = pool_size(request)
    filled: Steered | None = None
    for offers in _sources(request, reads):
        admitted = _admitted(offers, filling.out, filling.seen, filling.removed)
        while (filled is None or len(filled.shown) < request.count) and (pool := list(islice(admitted, size))):
            filling.found |= lookup(list(dict.fromkeys((*(pick.item for pick, _ in pool), *beside))))
            filling.add(pool)
            filled = filling.filled(extra)
            size, beside = MOST_READ, ()
    if filled is None and beside:
        filling.found |= lookup(list(dict.fromkeys(beside)))
        filled = filling.filled(extra)
    made = filling.answer(filled)
    return made._replace(bundles=bundles(request, reads, filling.found, filling.refusal, now))


def first(request: Request, reads: Reads, others: int, now: float) -> list[str]:
    """The items that `answer` asks for first, and `others` more in their place: so that those of several shelves are read together."""
    page = page_items(request)
    offers = next(_sources(request, reads))
    out = barred(request, reads.state, page)
    pool = islice(_admitted(offers, out, set(), {}), pool_size(request) + others)
    new = (pick.item for pick in newcomers(request, reads, tired(request, reads, now)))
    beside = (*page[-CONTEXT_ITEMS:], *new, *in_bundles(request, reads))
    return [*(pick.item for pick, _ in pool), *beside]


def pool_size(request: Request) -> int:
    usual = min(int(request.count * POOL) + SLACK, MOST_READ - CONTEXT_ITEMS - MOST)
    return max(usual, request.spec.pool)


def about(request: Request, reads: Reads, now: float) -> About:
    """What the placement's dials ask of the shopper and the shop."""
    favourites = Wished(reads.state.preferences, FAVOURITE) or None
    return About(reads.state, tired(request, reads, now), reads.covers, favourites)


def tired(request: Request, reads: Reads, now: float) -> dict[str, float]:
    return fatigue(reads.state, now) if request.spec.dials.repetition else {}


class Filling:
    """One shelf on its way from empty to full. `out` says of items why they are out from the start."""

    def __init__(self, request: Request, reads: Reads, now: float, out: dict[str, str]) -> None:
        self.request = request
        self.now = now
        self.out = out
        self.rules = reads.resolved.rules if reads.resolved else NO_RULES
        self.constraints = Constraints(request, reads.state, reads.covers)
        self.about = about(request, reads, now)
        self.dialed = request.spec.dials != OFF
        self.waiting = [pick for pick in newcomers(request, reads, self.about.fatigue) if pick.item not in out]
        self.wanted = wanted(self.rules)[:MOST_WANTED] if self.rules.active else []
        self.found: dict[str, Item] = {}
        self.seen: set[str] = set()
        self.removed: Removed = {}
        self.picks: dict[str, Pick] = {pick.item: pick for pick in self.waiting}
        self.pool: list[Entry] = []
        self.offered: list[tuple[str, float]] = []
        self.level = float("inf")  # the least value so far

    def add(self, pool: Iterable[tuple[Pick, float]]) -> None:
        """Those of the pool that may be shown, at what the dials make of their value."""
        dials = self.request.spec.dials
        for pick, given in pool:
            # the list of last resort begins at the top again, and yet stands behind
            self.level = value = min(given, self.level)
            item = self.found.get(pick.item)
            relevance = value * favour(item, self.about) if item else value
            self.offered.append((pick.item, relevance))
            if cause := broken(item, self.request, self.constraints, self.now):
                self.removed.setdefault(cause, []).append(pick.item)
            elif item:
                self.picks[pick.item] = pick
                worth = relevance * factor(dials, item, self.about, self.now) if self.dialed else relevance
                self.pool.append(Entry(pick.item, worth, item))

    def filled(self, page: Iterable[str]) -> Steered:
        if self.dialed or self.about.favourites:
            self.pool.sort(key=lambda entry: -entry.score)
        taken = {group(self.found[item]): "on the page" for item in page if item in self.found}
        outside = Outside(self.found, self.refusal, taken)
        made = apply(self.rules, self.pool, self.request.count, outside, self._natural)
        by_rules = {entry.id for entry in made.shown}  # what a rule put in its place has none of the queue's
        for cause, names in self.queue.removed.items():
            if left := [name for name in names if name not in by_rules]:
                made.removed[cause] = left
        return made

    def answer(self, filled: Steered | None) -> Answer:
        shown = filled.shown if filled else []
        picks = [self.picks.get(entry.id) or Pick(entry.id, entry.score, PROMOTED, "", "rules") for entry in shown]
        for cause, names in (filled.removed if filled else {}).items():
            self.removed.setdefault(cause, []).extend(names)
        items = {entry.id: entry.item for entry in shown}
        effects, waiting = filled.effects if filled else [], [pick.item for pick in self.waiting]
        if self.about.favourites:
            self.offered.sort(key=lambda pair: -pair[1])
        barred = [*self._unwished(), *self.out]
        made = Answer(picks, items, self.removed, self.now, effects, self.pool)
        standing = (
            Standing(self.queue.ranked, shown, self.queue.places, self.request.spec.dials) if filled else Standing()
        )
        return made._replace(offered=self.offered, waiting=waiting, barred=barred, standing=standing)

    def _unwished(self) -> list[str]:
        if not self.constraints.wishes:
            return []
        return [name for name, item in self.found.items() if self.constraints.unwished(item)]

    def _natural(self, ranked: list[Entry]) -> WithNewcomers:
        self.queue = Queue(ranked, self.request.spec.dials)
        waiting = [
            Entry(pick.item, pick.score, self.found[pick.item]) for pick in self.waiting if not self.refusal(pick.item)
        ]
        return WithNewcomers(self.queue, waiting, its_turn)

    def refusal(self, item: str) -> str:
        """Which hard constraint keeps away an item that a rule or its newness brings in."""
        return self.out.get(item) or broken(self.found.get(item), self.request, self.constraints, self.now)


def _sources(request: Request, reads: Reads) -> Iterator[Iterator[tuple[Pick, float]]]:
    offered = candidates(request, reads)
    if request.spec.strict:
        yield standing(offered, ())
        return
    yield standing(offered, fallbacks(reads))
    yield standing((), last_resort(reads))


def standing(offered: Iterable[Pick], behind: Iterable[Pick]) -> Iterator[tuple[Pick, float]]:
    """With what orders picks of all sources: scores as shares of the best, and less than all of them for what only fills up. `offered`,
    best first, is asked for no more than is taken."""
    top = value = 1.0
    for place, pick in enumerate(offered):
        top = top if place else pick.score
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
