"""The pointer and the popular lists: few, asked for by every request, and so kept in memory for seconds.

What was known last stays when a read fails.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from shared.lists.model import LIVE, Scored, decode, decode_pointer, key
from shared.recommend.tables import Found

POINTER_FRESH = 5.0
LISTS_FRESH = 60.0
LIVE_WEIGHT = 0.5  # of what moves today, against what the model knows
MOST_SEGMENTS = 1000
POINTER = "p:pointer"


class Kept(NamedTuple):
    scored: Scored
    version: str
    read: float


class Popular:
    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.version = ""
        self.version_read = float("-inf")
        self.kept: dict[str, Kept] = {}

    def stale(self, segments: Iterable[str]) -> list[str]:
        """Keys to be read before the lists of these segments are asked for."""
        now = self.clock()
        pointer = [POINTER] if now - self.version_read > POINTER_FRESH else []
        return pointer + [name for segment in segments if self._old(segment, now) for name in self._names(segment)]

    def take(self, asked: Iterable[str], found: Found) -> None:
        """Remember what was read of the keys that `stale` gave."""
        now = self.clock()
        version = self.version
        for name in asked:
            if name == POINTER:
                self._take_pointer(found, now)
            elif name.startswith(f"p:{LIVE}#"):
                self._take_list(name.split("#", 2)[2], found, version, now)

    def of(self, segment: str) -> Scored:
        kept = self.kept.get(segment)
        return kept.scored if kept else []

    def _old(self, segment: str, now: float) -> bool:
        kept = self.kept.get(segment)
        return kept is None or kept.version != self.version or now - kept.read > LISTS_FRESH

    def _names(self, segment: str) -> tuple[str, str]:
        return f"p:{key(self.version, 'popular', segment)}", f"p:{key(LIVE, 'popular', segment)}"

    def _take_pointer(self, found: Found, now: float) -> None:
        if POINTER in found.values:
            self.version = decode_pointer(found.values[POINTER]).current
        if found.whole:
            self.version_read = now

    def _take_list(self, segment: str, found: Found, version: str, now: float) -> None:
        published, live = (found.values.get(f"p:{key(v, 'popular', segment)}") for v in (version, LIVE))
        if not found.whole:
            return
        scored = _mixed(decode(published) if published else [], decode(live) if live else [])
        self.kept.pop(segment, None)
        self.kept[segment] = Kept(scored, version, now)
        if len(self.kept) > MOST_SEGMENTS:
            self.kept.pop(next(iter(self.kept)))


def _mixed(published: Scored, live: Scored) -> Scored:
    if not (published and live):
        return published or live
    total = dict(published)
    for item, score in live:
        total[item] = total.get(item, 0.0) + LIVE_WEIGHT * score
    return sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))
