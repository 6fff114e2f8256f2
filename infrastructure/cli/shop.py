"""What a shop brings along when it moves in: a catalog and a history of events."""

from collections.abc import Iterator
from typing import Any, Protocol

from shared.events.model import Event

CONSENT = {"consent": {"categoryPreferences": {"analytics": True, "personalization": True, "advertising": False}}}


class Shop(Protocol):
    name: str
    currency: str

    def catalog(self) -> list[dict[str, Any]]:
        """Items in the fields of a product feed."""
        ...

    def events(self) -> Iterator[Event]:
        """The whole history, in order of time."""
        ...

    def accounts(self) -> list[dict[str, str]]:
        """A few shoppers to log in as in the demo: `userId` and `name`."""
        ...
