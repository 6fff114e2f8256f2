"""What a shop brings along when it moves in: a catalog and a history of events."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from shared.events.model import Event

CONSENT = {"consent": {"categoryPreferences": {"analytics": True, "personalization": True, "advertising": False}}}


class Shop(Protocol):
    name: str
    currency: str
    live_days: float  # how much of its end goes through the live path unless told otherwise

    @property
    def key(self) -> str:
        """Names the content: two shops of one key and one `until` are the same."""
        ...

    @property
    def until(self) -> datetime:
        """When the history ends."""
        ...

    def catalog(self) -> list[dict[str, Any]]:
        """Items in the fields of a product feed."""
        ...

    def events(self) -> Iterator[Event]:
        """The whole history as the shop's pages and servers would send it, in order of time."""
        ...

    def accounts(self) -> list[dict[str, str]]:
        """A few shoppers to log in as in the demo: `userId` and `name`."""
        ...


class Choice(NamedTuple):
    """Which shop to load: a generated one, or the one in a folder."""

    data: Path | None = None
    seed: int = 7
    shoppers: int = 3000
    items: int = 1200
    weeks: int = 12
    shift_to_now: bool = False
