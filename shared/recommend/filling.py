"""What fills a shelf's places where no rule does: by relevance, and what else the placement's dials ask for."""

import heapq
from collections.abc import Callable, Sequence

from shared.catalog.model import Item, top_category
from shared.merchandising.steered import Entry
from shared.recommend.dials import Dials, closeness

Where = Callable[[Entry], str]


class Queue:
    """Entries, the best first, given what is shown by then.

    With diversity d the value is that of maximal marginal relevance (Carbonell and Goldstein, 1998): (1 − d) · score − d · closeness to the
    nearest item shown. Closeness only grows while a shelf is filled, so a value that was right earlier is an upper bound now:
    only what comes to the front is computed again.
    """

    def __init__(self, entries: Sequence[Entry], dials: Dials) -> None:
        self.dials = dials
        self.removed: dict[str, list[str]] = {}
        self.ranked = entries
        self.places: list[int] = []  # that it filled, counted from 0
        self.counted = 0  # of what is shown, how many are in the counts
        self.brands: dict[str, int] = {}
        self.categories: dict[str, int] = {}
        relevance = 1.0 - dials.diversity
        self.heap = [(-relevance * entry.score, place, entry, 0.0, 0) for place, entry in enumerate(entries)]
        heapq.heapify(self.heap)

    def take(self, slot: int, shown: list[Entry], where: Where) -> Entry | None:  # noqa: ARG002 - places are alike
        self.count(shown)
        strength = self.dials.diversity
        while self.heap:
            _, place, entry, nearest, seen = heapq.heappop(self.heap)
            if cause := where(entry) and "variant_shown" or self.capped(entry.item):
                self.removed.setdefault(cause, []).append(entry.id)
                continue
            if strength and seen < len(shown):
                nearest = max(nearest, *(closeness(entry.item, other.item) for other in shown[seen:]))
                value = (1.0 - strength) * entry.score - strength * nearest
                heapq.heappush(self.heap, (-value, place, entry, nearest, len(shown)))
                continue
            self.places.append(len(shown))
            return entry
        return None

    def capped(self, item: Item) -> str:
        """Which cap keeps the item away; "" none. What rules put on the shelf counts, but no cap keeps it away."""
        if self.dials.brand_cap and item.brand and self.brands.get(item.brand, 0) >= self.dials.brand_cap:
            return "brand_cap"
        if self.dials.category_cap and (top := top_category(item)):
            return "category_cap" if self.categories.get(top, 0) >= self.dials.category_cap else ""
        return ""

    def count(self, shown: list[Entry]) -> None:
        for entry in shown[self.counted :]:
            item, top = entry.item, top_category(entry.item)
            self.brands[item.brand] = self.brands.get(item.brand, 0) + 1
            self.categories[top] = self.categories.get(top, 0) + 1
        self.counted = len(shown)


class WithNewcomers:
    """A queue in which new items have some places of their own."""

    def __init__(self, queue: Queue, waiting: Sequence[Entry], their_turn: Callable[[int], bool]) -> None:
        self.queue = queue
        self.waiting = list(waiting)
        self.their_turn = their_turn

    def take(self, slot: int, shown: list[Entry], where: Where) -> Entry | None:
        if self.their_turn(slot):
            self.queue.count(shown)
            while self.waiting:
                entry = self.waiting.pop(0)
                if not where(entry) and not self.queue.capped(entry.item):
                    return entry
        return self.queue.take(slot, shown, where)
