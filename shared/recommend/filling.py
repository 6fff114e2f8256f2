"""How a shelf is filled: place by place, from what may be shown, by relevance and what else the placement's dials ask for."""

import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.catalog.model import Item, top_category
from shared.recommend.dials import Dials, closeness
from shared.recommend.picks import Pick


class Standing(NamedTuple):
    """A pick that may be shown. `value` orders picks of all sources: at most 1 for what nothing was made of, above 0."""

    pick: Pick
    item: Item
    value: float


class Shown:
    """What is on the shelf already."""

    def __init__(self, groups: Iterable[str] = ()) -> None:
        self.picks: list[Pick] = []
        self.items: dict[str, Item] = {}
        self.groups = set(groups)  # variants' groups on the page, so that each has one item
        self.brands: dict[str, int] = {}
        self.categories: dict[str, int] = {}

    def show(self, pick: Pick, item: Item) -> None:
        self.picks.append(pick)
        self.items[item.id] = item
        self.groups.add(group(item))
        self.brands[item.brand] = self.brands.get(item.brand, 0) + 1
        top = top_category(item)
        self.categories[top] = self.categories.get(top, 0) + 1

    def bars(self, item: Item, dials: Dials) -> str:
        """Why the shelf has no place left for the item; "" when it has."""
        if group(item) in self.groups:
            return "variant_shown"
        if dials.brand_cap and item.brand and self.brands.get(item.brand, 0) >= dials.brand_cap:
            return "brand_cap"
        if dials.category_cap and (top := top_category(item)):
            return "category_cap" if self.categories.get(top, 0) >= dials.category_cap else ""
        return ""


def group(item: Item) -> str:
    return item.item_group_id or item.id


class Queue:
    """Picks of one round, the best first, given what is shown by then.

    With diversity d the value is that of maximal marginal relevance (Carbonell and Goldstein, 1998): (1 − d) · value − d · closeness to the
    nearest item shown. Closeness only grows while a shelf is filled, so a value that was right earlier is an upper bound now:
    only what comes to the front is computed again.
    """

    def __init__(self, standings: Sequence[Standing], dials: Dials) -> None:
        self.dials = dials
        relevance = 1.0 - dials.diversity
        self.heap = [(-relevance * s.value, place, s, 0.0, 0) for place, s in enumerate(standings)]
        heapq.heapify(self.heap)

    def take(self, shown: Shown, removed: dict[str, list[str]]) -> Standing | None:
        """The next to be shown; what can no longer be is put into `removed`."""
        strength = self.dials.diversity
        while self.heap:
            _, place, standing, nearest, seen = heapq.heappop(self.heap)
            if standing.item.id in shown.items:
                continue
            if cause := shown.bars(standing.item, self.dials):
                removed.setdefault(cause, []).append(standing.item.id)
                continue
            if strength and seen < len(shown.picks):
                fresh = [shown.items[pick.item] for pick in shown.picks[seen:]]
                nearest = max(nearest, *(closeness(standing.item, other) for other in fresh))
                value = (1.0 - strength) * standing.value - strength * nearest
                heapq.heappush(self.heap, (-value, place, standing, nearest, len(shown.picks)))
                continue
            return standing
        return None
