"""The shop's plan as it is served: read anew every few seconds, made ready once a version."""

from collections.abc import Callable

import msgspec

from shared.errors import ShopwindowError
from shared.merchandising.plan import POINTER, decode, decode_pointer, key
from shared.recommend.loaded import NOTHING, Loaded, load
from shared.recommend.tables import Found

FRESH = 2.0  # seconds: a campaign is on within five of its publishing


class Draft:
    """A plan that is tried before it is published: it stays."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded

    def stale(self) -> list[str]:
        return []

    def take(self, asked: list[str], found: Found) -> list[str]:  # noqa: ARG002 - nothing newer
        return []

    def make(self, value: bytes | None) -> None:
        """It is made."""


class Plans:
    """Keeps the plan that was ready last for as long as a newer one cannot be read or understood; `failed` is told why."""

    def __init__(self, clock: Callable[[], float], failed: Callable[[Exception], None]) -> None:
        self.clock = clock
        self.failed = failed
        self.loaded: Loaded = NOTHING
        self.current = ""
        self.read = float("-inf")

    def stale(self) -> list[str]:
        return [f"r:{POINTER}"] if self.clock() - self.read > FRESH else []

    def take(self, asked: list[str], found: Found) -> list[str]:
        """Remember the pointer that `stale` asked for; returns the key of a plan to be read before the next answer."""
        if not asked:
            return []
        try:
            value = found.values.get(asked[0])
            if value is not None:
                self.current = decode_pointer(value).current
        except msgspec.MsgspecError as error:
            self.failed(error)
        if found.whole:
            self.read = self.clock()
        return [f"r:{key(self.current)}"] if self.current not in ("", self.loaded.version) else []

    def make(self, value: bytes | None) -> None:
        """Make the plan that was read ready."""
        if value is None:
            return
        try:
            self.loaded = load(decode(value))
        except (msgspec.MsgspecError, ShopwindowError) as error:
            self.failed(error)
