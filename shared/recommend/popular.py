"""The pointer and the lists by segment: few, asked for by every request, and so kept in memory for seconds.

What was known last stays when a read fails.
"""

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from shared.lists import arms, newcomers, sales
from shared.lists.model import LIVE, Kind, Scored, decode, decode_pointer, key
from shared.lists.segments import ALL
from shared.recommend.tables import Found

POINTER_FRESH = 5.0
LISTS_FRESH = 60.0
LIVE_WEIGHT = 0.5  # of what moves today, against what the model knows
MOST_LISTS = 3000
POINTER = "p:pointer"

T = TypeVar("T")
Name = tuple[Kind, str]  # of a list: kind and segment


class Kept(NamedTuple):
    scored: Scored
    version: str
    read: float


class Single(Generic[T]):
    """One value that the minute's function writes, kept as it was read last."""

    def __init__(self, kind: Kind, decode: Callable[[bytes], T], none: T) -> None:
        self.key = f"p:{key(LIVE, kind, ALL)}"
        self.decode = decode
        self.value = none
        self.read = float("-inf")

    def take(self, found: Found, now: float) -> None:
        if self.key in found.values:
            self.value = self.decode(found.values[self.key])
        if found.whole:
            self.read = now


class Popular:
    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.version = ""
        self.version_read = float("-inf")
        self.kept: dict[Name, Kept] = {}
        self._newcomers = Single("newcomers", newcomers.decode, newcomers.NONE)
        self._arms = Single("arms", arms.decode, arms.NONE)
        self._sales = Single("sales", sales.decode, sales.NONE)
        self.singles = {one.key: one for one in (self._newcomers, self._arms, self._sales)}

    @property
    def newcomers(self) -> newcomers.Newcomers:
        return self._newcomers.value

    @property
    def arms(self) -> arms.Arms:
        return self._arms.value

    @property
    def sales(self) -> sales.Sales:
        return self._sales.value

    def stale(self, names: Iterable[Name]) -> list[str]:
        """Keys to be read before these lists are asked for."""
        now = self.clock()
        keys = [POINTER] if now - self.version_read > POINTER_FRESH else []
        keys += [at for at, one in self.singles.items() if now - one.read > LISTS_FRESH]
        return keys + [at for name in names if self._old(name, now) for at in _keys(self.version, name)]

    def take(self, asked: Iterable[str], found: Found) -> None:
        """Remember what was read of the keys that `stale` gave."""
        now = self.clock()
        version = self.version
        for at in asked:
            if at == POINTER:
                self._take_pointer(found, now)
            elif at in self.singles:
                self.singles[at].take(found, now)
            elif at.startswith(f"p:{LIVE}#"):
                _, kind, segment = at.split("#", 2)
                self._take_list((kind, segment), found, version, now)  # type: ignore[arg-type]

    def of(self, kind: Kind, segment: str) -> Scored:
        kept = self.kept.get((kind, segment))
        return kept.scored if kept else []

    def _old(self, name: Name, now: float) -> bool:
        kept = self.kept.get(name)
        return kept is None or kept.version != self.version or now - kept.read > LISTS_FRESH

    def _take_pointer(self, found: Found, now: float) -> None:
        if POINTER in found.values:
            self.version = decode_pointer(found.values[POINTER]).current
        if found.whole:
            self.version_read = now

    def _take_list(self, name: Name, found: Found, version: str, now: float) -> None:
        published, live = (found.values.get(at) for at in _keys(version, name))
        if not found.whole:
            return
        scored = _mixed(name[0], decode(published) if published else [], decode(live) if live else [])
        self.kept.pop(name, None)
        self.kept[name] = Kept(scored, version, now)
        if len(self.kept) > MOST_LISTS:
            self.kept.pop(next(iter(self.kept)))


def _keys(version: str, name: Name) -> tuple[str, str]:
    return f"p:{key(version, *name)}", f"p:{key(LIVE, *name)}"


def _mixed(kind: Kind, published: Scored, live: Scored) -> Scored:
    """Of arrivals those that came since the night go before all others: each list's newest has 1.0, so scores of different
    hours do not compare. Of sales the later view of the same item counts. All other scores add up."""
    if not (published and live):
        return published or live
    if kind == "new-arrivals":
        newer, least = dict(live), live[-1][1]
        return [*live, *((item, least * score) for item, score in published if item not in newer)]
    total = dict(published)
    for item, score in live:
        total[item] = score if kind == "on-sale" else total.get(item, 0.0) + LIVE_WEIGHT * score
    return sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))
