"""Which new items nobody knows enough of yet, and where the catalog's items come from that live lists speak of."""

from collections.abc import Iterable, Mapping

from shared.catalog.model import Item, recommendable
from shared.catalog.store import CatalogStore
from shared.lists.scores import arrived
from shared.trends.counters import Items, Sums

NEWEST = 400  # looked at every minute
NEW_DAYS = 14.0  # after that an item has had its chance
ENOUGH_SHOWN = 100.0
ENOUGH_DEALINGS = 20.0
FRESH = 600.0  # seconds what is known of an item is good for lists; what is shown is checked again
NOTHING = Sums()


def lacking(newest: Iterable[Item], sums: Items, dealings: Mapping[str, int], now: float) -> list[Item]:
    """Items that can be had, came lately, and were neither shown nor dealt with often enough to stand on their own.

    `sums` are of today's counters, `dealings` of the version that serves.
    """
    return [
        item
        for item in newest
        if recommendable(item, now)
        and now - arrived(item) < NEW_DAYS * 86400.0
        and dealings.get(item.id, 0) < ENOUGH_DEALINGS
        and _unseen(sums.get(item.id, NOTHING))
    ]


def _unseen(sums: Sums) -> bool:
    return sums.shown < ENOUGH_SHOWN and sums.views + sums.carts + sums.orders < ENOUGH_DEALINGS


class Shop:
    """Items of the catalog, kept in memory for FRESH seconds: the same ones are wanted every minute."""

    def __init__(self, catalog: CatalogStore) -> None:
        self.catalog = catalog
        self.known: dict[str, tuple[Item | None, float]] = {}

    def newest(self, now: float) -> dict[str, Item]:
        return self.get(self.catalog.newest(NEWEST), now)

    def get(self, ids: Iterable[str], now: float) -> dict[str, Item]:
        """Those that the catalog has. What nobody asks for any more is forgotten in time."""
        wanted = list(ids)
        old = [i for i in wanted if i not in self.known or now - self.known[i][1] > FRESH]
        found = self.catalog.get_many(old)
        self.known.update({i: (found.get(i), now) for i in old})
        self.known = {i: kept for i, kept in self.known.items() if now - kept[1] <= 2 * FRESH}
        return {i: item for i in wanted if (item := self.known[i][0])}
